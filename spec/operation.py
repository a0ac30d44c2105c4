"""What every operation is: a frozen value of explicit integers that can be drawn as text, sized, evaluated and differentiated.

An operation takes x of shape (N, C, *space) and its further inputs: weights, a bias, indices. It declares their shapes, their domains and
whether they have a gradient (`inputs`, `free`), so that cases are made up, sampled and minimised without a list of operations.
A new operation is one dataclass deriving from Operation, with `shape`, `__call__` and `vjp`; its name is then known to `spec.parse`.
"""

from __future__ import annotations

import dataclasses
import math
import operator
from collections.abc import Callable, Iterator, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from spec.program import Program

Array = npt.NDArray[Any]
Shape = tuple[int, ...]
T = TypeVar("T")
Pairs = tuple[tuple[int, int], ...]
Index = tuple[Any, ...]

IMAGE = ("batch axis", "channel axis")
"""The first axes of x; those that follow are spatial."""


class Effort(NamedTuple):
    """What the definition does for one answer, counted from shapes: see verify.plan.work, which turns it into seconds and bytes."""

    products: int
    """Products of two numbers that are added; where nothing is multiplied, numbers that are added or compared."""
    passes: int = 1
    """Calls of NumPy: one for each tap of a window."""
    rows: int = 0
    """Of the matrices whose coefficients are computed as fractions."""
    coefficients: int = 0
    """Entries of these matrices."""


class Domain(NamedTuple):
    """The numbers n/parts for whole n from `least` to `greatest`. `distinct`: none occurs twice in one plane, the axes after the second."""

    least: int
    greatest: int
    parts: int = 1
    distinct: bool = False


def indices(below: int, *, distinct: bool = False) -> Domain:
    """0, 1, … below − 1."""
    return Domain(0, below - 1, distinct=distinct)


def coordinates(least: int, greatest: int, parts: int) -> Domain:
    """Multiples of 1/parts from least to greatest. With a power of two for `parts` every float dtype holds them."""
    return Domain(least * parts, greatest * parts, parts)


@dataclasses.dataclass(frozen=True)
class Input:
    """An input of an operation beside x. `shape(x, *sizes)`: from the shape of x and the free sizes, in the order of `Operation.free`."""

    name: str
    """What a native program calls it; a number is added if there are several steps."""
    shape: Callable[..., Shape]
    domain: Callable[[Shape], Domain] | None = None
    """The numbers it takes, from the shape of x. None: any real numbers, sampled as those of x."""
    has_gradient: bool = True
    axes: tuple[str, ...] = ("first channel axis", "second channel axis")
    """The names of its axes; those that follow are spatial."""


class Free(NamedTuple):
    """A length of further inputs that neither x nor a field decides: a number of channels, a kernel's length. Further input number
    `input` has it, times `times`, on its axis `axis`."""

    input: int
    axis: int
    times: int = 1
    along: int | None = None
    """The spatial axis of x that it goes with, if any."""


class Hypothesis(NamedTuple):
    """What an operation is mistaken for, in words that finish "matches: …": a noun phrase, such as "crop shifted by one pixel later"."""

    words: str
    field: str = ""
    """The field of the operation that it is about, if it is about one."""
    value: str = ""
    """Amounts, such as "lo + 1, hi − 1"."""


PUBLIC: dict[str, type[Operation]] = {}
"""Every operation that text can name, and the program that `>>` makes."""


class Impossible(ValueError):
    """No such operation, or not on arrays of these shapes. The message names the field, its value and the rule."""


def per_axis(neutral: object = dataclasses.MISSING, *, least: int | None = None) -> Any:
    """A field with one entry per spatial axis. Left out, each entry is `neutral`, or `neutral(op, axis)` if that is a function."""
    default = dataclasses.MISSING if neutral is dataclasses.MISSING else ()
    return dataclasses.field(default=default, metadata={"neutral": neutral, "least": least})


def one_number(default: int, *, least: int | None) -> Any:
    """A field with one whole number for the whole operation."""
    return dataclasses.field(default=default, metadata={"least": least})


def one_of(default: str, *others: str) -> Any:
    """A field with one word for the whole operation."""
    return dataclasses.field(default=default, metadata={"words": (default, *others)})


