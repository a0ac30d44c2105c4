"""The judge, with answers made by hand: the order of verdicts, and what is never let through."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from spec import Array, Case, parse_case
from verify.execute.result import Answer, Inferred, Output
from verify.explain.diagnose import diagnosed
from verify.grouping import sentence
from verify.judge.judge import CUT_OFF, NAN_FOR_INFINITY, REPLACED, ZERO_TIMES_NAN, Judgement, doubtful, judge
from verify.judge.reference import Reference
from verify.record import Verdict

QUESTION = parse_case("ConvTranspose(stride=(2,), crop=((0, 1),)) x=(2, 3, 5) w=(3, 2, 3) float32 seed=7")
REFERENCE = Reference(QUESTION, confidence=1)


def _right(case: Case = QUESTION) -> list[Output]:
    return [Output(a.astype(case.dtype), case.dtype) for a in Reference(case, confidence=1).outputs]


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


@pytest.mark.parametrize(
    ("changed", "at", "words"),
    [
        (("x",), 0, "argument x was changed"), (("w",), 0, "argument w was changed"), (("g",), 1, "argument g was changed"),
        (("x", "w"), 0, "arguments x and w were changed"),
    ],
)  # fmt: skip
def test_a_changed_argument_is_wrong_whatever_the_values_are(changed: tuple[str, ...], at: int, words: str) -> None:
    right = [replace(output, repeats=False) for output in _right()]  # a second run on other numbers says nothing
    judged = judge(REFERENCE, Answer(tuple(right), changed=changed))
    assert _verdicts(judged) == ["changed argument" if i == at else "agree" for i in range(3)]
    assert judged[at].reason == words
    wrong = [replace(output, values=-output.values) for output in right]
    judged = judge(REFERENCE, Answer(tuple(wrong), changed=changed))
    assert _verdicts(judged) == ["differ"] * 3
    assert judged[at].reason.endswith(f"values are wrong; {words}")
    assert judged[at].difference
    assert all(words not in j.reason for i, j in enumerate(judged) if i != at)


def test_arguments_of_forward_and_backward_are_held_against_their_outputs() -> None:
    judged = judge(REFERENCE, Answer(tuple(_right()), changed=("x", "g")))
    assert [(j.verdict, j.reason) for j in judged] == [
        ("changed argument", "argument x was changed"), ("changed argument", "argument g was changed"), ("agree", ""),
    ]  # fmt: skip
    forward = judge(REFERENCE, Answer(tuple(_right()[:1]), changed=("x", "g")), names=("y",))
    assert [(j.verdict, j.reason) for j in forward] == [("changed argument", "argument x was changed; argument g was changed")]


def test_what_was_not_given_has_no_other_fault() -> None:
    judged = judge(REFERENCE, Answer(tuple(_right()[:1]), "raised", "no", changed=("g",)))
    assert [(j.verdict, j.reason) for j in judged] == [("agree", ""), ("raised", "no"), ("raised", "no")]


def test_noise_of_half_the_bound_is_imprecise_and_of_twice_the_bound_differs() -> None:
    right, bound = REFERENCE.outputs[0], REFERENCE.bounds[0]
    for share, verdict in ((0.5, "imprecise"), (2.0, "differ")):
        case = parse_case(repr(QUESTION).replace("float32", "float64"))
        reference = Reference(case, confidence=1)
        values = reference.outputs[0] + share * reference.bounds[0]
        outputs = [Output(values, "float64"), *_right(case)[1:]]
        judged = judge(reference, Answer(tuple(outputs)))[0]
        assert judged.verdict == verdict
    assert right.shape == bound.shape


def test_where_the_bound_is_zero_only_zero_will_do() -> None:
    """Zero insertion moves numbers: an inserted zero that is 1e-30 is wrong, not imprecise."""
    case = parse_case("ZeroInsert(factor=(2,)) x=(1, 1, 3) float64")
    reference = Reference(case)
    values = reference.outputs[0].copy()
    values[0, 0, 1] = 1e-30
    outputs = (Output(values, "float64"), Output(reference.outputs[1], "float64"))
    assert judge(reference, Answer(outputs))[0].verdict == "differ"


@pytest.mark.parametrize("stopped", ["raised", "crashed", "timeout"])
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
    case = parse_case(f"{text} {dtype}")
    reference = Reference(case)
    radius, terms = reference.radius, case.op.terms(case.x, *case.w)
    most = 2 ** {"float32": 24, "float64": 53}[dtype]
    assert terms * radius**case.op.degree <= most
    assert radius == 1 << 31 or terms * (radius + 1) ** case.op.degree > most
    largest = [np.full(shape, float(radius)) for shape in (case.x, *case.w)]
    sums = (case.op(*largest), *case.op.vjp(*largest, np.full(case.y, float(radius))))
    assert max(a.max() for a in sums) <= most


def test_the_probability_of_a_miss_is_that_of_schwartz_and_zippel() -> None:
    values = 2 * REFERENCE.radius + 1
    assert pytest.approx(1 - (1 - 1 / values) ** 2) == REFERENCE.missed_probability


# NaN and infinity

PROGRAM = "Conv(stride=(1,), padding=((3, 0),), bias='yes') >> SumPool(kernel=(2,), padding=((-1, 0),)) x=(1, 2, 4) w=(1, 2, 2) w=(1, 1, 1)"


@pytest.mark.parametrize("kind", ["nan", "nans", "infinity"])
@pytest.mark.parametrize(
    "text",
    [
        "Conv(stride=(2,)) x=(2, 3, 7) w=(2, 3, 2)",
        "Upsample(factor=(2,)) x=(2, 3, 5)",
        PROGRAM,
        "Resize(size=(12,), mode='linear') x=(2, 3, 6)",
        "Resize(size=(16,), mode='cubic', a='-1/2', outside='excluded') x=(2, 3, 8)",
        "Resize(size=(4,), mode='area') x=(2, 3, 6)",
    ],
)
def test_the_marked_pixel_must_show_where_a_window_sees_it_and_nowhere_else(text: str, kind: str) -> None:
    reference = Reference(parse_case(f"{text} float32 {kind} seed=1"))
    right = reference.outputs
    assert _judged_marks(reference, right[0]).verdict == "agree"
    seen, finite = np.isnan(right[0]), np.isfinite(right[0])
    assert 0 < seen.sum() < seen.size
    lost, leaked, wrong = right[0].copy(), right[0].copy(), right[0].copy()
    lost[tuple(np.argwhere(seen)[0])] = 1
    leaked[tuple(np.argwhere(finite)[0])] = np.nan
    wrong[tuple(np.argwhere(finite)[0])] += 1 + abs(right[0][finite]).max()
    assert "1 values are finite though" in _judged_marks(reference, lost).reason
    told = _judged_marks(reference, leaked)
    assert "1 values are not finite though" in told.reason
    assert told.diagnosis == ZERO_TIMES_NAN
    assert "1 other values are wrong" in _judged_marks(reference, wrong).reason
    replaced = _judged_marks(reference, np.where(seen, 7, right[0]))
    assert replaced.diagnosis == REPLACED
    assert {j.verdict for j in (_judged_marks(reference, a) for a in (lost, leaked, wrong))} == {"differ"}


def _judged_marks(reference: Reference, y: Array) -> Judgement:
    outputs = [Output(a, reference.case.dtype) for a in (y, *reference.outputs[1:])]
    return judge(reference, Answer(tuple(outputs)))[0]


@pytest.mark.parametrize("text", ["Upsample(factor=(2,)) x=(2, 2, 9)", "MaxPool(kernel=(2,)) x=(2, 2, 18)"])
def test_a_zero_of_the_wrong_sign_is_a_lesser_fault_than_a_wrong_value(text: str) -> None:
    reference = Reference(parse_case(f"{text} float32 zeros"), confidence=1)
    promised, minus = reference.zeros
    right = np.where(promised & minus, -0.0, reference.outputs[0])
    answer = _draws(reference, right)
    assert judge(reference, answer)[0].verdict == "agree"
    told = judge(reference, _draws(reference, right + 0.0))[0]
    first = tuple(int(n) for n in np.argwhere(promised & minus)[0])
    assert (told.verdict, told.reason) == ("zero sign", f"{(promised & minus).sum()} of {promised.sum()} zeros have the wrong sign")
    assert told.difference
    assert (told.difference.first, told.difference.expected, told.difference.got) == (first, "-0.0", "0")
    plus = judge(reference, _draws(reference, np.where(right == 0, -0.0, right)))[0]
    assert plus.difference
    assert (plus.verdict, plus.difference.expected, plus.difference.got) == ("zero sign", "0", "-0.0")
    wrong = right + 0.0
    wrong[0, 0, 0] += 1
    assert judge(reference, _draws(reference, wrong))[0].verdict == "differ"
    signless = [replace(output, values=np.where(output.values == 0, -output.values, output.values)) for output in answer.outputs[1:]]
    assert judge(reference, replace(answer, outputs=(answer.outputs[0], *signless)))[1].verdict == "agree"


def _draws(reference: Reference, y: Array) -> Answer:
    """This y, and what is right of further draws."""
    further = [reference.at(d) for d in range(1, reference.draws)]
    signed = [np.where(r.zeros[0] & r.zeros[1], -0.0, r.outputs[0]) for r in further]
    first = tuple(Output(a.astype(np.float32), "float32") for a in (y, *reference.outputs[1:]))
    more = (tuple(Output(a.astype(np.float32), "float32") for a in (z, *r.outputs[1:])) for z, r in zip(signed, further, strict=True))
    return Answer(first, more=tuple(more))


@pytest.mark.parametrize(
    ("value", "verdict"), [(np.inf, "agree"), (np.nan, "differ"), (-np.inf, "differ"), (65504.0, "differ"), (0.0, "differ")]
)
def test_what_saturates_is_infinite(value: float, verdict: Verdict) -> None:
    reference = Reference(parse_case("Conv(stride=(1,), padding=((2, 2),)) x=(1, 2, 5) w=(2, 2, 3) float16 saturating"))
    right = [np.where(c, a, np.inf).astype(np.float16) for a, c in zip(reference.outputs, reference.claimed, strict=True)]
    assert 0 < reference.claimed[0].sum() < reference.claimed[0].size
    at = tuple(np.argwhere(reference.saturated[0])[0])
    right[0][at] = value
    told = judge(reference, Answer(tuple(Output(a, "float16") for a in right)))
    assert _verdicts(told) == [verdict, "agree", "agree"]
    assert told[0].diagnosis == {"nan": NAN_FOR_INFINITY, "65504.0": CUT_OFF}.get(str(value))
    assert verdict == "agree" or told[0].reason == f"1 of {right[0].size} values are not infinite though the sum is too large in any order"
    at = tuple(np.argwhere(reference.claimed[0])[0])
    right[0][at] = np.inf
    assert judge(reference, Answer(tuple(Output(a, "float16") for a in right)))[0].verdict == "differ"


def test_where_a_weight_is_0_by_a_hair_either_is_right() -> None:
    """Output pixel 1 of three lies on pixel 1 of three: the others' weights are 0 if coordinates are exact."""
    case = parse_case("Resize(size=(3,), mode='linear', coordinates='asymmetric') x=(1, 1, 3) float32 nan")
    reference = next(r for r in (Reference(replace(case, seed=s)) for s in range(99)) if np.isnan(r.drawn[0][0, 0, 0]))
    y = reference.outputs[0]
    assert np.isnan(y[0, 0, 0])
    for value, verdict in ((np.nan, "agree"), (-np.inf, "agree"), (5.0, "agree")):
        assert _judged_marks(reference, np.where(np.arange(3) == 1, value, y)).verdict == verdict
    assert _judged_marks(reference, np.where(np.arange(3) == 2, np.nan, y)).verdict == "differ"


