"""Every view of a report: what it says, that its readers can read it, and that no report makes it do anything else."""

from __future__ import annotations

import csv as csv_module
import io
import json
import random
import re
import subprocess
import sys
import unicodedata
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, AnyStr
from xml.etree import ElementTree

import msgspec
import pytest
from markdown_it import MarkdownIt
from rich.console import Console
from xmlschema import XMLSchema

from spec import operations
from tests.sample_reports import BOTH, TRANSPOSE, UPSAMPLE, full, record, report
from tests.tiers import sampled, slow
from verify import cli
from verify.commands import files
from verify.explain.reproduce import equation
from verify.grouping import interop, sentence
from verify.printable import printable
from verify.record import SCHEMA, BadReport, Diagnosis, Report, load, save
from verify.report import terminal
from verify.report.diff import FORMATS as DIFFS
from verify.report.diff import Incomparable, compare
from verify.report.formats import FORMATS
from verify.report.markdown import MOST_BYTES
from verify.report.parquet import NotWritten

HOSTILE = (
    "</script><script>document.title='owned'</script>", "<img src=x onerror=\"document.title='owned'\">", "\"'><b onclick=x>", "'\"`$(id)",
    "{{ 7 * 7 }}{% raw %}", "</details>\n\n# owned\n\n[x](javascript:owned) @everyone | a | b\n```\n", "]]><x/>&lt;!--",
    "::error::owned\n::x",
    "=HYPERLINK(1)", "\0\x01\x1b[31m\u2028\u2029\ufffe", "100% %0A", "☃" * 50_000, "(" * 9000, "",
)  # fmt: skip


class Page(HTMLParser):
    """The elements of a page, and their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def inert(self) -> bool:
        """No element but ours, nothing fetched, no handler, no link but to the page itself or https."""
        links = [a["href"] or "" for tag, a in self.tags if tag == "a" and "href" in a]
        return (
            sum(tag == "script" for tag, _ in self.tags) == 2
            and not {tag for tag, _ in self.tags} & {"img", "b", "x", "iframe", "link", "object"}
            and not any(name.startswith("on") or name == "src" for _, a in self.tags for name in a)
            and all(link.startswith(("#", "https://")) for link in links)
        )


def data(page: str) -> Any:
    """The JSON that a page carries."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    carried = json.loads(found[1])
    carried["texts"] = ["\n".join(carried["lines"][i] for i in text) if isinstance(text, list) else text for text in carried["texts"]]
    return carried


# ---- the score ----


def test_interop_counts_questions_right_everywhere() -> None:
    """A case is right where every output of it is; own failures are those of one runtime alone; nothing never asked is right."""
    score = interop(report([
        record(), record(runtime="right"),
        record(TRANSPOSE), record(TRANSPOSE, output="dx", verdict="differ"),
        record(TRANSPOSE, "right"), record(TRANSPOSE, "right", output="dx"),
        record(BOTH),
    ]))  # fmt: skip
    assert (score.cases, score.everywhere) == (3, 1)
    assert (score.runtimes["left"].right, score.runtimes["left"].own, score.runtimes["left"].never) == (2, 1, 0)
    assert (score.runtimes["right"].right, score.runtimes["right"].own, score.runtimes["right"].never) == (2, 0, 1)


def test_alone_is_wrong_where_all_others_are_right() -> None:
    """Not where two are wrong, nor where there is nobody else."""
    both = [record(verdict="differ"), record(runtime="right", verdict="raised"), record(TRANSPOSE), record(TRANSPOSE, "right", "differ")]
    made = report(both)
    assert interop(made).alone == {(TRANSPOSE, "right")}
    carried = data(FORMATS["html"](made))
    assert [carried["texts"][i] for i in carried["records"]["alone"]] == ["", "", "", "alone"]
    assert not interop(report([record(verdict="differ")], runtimes={"left": made.runtimes["left"]})).alone


