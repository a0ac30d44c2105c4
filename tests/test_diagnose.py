"""A wrong answer is traced to the operation that gives it, and to none where no neighbour does."""

from __future__ import annotations

import numpy as np
import pytest

from spec import Question, operations, parse_question
from tests.mutants import MUTANTS
from verify.diagnose import diagnose
from verify.record import Report
from verify.reference import Reference
from verify.run import Run

pytest.importorskip("torch")

TRACED = {
    "crop-on-the-other-side": "lo and hi of crop were exchanged",
    "crop-shifted-by-one": "crop began one pixel later",
    "padding-on-the-other-side": "lo and hi of padding were exchanged",
    "padding-sign-lost": "padding had lost its sign",
    "appended-zeros-forgotten": "negative crop were nothing",
    "dilation-ignored": "the dilation were 1",
    "stride-and-dilation-exchanged": "stride and dilation were exchanged",
    "trailing-zeros-forgotten": "there were no trailing zeros",
    "kernel-flipped": "the kernel were flipped",
    "output-channels-reversed": "first channel axis were reversed",
    "input-channels-reversed": "channel",
    "channel-axes-of-the-kernel-exchanged": "channel axes were exchanged",
    "one-pixel-shifted": "one pixel later on spatial axis 0, wrapped around",
    "bias-added": "1 were added",
    "answers-its-input": "it did nothing",
    "wrong-input-gradient": "multiplied by 2",
    "no-weight-gradient": "multiplied by 0",
}

ASKED = [
    "Conv(stride=(2,), padding=((1, 2),)) x=(2, 3, 7) w=(4, 3, 3) float32 seed=1",
    "Conv(stride=(2,), padding=((-1, 2),)) x=(2, 3, 9) w=(4, 3, 3) float64 seed=1",
    "Conv(stride=(1,), padding=((3, 3),), dilation=(2,)) x=(2, 3, 7) w=(4, 3, 3) float32 seed=1",
    "Conv(stride=(1,)) x=(2, 3, 3) w=(3, 3, 1) float32 seed=1",
    "ConvTranspose(stride=(2,), crop=((0, 1),)) x=(2, 3, 5) w=(3, 2, 3) float32 seed=7",
    "ConvTranspose(stride=(2,), crop=((1, -2),)) x=(2, 3, 5) w=(3, 2, 4) float32 seed=7",
    "ZeroInsert(factor=(3,)) x=(2, 3, 5) float32 seed=2",
]


@pytest.fixture(scope="module")
def report() -> Report:
    return Run([parse_question(text) for text in ASKED], [MUTANTS[name] for name in TRACED], suite={}).go()


@pytest.mark.parametrize("name", TRACED)
def test_a_mistake_is_named(name: str, report: Report) -> None:
    found = {r.diagnosis for r in report.records if r.runtime == name and r.verdict == "differ"}
    assert any(TRACED[name] in words for words in found), found


def test_the_right_answer_needs_no_diagnosis(report: Report) -> None:
    assert not any(r.diagnosis for r in report.records if r.verdict == "agree")


def test_what_no_neighbour_gives_is_not_explained() -> None:
    reference = Reference(parse_question(ASKED[0]))
    rng = np.random.default_rng(0)
    for i, right in enumerate(reference.outputs):
        assert diagnose(reference, i, rng.integers(-9, 9, right.shape).astype(float)) == ""
        almost = right.copy()
        almost.flat[0] += 1
        assert diagnose(reference, i, almost) == ""


@pytest.mark.parametrize("text", ASKED)
def test_neighbours_are_other_operations(text: str) -> None:
    question = parse_question(text)
    for words, other in question.op.neighbours():
        assert words
        assert type(other) in operations().values()


def test_an_empty_array_is_no_evidence() -> None:
    reference = Reference(parse_question("Conv(stride=(1,)) x=(1, 2, 2) w=(3, 2, 3)"))
    assert diagnose(reference, 0, np.empty((1, 3, 0))) == ""
    assert diagnose(reference, 0, reference.drawn[0]) == ""


def test_a_step_of_a_composition_is_blamed() -> None:
    question: Question = parse_question("Upsample(factor=(2,)) >> Conv(stride=(1,), padding=((0, 1),)) x=(1, 2, 4) w=(3, 2, 3)")
    reference = Reference(question)
    wrong = parse_question("Upsample(factor=(2,)) >> Conv(stride=(1,), padding=((1, 0),)) x=(1, 2, 4) w=(3, 2, 3)").op
    x, _, w = reference.drawn
    assert diagnose(reference, 0, wrong(x, *w)) == "lo and hi of padding were exchanged (in Conv, step 2)"
