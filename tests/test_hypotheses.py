"""Five mistakes of fast kernels, each named by its own hypothesis, and no other mistake by it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from spec import Array, parse_case
from verify.execute.result import Answer, Output
from verify.explain.diagnose import diagnose, diagnosed
from verify.grouping import sentence
from verify.judge.judge import Judgement
from verify.judge.reference import Reference

WINDOWS = "whole input used for every window"
FACTOR = "factor at most 4, length kept"
MARKS = "only the first NaN of x kept, the others replaced by 0"


def named(text: str, made: Callable[[Reference], Array], output: int = 0) -> str:
    """What is said of a result made from a case's numbers, of which nothing is said where it is right."""
    reference = Reference(parse_case(text))
    assert diagnose(reference, output, reference.outputs[output]) is None
    return sentence(diagnose(reference, output, made(reference))).removeprefix("matches: ")


@pytest.mark.parametrize(
    ("operation", "value"), [("AveragePool", np.mean), ("SumPool", np.sum), ("MaxPool", np.max)], ids=["mean", "sum", "maximum"]
)
def test_a_pool_over_the_whole_input_is_named(operation: str, value: Callable[..., Array]) -> None:
    text = f"{operation}(kernel=(5, 4), stride=(1, 2), padding=((1, 1), (2, 1))) x=(2, 3, 5, 4) float64 seed=1"

    def everywhere(reference: Reference) -> Array:
        x, g, _ = reference.drawn
        return np.broadcast_to(value(x, (2, 3), keepdims=True), g.shape)

    assert named(text, everywhere) == WINDOWS
    assert named(text, lambda reference: everywhere(reference) + (np.arange(2) == 1)) != WINDOWS


def test_the_gradient_of_a_pool_over_the_whole_input_is_named() -> None:
    text = "AveragePool(kernel=(5,), stride=(1,), padding=((1, 1),)) x=(2, 3, 5) float64 seed=1"
    assert named(text, lambda reference: np.repeat(reference.drawn[1].sum(-1, keepdims=True) / 5, 5, -1), output=1) == WINDOWS


def test_a_pool_over_the_whole_input_is_named_in_its_step() -> None:
    text = "Upsample(factor=(2,)) >> SumPool(kernel=(8,), stride=(1,), padding=((2, 2),)) x=(2, 3, 4) float64 seed=1"
    said = named(text, lambda reference: np.repeat(2 * reference.drawn[0].sum(-1, keepdims=True), 5, -1))
    assert said == f"{WINDOWS}, in step 2 (SumPool)"


@pytest.mark.parametrize(("most", "words"), [(2, "factor at most 2, length kept"), (4, FACTOR), (3, ""), (5, "")])
def test_the_largest_factor_is_named(most: int, words: str) -> None:
    def limited(reference: Reference) -> Array:
        x, _, _ = reference.drawn
        return np.pad(x.repeat(most, 2).repeat(most, 3), ((0, 0), (0, 0), (0, 4 * (6 - most)), (0, 5 * (7 - most))))

    assert named("Upsample(factor=(6, 7)) x=(2, 3, 4, 5) float32 seed=1", limited) == words


LONG = "Conv(stride=(2,), padding=((1, 0),), groups={groups}) x=(2, {channels}, 9) w=(4, 100, 3) float64 seed=1"


@pytest.mark.parametrize("output", [0, 1, 2], ids=["y", "dx", "dw"])
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize(("most", "words"), [(256, "sums of only the first 256 products"), (257, None)], ids=["256", "257"])
def test_products_that_are_dropped_are_counted(most: int, words: str | None, groups: int, output: int) -> None:
    def short(reference: Reference) -> Array:
        x, g, (w,) = reference.drawn
        kept = (np.arange(300) < most).reshape(1, 100, 3)
        op = reference.case.op
        return (op(x, w * kept), op.vjp(x, w * kept, g)[0], op.vjp(x, w, g)[1] * kept)[output]

    said = named(LONG.format(groups=groups, channels=100 * groups), short, output)
    assert said == words if words else "products" not in said


def test_no_sum_of_products_is_counted_along_a_transposed_kernel() -> None:
    """Its sums are over another axis."""
    text = "ConvTranspose(stride=(1,)) x=(2, 4, 9) w=(4, 100, 3) float64 seed=1"
    kept = (np.arange(300) < 256).reshape(1, 100, 3)
    said = named(text, lambda reference: reference.case.op(reference.drawn[0], reference.drawn[2][0] * kept))
    assert "products" not in said


WRAPPED: dict[str, Callable[[Array], Array]] = {
    "wrapped around in an integer (8 bits)": lambda a: a.astype(np.int8),
    "wrapped around in an integer (16 bits)": lambda a: a.astype(np.int16),
    "": lambda a: a.clip(-(2**15), 2**15 - 1),
}


@pytest.mark.parametrize("words", WRAPPED)
def test_an_argument_through_a_narrow_integer_is_named(words: str) -> None:
    def converted(reference: Reference, i: int) -> Array:
        x, _, (w,) = reference.drawn
        args = [x.astype(np.int64), w.astype(np.int64)]
        args[i] = WRAPPED[words](args[i]).astype(np.int64)
        return reference.case.op(*args).astype(float)

    text = "Conv(stride=(2,), padding=((1, 0),)) x=(2, 3, 6) w=(2, 3, 3) float64 seed=1"
    for i, name in enumerate(("x", "kernel")):
        assert named(text, lambda reference, i=i: converted(reference, i)) == f"{name} {words}" * bool(words)


@pytest.mark.parametrize(
    "text",
    [
        "Conv(stride=(1,), padding=((1, 1),)) x=(2, 3, 9) w=(2, 3, 3) float32 nans seed=2",
        "Upsample(factor=(2,)) x=(2, 3, 9) float64 nans seed=2",
        "MaxPool(kernel=(2,), stride=(1,)) x=(2, 3, 9) float32 nans seed=2",
    ],
)
def test_a_kernel_that_stops_at_the_first_nan_is_named(text: str) -> None:
    reference = Reference(parse_case(text))
    x, _, w = reference.drawn
    first, second = np.flatnonzero(np.isnan(x))

    def said(place: int, value: float) -> str:
        taken = x.copy()
        taken.flat[place] = value
        with np.errstate(invalid="ignore"):
            y = reference.case.op(taken, *w)
        answer = Answer((Output(y.astype(reference.case.dtype), reference.case.dtype),))
        return sentence(diagnosed(reference, Judgement("y", "differ"), answer).diagnosis)

    assert said(second, 0) == f"matches: {MARKS}"
    assert said(second, 9_000_000) == ""
    assert said(first, 0) == ""
