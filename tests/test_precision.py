"""Rounding on real numbers: what passes, what does not, and what it is called."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from spec import Array, parse_case
from tests.honest import answer
from tests.implementations import IMPLEMENTATIONS, Implementation
from verify.execute.result import Answer, Output
from verify.execute.worker import rounded
from verify.grouping import sentence
from verify.judge.judge import Judgement, judge
from verify.judge.precision import biased
from verify.judge.reference import Reference
from verify.record import Diagnosis

WIDE = Reference(parse_case("Conv(stride=(1,)) x=(2, 3, 9) w=(4, 3, 3) float64 wide seed=2"))
NORMAL = Reference(parse_case("Conv(stride=(1,)) x=(4, 2, 40) w=(4, 2, 2) float32 normal seed=2"))
OUTPUTS = range(3)


def _judged(reference: Reference, i: int, values: Array) -> Judgement:
    """The verdict on one output, the others right."""
    outputs = [Output(a, reference.case.dtype) for a in reference.outputs]
    outputs[i] = Output(values, reference.case.dtype)
    return judge(reference, Answer(tuple(outputs)))[i]


def _noise(reference: Reference, i: int, share: float, seed: int = 0) -> Array:
    """The right answer, each value off by a share of its bound, up or down."""
    signs = np.random.default_rng(seed).choice([-1, 1], reference.outputs[i].shape)
    return reference.outputs[i] + share * signs * reference.bounds[i]


@pytest.mark.parametrize("i", OUTPUTS)
def test_noise_of_half_the_bound_passes(i: int) -> None:
    assert _judged(WIDE, i, _noise(WIDE, i, 0.5)).verdict == "agree"


@pytest.mark.parametrize("i", OUTPUTS)
def test_the_same_noise_on_whole_numbers_is_imprecise(i: int) -> None:
    whole = Reference(parse_case("Conv(stride=(1,)) x=(2, 3, 9) w=(4, 3, 3) float64 seed=2"), confidence=1)
    assert _judged(whole, i, _noise(whole, i, 0.5)).verdict == "imprecise"


@pytest.mark.parametrize("share", [1.1, 2, 1e6])
@pytest.mark.parametrize("i", OUTPUTS)
def test_noise_beyond_the_bound_does_not_pass(i: int, share: float) -> None:
    assert _judged(WIDE, i, _noise(WIDE, i, share)).verdict in ("imprecise", "differ")


def test_one_value_beyond_its_bound_is_enough() -> None:
    values = WIDE.outputs[0].copy()
    values[1, 2, 3] += 2 * WIDE.bounds[0][1, 2, 3]
    judged = _judged(WIDE, 0, values)
    assert judged.verdict != "agree"
    assert judged.difference
    assert judged.difference.first == (1, 2, 3)


LEANING: dict[str, Callable[[Array], Array]] = {
    "larger": np.ones_like,
    "smaller": lambda y: -np.ones_like(y),
    "towards zero": lambda y: -np.sign(y),
}


@pytest.mark.parametrize("words", LEANING)
def test_errors_that_lean_are_biased_though_each_is_within_its_bound(words: str) -> None:
    error = 0.3 * NORMAL.bounds[0] * LEANING[words](NORMAL.outputs[0])
    assert words in biased(NORMAL, 0, error)
    judged = _judged(NORMAL, 0, NORMAL.outputs[0] + error)
    assert judged.verdict == "imprecise"
    assert words in judged.reason


def test_errors_that_are_too_large_together_are_biased() -> None:
    noises = [_noise(NORMAL, 0, 0.8, seed) - NORMAL.outputs[0] for seed in range(20)]
    words = [biased(NORMAL, 0, noise) for noise in noises]
    assert all(words)
    assert any("mean square" in w for w in words)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS, ids=lambda i: i.name)
def test_honest_rounding_is_not_biased(implementation: Implementation) -> None:
    for seed in range(20):
        q = parse_case(f"Conv(stride=(1,)) x=(4, 2, 40) w=(4, 2, 2) float32 normal seed={seed}")
        reference = Reference(q)
        given = answer(reference, implementation, {})
        assert [j.verdict for j in judge(reference, given)] == ["agree"] * 3


NAMED: dict[str, Callable[[Reference], Array]] = {
    "inputs rounded to TF32 or float16 (11 significant bits)": lambda r: r.everything(*_narrowed(r, 11))[0],
    "inputs rounded to bfloat16 (8 significant bits)": lambda r: r.everything(*_narrowed(r, 8))[0],
    "sums kept in TF32 or float16 (11 significant bits)": lambda r: rounded(r.outputs[0], 11),
    "sums kept in bfloat16 (8 significant bits)": lambda r: rounded(r.outputs[0], 8),
}


def _narrowed(reference: Reference, bits: int) -> tuple[Array, Array, tuple[Array, ...]]:
    x, g, w = reference.drawn
    return rounded(x, bits), g, tuple(rounded(v, bits) for v in w)


@pytest.mark.parametrize("words", NAMED)
def test_another_precision_is_named(words: str) -> None:
    judged = _judged(NORMAL, 0, NAMED[words](NORMAL))
    assert judged.verdict == "imprecise"
    assert words in sentence(judged.diagnosis)


def test_flushing_is_named_and_another_loss_is_not() -> None:
    reference = Reference(parse_case("Conv(stride=(1,)) x=(2, 1, 20) w=(3, 1, 1) float32 subnormal seed=2"))
    right = reference.outputs[0]
    flushed = np.where(np.abs(right) < 2.0**-126, 0, right)
    assert 0 < (flushed == 0).sum() < right.size
    assert "flushed to zero" in sentence(_judged(reference, 0, flushed).diagnosis)
    assert _judged(reference, 0, 0 * right).verdict == "differ"


def test_no_precision_explains_another_operation() -> None:
    judged = _judged(NORMAL, 0, NORMAL.outputs[0][..., ::-1])
    assert (judged.verdict, judged.diagnosis) == ("differ", None)


def test_float16_sums_are_not_taken_for_flushed_subnormals() -> None:
    """A whole answer of float16 is about as large as what would be flushed, which would then explain anything."""
    reference = Reference(parse_case("SumPool(kernel=(4,), stride=(1,)) x=(1, 1, 99) float16 subnormal seed=5"))
    x = reference.drawn[0].astype(np.float16)
    sums = x[..., :-3] + x[..., 1:-2] + x[..., 2:-1] + x[..., 3:]
    judged = _judged(reference, 0, sums.astype(float))
    assert judged.verdict == "imprecise"
    assert judged.diagnosis == Diagnosis("sums kept in TF32 or float16", value="11 significant bits")
