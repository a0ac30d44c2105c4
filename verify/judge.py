"""The one place where an answer meets the definition.

Meaning is decided on whole numbers small enough that every partial sum is exactly representable: a right implementation that adds
products then answers bit for bit. Dtype comes first, then shape, then values; NaN equals nothing. An answer that is not bit for bit
but within the rounding bound γ_K · op(|x|, |w|), γ_K = K·u/(1 − K·u), plus its own rounding, is `imprecise`, never `differ`
(Higham, Accuracy and Stability of Numerical Algorithms, ch. 3).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from spec import Array, Impossible, MaxUnpool, Question
from verify.host import draw
from verify.record import Difference, Verdict

DIGITS = {"float32": 24, "float64": 53}
"""Significant bits: whole numbers up to 2**DIGITS are exact, and u = 2**-DIGITS."""

LARGEST_RADIUS = 1 << 31


@dataclass(frozen=True)
class Output:
    """One array a runtime gave."""

    values: Array
    dtype: str
    repeats: bool = True
    """Whether the second run on the same numbers gave the same bits."""


@dataclass(frozen=True)
class Answer:
    """What a runtime said to one question: its outputs in order, then what stopped it, if anything did."""

    outputs: tuple[Output, ...] = ()
    stopped: Verdict | None = None
    reason: str = ""


@dataclass(frozen=True)
class Judgement:
    """The verdict on one output."""

    output: str
    verdict: Verdict
    reason: str = ""
    difference: Difference | None = None
    diagnosis: str = ""
    """Words that finish "answers as if …"; empty if nothing explains it, or nothing was looked for."""


@dataclass(frozen=True)
class Reference:
    """The definition's own answer to a question, computed once for all runtimes."""

    question: Question
    given: tuple[Array | None, ...] | None = None
    """x, g (None: no gradients asked) and the weights, where they are not drawn."""
    _terms: int = field(init=False)

    def __post_init__(self) -> None:
        if self.given is None and any(isinstance(op, MaxUnpool) for op in self.question.op.steps):
            raise Impossible("MaxUnpool takes indices, which cannot be drawn; theorems ask about it")
        object.__setattr__(self, "_terms", self.question.op.terms(self.question.x, *self.question.w))

    @property
    def degree(self) -> int:
        """How many independent arrays each product multiplies."""
        return self.question.op.degree

    @cached_property
    def radius(self) -> int:
        """Numbers are drawn from −radius … radius, so that terms · radius**degree is exactly representable. 0 if there is no such."""
        most = (1 << DIGITS[self.question.dtype]) // (self._terms * self.question.op.unit)
        radius = min(round(most ** (1 / self.degree)) + 1, LARGEST_RADIUS)
        while radius and int(radius) ** self.degree > most:
            radius -= 1
        return int(radius)

    @property
    def missed_probability(self) -> float | None:
        """At most this probable that another multilinear operation gave the right answer on this draw (Schwartz 1980, Zippel 1979);
        None where the operation is not multilinear."""
        if not self.question.op.multilinear:
            return None
        return float(1 - (1 - 1 / (2 * self.radius + 1)) ** self.degree) if self.radius else 1.0

    @cached_property
    def drawn(self) -> tuple[Array, Array, tuple[Array, ...]]:
        """x, the cotangent g, and the weights."""
        q = self.question
        if self.given is not None:
            x, g, *w = (np.zeros(q.y) if a is None else a.astype(np.float64) for a in self.given)
            return x, g, tuple(w)
        x, g, *w = (draw(q.seed, i, shape, self.radius).astype(np.float64) for i, shape in enumerate((q.x, q.y, *q.w)))
        unit = self.question.op.unit
        return x * unit, g * unit, tuple(w)

    @cached_property
    def outputs(self) -> tuple[Array, ...]:
        """y, ∂x and each ∂w, as whole numbers held in float64."""
        x, g, w = self.drawn
        y = self.question.op(x, *w)
        return (y, *self.question.op.vjp(x, *w, g)) if self.differentiated else (y,)

    @property
    def names(self) -> tuple[str, ...]:
        """The outputs asked for."""
        return self.question.outputs if self.differentiated else ("y",)

    @property
    def differentiated(self) -> bool:
        """Whether gradients are asked for."""
        return self.given is None or self.given[1] is not None

    @cached_property
    def bounds(self) -> tuple[Array, ...]:
        """For each output, how far rounding in any order may take it."""
        x, g, w = (np.abs(self.drawn[0]), np.abs(self.drawn[1]), [np.abs(a) for a in self.drawn[2]])
        u, op = 2.0 ** -DIGITS[self.question.dtype], self.question.op
        if self._terms * self.degree * u >= 1:
            raise ValueError(f"{self.question}: too many terms for a rounding bound")
        steps = self._terms + self.degree - 1
        gamma = steps * u / (1 - steps * u)
        sums = (op(x, *w), *op.vjp(x, *w, g)) if self.differentiated else (op(x, *w),)
        return tuple(gamma * a + u * a for a in sums)


def judge(reference: Reference, answer: Answer) -> list[Judgement]:
    """One verdict for every output of the question: the first that applies of crashed, timeout, refused, differ,
    nondeterministic, imprecise, agree."""
    names = reference.names
    given = answer.outputs[: len(names)]
    verdicts = [_judged(name, i, reference, output) for i, (name, output) in enumerate(zip(names, given, strict=False))]
    if len(answer.outputs) > len(names):
        verdicts[-1] = Judgement(names[-1], "differ", f"{len(answer.outputs)} arrays came back where {len(names)} were asked for")
    for name in names[len(given) :]:
        stopped = answer.stopped or "differ"
        verdicts.append(Judgement(name, stopped, answer.reason or "no array came back for this output"))
    return verdicts


def _judged(name: str, i: int, reference: Reference, got: Output) -> Judgement:
    expected = reference.outputs[i]
    if got.dtype != reference.question.dtype or got.values.dtype.kind == "c":
        return Judgement(name, "differ", f"dtype {got.dtype} instead of {reference.question.dtype}")
    if got.values.shape != expected.shape:
        return Judgement(name, "differ", f"shape {got.values.shape} instead of {expected.shape}")
    values = got.values.astype(np.float64)
    wrong = ~(values == expected)
    if not wrong.any():
        if got.repeats:
            return Judgement(name, "agree")
        return Judgement(name, "nondeterministic", "a second run on the same numbers answered otherwise")
    error, bound = np.abs(values - expected), reference.bounds[i]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(wrong, error / bound, 0.0)
    worst = float(ratio.max()) if np.isfinite(ratio).all() else None
    first = tuple(int(n) for n in np.argwhere(wrong)[0])
    difference = Difference(
        count=int(wrong.sum()), total=wrong.size, first=first,
        expected=_plain(expected[first]), got=_plain(values[first]), ratio=worst,
    )  # fmt: skip
    share = f"{difference.count} of {difference.total} values"
    if worst is None or worst > 1:
        return Judgement(name, "differ", f"{share} are wrong", difference)
    if not got.repeats:
        return Judgement(name, "nondeterministic", "a second run on the same numbers answered otherwise")
    return Judgement(name, "imprecise", f"{share} are not exact, but within {worst:.2g} of the rounding bound", difference)


def _plain(value: Any) -> str:
    number = float(value)
    return str(int(number)) if number.is_integer() else repr(number)
