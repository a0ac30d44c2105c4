"""Two weighted layers: their maps form no linear space, but a variety, the image of a polynomial map of the weights.

Its span is a linear space, compared as such. Its dimension is the generic rank of the Jacobian of (w₁, w₂) ↦ map. The rank at a point is
computed exactly, and is at most the generic one: that bound is proven. A minor of r rows is a polynomial of degree at most r, so at a
point drawn from RADIUS whole numbers for each weight a rank r is missed with probability at most r / RADIUS (Schwartz 1980, Zippel 1979).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from spec.families.exact import rank
from spec.families.maps import Family, cleared
from spec.operation import Array, Impossible

RADIUS = 1 << 24
MOST_ENTRIES = 1 << 22


@dataclass(frozen=True, kw_only=True)
class Variety:
    """Of one channel in, between and out. span: the dimension of the space that the maps span. rank: of the Jacobian at a random point.

    missed: a bound of the probability that the generic rank is greater.
    """

    weights: int
    span: int
    rank: int
    missed: float


def variety(family: Family, seed: int = 0) -> Variety:
    """Raises Impossible of a program with another number of weighted layers, or with too many weights to be tried."""
    if len(family.w) != 2 or not family.separable:
        raise Impossible("the Jacobian is for programs with two weighted layers that keep channels and axes apart")
    axes = [cleared(family.along(axis)) for axis in range(family.op.rank)]
    taps = [tuple(shape[2:]) for shape in family.w]
    entries = [int(np.unique(maps.reshape(-1, maps.shape[-2] * maps.shape[-1]), axis=1).shape[1]) for maps in axes]
    if prod(entries) * prod(map(prod, taps)) > MOST_ENTRIES:
        raise Impossible("the Jacobian of the two layers is too large; try smaller kernels")
    rng = np.random.default_rng(seed)
    first, second = (rng.integers(1, RADIUS + 1, shape).astype(object) for shape in taps)
    products = _products(axes)
    rows = [np.tensordot(second, products, (range(second.ndim), range(first.ndim, first.ndim + second.ndim))),
            np.tensordot(first, products, (range(first.ndim), range(first.ndim)))]  # fmt: skip
    found = rank(np.concatenate([part.reshape(-1, products.shape[-1]) for part in rows]))
    span = rank(products.reshape(-1, products.shape[-1]))
    return Variety(weights=sum(map(prod, taps)), span=span, rank=found, missed=found / RADIUS)


def _products(axes: list[Array]) -> Array:
    """For each pair of taps, one of each layer, the distinct entries of its map: (*taps of the first, *taps of the second, entry)."""
    rank_ = len(axes)
    together = np.ones((), dtype=object)
    for maps in axes:
        columns = np.unique(maps.reshape(-1, maps.shape[-2] * maps.shape[-1]), axis=1).astype(object)
        together = np.multiply.outer(together, columns.reshape(*maps.shape[:2], -1))
    order = (*range(0, 3 * rank_, 3), *range(1, 3 * rank_, 3), *range(2, 3 * rank_, 3))
    arranged = together.transpose(order)
    return arranged.reshape(*arranged.shape[: 2 * rank_], -1)
