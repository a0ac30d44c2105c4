"""What a program costs, counted from shapes."""

from __future__ import annotations

import math
from collections.abc import Sequence

from spec.operation import Operation, Shape


def multiply_adds(op: Operation, x: Shape, w: Sequence[Shape]) -> int:
    """Of convolutions; each number that a pool or a resize adds or compares counts as one. What only moves pixels counts as none."""
    return sum(0 if one.copies else one.effort(image, *own).products for one, image, own, _ in op.walk(x, tuple(w)))


def elements(op: Operation, x: Shape, w: Sequence[Shape]) -> int:
    """How many numbers are read and written: input, weights and output of every step."""
    return sum(math.prod(shape) for _, image, own, y in op.walk(x, tuple(w)) for shape in (image, *own, y))
