"""Which resize reproduces what, keeps which total, composes with which other, and what of it is only said."""

from __future__ import annotations

import math

import numpy as np

from spec.operation import Array, Impossible, Operation, Shape
from spec.ops.conv import Conv
from spec.ops.pool import AveragePool, SumPool
from spec.ops.rearrange import DepthToSpace, SpaceToDepth
from spec.ops.resize import COORDINATES, Resize, Upsample, affine
from spec.theorems.sources import ALGEBRA, ICNR, KEYS, SHI
from spec.theorems.theorem import Draw, Side, Sides, flipped, theorem

RULES = list(COORDINATES)


def _whole(op: Operation, x: Array) -> Array:
    return x * op.unit_on(x.shape)


def _times(n: Shape, s: Shape) -> Shape:
    return tuple(m * f for m, f in zip(n, s, strict=True))


def _ones(k: Shape) -> Shape:
    return (1,) * len(k)


def _total(y: Array) -> Array:
    return np.asarray(y.sum())


def _power(op: Resize, n: int, exponent: int) -> Sides:
    """Pixels whose value is a power of their place, and the same power of the places that op looks at, away from the border."""
    step, start = affine(op, 0, n)
    places = [step * j + start for j in range(op.size[0])]
    unit = math.lcm(op.unit_on((1, 1, n)), *(c.denominator**exponent for c in places))
    inner = [j for j, c in enumerate(places) if 1 <= c <= n - 2]
    if not inner:
        raise Impossible("no pixel is away from the border")
    x = (np.arange(n) ** exponent * unit).reshape(1, 1, n)
    expected = np.array([int(unit * places[j] ** exponent) for j in inner]).reshape(1, 1, -1)
    return Side(op, x, after=lambda y: y[..., inner]), expected


@theorem({"n": [5, 6], "m": [3, 7, 10], "coordinates": [r for r in RULES if r != "pytorch_half_pixel"]}, source=KEYS, only_1d=True)
def linear_reproduces_ramps(draw: Draw, n: Shape, m: Shape, coordinates: str) -> Sides:
    """Linear Resize of pixels whose value is their place = the places it looks at, away from the border."""
    return _power(Resize(size=m, mode="linear", coordinates=coordinates), n[0], 1)


@theorem(
    {"n": [5, 6], "m": [7, 8, 10]}, source=KEYS, only_1d=True, refuted=True,
    see=("linear-reproduces-ramps",),
)  # fmt: skip
def linear_reproduces_parabolas(draw: Draw, n: Shape, m: Shape) -> Sides:
    """Linear half-pixel Resize of the squares of the places = the squares of the places it looks at."""
    return _power(Resize(size=m, mode="linear"), n[0], 2)


@theorem({"n": [2, 3, 5], "m": [1, 4, 6], "mode": ["nearest", "linear", "cubic", "area"]}, source=ALGEBRA, only_1d=True)
def the_adjoint_keeps_the_total(draw: Draw, n: Shape, m: Shape, mode: str) -> Sides:
    """The total of the gradient with respect to x = the total of g: the weights of every output pixel sum to 1 (partition of unity)."""
    op = Resize(size=m, mode=mode)
    x = draw(1, 1, *n)
    g = draw(1, 1, *m) * op.unit_on(x.shape)
    return Side(op, x, g=g, output="dx", after=_total), _total(g)


@theorem(
    {"n": [2, 3], "s": [2, 3], "mode": ["nearest", "linear"], "coordinates": ["half_pixel", "asymmetric", "align_corners"]}, source=ALGEBRA,
    only_1d=True, when=("coordinates are half_pixel", lambda coordinates, **_: coordinates == "half_pixel"),
)  # fmt: skip
def enlarging_keeps_the_mean(draw: Draw, n: Shape, s: Shape, mode: str, coordinates: str) -> Sides:
    """The total of nearest or linear Resize by s = s times the total of x."""
    op = Resize(size=_times(n, s), mode=mode, coordinates=coordinates)
    x = _whole(op, draw(1, 1, *n))
    return Side(op, x, after=_total), np.asarray(x.sum() * s[0])


@theorem({"n": [2, 3, 5], "m": [1, 2, 4]}, source=ALGEBRA, only_1d=True)
def area_keeps_the_mean(draw: Draw, n: Shape, m: Shape) -> Sides:
    """n times the total of Resize by area to m = m times the total of x, for all n and m."""
    op = Resize(size=m, mode="area")
    x = _whole(op, draw(1, 1, *n))
    return Side(op, x, after=lambda y: _total(y) * n[0]), np.asarray(x.sum() * m[0])


SYMMETRIC = ("half_pixel", "align_corners", "half_pixel_symmetric")


@theorem(
    {"n": [2, 3, 4], "m": [2, 3, 6], "mode": ["linear", "cubic"], "coordinates": ["half_pixel", "asymmetric", "align_corners"]},
    source=ALGEBRA,
    when=("coordinates are half_pixel or align_corners", lambda coordinates, **_: coordinates in SYMMETRIC),
)  # fmt: skip
def resize_commutes_with_flips(draw: Draw, n: Shape, m: Shape, mode: str, coordinates: str) -> Sides:
    """Resize of the mirrored x = the mirror image of the resized x."""
    op = Resize(size=m, mode=mode, coordinates=coordinates)
    x = _whole(op, draw(1, 1, *n))
    return Side(op, flipped(x), after=flipped), Side(op, x)


