"""Which inputs reach which outputs along one axis: found by moving one pixel at a time, and drawn as text."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from spec import Conv, ConvTranspose, Operation
from spec.operation import Shape, each_axis

MOST_INPUTS, MOST_OUTPUTS = 16, 16
Reach = tuple[tuple[bool, ...], ...]
"""A row for each output, an entry for each input."""


def reach(op: Operation, x: Shape, w: Sequence[Shape], axis: int = -1) -> Reach:
    """Along one spatial axis (the last). Empty where an operation mixes axes, or there is nothing to draw."""
    if any(step.name in ("DepthToSpace", "SpaceToDepth", "MaxUnpool") for step in op.steps):
        return ()
    axis %= op.rank
    n = x[axis + 2]
    kernels = [np.ones((1, 1, shape[axis + 2])) for shape in w]
    zero = _line(op, axis, np.zeros((1, 1, n)), kernels)
    columns = [_line(op, axis, np.eye(1, n, i)[None] * 64.0, kernels) != zero for i in range(n)]
    return tuple(tuple(bool(column[j]) for column in columns) for j in range(len(zero)))


def _line(op: Operation, axis: int, x: np.ndarray, kernels: Sequence[np.ndarray]) -> np.ndarray:
    left = list(kernels)
    for step in op.steps:
        plain = dataclasses.replace(step, groups=1, bias="no") if isinstance(step, Conv | ConvTranspose) else step
        one = each_axis(plain)[axis]
        own = [left.pop(0) for _ in range(one.weights)]
        left = left[step.weights - one.weights :]
        x = np.asarray(one(x, *own), float)
    return x.reshape(-1)


def drawn(found: Reach) -> str:
    """As text: a row for each output, ■ where an input reaches it. Long axes are cut, and it says so."""
    if not found or not found[0]:
        return ""
    rows = found[:MOST_OUTPUTS]
    last = max((i for row in rows for i, met in enumerate(row) if met), default=0)
    columns = min(max(last + 1, 1), MOST_INPUTS)
    width = len(f"y[{len(rows) - 1}]")
    lines = [f"{'':{width}}  x[0] …" if columns > 1 else f"{'':{width}}  x[0]"]
    lines += [f"{f'y[{j}]':>{width}}  {' '.join('■' if met else '·' for met in row[:columns])}" for j, row in enumerate(rows)]
    if len(found) > len(rows) or len(found[0]) > columns:
        lines.append(f"{'':{width}}  the first of {len(found)} outputs and {len(found[0])} inputs")
    return "\n".join(lines)
