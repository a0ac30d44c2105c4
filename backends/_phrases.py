"""What several frameworks write alike."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from spec import Conv, DepthToSpace, MaxUnpool, Shape, SpaceToDepth, ZeroInsert
from spec.conventions.padding import Rule, on_every_axis
from spec.operation import Pairs

if TYPE_CHECKING:
    from backends import Step


def short(values: tuple[Any, ...]) -> str:
    """One number where all axes have the same, as people write it, else the tuple."""
    return repr(values[0] if len(set(values)) == 1 else values)


def fitted(pairs: Pairs, pad: str, *, channels_last: bool, more: str = "", x: str = "x") -> str:
    """Statements that pad x by (lo, hi), then cut where they are negative. `pad` is the framework's function with NumPy's pad_width."""
    outer = ["(0, 0)"] if channels_last else ["(0, 0)", "(0, 0)"]
    lines = []
    if any(max(pair) > 0 for pair in pairs):
        widths = outer + [f"({max(lo, 0)}, {max(hi, 0)})" for lo, hi in pairs] + ["(0, 0)"] * channels_last
        lines.append(f"{x} = {pad}({x}, ({', '.join(widths)}){more})")
    if any(min(pair) < 0 for pair in pairs):
        cuts = [f"{-lo if lo < 0 else ''}:{hi if hi < 0 else ''}" for lo, hi in pairs]
        lines.append(f"{x} = {x}[{', '.join([':'] * len(outer) + cuts)}]")
    return "\n".join(lines)


def lines(*statements: str) -> str:
    """The statements one below the other, without the empty ones."""
    return "\n".join(s for s in statements if s)


def channels_last(rank: int) -> Shape:
    """The permutation N C *space → N *space C."""
    return (0, *range(2, rank + 2), 1)


def channels_first(rank: int) -> Shape:
    """The permutation N *space C → N C *space."""
    return (0, rank + 1, *range(1, rank + 1))


def kernel_last(rank: int) -> Shape:
    """The permutation A B *k → *k B A."""
    return (*range(2, rank + 2), 1, 0)


def zeros_between(op: ZeroInsert, at: Step, reshape: str, pad: str) -> str:
    """For frameworks without interior padding: give the pixels of one axis after the other an axis of their own, pad that, fold it back."""
    (n, c, *space) = at.x
    said = []
    for axis, s in enumerate(op.factor):
        if s > 1:
            apart = (n, *space[: axis + 1], 1, *space[axis + 1 :], c)
            widths = ["(0, 0)"] * len(apart)
            widths[axis + 2] = f"(0, {s - 1})"
            space[axis] *= s
            said.append(f"x = {reshape}({pad}({reshape}(x, {apart}), ({', '.join(widths)})), {(n, *space, c)})")
    ends = tuple((0, trailing - (s - 1)) for s, trailing in zip(op.factor, op.trailing, strict=True))
    return lines(*said, fitted(ends, pad, channels_last=True))


def one_hot_unpool(op: MaxUnpool, at: Step, ops: str, one_hot: str) -> str:
    """For frameworks without unpooling: a sum over one-hot rows. `ops` is the namespace of transpose, reshape and einsum."""
    n, c, *_ = at.x
    size = math.prod(op.size)
    return lines(
        f"x = {ops}.reshape({ops}.transpose(x, {channels_first(op.rank)}), {(n, c, math.prod(at.x[2:]))})",
        f"q = {ops}.reshape({at.weight}, x.shape)",
        f'x = {ops}.einsum("ncj,ncjq->ncq", x, {one_hot.format(size=size)})',
        f"x = {ops}.transpose({ops}.reshape(x, {at.y}), {channels_last(op.rank)})",
    )


def interleaved(op: DepthToSpace, at: Step, reshape: str, transpose: str) -> str:
    """DepthToSpace by reshaping, channels first: for ranks, orders and factors that have no function of their own."""
    c, r = at.y[1], op.rank
    split = (*op.factor, c) if op.order == "DCR" else (c, *op.factor)
    phases, channel = (range(1, 1 + r), 1 + r) if op.order == "DCR" else (range(2, 2 + r), 1)
    axes = (0, channel, *(axis for pair in zip(range(2 + r, 2 + 2 * r), phases, strict=True) for axis in pair))
    return f"x = {reshape}({transpose}({reshape}(x, {(at.x[0], *split, *at.x[2:])}), {axes}), {at.y})"


def deinterleaved(op: SpaceToDepth, at: Step, reshape: str, transpose: str) -> str:
    """SpaceToDepth by reshaping, channels first."""
    r = op.rank
    split = (length for n, f in zip(at.x[2:], op.factor, strict=True) for length in (n // f, f))
    phases, cells = range(3, 3 + 2 * r, 2), range(2, 2 + 2 * r, 2)
    axes = (0, *((*phases, 1) if op.order == "DCR" else (1, *phases)), *cells)
    return f"x = {reshape}({transpose}({reshape}(x, {(*at.x[:2], *split)}), {axes}), {at.y})"


def channels_first_inside(statement: str, rank: int, transpose: str) -> str:
    """A statement written for channels first, in a text that keeps them last."""
    return lines(f"x = {transpose}(x, {channels_first(rank)})", statement, f"x = {transpose}(x, {channels_last(rank)})")


def word_for(op: Conv, at: Step, rules: Mapping[str, Rule]) -> str | None:
    """The framework's word for exactly this padding, if it has one."""
    sizes = (at.x[2:], at.k, op.stride, op.dilation)
    return next((word for word, rule in rules.items() if on_every_axis(rule, *sizes) == op.padding), None)
