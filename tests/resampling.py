"""The coefficients of resampling, padding and adaptive pooling, written without spec/: for each axis (pixel, place, coefficient).

Coordinates and weights are computed in the accumulator's precision, as frameworks do; which pixel is the nearest, in whole numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import ceil, floor, prod
from typing import Any

import numpy as np

from spec import AdaptiveAveragePool, Array, Lanczos, Operation, Pad, Resize, Shape

Float = type[np.floating[Any]]
Meeting = tuple[int, int, Any]
HALF = Fraction(1, 2)
ROUNDED: dict[str, Callable[[Fraction], int]] = {
    "floor": floor, "ceil": ceil, "round_prefer_floor": lambda c: ceil(c - HALF), "round_prefer_ceil": lambda c: floor(c + HALF),
}  # fmt: skip
LINEAR = (Resize, Lanczos, Pad, AdaptiveAveragePool)
"""What has one coefficient for each pixel and place along an axis."""


def meetings(op: Operation, axis: int, n: int, m: int, to: Float) -> list[Meeting]:
    """Which of n pixels goes to which of m places, and what it is multiplied by."""
    if isinstance(op, Pad):
        return _padded(op, axis, n)
    if isinstance(op, AdaptiveAveragePool):
        windows = [(j * n // m, -(-(j + 1) * n // m)) for j in range(m)]
        return [(i, j, to(1) / to(last - first)) for j, (first, last) in enumerate(windows) for i in range(first, last)]
    assert isinstance(op, Resize | Lanczos)
    return [(i, j, weight) for j in range(m) for i, weight in _row(op, axis, j, n, m, to).items() if weight != 0]


def coefficients(axes: list[list[Meeting]], inner: Shape, outer: Shape) -> tuple[Array, Array, Array]:
    """Of all axes together: flat pixels, flat places, and the products of the coefficients."""
    pixel, place, weight = np.zeros(1, int), np.zeros(1, int), np.ones(1)
    for rows, n, m in zip(axes, inner, outer, strict=True):
        i, j = (np.array([row[part] for row in rows], int) for part in (0, 1))
        w = np.array([row[2] for row in rows]) if rows else np.ones(0)
        pixel, place = (pixel[:, None] * n + i).ravel(), (place[:, None] * m + j).ravel()
        weight = (weight[:, None].astype(w.dtype) * w).ravel()
    return pixel, place, weight


def rearranged(x: Shape, y: Shape, factor: Shape, order: str, *, deep: bool) -> tuple[Array, Array]:
    """Flat pixels of x and places of y that SpaceToDepth (`deep`) or DepthToSpace pairs: the deep image has phase p of channel c at
    channel c·P + p in CRD, p·C + c in DCR."""
    (_, channels, *space), wide = (x, y) if deep else (y, x)
    phases, pixels, places = prod(factor), [], []
    for at in np.ndindex(x[0], channels, *space):
        n, c, *where = at
        cell, phase = [p // f for p, f in zip(where, factor, strict=True)], 0
        for p, f in zip(where, factor, strict=True):
            phase = phase * f + p % f
        channel = c * phases + phase if order == "CRD" else phase * channels + c
        flat = (np.ravel_multi_index(at, (x[0], channels, *space)), np.ravel_multi_index((n, channel, *cell), wide))
        pixels.append(int(flat[0] if deep else flat[1]))
        places.append(int(flat[1] if deep else flat[0]))
    return np.array(pixels, int), np.array(places, int)


def _padded(op: Pad, axis: int, n: int) -> list[Meeting]:
    lo, hi = op.padding[axis]
    more = (max(lo, 0), max(hi, 0))
    here = np.arange(n)
    sources = np.pad(here, more, constant_values=-1) if op.mode == "constant" else np.pad(here, more, op.mode)  # type: ignore[call-overload]
    kept = sources[max(-lo, 0) : len(sources) - max(-hi, 0)]
    return [(int(i), j, 1.0) for j, i in enumerate(kept) if i >= 0]


def _row(op: Resize | Lanczos, axis: int, j: int, n: int, m: int, to: Float) -> dict[int, Any]:
    """What place j takes of each pixel."""
    s = Fraction(m, n) if isinstance(op, Lanczos) or op.scale[axis] == (0, 1) else Fraction(*op.scale[axis])
    rule = "half_pixel" if isinstance(op, Lanczos) else op.coordinates
    if isinstance(op, Resize) and op.mode == "nearest":
        return {min(max(ROUNDED[op.rounding](_place(rule, j, n, m, s)), 0), n - 1): to(1)}
    if isinstance(op, Resize) and op.mode == "area":
        step, scale = to(float(1 / s)), to(float(s))
        first, last = to(j) * step, to(j + 1) * step
        reach = range(floor(first) - 1, ceil(last) + 1)
        found = {i: max(min(to(i + 1), last) - max(to(i), first), to(0)) * scale for i in reach}
    else:
        found = _kernel(op, _rounded_place(rule, j, n, m, s, to), s, to)
    if isinstance(op, Lanczos) or op.outside == "excluded":
        found = {i: v for i, v in found.items() if 0 <= i < n}
    total, row = sum(found.values(), to(0)), dict[int, Any]()
    for i, v in found.items():
        at = min(max(i, 0), n - 1)
        row[at] = row.get(at, to(0)) + v / total
    return row


def _kernel(op: Resize | Lanczos, c: Any, s: Fraction, to: Float) -> dict[int, Any]:
    narrow = to(float(min(s, Fraction(1)))) if op.antialias == "yes" else to(1)
    radius = to(op.lobes if isinstance(op, Lanczos) else 1 if op.mode == "linear" else 2)
    pixels = range(floor(c - radius / narrow) - 1, ceil(c + radius / narrow) + 2)
    found = {}
    for i in pixels:
        t = abs(to(i) - c) * narrow
        if t < radius and isinstance(op, Lanczos):
            found[i] = _lanczos(t, radius, to)
        elif t < radius:
            found[i] = to(1) - t if op.mode == "linear" else _cubic(t, op.a, to)
    return found


def _cubic(t: Any, coefficient: str, to: Float) -> Any:
    a = to(float(Fraction(coefficient)))
    if t <= 1:
        return ((a + to(2)) * t - (a + to(3))) * t * t + to(1)
    return a * (((t - to(5)) * t + to(8)) * t - to(4))


def _lanczos(t: Any, radius: Any, to: Float) -> Any:
    if t == 0:
        return to(1)
    angle = to(np.pi) * t
    return np.sin(angle) / angle * (np.sin(angle / radius) / (angle / radius))


def _place(rule: str, j: int, n: int, m: int, s: Fraction) -> Fraction:
    """Where place j lies, exactly."""
    step, start = _line(rule, n, m, s)
    return step * j + start


def _rounded_place(rule: str, j: int, n: int, m: int, s: Fraction, to: Float) -> Any:
    """As it is computed: half a pixel added, scaled, half a pixel taken away, or a step and a start."""
    step, start = _line(rule, n, m, s)
    if rule == "half_pixel":
        return (to(j) + to(0.5)) * to(float(step)) - to(0.5)
    return to(j) * to(float(step)) + to(float(start))


def _line(rule: str, n: int, m: int, s: Fraction) -> tuple[Fraction, Fraction]:
    if rule == "align_corners":
        return ((n - 1) / (n * s - 1) if n * s != 1 else Fraction(0)), Fraction(0)
    if rule == "asymmetric":
        return 1 / s, Fraction(0)
    if rule == "tf_half_pixel_for_nn":
        return 1 / s, HALF / s
    if rule == "pytorch_half_pixel" and m == 1:
        return Fraction(0), Fraction(0)
    return 1 / s, HALF / s - HALF + ((n - m / s) / 2 if rule == "half_pixel_symmetric" else 0)