def test_a_negative_weight_sees_too() -> None:
    """Every pixel within two of a cubic's coordinate, on either side of zero."""
    reference = Reference(parse_case("Resize(size=(16,), mode='cubic', a='-1/2', outside='excluded') x=(1, 1, 8) float32 nan seed=1"))
    (at,) = np.flatnonzero(np.isnan(reference.drawn[0].ravel()))
    distance = np.abs((np.arange(16) + 0.5) / 2 - 0.5 - at)
    np.testing.assert_array_equal(np.isnan(reference.outputs[0].ravel()), distance < 2)


def test_an_infinity_that_was_not_chosen_differs() -> None:
    reference = Reference(parse_case("MaxPool(kernel=(2,), stride=(1,)) x=(1, 1, 5) float32 infinity"))
    y = reference.outputs[0]
    told = _judged_marks(reference, np.where(np.isinf(y), 7, y))
    assert (told.verdict, told.diagnosis) == ("differ", REPLACED)
    assert _judged_marks(reference, np.where(np.isinf(y), np.nan, y)).verdict == "differ"


def test_a_wrong_gradient_is_not_blamed_on_a_pixel_it_cannot_see() -> None:
    reference = Reference(parse_case("Resize(size=(12,), mode='linear') x=(2, 3, 6) float32 nan seed=1"))
    outputs = [Output(a + i, "float32") for i, a in enumerate(reference.outputs)]
    assert [(j.verdict, j.diagnosis) for j in judge(reference, Answer(tuple(outputs)))] == [("agree", None), ("differ", None)]


