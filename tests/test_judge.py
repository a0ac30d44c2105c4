"""The judge, with answers made by hand: the order of verdicts, and what is never let through."""

from __future__ import annotations

import numpy as np
import pytest

from spec import Question, parse_question
from verify.answer import Answer, Output
from verify.judge import Judgement, judge
from verify.record import Verdict
from verify.reference import Reference

QUESTION = parse_question("ConvTranspose(stride=(2,), crop=((0, 1),)) x=(2, 3, 5) w=(3, 2, 3) float32 seed=7")
REFERENCE = Reference(QUESTION, confidence=1)


def _right(question: Question = QUESTION) -> list[Output]:
    return [Output(a.astype(question.dtype), question.dtype) for a in Reference(question, confidence=1).outputs]


def _with(i: int, output: Output) -> Answer:
    outputs = _right()
    outputs[i] = output
    return Answer(tuple(outputs))


def _verdicts(judged: list[Judgement]) -> list[Verdict]:
    return [j.verdict for j in judged]


def test_the_right_answer_agrees() -> None:
    assert _verdicts(judge(REFERENCE, Answer(tuple(_right())))) == ["agree"] * 3


@pytest.mark.parametrize("i", [0, 1, 2])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30, -1.0])
def test_one_wrong_value_differs_and_is_located(i: int, value: float) -> None:
    right = _right()[i]
    values = right.values.copy()
    values[1, 1, 2] = value if values[1, 1, 2] != value else value - 1
    judged = judge(REFERENCE, _with(i, Output(values, "float32")))[i]
    assert judged.verdict == "differ"
    assert judged.difference
    assert judged.difference.first == (1, 1, 2)
    assert judged.difference.count == 1


def test_nan_equals_nothing_not_even_where_everything_is_nan() -> None:
    values = np.full(QUESTION.y, np.nan, np.float32)
    assert judge(REFERENCE, _with(0, Output(values, "float32")))[0].verdict == "differ"


def test_dtype_comes_before_shape_and_shape_before_values() -> None:
    wrong = np.zeros((1, 2, 3))
    assert "dtype" in judge(REFERENCE, _with(0, Output(wrong, "float64")))[0].reason
    assert "shape" in judge(REFERENCE, _with(0, Output(wrong.astype(np.float32), "float32")))[0].reason


@pytest.mark.parametrize("shape", [(2, 2, 10, 1), (1, 2, 2, 10), (40,), (2, 2, 9), (2, 10, 2)])
def test_a_shape_that_broadcasts_is_still_wrong(shape: tuple[int, ...]) -> None:
    values = np.resize(_right()[0].values, shape)
    assert judge(REFERENCE, _with(0, Output(values, "float32")))[0].verdict == "differ"


def test_wrong_wins_over_unsteady_and_unsteady_over_imprecise() -> None:
    right = _right()[0].values
    nudged = np.nextafter(right, np.float32(np.inf), dtype=np.float32)
    assert judge(REFERENCE, _with(0, Output(right + 1, "float32", repeats=False)))[0].verdict == "differ"
    assert judge(REFERENCE, _with(0, Output(nudged, "float32", repeats=False)))[0].verdict == "nondeterministic"
    assert judge(REFERENCE, _with(0, Output(right, "float32", repeats=False)))[0].verdict == "nondeterministic"
    assert judge(REFERENCE, _with(0, Output(nudged, "float32")))[0].verdict == "imprecise"


def test_noise_of_half_the_bound_is_imprecise_and_of_twice_the_bound_differs() -> None:
    right, bound = REFERENCE.outputs[0], REFERENCE.bounds[0]
    for share, verdict in ((0.5, "imprecise"), (2.0, "differ")):
        question = parse_question(repr(QUESTION).replace("float32", "float64"))
        reference = Reference(question, confidence=1)
        values = reference.outputs[0] + share * reference.bounds[0]
        outputs = [Output(values, "float64"), *_right(question)[1:]]
        judged = judge(reference, Answer(tuple(outputs)))[0]
        assert judged.verdict == verdict
    assert right.shape == bound.shape


def test_where_the_bound_is_zero_only_zero_will_do() -> None:
    """Zero insertion moves numbers: an inserted zero that is 1e-30 is wrong, not imprecise."""
    question = parse_question("ZeroInsert(factor=(2,)) x=(1, 1, 3) float64")
    reference = Reference(question)
    values = reference.outputs[0].copy()
    values[0, 0, 1] = 1e-30
    outputs = (Output(values, "float64"), Output(reference.outputs[1], "float64"))
    assert judge(reference, Answer(outputs))[0].verdict == "differ"


@pytest.mark.parametrize("stopped", ["refused", "crashed", "timeout"])
def test_what_did_not_come_back_has_the_verdict_of_what_stopped_it(stopped: Verdict) -> None:
    answer = Answer(tuple(_right()[:1]), stopped, "because")
    assert _verdicts(judge(REFERENCE, answer)) == ["agree", stopped, stopped]


def test_too_few_and_too_many_arrays_differ() -> None:
    assert _verdicts(judge(REFERENCE, Answer(tuple(_right()[:2])))) == ["agree", "agree", "differ"]
    assert _verdicts(judge(REFERENCE, Answer((*_right(), _right()[0])))) == ["agree", "agree", "differ"]


def test_no_arrays_at_all_is_no_free_pass() -> None:
    assert _verdicts(judge(REFERENCE, Answer())) == ["differ"] * 3


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "text",
    [
        "Conv(stride=(1,)) x=(3, 5, 9) w=(7, 5, 4)",
        "ConvTranspose(stride=(2, 1)) x=(3, 4, 5, 6) w=(4, 2, 3, 3)",
        "Upsample(factor=(3,)) x=(1, 2, 4)",
        "MaxPool(kernel=(3,), stride=(1,)) x=(2, 2, 40)",
        "Conv(stride=(1,)) >> Conv(stride=(2,)) x=(2, 2, 9) w=(3, 2, 3) w=(2, 3, 2)",
    ],
)
def test_every_sum_is_exactly_representable(text: str, dtype: str) -> None:
    """With all numbers at the radius, the largest sum of products still fits the significand, and one step more would not."""
    question = parse_question(f"{text} {dtype}")
    reference = Reference(question)
    radius, terms = reference.radius, question.op.terms(question.x, *question.w)
    most = 2 ** {"float32": 24, "float64": 53}[dtype]
    assert terms * radius**question.op.degree <= most
    assert radius == 1 << 31 or terms * (radius + 1) ** question.op.degree > most
    largest = [np.full(shape, float(radius)) for shape in (question.x, *question.w)]
    sums = (question.op(*largest), *question.op.vjp(*largest, np.full(question.y, float(radius))))
    assert max(a.max() for a in sums) <= most


def test_the_probability_of_a_miss_is_that_of_schwartz_and_zippel() -> None:
    values = 2 * REFERENCE.radius + 1
    assert pytest.approx(1 - (1 - 1 / values) ** 2) == REFERENCE.missed_probability
