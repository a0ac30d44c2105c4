"""What a runtime does not declare is not offered: it is counted, it is outside agreement, and it fails nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from msgspec import structs

from backends import named
from backends.new import file
from spec import parse_case
from tests.command import GLUE, backend_file, concordant, in_process, refused
from tests.sample_reports import record, report
from tests.tiers import slow
from verify.explain.findings import find
from verify.grouping import unexpected
from verify.record import RuntimeReport, load
from verify.report.formats import FORMATS
from verify.run import Run

FORWARD_ONLY = GLUE.partition("    for i, a in")[0] + "    raise NotImplementedError('no gradients here')\n"
FILE = '''
import numpy as np
from backends import Runtime, Unsupported

GLUE = """{glue}"""
RUNTIMES = {{"mine": Runtime(packages=("numpy",), glue=GLUE, {declared})}}

def upsample(op, at):
    if at.x[2] == 5:
        raise Unsupported("five pixels are too many")
    return "x = x.repeat({factor}, axis=2)"

def zero_insert(op, at):
    return "raise ValueError('must not run')"
'''
UPSAMPLE = "Upsample(factor=(2,)) x=(1, 2, 3)"
FORWARD = 'outputs=("y",)'
CASES = {
    UPSAMPLE: "", f"{UPSAMPLE} float64 normal": "", f"{UPSAMPLE} float16": "dtype float16",
    f"{UPSAMPLE} float32 check=shape": "inferred shapes",
    "Conv(stride=(1,)) x=(1, 1, 3) w=(1, 1, 2)": "operation Conv", "ZeroInsert(factor=(2,)) x=(1, 2, 3)": "operation ZeroInsert",
    "Upsample(factor=(2,)) x=(1, 2, 5)": "five pixels are too many",
    "Upsample(factor=(2,)) >> Conv(stride=(1,)) x=(1, 1, 3) w=(1, 1, 2)": "operation Conv",
}  # fmt: skip
"""Each with what it lacks."""


def mine(folder: Path, declared: str = "", *, glue: str = FORWARD_ONLY, factor: int = 2) -> Path:
    return backend_file(folder, FILE.format(glue=glue, declared=declared, factor=factor))


@pytest.mark.parametrize(("case", "lacks"), CASES.items())
def test_a_case_runs_or_is_counted_with_what_it_lacks(case: str, lacks: str, tmp_path: Path) -> None:
    (backend,) = named(str(mine(tmp_path, f'{FORWARD}, dtypes=("float32", "float64"), covers=("Upsample",)')))
    made = Run([parse_case(case)], [backend], suite={}).go()
    assert [r.verdict for r in made.records] == ([] if lacks else ["agree"])
    assert made.runtimes["mine"].not_offered == {lacks or "gradients": 1}
    assert made.summary.exit == int(bool(lacks))  # zero cases are no success


def test_what_is_declared_must_be_right(tmp_path: Path) -> None:
    """A wrong result, gradients that are promised and do not come, and a program that raises fail as ever."""
    for declared, factor, verdicts in ((FORWARD, 3, ["differ"]), ("", 2, ["agree", "raised"])):
        (backend,) = named(str(mine(tmp_path, declared, factor=factor)))
        made = Run([parse_case(UPSAMPLE)], [backend], suite={}).go()
        assert [r.verdict for r in made.records] == verdicts
        assert made.summary.exit == 1


def test_what_is_not_offered_is_outside_agreement(tmp_path: Path) -> None:
    """One case in eight is offered and agrees: that is all of what counts."""
    (backend,) = named(str(mine(tmp_path, f'{FORWARD}, dtypes=("float32",), covers=("Upsample",)')))
    made = Run(list(map(parse_case, CASES)), [backend], suite={}, minimum_agreement=0.85).go()
    assert made.summary.below_minimum == []
    assert made.summary.exit == 0
    assert sum(made.runtimes["mine"].not_offered.values()) == len(CASES)  # gradients of the one that ran, too
    backends = named(str(mine(tmp_path, FORWARD, factor=3)))
    wrong = Run(list(map(parse_case, CASES)), backends, suite={}, minimum_agreement=0.85, known=[]).go()
    assert wrong.summary.below_minimum


@slow
def test_a_forward_only_runtime_with_two_operations_is_green_on_an_unfiltered_suite(tmp_path: Path) -> None:
    """Theorems of which it offers nothing are left out; a side with a gradient is not offered, and the other side proves nothing."""
    (tmp_path / "nn.py").write_text(file("nn"))
    done = concordant("run", "--backend", tmp_path / "nn.py", "--suite", "quick", "--out", tmp_path)
    assert done.returncode == 0, done.stdout
    made = load(tmp_path / "report.json")
    theorems = {r.case.split()[0] for r in made.records if r.kind == "theorem"}
    assert 0 < len(theorems) < len(made.theorems)
    assert {name for name, t in made.theorems.items() if t.runtimes} == theorems
    assert re.search("not offered by nn: .*operation ConvTranspose [(]", done.stdout)
    wrong = file("nn").replace("np.repeat(x, {factor}", "np.repeat(x, {factor + 1}")
    (tmp_path / "nn.py").write_text(wrong)
    assert concordant("run", "--backend", tmp_path / "nn.py", "--suite", "quick", "--out", tmp_path).returncode == 1


@slow
def test_resumed_and_merged_runs_count_the_same(tmp_path: Path) -> None:
    path = mine(tmp_path, f'{FORWARD}, dtypes=("float32",)')
    options = ["--backend", str(path), *(word for case in list(CASES)[:5] for word in ("--case", case))]
    concordant("run", *options, "--out", tmp_path / "whole")
    expected = (tmp_path / "whole" / "report.json").read_bytes()
    concordant("run", "--resume", tmp_path / "whole", "--backend", path)
    assert (tmp_path / "whole" / "report.json").read_bytes() == expected
    for i in (1, 2):
        concordant("run", *options, "--shard", f"{i}/2", "--out", tmp_path / f"{i}")
    path.unlink()
    concordant("merge", tmp_path / "1", tmp_path / "2", "--out", tmp_path / "both")
    assert (tmp_path / "both" / "report.json").read_bytes() == expected
    assert load(tmp_path / "whole" / "report.json").runtimes["mine"].not_offered


def test_a_fault_of_a_forward_only_runtime_is_minimised(tmp_path: Path) -> None:
    (backend,) = named(str(mine(tmp_path, FORWARD, factor=3)))
    made = Run([parse_case("Upsample(factor=(2,)) x=(2, 3, 7) float64 seed=3")], [backend], suite={}, known=[]).go()
    (finding,) = find(made, unexpected(made), [backend], [], timeout=20, seconds=30)
    assert parse_case(finding.case).x == (1, 1, 1)
    assert "g = None" in finding.script


@pytest.mark.parametrize("form", ["md", "html"])
def test_the_views_list_what_is_not_offered(form: str) -> None:
    runtimes = {"left": RuntimeReport(status="ran", not_offered={"dtype <b>": 3, **{f"operation A{n}": 1 for n in range(9)}})}
    text = FORMATS[form](structs.replace(report([record()]), runtimes=runtimes))
    assert isinstance(text, str)
    assert "not offered by left" in text
    assert "and 3 more, in report.json" in text
    assert "<b>" not in text.partition("not offered by left")[2].partition("\n")[0]


# ---- concordant new backend ----


def test_a_new_backend_file_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = in_process("new", "backend", "nn")
    assert (done.returncode, done.stdout) == (0, "nn.py\nconcordant run --backend ./nn.py --suite quick\n")
    (backend,) = named("./nn.py")
    cases = [UPSAMPLE, "Pad(padding=((1, 2), (0, 1)), value=3) x=(2, 3, 4, 5) float64", "Pad(padding=((-1, 2),)) x=(1, 1, 4)"]
    made = Run(list(map(parse_case, cases)), [backend], suite={}).go()
    assert made.summary.exit == 0
    assert [r.verdict for r in made.records] == ["agree", "agree"]


def test_what_a_new_backend_file_proposes_can_be_uncommented(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    in_process("new", "backend", "nn")
    path = tmp_path / "nn.py"
    proposed = [line for line in path.read_text().splitlines() if line.startswith("        # ") and "=" in line]
    assert [line.split("=")[0].strip("# ") for line in proposed] == ["covers", "modes", "environment"]
    path.write_text(path.read_text().replace("        # covers", "        covers").replace("        # modes", "        modes"))
    assert [backend.name for backend in named("./nn.py:compile")] == ["nn:compile"]


@pytest.mark.parametrize("name", ["a:b", "a b", "", "../x", "x" * 60])
def test_a_new_backend_has_a_name_that_can_be_typed(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    refused(in_process("new", "backend", name), "a backend's name is letters, digits")
    assert list(tmp_path.iterdir()) == []


def test_a_new_backend_writes_over_nothing(tmp_path: Path) -> None:
    path = tmp_path / "nn.py"
    path.write_text("mine")
    refused(in_process("new", "backend", "nn", "--out", path), "is there already; give another NAME or --out")
    assert path.read_text() == "mine"
    refused(in_process("new", "backend", "nn", "--out", tmp_path / "no" / "nn.py"), "cannot be written: No such file or directory")


def test_a_new_file_hides_no_installed_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    refused(in_process("new", "backend", "numpy"), "numpy is the name of an installed package")
    assert not (tmp_path / "numpy.py").exists()
