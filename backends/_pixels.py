"""What several frameworks write alike when they pool and resample."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction

from backends import Code, Step
from backends._phrases import fitted, lines
from spec import AveragePool, LpPool, MaxPool, Resize, Shape, SumPool
from spec.conventions.padding import same_padding, span
from spec.conventions.resize import Fields
from spec.ops.pool import reaching
from spec.ops.resize import affine
from spec.ops.separable import alike

Windowed = SumPool | AveragePool | LpPool | MaxPool


def number(value: Fraction) -> str:
    """As a Python user writes it: 1.25, or 4/3 where a float would round."""
    exact = value.denominator & (value.denominator - 1) == 0
    return repr(float(value)) if exact else str(value)


def said(op: Resize, at: Step, words: Mapping[str, Fields]) -> str | None:
    """The word that has exactly these coefficients here, told the size; where several have, the one that means them."""
    fitting = {word: fields for word, fields in words.items() if alike(op, Resize(size=op.size, **fields), at.x)}
    return min(fitting, key=lambda word: unlike(op, fitting[word]), default=None)


def unlike(op: Resize, fields: Fields) -> int:
    """In how many fields that matter most a word says another thing."""
    return sum(getattr(op, name) != fields.get(name, "no") for name in ("mode", "antialias"))


def picked(op: Resize, at: Step, take: str, arange: str, clip: str, *, channels_last: bool) -> str:
    """Nearest resampling by whole numbers, one axis after the other: for coordinate rules that have no word.

    `take` has places for the indices and the axis, `arange` for a length, `clip` for the indices and the last one.
    """
    statements = []
    for axis, (n, m) in enumerate(zip(at.x[2:], op.size, strict=True)):
        step, start = affine(op, axis, n)
        down = op.rounding in ("ceil", "round_prefer_floor")
        start += {"round_prefer_floor": Fraction(-1, 2), "round_prefer_ceil": Fraction(1, 2)}.get(op.rounding, 0)
        whole = math.lcm(step.denominator, start.denominator)
        a, b = int(step * whole) * (-1 if down else 1), int(start * whole) * (-1 if down else 1)
        terms = f"{arange.format(m)} * {a}" + (f" {'-' if b < 0 else '+'} {abs(b)}" if b else "")
        indices = f"-(({terms}) // {whole})" if down else f"({terms}) // {whole}"
        places = [(a * j + b) // whole * (-1 if down else 1) for j in range(m)]
        outside = min(places, default=0) < 0 or max(places, default=0) >= n
        statements.append(f"x = {take.format(clip.format(indices, n - 1) if outside else indices, axis + 2 - channels_last)}")
    return lines(*statements)


def word(op: Windowed, at: Step, same: str, valid: str) -> str | None:
    """The framework's word for windows that begin where these do and are as many, where what lies outside x plays no part."""
    axes = list(zip(at.x[2:], at.y[2:], op.kernel, op.stride, op.dilation, (lo for lo, _ in op.padding), strict=True))
    if all(lo == 0 and (n - span(k, d)) // s + 1 == m for n, m, k, s, d, lo in axes):
        return valid
    if all(lo == same_padding(n, k, s, d)[0] and -(-n // s) == m for n, m, k, s, d, lo in axes):
        return same
    return None


def mean(
    op: AveragePool, at: Step, pool: Callable[[str], Code], sums: Callable[[SumPool, str], str], pad: str, ones: str
) -> Code:
    """An average by the framework's own `pool` where it divides so, else by sums over what is counted.

    `pool`, told its padding's word, excludes what lies outside; `sums` is an expression, of x or of ones.
    """
    inside = SumPool(kernel=op.kernel, stride=op.stride, dilation=op.dilation)
    every = op.counted == "window" or (op.counted == "padded" and not any(op.overhang))
    padded = fitted(reaching(op), pad, channels_last=True)
    own = word(op, at, "same", "valid") if op.counted == "valid" or not any(map(any, reaching(op))) else None
    if max(op.dilation) == 1 and not op.divisor and (own or every):
        code = pool(own or "valid")
        return replace(code, body=lines("" if own else padded, code.body))
    if op.divisor or every:
        return Code(lines(padded, f"x = {sums(inside, 'x')} / {op.divisor or math.prod(op.kernel)}"))
    if op.counted == "padded":
        counted = fitted(op.padding, pad, channels_last=True, x="ones", more=", constant_values=1")
        beyond = fitted(tuple((0, more) for more in op.overhang), pad, channels_last=True, x="ones")
    else:
        counted, beyond = fitted(reaching(op), pad, channels_last=True, x="ones"), ""
    return Code(lines(f"ones = {ones}", counted, beyond, padded, f"x = {sums(inside, 'x')} / {sums(inside, 'ones')}"))


def norm(op: LpPool, total: str, *, absolute: str, sqrt: str) -> str:
    """A p-norm as people write it where there is none: `total` is the statement that sums x over the windows."""
    if op.p == 1:
        return lines(f"x = {absolute}(x)", total)
    power, root = ("x * x", f"{sqrt}(x)") if op.p == 2 else (f"{absolute}(x) ** {op.p}", f"x ** (1 / {op.p})")
    return lines(f"x = {power}", total, f"x = {root}")


def divided_evenly(size: Shape, at: Step) -> Shape | None:
    """The kernel, which is also the stride, of the pool with windows of one length that answers so; None where there is none."""
    if any(m == 0 or n % m for n, m in zip(at.x[2:], size, strict=True)):
        return None
    return tuple(n // m for n, m in zip(at.x[2:], size, strict=True))