def test_a_bias_sees_nothing() -> None:
    reference = Reference(parse_case("Conv(stride=(3,), bias='yes') x=(2, 1, 6) w=(2, 1, 2) w=(1, 2, 1) float32 nan seed=1"))
    assert [int(np.isnan(a).sum()) for a in reference.outputs[2:]] in ([2, 0], [0, 0])
    assert not np.isnan(reference.outputs[1]).any()


def test_the_marked_pixel_is_found_without_gradients_too() -> None:
    case = parse_case("Upsample(factor=(2,)) x=(1, 1, 2) float32 nan")
    reference = Reference(case, given=(np.array([[[np.nan, 3.0]]]), None))
    np.testing.assert_array_equal(reference.outputs, [[[[np.nan, np.nan, 3, 3]]]])


def test_a_gradient_of_zero_may_or_may_not_be_multiplied_by_nan() -> None:
    """The second step looks at none of the first step's windows that see the pixel."""
    case = parse_case("Conv(stride=(1,)) >> SumPool(kernel=(1,), padding=((-3, 0),)) x=(1, 1, 4) w=(1, 1, 1) float32 nan seed=0")
    reference = next(r for r in (Reference(replace(case, seed=s)) for s in range(99)) if np.isnan(r.drawn[0][..., :3]).any())
    y, dx, dw = reference.outputs
    for value in (np.nan, 5.0):
        outputs = (Output(y, "float32"), Output(dx, "float32"), Output(np.full(dw.shape, value), "float32"))
        assert _verdicts(judge(reference, Answer(outputs))) == ["agree"] * 3


