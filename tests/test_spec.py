"""The specification against the same equations written a second time, as loops over Python integers.

Every operation is linear in x and in each weight: an element of y is a sum of products x[i]·w[t], or of single x[i]. A definition
here only says which products belong to which element: it yields (where in y, where in x, where in w). From that one list
follow y, both gradients and the number of terms, so each is checked against something that shares no code with spec/.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from functools import reduce
from itertools import product
from math import ceil, gcd, prod
from operator import rshift
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from spec import (
    Array,
    AveragePool,
    Conv,
    ConvTranspose,
    DepthToSpace,
    Impossible,
    MaxPool,
    MaxUnpool,
    Operation,
    Program,
    Shape,
    SpaceToDepth,
    SumPool,
    Upsample,
    ZeroInsert,
)

Where = tuple[int, ...]
Products = Iterator[tuple[Where, ...]]


# The equations again


def conv(op: Conv, x: Shape, w: Shape) -> Products:
    """y[n,o,j] = Σ x[n,c, s·j + d·t − lo] · w[o,c,t], where group o // (O/groups) reads its own C/groups channels."""
    together = w[0] // op.groups
    for n, o, c in grid(x[0], w[0], w[1]):
        for j, t in product(grid(*length(op, x, w)), grid(*w[2:])):
            at = tuple(s * a + d * b - lo for s, a, d, b, (lo, _) in zip(op.stride, j, op.dilation, t, op.padding))
            if inside(at, x[2:]):
                yield (n, o, *j), (n, o // together * w[1] + c, *at), (o, c, *t)


def conv_transpose(op: ConvTranspose, x: Shape, w: Shape) -> Products:
    """Every x[n,c,i] · w[c,o,t] is added to y[n,o, s·i + d·t − lo], o counted from the first channel of c's group."""
    together = w[0] // op.groups
    for n, c, o in grid(x[0], w[0], w[1]):
        for i, t in product(grid(*x[2:]), grid(*w[2:])):
            at = tuple(s * a + d * b - lo for s, a, d, b, (lo, _) in zip(op.stride, i, op.dilation, t, op.crop))
            if inside(at, length(op, x, w)):
                yield (n, c // together * w[1] + o, *at), (n, c, *i), (c, o, *t)


def upsample(op: Upsample, x: Shape) -> Products:
    """y[n,c,j] = x[n,c,⌊j/f⌋]."""
    for n, c, *j in grid(*x[:2], *length(op, x)):
        yield (n, c, *j), (n, c, *(a // f for a, f in zip(j, op.factor)))


def zero_insert(op: ZeroInsert, x: Shape) -> Products:
    """y[n,c,s·i] = x[n,c,i], 0 elsewhere."""
    for n, c, *i in grid(*x):
        yield (n, c, *(s * a for a, s in zip(i, op.factor))), (n, c, *i)


def sum_pool(op: SumPool, x: Shape) -> Products:
    """y[n,c,j] = Σ_t x[n,c, s·j + t]."""
    for n, c, *j in grid(*x[:2], *length(op, x)):
        for t in grid(*op.kernel):
            yield (n, c, *j), (n, c, *(s * a + b for s, a, b in zip(op.stride, j, t)))


def depth_to_space(op: DepthToSpace, x: Shape) -> Products:
    """y[n,c, f·i + p] = x[n, channel(c, p), i], over the phases p of one cell, row-major."""
    for (n, c, *i), (number, p) in product(grid(x[0], x[1] // prod(op.factor), *x[2:]), enumerate(grid(*op.factor))):
        channel = number * (x[1] // prod(op.factor)) + c if op.order == "DCR" else c * prod(op.factor) + number
        yield (n, c, *(f * a + b for f, a, b in zip(op.factor, i, p))), (n, channel, *i)


def space_to_depth(op: SpaceToDepth, x: Shape) -> Products:
    """y[n, channel(c, p), i] = x[n,c, f·i + p]."""
    for (n, c, *i), (number, p) in product(grid(*x[:2], *length(op, x)), enumerate(grid(*op.factor))):
        channel = number * x[1] + c if op.order == "DCR" else c * prod(op.factor) + number
        yield (n, channel, *i), (n, c, *(f * a + b for f, a, b in zip(op.factor, i, p)))


LENGTHS: dict[type[Operation], Callable[..., int]] = {
    Conv: lambda n, k, s, d, ends: (n + sum(ends) - d * (k - 1) - 1) // s + 1,
    ConvTranspose: lambda n, k, s, d, ends: (n - 1) * s + d * (k - 1) + 1 - sum(ends),
    Upsample: lambda n, f: n * f,
    ZeroInsert: lambda n, f, trailing: (n - 1) * f + 1 + trailing,
    SumPool: lambda n, k, s: (n - k) // s + 1,
    DepthToSpace: lambda n, f: n * f,
    SpaceToDepth: lambda n, f: n // f,
}


def length(op: Any, x: Shape, w: Shape | None = None) -> Shape:
    """The spatial lengths of the answer, from the formulas."""
    fields = {
        Conv: ("stride", "dilation", "padding"),
        ConvTranspose: ("stride", "dilation", "crop"),
        Upsample: ("factor",),
        ZeroInsert: ("factor", "trailing"),
        SumPool: ("kernel", "stride"),
        DepthToSpace: ("factor",),
        SpaceToDepth: ("factor",),
    }[type(op)]
    rows = (x[2:], *([w[2:]] if w else []), *(getattr(op, name) for name in fields))
    return tuple(LENGTHS[type(op)](*row) for row in zip(*rows))


DEFINITIONS: dict[type[Operation], Callable[..., Products]] = {
    Conv: conv,
    ConvTranspose: conv_transpose,
    Upsample: upsample,
    ZeroInsert: zero_insert,
    SumPool: sum_pool,
    DepthToSpace: depth_to_space,
    SpaceToDepth: space_to_depth,
}


def grid(*lengths: int) -> Iterator[Where]:
    return product(*map(range, lengths))


def inside(at: Where, lengths: Shape) -> bool:
    return all(0 <= a < n for a, n in zip(at, lengths))


def channels(op: Any, x: Shape, w: tuple[Shape, ...]) -> int:
    said = {
        Conv: lambda: w[0][0],
        ConvTranspose: lambda: w[0][1] * op.groups,
        DepthToSpace: lambda: x[1] // prod(op.factor),
        SpaceToDepth: lambda: x[1] * prod(op.factor),
    }
    return said.get(type(op), lambda: x[1])()


def defined(op: Operation, x: Array, *w: Array) -> Array:
    """The answer on Python numbers, step by step and summed product by product."""
    for step in op.steps:
        own, w = w[: step.weights], w[step.weights :]
        x = summed(step, DEFINITIONS[type(step)], x.astype(object), *(v.astype(object) for v in own))
    return x


def summed(op: Operation, definition: Callable[..., Products], *args: Array) -> Array:
    shapes = [a.shape for a in args]
    y = np.zeros((shapes[0][0], channels(op, shapes[0], tuple(shapes[1:])), *length(op, *shapes)), object)
    for to, *places in definition(op, *shapes):
        y[to] += np.prod([a[at] for a, at in zip(args, places, strict=True)], dtype=object)
    return y


# What is drawn: an operation, then an x and weights that it takes


@st.composite
def operations(draw: st.DrawFn, kind: type[Operation], x: Shape) -> tuple[Operation, tuple[Shape, ...]]:
    """An operation that takes an image of shape x, with its weights' shapes. Higher ranks get smaller numbers.

    Some images are too short for a single window: that answer is empty.
    """
    rank, space = len(x) - 2, x[2:]
    many = st.tuples(*[st.integers(1, 4 - rank // 2)] * rank)
    short = draw(st.sampled_from([0, 0, 0, 0, 1]))
    if kind is Upsample:
        return Upsample(factor=draw(many)), ()
    if kind is ZeroInsert:
        return ZeroInsert(factor=draw(many), trailing=draw(st.tuples(*[st.integers(0, 3)] * rank))), ()
    if kind is DepthToSpace or kind is SpaceToDepth:
        factors = [f for f in product(range(4, 0, -1), repeat=rank) if x[1] % prod(f) == 0 or kind is SpaceToDepth]
        fitting = [f for f in factors if kind is DepthToSpace or not any(n % m for n, m in zip(space, f))]
        return kind(factor=draw(st.sampled_from(fitting)), order=draw(st.sampled_from(["DCR", "CRD"]))), ()
    if kind is SumPool:
        stride = draw(many)
        return SumPool(kernel=tuple(draw(st.integers(1, min(n + short * s, 4))) for n, s in zip(space, stride)), stride=stride), ()
    stride, dilation, k = draw(many), draw(many), draw(many)
    spans = [d * (m - 1) + 1 for d, m in zip(dilation, k)]
    groups = draw(st.sampled_from([g for g in (3, 2, 1) if x[1] % g == 0]))
    out = draw(st.integers(1, 2))
    if kind is Conv:
        windows = [max(span - short * s, 0) for span, s in zip(spans, stride)]
        padding = tuple(draw(ends(window - n)) for n, window in zip(space, windows))
        return Conv(stride=stride, padding=padding, dilation=dilation, groups=groups), ((out * groups, x[1] // groups, *k),)
    full = [(n - 1) * s + span for n, s, span in zip(space, stride, spans)]
    crop = tuple((-lo, -hi) for lo, hi in (draw(ends(1 - short - n)) for n in full))
    return ConvTranspose(stride=stride, crop=crop, dilation=dilation, groups=groups), ((x[1], out, *k),)


@st.composite
def ends(draw: st.DrawFn, least: int) -> tuple[int, int]:
    """A pair, either sign, whose sum is at least `least`."""
    lo = draw(st.integers(-3, 3))
    return lo, draw(st.integers(max(-3, least - lo), max(-3, least - lo) + 5))


@st.composite
def inputs_of(
    draw: st.DrawFn, *kinds: type[Operation], most: int = 6, ranks: tuple[int, int] = (1, 3)
) -> tuple[Operation, tuple[Shape, ...]]:
    """One operation of each kind, one after the other, with the shapes of x and of the weights."""
    rank = draw(st.integers(*ranks))
    lengths = st.tuples(*[st.integers(1, max(most // rank, 2))] * rank)
    x = (draw(st.integers(1, 2)), draw(st.sampled_from([4, 1, 2, 3])), *draw(lengths))
    steps, images, w = [], [x], []
    for kind in kinds:
        op, own = draw(operations(kind, images[-1]))
        steps.append(op)
        images.append(op.shape(images[-1], *own))
        w.extend(own)
        assume(min(images[-1]) > 0 or len(steps) == len(kinds))
    return reduce(rshift, steps), (x, *w)


def integers(shapes: tuple[Shape, ...], dtype: Any = np.int64) -> list[Array]:
    """Arrays of small numbers without symmetry, the same in every run."""
    rng = np.random.default_rng([4, *shapes[0]])
    return [rng.integers(-9, 10, shape).astype(dtype) for shape in shapes]


def fractions(shapes: tuple[Shape, ...]) -> list[Array]:
    rng = np.random.default_rng([5, *shapes[0]])
    over = np.vectorize(lambda a, b: Fraction(int(a), int(b)), otypes=[object])
    return [over(rng.integers(-9, 10, shape), rng.integers(1, 8, shape)) for shape in shapes]


def inner(a: Array, b: Array) -> Any:
    """⟨a, b⟩ over Python integers."""
    return (a.astype(object) * b.astype(object)).sum() if a.size else 0


NOT_EXPLAINED = [Phase.explicit, Phase.generate, Phase.shrink]
thoroughly = settings(derandomize=True, deadline=None, database=None, phases=NOT_EXPLAINED, max_examples=200)
briefly = settings(thoroughly, max_examples=40)
each_kind = pytest.mark.parametrize("kind", DEFINITIONS)
WEIGHTED = [(Conv,), (ConvTranspose,), (Conv, ConvTranspose), (ConvTranspose, Conv), (Conv, Upsample, Conv), (ZeroInsert, Conv)]
COMPOSED = [
    *WEIGHTED,
    (Upsample,),
    (ZeroInsert,),
    (SumPool,),
    (Upsample, ConvTranspose),
    (ConvTranspose, SumPool, Conv),
    (SpaceToDepth, Conv, DepthToSpace),
]
each_program = pytest.mark.parametrize("kinds", COMPOSED, ids=lambda kinds: ">>".join(kind.__name__ for kind in kinds))


# The answer


@each_kind
@thoroughly
@given(data=st.data())
def test_the_answer_is_the_equations(kind: type[Operation], data: st.DataObject) -> None:
    """Value by value, on integers, in one to three dimensions; and `shape` says the shape."""
    op, shapes = data.draw(inputs_of(kind))
    args = integers(shapes)
    y = op(*args)
    expected = defined(op, *args)
    assert y.shape == op.shape(*shapes) == expected.shape
    assert np.array_equal(y, expected)


@each_kind
@briefly
@given(data=st.data())
def test_the_gradients_are_the_equations(kind: type[Operation], data: st.DataObject) -> None:
    """Each product x[i]·w[t] in y[j] puts g[j]·w[t] into ∂x[i] and g[j]·x[i] into ∂w[t], and nothing else does."""
    op, shapes = data.draw(inputs_of(kind))
    *args, g = (a.astype(object) for a in integers((*shapes, op.shape(*shapes))))
    expected = [np.zeros(shape, object) for shape in shapes]
    for to, *places in DEFINITIONS[kind](op, *shapes):
        for wanted, gradient in enumerate(expected):
            others = [a[at] for i, (a, at) in enumerate(zip(args, places, strict=True)) if i != wanted]
            gradient[places[wanted]] += np.prod([g[to], *others], dtype=object)
    gradients = op.vjp(*args, g)
    assert len(gradients) == len(expected)
    assert all(np.array_equal(a, b) for a, b in zip(gradients, expected, strict=True))


@each_program
@briefly
@given(data=st.data())
def test_a_program_is_its_steps(kinds: tuple[type[Operation], ...], data: st.DataObject) -> None:
    """`A >> B` is first A, then B, each with its own weights in turn."""
    op, shapes = data.draw(inputs_of(*kinds))
    args = integers(shapes)
    y = defined(op, *args)
    assert op(*args).shape == op.shape(*shapes) == y.shape
    assert np.array_equal(op(*args), y)


def test_composition_is_associative() -> None:
    a, b, c = Conv(stride=(1,)), Upsample(factor=(2,)), SumPool(kernel=(2,))
    assert (a >> b) >> c == a >> (b >> c)
    assert ((a >> b) >> c).steps == (a, b, c)
    assert a >> b != b >> a


# Numbers stay what they are


@each_program
@briefly
@given(data=st.data())
def test_fractions_are_exact(kinds: tuple[type[Operation], ...], data: st.DataObject) -> None:
    """With any denominators, the answer is the rational one and the gradients are its adjoint; nothing else than rationals comes in."""
    op, shapes = data.draw(inputs_of(*kinds, most=3, ranks=(1, 2)))
    *args, g = fractions((*shapes, op.shape(*shapes)))
    y, *gradients = op(*args), *op.vjp(*args, g)
    assert np.array_equal(y, defined(op, *args))
    assert {inner(d, a) for d, a in zip(gradients, args, strict=True)} == {inner(g, y)}
    assert {a.dtype for a in (y, *gradients)} == {np.dtype(object)}
    assert {type(v) for a in (y, *gradients) for v in a.flat} <= {int, Fraction}


@each_kind
@briefly
@given(data=st.data())
def test_a_whole_fraction_is_treated_like_an_integer(kind: type[Operation], data: st.DataObject) -> None:
    op, shapes = data.draw(inputs_of(kind, most=4))
    *args, g = integers((*shapes, op.shape(*shapes)))
    *wholes, h = (np.vectorize(Fraction, otypes=[object])(a) if a.size else a.astype(object) for a in (*args, g))
    for on_integers, on_fractions in zip((op(*args), *op.vjp(*args, g)), (op(*wholes), *op.vjp(*wholes, h)), strict=True):
        assert on_fractions.dtype == object
        assert np.array_equal(on_integers, on_fractions)


@each_program
@briefly
@given(data=st.data())
def test_python_integers_never_overflow(kinds: tuple[type[Operation], ...], data: st.DataObject) -> None:
    """In object arrays integers have no width: each argument times 10²⁰ is the answer times 10²⁰."""
    op, shapes = data.draw(inputs_of(*kinds, most=3, ranks=(1, 2)))
    *args, g = (a.astype(object) for a in integers((*shapes, op.shape(*shapes))))
    small = op(*args), *op.vjp(*args, g)
    assert {type(v) for a in small for v in a.flat} <= {int}
    huge = [a * 10**20 for a in args]
    degrees = [len(args), *[len(args) - 1] * len(args)]
    for a, b, degree in zip(small, (op(*huge), *op.vjp(*huge, g)), degrees, strict=True):
        assert np.array_equal(a * 10 ** (20 * degree), b)


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.float32, np.float64, object], ids=lambda dtype: np.dtype(dtype).name)
@each_program
@settings(briefly, max_examples=10)
@given(data=st.data())
def test_the_dtype_is_kept(kinds: tuple[type[Operation], ...], dtype: Any, data: st.DataObject) -> None:
    """Answer and gradients have the dtype of what went in."""
    op, shapes = data.draw(inputs_of(*kinds))
    args = integers(shapes, dtype)
    y = op(*args)
    assert {a.dtype for a in (y, *op.vjp(*args, y))} == {np.dtype(dtype)}


# The gradients


@each_program
@briefly
@given(data=st.data())
def test_each_gradient_is_the_adjoint(kinds: tuple[type[Operation], ...], data: st.DataObject) -> None:
    """⟨g, op(x, w…)⟩ = ⟨∂x, x⟩ = ⟨∂w, w⟩ for each weight, exactly: the operation is linear in each of its arguments."""
    op, shapes = data.draw(inputs_of(*kinds))
    *args, g = integers((*shapes, op.shape(*shapes)))
    gradients = op.vjp(*args, g)
    assert [d.shape for d in gradients] == [a.shape for a in args]
    assert {inner(d, a) for d, a in zip(gradients, args, strict=True)} == {inner(g, op(*args))}


@each_program
@settings(briefly, max_examples=15)
@given(data=st.data())
def test_each_gradient_is_the_finite_difference(kinds: tuple[type[Operation], ...], data: st.DataObject) -> None:
    """⟨g, op(a + e) − op(a)⟩ for every unit vector e of every argument: exact, since the operation is linear in that argument."""
    op, shapes = data.draw(inputs_of(*kinds, most=3, ranks=(1, 2)))
    *args, g = integers((*shapes, op.shape(*shapes)))
    before = op(*args)
    for argument, gradient in zip(args, op.vjp(*args, g), strict=True):
        for at in np.ndindex(argument.shape):
            argument[at] += 1
            difference = inner(g, op(*args) - before)
            argument[at] -= 1
            assert gradient[at] == difference


def test_nothing_given_is_changed() -> None:
    op = Conv(stride=(1,)) >> ConvTranspose(stride=(2,), crop=((-1, 1),)) >> SumPool(kernel=(2,), stride=(1,)) >> ZeroInsert(factor=(2,))
    shapes = ((2, 2, 5), (3, 2, 2), (3, 2, 3))
    args = integers((*shapes, op.shape(*shapes)))
    kept = [a.copy() for a in args]
    op(*args[:-1])
    op.vjp(*args)
    assert all(np.array_equal(a, b) for a, b in zip(args, kept, strict=True))


# Pools that divide or choose: the same windows as SumPool's


@st.composite
def pools(draw: st.DrawFn, kind: type[AveragePool | MaxPool]) -> tuple[AveragePool | MaxPool, Shape, list[tuple[Where, list[Where]]]]:
    """A pool, the shape of an image, and each of its windows: the element of y it gives and those of x it has, row-major."""
    pool, (x,) = draw(inputs_of(SumPool))
    windows: dict[Where, list[Where]] = {}
    for to, at in sum_pool(pool, x):
        windows.setdefault(to, []).append(at)
    return kind(kernel=pool.kernel, stride=pool.stride), x, list(windows.items())


@pytest.mark.parametrize("numbers", [integers, fractions])
@briefly
@given(data=st.data())
def test_an_average_is_the_sum_over_the_number_of_pixels(numbers: Callable[..., list[Array]], data: st.DataObject) -> None:
    op, x, windows = data.draw(pools(AveragePool))
    a, g = numbers((x, op.shape(x)))
    y, (dx,) = op(a), op.vjp(a, g)
    assert y.shape == op.shape(x)
    assert all(y[to] == Fraction(sum(a[at] for at in window), len(window)) for to, window in windows)
    assert inner(dx, a) == inner(g, y)
    assert {type(v) for v in (*y.flat, *dx.flat)} <= {int, np.int64, Fraction}


@briefly
@given(data=st.data())
def test_an_average_of_python_integers_is_exact(data: st.DataObject) -> None:
    op, x, windows = data.draw(pools(AveragePool))
    (a,) = integers((x,), object)
    y = op(a)
    assert all(y[to] == Fraction(sum(a[at] for at in window), len(window)) for to, window in windows)


def test_an_average_after_zeros_is_exact() -> None:
    """The zeros that an operation puts in are no floats after the division either."""
    op = ZeroInsert(factor=(4,)) >> AveragePool(kernel=(2,)) >> Conv(stride=(1,))
    third = np.full((1, 1, 2), Fraction(1, 3), object)
    assert op(third, third).ravel().tolist() == [Fraction(1, 18)] * 3


@pytest.mark.parametrize("dtype", [np.int64, np.float32, object], ids=lambda dtype: np.dtype(dtype).name)
@briefly
@given(data=st.data())
def test_a_maximum_is_the_first_of_the_greatest(dtype: Any, data: st.DataObject) -> None:
    """Its value, its place, and the gradient that goes there and nowhere else; few different numbers, so that many are equal."""
    op, x, windows = data.draw(pools(MaxPool))
    a, g = integers((x, op.shape(x)), dtype)
    a = a // 5
    y, indices, (dx,) = op(a), op.indices(a), op.vjp(a, g)
    expected = np.zeros(x, dtype)
    for to, window in windows:
        winner = max(window, key=lambda at: a[at])  # max keeps the first
        assert (y[to], indices[to]) == (a[winner], np.ravel_multi_index(winner[2:], x[2:]))
        expected[winner] += g[to]
    assert y.shape == indices.shape == op.shape(x)
    assert np.array_equal(dx, expected)
    assert y.dtype == dx.dtype == dtype


@briefly
@given(data=st.data())
def test_unpooling_puts_each_maximum_back(data: st.DataObject) -> None:
    op, x, windows = data.draw(pools(MaxPool))
    (a,) = integers((x,))
    expected = np.zeros_like(a)
    for to, _ in windows:
        expected[to[:2]].flat[op.indices(a)[to]] = op(a)[to]
    assume(windows)
    assert np.array_equal(MaxUnpool(size=x[2:])(op(a), op.indices(a)), expected)


@briefly
@given(data=st.data())
def test_unpooling_gradients_come_from_where_the_last_pixel_was_put(data: st.DataObject) -> None:
    n, q = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 5))
    x, g = integers(((2, 1, n), (2, 1, q)))
    indices = np.array(data.draw(st.lists(st.integers(0, q - 1), min_size=2 * n, max_size=2 * n))).reshape(2, 1, n)
    expected = np.zeros_like(x)
    for b in range(2):
        for place, pixel in {int(indices[b, 0, j]): j for j in range(n)}.items():
            expected[b, 0, pixel] = g[b, 0, place]
    dx, none = MaxUnpool(size=(q,)).vjp(x, indices, g)
    assert np.array_equal(dx, expected)
    assert not none.any()


@briefly
@given(data=st.data())
def test_every_tied_maximum_may_have_the_whole_gradient(data: st.DataObject) -> None:
    op, x, windows = data.draw(pools(MaxPool))
    (a,) = integers((x,))
    a = np.clip(a, -1, 1)
    op = replace(op, ties="all")
    (g,) = integers((op.shape(x),))
    expected = np.zeros_like(a)
    for to, pixels in windows:
        for pixel in pixels:
            expected[pixel] += g[to] * (a[pixel] == op(a)[to])
    assert np.array_equal(op.vjp(a, g)[0], expected)


@briefly
@given(data=st.data())
def test_terms_of_a_maximum_bound_its_gradients_sums(data: st.DataObject) -> None:
    """Overlapping windows may all have their maximum in one pixel, wherever that is."""
    op, x, windows = data.draw(pools(MaxPool))
    met = Counter(at for _, window in windows for at in window)
    assert op.terms(x) >= max(met.values(), default=1)


# What the definitions tell apart: each mutant has the same shapes and another answer


def flipped(op: Any, x: Shape, w: Shape) -> Products:
    """True convolution: the kernel's taps in reverse."""
    for to, at, (a, b, *t) in DEFINITIONS[type(op)](op, x, w):
        yield to, at, (a, b, *(k - 1 - i for k, i in zip(w[2:], t)))


def other_end(op: Any, x: Shape, w: Shape) -> Products:
    """(lo, hi) read as (hi, lo)."""
    field = "padding" if isinstance(op, Conv) else "crop"
    swapped = tuple((hi, lo) for lo, hi in getattr(op, field))
    yield from DEFINITIONS[type(op)](replace(op, **{field: swapped}), x, w)


def interleaved_groups(op: Any, x: Shape, w: Shape) -> Products:
    """Channel c belongs to group c % groups, not to c // (C/groups)."""
    for (n, a, *j), (m, c, *i), t in DEFINITIONS[type(op)](op, x, w):
        yield (n, a, *j), (m, c % (x[1] // op.groups) * op.groups + c // (x[1] // op.groups), *i), t


def interleaved_answer(op: Any, x: Shape, w: Shape) -> Products:
    """The same mistake in the answer's channels."""
    out = channels(op, x, (w,)) // op.groups
    for (n, o, *j), at, t in DEFINITIONS[type(op)](op, x, w):
        yield (n, o % out * op.groups + o // out, *j), at, t


@pytest.mark.parametrize("mutant", [flipped, other_end, interleaved_groups, interleaved_answer])
@pytest.mark.parametrize(
    "op", [Conv(stride=(2,), padding=((0, 1),), groups=2), ConvTranspose(stride=(2,), crop=((0, 1),), groups=2)], ids=lambda op: op.name
)
def test_a_wrong_definition_has_another_answer(op: Operation, mutant: Callable[..., Products]) -> None:
    args = integers(((1, 4, 5), (4, 2, 3)))
    right, wrong = op(*args), summed(op, mutant, *args)
    assert right.shape == wrong.shape
    assert not np.array_equal(right, wrong)
    assert np.array_equal(right, defined(op, *args))


# A few answers small enough to check by eye


WOVEN = {order: DepthToSpace(factor=(2,), order=order) for order in ("DCR", "CRD")}


def row(*numbers: int) -> Array:
    return np.array(numbers).reshape(1, 1, -1)


@pytest.mark.parametrize(
    ("op", "x", "w", "y"),
    [
        (Conv(stride=(1,)), (1, 2, 3), [(1, 10)], (21, 32)),
        (Conv(stride=(1,), padding=((1, 0),)), (1, 2, 3), [(1, 10)], (10, 21, 32)),
        (Conv(stride=(1,), padding=((-1, 1),)), (1, 2, 3), [(1, 10)], (32, 3)),
        (Conv(stride=(2,)), (1, 2, 3, 4), [(1, 10)], (21, 43)),
        (Conv(dilation=(2,)), (1, 2, 3, 4), [(1, 10)], (31, 42)),
        (ConvTranspose(stride=(1,)), (1, 2), [(1, 10)], (1, 12, 20)),
        (ConvTranspose(stride=(2,)), (1, 2), [(1, 10, 100)], (1, 10, 102, 20, 200)),
        (ConvTranspose(stride=(2,), crop=((0, 1),)), (1, 2), [(1, 10, 100)], (1, 10, 102, 20)),
        (ConvTranspose(stride=(2,), crop=((1, 0),)), (1, 2), [(1, 10, 100)], (10, 102, 20, 200)),
        (ConvTranspose(stride=(2,), crop=((-1, 1),)), (1, 2), [(1, 10)], (0, 1, 10, 2)),
        (ConvTranspose(stride=(1,), dilation=(2,)), (1, 2), [(1, 10)], (1, 2, 10, 20)),
        (Upsample(factor=(2,)), (1, 2), [], (1, 1, 2, 2)),
        (ZeroInsert(factor=(2,)), (1, 2), [], (1, 0, 2, 0)),
        (ZeroInsert(factor=(2,), trailing=(0,)), (1, 2), [], (1, 0, 2)),
        (SumPool(kernel=(2,)), (1, 2, 3, 4, 5), [], (3, 7)),
        (SumPool(kernel=(2,), stride=(1,)), (1, 2, 3), [], (3, 5)),
        (SpaceToDepth(factor=(2,)) >> DepthToSpace(factor=(2,)), (1, 2, 3, 4), [], (1, 2, 3, 4)),
        (SpaceToDepth(factor=(4,)) >> WOVEN["DCR"] >> WOVEN["DCR"], (1, 2, 3, 4), [], (1, 2, 3, 4)),
        (SpaceToDepth(factor=(4,)) >> WOVEN["CRD"] >> WOVEN["CRD"], (1, 2, 3, 4), [], (1, 3, 2, 4)),
        (Upsample(factor=(2,)) >> Conv(stride=(1,)), (1, 2), [(1, 10)], (11, 21, 22)),
    ],
    ids=repr,
)
def test_by_eye(op: Operation, x: tuple[int, ...], w: list[tuple[int, ...]], y: tuple[int, ...]) -> None:
    assert op(row(*x), *(row(*v) for v in w)).tolist() == [[list(y)]]


# Shapes


@pytest.mark.parametrize(
    ("op", "shapes"),
    [
        (Conv(stride=(1,)), ((2, 3, 2), (4, 3, 3))),
        (Conv(stride=(3,), padding=((1, -2),), dilation=(2,)), ((1, 2, 2), (2, 2, 2))),
        (Conv(stride=(1, 1)), ((1, 1, 3, 4), (1, 1, 2, 5))),
        (ConvTranspose(stride=(2,), crop=((2, 3),)), ((1, 2, 2), (2, 1, 3))),
        (ConvTranspose(stride=(2, 1), crop=((5, -2), (0, 1)), groups=2), ((1, 2, 1, 3), (2, 1, 3, 2))),
        (SumPool(kernel=(2,), stride=(1,)), ((2, 2, 1),)),
        (Upsample(factor=(2,)) >> Conv(padding=((-1, 0),)), ((1, 1, 1), (1, 1, 2))),
    ],
    ids=repr,
)
def test_an_answer_may_be_empty(op: Operation, shapes: tuple[Shape, ...]) -> None:
    """Length 0 is legal: the answer has no elements, and the gradients are zeros of the right shapes."""
    *args, g = integers((*shapes, op.shape(*shapes)))
    assert op(*args).size == g.size == 0
    gradients = op.vjp(*args, g)
    assert [d.shape for d in gradients] == [a.shape for a in args]
    assert not any(d.any() for d in gradients)
    assert op.terms(*shapes) >= 1


def one(op: Operation) -> tuple[Shape, ...]:
    """Shapes of ones for an operation with at most one weight."""
    return tuple((1, 1, *[1] * op.rank) for _ in range(1 + op.weights))


IMPOSSIBLE: list[tuple[Callable[[], object], tuple[str, ...]]] = [
    # a field alone
    (lambda: Conv(stride=(0,)), ("stride[0]", "0", "at least 1")),
    (lambda: Conv(stride=(1, -2)), ("stride[1]", "-2", "at least 1")),
    (lambda: Conv(stride=(1.5,)), ("stride[0]", "1.5", "whole number")),
    (lambda: Conv(stride=(2.0,)), ("stride[0]", "2.0", "whole number")),
    (lambda: Conv(stride=(True,)), ("stride[0]", "True", "whole number")),
    (lambda: Conv(stride=(np.True_,)), ("stride[0]", "True", "whole number")),
    (lambda: Conv(stride=("2",)), ("stride[0]", "'2'", "whole number")),
    (lambda: Conv(stride=(None,)), ("stride[0]", "None", "whole number")),
    (lambda: Conv(stride=2), ("stride", "2", "each spatial axis", "(2, 2) in 2-D")),
    (lambda: Conv(stride="22"), ("stride", "'22'", "each spatial axis")),
    (lambda: Conv(stride=None), ("stride", "None", "each spatial axis")),
    (lambda: Conv(stride=(1,), padding=((1,),)), ("padding[0]", "(1,)", "pair")),
    (lambda: Conv(stride=(1,), padding=((1, 2, 3),)), ("padding[0]", "(1, 2, 3)", "pair")),
    (lambda: Conv(stride=(1,), padding=(1,)), ("padding[0]", "1", "pair")),
    (lambda: Conv(stride=(1,), padding=((0, 0.5),)), ("padding[0]", "(0, 0.5)", "whole number")),
    (lambda: Conv(stride=(1,), padding=((False, 0),)), ("padding[0]", "(False, 0)", "whole number")),
    (lambda: Conv(stride=(1,), padding="same"), ("padding", "'same'", "each spatial axis")),
    (lambda: Conv(dilation=(0,)), ("dilation[0]", "0", "at least 1")),
    (lambda: Conv(stride=(1,), groups=0), ("groups", "0", "at least 1")),
    (lambda: Conv(stride=(1,), groups=1.0), ("groups", "1.0", "whole number")),
    (lambda: Conv(stride=(1,), groups=True), ("groups", "True", "whole number")),
    (lambda: Conv(stride=(1,), groups=(1,)), ("groups", "(1,)", "whole number")),
    (lambda: ConvTranspose(stride=(0,)), ("stride[0]", "0", "at least 1")),
    (lambda: ConvTranspose(stride=(1,), crop=((1,),)), ("crop[0]", "(1,)", "pair")),
    (lambda: ConvTranspose(stride=(1,), groups=-1), ("groups", "-1", "at least 1")),
    (lambda: Upsample(factor=(0,)), ("factor[0]", "0", "at least 1")),
    (lambda: Upsample(factor=(2, 1.5)), ("factor[1]", "1.5", "whole number")),
    (lambda: Upsample(factor=2), ("factor", "2", "(2, 2) in 2-D")),
    (lambda: ZeroInsert(factor=(0,)), ("factor[0]", "0", "at least 1")),
    (lambda: ZeroInsert(factor=(2,), trailing=(-1,)), ("trailing[0]", "-1", "at least 0")),
    (lambda: SumPool(kernel=(0,)), ("kernel[0]", "0", "at least 1")),
    (lambda: SumPool(kernel=(2,), stride=(0,)), ("stride[0]", "0", "at least 1")),
    (lambda: AveragePool(kernel=(2.5,)), ("kernel[0]", "2.5", "whole number")),
    (lambda: MaxPool(kernel=(2,), stride=(0,)), ("stride[0]", "0", "at least 1")),
    (lambda: DepthToSpace(factor=(2,), order="RCD"), ("order", "'RCD'", "DCR, CRD")),
    (lambda: SpaceToDepth(factor=(0,)), ("factor[0]", "0", "at least 1")),
    (lambda: MaxUnpool(size=(0,)), ("size[0]", "0", "at least 1")),
    # fields together
    (lambda: Conv(stride=(1, 1), dilation=(1,)), ("stride has 2", "dilation has 1", "each spatial axis")),
    (lambda: Conv(stride=(1,), padding=((0, 0), (0, 0))), ("stride has 1", "padding has 2", "each spatial axis")),
    (lambda: ConvTranspose(stride=(1, 1, 1), crop=((0, 0),)), ("stride has 3", "crop has 1")),
    (lambda: ZeroInsert(factor=(2,), trailing=(1, 1)), ("factor has 1", "trailing has 2")),
    (lambda: SumPool(kernel=(2, 2), stride=(1,)), ("kernel has 2", "stride has 1")),
    (lambda: Conv(), ("stride", "()", "each spatial axis")),
    (lambda: ConvTranspose(groups=2), ("stride", "()", "each spatial axis")),
    (lambda: Conv(stride=[]), ("stride", "[]", "each spatial axis")),
    (lambda: Upsample(factor=()), ("factor", "()", "each spatial axis")),
    (lambda: Upsample(factor=[]), ("factor", "[]", "each spatial axis")),
    (lambda: ZeroInsert(factor=(), trailing=(1,)), ("factor", "()", "each spatial axis")),
    (lambda: SumPool(kernel=(), stride=(2,)), ("kernel", "()", "each spatial axis")),
    (lambda: Conv(stride=(1,)) >> Upsample(factor=(2, 2)), ("Conv", "Upsample", "[1, 2] spatial axes")),
    (lambda: Program(inner=()), ("Program", "inner", "()")),
    # ranks and lengths of x and w
    (lambda: Conv(stride=(1,)).shape((1, 1), (1, 1, 1)), ("x", "(1, 1)", "1 spatial axes")),
    (lambda: Conv(stride=(1, 1)).shape((1, 1, 4), (1, 1, 1, 1)), ("x", "(1, 1, 4)", "2 spatial axes")),
    (lambda: Conv(stride=(1,)).shape((1, 1, 4), (1, 1, 2, 2)), ("w", "(1, 1, 2, 2)", "3 lengths")),
    (lambda: Conv(stride=(1,)).shape((1, 1, 4), (1, 1, 0)), ("w", "(1, 1, 0)", "at least 1")),
    (lambda: ConvTranspose(stride=(1,)).shape((1, 1, 4), (1, 1)), ("w", "(1, 1)", "3 lengths")),
    (lambda: Upsample(factor=(2,)).shape((1, 1, 4, 4)), ("x", "(1, 1, 4, 4)", "1 spatial axes")),
    (lambda: ZeroInsert(factor=(2,)).shape((1, 1, 4, 4)), ("x", "(1, 1, 4, 4)", "1 spatial axes")),
    (lambda: SumPool(kernel=(2,)).shape((1, 1)), ("x", "(1, 1)", "1 spatial axes")),
    (lambda: MaxUnpool(size=(4,)).shape((1, 1, 2), (1, 1, 3)), ("indices", "(1, 1, 3)", "(1, 1, 2)")),
    (lambda: MaxUnpool(size=(4,))(row(1, 2), row(0, 4)), ("indices", "0 to 4", "4 pixels")),
    (lambda: MaxUnpool(size=(4,))(row(1, 2), row(-1, 3)), ("indices", "-1 to 3", "4 pixels")),
    (lambda: MaxPool(kernel=(4,), stride=(1,)).shape((1, 1, 2)), ("(-1,)", "negative")),
    # how many weights
    (lambda: Conv(stride=(1,)).shape((1, 1, 4)), ("0 weight", "takes 1")),
    (lambda: Conv(stride=(1,)).shape((1, 1, 4), (1, 1, 1), (1, 1, 1)), ("2 weight", "takes 1")),
    (lambda: Upsample(factor=(2,)).shape((1, 1, 4), (1, 1, 1)), ("1 weight", "takes 0")),
    (lambda: ZeroInsert(factor=(2,)).shape((1, 1, 4), (1, 1, 1)), ("1 weight", "takes 0")),
    (lambda: SumPool(kernel=(2,)).shape((1, 1, 4), (1, 1, 1)), ("1 weight", "takes 0")),
    (lambda: (Conv(stride=(1,)) >> Conv(stride=(1,))).shape((1, 1, 4), (1, 1, 1)), ("1 weight", "takes 2")),
    # channels and groups
    (lambda: Conv(stride=(1,)).shape((1, 3, 4), (1, 2, 1)), ("3 channels", "(1, 2, 1)", "C = 2")),
    (lambda: Conv(stride=(1,), groups=2).shape((1, 3, 4), (2, 2, 1)), ("3 channels", "(2, 2, 1)", "C = 4")),
    (lambda: Conv(stride=(1,), groups=2).shape((1, 4, 4), (3, 2, 1)), ("3 output channels", "groups")),
    (lambda: ConvTranspose(stride=(1,)).shape((1, 3, 4), (2, 3, 1)), ("3 channels", "(2, 3, 1)", "C = 2")),
    (lambda: ConvTranspose(stride=(1,), groups=2).shape((1, 3, 4), (3, 1, 1)), ("3 channels", "groups")),
    (lambda: (Conv(stride=(1,)) >> Conv(stride=(1,))).shape((1, 1, 4), (2, 1, 1), (1, 1, 1)), ("2 channels", "(1, 1, 1)", "C = 1")),
    (lambda: DepthToSpace(factor=(2, 2)).shape((1, 6, 4, 4)), ("6 channels", "4 phases", "divide")),
    (lambda: SpaceToDepth(factor=(2, 3)).shape((1, 1, 4, 4)), ("(4, 4)", "factor", "divide")),
    # a length below 0
    (lambda: Conv(stride=(1,)).shape((1, 1, 2), (1, 1, 5)), ("(-2,)", "negative")),
    (lambda: Conv(stride=(2,)).shape((1, 1, 2), (1, 1, 5)), ("(-1,)", "negative")),
    (lambda: Conv(stride=(9,), padding=((-2, -2),)).shape((1, 1, 3), (1, 1, 1)), ("padded", "(-1,)", "negative")),
    (lambda: Conv(stride=(1, 1)).shape((1, 1, 9, 2), (1, 1, 2, 5)), ("(8, -2)", "negative")),
    (lambda: ConvTranspose(stride=(1,), crop=((2, 1),)).shape((1, 1, 1), (1, 1, 2)), ("(-1,)", "negative")),
    (lambda: SumPool(kernel=(4,), stride=(1,)).shape((1, 1, 2)), ("(-1,)", "negative")),
    *(
        (lambda op=op, at=at: op.shape(tuple(-(at == 0) if i == at else 1 for i in range(3)), *one(op)[1:]), ("x", "at least 1"))
        for op in (Conv(stride=(1,)), ConvTranspose(stride=(1,)), Upsample(factor=(2,)), ZeroInsert(factor=(2,)), SumPool(kernel=(1,)))
        for at in range(3)  # a batch of −1, no channel, no pixel
    ),
]


@pytest.mark.parametrize(("attempt", "told"), IMPOSSIBLE, ids=[f"{i}-{'-'.join(told)}" for i, (_, told) in enumerate(IMPOSSIBLE)])
def test_the_impossible_is_refused(attempt: Callable[[], object], told: tuple[str, ...]) -> None:
    """In one sentence that names the field, what was received and the rule."""
    with pytest.raises(Impossible) as refusal:
        attempt()
    sentence = str(refusal.value)
    assert "\n" not in sentence
    assert "object at 0x" not in sentence
    assert [word for word in told if word not in sentence] == []


@pytest.mark.parametrize("op", [Conv(stride=(1,), bias="yes"), ConvTranspose(stride=(2,)), MaxPool(kernel=(2,)), SumPool(kernel=(2,))])
def test_of_an_empty_batch_the_result_is_empty_and_the_gradients_of_weights_are_zeros(op: Operation) -> None:
    x, *w = (np.ones(shape) for shape in ((0, 3, 5), *[(3, 3, 2), (1, 3, 1)][: op.weights]))
    y = op(x, *w)
    assert y.shape == op.shape(x.shape, *(v.shape for v in w))
    assert y.shape[0] == 0
    dx, *dw = op.vjp(x, *w, np.ones(y.shape))
    assert dx.shape == x.shape
    assert all(a.shape == v.shape and not a.any() for a, v in zip(dw, w, strict=True))


@pytest.mark.parametrize("kind", [Upsample, ZeroInsert, SumPool, DepthToSpace, SpaceToDepth])
def test_a_field_without_a_neutral_value_must_be_given(kind: type[Operation]) -> None:
    with pytest.raises(TypeError, match=r"missing 1 required keyword-only argument: '(factor|kernel)'"):
        kind()


@pytest.mark.parametrize(
    ("op", "shapes"),
    [
        (Conv(stride=(1,)), ((1, 1, 4),)),
        (Conv(stride=(1,)), ((1, 1, 4), (1, 1, 2), (1, 1, 2))),
        (Conv(stride=(1,)), ((1, 2, 4), (1, 1, 2))),
        (ConvTranspose(stride=(1,)), ((1, 1, 4),)),
        (ConvTranspose(stride=(1,)), ((1, 1, 4), (1, 1, 2), (1, 1, 2))),
        (Upsample(factor=(2,)), ((1, 1, 4), (1, 1, 2))),
        (ZeroInsert(factor=(2,)), ((1, 1, 4), (1, 1, 2))),
        (SumPool(kernel=(2,)), ((1, 1, 4), (1, 1, 2))),
        (Conv(stride=(1,)) >> Conv(stride=(1,)), ((1, 1, 4), (1, 1, 2))),
    ],
    ids=lambda value: repr(value) if isinstance(value, Operation) else f"{len(value) - 1}-weights",
)
def test_a_call_refuses_what_shape_refuses(op: Operation, shapes: tuple[Shape, ...]) -> None:
    """An operation never answers on arrays whose shapes it would refuse."""
    with pytest.raises(Impossible):
        op.shape(*shapes)
    with pytest.raises(Impossible):
        op(*integers(shapes))


# The number of terms


@each_kind
@briefly
@given(data=st.data())
def test_terms_counts_the_most_products_in_one_element(kind: type[Operation], data: st.DataObject) -> None:
    """Exactly: the longest sum among the elements of y, ∂x and ∂w, counted product by product; at least 1."""
    op, shapes = data.draw(inputs_of(kind, most=4))
    counts = [Counter(places) for places in zip(*DEFINITIONS[kind](op, *shapes))]
    assert op.terms(*shapes) == max([1, *(max(count.values()) for count in counts)])


@each_kind
@briefly
@given(data=st.data())
def test_effort_counts_each_product(kind: type[Operation], data: st.DataObject) -> None:
    """Those of taps outside x besides, but no more than one of each tap for each pixel that it could meet."""
    op, shapes = data.draw(inputs_of(kind, most=4))
    count = sum(1 for _ in DEFINITIONS[kind](op, *shapes))
    effort = op.effort(*shapes)
    assert count <= effort.products
    assert effort.passes >= prod(op.window(*shapes[1:]))


@each_program
@briefly
@given(data=st.data())
def test_terms_of_a_program_bound_its_sums(kinds: tuple[type[Operation], ...], data: st.DataObject) -> None:
    """With ones everywhere each element counts its own products."""
    op, shapes = data.draw(inputs_of(*kinds))
    ones = [np.ones(shape, object) for shape in shapes]
    sums = [op(*ones), *op.vjp(*ones, np.ones(op.shape(*shapes), object))]
    assert op.terms(*shapes) >= max(int(a.max()) for a in sums if a.size)


@pytest.mark.parametrize(
    ("op", "shapes", "terms"),
    [
        (Conv(stride=(1,)), ((1, 1, 9), (1, 1, 3)), 7),  # ∂w: one product for each of the 7 windows
        (Conv(stride=(1,)), ((1, 5, 3), (1, 5, 3)), 15),  # y: 5 channels times 3 taps
        (Conv(stride=(1,)), ((1, 1, 3), (20, 1, 3)), 20),  # ∂x: one product for each output channel
        (Conv(stride=(1,), padding=((1, 1),)), ((4, 1, 5), (1, 1, 3)), 20),  # ∂w: 4 images times 5 windows at the middle tap
        (ConvTranspose(stride=(1,)), ((1, 5, 9), (5, 1, 3)), 15),
        (Conv(stride=(1,)) >> Conv(stride=(1,)), ((1, 1, 5), (1, 1, 3), (1, 1, 3)), 9),
        (Upsample(factor=(2, 3)), ((1, 1, 2, 2),), 6),
        (SumPool(kernel=(2, 3)), ((1, 1, 4, 6),), 6),
        (ZeroInsert(factor=(2,)), ((1, 1, 4),), 1),
    ],
    ids=repr,
)
def test_terms_by_eye(op: Operation, shapes: tuple[Shape, ...], terms: int) -> None:
    assert op.terms(*shapes) == terms


@given(st.integers(1, 12), st.integers(1, 6), st.integers(1, 5), st.integers(1, 4))
@briefly
def test_how_many_taps_meet(n: int, k: int, s: int, d: int) -> None:
    """The overlap of a transposed convolution has a closed form: ⌈k·gcd(d, s)/s⌉ taps at most meet in one pixel."""
    op = ConvTranspose(stride=(s,), dilation=(d,))
    met = op(np.ones((1, 1, n), int), np.ones((1, 1, k), int)).max()
    assert met <= ceil(k * gcd(d, s) / s)
    assert n < k * d or met == ceil(k * gcd(d, s) / s)
