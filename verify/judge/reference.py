"""The definition's own answer to a case, and how far rounding may honestly take another's.

Whole numbers are drawn so small that every partial sum is exactly representable. Real numbers are answered in exact arithmetic and
rounded once at the end, to the sum of two float64; what a right implementation may lose is derived (Higham, Accuracy and Stability of
Numerical Algorithms, ch. 3): with K terms to a sum, in any order, blocked or fused, γ_r = r·u/(1 − r·u) of op(|x|, |w|), r = K − 1
additions and one rounding for each product, u of the accumulator that is promised (float64 for float64, float32 for all others); then
γ_n of the dtype's own u for the n times that values are stored (a step's answer, before a bias too) or coefficients rounded; then one unit
of underflow for each term; then what coordinates computed in the accumulator's precision do to coefficients that follow from them
(spec.ops.coordinate_error).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from spec import Array, Case, Impossible, Operation, Shape
from spec.case import INTEGERS
from spec.operation import Domain
from spec.ops.pieces import PIECE
from verify.execute import worker
from verify.execute.worker import FORMATS, numbers
from verify.limits import CONFIDENCE

MOST_DRAWS = 64
DRAWS_OF_SELECTIONS = 4
"""For maxima, where no probability is derived."""

LARGEST_RADIUS = 1 << 31

Outputs = tuple[Array, ...]


@dataclass(frozen=True)
class Reference:
    """Computed once for all runtimes. `given`: x, g (None: no gradients asked) and the weights, where they are not drawn.

    Raises Impossible where the case's data has no meaning for its operation.
    """

    case: Case
    given: tuple[Array | None, ...] | None = None
    draw: int = 0
    confidence: int = CONFIDENCE
    """Bits: draws are added until P(missed) ≤ 2**-confidence."""
    _terms: int = field(init=False)

    def __post_init__(self) -> None:
        q = self.case
        if self.given is None:
            for shape, domain in zip(q.w, self.domains, strict=True):
                self._expect_samples(shape, domain)
        if q.dtype in INTEGERS and (not q.drawing.fits_integers or q.op.roundings or not q.op.exact_on(q.x, *q.w)):
            raise Impossible(f"{q} asks for numbers that {q.dtype} cannot hold; ask for a float dtype")
        if not q.op.multilinear and (q.drawing.adds or (q.drawing.marked and not self._selects)):
            raise Impossible(f"{q.op!r} selects instead of adding, but {q.data} asks about sums; ask integers, distinct or ties")
        if self.given is None and not q.op.multilinear and self.inexact:
            raise Impossible(f"{q.op!r} selects among numbers that may be rounded, but then no choice is right; ask a dyadic divisor")
        if self.given is None and len(q.op.steps) > 1:
            _alone(q)
        if q.drawing.positive and (q.op.degree == 1 or q.op.roundings):
            raise Impossible(f"{q.op!r} has no products of its own, but {q.data} asks about sums of products; ask overflowing")
        if q.drawing.single and None in self.domains:
            raise Impossible(f"{q.op!r} has weights, but {q.data} ask for coefficients that are its own; ask integers")
        object.__setattr__(self, "_terms", _terms(q))
        if q.drawing.ranked and self._largest_distinct > self._largest_whole:
            raise Impossible(f"x {q.x} has more elements than {q.dtype} can tell apart or add exactly; make it smaller")
        if q.dtype in INTEGERS and not self.radius:
            raise Impossible(f"{q} adds too many products for {q.dtype}; make it smaller")
        if self.given is None and not (q.op.multilinear or self.exact or _norm_of_what_is_drawn(q)):
            raise Impossible(f"{q.op!r} chooses among, or takes norms of, sums that may be rounded; ask one operation by itself")
        if not self.exact and (self._terms + q.op.degree) * self.accumulated >= 0.5:
            raise Impossible(f"{q} adds too many products for an exact answer or a rounding bound in {q.dtype}; make it smaller")

    def at(self, draw: int) -> Reference:
        """The same case's further draw."""
        return self if draw == self.draw else self._further.setdefault(draw, replace(self, draw=draw))

    @cached_property
    def _further(self) -> dict[int, Reference]:
        return {}

    # What is drawn

    @cached_property
    def exact(self) -> bool:
        """Whether a right answer is right bit for bit, unless `inexact`."""
        q = self.case
        drawable = self.given is not None or self.radius > 0
        return q.drawing.exact and drawable and q.op.exact_on(q.x, *q.w)

    @cached_property
    def inexact(self) -> bool:
        """Whether the operation has coefficients that no float can hold, as 1/3: then even whole answers may be rounded."""
        q = self.case
        return q.op.roundings > 0 and q.op.unit_on(q.x, *q.w).bit_count() > 1

    @cached_property
    def radius(self) -> int:
        """Whole numbers are drawn from −radius … radius, so that terms · radius**degree is exactly representable. 0 if there is no such."""
        q = self.case
        most = self._largest_whole // (self._terms * q.op.unit_on(q.x, *q.w))
        degree, reach = q.op.degree, 1 + worker.unsigned(q.dtype)
        if q.drawing.largest:
            return q.drawing.largest if most >= (reach * q.drawing.largest) ** degree else 0
        if q.drawing.long:
            return int(min(most // reach**degree, LARGEST_RADIUS))
        radius = min(round(most ** (1 / degree)) + 1, LARGEST_RADIUS)
        while radius and int(reach * radius) ** degree > most:
            radius -= 1
        return int(radius)

    @property
    def _largest_whole(self) -> int:
        """All whole numbers up to here, and as far below 0 if there is a sign, are exact in the dtype."""
        dtype = self.case.dtype
        return worker.WHOLE[dtype][1] if dtype in INTEGERS else 1 << FORMATS[dtype][0]

    @property
    def _selects(self) -> bool:
        """Whether nothing is added, only chosen."""
        return self.case.op.selects

    @property
    def _largest_distinct(self) -> int:
        """What sums of x may reach if all its elements differ; a maximum adds nothing."""
        q = self.case
        if self._selects:
            return math.prod(q.x) // (2 if q.dtype in INTEGERS and not worker.unsigned(q.dtype) else 1)
        reach = 1 + worker.unsigned(q.dtype)
        largest = max(math.prod(q.x) * reach // 2, reach * self.radius) * self.unit
        return int(self._terms * largest * max(reach * self.radius, 1) ** (q.op.degree - 1))

    @property
    def told(self) -> int:
        """What the worker gets as `radius`: of real numbers, the terms of a sum."""
        return self._terms if self.case.drawing.real else max(self.radius, 1)

    @property
    def unit(self) -> int:
        """x and the cotangent are multiples of this, so that right answers are whole; where such numbers are too large, just of 1."""
        return self.case.op.unit_on(self.case.x, *self.case.w) if self.radius else 1

    @property
    def missed_at_once(self) -> float:
        """At most this probable that another multilinear operation gave the right answer on one draw (Schwartz 1980, Zippel 1979)."""
        return 1 - (1 - 1 / (2 * self.radius + 1)) ** self.case.op.degree if self.radius else 1.0

    @cached_property
    def draws(self) -> int:
        """How many independent draws are run."""
        q = self.case
        if self.given is not None or q.check == "shape" or not q.drawing.fits_integers:
            return 1
        if not q.op.multilinear:
            return DRAWS_OF_SELECTIONS
        if not self.exact:
            return 1
        once = self.missed_at_once
        return 1 if once == 1 else min(max(math.ceil(self.confidence / -math.log2(once)), 1), MOST_DRAWS)

    @property
    def missed_probability(self) -> float | None:
        """That all draws let another operation pass; None where nothing is derived."""
        q = self.case
        derived = q.op.multilinear and q.drawing.plain and q.check == "values" and q.op.exact_on(q.x, *q.w) and not self.inexact
        return float(self.missed_at_once**self.draws) if derived else None

    @cached_property
    def domains(self) -> tuple[Domain | None, ...]:
        """Of the further inputs of all steps."""
        return self.case.op.domains(self.case.x, *self.case.w)

    def _expect_samples(self, shape: Shape, domain: Domain | None) -> None:
        """Raises Impossible where an input of this shape cannot be sampled from its domain, exactly in the dtype."""
        if domain is None:
            return
        q, (least, greatest, parts, distinct) = self.case, domain
        count = greatest - least + 1
        if count < 1 or (distinct and math.prod(shape[2:]) > count):
            raise Impossible(f"{q.op!r} takes an input of shape {shape} with numbers from {least} to {greatest}, but these are too few")
        too_fine = parts & (parts - 1) != 0 or (parts > 1 and q.dtype in INTEGERS)
        if too_fine or max(-least, greatest) > self._largest_whole or (least < 0 and worker.unsigned(q.dtype)):
            numbers = f"numbers from {least} to {greatest}" + (f", divided by {parts}" if parts > 1 else "")
            raise Impossible(f"{q.op!r} takes {numbers}, but {q.dtype} does not hold them all; ask for another dtype, or make it smaller")

    @cached_property
    def drawn(self) -> tuple[Array, Array, Outputs]:
        """x, the cotangent g, and the weights."""
        q = self.case
        if self.given is not None:
            x, g, *w = (np.zeros(q.y) if a is None else a.astype(np.float64) for a in self.given)
        else:
            shapes = [q.x, q.y, *q.w]
            x, g, *w = numbers(q.data, q.seed, self.draw, shapes, radius=self.told, unit=self.unit, dtype=q.dtype, domains=self.domains)
        return x, g, tuple(w)

    # What is right

    @property
    def names(self) -> tuple[str, ...]:
        """The outputs wanted."""
        return self.case.outputs if self.differentiated else ("y",)

    @property
    def differentiated(self) -> bool:
        """Whether gradients are wanted."""
        return self.case.dtype not in INTEGERS and (self.given is None or self.given[1] is not None)

    @cached_property
    def outputs(self) -> Outputs:
        """y, ∂x and each ∂w, as float64; NaN where nothing finite may come out.

        Of whole numbers what was drawn is not kept, since it takes as much memory as the outputs: it is drawn again when needed.
        """
        if self.case.drawing.marked:
            return self._marked(*self.drawn) if not self._selects else self.everything(*self.drawn)
        if self.exact:
            return tuple(a.astype(np.float64, copy=False) for a in self._whole())
        highs = tuple(high for high, _ in self._exactly)
        return tuple(np.where(beyond, np.inf, high) for beyond, high in zip(self.saturated, highs, strict=True))

    @property
    def digestible(self) -> str:
        """A dtype that holds every right value, where only these very values are right, so that a digest tells whether they came. Else
        empty. The sign of a zero does not count."""
        q = self.case
        certain = self.given is None and q.check == "values" and self.exact and not self.inexact
        if not certain or q.drawing.marked or q.drawing.signed or not self._defined_everywhere:
            return ""
        return "int32" if q.dtype in INTEGERS else "float64" if q.dtype == "float64" else "float32"

    @cached_property
    def digests(self) -> tuple[str, ...]:
        """One for each output wanted, of all draws. The values are not kept."""
        return tuple(worker.digests((self.at(draw)._whole() for draw in range(self.draws)), self.digestible))

    def without_values(self) -> Reference:
        """The same, of which nothing is kept but digests, if they are computed already."""
        bare = replace(self)
        if "digests" in vars(self):
            vars(bare)["digests"] = self.digests
        return bare

    def _whole(self) -> Outputs:
        """The outputs of whole numbers, in float32 if that holds them."""
        x, g, w = self.drawn
        vars(self).pop("drawn", None)  # unless another thread, which judges another runtime, has done so
        if not self._fits_float32:
            return self.everything(x, g, w)
        x, g, *weights = (a.astype(np.float32) for a in (x, g, *w))
        return self.everything(x, g, tuple(weights))

    @property
    def _fits_float32(self) -> bool:
        """Whether numbers were drawn so small that float32 holds every partial sum; it multiplies twice as fast."""
        return self.given is None and self._largest_whole <= 1 << FORMATS["float32"][0] and not self.case.op.roundings

    @cached_property
    def remainders(self) -> Outputs:
        """What `outputs` lack of the exact answers."""
        return tuple(low for _, low in self._exactly) if not self.exact else tuple(np.zeros(a.shape) for a in self.outputs)

    def everything(self, x: Array, g: Array, w: Outputs, op: Operation | None = None) -> Outputs:
        """The outputs wanted, of other numbers or another operation."""
        op = op or self.case.op
        with np.errstate(over="ignore", invalid="ignore"):
            return (op(x, *w), *op.vjp(x, *w, g)) if self.differentiated else (op(x, *w),)

    @cached_property
    def _exactly(self) -> list[tuple[Array, Array]]:
        """Each output as the sum of two float64, from exact arithmetic on whole numbers. Inputs are scaled by powers of two, and by the
        unit whose multiples the operation turns into whole numbers. An x that is no number counts as 0."""
        x, g, w = self.drawn
        x = np.where(np.isfinite(x), x, 0)
        q = self.case
        if not self.differentiated or q.op.degree != 1 + len(q.w) or _own_numbers(q.op, q.x, q.w):
            x, g, *weights = (_fractions(a) for a in (x, g, *w))
            return [_split(a, Fraction(1)) for a in self.everything(x, g, tuple(weights))]
        (x, ex), (g, eg), *w_and_e = (_scaled(a) for a in (x, g, *w))
        weights, ew, unit = [v for v, _ in w_and_e], [e for _, e in w_and_e], q.op.unit_on(q.x, *q.w)
        scales = [Fraction(2) ** e / unit for e in (ex + sum(ew), eg + sum(ew))]
        scales += [Fraction(2) ** (ex + eg + sum(ew) - e) / unit**2 for e in ew]
        return [_split(a, s) for a, s in zip(self.everything(x * unit, g * unit, tuple(weights)), scales, strict=True)]

    def _marked(self, x: Array, g: Array, w: Outputs) -> Outputs:
        """NaN where the one pixel that is no number has a window, and the other pixels' answer elsewhere.

        Where either is right nothing is compared (`compared`). What chooses takes it as the greatest number there is.
        """
        seen, _ = self._reached
        clean = self.everything(np.where(np.isfinite(x), x, 0), g, w) if self.exact else tuple(high for high, _ in self._exactly)
        return tuple(np.where(s, np.nan, a) for s, a in zip(seen, clean, strict=True))

    @cached_property
    def _reached(self) -> tuple[Outputs, Outputs]:
        """For each output, where the one pixel that is no number has a window, and where it has one or none, as either is right.

        Either is right where the pixel has a weight only if its coordinate is rounded; and in ∂w of a step, if no later step looks at the
        window: the chain rule multiplies it by 0 there.
        """
        x, _, _ = self.drawn
        here, op = (~np.isfinite(x)).astype(float), self.case.op
        seen = self._seeing(here, op.absolute())
        met = (np.zeros(seen[0].shape), np.zeros(x.shape), *self._met(here))[: len(seen)]
        for way in op.wavering(self.digits):
            met = tuple(a + b for a, b in zip(met, self._seeing(here, way), strict=True))
        return tuple(s > 0 for s in seen), tuple((m > 0) & ~(s > 0) for s, m in zip(seen, met, strict=True))

    @property
    def _ones(self) -> Outputs:
        """For each further input ones; what has a domain as it was drawn."""
        _, _, w = self.drawn
        return tuple(np.ones(a.shape) if domain is None else a for a, domain in zip(w, self.domains, strict=True))

    def _seeing(self, here: Array, op: Operation) -> Outputs:
        """For each place of each output, how much of these pixels of x it sees."""
        q, ones = self.case, self._ones
        with_it, without = (self.everything(x, np.ones(q.y), ones, op) for x in (here, np.zeros(q.x)))
        return tuple(a - b for a, b in zip(with_it, without, strict=True))

    def _met(self, x: Array) -> list[Array]:
        """For each weight, how often its own step's windows see these pixels of x."""
        met, nowhere = [], np.zeros(x.shape)
        for step, ones in self.case.op.dealt(self._ones):
            op = step.absolute()
            y, nothing = op(x, *ones), op(nowhere, *ones)
            gradients = (op.vjp(a, *ones, np.ones(y.shape))[1:] for a in (x, nowhere))
            met += [a - b for a, b in zip(*gradients, strict=True)]
            x, nowhere = y, nothing
        return met

    @cached_property
    def defined(self) -> Outputs:
        """For each output, where the definition says anything: not where a gradient is wanted and there is no derivative."""
        op = self.case.op
        if self._defined_everywhere:
            return tuple(np.ones(a.shape, bool) for a in self.outputs)
        x, _, w = self.drawn
        nowhere = np.zeros(self.case.y, bool)
        with np.errstate(over="ignore", invalid="ignore"):
            return (~nowhere, *(~a for a in op.undefined(x, *w, nowhere)))

    @property
    def _defined_everywhere(self) -> bool:
        op = self.case.op
        return not self.differentiated or (op.multilinear and all(one.has_gradient for one in op.inputs()))

    @cached_property
    def compared(self) -> Outputs:
        """For each output, the places that are compared: elsewhere the definition claims nothing, and any value is right."""
        if self.case.drawing.marked and not self._selects:
            _, either = self._reached
            return tuple(d & ~e for d, e in zip(self.defined, either, strict=True))
        if self.exact or self.case.drawing.marked:
            return self.defined
        return tuple(c | beyond for c, beyond in zip(self.claimed, self.saturated, strict=True))

    @cached_property
    def zeros(self) -> tuple[Array, Array]:
        """Where y is a zero whose sign IEEE 754 promises, and where that sign is minus.

        It is promised where a zero is copied, and where a maximum is one of zeros that all have the same sign. Nothing is promised of a
        sum, nor of the maximum of +0 and −0, nor of zeros that are no pixels of x.
        """
        y, q = self.outputs[0], self.case
        nowhere = np.zeros(y.shape, bool)
        if not q.drawing.signed or q.dtype in INTEGERS or not all(op.copies or op.selects for op in q.op.steps):
            return nowhere, nowhere
        x, _, w = self.drawn
        without = q.op(np.zeros(x.shape), *w)
        minus, plus = (q.op(((x == 0) & (np.signbit(x) == sign)).astype(float), *w) != without for sign in (True, False))
        return (y == 0) & (minus != plus), minus

    # How far rounding may take it

    @property
    def unit_roundoff(self) -> float:
        """Of the dtype: 2**-p."""
        return float(2.0 ** -FORMATS[self.case.dtype][0])

    @property
    def accumulated(self) -> float:
        """The unit roundoff of the accumulator that is promised."""
        return min(self.unit_roundoff, 2.0**-24)

    @cached_property
    def sums(self) -> Outputs:
        """For each output op(|x|, |w|), with the magnitudes of the operation's own coefficients, rounded up."""
        return self._of_magnitudes(self.case.op.absolute())

    def wavering(self, digits: int) -> Outputs:
        """For each output, how far coordinates of that many significant bits may take it."""
        ways = [self._of_magnitudes(op) for op in self.case.op.wavering(digits)]
        return tuple(sum(parts, np.zeros(s.shape)) for s, *parts in zip(self.sums, *ways, strict=True))

    def _of_magnitudes(self, op: Operation) -> Outputs:
        x, g, w = self.drawn
        x, g = (np.abs(np.where(np.isfinite(v), v, 0)) for v in (x, g))
        magnitudes = self.everything(x, g, tuple(np.abs(v) for v in w), op)
        return tuple(np.where(np.isnan(s), np.inf, s * (1 + 2.0**-40)) for s in magnitudes)

    @cached_property
    def counts(self) -> Outputs:
        """For each output the number of products that are added; impulses leave one."""
        q = self.case
        if q.drawing.single or q.op.roundings or not q.op.multilinear:
            terms = 1 if q.drawing.single else self._terms
            return tuple(np.full(a.shape, terms) for a in self.sums)
        return self.everything(np.ones(q.x), np.ones(q.y), self._ones)

    @cached_property
    def bounds(self) -> Outputs:
        """For each output, how far rounding in any order may take it; whole numbers are not rounded."""
        if self.case.dtype in INTEGERS:
            return tuple(np.zeros(a.shape) for a in self.outputs)
        return self.bounds_with(self.accumulated)

    @property
    def digits(self) -> int:
        """The significant bits of the coordinates that are promised: those of the accumulator."""
        return max(FORMATS[self.case.dtype][0], 24)

    def bounds_with(self, accumulated: float, smallest: float | None = None, digits: int | None = None) -> Outputs:
        """The bounds of an implementation with another accumulator, that underflows to multiples of `smallest`, or whose coordinates have
        other `digits`."""
        op, u = self.case.op, self.unit_roundoff
        p, least, _ = FORMATS[self.case.dtype]
        smallest = 2.0 ** (least - p + 1) if smallest is None else smallest
        biases = sum(max(step.weights + 1 - step.degree, 0) for step in op.steps)
        stores = 2 * len(op.steps) - 1 + biases + op.roundings
        bounds = []
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            for s, k, off in zip(self.sums, self.counts, self.wavering(digits or self.digits), strict=True):
                r = np.maximum(k + op.degree - 2, 0)
                gamma = np.where(r * accumulated < 1, r * accumulated / (1 - r * accumulated), np.inf)
                stored = np.where(r + op.roundings > 0, stores * u / (1 - stores * u), 0)
                underflow = np.where(r + op.roundings > 0, smallest * (k + stores), 0)
                rounded = gamma + stored + gamma * stored
                bounds.append(np.where(s > 0, rounded * s + underflow, 0) + off * (1 + rounded))
        return tuple(bounds)

    @cached_property
    def claimed(self) -> Outputs:
        """Where the output is defined and op(|x|, |w|) does not overflow: elsewhere nothing is claimed."""
        p, _, most = FORMATS[self.case.dtype]
        largest = (2 - 2.0 ** (1 - p)) * 2.0**most
        return tuple((s + b <= largest) & d for s, b, d in zip(self.sums, self.bounds, self.defined, strict=True))

    @cached_property
    def saturated(self) -> Outputs:
        """Where only infinity is right: sums of positive numbers that are too large whatever rounding does. In float64, in which this is
        computed, nowhere."""
        if not self.case.drawing.positive:
            return tuple(np.zeros(high.shape, bool) for high, _ in self._exactly)
        p, _, most = FORMATS[self.case.dtype]
        with np.errstate(over="ignore", invalid="ignore"):
            least = np.ldexp(2 - 2.0**-p, most)  # what is as large is rounded to infinity
            return tuple(high - bound >= least for (high, _), bound in zip(self._exactly, self.bounds, strict=True))


def _terms(q: Case) -> int:
    """The largest number of products added; in the answer alone where no gradients are wanted and that is cheaply counted."""
    if q.dtype in INTEGERS and q.op.effort(q.x, *q.w).products <= PIECE:
        return max(1, int(q.op(*q.op.ones(q.x, *q.w)).max(initial=0)))
    return q.op.terms(q.x, *q.w)


def _norm_of_what_is_drawn(q: Case) -> bool:
    """Whether all that does not add is one norm, of pixels that were at most moved before. For it alone a rounding bound is derived: what
    its gradient divides by, and which pixels are chosen, follow from sums of magnitudes no more."""
    before = True
    for op, x, w, _ in q.op.walk(q.x, q.w):
        if not op.multilinear and (op.exact_on(x, *w) or not before):
            return False
        before = before and op.multilinear and not (w or op.roundings or int(op(np.ones(x)).max(initial=0)) > 1)
    return True


def _own_numbers(op: Operation, x: Shape, w: Sequence[Shape]) -> bool:
    """Whether the answer has numbers that come neither from x nor from a weight, as what is padded with."""
    least = zip(op.ones(x, *w)[1:], op.domains(x, *w), strict=True)
    further = (np.zeros(ones.shape) if domain is None else ones for ones, domain in least)
    return bool(op(np.zeros(x), *further).any())


def _alone(q: Case) -> None:
    """Raises Impossible where numbers of an operation's own are added up: they are neither as small as those drawn nor their multiples."""
    own = False
    for op, x, w, _ in q.op.walk(q.x, q.w):
        if own and (w or op.roundings or int(op(np.ones(x)).max(initial=0)) > 1):
            raise Impossible(f"{q.op!r} adds numbers of its own to those drawn, which may be inexact; ask {op.name} by itself")
        own |= op.multilinear and _own_numbers(op, x, w)


def _fractions(a: Array) -> Array:
    flat = [Fraction(v) for v in a.ravel().tolist()]
    return _objects(flat, a.shape)


def _scaled(a: Array) -> tuple[Array, int]:
    """Whole numbers and an exponent: a = whole · 2**exponent."""
    mantissa, exponent = np.frexp(a)
    least = int(exponent[a != 0].min(initial=0)) - 53
    pairs = zip(np.ldexp(mantissa, 53).ravel().tolist(), (exponent - 53 - least).ravel().tolist(), strict=True)
    return _objects([int(m) << e if m else 0 for m, e in pairs], a.shape), least


def _split(a: Array, scale: Fraction) -> tuple[Array, Array]:
    """Numbers times a scale, each as the sum of two float64."""
    high, low = np.empty(a.size), np.empty(a.size)
    for i, v in enumerate(a.ravel().tolist()):
        n, d = v.as_integer_ratio()
        p, q = n * scale.numerator, d * scale.denominator
        try:
            high[i] = near = p / q  # of whole numbers Python rounds the quotient once
            n, d = near.as_integer_ratio()
            low[i] = (p * d - n * q) / (q * d)
        except OverflowError:
            high[i], low[i] = math.inf if p > 0 else -math.inf, 0
    return high.reshape(a.shape), low.reshape(a.shape)


def _objects(values: list[Any], shape: tuple[int, ...]) -> Array:
    flat = np.empty(len(values), object)
    flat[:] = values
    return flat.reshape(shape)
