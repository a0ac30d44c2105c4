"""Families of linear maps: against brute force over a small field, against formulas, and with every part broken once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest

import spec.families.exact
import spec.families.layers
import spec.families.lengths
import spec.families.maps
import spec.families.phases
import spec.families.relation
import spec.families.wider
from spec import Impossible, parse
from spec.families.exact import distinct, expressed, rank
from spec.families.founding import CONVENTIONS, answer, free
from spec.families.layers import variety
from spec.families.lengths import at_every_length
from spec.families.maps import Family, spread
from spec.families.phases import phases
from spec.families.relation import dimension, factor, related, witness
from spec.families.wider import containing
from tests.linear_programs import all_maps, pairs, program
from tests.tiers import sampled, slow

PRIME = 7


def family(text: str, x: tuple[int, ...], *w: tuple[int, ...]) -> Family:
    return Family(op=parse(text), x=x, w=w)


# ---- linear algebra ----


def exact_ranks() -> None:
    """Ranks that floats get wrong, and combinations that give the vectors back."""
    hilbert = np.array([[Fraction(1, i + j + 1) for j in range(14)] for i in range(14)], dtype=object)
    assert np.linalg.matrix_rank(hilbert.astype(float)) < rank(hilbert) == 14
    assert rank(np.array([[1, 2, 3], [2, 4, 6]])) == 1
    assert rank(np.zeros((3, 0), int)) == rank(np.zeros((0, 3), int)) == 0
    rng = np.random.default_rng(0)
    by, weights = rng.integers(-3, 4, (4, 9)), rng.integers(-3, 4, (3, 4))
    found = expressed(weights @ by, by)
    assert found is not None
    assert (found @ by == weights @ by).all()
    assert expressed(rng.integers(-3, 4, (1, 9)), by) is None
    kept, same = distinct(np.array([[1, 0, 1, 2]]), np.array([[1, 0, 1, 3]]))
    assert (kept.tolist(), same.tolist()) == ([[1, 2]], [[1, 3]])


# ---- the relation ----


def brute_force(count: int = 20, seed: int = 1) -> None:
    """Every kernel over a field of 7 elements, by loops: as many maps, and as many in common, as the dimensions say."""
    words = set()
    for a, b in pairs(Random(seed), count):
        found, one, other = related(a, b), all_maps(a, PRIME), all_maps(b, PRIME)
        sizes = len(one), len(other), len(one & other)
        assert sizes == tuple(PRIME**d for d in (*found.dimensions, found.overlap)), (a, b, found)
        expected = "equal" if one == other else "A inside B" if one < other else "B inside A" if other < one else ""
        assert found.word == (expected or ("overlap" if found.overlap else "only 0 in common")), (a, b)
        words.add(found.word)
        shown = witness(a, b)
        assert (shown is None) == (one <= other)
        if shown:
            _is_a_witness(a, b, shown.tap, [pixel[0] for pixel in shown.pixels])
    assert len(words) > 2


def _is_a_witness(a: Family, b: Family, tap: tuple[int, ...], pixels: list[int]) -> None:
    """No kernel of B over the field gives the images of these pixels; of fewer pixels there is one."""
    count = a.y[2]
    kernel = np.eye(a.w[0][2], dtype=int)[tap[0]]
    mine = a.op(np.eye(a.x[2], dtype=int)[pixels].reshape(len(pixels), 1, -1), kernel.reshape(1, 1, -1))[:, 0] % PRIME
    theirs = [np.frombuffer(m, np.uint8).reshape(-1, count)[pixels] for m in all_maps(b, PRIME)]
    assert not any((mine == m).all() for m in theirs)


def maps_of_weights(count: int = 20, seed: int = 2) -> None:
    """Where one lies inside the other, mapped weights give the same on random data; where not, there is no map."""
    found = 0
    for a, b in pairs(Random(seed), count):
        relation = related(a, b)
        for one, other, maps in ((a, b, relation.a_in_b), (b, a, relation.b_in_a)):
            if maps is None:
                continue
            found += 1
            rng = np.random.default_rng(found)
            x, w = rng.integers(-9, 10, one.x), rng.integers(-4, 5, one.w[0])
            assert (one.op(x, w) == other.op(x, w.astype(object) @ maps[0])).all(), (one, other)
    assert found > count // 8


def itself(count: int = 20) -> None:
    """A program against itself."""
    rng = Random(3)
    for a in (program(rng) for _ in range(count)):
        found = related(a, a)
        assert (found.word, found.dimensions[0]) == ("equal", found.overlap)
        assert found.dimensions[0] == dimension(a) <= a.weights
        assert witness(a, a) is None


IN_2D = [
    ("Upsample(factor=(2, 3)) >> ConvTranspose(stride=(1, 1), crop=((1, 1), (0, 1)))",
     "ConvTranspose(stride=(2, 3), crop=((0, 1), (0, 0)))", (3, 2), (3, 3)),
    ("Conv(stride=(2, 1), padding=((1, 1), (1, 0)))", "Conv(stride=(2, 1), padding=((0, 1), (0, 1)))", (3, 2), (2, 2)),
    ("SumPool(kernel=(2, 1)) >> Conv(stride=(1, 1))", "Conv(stride=(2, 1))", (2, 2), (4, 2)),
]  # fmt: skip


def axes_apart() -> None:
    """The product of what is found on each axis is what is found on all axes together."""
    for first, second, k, q in IN_2D:
        a, b = family(first, (1, 1, 4, 4), (1, 1, *k)), family(second, (1, 1, 4, 4), (1, 1, *q))
        assert a.y == b.y
        found, together = related(a, b), factor(a.whole(), b.whole())
        assert (found.dimensions, found.overlap) == (together.dimensions, together.overlap)
        assert (found.a_in_b is None, found.b_in_a is None) == (together.a_in_b is None, together.b_in_a is None)


def channels() -> None:
    """Groups are blocks of channels: depthwise lies inside full, with as many dimensions as pairs of channels times taps."""
    full = family("Conv(stride=(1,), padding=((1, 1),))", (1, 4, 5), (4, 4, 3))
    pairs_of_two = family("Conv(stride=(1,), padding=((1, 1),), groups=2)", (1, 4, 5), (4, 2, 3))
    transposed = family("ConvTranspose(stride=(1,), crop=((1, 1),), groups=4)", (1, 4, 5), (4, 1, 3))
    assert (related(pairs_of_two, full).dimensions, related(pairs_of_two, full).word) == ((24, 48), "A inside B")
    assert (related(full, transposed).overlap, related(full, transposed).word) == (12, "B inside A")
    shown = witness(full, pairs_of_two)
    assert shown
    assert shown.channels == (0, 2)
    for one in (full, pairs_of_two, transposed):
        assert dimension(one) == rank(spread(one.whole()))


def fixed_programs() -> None:
    """A program without weights is one map: inside another or not, and containing none."""
    nearest, wide = family("Upsample(factor=(2,))", (1, 1, 5)), family("ConvTranspose(stride=(2,))", (1, 1, 5), (1, 1, 2))
    assert (related(nearest, wide).word, related(nearest, wide).dimensions) == ("A inside B", (1, 2))
    assert related(wide, nearest).word == "B inside A"
    single = family("Conv(stride=(1,))", (1, 1, 5), (1, 1, 1))
    assert related(family("Upsample(factor=(1,))", (1, 1, 5)), single).word == "A inside B"
    triangle = related(
        family("Resize(size=(10,), mode='linear')", (1, 1, 5)),
        family("Pad(padding=((1, 1),), mode='edge') >> ConvTranspose(stride=(2,), crop=((3, 3),))", (1, 1, 5), (1, 1, 4)),
    )
    assert triangle.a_in_b
    assert triangle.a_in_b[0].tolist() == [[Fraction(1, 4), Fraction(3, 4), Fraction(3, 4), Fraction(1, 4)]]


# ---- the question that the project began with ----


def founding(ks: range = range(1, 7), ss: range = range(2, 5), axes: int = 1) -> None:
    """k taps on each axis: dimensions k^r, shared max(k − s + 1, 0)^r; k + s − 1 taps contain A, box-filtered; at all lengths from 3 on."""
    for convention in CONVENTIONS:
        for k in ks:
            for s in ss:
                found = answer(convention, k, s, axes)
                assert found.relation.dimensions == (k**axes, k**axes)
                assert found.relation.overlap == max(k - s + 1, 0) ** axes
                assert found.relation.word == ("overlap" if k >= s else "only 0 in common")
                assert (found.wide, found.boxed, found.flipped) == (k + s - 1, True, convention == "PyTorch")
                lengths = at_every_length(*free(convention, (k,), (s,), (8,)), 0)
                assert lengths.proven
                assert lengths.since is not None
                assert lengths.since <= 3


@pytest.mark.parametrize("k", sampled(range(1, 7), 1, 2, 3))
def test_the_founding_question_in_2d(k: int) -> None:
    founding(range(k, k + 1), axes=2)


# ---- lengths, phases, wider kernels, two layers ----


def longer_lengths(count: int = 16, seed: int = 4) -> None:
    """What is said to follow for longer inputs is what is found there."""
    checked = 0
    for a, b in pairs(Random(seed), count):
        found = at_every_length(a, b, 0)
        if not found.proven:
            assert len({phases / period for _, period, phases in map(_reach, (a, b))}) == 2
            continue
        for n in range(found.tried + 1, found.tried + 2 * found.period + 3):
            one, other = (replace(one, x=(1, 1, n)) for one in (a, b))
            before = n - -(-(n - found.tried) // found.period) * found.period
            numbers = None if one.y != other.y else (related(one, other).dimensions, related(one, other).overlap)
            assert found.found[before] == numbers, (a, b, n)
            checked += 1
        last = related(a, b) if a.x[2] in found.found else None
        assert last is None or found.found[a.x[2]] == (last.dimensions, last.overlap)
    assert checked > count


def _reach(one: Family) -> spec.families.lengths.Reach:
    found = spec.families.lengths.reach(one, 0)
    assert found
    return found


def lengths_that_matter() -> None:
    """A relation that depends on the length says for which."""
    a, b = family("Conv(stride=(2,))", (1, 1, 8), (1, 1, 3)), family("Conv(stride=(2,))", (1, 1, 8), (1, 1, 4))
    found = at_every_length(a, b, 0)
    assert found.since is None
    assert found.period == 2
    assert {n % 2 for n, numbers in found.found.items() if n > 3 and numbers is None} == {1}
    assert found.proven
    twice, thrice = (family(f"Upsample(factor=({f},))", (1, 1, 8)) for f in (2, 3))
    assert not at_every_length(twice, thrice, 0).proven
    assert not at_every_length(a, family("Resize(size=(3,), mode='linear')", (1, 1, 8)), 0).proven
    wide = family("Conv(stride=(1,), dilation=(4,), padding=((2, 2),))", (1, 1, 20), (1, 1, 5))
    found = at_every_length(wide, wide, 0)
    assert (found.since, found.found[12], found.tried > 40) == (15, ((0, 0), 0), True)


def checkerboards() -> None:
    """A is even for every kernel, B only where the sums of its phases are equal; overlap is even iff s divides k."""
    for k in range(1, 7):
        for s in (2, 3):
            for convention in CONVENTIONS:
                a, b = (phases(one, 0) for one in free(convention, (k,), (s,), (8,)))
                assert a
                assert b
                assert a.even
                assert set(a.gains[0]) == {1}
                assert b.even is False
                assert (len(set(b.counts)) == 1) == (k % s == 0)
                assert sorted(b.counts) == sorted(len(range(i, k, s)) for i in range(s))
    strided = phases(family("Conv(stride=(2,), dilation=(2,))", (1, 1, 9), (1, 1, 3)), 0)
    assert strided
    assert (strided.gains, strided.counts) == (((1, 1, 1),), (3,))
    assert phases(family("Resize(size=(7,), mode='linear')", (1, 1, 5)), 0) is None


def smallest_kernels() -> None:
    """The smallest kernel that contains A contains it, and one with a tap less does not, however it is cropped."""
    for k, s in ((3, 2), (2, 3), (4, 3)):
        a, b = free("Keras", (k,), (s,), (6,))
        wide = containing(a, b)
        assert wide
        assert (wide.w[0][2], related(a, wide).word) == (k + s - 1, "A inside B")
        assert wide.op == free("Keras", (k + s - 1,), (s,), (6,))[1].op
    a, b = free("Keras", (3,), (2,), (6,))
    assert containing(b, a) is None
    stem, same = (family(f"Conv(stride=(2,), padding=({pad},))", (1, 1, 8), (1, 1, 3)) for pad in ((1, 1), (0, 1)))
    assert (found := containing(stem, same))
    assert (found.w[0][2], found.op) == (4, parse("Conv(stride=(2,), padding=((1, 1),))"))


def two_layers() -> None:
    """Two kernels: a scale between them is lost, so that a variety has one dimension less than weights; spans decide only one way."""
    line = family("Conv(stride=(1,)) >> Conv(stride=(1,))", (1, 1, 9), (1, 1, 3), (1, 1, 3))
    found = variety(line)
    assert (found.weights, found.span, found.rank) == (6, 5, 5)
    plane = family("Conv(stride=(1, 1)) >> Conv(stride=(1, 1))", (1, 1, 6, 6), (1, 1, 3, 3), (1, 1, 3, 3))
    found = variety(plane)
    assert (found.weights, found.span, found.rank) == (18, 25, 17)
    assert found.missed < 1e-5
    one = family("Conv(stride=(1, 1))", (1, 1, 6, 6), (1, 1, 5, 5))
    assert (related(plane, one).word, related(one, plane).word) == ("A inside B", "B inside A")
    small = family("Conv(stride=(1, 1), padding=((-1, -1), (-1, -1)))", (1, 1, 6, 6), (1, 1, 3, 3))
    assert related(plane, small).word == "undecided"
    with pytest.raises(Impossible, match="two weighted layers"):
        variety(one)


CHECKS: dict[str, Callable[[], None]] = {
    check.__name__: check for check in (
        exact_ranks, brute_force, maps_of_weights, itself, axes_apart, channels, fixed_programs, founding, longer_lengths,
        lengths_that_matter, checkerboards, smallest_kernels, two_layers,
    )
}  # fmt: skip


@pytest.mark.parametrize("name", CHECKS)
def test_families(name: str) -> None:
    CHECKS[name]()


@slow
@pytest.mark.parametrize("seed", range(10))
def test_brute_force_over_a_small_field(seed: int) -> None:
    brute_force(50, 100 + seed)
    maps_of_weights(50, 100 + seed)
    longer_lengths(30, 100 + seed)


# ---- each part broken once ----

Broken = Callable[[Callable[..., Any]], Callable[..., Any]]


def _then(change: Callable[[Any], Any]) -> Broken:
    return lambda honest: lambda *args, **more: change(honest(*args, **more))


def _in_floats(_: Callable[..., Any]) -> Callable[..., Any]:
    return lambda vectors: int(np.linalg.matrix_rank(np.asarray(vectors, float)))


def _without_the_last_column(honest: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *groups: tuple(group[:, :-1] for group in honest(*groups))


MUTANTS: dict[str, tuple[object, str, Broken, str]] = {
    "ranks are by floats": (spec.families.exact, "rank", _in_floats, "exact_ranks"),
    "a distinct column is lost": (spec.families.exact, "distinct", _without_the_last_column, "brute_force"),
    "the sum of two spaces is the larger one": (
        spec.families.relation, "rank", lambda f: lambda rows: f(rows[: max(len(rows) // 2, 1)]), "brute_force"),
    "combinations are turned around": (
        spec.families.relation, "expressed", _then(lambda p: p if p is None else p[:, ::-1]), "maps_of_weights"),
    "everything can be expressed": (
        spec.families.relation, "expressed", lambda f: lambda v, by: np.zeros((len(v), len(by)), object), "brute_force"),
    "nothing can be expressed": (spec.families.relation, "expressed", lambda f: lambda v, by: None, "itself"),
    "the basis lacks a kernel": (spec.families.maps, "_basis", _then(lambda w: w * (np.arange(w.shape[-1]) > 0)), "founding"),
    "a dilation is lost": (spec.families.maps, "each_axis", _then(lambda lines: [_undilated(line) for line in lines]), "brute_force"),
    "groups are ignored": (spec.families.maps, "_block", _then(lambda block: (block[0], 1)), "channels"),
    "axes are taken for the first": (spec.families.maps, "each_axis", _then(lambda lines: lines[:1] * len(lines)), "axes_apart"),
    "a program without weights is free": (spec.families.relation, "_pairs", lambda f: lambda a: 2, "fixed_programs"),
    "a witness is any tap": (spec.families.relation, "_shows", _then(lambda found: (0, (0,))), "brute_force"),
    "the reach is too short": (spec.families.lengths, "reach", _then(lambda r: r and r._replace(pixels=1)), "lengths_that_matter"),
    "the period is 1": (spec.families.lengths, "reach", _then(lambda r: r and r._replace(period=1)), "lengths_that_matter"),
    "phases start late": (spec.families.phases, "reach", _then(lambda r: r and r._replace(phases=r.phases + 1)), "checkerboards"),
    "gain is counted near the border": (
        spec.families.phases, "reach", _then(lambda r: r and r._replace(pixels=1, period=0)), "checkerboards"),
    "crops are put at the end alone": (spec.families.wider, "put", lambda f: lambda v, i, x: f(v, i, _last(x)), "smallest_kernels"),
    "the first wider kernel is taken": (spec.families.wider, "expressed", lambda f: lambda v, by: 1, "smallest_kernels"),
    "the rank of the Jacobian is one less": (spec.families.layers, "rank", _then(lambda r: r - 1), "two_layers"),
    "a span is a variety": (spec.families.relation, "_word", lambda f: lambda a, b, n, _: f(a, b, n, (1, 1)), "two_layers"),
}  # fmt: skip


def _undilated(line: Any) -> Any:
    return replace(line, dilation=(1,)) if hasattr(line, "dilation") else line


def _last(value: Any) -> Any:
    return (0, sum(value)) if isinstance(value, tuple) and len(value) == 2 and all(isinstance(n, int) for n in value) else value


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_part_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    place, function, broken, check = MUTANTS[name]
    changed = broken(getattr(place, function))
    monkeypatch.setattr(place, function, changed)
    if function == "rank" and place is spec.families.exact:
        monkeypatch.setitem(globals(), "rank", changed)
    with pytest.raises((AssertionError, Impossible, ValueError, IndexError)):
        CHECKS[check]()


# ---- what is no space ----

REFUSED = {
    "MaxPool(kernel=(2,)) >> Conv(stride=(1,))": "MaxPool is not linear in its input",
    "Pad(padding=((1, 1),), value=3) >> Conv(stride=(1,))": "adds a constant",
    "Lanczos(size=(9,)) >> Conv(stride=(1,))": "coefficients that are no fractions",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_linear_space_is_refused(text: str) -> None:
    with pytest.raises(Impossible, match=REFUSED[text]):
        family(text, (1, 1, 6), (1, 1, 2))


def test_three_layers_and_other_inputs_are_refused() -> None:
    conv, w = "Conv(stride=(1,))", (1, 1, 2)
    with pytest.raises(Impossible, match="at most 2"):
        family(f"{conv} >> {conv} >> {conv}", (1, 1, 9), w, w, w)
    with pytest.raises(Impossible, match="the same input"):
        related(family(conv, (1, 1, 9), w), family(conv, (1, 1, 8), w))
    with pytest.raises(Impossible, match="neither program has weights"):
        related(family("Upsample(factor=(2,))", (1, 1, 9)), family("Upsample(factor=(2,))", (1, 1, 9)))