@theorem({"n": [1, 2, 4]}, source=ALGEBRA)
def halving_is_average_pooling(draw: Draw, n: Shape) -> Sides:
    """Linear half-pixel Resize of 2n pixels to n, without antialiasing = AveragePool(2)."""
    op = Resize(size=n, mode="linear")
    x = _whole(op, draw(1, 2, *_times(n, (2,) * len(n))))
    return Side(op, x), Side(AveragePool(kernel=(2,) * len(n)), x)


@theorem({"n": [1, 2, 3]}, source=ALGEBRA, refuted=True, see=("halving-is-average-pooling",))
def quartering_is_average_pooling(draw: Draw, n: Shape) -> Sides:
    """Linear half-pixel Resize of 4n pixels to n, without antialiasing = AveragePool(4): it looks at the two in the middle only."""
    op, pool = Resize(size=n, mode="linear"), AveragePool(kernel=(4,) * len(n))
    x = draw(1, 1, *_times(n, (4,) * len(n))) * 4 ** len(n)
    return Side(op, x), Side(pool, x)


@theorem({"n": [1, 2, 3], "mode": ["linear", "cubic"]}, source=ALGEBRA)
def a_third_is_every_third_pixel(draw: Draw, n: Shape, mode: str) -> Sides:
    """Linear or cubic half-pixel Resize of 3n pixels to n, without antialiasing = the middle pixel of every three: nothing is averaged."""
    x = draw(1, 2, *_times(n, (3,) * len(n)))
    middle = SumPool(kernel=_ones(n), stride=(3,) * len(n), padding=((-1, -1),) * len(n))
    return Side(Resize(size=n, mode=mode), x), Side(middle, x)


@theorem({"n": [1, 2, 3]}, source=ALGEBRA, refuted=True, see=("pooling-undoes-nearest",))
def halving_undoes_doubling(draw: Draw, n: Shape) -> Sides:
    """Linear half-pixel Resize by 2, then to the old size = x."""
    both = Resize(size=_times(n, (2,) * len(n)), mode="linear") >> Resize(size=n, mode="linear")
    x = _whole(both, draw(1, 1, *n))
    return Side(both, x), x


@theorem(
    {"n": [2, 3, 4], "m": [3, 5], "mode": ["nearest", "linear", "cubic"]}, source=KEYS, only_1d=True,
    when=("the mode is not cubic", lambda mode, **_: mode != "cubic"),
)  # fmt: skip
def resize_stays_in_range(draw: Draw, n: Shape, m: Shape, mode: str) -> Sides:
    """Resize never leaves the range of x: cutting its answer off there changes nothing."""
    op = Resize(size=m, mode=mode)
    x = _whole(op, draw(1, 1, *n))
    return Side(op, x, after=lambda y: np.clip(y, x.min(), x.max())), Side(op, x)


@theorem({"n": [2, 4], "m": [1, 2, 4], "mode": ["nearest", "linear", "cubic", "area"]}, source=ALGEBRA)
def resize_by_rows_and_columns(draw: Draw, n: Shape, m: Shape, mode: str) -> Sides:
    """In 2-D, Resize = Resize along the first axis, then along the second."""
    size, to = (*n, n[0])[:2], (*m, m[0])[:2]
    op = Resize(size=to, mode=mode)
    x = _whole(op, draw(1, 1, *size))
    return Side(op, x), Side(Resize(size=(to[0], size[1]), mode=mode) >> Resize(size=to, mode=mode), x)


# Sub-pixel convolution


@theorem({"n": [3, 4], "k": [1, 2, 3], "s": [2, 3]}, source=ICNR)
def icnr(draw: Draw, n: Shape, k: Shape, s: Shape) -> Sides:
    """Conv whose kernel is repeated for every phase (ICNR), then DepthToSpace(s) in the order CRD = Conv, then Upsample(s): no checkerboard
    at the start of training."""
    x, w, conv = draw(1, 2, *n), draw(2, 2, *k), Conv(stride=_ones(k))
    phases = np.repeat(w, int(np.prod(s)), 0)
    return Side(conv >> DepthToSpace(factor=s, order="CRD"), x, phases), Side(conv >> Upsample(factor=s), x, w)


@theorem({"n": [1, 2, 3], "s": [1, 2, 3], "order": ["DCR", "CRD"]}, source=SHI)
def depth_to_space_has_its_inverse_as_gradient(draw: Draw, n: Shape, s: Shape, order: str) -> Sides:
    """∂⟨g, DepthToSpace x⟩/∂x = SpaceToDepth g: its transpose is its inverse."""
    op = DepthToSpace(factor=s, order=order)
    x = draw(1, 2 * int(np.prod(s)), *n)
    g = draw(*op.shape(x.shape))
    return Side(op, x, g=g, output="dx"), Side(SpaceToDepth(factor=s, order=order), g)


@theorem({"n": [1, 2], "c": [1, 2]}, source=SHI, refuted=True, see=("nearest-factors-multiply",))
def pixel_shuffles_multiply(draw: Draw, n: Shape, c: Shape) -> Sides:
    """DepthToSpace(2) twice in the order CRD = DepthToSpace(4): the channels have to be permuted."""
    two, four = (DepthToSpace(factor=(f,) * len(n), order="CRD") for f in (2, 4))
    x = draw.distinct(1, c[0] * 4 ** len(n), *n)
    return Side(two >> two, x), Side(four, x)
