"""The layers of published architectures as cases: `run --suite models`.

A layer keeps its channels, kernel, stride, dilation and groups. Its lengths are cut until the reference takes SECONDS, but to no less than
twice what a window covers, and by multiples of the stride and of 2: the last window then lies as it does in the architecture. Where the
channels alone take longer than that, the batch is 1 and the lengths are the least; where they take longer than MOST, a window may cover
more than half of the image.
Every layer is run on whole numbers in float32, and one of each kind, the cheapest, on real numbers in each dtype of ROUNDED.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from itertools import pairwise

from spec import Case, Impossible, Shape
from verify.plan.architectures import architectures
from verify.plan.architectures.notation import Layer
from verify.plan.work import roughly

SECONDS, MOST = 0.1, 2.0
"""That a reference takes, by estimate: where lengths can be cut, and where they cannot."""
BATCH = 2
ROUNDED = ("float32", "float16", "bfloat16")

PARTS = [part / 16 for part in (16, 12, 8, 6, 4, 3, 2, 1.5, 1, 0.75, 0.5, 0.375, 0.25, 0.125, 0)]
"""Of the lengths, in the order in which they are tried."""


def cases(names: Iterable[str] = (), *, full_size: bool = False) -> list[Case]:
    """The distinct cases of these architectures, or of all, in the order of their tables."""
    chosen = {key: None for name in names or architectures() for key in architectures()[name].distinct}
    return list({repr(case): case for key in chosen for case in _cases(key, full_size)}.values())


def of_layers(name: str, *, full_size: bool = False) -> dict[str, tuple[str, ...]]:
    """For each distinct layer of an architecture the texts of its cases, without their seeds."""
    return {key: tuple(without_seed(repr(case)) for case in _cases(key, full_size)) for key in architectures()[name].distinct}


def without_seed(text: str) -> str:
    """The text of a case up to its seed, which differs from run to run."""
    return text.rpartition(" seed=")[0]


@cache
def _cases(key: str, full_size: bool) -> tuple[Case, ...]:
    """The cases of a distinct layer: the same whichever architectures are run."""
    layer = _layers()[key]
    return (whole(layer) if full_size else cut(layer), *_rounded().get(key, ()))


@cache
def _layers() -> dict[str, Layer]:
    """The distinct layers of all architectures."""
    return {key: layer for found in architectures().values() for key, layer in found.distinct.items()}


@cache
def _rounded() -> dict[str, tuple[Case, ...]]:
    """Real numbers for the cheapest layer of each kind, if it is cheap enough, at its least lengths."""
    cheapest: dict[str, tuple[float, str, Case]] = {}
    for key, layer in _layers().items():
        for lengths in list(_lengths(layer))[-1:]:
            found = (roughly(case := replace(layer.at(lengths), data="normal")).seconds, key, case)
            if _is_defined(case):
                cheapest[layer.kind] = min(cheapest.get(layer.kind, found), found, key=lambda one: one[:2])
    kept = (found for found in cheapest.values() if found[0] <= MOST)
    return {key: tuple(replace(case, dtype=dtype) for dtype in ROUNDED) for _, key, case in kept}


def whole(layer: Layer) -> Case:
    """On the lengths of its architecture, or on the longest that a case may have. Raises Impossible."""
    for lengths in _lengths(layer):
        try:
            return layer.at(lengths)
        except Impossible as impossible:
            why = impossible
    raise why


def cut(layer: Layer) -> Case:
    """On lengths that are cheap enough, or on the cheapest there are. Raises Impossible."""
    tried = list(_lengths(layer))
    for lengths in tried:
        case, cost = _tried(layer, lengths, BATCH)
        if case and cost <= SECONDS:
            return case
    case, cost = _tried(layer, tried[-1], 1)
    if cost > MOST:
        case = _tried(layer, tuple(map(_least, layer.lengths, ((n + 1) // 2 for n in layer.reach), layer.period)), 1)[0] or case
    return case or whole(layer)


def _is_defined(case: Case) -> bool:
    """Whether real numbers can be judged: not where a maximum is taken, which a rounding may change."""
    return all(step.multilinear for step in case.op.steps)


def _tried(layer: Layer, lengths: Shape, batch: int) -> tuple[Case | None, float]:
    try:
        case = layer.at(lengths, batch)
        return case, roughly(case).seconds
    except Impossible:  # arrays too large, or no window fits
        return None, float("inf")


def _lengths(layer: Layer) -> Iterator[Shape]:
    """The architecture's, then shorter and shorter ones that end alike."""
    least = tuple(map(_least, layer.lengths, (2 * n for n in layer.reach), layer.period))
    parts = [tuple(_cut(n, part, *axis) for n, *axis in zip(layer.lengths, least, layer.period, strict=True)) for part in PARTS]
    yield layer.lengths
    yield from (shorter for longer, shorter in pairwise(parts) if shorter != longer)


def _cut(n: int, part: float, least: int, period: int) -> int:
    return max(n - -(-(n - int(n * part)) // period) * period, least)


def _least(n: int, wanted: int, period: int) -> int:
    """The least length from `wanted` on that differs from n by periods, and is no longer than n."""
    return n if n <= wanted else n - (n - wanted) // period * period
