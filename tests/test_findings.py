"""What no known deviation covers is minimised to one small finding a mistake, with a program that shows it; what docs/ keep still shows."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from backends import Backend, Runtime, named
from spec import parse_case
from tests.command import needs
from tests.mutants import MUTANTS
from tests.tiers import sampled, slow
from verify.execute.worker import instruction_set
from verify.explain.findings import find
from verify.explain.minimize import cost
from verify.explain.reproduce import script
from verify.explain.standalone import STATUSES, Outcome, outcome
from verify.grouping import sentence, unexpected
from verify.judge.reference import Reference
from verify.record import Finding, Report
from verify.run import Run

pytestmark = needs("torch")

KEPT = sorted((Path(__file__).parent.parent / "docs" / "findings").glob("*.py"))
ASKED = [
    "ConvTranspose(stride=(2, 1), crop=((0, 1), (1, 2))) x=(2, 3, 5, 4) w=(3, 2, 3, 2) float64 seed=7",
    "ConvTranspose(stride=(2,), crop=((0, 2),), dilation=(2,)) x=(2, 3, 5) w=(3, 2, 3) float32 seed=3",
    "Upsample(factor=(2,)) >> ConvTranspose(stride=(1,), crop=((0, 2),)) x=(1, 2, 4) w=(2, 3, 3) float32 seed=1",
]


def found(name: str, asked: list[str] = ASKED, *, timeout: float = 60.0, seconds: float = 300.0) -> tuple[Report, list[Finding]]:
    """What comes of a mutant."""
    backend = replace(MUTANTS[name], name="torch")
    report = Run([parse_case(text) for text in asked], [backend], suite={}, known=[], timeout=timeout).go()
    return report, find(report, unexpected(report), [backend], [], timeout=timeout, seconds=seconds)


@pytest.fixture(scope="module")
def shifted() -> tuple[Report, Finding]:
    """The one finding of a mutant that crops one pixel later, with the report it was drawn from."""
    report, (finding,) = found("crop-shifted")
    return report, finding


def came(program: str, python: str = sys.executable) -> Outcome:
    """What a program shows, by its exit status and by what it prints."""
    return asyncio.run(outcome(program, python, 180))


def test_one_mistake_is_one_finding_and_its_smallest_form(shifted: tuple[Report, Finding]) -> None:
    report, finding = shifted
    wrong = [r.id for r in report.records if r.verdict != "agree"]
    assert sorted(finding.records) == sorted(wrong)
    assert cost(parse_case(finding.case)) < min(cost(parse_case(text)) for text in ASKED)
    assert finding.matches
    assert finding.matches.hypothesis in ("crop shifted by one pixel later", "lo and hi of crop exchanged")
    assert finding.matches.field == "crop"
    assert all(one.diagnosis == sentence(one.matches) for one in (finding, *report.records))
    assert parse_case(finding.case).x[:2] == (1, 1)


@slow
def test_a_finding_can_be_asked_again_and_still_differs(shifted: tuple[Report, Finding]) -> None:
    finding = shifted[1]
    report = Run([parse_case(finding.case)], [replace(MUTANTS["crop-shifted"], name="torch")], suite={}, known=[]).go()
    assert any(r.verdict == finding.verdict and r.output == finding.output for r in report.records)


@slow
def test_what_to_write_instead_was_tried(shifted: tuple[Report, Finding]) -> None:
    """The mutant asked for what undoes its mistake answers right; its program then says that the fault is gone."""
    finding = shifted[1]
    assert finding.instead
    assert finding.instead != finding.native
    assert came(finding.script) == "shown"
    assert came(finding.script.replace(finding.native.strip(), finding.instead.strip())) == "gone"


def test_a_program_of_a_right_answer_says_that_the_fault_is_gone(shifted: tuple[Report, Finding]) -> None:
    """The same program with the honest text."""
    finding = shifted[1]
    honest = replace(MUTANTS["crop-shifted"], change=lambda op: op).translate(parse_case(finding.case))
    assert came(finding.script.replace(finding.native.strip(), honest.strip())) == "gone"


@pytest.mark.parametrize("broken", sampled(["no_such_name", "raise ValueError('no')", "import no_such_framework", "def ("], "def ("))
def test_a_broken_program_shows_nothing(broken: str, shifted: tuple[Report, Finding]) -> None:
    """It fails, in place of the call or of the framework's import; none of that is the fault."""
    finding = shifted[1]
    assert came(finding.script.replace(finding.native.strip(), broken)) == "did not run"
    assert came(finding.script.replace("import torch\n", f"{broken}\n", 1)) == "did not run"


def test_the_issue_text_says_all_there_is(shifted: tuple[Report, Finding]) -> None:
    finding = shifted[1]
    for piece in ("torch 2", finding.case, "y[n,o,j] = Σ", finding.native.strip(), finding.script.strip(), sentence(finding.matches)):
        assert piece in finding.issue


def test_an_argument_that_the_backward_run_changes_is_shown() -> None:
    """It is held against y, whose program runs the gradients too."""
    wrap = "def f(x):\n    y = honest(x)\n    y.register_hook(lambda g: (x.data.add_(1), None)[1])\n    return y\n"
    backend = replace(MUTANTS["x-changed-in-place"], name="torch", wrap=wrap)
    report = Run([parse_case("SumPool(kernel=(2,)) x=(1, 1, 4) float32")], [backend], suite={}, known=[]).go()
    (finding,) = find(report, unexpected(report), [backend], [], timeout=60, seconds=300)
    assert (finding.output, finding.verdict, finding.reason) == ("y", "changed argument", "argument x was changed")
    assert came(finding.script) == "shown"