def test_nothing_asked_is_not_perfect() -> None:
    assert interop(report([])).share == 0


# ---- each for its reader ----


def test_no_framework_is_imported() -> None:
    code = (
        "import sys, verify.report.diff, verify.report; "
        "sys.exit(bool({'torch', 'tensorflow', 'keras', 'jax', 'onnxruntime'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(cli.__file__).parent.parent).returncode == 0


def test_junit_is_counted_and_fails_for_what_nothing_explains() -> None:
    root = ElementTree.fromstring(FORMATS["junit"](full()))
    assert root.tag == "testsuites"
    for suite in [root, *root]:
        cases = list(suite.iter("testcase"))
        assert int(suite.attrib["tests"]) == len(cases)
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            if suite is not root or tag != "skipped":
                assert int(suite.attrib[attribute]) == sum(case.find(tag) is not None for case in cases)
    assert {child.tag for suite in root for child in suite} == {"testcase"}
    right = {case.attrib["name"]: [child.tag for child in case] for case in root.findall("testsuite[@name='right']/testcase")}
    assert right == {
        "Upsample float32 integers": ["failure"], "ConvTranspose float32 integers": ["error"], "compositions float32 normal": ["failure"],
    }  # fmt: skip
    assert root.find("testsuite[@name='left']/testcase[@name='ConvTranspose float32 integers']/skipped") is not None
    assert root.find("testsuite[@name='absent']/testcase/skipped") is not None
    assert root.find("testsuite[@name='the run']/testcase/failure") is not None


JUNIT = XMLSchema(Path(__file__).parent / "junit.xsd")


@pytest.mark.parametrize(
    "made",
    [full(), full("]]><x/>&lt;!--\0\x1b\ufffe"), report([]), report([record(), record(runtime="elsewhere", verdict="timeout")])],
    ids=["everything", "hostile", "nothing", "a runtime that is not listed"],
)
def test_junit_follows_the_schema_of_its_readers(made: Report) -> None:
    JUNIT.validate(FORMATS["junit"](made))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('<testsuites name="concordant"', '<testsuites name="concordant" skipped="0"'), ('time="0"', 'time="soon"'),
        ('classname="', 'class="'), ("<skipped ", "<ignored "), ('tests="', 'tests="-'),
    ],
)  # fmt: skip
def test_the_schema_of_junit_refuses_what_its_readers_do(right: str, wrong: str) -> None:
    text = FORMATS["junit"](full())
    assert isinstance(text, str)
    assert right in text
    assert not JUNIT.is_valid(text.replace(right, wrong, 1))


def test_csv_has_a_row_for_each_record() -> None:
    made = full("two\nlines, \"quoted\"")
    rows = list(csv_module.DictReader(io.StringIO(FORMATS["csv"](made), newline="")))
    assert [row["case"] for row in rows] == [r.case for r in made.records]
    assert rows[1]["reason"] == "two\nlines, \"quoted\""
    assert (rows[1]["first_wrong"], rows[1]["difference_ratio"], rows[4]["rounding_ratio"]) == ("0×0×1", "inf", "0.4")


def test_csv_holds_no_formula() -> None:
    cells = [cell for row in csv_module.reader(io.StringIO(FORMATS["csv"](full("=1+1")), newline="")) for cell in row]
    assert "'=1+1" in cells
    assert not any(cell.startswith(("=", "+", "@")) for cell in cells)


def test_github_reads_one_command_a_line() -> None:
    lines = FORMATS["github"](full("a: b, c\n100%")).splitlines()
    assert all(re.fullmatch(r"::(error|notice) title=[^:,]*::.*", line) for line in lines)
    assert sum(line.startswith("::error") for line in lines) <= 10
    assert any("100%25" in line and "%0A" in line for line in lines)


def test_github_counts_what_it_leaves_out() -> None:
    many = report([record(f"Op{n}(k=1) x=(1,)", verdict="differ") for n in range(30)])
    errors = [line for line in FORMATS["github"](many).splitlines() if line.startswith("::error")]
    assert len(errors) == 10
    assert "21 more" in errors[-1]


