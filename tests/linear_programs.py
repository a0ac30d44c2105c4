"""Random programs in 1-D with one kernel, and what they compute by loops over the equations, for all kernels at once and modulo a prime."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np

from spec import Impossible, Operation, parse
from spec.families.maps import Family
from spec.families.wider import wider

LENGTH = 4
SHORT = 3
"""The most taps of a kernel."""


def program(rng: Random, n: int = LENGTH) -> Family:
    """One weighted layer, with a fixed step before it, after it, or neither."""
    while True:
        k, s, lo, hi, d = rng.randint(1, SHORT), rng.randint(1, 2), rng.randint(0, 2), rng.randint(-1, 2), rng.choice([1, 1, 1, 2])
        layer = rng.choice([
            f"Conv(stride=({s},), padding=(({lo}, {hi}),), dilation=({d},))",
            f"ConvTranspose(stride=({s},), crop=(({lo}, {hi}),), dilation=({d},))",
        ])  # fmt: skip
        text = " >> ".join([*_fixed(rng), layer, *(_fixed(rng) if rng.random() < 0.3 else [])])
        try:
            family = Family(op=parse(text), x=(1, 1, n), w=((1, 1, k),))
        except Impossible:
            continue
        if 0 < family.y[2] <= 12:
            return family


def _fixed(rng: Random) -> list[str]:
    return rng.choice([
        [], [f"Upsample(factor=({rng.randint(2, 3)},))"], [f"ZeroInsert(factor=({rng.randint(2, 3)},))"],
        [f"Pad(padding=(({rng.randint(-1, 2)}, {rng.randint(-1, 2)}),))"], ["SumPool(kernel=(2,), stride=(1,))"],
    ])  # fmt: skip


def pairs(rng: Random, count: int) -> list[tuple[Family, Family]]:
    """Two programs with results of one length; one in three times the second is the first with one tap more."""
    found: list[tuple[Family, Family]] = []
    while len(found) < count:
        a = program(rng)
        wide = [b for b in wider(a, 0, 1) if b.w != a.w and b.w[0][2] <= SHORT]
        others = wide if rng.random() < 1 / 3 else [b for b in (program(rng) for _ in range(60)) if b.y == a.y]
        if others:
            found.append((a, rng.choice(others)))
    return found


def by_loops(op: Operation, x: Any, w: Any, p: int) -> Any:
    """One line x through a program, for every row of w a result, modulo p. Nothing of spec/ computes here."""
    y = np.tile(np.array(x), (len(w), 1))
    for step in op.steps:
        y = _step(step, y, w) % p
    return y


def _step(step: Any, x: Any, w: Any) -> Any:
    n, k = x.shape[1], w.shape[1]
    if step.name == "Upsample":
        return np.stack([x[:, j // step.factor[0]] for j in range(n * step.factor[0])], axis=1)
    if step.name == "ZeroInsert":
        f = step.factor[0]
        length = (n - 1) * f + 1 + step.trailing[0]
        return np.stack([x[:, j // f] if j % f == 0 else 0 * x[:, 0] for j in range(length)], axis=1)
    if step.name == "SumPool":
        return np.stack([x[:, j] + x[:, j + 1] for j in range(n - 1)], axis=1)
    if step.name == "Pad":
        (lo, hi), = step.padding  # fmt: skip
        return np.stack([_at(x, j - lo) for j in range(n + lo + hi)], axis=1)
    s, d = step.stride[0], step.dilation[0]
    if step.name == "Conv":
        (lo, hi), = step.padding  # fmt: skip
        length = (n + lo + hi - d * (k - 1) - 1) // s + 1
        inside = [[(t, s * j + d * t - lo) for t in range(k)] for j in range(length)]
        limit = n + min(hi, 0)
        return np.stack([sum(w[:, t] * (_at(x, i) if i < limit else 0) for t, i in row) for row in inside], axis=1)
    (lo, hi), = step.crop  # fmt: skip
    length = (n - 1) * s + d * (k - 1) + 1 - lo - hi
    y = np.zeros((len(x), length), x.dtype)
    for i in range(n):
        for t in range(k):
            if 0 <= s * i + d * t - lo < length:
                y[:, s * i + d * t - lo] += x[:, i] * w[:, t]
    return y


def _at(x: Any, i: int) -> Any:
    return x[:, i] if 0 <= i < x.shape[1] else 0 * x[:, 0]


def all_maps(family: Family, p: int) -> set[bytes]:
    """The map of every kernel over the field of p elements, as the bytes of its matrix."""
    k, n = family.w[0][2], family.x[2]
    w = np.stack(np.meshgrid(*[np.arange(p)] * k, indexing="ij"), axis=-1).reshape(-1, k)
    columns = [by_loops(family.op, np.eye(n, dtype=int)[i], w, p) for i in range(n)]
    return {row.tobytes() for row in np.concatenate(columns, axis=1).astype(np.uint8)}