@dataclasses.dataclass(frozen=True, kw_only=True, repr=False)
class Operation:
    """Base of the operations: checks the fields, prints them, composes with `>>`."""

    def __init_subclass__(cls) -> None:
        """Whatever derives directly from it is public, under its own name."""
        if Operation in cls.__bases__:
            PUBLIC[cls.__name__] = cls

    def __post_init__(self) -> None:
        rows = [f for f in dataclasses.fields(self) if "neutral" in f.metadata]
        given = {f.name: len(_sequence(self, f.name)) for f in rows if not _is_left_out(getattr(self, f.name), f)}
        if not all(given.values()) or not given:
            name = next((name for name, n in given.items() if not n), rows[0].name)
            raise Impossible(_wants(self, name))
        if len(set(given.values())) > 1:
            lengths = ", ".join(f"{name} has {n}" for name, n in given.items())
            raise Impossible(f"{self.name}: {lengths} entries, but every field needs one for each spatial axis")
        rank = next(iter(given.values()))
        for f in rows:
            value = _sequence(self, f.name) or tuple(_neutral(f, self, axis) for axis in range(rank))
            object.__setattr__(self, f.name, tuple(_entry(f"{self.name}: {f.name}[{i}]", f, v) for i, v in enumerate(value)))
        for f in dataclasses.fields(self):
            if f not in rows:
                object.__setattr__(self, f.name, _entry(f"{self.name}: {f.name}", f, getattr(self, f.name)))

    @property
    def name(self) -> str:
        return type(self).__name__

    @property
    def rank(self) -> int:
        """The number of spatial axes."""
        return len(getattr(self, _first_row(type(self))))  # type: ignore[arg-type]

    @property
    def out_rank(self) -> int:
        """The number of spatial axes of the output."""
        return self.rank

    @property
    def layout(self) -> tuple[str, ...]:
        """The names of the output's axes, in order."""
        return (*IMAGE, *(f"spatial axis {i}" for i in range(self.out_rank)))

    def inputs(self) -> tuple[Input, ...]:
        """What it takes beside x."""
        return ()

    def free(self) -> tuple[Free, ...]:
        """The lengths of further inputs that may be chosen."""
        return ()

    @property
    def weights(self) -> int:
        """How many arrays follow x."""
        return len(self.inputs())

    def further(self, x: Shape, sizes: Sequence[int]) -> tuple[Shape, ...]:
        """The shapes of the further inputs, with these free sizes."""
        return tuple(one.shape(x, *sizes) for one in self.inputs())

    def sizes(self, *w: Shape) -> tuple[int, ...]:
        """The free sizes that further inputs of these shapes have: the inverse of `further`."""
        return tuple(w[f.input][f.axis] // f.times for f in self.free())

    def domains(self, x: Shape, *w: Shape) -> tuple[Domain | None, ...]:
        """The domain of each further input; None of real numbers."""
        return tuple(one.domain and one.domain(x) for one in self.inputs())

    def ones(self, x: Shape, *w: Shape) -> list[Array]:
        """Arrays of ones; of an input with a domain, arrays of the least number in it."""
        least = (1.0 if d is None else d.least / d.parts for d in self.domains(x, *w))
        return [np.ones(x), *(np.full(shape, value) for shape, value in zip(w, least, strict=True))]

    @property
    def selects(self) -> bool:
        """Whether it takes one of several numbers and adds nothing, as a maximum: which one shows where all numbers are distinct."""
        return False

    @property
    def copies(self) -> bool:
        """Whether every element of the output is one of x, moved, or a number of its own: nothing is computed, so that a zero keeps its
        sign."""
        return False

    @property
    def apart(self) -> bool:
        """Whether it works along one spatial axis after the other, and brings numbers of other channels together only by a kernel."""
        return True

    @property
    def multilinear(self) -> bool:
        """Whether the output is a polynomial of degree one in x and in each further input of real numbers, so that whole numbers decide
        its meaning."""
        return True

    @property
    def degree(self) -> int:
        """How many independent arrays of real numbers the longest product in the output multiplies."""
        return 1 + sum(one.domain is None for one in self.inputs())

    @property
    def roundings(self) -> int:
        """How many roundings a right implementation may make on its way to one coefficient of x; 0 where coefficients are whole."""
        return 0

    def unit_on(self, x: Shape, *w: Shape) -> int:
        """x and the cotangent are drawn as multiples of this, so that the answers stay whole."""
        return 1

    def exact_on(self, x: Shape, *w: Shape) -> bool:
        """Whether a right implementation has nothing to round where x and the cotangent are small multiples of the unit."""
        return True

    def absolute(self) -> Operation:
        """The operation with the magnitudes of its own coefficients."""
        return self

    def wavering(self, digits: int) -> Iterator[Operation]:
        """Linear operations that, on magnitudes, bound together what is wrong in an answer whose coefficients follow from coordinates of
        that many significant bits."""
        return iter(())

    @property
    def steps(self) -> tuple[Operation, ...]:
        """The operations one after the other; a single one is a program of itself."""
        return (self,)

    def shape(self, x: Shape, *w: Shape) -> Shape:
        """The shape of the answer, from the shapes of x and of the weights. Raises Impossible."""
        raise NotImplementedError

    def scratch(self, x: Shape, *w: Shape) -> Shape:
        """The shape of the largest array that the definition makes on its way."""
        return self.shape(x, *w)

    def window(self, *w: Shape) -> Shape:
        """The lengths of the window that the definition goes through tap by tap, if it does."""
        kernel: Shape = getattr(self, "kernel", ())
        return kernel

    def effort(self, x: Shape, *w: Shape) -> Effort:
        """How much the definition does for one answer; a gradient takes about as much."""
        taps = size(self.window(*w))
        return Effort(size(self.shape(x, *w)) * taps, taps)

    def __call__(self, x: Array, *w: Array) -> Array:
        """The answer by definition: exact for integers and for object arrays of fractions."""
        raise NotImplementedError

    def vjp(self, x: Array, *w_and_g: Array) -> tuple[Array, ...]:
        """The gradients of ⟨g, op(x, *w)⟩ with respect to x and each weight: `op.vjp(x, w, g)`."""
        raise NotImplementedError

    def undefined(self, x: Array, *w_and_u: Array) -> tuple[Array, ...]:
        """Where the gradients are not defined, given where the cotangent is not: `op.undefined(x, w, u)`, booleans of the shapes of x and
        of each weight. Nothing is claimed there.

        Here of an operation that has a derivative everywhere: what adds an undefined number is undefined, whatever multiplies it.
        """
        *w, u = w_and_u
        further = self.inputs()
        if u.any():
            ones = [np.ones(a.shape) if one.domain is None else a for one, a in zip(further, w, strict=True)]
            places = [a > 0 for a in self.absolute().vjp(np.ones(x.shape), *ones, u.astype(float))]
        else:
            places = [np.zeros(a.shape, bool) for a in (x, *w)]
        return (places[0], *(a | (not one.has_gradient) for one, a in zip(further, places[1:], strict=True)))

    def smaller(self, x: Shape) -> Iterator[tuple[Operation, Shape]]:
        """Simpler versions of itself, each with the shape of x that it is tried on: one field is nearer to its plainest value."""
        for f in dataclasses.fields(self):
            for value in _plainer(self, f):
                yield dataclasses.replace(self, **{f.name: value}), x

    def without_axis(self, axis: int) -> Operation:
        """The same on the other spatial axes."""
        rows = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if "neutral" in f.metadata}
        return dataclasses.replace(self, **{name: (*row[:axis], *row[axis + 1 :]) for name, row in rows.items()})

    def hypotheses(self) -> Iterator[tuple[Hypothesis, Operation]]:
        """Other operations that are easily mistaken for this one, and what each mistake is called."""
        return iter(())

    def terms(self, x: Shape, *w: Shape) -> int:
        """The largest number of products added in one element of the answer or of a gradient."""
        return _terms(self, x, *w)

    def __rshift__(self, after: Operation) -> Program:
        """`A >> B`: first A, then B."""
        from spec.program import Program

        if not isinstance(after, Operation):
            return NotImplemented
        return Program(inner=(*self.steps, *after.steps))

    def dealt(self, w: Sequence[T]) -> Iterator[tuple[Operation, Sequence[T]]]:
        """Each step with its own weights, or their shapes."""
        self.expect_weights(w)
        for op in self.steps:
            yield op, w[: op.weights]
            w = w[op.weights :]

    def walk(self, x: Shape, w: Sequence[Shape]) -> Iterator[tuple[Operation, Shape, Sequence[Shape], Shape]]:
        """Each step with the shapes of its x, its own weights and its answer. Raises Impossible."""
        for op, own in self.dealt(w):
            y = op.shape(x, *own)
            yield op, x, own, y
            x = y

    def __repr__(self) -> str:
        shown = [f for i, f in enumerate(dataclasses.fields(self)) if i == 0 or not _is_neutral(self, f)]
        return f"{self.name}({', '.join(f'{f.name}={getattr(self, f.name)!r}' for f in shown)})"

    def refuse(self, sentence: str) -> Impossible:
        return Impossible(f"{self!r}: {sentence}")

    def expect_weights(self, w: Sequence[object]) -> None:
        if len(w) != self.weights:
            raise self.refuse(f"{len(w)} weight arrays were given, but it takes {self.weights}")

    def expect_image(self, x: Shape) -> None:
        if len(x) != self.rank + 2:
            raise self.refuse(f"x has shape {x}, but {self.rank} spatial axes need (N, C{', n' * self.rank})")
        if min(x[1:]) < 1 or x[0] < 0:
            raise self.refuse(f"x has shape {x}, but every length must be at least 1 (the batch's at least 0)")