def test_markdown_tells_the_worst_first() -> None:
    made = FORMATS["md"](full())
    assert made.index("crashed") < made.index("Operation by runtime")
    html = MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(made)
    assert html.count("<details>") == html.count("</details>") > 3
    assert "<table>" in html


@pytest.mark.parametrize("count", [0, 1, 3000])
def test_markdown_is_never_longer_than_60_kib(count: int) -> None:
    made = report([record(f"Op{n}(k=1) x=(1,)", verdict="differ", reason="☃" * 500, native="x" * 5000) for n in range(count)])
    text = FORMATS["md"](made)
    assert len(text.encode()) <= MOST_BYTES
    assert ("would not fit" in text) == (count == 3000)


def test_the_page_holds_every_record_once() -> None:
    made = full()
    page = FORMATS["html"](made)
    carried = data(page)
    texts, records = carried["texts"], carried["records"]
    assert [texts[i] for i in records["case"]] == [r.case for r in made.records]
    assert [texts[i] for i in records["native"]] == [r.native for r in made.records]
    assert len(texts) == len(set(texts))
    assert carried["difference"]["1"]["count"] == 3
    assert [texts[i] for i in records["missed"]][:3] == ["", "2^−33", ""]
    assert carried["equations"]["ConvTranspose"].startswith("ConvTranspose  y[n,o,j] = Σ_")
    assert carried["equations"]["Upsample"].startswith("Upsample  y[j] = Σ_i weight")


def test_every_operation_has_its_equation() -> None:
    """So whatever was asked, the page says what is meant."""
    ours = {name: kind for name, kind in operations().items() if kind.__module__.startswith("spec.")}
    assert len(ours) > 10
    assert [name for name, kind in ours.items() if not re.match(rf"{name} +y\[.*\] = ", equation(kind))] == []


def test_the_page_has_landmarks_and_names() -> None:
    tags = Page(FORMATS["html"](full())).tags
    names = [tag for tag, _ in tags]
    assert all(names.count(one) == 1 for one in ("main", "h1", "nav", "footer"))
    ids = {a["id"] for _, a in tags if "id" in a}
    assert {a["aria-labelledby"] for tag, a in tags if tag == "section"} <= ids
    assert all(a["href"] and a["href"][1:] in ids for tag, a in tags if tag == "a" and re.fullmatch("#[a-z]+", a.get("href") or ""))


