"""Programs that are one operation, and those that only seem to be: padding, groups, scales, kernels that factor."""

from __future__ import annotations

from typing import Any

import numpy as np

from spec.operation import Array, Index, Shape
from spec.ops.conv import Conv
from spec.ops.pad import Pad
from spec.theorems.sources import ALGEBRA
from spec.theorems.theorem import Draw, Side, Sides, convolved, theorem

SMALL: dict[str, list[Any]] = {"n": [4, 5], "k": [1, 2, 3]}
SZEGEDY = "Szegedy et al. 2016, Rethinking the Inception architecture, arXiv:1512.00567"
VGG = "Simonyan & Zisserman 2015, Very deep convolutional networks, arXiv:1409.1556, §2.3"


def _ones(k: Shape) -> Shape:
    return (1,) * len(k)


def _both(a: Shape) -> tuple[tuple[int, int], ...]:
    return tuple((m, m) for m in a)


@theorem({"n": [3, 5], "k": [1, 2, 3], "lo": [0, 1, 2], "hi": [0, 1]}, source=ALGEBRA)
def padding_is_a_step_before(draw: Draw, n: Shape, k: Shape, lo: Shape, hi: Shape) -> Sides:
    """Conv with padding = zeros put around x, then Conv without padding."""
    x, w, pairs = draw(1, 2, *n), draw(2, 2, *k), tuple(zip(lo, hi, strict=True))
    return Side(Conv(stride=_ones(k), padding=pairs), x, w), Side(Pad(padding=pairs) >> Conv(stride=_ones(k)), x, w)


@theorem(
    {"n": [4, 5], "a": [1, 2], "b": [1], "mode": ["constant", "edge", "reflect", "symmetric", "wrap"]}, source=ALGEBRA, only_1d=True,
    when=("the mode is constant or edge", lambda mode, **_: mode in ("constant", "edge")),
)  # fmt: skip
def paddings_add(draw: Draw, n: Shape, a: Shape, b: Shape, mode: str) -> Sides:
    """Pad(a), then Pad(b) = Pad(a + b)."""
    x = draw.distinct(1, 1, *n)
    both = Pad(padding=_both(tuple(p + q for p, q in zip(a, b, strict=True))), mode=mode)
    return Side(Pad(padding=_both(a), mode=mode) >> Pad(padding=_both(b), mode=mode), x), Side(both, x)


@theorem(SMALL | {"by": [1, 2]}, source="Oppenheim & Schafer 1975, Digital signal processing, §3.3", only_1d=True)
def circular_shifts_pass_through(draw: Draw, n: Shape, k: Shape, by: Shape) -> Sides:
    """With padding that wraps around, rolling x rolls Conv's answer: this layer is equivariant to every shift, at borders too."""
    x, w = draw(1, 2, *n), draw(2, 2, *k)
    layer = Conv(stride=(1,))

    def wrapped(v: Array) -> Array:
        return np.pad(v, ((0, 0), (0, 0), (k[0] - 1, 0)), mode="wrap")

    return Side(layer, wrapped(np.roll(x, by[0], -1)), w), Side(layer, wrapped(x), w, after=lambda y: np.roll(y, by[0], -1))


@theorem(SMALL | {"g": [2, 3]}, source=ALGEBRA)
def groups_are_separate_convolutions(draw: Draw, n: Shape, k: Shape, g: Shape) -> Sides:
    """Conv with groups = one Conv for each group of channels, their answers one after the other."""
    x, w = draw(1, 2 * g[0], *n), draw(3 * g[0], 2, *k)
    one = Conv(stride=_ones(k))
    parts = [one(a, b) for a, b in zip(np.split(x, g[0], 1), np.split(w, g[0], 0), strict=True)]
    return Side(Conv(stride=_ones(k), groups=g[0]), x, w), np.concatenate(parts, 1)


@theorem(SMALL, source="Ioffe & Szegedy 2015, Batch normalization, arXiv:1502.03167 (as folded for inference)")
def a_scale_folds_into_the_kernel(draw: Draw, n: Shape, k: Shape) -> Sides:
    """Conv(w), each output channel times its scale = Conv with each output channel's kernel times its scale."""
    x, w, scale = draw(1, 2, *n), draw(3, 2, *k), draw(3)
    each = scale.reshape(3, *(1,) * (1 + len(k)))
    return Side(Conv(stride=_ones(k)), x, w, after=lambda y: y * each[:, 0]), Side(Conv(stride=_ones(k)), x, w * each)


