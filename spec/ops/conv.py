"""Convolution and transposed convolution (x: N C *n; w: O C/groups *k for Conv, C O/groups *k for ConvTranspose).

    Conv           y[n,o,j] = Σ_{c,t} x[n,c, s·j + d·t − lo] · w[o,c,t]           x is 0 outside; length ⌊(n + lo + hi − d(k−1) − 1)/s⌋ + 1
    ConvTranspose  y[n,o,j] = Σ_{c,i,t : s·i + d·t − lo = j} x[n,c,i] · w[c,o,t]   length (n−1)s + d(k−1) + 1 − lo − hi

With bias="yes" a second weight b (1 O 1 …) is added to every pixel of its channel.

Both walk the same windows: tap t of window j lies at s·j + d·t. `_gather` reads there, `_scatter` adds there (its adjoint),
`_correlate` sums products over all windows. Conv gathers and its gradient scatters; ConvTranspose does it the other way round.
Source: Dumoulin & Visin 2016, "A guide to convolution arithmetic for deep learning", arXiv:1603.07285.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from spec.operation import (
    IMAGE,
    Array,
    Effort,
    Free,
    Hypothesis,
    Index,
    Input,
    Operation,
    Pairs,
    Shape,
    along,
    beside,
    each_axis,
    fit,
    negated,
    one_number,
    one_of,
    per_axis,
    size,
    space,
    terms_by_axis,
)
from spec.ops.pad import Pad
from spec.ops.pieces import pause, product


@dataclass(frozen=True, kw_only=True, repr=False)
class Conv(Operation):
    """Cross-correlation, as every framework calls "convolution". Negative padding cuts x, after the other end is padded."""

    stride: Shape = per_axis(1, least=1)
    padding: Pairs = per_axis((0, 0))
    dilation: Shape = per_axis(1, least=1)
    groups: int = one_number(1, least=1)
    bias: str = one_of("no", "yes")

    def inputs(self) -> tuple[Input, ...]:
        w = Input("w", lambda x, out, *k: (self.groups * out, x[1] // self.groups, *k))
        return (w, *_bias(self))

    def free(self) -> tuple[Free, ...]:
        """Output channels of a group, and the kernel's lengths."""
        return (Free(0, 0, times=self.groups), *_kernel_lengths(self))

    @property
    def degree(self) -> int:
        """That of x·w; the bias is added."""
        return 2

    def shape(self, x: Shape, *w: Shape) -> Shape:
        k = _kernel(self, x, w)
        (c, out) = (w[0][1] * self.groups, w[0][0])
        if x[1] != c:
            raise self.refuse(f"x has {x[1]} channels, but w of shape {w[0]} (O, C/groups, *k) needs C = {c}")
        if out % self.groups:
            raise self.refuse(f"w has {out} output channels, but groups must divide them")
        padded = tuple(n + lo + hi for n, (lo, hi) in zip(space(x, self.rank), self.padding, strict=True))
        if min(padded) < 0:
            raise self.refuse(f"x {x} is padded to the lengths {padded}, but a length cannot be negative")
        lengths = tuple((n - span) // s + 1 for n, span, s in zip(padded, _spans(self, k), self.stride, strict=True))
        if min(lengths) < 0:
            raise self.refuse(f"x {x} and w {w[0]} give the output lengths {lengths}, but a length cannot be negative")
        _expect_bias(self, out, w)
        return (x[0], out, *lengths)

    def window(self, *w: Shape) -> Shape:
        return space(w[0], self.rank)

    def scratch(self, x: Shape, *w: Shape) -> Shape:
        return (*x[:2], *(n + max(lo, 0) + max(hi, 0) for n, (lo, hi) in zip(space(x, self.rank), self.padding, strict=True)))

    def effort(self, x: Shape, *w: Shape) -> Effort:
        return Effort(size(self.shape(x, *w)) * size(w[0][1:]), size(self.window(*w)))

    def terms(self, x: Shape, *w: Shape) -> int:
        return _most_terms(self, x, w, w[0][1], w[0][0] // self.groups)

    def __call__(self, x: Array, *w: Array) -> Array:
        count = space(self.shape(x.shape, *(v.shape for v in w)), self.rank)
        return _plus(_gather(self, fit(x, self.padding), w[0], count), *w[1:])

    def vjp(self, x: Array, *w_and_g: Array) -> tuple[Array, ...]:
        w, *b, g = w_and_g
        padded = fit(x, self.padding)
        dx = fit(_scatter(self, g, w, space(padded, self.rank)), negated(self.padding))
        return dx, _correlate(self, g, padded, w.shape), *_sums(g, b)

    def smaller(self, x: Shape) -> Iterator[tuple[Operation, Shape]]:
        yield from super().smaller(x)
        yield from _first_group(self, x)

    def hypotheses(self) -> Iterator[tuple[Hypothesis, Operation]]:
        rounded_up = tuple((lo, hi + s - 1) for (lo, hi), s in zip(self.padding, self.stride, strict=True))
        if max(self.stride) > 1:
            yield Hypothesis("output length rounded up, the last window past the end"), replace(self, padding=rounded_up)
        for mistake, pairs in beside("padding", self.padding):
            yield mistake, replace(self, padding=pairs)
        undilated = Hypothesis("padding computed without the dilation", "padding")
        yield undilated, replace(self, padding=_undilated(self.padding, self.dilation))
        yield from _strides_and_dilations(self)
        if min(n for pair in self.padding for n in pair) >= 0:
            for words, mode in (("edge pixels", "edge"), ("pixels wrapped around", "wrap"), ("mirrored pixels", "reflect")):
                filled = Pad(padding=self.padding, mode=mode) >> replace(self, padding=())
                yield Hypothesis(f"padding with {words} instead of zeros", "padding"), filled


@dataclass(frozen=True, kw_only=True, repr=False)
class ConvTranspose(Operation):
    """The adjoint of convolution, with its answer cropped. Negative crop appends zeros, before the other end is cropped."""

    stride: Shape = per_axis(1, least=1)
    crop: Pairs = per_axis((0, 0))
    dilation: Shape = per_axis(1, least=1)
    groups: int = one_number(1, least=1)
    bias: str = one_of("no", "yes")

    def inputs(self) -> tuple[Input, ...]:
        w = Input("w", lambda x, out, *k: (x[1], out, *k))
        return (w, *_bias(self))

    def free(self) -> tuple[Free, ...]:
        """Output channels of a group, and the kernel's lengths."""
        return (Free(0, 1), *_kernel_lengths(self))

    @property
    def degree(self) -> int:
        """That of x·w; the bias is added."""
        return 2

    def shape(self, x: Shape, *w: Shape) -> Shape:
        k = _kernel(self, x, w)
        if x[1] != w[0][0]:
            raise self.refuse(f"x has {x[1]} channels, but w of shape {w[0]} (C, O/groups, *k) needs C = {w[0][0]}")
        if x[1] % self.groups:
            raise self.refuse(f"x has {x[1]} channels, but groups must divide them")
        lengths = tuple(n - lo - hi for n, (lo, hi) in zip(self._uncropped(x, k), self.crop, strict=True))
        if min(lengths) < 0:
            raise self.refuse(f"x {x} and w {w[0]} give the output lengths {lengths}, but a length cannot be negative")
        _expect_bias(self, w[0][1] * self.groups, w)
        return (x[0], w[0][1] * self.groups, *lengths)

    def window(self, *w: Shape) -> Shape:
        return space(w[0], self.rank)

    def scratch(self, x: Shape, *w: Shape) -> Shape:
        full = self._uncropped(x, space(w[0], self.rank))
        lengths = (n + max(-lo, 0) + max(-hi, 0) for n, (lo, hi) in zip(full, self.crop, strict=True))
        return (x[0], w[0][1] * self.groups, *lengths)

    def effort(self, x: Shape, *w: Shape) -> Effort:
        return Effort(size(x) * size(w[0][1:]), size(self.window(*w)))

    def terms(self, x: Shape, *w: Shape) -> int:
        return _most_terms(self, x, w, w[0][0] // self.groups, w[0][1])

    def __call__(self, x: Array, *w: Array) -> Array:
        self.shape(x.shape, *(v.shape for v in w))
        full = _scatter(self, x, w[0], self._uncropped(x.shape, space(w[0], self.rank)))
        return _plus(fit(full, negated(self.crop)), *w[1:])

    def vjp(self, x: Array, *w_and_g: Array) -> tuple[Array, ...]:
        w, *b, g = w_and_g
        full = fit(g, self.crop)
        return _gather(self, full, w, space(x, self.rank)), _correlate(self, x, full, w.shape), *_sums(g, b)

    def smaller(self, x: Shape) -> Iterator[tuple[Operation, Shape]]:
        yield from super().smaller(x)
        yield from _first_group(self, x)

    def hypotheses(self) -> Iterator[tuple[Hypothesis, Operation]]:
        for mistake, pairs in beside("crop", self.crop):
            yield mistake, replace(self, crop=pairs)
        undilated = Hypothesis("crop computed without the dilation", "crop")
        yield undilated, replace(self, crop=_undilated(self.crop, self.dilation))
        yield from _strides_and_dilations(self)

    @property
    def only_crops(self) -> bool:
        """Whether no zeros are appended, so that a bias may be added before."""
        return min(n for pair in self.crop for n in pair) >= 0

    def _uncropped(self, x: Shape, k: Shape) -> Shape:
        return tuple((n - 1) * s + span for n, s, span in zip(space(x, self.rank), self.stride, _spans(self, k), strict=True))


Either = Conv | ConvTranspose


def _bias(op: Either) -> tuple[Input, ...]:
    b = Input("b", lambda x, out, *k: (1, op.groups * out, *(1,) * op.rank), axes=IMAGE)
    return (b,) if op.bias == "yes" else ()


def _kernel_lengths(op: Either) -> tuple[Free, ...]:
    return tuple(Free(0, 2 + axis, along=axis) for axis in range(op.rank))


def _first_group(op: Either, x: Shape) -> Iterator[tuple[Operation, Shape]]:
    """Only the first of its groups, on the channels that this group has."""
    if op.groups > 1 and x[1] % op.groups == 0:
        yield replace(op, groups=1), (x[0], x[1] // op.groups, *x[2:])


def _most_terms(op: Either, x: Shape, w: tuple[Shape, ...], ins: int, outs: int) -> int:
    """The windows of different axes do not know of each other, so their counts multiply; those of channels and batch do too."""
    plain = [replace(one, groups=1, bias="no") for one in each_axis(op)]
    rows = zip(plain, space(x, op.rank), space(w[0], op.rank), strict=True)
    each: list[tuple[int, ...]] = [terms_by_axis(one, n, k) for one, n, k in rows]
    y, dx, dw = (int(np.prod(counts, dtype=object)) for counts in zip(*each, strict=True))
    answer = op.shape(x, *w)
    biased = int(len(w) > 1)
    of_y = ins * y + biased if size(answer) else 0
    return max(1, of_y, outs * dx, x[0] * dw, x[0] * size(space(answer, op.rank)) * biased)


def _strides_and_dilations(op: Either) -> Iterator[tuple[Hypothesis, Operation]]:
    ones = (1,) * op.rank
    yield Hypothesis("stride and dilation exchanged", "stride"), replace(op, stride=op.dilation, dilation=op.stride)
    yield Hypothesis("dilation ignored", "dilation"), replace(op, dilation=ones)
    yield Hypothesis("stride ignored", "stride"), replace(op, stride=ones)
    for mistake, stride in along("stride", op.stride):
        yield mistake, replace(op, stride=stride)
    for mistake, dilation in along("dilation", op.dilation):
        yield mistake, replace(op, dilation=dilation)
    yield Hypothesis("dilation one larger", "dilation"), replace(op, dilation=tuple(d + 1 for d in op.dilation))
    if min(op.dilation) > 1:
        yield Hypothesis("dilation one smaller", "dilation"), replace(op, dilation=tuple(d - 1 for d in op.dilation))


def _undilated(pairs: Pairs, dilation: Shape) -> Pairs:
    return tuple((lo // d, hi // d) for (lo, hi), d in zip(pairs, dilation, strict=True))


def _kernel(op: Either, x: Shape, w: tuple[Shape, ...]) -> Shape:
    op.expect_image(x)
    op.expect_weights(w)
    if len(w[0]) != op.rank + 2 or min(w[0]) < 1:
        raise op.refuse(f"w has shape {w[0]}, but it must have {op.rank + 2} lengths of at least 1")
    return space(w[0], op.rank)


def _expect_bias(op: Either, out: int, w: tuple[Shape, ...]) -> None:
    if w[1:] not in ((), ((1, out, *(1,) * op.rank),)):
        raise op.refuse(f"the bias has shape {w[1]}, but {out} output channels need {(1, out, *(1,) * op.rank)}")


def _plus(y: Array, *b: Array) -> Array:
    return y + b[0] if b else y


def _sums(g: Array, b: list[Array]) -> tuple[Array, ...]:
    """The gradient of each bias."""
    return tuple(g.sum((0, *range(2, g.ndim)), keepdims=True) for _ in b)


def _spans(op: Either, k: Shape) -> Shape:
    """How far a window reaches, d(k−1) + 1."""
    return tuple(d * (n - 1) + 1 for d, n in zip(op.dilation, k, strict=True))


def _windows(op: Either, k: Shape, count: Shape) -> Iterator[tuple[Index, Index]]:
    """Each kernel tap t, as an index into w, with the positions s·j + d·t for j < count, as an index into the image."""
    for t in np.ndindex(*k):
        pause()
        rows = zip(op.stride, op.dilation, t, count, strict=True)
        yield (..., *t), (..., *(slice(d * i, d * i + s * (m - 1) + 1 if m else d * i, s) for s, d, i, m in rows))


def _gather(op: Either, x: Array, w: Array, count: Shape) -> Array:
    y = np.zeros((x.shape[0], w.shape[0], *count), np.result_type(x, w))
    for t, at in _windows(op, space(w, op.rank), count):
        y += _mix(w[t].reshape(op.groups, -1, w.shape[1]), x[at])
    return y


def _scatter(op: Either, x: Array, w: Array, lengths: Shape) -> Array:
    y = np.zeros((x.shape[0], w.shape[1] * op.groups, *lengths), np.result_type(x, w))
    for t, at in _windows(op, space(w, op.rank), space(x, op.rank)):
        y[at] += _mix(w[t].reshape(op.groups, -1, w.shape[1]).swapaxes(1, 2), x)
    return y


def _mix(matrices: Array, x: Array) -> Array:
    """Every pixel's channels, group by group, times that group's matrix (groups, to, from)."""
    groups, to, from_ = matrices.shape
    mixed = product(matrices, x.reshape(x.shape[0], groups, from_, size(x.shape[2:])))
    return mixed.reshape(x.shape[0], groups * to, *x.shape[2:])


def _correlate(op: Either, small: Array, large: Array, w: Shape) -> Array:
    dw = np.zeros(w, np.result_type(small, large))
    a = small.reshape(small.shape[0], op.groups, w[0] // op.groups, size(small.shape[2:]))
    for t, at in _windows(op, space(w, op.rank), space(small, op.rank)):
        b = large[at].reshape(large.shape[0], op.groups, w[1], a.shape[-1])
        dw[t] = product(a, b.swapaxes(2, 3)).sum(0).reshape(w[:2])
    return dw
