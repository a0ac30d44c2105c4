"""Like failures are grouped by one key, from data that a record keeps; the terminal, JUnit, Markdown and the minimiser share the groups."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from msgspec import structs
from rich.console import Console

from tests.sample_reports import BOTH, TRANSPOSE, UPSAMPLE, record, report
from verify.grouping import alike, because, by_mistake, in_any_step, likeness, operation, sentence, unexpected
from verify.record import Diagnosis, Record
from verify.report import terminal
from verify.report.formats import FORMATS

SHIFTED = Diagnosis("crop shifted by one pixel later", "crop", "lo + 1, hi − 1")
LONGER = UPSAMPLE.replace("(1, 2, 3)", "(1, 2, 4)")
WIDER = UPSAMPLE.replace("(2,)", "(2, 3)").replace("(1, 2, 3)", "(1, 2, 3, 4)")


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


@pytest.mark.parametrize("more", [{"matches": SHIFTED}, {"verdict": "raised", "reason": "no kernel"}])
def test_one_explanation_is_one_fault_whichever_output_shows_it(more: dict[str, Any]) -> None:
    assert len(alike([wrong(**more), wrong(output="dx", **more)])) == 1


DIFFERENCES: dict[str, dict[str, Any]] = {
    "runtime": {"runtime": "right"}, "operation": {"case": TRANSPOSE}, "verdict": {"verdict": "nondeterministic"},
    "reason": {"reason": "dtype float64 instead of float32"}, "known": {"known": "an-id"}, "matches": {"matches": SHIFTED},
}  # fmt: skip


@pytest.mark.parametrize("field", DIFFERENCES)
def test_every_part_of_the_key_tells_two_groups_apart(field: str) -> None:
    other = wrong(**DIFFERENCES[field])
    assert getattr(likeness(other), field) != getattr(likeness(wrong()), field)
    assert len(alike([wrong(), other])) == 2


def test_amounts_and_shapes_do_not() -> None:
    (group,) = alike([wrong(LONGER, reason="1 of 16 values are wrong"), wrong()])
    assert [r.case for r in group] == [UPSAMPLE, LONGER]


def test_every_view_has_the_same_groups() -> None:
    shifted = [wrong(TRANSPOSE, output, matches=SHIFTED) for output in ("y", "dx")]
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
    added = Diagnosis("constant added to the result", value="3")
    in_a_step = structs.replace(added, value="2", step=2, where="Conv")
    found = {UPSAMPLE: added, TRANSPOSE: structs.replace(added, value="7"), BOTH: in_a_step}
    groups = alike(wrong(case, matches=mistake) for case, mistake in found.items())
    assert len(groups) == 3
    assert [len(group) for group in by_mistake(groups)] == [3]
    parts = (Diagnosis("only the last channel wrong", located=True), structs.replace(added, part="the last channel", located=True))
    for located in parts:
        assert len(by_mistake(alike(wrong(case, matches=located) for case in found))) == 3


@pytest.mark.parametrize(
    ("diagnosis", "words"),
    [
        (None, ""),
        (Diagnosis("padding ignored", "padding"), "matches: padding ignored"),
        (SHIFTED, "matches: crop shifted by one pixel later (lo + 1, hi − 1)"),
        (structs.replace(SHIFTED, step=2, where="ConvTranspose"),
         "matches: crop shifted by one pixel later (lo + 1, hi − 1), in step 2 (ConvTranspose)"),
        (Diagnosis("result multiplied by a constant", value="2", part="the last channel", located=True),
         "matches only in the last channel: result multiplied by a constant (2)"),
        (Diagnosis("only the last channel wrong", located=True), "matches: only the last channel wrong"),
    ],
)  # fmt: skip
def test_a_diagnosis_has_one_sentence_in_every_view(diagnosis: Diagnosis | None, words: str) -> None:
    assert sentence(diagnosis) == words
    made = report([wrong(matches=diagnosis)])
    printed = Console(file=io.StringIO(), width=200)
    terminal.remaining(made, printed, quiet=False)
    assert isinstance(printed.file, io.StringIO)
    assert (words or "matches no hypothesis") in printed.file.getvalue()
    for view in ("junit", "md", "html", "csv"):
        assert sentence(in_any_step(diagnosis)) in str(FORMATS[view](made))


QUOTED = "ValueError: mine.py: upsample for {}: no float32 on axis {} of {}"
ERRORS = [
    record(case, verdict="raised", reason=QUOTED.format(case.partition(" x=")[0], axis, axis + 1))
    for case, axis in ((UPSAMPLE, 2), (WIDER, 3))
]


def test_an_error_that_quotes_its_operation_is_one_cause() -> None:
    assert [len(group) for group in alike(ERRORS)] == [2]
    other = structs.replace(ERRORS[0], reason=ERRORS[0].reason.replace("float32", "float64"))
    assert [len(group) for group in alike([*ERRORS, other])] == [2, 1]


def test_people_read_the_numbers_of_the_first() -> None:
    (group,) = alike(ERRORS)
    assert because(group) == ERRORS[0].reason
