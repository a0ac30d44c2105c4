"""Like failures are grouped by one key, from data that a record keeps; the terminal, JUnit, Markdown and the minimiser share the groups."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from tests.sample_reports import BOTH, TRANSPOSE, UPSAMPLE, record, report
from verify.grouping import alike, by_mistake, likeness, operation, unexpected
from verify.record import Record
from verify.report import FORMATS, terminal

SHIFTED = "the crop began one pixel later"
LONGER = UPSAMPLE.replace("(1, 2, 3)", "(1, 2, 4)")


def wrong(case: str = UPSAMPLE, output: str = "y", verdict: str = "differ", **more: object) -> Record:
    return record(case, verdict=verdict, output=output, **{"reason": "3 of 12 values are wrong", **more})


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (record(operations=("Conv",)), "Conv"),
        (record(operations=("Conv", "Pad")), "compositions"),
        (record(), "Upsample"),
        (record(BOTH), "compositions"),
        (record("a-theorem n=(2,)", kind="theorem"), "theorems"),
    ],
)
def test_operations_are_data_and_only_of_an_older_report_read_off_text(one: Record, expected: str) -> None:
    assert operation(one) == expected


def test_outputs_that_nothing_explains_are_faults_of_their_own() -> None:
    assert len(alike([wrong(), wrong(output="dx")])) == 2


@pytest.mark.parametrize("more", [{"diagnosis": SHIFTED}, {"verdict": "raised", "reason": "no kernel"}])
def test_one_explanation_is_one_fault_whichever_output_shows_it(more: dict[str, str]) -> None:
    assert len(alike([wrong(**more), wrong(output="dx", **more)])) == 1  # type: ignore[arg-type]


DIFFERENCES: dict[str, dict[str, str]] = {
    "runtime": {"runtime": "right"}, "operation": {"case": TRANSPOSE}, "verdict": {"verdict": "nondeterministic"},
    "explanation": {"reason": "dtype float64 instead of float32"}, "known": {"known": "an-id"},
}  # fmt: skip


@pytest.mark.parametrize("field", DIFFERENCES)
def test_every_part_of_the_key_tells_two_groups_apart(field: str) -> None:
    other = wrong(**DIFFERENCES[field])  # type: ignore[arg-type]
    assert getattr(likeness(other), field) != getattr(likeness(wrong()), field)
    assert len(alike([wrong(), other])) == 2


def test_amounts_and_shapes_do_not() -> None:
    (group,) = alike([wrong(LONGER, reason="1 of 16 values are wrong"), wrong()])
    assert [r.case for r in group] == [UPSAMPLE, LONGER]


def test_every_view_has_the_same_groups() -> None:
    shifted = [wrong(TRANSPOSE, output, diagnosis=SHIFTED) for output in ("y", "dx")]
    made = report([wrong(), wrong(LONGER), wrong(output="dx"), *shifted])
    groups = unexpected(made)
    assert [len(group) for group in groups] == [2, 2, 1]
    printed = Console(file=io.StringIO(), width=200)
    terminal.remaining(made, printed, quiet=False)
    assert isinstance(printed.file, io.StringIO)
    assert len(re.findall(r"^  again: ", printed.file.getvalue(), re.MULTILINE)) == 3
    assert FORMATS["junit"](made).count("concordant run --case") == 3
    assert str(FORMATS["github"](made)).count("::error") == 3


def test_one_mistake_of_two_operations_is_minimised_once() -> None:
    """Whichever step of a composition it is made in, and whatever the amounts."""
    texts = {UPSAMPLE: "the answer had 3 added", TRANSPOSE: "the answer had 7 added", BOTH: "the answer had 2 added (in Conv, step 2)"}
    groups = alike(wrong(case, diagnosis=words) for case, words in texts.items())
    assert len(groups) == 3
    assert [len(group) for group in by_mistake(groups)] == [3]
    located = alike(wrong(case, diagnosis="all were right but the last place of its batch axis") for case in texts)
    assert len(by_mistake(located)) == 3
