"""Which inputs reach which outputs along one axis: found by moving one pixel at a time, and drawn as text or as an SVG."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from html import escape

import numpy as np

from spec import Conv, ConvTranspose, Impossible, Operation
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


CELL = 18
STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#222}.hit{fill:#2563eb}.none{fill:#e5e7eb}"
    "@media(prefers-color-scheme:dark){text{fill:#eee}.hit{fill:#60a5fa}.none{fill:#374151}}"
)


def svg(found: Reach, title: str) -> str:
    """The same as a standalone SVG, with a description for screen readers. Raises Impossible if there is nothing to draw."""
    if not found or not found[0]:
        raise Impossible("there is nothing to draw: this operation mixes axes or channels, or its output is empty")
    rows = [row[: 2 * MOST_INPUTS] for row in found[: 2 * MOST_OUTPUTS]]
    wide, high = 60 + CELL * len(rows[0]), 50 + CELL * len(rows)
    cells = "".join(
        f'<rect x="{50 + CELL * i}" y="{40 + CELL * j}" width="{CELL - 2}" height="{CELL - 2}" rx="3" class="{"hit" if met else "none"}"/>'
        for j, row in enumerate(rows) for i, met in enumerate(row)
    )  # fmt: skip
    labels = "".join(f'<text x="44" y="{53 + CELL * j}" text-anchor="end">y[{j}]</text>' for j in range(len(rows)))
    labels += "".join(f'<text x="{50 + CELL * i + 8}" y="34" text-anchor="middle">{i}</text>' for i in range(len(rows[0])))
    said = "; ".join(f"y[{j}] from x[{', '.join(str(i) for i, met in enumerate(row) if met)}]" for j, row in enumerate(rows))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" role="img" aria-labelledby="t d"><style>{STYLE}</style>'
        f'<title id="t">{escape(title)}</title><desc id="d">{escape(said)}</desc>'
        f'<text x="50" y="16">inputs x[i] along the last axis</text>{labels}{cells}</svg>\n'
    )