# Shapes without a run

INFERENCE = Reference(parse_case("Conv(stride=(2,)) x=(2, 3, 7) w=(4, 3, 2) float32 check=shape"))


@pytest.mark.parametrize(
    ("inferred", "verdict"),
    [
        ([Inferred("a way", (2, 4, 3))], "agree"),
        ([Inferred("a way", (None, 4, None))], "agree"),
        ([Inferred("a way", (2, 4, 9), ran=(2, 4, 9))], "agree"),
        ([Inferred("a way", (2, 4, 4))], "differ"),
        ([Inferred("a way", (None, 4, 4))], "differ"),
        ([Inferred("a way", (2, 4))], "differ"),
        ([Inferred("a way", (2, 4, 3, 1))], "differ"),
        ([Inferred("a way", None)], "differ"),
        ([Inferred("a way", (2, 4, 3), ran=(2, 4, 9))], "differ"),
        ([Inferred("a way", (2, 4, 3)), Inferred("another", (2, 4, 4))], "differ"),
        ([], "differ"),
    ],
)
def test_an_inferred_shape_may_be_open_but_not_wrong_nor_missing(inferred: list[Inferred], verdict: Verdict) -> None:
    ran = Output(np.zeros((2, 4, 3), np.float32), "float32")
    assert _verdicts(judge(INFERENCE, Answer((ran,), inferred=tuple(inferred)))) == [verdict]


def test_a_run_that_gives_another_shape_is_wrong_whatever_was_inferred() -> None:
    ran = Output(np.zeros((2, 4, 4), np.float32), "float32")
    assert _verdicts(judge(INFERENCE, Answer((ran,), inferred=(Inferred("a way", (2, 4, 3)),)))) == ["differ"]


