"""What a summary says: wrong results, raised errors and what is not offered apart, and "unexpected" only of a wrong result."""

from __future__ import annotations

import io

import pytest
from msgspec import structs
from rich.console import Console

from backends import found
from spec import parse_case
from tests.sample_reports import BOTH, TRANSPOSE, UPSAMPLE, record, report
from verify.grouping import SORTS, by_sort, failures, outcome
from verify.judge.judge import Judgement
from verify.record import FINE, Diagnosis, KnownReport, Report, RuntimeReport, Verdict
from verify.report import terminal
from verify.report.formats import FORMATS
from verify.run import Run

RAISED = "RuntimeError: Output size is too small"
KNOWN = {"rounds-the-scale": KnownReport(reason="the scale is rounded", link="no upstream report found", matched=2, agreed=0)}


def printed(made: Report) -> str:
    """The whole of what `concordant run` prints."""
    file = io.StringIO()
    terminal.table(made, Console(file=file, width=200), quiet=False)
    return file.getvalue()


def views(made: Report) -> list[str]:
    return [printed(made), *(str(FORMATS[form](made)) for form in ("md", "github", "junit", "html"))]


def test_every_verdict_is_of_one_sort() -> None:
    sorted_in = [verdict for verdicts in SORTS.values() for verdict in verdicts]
    assert sorted([*sorted_in, *FINE]) == sorted(Verdict.__args__)  # type: ignore[attr-defined]


def test_wrong_raised_and_not_offered_have_a_line_each() -> None:
    lines = printed(report([
        record(verdict="differ"), record(output="dx", verdict="crashed"),
        record(runtime="right", verdict="differ", known="rounds-the-scale"),
        record(TRANSPOSE, verdict="raised", known="rounds-the-scale"), record(TRANSPOSE, "right", "raised", reason=RAISED),
        record(BOTH, verdict="not offered"), record(BOTH, "right"), record(BOTH, "right", "vacuous", output="dx"),
    ], known=KNOWN)).splitlines()  # fmt: skip
    assert "3 cases on 2 runtimes, 8 results: 1 agree, 1 vacuous (no value to compare)." in lines
    assert "wrong: 3 (2 differ, 1 crashed): 1 known deviation and 2 unexpected" in lines
    assert "raised: 2: 1 known deviation and 1 other" in lines
    assert "not offered: 1, no known deviations" in lines
    assert lines[-1] == "2 unexpected, 1 raised without a known deviation, 1 not offered without a known deviation"


def test_more_targets_than_fit_side_by_side_have_a_line_each() -> None:
    """And say in which operations something is unexpected, since the lines have no columns for them."""
    modes = [f"left:mode-{i}" for i in range(9)]
    made = report(
        [*(record(runtime=name) for name in modes), record(TRANSPOSE, modes[3], "differ"), record(BOTH, modes[4], "raised", known="gone")],
        runtimes={name: RuntimeReport(status="ran", backend=name) for name in modes}, known=KNOWN,
    )  # fmt: skip
    lines = [" ".join(line.split()) for line in printed(made).splitlines()]
    assert [line for line in lines if line.startswith("left:mode-") and "/" in line] == [
        *(f"{name} 1/1" for name in modes[:3]), f"{modes[3]} 1/2 ✗ 1 in ConvTranspose", f"{modes[4]} 1/2 1 known",
        *(f"{name} 1/1" for name in modes[5:]),
    ]  # fmt: skip
    assert f"| {modes[3]} | ✓ 1/2 ✗ 1 |" in str(FORMATS["md"](made))


@pytest.mark.parametrize(
    ("missed", "said"),
    [
        ((2**-31, 2**-30), "≤ 2^−30 for 2 of 2 cases"),
        ((2**-31, 1.0), "≤ 2^−30 for 1 of 2 cases; the others add too many products to be exact in their dtype"),
        ((2**-4, 1.0), "≤ 2^−30 for 0 of 2 cases, 2^0 for the others at worst"),
    ],
)
def test_how_sure_a_right_verdict_is(missed: tuple[float, float], said: str) -> None:
    made = report([record(case, missed_probability=p) for case, p in zip((UPSAMPLE, TRANSPOSE), missed, strict=True)])
    assert terminal.certainty(made) == [f"whole numbers: P(a wrong result passed) {said}"]


