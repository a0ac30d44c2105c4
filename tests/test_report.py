"""report.json: its schema, that it is never half written, and that no bad file is taken for one."""

from __future__ import annotations

import json
import os
import resource
import stat
import tracemalloc
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import jsonschema
import msgspec
import pytest

from backends import Backend, Runtime, Unsupported
from spec import parse_case
from tests.command import GLUE
from tests.sample_reports import full
from verify import record
from verify.record import FINE, BadReport, Report, Verdict, json_schema, load, save
from verify.run import Run

HOME = Path(record.__file__).parent.parent

def declines(op: object, at: object) -> str:
    raise Unsupported("no pixels here")


TRANSLATIONS = {
    "right": lambda op, at: "x = x.repeat(2, axis=2)",
    "shifted": lambda op, at: "x = x.repeat(2, axis=2)[..., ::-1]",
    "not-a-number": lambda op, at: "x = x.repeat(2, axis=2) * float('nan')",
    "raises": lambda op, at: "raise ValueError('naïve ☃')",
    "declines": declines,
    "dies": lambda op, at: "import os; os._exit(3)",
}


def backend(name: str, glue: str = GLUE, packages: tuple[str, ...] = ("numpy",)) -> Backend:
    module = ModuleType(name)
    module.upsample = TRANSLATIONS[name]  # type: ignore[attr-defined]
    return Backend(name, Runtime(packages=packages, glue=glue), module)


@pytest.fixture(scope="module")
def report() -> Report:
    """Three cases to runtimes that answer, that do not, that cannot start and that are not there."""
    cases = [parse_case(f"Upsample(factor=(2,)) x=(1, 2, {n})") for n in (2, 3, 4)]
    backends = [backend(name) for name in TRANSLATIONS]
    backends += [
        Backend("broken", Runtime(packages=("numpy",), glue="raise OSError('no device')"), backends[0].module),
        Backend("absent", Runtime(packages=("no_such_framework",), glue=GLUE), backends[0].module),
    ]
    return Run(cases, backends, suite={"name": "case"}).go()


@pytest.fixture
def path(report: Report, tmp_path: Path) -> Path:
    """A good report.json."""
    save(report, tmp_path / "report.json")
    return tmp_path / "report.json"


# ---- the schema ----


def test_the_schema_in_docs_is_the_schema() -> None:
    assert json.loads((HOME / "docs/report.schema.json").read_bytes()) == json.loads(json.dumps(json_schema()))


def test_the_schema_is_one_and_a_report_follows_it(path: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())
    jsonschema.validate(json.loads(path.read_bytes()), json_schema())


@pytest.mark.parametrize("field", [f.name for f in msgspec.structs.fields(Report) if f.required])
def test_the_schema_misses_what_is_missing(field: str, path: Path) -> None:
    document = json.loads(path.read_bytes())
    del document[field]
    with pytest.raises(jsonschema.ValidationError, match=f"'{field}' is a required property"):
        jsonschema.validate(document, json_schema())


# ---- what is in it ----


def test_everything_asked_is_counted(report: Report) -> None:
    """Asked is the sum of all verdicts and the number of records, in all and for each runtime; each case to each runtime is there."""
    summary = report.summary
    assert summary.results == len(report.records) == sum(summary.verdicts.values()) == 2 * summary.cases * (len(report.runtimes) - 3)
    assert summary.unexpected == sum(r.verdict not in FINE and r.known is None for r in report.records)
    for name, runtime in report.runtimes.items():
        own = [r for r in report.records if r.runtime == name]
        assert sum(runtime.verdicts.values()) == len(own) == (0 if name in ("absent", "broken", "declines") else 2 * summary.cases)
        assert runtime.verdicts == {verdict: sum(r.verdict == verdict for r in own) for verdict in {r.verdict for r in own}}


def test_every_record_has_its_own_id(report: Report) -> None:
    assert len({r.id for r in report.records}) == len(report.records)


def test_every_runtime_has_the_verdict_it_deserves(report: Report) -> None:
    said = {name: {r.verdict for r in report.records if r.runtime == name and r.output == "y"} for name in report.runtimes}
    assert said == {
        "right": {"agree"}, "shifted": {"differ"}, "not-a-number": {"differ"}, "raises": {"raised"},
        "declines": set(), "dies": {"crashed"}, "broken": set(), "absent": set(),
    }  # fmt: skip
    assert report.runtimes["declines"].not_offered == {"no pixels here": report.summary.cases}
    assert {name: r.status for name, r in report.runtimes.items() if r.status != "ran"} == {"broken": "failed", "absent": "not installed"}
    assert report.runtimes["broken"].not_run == report.summary.cases
    assert f"{report.summary.cases} of {report.summary.cases} cases were not run" in report.runtimes["broken"].reason
    assert report.summary.exit == 1