# What overflows, and what cannot be exact


def test_nothing_is_claimed_where_everything_overflows() -> None:
    case = parse_case("SumPool(kernel=(2,)) x=(1, 1, 4) float32 overflowing")
    most = np.full(case.x, float(np.finfo(np.float32).max))
    y = Output(np.full(case.y, np.inf, np.float32), "float32")
    assert _verdicts(judge(Reference(case, given=(most, None)), Answer((y,)))) == ["vacuous"]
    half = np.where(np.arange(4) < 2, most, most / 4)
    judged = judge(Reference(case, given=(half, None)), Answer((y,)))
    assert _verdicts(judged) == ["differ"]
    y = Output(np.array([[[np.inf, float(np.float32(most[0, 0, 0] / 2))]]]), "float32")
    assert _verdicts(judge(Reference(case, given=(half, None)), Answer((y,)))) == ["agree"]


def test_an_infinite_exact_answer_breaks_nothing() -> None:
    """Where exact values overflow nothing is claimed, and the others are judged as ever."""
    case = parse_case("Conv(stride=(1,)) x=(2, 3, 9) w=(3, 3, 3) float64 overflowing")
    x, g, w = np.ones(case.x), np.ones(case.y), np.full(case.w[0], 1e200)
    x[0] = 1e200
    reference = Reference(case, given=(x, g, w))
    y, *gradients = reference.outputs
    assert np.isinf(y[0]).all()
    assert np.isfinite(y[1]).all()

    def verdict(y: Array) -> str:
        return _verdicts(judge(reference, Answer(tuple(Output(a, "float64") for a in (y, *gradients)))))[0]

    assert verdict(y) == "agree"
    assert verdict(np.where(np.isinf(y), 5.0, y)) == "agree"
    assert verdict(np.where(np.isinf(y), y, 2 * y)) == "differ"
    assert verdict(np.full_like(y, np.inf)) == "differ"
    all_large = Reference(case, given=(np.full_like(x, 1e200), g, w))
    assert _verdicts(judge(all_large, Answer(tuple(Output(a, "float64") for a in all_large.outputs))))[0] == "vacuous"


@pytest.mark.parametrize(("kernel", "verdict"), [(3, "agree"), (4, "imprecise")])
def test_a_third_may_be_rounded_even_on_whole_numbers_but_a_quarter_may_not(kernel: int, verdict: Verdict) -> None:
    reference = Reference(parse_case(f"AveragePool(kernel=({kernel},)) x=(2, 3, 24) float32 seed=1"), confidence=1)
    right = [a.astype(np.float32) for a in reference.outputs]
    nudged = np.nextafter(right[0], np.float32(np.inf), dtype=np.float32)
    outputs = tuple(Output(a, "float32") for a in (nudged, right[1]))
    assert judge(reference, Answer(outputs))[0].verdict == verdict
    assert judge(reference, Answer((Output(right[0] + 1, "float32"), outputs[1])))[0].verdict == "differ"


# Gradients that do not exist

@pytest.mark.parametrize(
    "text",
    [
        "LpPool(kernel=(2,)) x=(1, 2, 12) float32 ties seed=3",
        "LpPool(kernel=(2,), p=1) x=(1, 2, 12) float32 ties seed=3",
        "AdaptiveMaxPool(size=(4,)) x=(1, 2, 12) float32 ties seed=3",
        "Upsample(factor=(2,)) >> LpPool(kernel=(2,)) x=(1, 2, 9) float32 ties seed=1",
    ],
)
def test_nothing_is_claimed_of_a_gradient_that_does_not_exist(text: str) -> None:
    """What JAX, PyTorch and TensorFlow give for the norm of zeros: NaN, 0 and NaN. Beside it every value counts."""
    reference = Reference(parse_case(text))
    draws = [reference.at(d) for d in range(reference.draws)]
    assert all(0 < r.defined[1].sum() < r.defined[1].size for r in draws)

    def judged(dx: list[Array]) -> Judgement:
        outputs = [(Output(r.outputs[0], "float32"), Output(a, "float32")) for r, a in zip(draws, dx, strict=True)]
        return judge(reference, Answer(outputs[0], more=tuple(outputs[1:])))[1]

    for value in (np.nan, 7.0, -1.0):
        assert judged([np.where(r.defined[1], r.outputs[1], value) for r in draws]).verdict == "agree"
    wrong = [r.outputs[1].copy() for r in draws]
    wrong[-1][tuple(np.argwhere(draws[-1].defined[1])[-1])] += 1
    difference = judged(wrong).difference
    assert difference
    assert difference.count == 1