@cache
def _first_row(kind: type) -> str:
    return next(f.name for f in dataclasses.fields(kind) if "neutral" in f.metadata)


@lru_cache(maxsize=4096)
def _terms(op: Operation, x: Shape, *w: Shape) -> int:
    x = x if w else (1, *x[1:])  # without weights nothing is added over the batch
    ones = op.ones(x, *w)
    sums = [op(*ones), *op.vjp(*ones, np.ones(op.shape(x, *w)))]
    return max(1, *(int(a.max()) for a in sums if a.size))


def each_axis(op: T) -> list[T]:
    """The same operation for each spatial axis alone."""
    rows = [f.name for f in dataclasses.fields(op) if "neutral" in f.metadata]  # type: ignore[arg-type]
    rank = len(getattr(op, rows[0]))
    return [
        dataclasses.replace(op, **{name: getattr(op, name)[axis : axis + 1] for name in rows})  # type: ignore[type-var]
        for axis in range(rank)
    ]


@lru_cache(maxsize=4096)
def terms_by_axis(op: Operation, n: int, *k: int) -> tuple[int, ...]:
    """The most products added in one element of y, of ∂x and of each ∂w: of one channel, on one axis; 0 where there is no element."""
    x, *w = (np.ones((1, 1, length)) for length in (n, *k))
    y = op(x, *w)
    return tuple(int(a.max(initial=0)) for a in (y, *op.vjp(x, *w, np.ones(y.shape))))