def test_nan_survives(path: Path) -> None:
    """JSON has no NaN: values are written as text, and an infinite ratio is null."""
    (first, *_) = (r for r in load(path).records if r.runtime == "not-a-number")
    assert first.difference
    assert (first.difference.got, first.difference.ratio) == ("nan", None)
    json.loads(path.read_bytes(), parse_constant=lambda constant: pytest.fail(f"{constant} is no JSON"))


# ---- writing ----


def test_what_is_saved_is_loaded(report: Report, path: Path) -> None:
    assert load(path) == report
    assert path.read_text().endswith("}\n")
    assert "☃" in path.read_text(encoding="utf-8")


def test_folders_are_made(report: Report, tmp_path: Path) -> None:
    save(report, tmp_path / "a" / "b" / "report.json")
    assert load(tmp_path / "a" / "b" / "report.json") == report


@pytest.mark.parametrize("count", [0, 1, 5000])
def test_records_are_written_one_at_a_time(count: int, report: Report, tmp_path: Path) -> None:
    """The file is what the whole text would be, and that text is never in memory as a whole."""
    some = msgspec.structs.replace(report, records=(report.records * count)[:count])
    tracemalloc.start()
    save(some, tmp_path / "report.json")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    whole = msgspec.json.format(msgspec.json.encode(some), indent=1) + b"\n"
    assert (tmp_path / "report.json").read_bytes() == whole
    assert count < 5000 or peak < len(whole) / 5