def test_a_gradient_that_exists_nowhere_is_vacuous_unless_another_draw_has_one() -> None:
    reference = Reference(parse_case("AdaptiveMaxPool(size=(1,)) x=(1, 1, 2) float32 ties seed=0"))
    draws = [reference.at(d) for d in range(reference.draws)]
    outputs = [tuple(Output(a, "float32") for a in r.outputs) for r in draws]
    assert {bool(r.defined[1].any()) for r in draws} == {False, True}
    assert _verdicts(judge(reference, Answer(outputs[0], more=tuple(outputs[1:])))) == ["agree", "agree"]
    equal = Reference(reference.case, given=(np.zeros((1, 1, 2)), np.ones((1, 1, 1))))
    told = judge(equal, Answer((Output(np.zeros((1, 1, 1)), "float32"), Output(np.full((1, 1, 2), np.nan), "float32"))))
    assert _verdicts(told) == ["agree", "vacuous"]
    assert "not defined" in told[1].reason


# The result in a batch, then the result individually

RIGHT = Answer(tuple(_right()))
CHANGED = replace(RIGHT, changed=("x",))
WRONG = Answer((Output(_right()[0].values[..., ::-1], "float32"), *_right()[1:]))


@pytest.mark.parametrize("stopped", ["not offered", "raised", "crashed", "timeout"])
@pytest.mark.parametrize("case", [QUESTION, replace(QUESTION, check="shape")], ids=["values", "shapes"])
def test_what_was_not_run_has_a_verdict_on_every_output(stopped: Verdict, case: Case) -> None:
    judged = judge(Reference(case, confidence=1), Answer(stopped=stopped, reason="the reason"))
    assert [(j.output, j.verdict, j.reason) for j in judged] == [(name, stopped, "the reason") for name in case.outputs]


@pytest.mark.parametrize(
    ("in_batch", "individually", "batch_flags", "verdict"),
    [
        (WRONG, RIGHT, False, "nondeterministic"),
        (CHANGED, RIGHT, False, "nondeterministic"),
        (RIGHT, CHANGED, False, "changed argument"),
        (WRONG, RIGHT, True, "agree"),
        (WRONG, WRONG, False, "differ"),
        (RIGHT, WRONG, False, "differ"),
        (RIGHT, RIGHT, False, "agree"),
        (Answer(stopped="crashed"), RIGHT, False, "agree"),
        (WRONG, Answer(stopped="crashed"), False, "crashed"),
    ],
)
def test_the_result_individually_counts_and_one_that_is_right_only_then_is_unsteady(
    in_batch: Answer, individually: Answer, batch_flags: bool, verdict: Verdict
) -> None:
    judged = judge(REFERENCE, individually, judge(REFERENCE, in_batch), batch_flags=batch_flags)
    others = "crashed" if individually.stopped else "agree"
    assert _verdicts(judged) == [verdict, others, others]


def test_a_mistake_is_looked_for_only_where_that_is_asked() -> None:
    assert judge(REFERENCE, WRONG)[0].diagnosis is None
    assert "flipped" in sentence(judge(REFERENCE, WRONG, explain=diagnosed)[0].diagnosis)


@pytest.mark.parametrize(
    ("result", "batch_flags", "expected"),
    [
        (RIGHT, True, False),
        (WRONG, False, True),
        (WRONG, True, True),
        (CHANGED, False, True),
        (Answer(stopped="raised"), True, False),
        (Answer(stopped="crashed"), True, True),
        (Answer(stopped="timeout"), True, True),
        (Answer(stopped="crashed"), False, False),
    ],
)
def test_what_a_batch_does_not_settle(result: Answer, batch_flags: bool, expected: bool) -> None:
    assert doubtful(judge(REFERENCE, result), batch_flags=batch_flags) == expected
