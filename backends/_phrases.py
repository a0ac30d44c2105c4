"""What several frameworks write alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spec import Shape, ZeroInsert
from spec.operation import Pairs

if TYPE_CHECKING:
    from backends import Step


def short(values: tuple[Any, ...]) -> str:
    """One number where all axes have the same, as people write it, else the tuple."""
    return repr(values[0] if len(set(values)) == 1 else values)


def fitted(pairs: Pairs, pad: str, *, channels_last: bool) -> str:
    """Statements that pad x by (lo, hi), then cut where they are negative. `pad` is the framework's function with NumPy's pad_width."""
    outer = ["(0, 0)"] if channels_last else ["(0, 0)", "(0, 0)"]
    lines = []
    if any(max(pair) > 0 for pair in pairs):
        widths = outer + [f"({max(lo, 0)}, {max(hi, 0)})" for lo, hi in pairs] + ["(0, 0)"] * channels_last
        lines.append(f"x = {pad}(x, ({', '.join(widths)}))")
    if any(min(pair) < 0 for pair in pairs):
        cuts = [f"{-lo if lo < 0 else ''}:{hi if hi < 0 else ''}" for lo, hi in pairs]
        lines.append(f"x = x[{', '.join([':'] * len(outer) + cuts)}]")
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
    """Give every pixel an axis of its own, pad that, and fold it back: for frameworks without interior padding."""
    (n, c, *space), rank = at.x, op.rank
    apart = (n, *(length for m in space for length in (m, 1)), c)
    widths = ("(0, 0)", *(w for s in op.factor for w in ("(0, 0)", f"(0, {s - 1})")), "(0, 0)")
    joined = (n, *(m * s for m, s in zip(space, op.factor, strict=True)), c)
    ends = tuple((0, trailing - (s - 1)) for s, trailing in zip(op.factor, op.trailing, strict=True))
    return lines(
        f"x = {reshape}(x, {apart})",
        f"x = {pad}(x, ({', '.join(widths)}))",
        f"x = {reshape}(x, {joined})",
        fitted(ends, pad, channels_last=True),
    )
