"""Lanczos against plain loops over sines in float64, its sines against identities, and its bound against the formula in float32."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from math import pi, prod, sin
from random import Random
from typing import Any

import numpy as np
import pytest

from spec import Array, Case, Impossible, Lanczos, Shape, parse_case
from spec.ops.lanczos import DIGITS, CoordinateError, sine
from tests.test_spec import grid, inner, integers, row
from verify.execute.result import Answer, Output
from verify.explain.diagnose import diagnosed
from verify.judge.judge import judge
from verify.judge.reference import Reference
from verify.record import Diagnosis


def window(t: Any, lobes: int, kind: Any = float) -> Any:
    """The equation, as frameworks write it, in numbers of a kind."""
    t = np.abs(np.asarray(t, kind))
    full, part = kind(pi) * t, kind(pi) * t / kind(lobes)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(t == 0, kind(1), kind(lobes) * np.sin(full) * np.sin(part) / (kind(pi) * kind(pi) * t * t))
    return np.where(t < lobes, value, kind(0)).astype(kind)


def line(op: Lanczos, axis: int, n: int, kind: Any = float) -> Array:
    """(m, n) coefficients, every pixel tried."""
    m = op.size[axis]
    scale = kind(n) / kind(m) if m else kind(1)
    c = (np.arange(m, dtype=kind) + kind(0.5)) * scale - kind(0.5)
    t = (np.arange(n, dtype=kind)[None] - c[:, None]) / (max(scale, kind(1)) if op.antialias == "yes" else kind(1))
    weights = window(t, op.lobes, kind)
    return weights / weights.sum(1, keepdims=True)


def sizes(cases: int) -> Iterator[tuple[Lanczos, Shape]]:
    rng = Random("lanczos")
    for _ in range(cases):
        rank = rng.choice([1, 1, 1, 2, 2, 3])
        x = (1, rng.randint(1, 2), *(rng.randint(1, 11 - 3 * rank) for _ in range(rank)))
        size = tuple(rng.randint(0 if rng.random() < 0.05 else 1, 12 - 3 * rank) for _ in range(rank))
        yield Lanczos(size=size, lobes=rng.choice([1, 2, 3, 3, 5, 5]), antialias=rng.choice(["no", "yes"])), x


def test_the_answer_is_the_equation() -> None:
    """Value by value; the gradient is the adjoint. Float64 loses hardly more than 2^-45 of it, a wrong window some thousandths."""
    for op, shape in sizes(2000):
        x, g = integers((shape, op.shape(shape)))
        lines = [line(op, axis, n) for axis, n in enumerate(shape[2:])]
        y, (dx,) = op(x), op.vjp(x, g)
        assert y.shape == op.shape(shape)
        assert inner(dx, x) == inner(g, y)
        assert op.terms(shape) >= prod(max((int((row != 0).sum()) for row in rows), default=1) for rows in lines) or 0 in y.shape
        for c, j in ((c, j) for c in range(shape[1]) for j in grid(*op.size)):
            expected = sum(x[(0, c, *i)] * prod(rows[a, b] for rows, a, b in zip(lines, j, i)) for i in grid(*shape[2:]))
            assert abs(float(y[(0, c, *j)]) - expected) <= 2.0**-45 * np.abs(x).sum() * 4**op.rank, op


def test_sines_hold_their_digits() -> None:
    """Where they are algebraic, and where they are not by the sine of three times as much."""
    least = Fraction(1, 1 << DIGITS)
    assert [sine(Fraction(n)) for n in range(-3, 9)] == [0] * 12
    assert abs(sine(Fraction(1, 6)) - Fraction(1, 2)) < least
    assert abs(sine(Fraction(-7, 6)) - Fraction(1, 2)) < least
    assert abs(sine(Fraction(3, 4)) ** 2 - Fraction(1, 2)) < least
    for t in (Fraction(n, d) for d in (5, 7, 1000) for n in range(1, 3 * d, 2)):
        assert abs(sine(3 * t) - 3 * sine(t) + 4 * sine(t) ** 3) < 8 * least
        assert abs(float(sine(t)) - sin(pi * t)) < 1e-13


def test_weights_sum_to_1_and_an_unchanged_length_is_left_as_it_is() -> None:
    for op, shape in sizes(200):
        assert all(abs(float(v) - 1) < 2.0**-52 for v in op(np.ones(shape, int)).flat)
        (x,) = integers((shape,))
        assert np.array_equal(replace(op, size=shape[2:])(x), x)


@pytest.mark.parametrize(("kind", "digits"), [(np.float32, 24), (np.float64, 53)])
def test_the_bound_holds_for_the_formula_in_floats_and_hardly_for_less(kind: Any, digits: int) -> None:
    """Ratios of error and bound, coefficient by coefficient: at most 1, more than a hundredth somewhere."""
    worst = 0.0
    for op, shape in sizes(200):
        for axis, n in enumerate(shape[2:]):
            alone = replace(op, size=op.size[axis : axis + 1])
            (exact,), (bound,) = alone.matrices((1, 1, n)), CoordinateError(**vars(alone), digits=digits).errors((1, 1, n))
            got = line(alone, 0, n, kind).astype(np.float64)
            right = (exact.numerators / exact.denominator).astype(float)
            stored = 8 * 2.0**-digits * np.abs(right)
            allowed = (bound.numerators / bound.denominator).astype(float) + stored
            ratio = np.divide(np.abs(got - right), allowed, out=np.zeros(got.shape), where=got != right)
            assert ratio.max(initial=0) <= 1, alone
            worst = max(worst, ratio.max(initial=0))
    assert worst > 0.01


# What the judge makes of it

ASKED = parse_case("Lanczos(size=(4, 7), antialias='yes') x=(35, 1, 5, 7) float32 impulses")


def answered(q: Case, op: Lanczos) -> Answer:
    reference = Reference(q)
    x, g, _ = reference.drawn
    arrays = reference.everything(x, g, (), op)
    return Answer(tuple(Output(a.astype(np.float32), q.dtype) for a in arrays))


def test_its_own_answer_agrees_and_that_of_another_operation_is_named() -> None:
    own = judge(Reference(ASKED), answered(ASKED, ASKED.op))
    assert [j.verdict for j in own] == ["agree", "agree"]
    others = {mistake: op for mistake, op in ASKED.op.hypotheses() if op != ASKED.op and op.shape(ASKED.x) == ASKED.y}
    assert len(others) > 5
    for mistake, other in others.items():
        answer = answered(ASKED, other)
        judged = judge(Reference(ASKED), answer)[0]
        assert judged.verdict == "differ", mistake
        assert diagnosed(Reference(ASKED), judged, answer).diagnosis == Diagnosis(*mistake)


@pytest.mark.parametrize("kind", ["nan", "infinity"])
def test_a_pixel_that_is_no_number_shows_in_its_window_alone(kind: str) -> None:
    """At the very end of a window, where its weight is 0 by a hair, either is right."""
    q = parse_case(f"Lanczos(size=(24,), lobes=2) x=(1, 1, 12) float32 {kind} seed=1")
    reference = Reference(q)
    x = reference.drawn[0].ravel()
    (at,) = np.flatnonzero(~np.isfinite(x))
    distance = np.abs((np.arange(24) + 0.5) / 2 - 0.5 - at)
    y = reference.outputs[0].ravel()
    assert (np.isnan(y) == (distance < 2)).all()
    assert np.isfinite(y[distance > 2]).all()
    right = np.where(np.isnan(y), np.nan, y).astype(np.float32)
    for leaks, verdict in ((False, "agree"), (True, "differ")):
        values = np.where(leaks, np.nan, right).reshape(1, 1, 24).astype(np.float32)
        dx = reference.outputs[1].astype(np.float32)
        judged = judge(reference, Answer((Output(values, "float32"), Output(dx, "float32"))))
        assert [j.verdict for j in judged] == [verdict, "agree"]


def test_what_is_impossible_says_why() -> None:
    with pytest.raises(Impossible, match="at least 1"):
        Lanczos(size=(3,), lobes=0)
    with pytest.raises(Impossible, match="2 spatial axes"):
        Lanczos(size=(3, 3))(row(1, 2))
    with pytest.raises(Impossible, match="cannot hold"):
        Reference(parse_case("Lanczos(size=(3,)) x=(1, 1, 5) int8"))