def fit(x: Array, pairs: Pairs) -> Array:
    """x with (lo, hi) zeros added at the two ends of each spatial axis; where negative, cut instead, after the adding."""
    outer = ((0, 0),) * (x.ndim - len(pairs))
    if any(lo > 0 or hi > 0 for lo, hi in pairs):
        zero = np.zeros(1, x.dtype)  # the default 0 would come as an int64 into an array of Python numbers
        x = np.pad(x, outer + tuple((max(lo, 0), max(hi, 0)) for lo, hi in pairs), constant_values=zero)
    lengths = space(x, len(pairs))
    cut: Index = (..., *(slice(max(-lo, 0), max(n - max(-hi, 0), 0)) for n, (lo, hi) in zip(lengths, pairs, strict=True)))
    return x[cut]


def beside(field: str, pairs: Pairs) -> Iterator[tuple[Hypothesis, Pairs]]:
    """What a (lo, hi) field is easily mistaken for."""
    rules: dict[tuple[str, str], Callable[[int, int], tuple[int, int]]] = {
        (f"lo and hi of {field} exchanged", ""): lambda lo, hi: (hi, lo),
        (f"{field} shifted by one pixel later", "lo + 1, hi − 1"): lambda lo, hi: (lo + 1, hi - 1),
        (f"{field} shifted by one pixel earlier", "lo − 1, hi + 1"): lambda lo, hi: (lo - 1, hi + 1),
        (f"{field} ignored", ""): lambda lo, hi: (0, 0),
        (f"negative {field} ignored", ""): lambda lo, hi: (max(lo, 0), max(hi, 0)),
        (f"sign of {field} ignored", ""): lambda lo, hi: (abs(lo), abs(hi)),
        (f"lo of {field} at both ends", ""): lambda lo, hi: (lo, lo),
        (f"hi of {field} at both ends", ""): lambda lo, hi: (hi, hi),
        (f"all {field} at the end", ""): lambda lo, hi: (0, lo + hi),
        (f"all {field} at the start", ""): lambda lo, hi: (lo + hi, 0),
        (f"{field} one larger at the end", "hi + 1"): lambda lo, hi: (lo, hi + 1),
        (f"{field} one smaller at the end", "hi − 1"): lambda lo, hi: (lo, hi - 1),
    }
    for (words, value), rule in rules.items():
        yield Hypothesis(words, field, value), tuple(rule(*pair) for pair in pairs)
    yield from along(field, pairs)
    for axis in range(len(pairs)) if len(pairs) > 1 else ():
        yield Hypothesis(f"{field} ignored on one spatial axis", field, f"axis {axis}"), put(pairs, axis, (0, 0))


