"""The smallest kernel with which one program contains another: more taps, and as much more padding or crop, so that lengths stay.

Every way to share the additional padding or crop between the two ends is tried, kernel by kernel, the smallest first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from spec.families.exact import expressed
from spec.families.maps import Family, Layer, spread
from spec.operation import Impossible, put
from spec.ops.conv import Conv
from spec.program import Program

MORE = 8
"""Taps that are added at most, along each axis."""


def containing(a: Family, b: Family, more: int = MORE) -> Family | None:
    """B with the fewest taps along each axis with which it contains A. None if there is none with up to `more` taps more."""
    if not may_contain(a, b):
        return None
    for axis in range(a.op.rank):
        maps = spread(a.along(axis))
        for wide in wider(b, axis, more):
            found = wide.along(axis)
            if found.shape[-2:] == (a.y[axis + 2], a.x[axis + 2]) and expressed(maps, spread(found)) is not None:
                b = wide
                break
        else:
            return None
    return b


def may_contain(a: Family, b: Family) -> bool:
    """Whether more taps of B could help: one weighted layer of B and at most one of A, axes apart, the same lengths, and no channels that
    A connects and B does not."""
    single = len(a.w) < 2 and len(b.w) == 1
    return single and a.separable and b.separable and a.y == b.y and bool((a.channels <= b.channels).all())


def wider(b: Family, axis: int, more: int) -> Iterator[Family]:
    """B itself; then with one tap more along an axis, up to `more`, each with every way to keep the length. B has one weighted layer."""
    at = next(i for i, step in enumerate(b.op.steps) if isinstance(step, Layer))
    step = b.op.steps[at]
    assert isinstance(step, Layer)
    name = "padding" if isinstance(step, Conv) else "crop"
    lo, hi = getattr(step, name)[axis]
    for taps in range(more + 1):
        extra = taps * step.dilation[axis]
        kernel = put(b.w[0], axis + 2, b.w[0][axis + 2] + taps)
        for first in range(extra + 1):
            pair = (lo + first, hi + extra - first)
            stretched = replace(step, **{name: put(getattr(step, name), axis, pair)})  # type: ignore[arg-type]
            steps = put(b.op.steps, at, stretched)
            try:
                yield Family(op=steps[0] if len(steps) == 1 else Program(inner=steps), x=b.x, w=(kernel,))
            except Impossible:
                continue
