"""What pooling commutes and composes with."""

from __future__ import annotations

from typing import Any

import numpy as np

from spec.operation import Array, Operation, Shape
from spec.ops.adaptive import AdaptiveAveragePool
from spec.ops.conv import Conv
from spec.ops.maxpool import MaxPool
from spec.ops.pad import Pad
from spec.ops.pool import AveragePool, LpPool, SumPool
from spec.ops.resize import Upsample
from spec.theorems.sources import ALGEBRA, SERRA
from spec.theorems.theorem import Draw, Side, Sides, flipped, theorem

POOLS: dict[str, list[Any]] = {"n": [4, 5], "k": [1, 2, 3], "s": [1, 2]}


def _ones(k: Shape) -> Shape:
    return (1,) * len(k)


def _whole(op: Operation, x: Array) -> Array:
    return x * op.unit_on(x.shape)


def _tiled(n: Shape, k: Shape, s: Shape, **_: object) -> bool:
    return not any((a - b) % c for a, b, c in zip(n, k, s, strict=True))


@theorem(POOLS | {"pool": ["max", "sum"]}, source=ALGEBRA, when=("s divides n − k", _tiled))
def pooling_commutes_with_flips(draw: Draw, n: Shape, k: Shape, s: Shape, pool: str) -> Sides:
    """Pooling of the mirrored x = the mirror image of the pooled x: where windows reach both ends."""
    x, op = draw(1, 2, *n), (MaxPool if pool == "max" else SumPool)(kernel=k, stride=s)
    return Side(op, flipped(x), after=flipped), Side(op, x)


@theorem({"n": [7, 9], "k": [1, 2, 3], "s": [1, 2], "m": [1, 2]}, source=SERRA)
def max_pools_compose(draw: Draw, n: Shape, k: Shape, s: Shape, m: Shape) -> Sides:
    """MaxPool(k, stride s), then MaxPool(m, stride 1) = MaxPool(k + (m − 1)s, stride s), for s ≤ k."""
    s = tuple(min(a, b) for a, b in zip(s, k, strict=True))
    wide = tuple(a + (b - 1) * c for a, b, c in zip(k, m, s, strict=True))
    x = draw(1, 2, *n)
    return Side(MaxPool(kernel=k, stride=s) >> MaxPool(kernel=m, stride=_ones(m)), x), Side(MaxPool(kernel=wide, stride=s), x)


@theorem({"n": [4, 6], "a": [1, 2], "b": [1, 2]}, source=ALGEBRA)
def sums_of_sums(draw: Draw, n: Shape, a: Shape, b: Shape) -> Sides:
    """SumPool(a), then SumPool(b) = SumPool(a·b), where windows do not overlap."""
    x = draw(1, 2, *n)
    return Side(SumPool(kernel=a) >> SumPool(kernel=b), x), Side(SumPool(kernel=tuple(p * q for p, q in zip(a, b, strict=True))), x)


@theorem(POOLS | {"pool": ["max", "sum"]}, source=SERRA)
def pooling_by_rows_and_columns(draw: Draw, n: Shape, k: Shape, s: Shape, pool: str) -> Sides:
    """In 2-D, pooling a window = pooling along the first axis, then along the second."""
    size, taps, step = (*n, n[0])[:2], (*k, k[0])[:2], (*s, s[0])[:2]
    kind, x = MaxPool if pool == "max" else SumPool, draw(1, 2, *size)
    lines = kind(kernel=(taps[0], 1), stride=(step[0], 1)) >> kind(kernel=(1, taps[1]), stride=(1, step[1]))
    return Side(kind(kernel=taps, stride=step), x), Side(lines, x)


def _divides(n: Shape, m: Shape, **_: object) -> bool:
    return not any(a % b for a, b in zip(n, m, strict=True))


@theorem({"n": [3, 4, 6], "m": [2, 3]}, source=ALGEBRA, when=("m divides n", _divides))
def an_average_of_averages(draw: Draw, n: Shape, m: Shape) -> Sides:
    """Adaptive average pooling to m, then to 1 = global average pooling."""
    one = AdaptiveAveragePool(size=_ones(n))
    both = AdaptiveAveragePool(size=m) >> one
    x = _whole(one, _whole(both, draw(1, 2, *n)))
    return Side(both, x), Side(one, x)