def along(field: str, entries: tuple[T, ...]) -> Iterator[tuple[Hypothesis, tuple[T, ...]]]:
    """What a field with one entry per axis is easily mistaken for, whatever the entries are."""
    if len(entries) > 1:
        yield Hypothesis(f"{field} of the axes in reverse order", field), entries[::-1]
        yield Hypothesis(f"{field} of axis 0 on every axis", field), entries[:1] * len(entries)
        yield Hypothesis(f"{field} of the last axis on every axis", field), entries[-1:] * len(entries)


def negated(pairs: Pairs) -> Pairs:
    """The pairs that undo: what was added is cut, what was cut is added as zeros. `fit` by them is the adjoint of `fit`."""
    return tuple((-lo, -hi) for lo, hi in pairs)


def less(n: int, least: int) -> list[int]:
    """The numbers to try instead of n, nearer to the least: that itself, half-way, one less."""
    return sorted({least, (n + least) // 2, n - 1} - {n}) if n > least else []


def put(values: tuple[T, ...], i: int, value: T) -> tuple[T, ...]:
    """The same entries but for the i-th."""
    return (*values[:i], value, *values[i + 1 :])


def _plainer(op: Operation, f: dataclasses.Field[Any]) -> Iterator[Any]:
    """Values of a field that are nearer to the plainest."""
    value = getattr(op, f.name)
    if "neutral" not in f.metadata:
        if value != f.default and f.default is not dataclasses.MISSING:
            yield f.default
        return
    for axis, entry in enumerate(value):
        if isinstance(entry, tuple):
            for side, n in enumerate(entry):
                for toward in {0, n // 2 if n > 0 else -(-n // 2), n - (n > 0) + (n < 0)} - {n}:
                    yield put(value, axis, put(entry, side, toward))
        else:
            for n in less(entry, f.metadata["least"] or 0):
                yield put(value, axis, n)


def space(x: Array | Shape, rank: int) -> Shape:
    """The last `rank` lengths."""
    shape = x if isinstance(x, tuple) else x.shape
    return tuple(shape[len(shape) - rank :])


def size(shape: Shape) -> int:
    """The number of elements."""
    return math.prod(shape)


def _sequence(op: Operation, name: str) -> tuple[Any, ...]:
    value = getattr(op, name)
    if not isinstance(value, tuple | list):
        raise Impossible(_wants(op, name))
    return tuple(value)


def _wants(op: Operation, name: str) -> str:
    f, value = next(f for f in dataclasses.fields(op) if f.name == name), getattr(op, name)
    number = value if type(value) is int and value >= (f.metadata["least"] or 0) else 1
    what, entry = ("pair of whole numbers", (number, number)) if in_pairs(f) else ("whole number", number)
    return f"{op.name}: {name} is {value!r}, but it needs one {what} for each spatial axis, such as {(entry, entry)} in 2-D"


def in_pairs(f: dataclasses.Field[Any]) -> bool:
    """Whether a field has a pair of numbers for each axis."""
    return isinstance(f.metadata.get("neutral"), tuple)


def _is_left_out(value: object, f: dataclasses.Field[Any]) -> bool:
    return isinstance(value, tuple) and value == () and f.default == ()


def _neutral(f: dataclasses.Field[Any], op: Operation, axis: int) -> Any:
    neutral = f.metadata["neutral"]
    return neutral(op, axis) if callable(neutral) else neutral


def _is_neutral(op: Operation, f: dataclasses.Field[Any]) -> bool:
    value = getattr(op, f.name)
    if "neutral" not in f.metadata:
        return bool(value == f.default)
    if f.metadata["neutral"] is dataclasses.MISSING:
        return False
    return bool(value == tuple(_neutral(f, op, axis) for axis in range(len(value))))


def _entry(field: str, f: dataclasses.Field[Any], value: object) -> Any:
    where = f"{field} is {value!r}"
    if "words" in f.metadata:
        if value not in f.metadata["words"]:
            raise Impossible(f"{where}, but it must be one of {', '.join(f.metadata['words'])}")
        return value
    if isinstance(f.metadata.get("neutral"), tuple):
        if not isinstance(value, tuple | list) or len(value) != 2:
            raise Impossible(f"{where}, but it must be a pair (lo, hi), such as (0, 1)")
        return tuple(_whole(v, where) for v in value)
    number, least = _whole(value, where), f.metadata["least"]
    if least is not None and number < least:
        raise Impossible(f"{where}, but it must be at least {least}")
    return number


def _whole(value: Any, where: str) -> int:
    try:
        if isinstance(value, bool | np.bool_):
            raise TypeError
        return operator.index(value)
    except TypeError:
        raise Impossible(f"{where}, but it must be a whole number") from None
