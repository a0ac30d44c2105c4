"""Native calls as cases: every function and layer that is read, over values of its own parameters, as people write them.

A translator chooses words that say an operation; users write others. Only the call as it stands in a program shows what a default, a string
or a tuple does. Values are chosen by the name of a parameter: first rows in which each value occurs, the default left out among them, then
rows at random. What cannot be read on one layout or rank is tried on the others, and is left out where it never can.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain
from typing import Any

from backends.call import BadCall, Call, Source, Value, X, declared
from backends.called import calls_of, read_with_shapes, written_with_shapes
from backends.names import declared_first, readable
from backends.reading import meaning
from spec import Case, Impossible, Shape
from spec.operation import size
from verify.plan.call_values import ARRAYS, CHANNELS, KERNEL, LEFT_OUT, TOGETHER, Reached, grid, inputs, ranks
from verify.plan.covering import Grid, Row, rows

CANNOT = {
    "onnx.MaxUnpool": "its input I has the indices of another node, MaxPool",
    "tf.nn.bias_add": "it is read together with the call before it",
    "jax.image.scale_and_translate": "its scale and translation are arrays that fit one shape",
}
"""What is read and not generated, and why."""

MOST_ELEMENTS = 1 << 14
MOST_ROWS = 40
"""Rows at random that are tried for one function and rank."""
MOST_REFUSALS = 8
"""How often a value may be refused that was never accepted."""
MOST = {"quick": 1, "standard": 12, "full": 48, "calls": 24}
"""How many calls of one function a suite has, those of `COMPLETE` aside."""
COMPLETE = ("full", "calls")
"""Suites in which every layout that a function reads has a call, if need be one more for each."""
LAYOUTS = ("data_format", "dimension_numbers")
"""Parameters that say where the channels are."""


@cache
def runtimes(call: str) -> tuple[str, ...]:
    """The runtimes that run a call: those of its framework."""
    return read_with_shapes(call).native.phrases.runtimes


@cache
def cases(suite: str, seed: int = 0) -> tuple[Case, ...]:
    """Distinct calls of each function, as far as there are any that can be read; each is one case of whole numbers."""
    return tuple(case for function in readable() if function not in CANNOT for case in of_function(function, suite, seed))


def of_function(function: str, suite: str, seed: int = 0) -> list[Case]:
    """Distinct calls of a function: ranks, layouts and weights mixed."""
    rng, tried = random.Random(f"{seed} {function}"), Tried()
    grids = {rank: grid(function, rank) for rank in ranks(function)}
    found = _distinct(function, chain(_each_value(grids, rng), _at_random(grids, rng, tried)), rng, tried, MOST[suite])
    for other in _other_layouts(function, grids, found) if suite in COMPLETE else ():
        found += _distinct(function, _at_random(other, rng, tried), rng, tried, 1)
    return found


def _distinct(function: str, values: Iterable[tuple[int, Row]], rng: random.Random, tried: Tried, most: int) -> list[Case]:
    """The first calls with these values that can be read, at most so many."""
    own: dict[str, Case] = {}
    for rank, row in values:
        for call, x, weights in _calls(function, rank, row, rng):
            case = _case(call, x, weights)
            if isinstance(case, Case):
                tried.accepted(rank, row)
                own[repr(case)] = case
                if len(own) == most:
                    return list(own.values())
            elif case:
                tried.refused(rank, row, case)
    return list(own.values())


def _other_layouts(function: str, grids: dict[int, Grid], found: list[Case]) -> Iterator[dict[int, Grid]]:
    """The grids with one layout, for each that no call has. The default is one, left out or not."""
    for name in (name for name in LAYOUTS if name in declared(function).parameters):
        met = [call[name] for case in found for call in calls_of(case.call)[:1]]
        for word in dict.fromkeys(word for values in grids.values() for word in values[name]):
            if (declared(function).parameters[name].default if word is LEFT_OUT else word) not in met:
                yield {rank: values | {name: [word]} for rank, values in grids.items() if word in values[name]}


class Tried:
    """Which values were refused by their reader, and never accepted: after a few times they are tried no more."""

    def __init__(self) -> None:
        self.good: set[tuple[int, str, str]] = set()
        self.bad: Counter[tuple[int, str, str]] = Counter()

    def accepted(self, rank: int, row: Row) -> None:
        self.good |= {(rank, name, repr(value)) for name, value in row.items()}

    def refused(self, rank: int, row: Row, sentence: str) -> None:
        """The sentence names the parameter: `F.pad: mode is …`."""
        named = re.match(r"[\w.]+: (\w+) is ", sentence)
        if named and named[1] in row:
            self.bad[rank, named[1], repr(row[named[1]])] += 1

    def among(self, rank: int, name: str, values: list[Any]) -> list[Any]:
        """Those that may be accepted; all if none may."""
        keys = [(rank, name, repr(value)) for value in values]
        return [value for value, key in zip(values, keys, strict=True) if key in self.good or self.bad[key] < MOST_REFUSALS] or values


def _each_value(grids: dict[int, Grid], rng: random.Random) -> list[tuple[int, Row]]:
    """Rows in which each value of each number of spatial axes occurs once, mixed."""
    every = [(rank, row) for rank, values in grids.items() for row in (rows(values, 1) if values else [{}])]
    rng.shuffle(every)
    return every


def _at_random(grids: dict[int, Grid], rng: random.Random, tried: Tried) -> Iterator[tuple[int, Row]]:
    for _ in range(MOST_ROWS):
        for rank, values in grids.items():
            yield rank, {name: rng.choice(tried.among(rank, name, some)) for name, some in values.items()}


def _case(call: Call, x: Shape, weights: tuple[Shape, ...]) -> Case | str:
    """Why not, in a sentence, where the call is not read so, nor its text; empty where the arrays are large."""
    from verify.native.check import case_of

    try:
        reading = meaning((call,), x, weights)
        case = case_of(reading.op, reading.x, reading.w)
        if not size(case.y) or max(map(size, (case.x, *case.w, case.y))) > MOST_ELEMENTS:
            return ""
        text = written_with_shapes(str(call), x, weights)
        again = read_with_shapes(text)
    except Impossible as why:
        return str(why)
    return Case(**{**vars(case), "call": text}) if repr(again.op) == repr(reading.op) else ""


def _calls(function: str, rank: int, row: Row, rng: random.Random) -> Iterator[tuple[Call, Shape, tuple[Shape, ...]]]:
    """Calls with these values, with the shape of an input and of weights."""
    first = declared_first(function)
    together = rng.choice(TOGETHER.get(function, [{}]))
    given = {name: value for name, value in {**row, **together}.items() if value is not LEFT_OUT}
    arrays = [name for name, value in given.items() if name in ARRAYS and isinstance(value, Source)]
    shapes = inputs(function, rank)
    rng.shuffle(shapes)
    for x, last in shapes:
        here = {name: value.shape(x, last=last) if isinstance(value, Reached) else value for name, value in given.items()}
        call = _call(function, first, here)
        if call is None:
            return
        for weights in _weights(function, arrays, rank):
            yield call, x, weights


def _call(function: str, first: str, given: dict[str, Value]) -> Call | None:
    try:
        return Call.of(function, **({first: X} if first else {}), **given)
    except (BadCall, TypeError):
        return None


def _weights(function: str, arrays: list[str], rank: int) -> Iterator[tuple[Shape, ...]]:
    """Shapes that the weights of a function may have: channels first or last, forward or transposed, grouped or not, depthwise."""
    if not arrays:
        yield ()
        return
    k = KERNEL[:rank]
    if len(arrays) > 1:
        yield (*k, CHANNELS, 2), (*(1,) * rank, 2 * CHANNELS, 6)
        return
    for a, b in ((6, CHANNELS), (CHANNELS, 6), (6, 2), (2, CHANNELS), (CHANNELS, 2), (CHANNELS, 3)):
        yield ((a, b, *k),)
        yield ((*k, b, a),)