SINGLE = {
    "sign-of-zero-lost": "Upsample(factor=(2,)) x=(1, 2, 3) float32 zeros seed=1",
    "overflow-becomes-nan": "Conv(stride=(1,)) x=(1, 9, 3) w=(2, 9, 2) float16 saturating seed=1",
}
"""For mutants that no composition shows."""


@slow
@pytest.mark.parametrize(
    "name",
    [
        "dies", "hangs", "refuses-everything", "gives-nothing", "one-nan", "another-dtype", "second-call-differs", "x-changed-in-place",
        "weight-changed-in-place", "cotangent-changed-in-place", "sign-of-zero-lost", "overflow-becomes-nan",
    ],
)  # fmt: skip
def test_every_verdict_has_a_program(name: str) -> None:
    numbers = MUTANTS[name].kinds[0]
    plain = f"Conv(stride=(1,)) >> Conv(stride=(1,)) x=(1, 1, 7) w=(2, 1, 3) w=(1, 2, 2) float32 {numbers} seed=1"
    _, findings = found(name, [SINGLE.get(name, plain)], timeout=5)
    expected = [finding for finding in findings if finding.verdict == MUTANTS[name].expected]
    assert expected
    assert came(expected[0].script) == "shown"


@slow
def test_what_shrinks_into_a_known_deviation_is_not_taken_for_it() -> None:
    """A fault off the record stays off the record on its way down."""
    from backends.known import Known

    backend = replace(MUTANTS["crop-shifted"], name="torch")
    known = Known(
        id="small", runtimes=("torch",), versions={}, verdict="differ", reason="", link="no upstream report found",
        when=lambda op, at, env: at.x[0] == 1,
    )  # fmt: skip
    report = Run([parse_case(ASKED[1])], [backend], suite={}, known=[known]).go()
    (finding,) = find(report, unexpected(report), [backend], [known], timeout=60, seconds=300)
    assert parse_case(finding.case).x[0] > 1


def test_a_runtime_without_a_host_costs_nothing(shifted: tuple[Report, Finding]) -> None:
    report = shifted[0]
    broken = Backend("torch", Runtime(packages=("torch",), glue="raise ImportError('gone')"), MUTANTS["crop-shifted"].module)
    assert find(report, unexpected(report), [broken], [], timeout=5) == []


NEEDS = {
    "tensorflow-bfloat16-depthwise-hangs": "avx512_bf16", "tensorflow-bfloat16-dilated-pointwise-weight-gradient": "avx512_bf16",
    "keras-torch-bfloat16-dilated-pointwise-weight-gradient": "avx512_bf16", "tensorflow-strided-dilated-weight-gradient": "avx512f",
    "torch-bfloat16-dilated-conv-leaks-nan": "avx512f",
}  # fmt: skip
"""Instructions of the processor, without which a fault does not show."""


@pytest.mark.parametrize("program", sampled(KEPT, *KEPT[1:2]), ids=lambda path: path.stem)
def test_what_docs_keep_still_shows(program: Path) -> None:
    """"gone" here means that the fault has gone: move the page to docs/findings/fixed/ and narrow its record."""
    if (needed := NEEDS.get(program.stem, "")) not in instruction_set():
        pytest.skip(f"this processor has no {needed}")
    framework = "keras" if "keras" in program.stem else program.stem.split("-")[0]
    pytest.importorskip(framework)
    assert came(program.read_text()) == "shown"


@pytest.mark.parametrize("program", KEPT, ids=lambda path: path.stem)
def test_a_page_quotes_its_program(program: Path) -> None:
    """The program and the exit statuses that its page shows are those of the file beside it."""
    page = program.with_suffix(".md").read_text()
    assert f"```python\n{program.read_text().strip()}\n```" in page
    assert STATUSES.replace("\n", " ") in page


def test_enough_is_kept() -> None:
    assert len(KEPT) >= 3


SUM_TIMES_A_THIRD = "import torch\n\n\ndef f(x):\n    return x.sum(-1, keepdim=True) * torch.tensor(1 / 3, dtype=x.dtype)\n"
"""A mean as some kernels compute it: whole numbers come out rounded, and rightly so."""


@slow
@pytest.mark.parametrize(
    ("text", "output", "native"),
    [
        ("AveragePool(kernel=(3,)) x=(1, 4, 3) float32 seed=2", "y", SUM_TIMES_A_THIRD),
        ("Conv(stride=(1,)) >> Conv(stride=(2,)) x=(1, 1, 4) w=(1, 1, 1) w=(1, 1, 1) float32 nan seed=1", "dw0", ""),
    ],
)
def test_what_the_judge_lets_pass_is_no_fault(text: str, output: str, native: str) -> None:
    """Rounded fractions, and the chain rule's 0 · NaN where either answer is right: a program asks no more than the judge."""
    case, (backend,) = parse_case(text), named("torch")
    reference = Reference(case)
    x, g, w = reference.drawn
    native = native or backend.translate(case)
    finding = Finding(
        id="0", runtime="torch", output=output, verdict="differ", reason="", records=(), first=text, case=text, native=native
    )  # fmt: skip
    assert came(script(finding, case, (x, g, *w), backend, {"torch": "2"})) == "gone"