@theorem(SMALL, source=ALGEBRA)
def a_bias_is_a_channel_of_ones(draw: Draw, n: Shape, k: Shape) -> Sides:
    """Conv with a bias = Conv of x with a channel of ones appended, whose kernel is the bias at its first tap and 0 elsewhere."""
    x, w, b = draw(1, 2, *n), draw(3, 2, *k), draw(1, 3, *_ones(k))
    more = np.zeros((3, 1, *k), w.dtype)
    first: Index = (slice(None), 0, *(0,) * len(k))
    more[first] = b.ravel()
    wide = np.concatenate([x, np.ones((1, 1, *n), x.dtype)], 1)
    return Side(Conv(stride=_ones(k), bias="yes"), x, w, b), Side(Conv(stride=_ones(k)), wide, np.concatenate([w, more], 1))


@theorem({"n": [1, 3, 4]}, source="Lin, Chen & Yan 2013, Network in network, arXiv:1312.4400")
def pointwise_convolutions_multiply(draw: Draw, n: Shape) -> Sides:
    """1×1 Conv(u), then 1×1 Conv(v) = 1×1 Conv with the matrix product v·u: nothing between them adds nothing."""
    x, u, v, one = draw(1, 2, *n), draw(4, 2, *_ones(n)), draw(3, 4, *_ones(n)), Conv(stride=_ones(n))
    product = (v.reshape(3, 4) @ u.reshape(4, 2)).reshape(3, 2, *_ones(n))
    return Side(one >> one, x, u, v), Side(one, x, product)


def _filters(draw: Draw, n: Shape, k: Shape, m: Shape, same: bool) -> Sides:
    x, u, v = draw(1, 1, *n), draw(1, 1, *k), draw(1, 1, *m)
    first, second = (Conv(stride=_ones(n), padding=tuple((q // 2, q // 2) if same else (0, 0) for q in taps)) for taps in (k, m))
    return Side(first >> second, x, u, v), Side(second >> first, x, v, u)


@theorem({"n": [5, 6], "k": [1, 2, 3], "m": [1, 3]}, source=ALGEBRA, see=("padded-filters-commute",))
def filters_commute(draw: Draw, n: Shape, k: Shape, m: Shape) -> Sides:
    """On one channel, without padding: Conv(u), then Conv(v) = Conv(v), then Conv(u)."""
    return _filters(draw, n, k, m, same=False)


@theorem({"n": [2, 3, 5], "k": [3], "m": [3]}, source=ALGEBRA, see=("filters-commute",), refuted=True)
def padded_filters_commute(draw: Draw, n: Shape, k: Shape, m: Shape) -> Sides:
    """The same with zero padding that keeps the length: the border counts the order."""
    return _filters(draw, n, k, m, same=True)


@theorem({"n": [4, 5, 6], "k": [1, 2, 3], "p": [0, 1]}, source=SZEGEDY)
def a_kernel_of_rank_one_is_two_lines(draw: Draw, n: Shape, k: Shape, p: Shape) -> Sides:
    """On one channel, in 2-D: Conv with the kernel u·vᵀ = Conv with the column u, then Conv with the row v."""
    size, taps, pad = (*n, n[0])[:2], (*k, k[0])[:2], (*p, p[0])[:2]
    x, u, v = draw(1, 1, *size), draw(1, 1, taps[0], 1), draw(1, 1, 1, taps[1])
    column, row = Conv(stride=(1, 1), padding=((pad[0], pad[0]), (0, 0))), Conv(stride=(1, 1), padding=((0, 0), (pad[1], pad[1])))
    return Side(Conv(stride=(1, 1), padding=_both(pad)), x, u * v), Side(column >> row, x, u, v)


def _stack(draw: Draw, n: Shape, padding: int) -> Sides:
    x, u, v = draw(1, 1, *n), draw(1, 1, *(3,) * len(n)), draw(1, 1, *(3,) * len(n))
    small, large = (Conv(stride=_ones(n), padding=_both((p,) * len(n))) for p in (padding, 2 * padding))
    wide: Array = convolved(u, v, "mc,om->oc")
    return Side(small >> small, x, u, v), Side(large, x, wide)


@theorem({"n": [1, 2, 5]}, source=VGG, refuted=True, see=("convolutions-compose",))
def two_small_kernels_are_a_large_one(draw: Draw, n: Shape) -> Sides:
    """Two Convs of kernel 3 with padding 1 = one Conv of kernel 5 with padding 2: not at the border, where the first answer's surroundings
    are taken for 0."""
    return _stack(draw, n, 1)