def test_what_does_not_occur_has_no_line() -> None:
    assert by_sort(report([record()])) == []
    assert outcome(report([record()])) == "nothing unexpected"


def test_known_deviations_are_not_unexpected() -> None:
    made = report([record(verdict=verdict, output=verdict, known="rounds-the-scale") for verdict in ("differ", "raised", "not offered")])
    assert [str(one) for one in by_sort(made)] == [
        "wrong: 1 (1 differ), all known deviations", "raised: 1, all known deviations", "not offered: 1, all known deviations",
    ]  # fmt: skip
    assert printed(made).endswith("\nnothing unexpected\n")


@pytest.mark.parametrize("output", ["y", "dx"])
@pytest.mark.parametrize(("verdict", "words"), [("raised", "left raised"), ("not offered", "not offered by left")])
def test_an_error_that_a_framework_raises_is_said_as_that(verdict: str, words: str, output: str) -> None:
    made = report([record(verdict=verdict, output=output, reason=RAISED)])
    assert made.summary.exit == 1
    assert f"\n{words}: {RAISED}\n  {UPSAMPLE}\n" in printed(made)
    for view in views(made):
        assert RAISED in view
        assert "1 unexpected" not in view
    assert "✗ 1" not in printed(made)


def test_one_error_of_all_outputs_is_one() -> None:
    """The same error for y and its gradients is not `2 more like it`; that of another case is."""
    outputs = [record(verdict="raised", output=output, reason=RAISED) for output in ("y", "dx", "dw")]
    assert "more like it" not in printed(report(outputs))
    others = [record(UPSAMPLE.replace("seed=7", f"seed={n}"), verdict="raised", reason=RAISED) for n in (8, 9)]
    assert f"left raised: {RAISED} (and 2 more like it)\n" in printed(report(outputs + others))


def test_wrong_results_that_are_alike_are_counted() -> None:
    made = report([record(verdict="differ", output=output, reason="all", matches=Diagnosis("x flipped")) for output in ("y", "dx")])
    assert "✗ left y differ: all (and 1 more like it)" in printed(made)


def test_every_view_says_what_is_unexpected() -> None:
    made = report([record(verdict="differ", reason="all of it")])
    assert all("1 unexpected" in view for view in views(made) if "testsuites" not in view)
    assert "✗ 1" in printed(made)


def test_a_named_case_says_which_known_deviation_it_met() -> None:
    case = report([record(verdict="differ", known="rounds-the-scale"), record(verdict="differ", output="dx", known="rounds-the-scale")],
                  known=KNOWN, suite={"name": "case"})  # fmt: skip
    words = "left: differ: y, dx, a known deviation (rounds-the-scale)\n      the scale is rounded\n"
    assert words in printed(case)
    assert words not in printed(structs.replace(case, suite={"name": "quick"}))


def test_why_else_a_run_fails() -> None:
    made = report([record()], known={"gone": KnownReport(reason="", link="", matched=0, agreed=1)})
    summary = structs.replace(made.summary, no_longer_occur=["gone"], below_minimum=["left agrees on 3% of its results"])
    made = structs.replace(made, summary=summary)
    assert failures(made) == [
        "known deviation gone no longer occurs: 1 result it covers agree", "minimum agreement: left agrees on 3% of its results",
    ]  # fmt: skip
    text = printed(made)
    assert "known deviation that no longer occurs: gone: 1 result it covers now agree; narrow or delete it in backends/*/known.py" in text
    assert "minimum agreement: left agrees on 3% of its results" in text


def test_the_first_results_of_a_case_are_printed_before_the_last_runtime_is_done() -> None:
    run = Run([parse_case("Upsample(factor=(2,)) x=(1, 2, 3)")], [found()["torch"], found()["jax"]], suite={})
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    with terminal.progress(run, console, quiet=False) as watch:
        run.ran["torch"].judged = [(0, "", Judgement(output=name, verdict=verdict)) for name, verdict in (("y", "agree"), ("dx", "differ"))]
        watch("torch", "done", 1)
        assert "torch: agree: y; differ: dx" in console.file.getvalue()
        assert "jax: " not in console.file.getvalue()
