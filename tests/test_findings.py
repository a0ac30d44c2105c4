"""What nothing explains is shrunk to one small finding a mistake, with a program that shows it; the findings kept in docs/ still stand."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from backends import Backend, Runtime, named
from spec import parse_question
from tests.command import needs
from tests.mutants import MUTANTS
from tests.tiers import sampled, slow
from verify.findings import alike, find
from verify.record import Finding, Report
from verify.reference import Reference
from verify.reproduce import script
from verify.run import Run
from verify.shrink import cost

pytestmark = needs("torch")

KEPT = sorted((Path(__file__).parent.parent / "docs" / "findings").glob("*.py"))
ASKED = [
    "ConvTranspose(stride=(2, 1), crop=((0, 1), (1, 2))) x=(2, 3, 5, 4) w=(3, 2, 3, 2) float64 seed=7",
    "ConvTranspose(stride=(2,), crop=((0, 2),), dilation=(2,)) x=(2, 3, 5) w=(3, 2, 3) float32 seed=3",
    "Upsample(factor=(2,)) >> ConvTranspose(stride=(1,), crop=((0, 2),)) x=(1, 2, 4) w=(2, 3, 3) float32 seed=1",
]


def found(name: str, asked: list[str] = ASKED, *, timeout: float = 20.0) -> tuple[Report, list[Finding]]:
    """What comes of a mutant."""
    backend = replace(MUTANTS[name], name="torch")
    report = Run([parse_question(text) for text in asked], [backend], suite={}, known=[], timeout=timeout).go()
    return report, find(report, alike(report), [backend], [], timeout=timeout, seconds=10)


@pytest.fixture(scope="module")
def shifted() -> tuple[Report, Finding]:
    """The one finding of a mutant that crops one pixel later, with the report it was drawn from."""
    report, (finding,) = found("crop-shifted")
    return report, finding


def status(program: str, tmp_path: Path, python: str = sys.executable) -> int:
    path = tmp_path / "program.py"
    path.write_text(program)
    return subprocess.run([python, str(path)], capture_output=True, timeout=120).returncode


def test_one_mistake_is_one_finding_and_its_smallest_form(shifted: tuple[Report, Finding]) -> None:
    report, finding = shifted
    wrong = [r.id for r in report.records if r.verdict != "agree"]
    assert sorted(finding.records) == sorted(wrong)
    assert cost(parse_question(finding.question)) < min(cost(parse_question(text)) for text in ASKED)
    assert "one pixel later" in finding.diagnosis or "exchanged" in finding.diagnosis
    assert parse_question(finding.question).x[:2] == (1, 1)


def test_a_finding_can_be_asked_again_and_still_differs(shifted: tuple[Report, Finding]) -> None:
    finding = shifted[1]
    report = Run([parse_question(finding.question)], [replace(MUTANTS["crop-shifted"], name="torch")], suite={}, known=[]).go()
    assert any(r.verdict == finding.verdict and r.output == finding.output for r in report.records)


def test_what_to_write_instead_was_tried(shifted: tuple[Report, Finding], tmp_path: Path) -> None:
    """The mutant asked for what undoes its mistake answers right; its program then ends with 0."""
    finding = shifted[1]
    assert finding.instead
    assert finding.instead != finding.native
    assert status(finding.script, tmp_path) == 1
    assert status(finding.script.replace(finding.native.strip(), finding.instead.strip()), tmp_path) == 0


def test_a_program_of_a_right_answer_ends_with_0(shifted: tuple[Report, Finding], tmp_path: Path) -> None:
    """The same program with the honest text: the fault is gone."""
    finding = shifted[1]
    honest = replace(MUTANTS["crop-shifted"], change=lambda op: op).translate(parse_question(finding.question))
    assert status(finding.script.replace(finding.native.strip(), honest.strip()), tmp_path) == 0


def test_the_issue_text_says_all_there_is(shifted: tuple[Report, Finding]) -> None:
    finding = shifted[1]
    for piece in ("torch 2", finding.question, "y[n,o,j] = Σ", finding.native.strip(), finding.script.strip(), finding.diagnosis):
        assert piece in finding.issue


@pytest.mark.parametrize("name", sampled(["dies", "refuses-everything", "one-nan", "another-dtype"], "refuses-everything"))
def test_every_verdict_has_a_program(name: str, tmp_path: Path) -> None:
    asked = ["Conv(stride=(1,)) >> Conv(stride=(1,)) x=(1, 1, 7) w=(2, 1, 3) w=(1, 2, 2) float32 seed=1"]
    _, findings = found(name, asked, timeout=10)
    assert findings
    assert status(findings[0].script, tmp_path) == 1


@slow
def test_what_shrinks_into_a_known_deviation_is_not_taken_for_it() -> None:
    """A fault off the record stays off the record on its way down."""
    from backends.known import Known

    backend = replace(MUTANTS["crop-shifted"], name="torch")
    known = Known(
        id="small", runtimes=("torch",), versions={}, verdict="differ", reason="", link="no upstream report found",
        when=lambda op, at, env: at.x[0] == 1,
    )  # fmt: skip
    report = Run([parse_question(ASKED[1])], [backend], suite={}, known=[known]).go()
    (finding,) = find(report, alike(report), [backend], [known], timeout=20, seconds=10)
    assert parse_question(finding.question).x[0] > 1


def test_a_runtime_without_a_host_costs_nothing(shifted: tuple[Report, Finding]) -> None:
    report = shifted[0]
    broken = Backend("torch", Runtime(packages=("torch",), glue="raise ImportError('gone')"), MUTANTS["crop-shifted"].module)
    assert find(report, alike(report), [broken], [], timeout=5) == []


@pytest.mark.parametrize("program", sampled(KEPT, *KEPT[1:2]), ids=lambda path: path.stem)
def test_what_docs_keep_still_stands(program: Path) -> None:
    """Exit status 0 here means that the fault has gone: move the page to docs/findings/fixed/ and narrow its record."""
    framework = "keras" if "keras" in program.stem else program.stem.split("-")[0]
    pytest.importorskip(framework)
    assert subprocess.run([sys.executable, str(program)], capture_output=True, timeout=180).returncode == 1


def test_enough_is_kept() -> None:
    assert len(KEPT) >= 3


SUM_TIMES_A_THIRD = "import torch\n\n\ndef f(x):\n    return x.sum(-1, keepdim=True) * torch.tensor(1 / 3, dtype=x.dtype)\n"
"""A mean as some kernels compute it: whole numbers come out rounded, and rightly so."""


@pytest.mark.parametrize(
    ("text", "output", "native"),
    [
        ("AveragePool(kernel=(3,)) x=(1, 4, 3) float32 seed=2", "y", SUM_TIMES_A_THIRD),
        ("Conv(stride=(1,)) >> Conv(stride=(2,)) x=(1, 1, 4) w=(1, 1, 1) w=(1, 1, 1) float32 nan seed=1", "dw0", ""),
    ],
)
def test_what_the_judge_lets_pass_ends_with_0(text: str, output: str, native: str, tmp_path: Path) -> None:
    """Rounded fractions, and the chain rule's 0 · NaN where either answer is right: a program asks no more than the judge."""
    question, (backend,) = parse_question(text), named("torch")
    reference = Reference(question)
    x, g, w = reference.drawn
    native = native or backend.translate(question)
    finding = Finding(
        id="0", runtime="torch", output=output, verdict="differ", reason="", records=(), first=text, question=text, native=native
    )  # fmt: skip
    assert status(script(finding, question, (x, g, *w), backend, {"torch": "2"}), tmp_path) == 0
