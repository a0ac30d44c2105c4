"""What holds of families of linear maps: each check raises if it does not (tests/test_families.py runs them, and breaks each part)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from random import Random

import numpy as np
import pytest

from spec import Impossible, parse
from spec.families import exact, lengths
from spec.families.exact import distinct, expressed
from spec.families.founding import CONVENTIONS, answer, free
from spec.families.layers import variety
from spec.families.lengths import at_every_length
from spec.families.maps import Family, spread
from spec.families.phases import phases
from spec.families.relation import dimension, factor, related, witness
from spec.families.wider import containing
from tests.linear_programs import all_maps, pairs, program

PRIME = 7


def family(text: str, x: tuple[int, ...], *w: tuple[int, ...]) -> Family:
    return Family(op=parse(text), x=x, w=w)


# ---- linear algebra ----


def exact_ranks() -> None:
    """Ranks that floats get wrong, and combinations that give the vectors back."""
    hilbert = np.array([[Fraction(1, i + j + 1) for j in range(14)] for i in range(14)], dtype=object)
    assert np.linalg.matrix_rank(hilbert.astype(float)) < exact.rank(hilbert) == 14
    assert exact.rank(np.array([[1, 2, 3], [2, 4, 6]])) == 1
    assert exact.rank(np.zeros((3, 0), int)) == exact.rank(np.zeros((0, 3), int)) == 0
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


PRODUCTS = [
    "Upsample(factor=(2, 1)) >> Conv(stride=(2, 1), padding=((1, 1), (0, 2)), dilation=(1, 2))",
    "AveragePool(kernel=(2, 3), stride=(1, 2), padding=((1, 0), (1, 1)), counted='valid') >> Conv(stride=(1, 1))",
    "Pad(padding=((1, 2), (0, 1)), mode='reflect') >> ConvTranspose(stride=(2, 1), crop=((1, -1), (1, 0)))",
    "Conv(stride=(1, 1), padding=((1, 1), (1, 1))) >> AdaptiveAveragePool(size=(3, 2))",
    "Resize(size=(5, 3), mode='linear', antialias='yes') >> Conv(stride=(1, 1))",
]


def axes_apart() -> None:
    """The maps of a program are the products of its maps along each axis, and so is what is found of two programs."""
    for text in PRODUCTS:
        a = family(text, (1, 1, 4, 5), (1, 1, 2, 3))
        one, other = a.along(0), a.along(1)
        together = np.stack([np.kron(p, q) for p in one for q in other])
        assert a.whole().shape == together.shape
        assert (a.whole() == together).all(), text
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
        assert dimension(one) == exact.rank(spread(one.whole()))


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
                everywhere = at_every_length(*free(convention, (k,), (s,), (8,)), 0)
                assert everywhere.proven
                assert everywhere.since is not None
                assert everywhere.since <= 3


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


def _reach(one: Family) -> lengths.Reach:
    found = lengths.reach(one, 0)
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
