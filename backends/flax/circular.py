"""What padding='CIRCULAR' of flax's ConvTranspose means: x goes on from its other end, and the result is one period of length n·s."""

from __future__ import annotations

from spec import Shape
from spec.conventions.padding import span
from spec.operation import Pairs


def circular(n: Shape, k: Shape, s: Shape, d: Shape, *, flips: bool) -> tuple[Pairs, Pairs]:
    """How x is padded by wrapping, and how the transposed convolution of that is cropped, for each axis.

    Source: flax/linen/linear.py, `ConvTranspose.__call__`: the 'VALID' result is padded to an odd multiple of the period and folded.
    """
    axes = [_axis(*sizes, flips) for sizes in zip(n, k, s, d, strict=True)]
    return tuple(ends for ends, _ in axes), tuple(crop for _, crop in axes)


def shifted(n: Shape, k: Shape, s: Shape, d: Shape) -> bool:
    """Whether a flipped kernel's result is moved along some axis against the adjoint of Conv with padding='CIRCULAR', which it should be.

    Conv pads by (span − 1)//2 at the start.
    """
    pads, crops = circular(n, k, s, d, flips=True)
    axes = zip(n, k, s, d, pads, crops, strict=True)
    return any((first - lo * step - (span(m, e) - 1) // 2) % (length * step) for length, m, step, e, (lo, _), (first, _) in axes)


def _axis(n: int, k: int, s: int, d: int, flips: bool) -> tuple[tuple[int, int], tuple[int, int]]:
    period, reach = n * s, span(k, d)
    missing = -max(reach - s, 0) % (2 * period)
    before = missing // 2 if flips else (missing + 1) // 2
    first = -before % period
    """Where the result begins among those of x that goes on forever, of which 0 is x's own first pixel."""
    lo = max((reach - 1 - first) // s, 0)
    hi = max((first + period - 1) // s - n + 1, 0)
    start = first + lo * s
    length = (n + lo + hi - 1) * s + reach
    return (lo, hi), (start, length - period - start)
