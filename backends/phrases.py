"""What several frameworks write alike. Functions are given by their qualified names."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from backends.call import Call, Let, Source, Statement, Value, X
from spec import Conv, DepthToSpace, MaxUnpool, Shape, SpaceToDepth, ZeroInsert
from spec.conventions.padding import Rule, on_every_axis
from spec.operation import Pairs

if TYPE_CHECKING:
    from backends import Step

NOTHING = (0, 0)


def short(values: Shape) -> int | Shape:
    """One number where all axes have the same, as people write it, else the tuple."""
    return values[0] if len(set(values)) == 1 else values


def fitted(pairs: Pairs, pad: str, *, channels_last: bool, x: str = "x", **more: Value) -> list[Statement]:
    """Statements that pad x by (lo, hi), then cut where they are negative. `pad` is the framework's function with NumPy's pad_width."""
    outer = 1 if channels_last else 2
    said: list[Statement] = []
    if any(max(pair) > 0 for pair in pairs):
        widths = (*[NOTHING] * outer, *((max(lo, 0), max(hi, 0)) for lo, hi in pairs), *[NOTHING] * channels_last)
        said.append(Let(x, Call.of(pad, Source(x), widths, **more)))
    if any(min(pair) < 0 for pair in pairs):
        cuts = [f"{-lo if lo < 0 else ''}:{hi if hi < 0 else ''}" for lo, hi in pairs]
        said.append(f"{x} = {x}[{', '.join([':'] * outer + cuts)}]")
    return said


def channels_last(rank: int) -> Shape:
    """The permutation N C *space → N *space C."""
    return (0, *range(2, rank + 2), 1)


def channels_first(rank: int) -> Shape:
    """The permutation N *space C → N C *space."""
    return (0, rank + 1, *range(1, rank + 1))


def kernel_last(rank: int) -> Shape:
    """The permutation A B *k → *k B A."""
    return (*range(2, rank + 2), 1, 0)


def zeros_between(op: ZeroInsert, at: Step, reshape: str, pad: str) -> list[Statement]:
    """For frameworks without interior padding: give the pixels of one axis after the other an axis of their own, pad that, fold it back."""
    (n, c, *space) = at.x
    said: list[Statement] = []
    for axis, s in enumerate(op.factor):
        if s > 1:
            apart = (n, *space[: axis + 1], 1, *space[axis + 1 :], c)
            widths = [NOTHING] * len(apart)
            widths[axis + 2] = (0, s - 1)
            space[axis] *= s
            said.append(Call.of(reshape, Call.of(pad, Call.of(reshape, X, apart), tuple(widths)), (n, *space, c)))
    ends = tuple((0, trailing - (s - 1)) for s, trailing in zip(op.factor, op.trailing, strict=True))
    return [*said, *fitted(ends, pad, channels_last=True)]


def one_hot_unpool(op: MaxUnpool, at: Step, ops: str, one_hot: Callable[[int], Call]) -> list[Statement]:
    """For frameworks without unpooling: a sum over one-hot rows. `ops` is the namespace of transpose, reshape and einsum."""
    n, c, *_ = at.x
    return [
        Call.of(f"{ops}.reshape", Call.of(f"{ops}.transpose", X, channels_first(op.rank)), (n, c, math.prod(at.x[2:]))),
        Let("q", Call.of(f"{ops}.reshape", Source(at.weight), Source("x.shape"))),
        Call.of(f"{ops}.einsum", "ncj,ncjq->ncq", X, one_hot(math.prod(op.size))),
        Call.of(f"{ops}.transpose", Call.of(f"{ops}.reshape", X, at.y), channels_last(op.rank)),
    ]


def interleaved(op: DepthToSpace, at: Step, reshape: str, transpose: str) -> Call:
    """DepthToSpace by reshaping, channels first: for ranks, orders and factors that have no function of their own."""
    c, r = at.y[1], op.rank
    split = (*op.factor, c) if op.order == "DCR" else (c, *op.factor)
    phases, channel = (range(1, 1 + r), 1 + r) if op.order == "DCR" else (range(2, 2 + r), 1)
    axes = (0, channel, *(axis for pair in zip(range(2 + r, 2 + 2 * r), phases, strict=True) for axis in pair))
    return Call.of(reshape, Call.of(transpose, Call.of(reshape, X, (_batch(at), *split, *at.x[2:])), axes), (_batch(at), *at.y[1:]))


def deinterleaved(op: SpaceToDepth, at: Step, reshape: str, transpose: str) -> Call:
    """SpaceToDepth by reshaping, channels first."""
    r = op.rank
    split = (length for n, f in zip(at.x[2:], op.factor, strict=True) for length in (n // f, f))
    phases, cells = range(3, 3 + 2 * r, 2), range(2, 2 + 2 * r, 2)
    axes = (0, *((*phases, 1) if op.order == "DCR" else (1, *phases)), *cells)
    return Call.of(reshape, Call.of(transpose, Call.of(reshape, X, (_batch(at), at.x[1], *split)), axes), (_batch(at), *at.y[1:]))


def _batch(at: Step) -> int:
    """-1, so that a program runs for any batch; of an empty array no length follows from the others."""
    return -1 if all(at.x) else at.x[0]


def channels_first_inside(statement: Statement, rank: int, transpose: str) -> list[Statement]:
    """A statement written for channels first, in a program that keeps them last."""
    return [Call.of(transpose, X, channels_first(rank)), statement, Call.of(transpose, X, channels_last(rank))]


def word_for(op: Conv, at: Step, rules: Mapping[str, Rule]) -> str | None:
    """The framework's word for exactly this padding, if it has one."""
    sizes = (at.x[2:], at.k, op.stride, op.dilation)
    return next((word for word, rule in rules.items() if on_every_axis(rule, *sizes) == op.padding), None)