@slow
def test_fifty_thousand_records_are_a_page_of_15_mib() -> None:
    def native(n: int) -> str:
        return f"def f(x):\n    return x[{n}]\n" + "# what it takes to say it\n" * 10

    records = [
        record(
            f"Op(k={n // 18}) x=(1,)", f"runtime-{n % 6}", output=f"d{n // 6 % 3}", native=native(n // 6), missed_probability=1e-10,
            id=f"{n:012x}",
        )
        for n in range(50_000)
    ]  # fmt: skip
    assert len(FORMATS["html"](report(records)).encode()) <= 15 << 20


@pytest.mark.parametrize("path", sorted(Path(__file__).parent.glob("reports/*.json")), ids=lambda path: path.stem)
def test_reports_of_every_schema_are_viewed(path: Path) -> None:
    """The promise of docs/report.md."""
    made = load(path)
    assert all(view(made) for view in FORMATS.values())
    assert compare(made, made).regressions == 0


def test_a_report_of_every_schema_is_kept() -> None:
    kept = {path.stem for path in Path(__file__).parent.glob("reports/*.json")}
    assert kept == {f"schema-{n}" for n in range(1, SCHEMA + 1)}


def test_schema_1_and_2_say_the_same() -> None:
    """The two kept reports were made from the same records; only names of fields and verdicts differ."""
    old, new = (load(Path(__file__).parent / f"reports/schema-{n}.json") for n in (1, 2))
    assert [(r.case, r.runtime, r.output, r.verdict, r.data) for r in old.records] == [
        (r.case, r.runtime, r.output, r.verdict, r.data) for r in new.records
    ]
    assert old.summary == new.summary
    assert {name: t.verdict for name, t in old.theorems.items()} == {name: t.verdict for name, t in new.theorems.items()}
    assert {name: (r.backend, r.batch_flags) for name, r in old.runtimes.items()} == {
        name: (r.backend, r.batch_flags) for name, r in new.runtimes.items()
    }


FORMER = {
    "lo and hi of crop were exchanged": Diagnosis("lo and hi of crop exchanged", "crop"),
    "padding began one pixel later, (lo + 1, hi − 1)": Diagnosis("padding shifted by one pixel later", "padding", "lo + 1, hi − 1"),
    "crop were hi at both ends (in ConvTranspose, step 2)": Diagnosis("hi of crop at both ends", "crop", step=2, where="ConvTranspose"),
    "the dilation were 1": Diagnosis("dilation ignored", "dilation"),
    "all were right but the last place of its channel axis": Diagnosis("only the last place of its channel axis wrong", located=True),
    "the answer were multiplied by 2, but only at place 1 of its batch axis":
        Diagnosis("the answer were multiplied by 2", part="place 1 of its batch axis", located=True),
    "words of any kind": Diagnosis("words of any kind"),
}  # fmt: skip


@pytest.mark.parametrize("words", FORMER)
def test_a_diagnosis_that_was_words_alone_has_fields(words: str, tmp_path: Path) -> None:
    """Such a report has schema 2 and no `matches`; what is saved of it is read as it is."""
    save(report([record(verdict="differ", diagnosis=words)]), tmp_path / "old.json")
    made = load(tmp_path / "old.json")
    (read,) = made.records
    assert (read.matches, read.diagnosis) == (FORMER[words], sentence(FORMER[words]))
    save(made, tmp_path / "new.json")
    assert load(tmp_path / "new.json") == made


# ---- hostile ----


@pytest.mark.parametrize("words", HOSTILE, ids=lambda words: ascii(words[:12]))
def test_words_do_nothing(words: str) -> None:
    """Whatever field they stand in."""
    made = full(words)
    page = FORMATS["html"](made)
    assert Page(page).inert()
    assert [data(page)["texts"][i] for i in data(page)["records"]["case"]] == [printable(r.case) for r in made.records]
    ElementTree.fromstring(FORMATS["junit"](made))
    assert len(list(csv_module.DictReader(io.StringIO(FORMATS["csv"](made), newline="")))) == len(made.records)
    assert all(line.startswith(("::error title=", "::notice title=")) for line in FORMATS["github"](made).split("\n") if line)
    text = FORMATS["md"](made)
    assert len(text.encode()) <= MOST_BYTES
    html = MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(text)
    assert html.count("<details>") == html.count("</details>")
    assert not re.search(r"<(script|img|b|x|a)\b|<h1", html)


OBEYED = "\x1b]0;owned\x07 \x1b[2J \x9b31m \x08\x7f\x85 \u202egnp.exe\u2066 \u200f\u061c \r\u2028 \ufeff"


def obeyed(text: str) -> set[str]:
    """What a terminal obeys, or what turns the direction of reading, as Unicode says."""
    turns = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    return {c for c in text if (unicodedata.category(c) in ("Cc", "Zl") and c not in "\n\t") or unicodedata.bidirectional(c) in turns}


@pytest.mark.parametrize("form", [name for name in FORMATS if name != "parquet"])
def test_no_view_holds_what_a_terminal_obeys(form: str, tmp_path: Path) -> None:
    """Of a report that was read from a file; what stood there is still told, as Python escapes it."""
    save(full(OBEYED), tmp_path / "report.json")
    view = FORMATS[form](load(tmp_path / "report.json"))
    assert isinstance(view, str)
    assert obeyed(OBEYED)
    assert not obeyed(view)
    assert "u202egnp.exe" in view


@pytest.mark.parametrize("form", DIFFS)
def test_no_comparison_holds_what_a_terminal_obeys(form: str) -> None:
    made = full(OBEYED)
    other = report([record(runtime="right")], suite=made.suite, environment={OBEYED: "elsewhere"})
    for comparison in (compare(made, other), compare(other, made)):
        assert not obeyed(DIFFS[form](comparison))


def test_no_table_of_parquet_holds_what_a_terminal_obeys() -> None:
    from pyarrow.parquet import read_table

    content = FORMATS["parquet"](full(OBEYED))
    assert isinstance(content, bytes)
    table = read_table(io.BytesIO(content))
    texts = [text for name in ("case", "reason", "native", "runtime") for text in table[name].to_pylist() if text]
    assert texts
    assert not obeyed("".join(texts))


def test_the_terminal_is_sent_nothing_to_obey() -> None:
    made = full(OBEYED)
    for show_it in (lambda console: terminal.table(made, console, quiet=False), lambda console: terminal.theorems(made, console)):
        console = Console(file=io.StringIO(), width=200)
        show_it(console)
        assert not obeyed(console.file.getvalue())  # type: ignore[attr-defined]


def test_no_finding_holds_what_a_terminal_obeys(tmp_path: Path) -> None:
    made = full(OBEYED)
    files.keep(made.findings, tmp_path)
    files.save_report(made, tmp_path)
    for name in ("findings/f.py", "findings/f.md", "report.json"):
        assert not obeyed((tmp_path / name).read_text(encoding="utf-8")), name


def test_a_sentence_holds_nothing_to_obey(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It repeats what stands in a report, such as a verdict there is not."""
    document = msgspec.to_builtins(full())
    document["records"][0]["verdict"] = OBEYED
    (tmp_path / "report.json").write_text(json.dumps(document))
    status, _, err = run(capsys, "report", tmp_path)
    assert status == 2
    assert err.count("\n") == 1
    assert not obeyed(err)


POOL: tuple[Any, ...] = (
    *HOSTILE[:11], None, True, 0, -1, 1 << 62, 10**30, 1.5, -1e308, 1e-320, [], {}, [[]], {"": ""}, ["y"], "agree", "differ", "crashed",
    "theorem", "holds", "failed", "not installed",
)  # fmt: skip


def places(node: Any) -> list[tuple[Any, Any]]:
    """Every place in a document: its container and its key there."""
    items = list(node.items()) if isinstance(node, dict) else list(enumerate(node)) if isinstance(node, list) else []
    return [place for key, child in items for place in [(node, key), *places(child)]]


def corrupted(document: Any, dice: random.Random) -> bytes:
    """A document with one to four changes, or with bytes changed."""
    document = json.loads(json.dumps(document))
    for _ in range(dice.randint(1, 4)):
        container, key = dice.choice(places(document))
        what = dice.random()
        value = container[key]
        if what < 0.15:
            del container[key]
        elif what < 0.3 and isinstance(container, list):
            container.append(value)
        elif what < 0.5 and isinstance(container, dict):
            container[str(dice.choice(POOL))] = value
        else:
            same = [v for v in POOL if type(v) is type(value)]
            container[key] = dice.choice(same if same and dice.random() < 0.7 else POOL)
        if not document:
            break
    text = bytearray(json.dumps(document, ensure_ascii=False).encode())
    if dice.random() < 0.1:
        text[dice.randrange(len(text))] = dice.randrange(256)
    return bytes(text)


@slow
@pytest.mark.parametrize("seed", sampled(range(10), 0))
def test_fuzzed_reports_give_a_sentence_or_a_view(seed: int, tmp_path: Path) -> None:
    """1,000 each: a report is refused in one line, or every view of it can be read."""
    dice, path = random.Random(seed), tmp_path / "report.json"
    good, viewed, sentences = full(), 0, []
    document = msgspec.to_builtins(good)
    for _ in range(1000):
        path.write_bytes(corrupted(document, dice))
        try:
            made = load(path)
        except BadReport as error:
            sentences.append(str(error))
            continue
        viewed += 1
        html = FORMATS["html"](made)
        if viewed % 5 == 0:  # parsing a page takes as long as everything else together
            assert Page(html).inert()
        ElementTree.fromstring(FORMATS["junit"](made))
        assert len(FORMATS["md"](made).encode()) <= MOST_BYTES
        assert FORMATS["github"](made).endswith("\n")
        assert FORMATS["csv"](made).startswith("id,")
        try:
            assert FORMATS["parquet"](made)[:4] == b"PAR1"
        except NotWritten as error:
            sentences.append(str(error))
        try:
            comparison = compare(made, good) if viewed % 2 else compare(good, made)
        except Incomparable as error:
            sentences.append(str(error))
        else:
            assert all(form(comparison) for form in DIFFS.values())
    assert viewed > 100
    assert not any("\n" in sentence for sentence in sentences)


# ---- from the command line ----


def run(capsys: pytest.CaptureFixture[AnyStr], *arguments: str | Path) -> tuple[int, AnyStr, AnyStr]:
    """Exit status, standard output and error."""
    with pytest.raises(SystemExit) as ended:
        cli.app([str(a) for a in arguments])
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


@pytest.mark.parametrize("form", FORMATS)
def test_a_folder_or_a_file_is_viewed(form: str, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    save(full(), tmp_path / "report.json")
    view = FORMATS[form](full())
    content = view.encode() if isinstance(view, str) else view
    assert run(capfdbinary, "report", tmp_path, "--format", form, "--out", "-") == (0, content, b"")
    if form == "github":
        assert run(capfdbinary, "report", tmp_path, "--format", form) == (0, content, b"")
    assert run(capfdbinary, "report", tmp_path / "report.json", "--format", form, "--out", tmp_path / "new" / "file") == (0, b"", b"")
    assert (tmp_path / "new" / "file").read_bytes() == content


def test_a_terminal_is_not_sent_bytes(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    save(full(), tmp_path / "report.json")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    status, printed, err = run(capsys, "report", tmp_path, "--format", "parquet", "--out", "-")
    assert (status, printed) == (2, "")
    assert err == "concordant: this format is not for a terminal; name a file with --out\n"


def test_what_is_not_installed_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    save(full(), tmp_path / "report.json")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    status, printed, err = run(capsys, "report", tmp_path, "--format", "parquet", "--out", tmp_path / "table")
    assert (status, printed) == (2, "")
    assert err == "concordant: --format parquet needs pyarrow, which is not installed; pip install 'concordant[parquet]'\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("report", "{}", "--format", "pdf"), "--format is 'pdf', but it must be one of html, md, junit, github, csv, parquet"),
        (("report", "{}/absent"), "absent cannot be read: No such file or directory"),
        (("report", "{}/bad.json"), "is no report"),
        (("report", "{}", "--out", "{}"), "cannot be written: Is a directory"),
        (("diff", "{}", "{}/bad.json"), "is no report"),
        (("diff", "{}", "{}", "--format", "pdf"), "must be one of text, md, json, html"),
    ],
    ids=str,
)
def test_bad_input_is_one_sentence(arguments: tuple[str, ...], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(full(), tmp_path / "report.json")
    (tmp_path / "bad.json").write_text("{}")
    status, printed, err = run(capsys, *(a.format(tmp_path) for a in arguments))
    assert (status, printed) == (2, "")
    assert err.startswith("concordant: ")
    assert err.count("\n") == 1
    assert words in err


def test_the_names_used_here_are_the_questions() -> None:
    assert {UPSAMPLE, TRANSPOSE, BOTH} <= {r.case for r in full().records}