@theorem(
    {"n": [3, 4], "k": [2, 3], "signs": ["any", "none is negative"]}, source=ALGEBRA,
    when=("no number is negative, as behind a ReLU", lambda signs, **_: signs != "any"),
)  # fmt: skip
def max_pooling_pads_with_zeros(draw: Draw, n: Shape, k: Shape, signs: str) -> Sides:
    """MaxPool with padding 1 = zeros put around x, then MaxPool: padding is −∞, not 0."""
    x, pairs = draw(1, 2, *n), ((1, 1),) * len(n)
    x = x if signs == "any" else abs(x)
    return Side(MaxPool(kernel=k, stride=_ones(k), padding=pairs), x), Side(Pad(padding=pairs) >> MaxPool(kernel=k, stride=_ones(k)), x)


@theorem({"n": [3, 4], "k": [2, 3]}, source=ALGEBRA)
def averages_of_pixels_only(draw: Draw, n: Shape, k: Shape) -> Sides:
    """AveragePool that counts only pixels of x, times the SumPool of ones = SumPool of x."""
    x, pairs = draw(1, 2, *n), ((1, 1),) * len(n)
    mean = AveragePool(kernel=k, stride=_ones(k), padding=pairs, counted="valid")
    total = SumPool(kernel=k, stride=_ones(k), padding=pairs)
    x = _whole(mean, x)
    count = total(np.ones((1, 1, *n), int))
    return Side(mean, x, after=lambda y: y * count), Side(total, x)


@theorem(POOLS, source=ALGEBRA, see=("max-pooling-commutes-with-mixing",))
def sum_pooling_commutes_with_mixing(draw: Draw, n: Shape, k: Shape, s: Shape) -> Sides:
    """SumPool, then 1×1 Conv = 1×1 Conv, then SumPool."""
    x, w, pool, mix = draw(1, 2, *n), draw(3, 2, *_ones(n)), SumPool(kernel=k, stride=s), Conv(stride=_ones(n))
    return Side(pool >> mix, x, w), Side(mix >> pool, x, w)


@theorem(POOLS | {"k": [2, 3]}, source=ALGEBRA, see=("sum-pooling-commutes-with-mixing",), refuted=True)
def max_pooling_commutes_with_mixing(draw: Draw, n: Shape, k: Shape, s: Shape) -> Sides:
    """MaxPool, then 1×1 Conv = 1×1 Conv, then MaxPool."""
    x, w, pool, mix = draw(1, 2, *n), draw(3, 2, *_ones(n)), MaxPool(kernel=k, stride=s), Conv(stride=_ones(n))
    return Side(pool >> mix, x, w), Side(mix >> pool, x, w)


@theorem({"n": [1, 2, 3], "s": [1, 2, 3], "pool": ["max", "average"]}, source=ALGEBRA)
def pooling_undoes_nearest(draw: Draw, n: Shape, s: Shape, pool: str) -> Sides:
    """Upsample(s), then max or average pooling with kernel and stride s = x."""
    op = Upsample(factor=s) >> (MaxPool if pool == "max" else AveragePool)(kernel=s)
    x = draw(1, 2, *n)
    return Side(op, x), x


@theorem({"n": [4, 6], "k": [2, 3]}, source=SERRA)
def closing_twice_is_closing_once(draw: Draw, n: Shape, k: Shape) -> Sides:
    """The closing of x, the least of all greatest over windows that hold a pixel, changes nothing that it made: greatest of it = greatest
    of x, away from the border."""
    x, dense = draw(1, 2, *n), MaxPool(kernel=k, stride=_ones(k))
    pairs = tuple((m - 1, m - 1) for m in k)
    closed = -MaxPool(kernel=k, stride=_ones(k), padding=pairs)(-dense(x))
    return Side(dense, closed), Side(dense, x)


@theorem({"n": [3, 4], "k": [1, 2, 3]}, source=ALGEBRA)
def the_first_norm_is_a_sum_of_magnitudes(draw: Draw, n: Shape, k: Shape) -> Sides:
    """LpPool with p = 1 = SumPool of the magnitudes of x."""
    x = draw(1, 2, *n)
    return Side(LpPool(kernel=k, stride=_ones(k), p=1), x), Side(SumPool(kernel=k, stride=_ones(k)), abs(x))


@theorem({"n": [4, 6], "k": [1, 2]}, source=ALGEBRA)
def pooling_keeps_the_total(draw: Draw, n: Shape, k: Shape) -> Sides:
    """The total of SumPool x = the total of x, where windows tile x."""
    x = draw(1, 2, *n)
    return Side(SumPool(kernel=k), x, after=lambda y: np.asarray(y.sum())), np.asarray(x.sum())