@pytest.mark.parametrize(("owner", "name"), [(msgspec.json, "encode"), (os, "replace")])
@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), KeyboardInterrupt(), UnicodeError("surrogates")], ids=repr)
def test_a_failure_leaves_the_old_file(owner: Any, name: str, error: BaseException, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing half written beside it."""
    before, better = path.read_bytes(), msgspec.structs.replace(load(path), suite={"name": "another"})

    def fail(*_: Any, **__: Any) -> None:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(owner, name, fail)
        with pytest.raises(type(error)):
            save(better, path)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["report.json"]


def test_a_full_disk_leaves_the_old_file(path: Path) -> None:
    """The failure comes in the middle of the text."""
    before, report = path.read_bytes(), load(path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            save(report, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["report.json"]


def test_a_report_may_be_read_by_whom_the_umask_lets(report: Report, tmp_path: Path) -> None:
    """It is an ordinary file, as CI artefacts must be."""
    save(report, tmp_path / "report.json")
    (tmp_path / "ordinary").touch()
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("report.json", "ordinary")]
    assert modes[0] == modes[1]


def test_text_that_cannot_be_encoded_does_not_lose_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment variable that is not UTF-8 and a translation with half a surrogate pair are saved in some readable form."""
    monkeypatch.setenv("TF_ODD", "\udcff")
    monkeypatch.setitem(TRANSLATIONS, "odd", lambda op, at: "x = '\ud800'")
    odd = Run([parse_case("Upsample(factor=(2,)) x=(1, 2, 2)")], [backend("odd")], suite={"name": "case"}).go()
    save(odd, tmp_path / "report.json")
    assert [r.verdict for r in load(tmp_path / "report.json").records] == ["raised", "raised"]


def test_a_password_is_not_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Terraform's variables begin with TF_ too, and CI keeps secrets in them; TensorFlow's are told."""
    for name in ("TF_VAR_password", "TF_TOKEN_app_example_org", "TF_ENABLE_ONEDNN_OPTS"):
        monkeypatch.setenv(name, "s3cret" if "ONEDNN" not in name else "1")
    asked = Run([parse_case("Upsample(factor=(2,)) x=(1, 2, 2)")], [backend("right")], suite={"name": "case"})
    save(asked.go(), tmp_path / "report.json")
    text = (tmp_path / "report.json").read_text()
    assert "TF_ENABLE_ONEDNN_OPTS" in text
    assert "s3cret" not in text


# ---- reading ----


def spoil(path: Path, change: Any) -> None:
    document = json.loads(path.read_bytes())
    change(document)
    path.write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "truncated"),
        (b"\n", "truncated"),
        (b"{", "truncated"),
        (b"null", "Expected `object`, got `null`"),
        (b"[]", "Expected `object`, got `array`"),
        (b"{}", "missing required field `schema`"),
        (b"\xff\xfe{}", ""),
        (b'{"schema": "\xff"}', ""),
        (b"concordant", "malformed"),
        (b"[" * 1_000_000, ""),
        (b'{"suite":' * 1_000_000, ""),
        (b'{"schema": 1e999}', ""),
        (b"PK\x03\x04\0\0", "malformed"),
        (b'{"schema": 2, "records": [{"id": 1}], "records": []}', "Expected `str`, got `int` - at `$.records[0].id`"),
        (b'{"schema": 2, "records": [{"id": 1}], "records": 1}', "Expected `str`, got `int` - at `$.records[0].id`"),
    ],
    ids=lambda value: repr(value[:12]) if isinstance(value, bytes) else "",
)
def test_a_bad_file_is_told(content: bytes, said: str, tmp_path: Path) -> None:
    """In one sentence that begins with the path."""
    path = tmp_path / "report.json"
    path.write_bytes(content)
    with pytest.raises(BadReport) as bad:
        load(path)
    sentence = str(bad.value)
    assert sentence.startswith(f"{path} is no report: ")
    assert said in sentence
    assert "\n" not in sentence


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadReport, match=r"absent\.json cannot be read: No such file or directory"):
        load(tmp_path / "absent.json")
    with pytest.raises(BadReport, match="cannot be read: Is a directory"):
        load(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(BadReport, match="cannot be read: Not a directory"):
        load(tmp_path / "file" / "report.json")


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_a_truncated_file_is_told(share: float, path: Path) -> None:
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(BadReport, match="truncated"):
        load(path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d["records"][1].update(verdict="fine"), "Invalid enum value 'fine' - at `$.records[1].verdict`, where 'fine' stands"),
        (lambda d: d["records"][1].update(shape=[1, "2"]), "Expected `int`, got `str` - at `$.records[1].shape[1]`, where '2' stands"),
        (lambda d: d["records"][1].pop("runtime"), "Object missing required field `runtime` - at `$.records[1]`"),
        (lambda d: d["runtimes"]["right"].update(status="odd"), "Invalid enum value 'odd' - at `$.runtimes[...].status`"),
        (lambda d: d["runtimes"].update(right=[]), "Expected `object`, got `array` - at `$.runtimes[...]`"),
        (lambda d: d["summary"].update(results=None), "Expected `int`, got `null` - at `$.summary.results`, where None stands"),
        (lambda d: d["summary"].update(results="1" * 99), f"got `str` - at `$.summary.results`, where '{'1' * 58}… stands"),
        (lambda d: d.update(records={}), "Expected `array`, got `object` - at `$.records`"),
        (lambda d: d.update(schema="1"), "Expected `int`, got `str` - at `$.schema`, where '1' stands"),
        (lambda d: d.update(tool={"name": 1}), "Expected `str`, got `int` - at `$.tool[...]`, where 1 stands"),
    ],
    ids=lambda value: value if isinstance(value, str) else "so",
)
def test_a_broken_rule_is_told_with_its_path_and_the_value(change: Any, said: str, path: Path) -> None:
    spoil(path, change)
    with pytest.raises(BadReport) as bad:
        load(path)
    assert str(bad.value).endswith(said)


def test_a_file_without_end_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "MOST_BYTES", 1 << 20)
    with pytest.raises(BadReport, match="/dev/zero is no report: it is longer than 1 MiB"):
        load("/dev/zero")


@pytest.mark.parametrize(
    "change",
    [lambda d: d.update(schema=4), lambda d: (d.clear(), d.update(schema=4)), lambda d: d.update(schema=4, records=None)],
    ids=["else alike", "nothing else", "another form"],
)
def test_another_schema_is_told(change: Any, path: Path) -> None:
    """Whatever the rest of a later version's report looks like."""
    spoil(path, change)
    with pytest.raises(BadReport, match="has schema 4, but this version of concordant reads 1 to 3"):
        load(path)


WORDS_OF_SCHEMA_1 = {"raised": "refused", "not offered": "unsupported"}
STATEMENTS_OF_SCHEMA_1 = {"holds if": "holds when", "false": "refuted", "failing": "broken"}


@pytest.mark.parametrize("verdict", get_args(Verdict))
def test_every_verdict_of_schema_1_is_read(verdict: str, report: Report, path: Path) -> None:
    """Of a record, of a finding, and as a key of the counts."""

    def as_of_1(document: Any) -> None:
        document["schema"], old = 1, WORDS_OF_SCHEMA_1.get(verdict, verdict)
        document["records"][0]["verdict"] = old
        document["summary"]["verdicts"] = {old: 7}
        document["runtimes"]["right"]["verdicts"] = {old: 7}

    spoil(path, as_of_1)
    read = load(path)
    assert read.records[0].verdict == verdict
    assert read.summary.verdicts == read.runtimes["right"].verdicts == {verdict: 7}


@pytest.mark.parametrize("verdict", ["holds", *STATEMENTS_OF_SCHEMA_1])
def test_every_verdict_on_a_statement_of_schema_1_is_read(verdict: str, tmp_path: Path) -> None:
    save(full("plain words"), tmp_path / "report.json")
    old = STATEMENTS_OF_SCHEMA_1.get(verdict, verdict)

    def as_of_1(document: Any) -> None:
        document["schema"] = 1
        for theorem in document["theorems"].values():
            theorem["verdict"] = old

    spoil(tmp_path / "report.json", as_of_1)
    assert {t.verdict for t in load(tmp_path / "report.json").theorems.values()} == {verdict}


def test_unknown_fields_are_left_alone(report: Report, path: Path) -> None:
    """A later version may add some to any of its structures."""

    def grow(document: Any) -> None:
        records = document["records"]
        differences = [r["difference"] for r in records if "difference" in r]
        for structure in (document, document["summary"], *document["runtimes"].values(), *records, *differences):
            structure["later"] = {"more": [1]}

    spoil(path, grow)
    assert load(path) == report
