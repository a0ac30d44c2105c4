"""What several frameworks write alike when they pool and resample."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import TypeVar

from backends import Step
from backends.call import Call, Let, Source, Statement, Value, X
from backends.phrases import fitted
from spec import AveragePool, LpPool, MaxPool, Resize, Shape, SumPool
from spec.conventions.padding import same_padding, span
from spec.conventions.resize import Fields
from spec.ops.pool import reaching
from spec.ops.resize import affine
from spec.ops.separable import alike

Word = TypeVar("Word")
Windowed = SumPool | AveragePool | LpPool | MaxPool


def said(op: Resize, at: Step, words: Mapping[Word, Fields]) -> Word | None:
    """The word that has exactly these coefficients here, told the size; where several have, the one that means them."""
    fitting = {word: fields for word, fields in words.items() if alike(op, Resize(size=op.size, **fields), at.x)}
    return min(fitting, key=lambda word: unlike(op, fitting[word]), default=None)


def unlike(op: Resize, fields: Fields) -> int:
    """In how many fields that matter most a word says another thing."""
    return sum(getattr(op, name) != fields.get(name, "no") for name in ("mode", "antialias"))


def picked(
    op: Resize, at: Step, take: Callable[[Value, int], Call], arange: Callable[[int], Call], clip: Callable[[Source, int], Call],
    *, channels_last: bool,
) -> list[Statement]:  # fmt: skip
    """Nearest resampling by whole numbers, one axis after the other: for coordinate rules that have no word.

    `take` gets the indices and the axis, `arange` a length, `clip` the indices and the last one that there is.
    """
    statements: list[Statement] = []
    for axis, (n, m) in enumerate(zip(at.x[2:], op.size, strict=True)):
        step, start = affine(op, axis, n)
        down = op.rounding in ("ceil", "round_prefer_floor")
        start += {"round_prefer_floor": Fraction(-1, 2), "round_prefer_ceil": Fraction(1, 2)}.get(op.rounding, 0)
        whole = math.lcm(step.denominator, start.denominator)
        a, b = int(step * whole) * (-1 if down else 1), int(start * whole) * (-1 if down else 1)
        terms = f"{arange(m)} * {a}" + (f" {'-' if b < 0 else '+'} {abs(b)}" if b else "")
        indices = Source(f"-(({terms}) // {whole})" if down else f"({terms}) // {whole}")
        places = [(a * j + b) // whole * (-1 if down else 1) for j in range(m)]
        outside = min(places, default=0) < 0 or max(places, default=0) >= n
        statements.append(take(clip(indices, n - 1) if outside else indices, axis + 2 - channels_last))
    return statements


def word(op: Windowed, at: Step, same: str, valid: str) -> str | None:
    """The framework's word for windows that begin where these do and are as many, where what lies outside x plays no part."""
    axes = list(zip(at.x[2:], at.y[2:], op.kernel, op.stride, op.dilation, (lo for lo, _ in op.padding), strict=True))
    if all(lo == 0 and (n - span(k, d)) // s + 1 == m for n, m, k, s, d, lo in axes):
        return valid
    if all(lo == same_padding(n, k, s, d)[0] and -(-n // s) == m for n, m, k, s, d, lo in axes):
        return same
    return None


def mean(
    op: AveragePool, at: Step, pool: Callable[[str], list[Statement]], sums: Callable[[SumPool, str], list[Statement]], pad: str, ones: str,
) -> list[Statement]:  # fmt: skip
    """An average by the framework's own `pool` where it divides so, else by sums over what is counted.

    `pool`, told its padding's word, excludes what lies outside; `sums` replaces what a name stands for, x or ones, by its windows' sums.
    """
    inside = SumPool(kernel=op.kernel, stride=op.stride, dilation=op.dilation)
    every = op.counted == "window" or (op.counted == "padded" and not any(op.overhang))
    padded = fitted(reaching(op), pad, channels_last=True)
    own = word(op, at, "same", "valid") if op.counted == "valid" or not any(map(any, reaching(op))) else None
    if max(op.dilation) == 1 and not op.divisor and (own or every):
        return [*([] if own else padded), *pool(own or "valid")]
    if op.divisor or every:
        return [*padded, *sums(inside, "x"), f"x = x / {op.divisor or math.prod(op.kernel)}"]
    if op.counted == "padded":
        counted = fitted(op.padding, pad, channels_last=True, x="ones", constant_values=1)
        counted += fitted(tuple((0, more) for more in op.overhang), pad, channels_last=True, x="ones")
    else:
        counted = fitted(reaching(op), pad, channels_last=True, x="ones")
    return [Let("ones", Call.of(ones, X)), *counted, *padded, *sums(inside, "x"), *sums(inside, "ones"), "x = x / ones"]


def norm(op: LpPool, total: list[Statement], *, absolute: str, sqrt: str) -> list[Statement]:
    """A p-norm as people write it where there is none: `total` sums x over the windows."""
    if op.p == 1:
        return [Call.of(absolute, X), *total]
    if op.p == 2:
        return ["x = x * x", *total, Call.of(sqrt, X)]
    return [f"x = {Call.of(absolute, X)} ** {op.p}", *total, f"x = x ** (1 / {op.p})"]


def divided_evenly(size: Shape, at: Step) -> Shape | None:
    """The kernel, which is also the stride, of the pool with windows of one length that answers so; None where there is none."""
    if any(m == 0 or n % m for n, m in zip(at.x[2:], size, strict=True)):
        return None
    return tuple(n // m for n, m in zip(at.x[2:], size, strict=True))
