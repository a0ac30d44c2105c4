"""`concordant compare A B --family`: which linear maps two programs can express while their weights vary, decided exactly."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from backends import Unsupported
from backends.native import Native, Reading
from backends.porting import ported
from spec import Impossible
from spec.families.layers import Variety, variety
from spec.families.lengths import Lengths, at_every_length
from spec.families.maps import Family
from spec.families.phases import Phases, phases
from spec.families.relation import Relation, Witness, related, witness
from spec.families.wider import containing, may_contain
from spec.operation import Array, Shape
from verify.native.on_runtimes import Checked, checked
from verify.native.programs import family, is_spec, of_length, program
from verify.native.weight_map import WeightMap, weight_map


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two programs. phases, along each axis: None where the windows do not lie at a fixed stride."""

    reading: Reading
    family: Family
    phases: tuple[Phases | None, ...]
    variety: Variety | None

    @property
    def biased(self) -> bool:
        return any(getattr(step, "bias", "no") == "yes" for step in self.reading.op.steps)


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A kernel of one program, `of` A or B, that the other does not have, and its images of input pixels: on one channel, or with all
    channels where they are not apart."""

    of: str
    witness: Witness
    kernel: Array
    images: tuple[Array, ...]


@dataclass(frozen=True, kw_only=True)
class Inside:
    """One program inside another: `inner` and `outer` are A, B, or `wider`, which is B with more taps. native: that, in B's framework.

    family: the outer one; dimension: that of its space. everywhere: whether B with more taps is known to contain A at every length.
    """

    inner: str
    outer: str
    family: Family
    dimension: int
    map: WeightMap
    checked: Checked | None
    native: Native | None = None
    everywhere: bool = False


@dataclass(frozen=True, kw_only=True)
class Families:
    """Two programs with free weights."""

    a: Side
    b: Side
    relation: Relation
    inside: Inside | None
    """B inside A only where A is not inside B."""
    wider: Inside | None
    """B with the fewest taps that contain A, where B does not contain it."""
    outside: bool
    """Whether a wider B was looked for."""
    witness: Shown | None
    lengths: tuple[Lengths, ...]
    """Along each axis; none where axes are not apart."""


def families(first: str, second: str, x: Shape | None = None, weights: Sequence[Shape] = (), *, run: bool = True) -> Families:
    """Two texts, of native calls or in spec's syntax, on an input of a shape, in the first one's layout. Raises Impossible."""
    one = program(first, x, weights)
    other = program(second, x, weights, like=one)
    a, b = _side(one), _side(other)
    relation = related(a.family, b.family)
    inside = _inside(a, b, relation, run=run)
    lengths = _lengths((first, one), (second, other), a, b, weights)
    outside = relation.word in ("overlap", "only 0 in common", "B inside A") and may_contain(a.family, b.family)
    wider = _wider(a, b, run=run) if outside else None
    if wider and all(one.proven for one in lengths):
        wider = replace(wider, everywhere=_everywhere(a.family, wider.family))
    return Families(
        a=a, b=b, relation=relation, inside=inside, wider=wider, outside=outside, witness=_shown(a, b, relation), lengths=lengths,
    )  # fmt: skip


def _side(reading: Reading) -> Side:
    own = family(reading)
    along = tuple(phases(own, axis) for axis in range(own.op.rank)) if own.separable else ()
    return Side(reading=reading, family=own, phases=along, variety=variety(own) if len(own.w) == 2 else None)


def _inside(a: Side, b: Side, relation: Relation, *, run: bool) -> Inside | None:
    if relation.word in ("equal", "A inside B"):
        return _mapped(("A", a), ("B", b.family), relation, b.reading.native, run=run)
    if relation.word == "B inside A":
        return _mapped(("B", b), ("A", a.family), relation.turned, a.reading.native, run=run)
    return None


def _mapped(
    inner: tuple[str, Side], outer: tuple[str, Family], relation: Relation, native: Native, *, run: bool, ported: bool = False
) -> Inside | None:
    """relation: of the inner program to the outer one; native: the outer one's program. None where there is no map of weights: of two
    weighted layers, or of no weights at all."""
    (name, a), (other, b) = inner, outer
    if relation.a_in_b is None or len(a.family.w) > 1 or len(b.w) != 1:
        return None
    before = a.reading.native.weights[0].to_spec if a.family.w else None
    found = weight_map(a.family, b, relation.a_in_b, before, native.weights[0].to_spec.inverse)
    return Inside(
        inner=name, outer=other, family=b, dimension=relation.dimensions[1], map=found,
        checked=checked(a.family, b, found) if run else None, native=native if ported else None,
    )  # fmt: skip


def _wider(a: Side, b: Side, *, run: bool) -> Inside | None:
    wide = containing(a.family, b.family)
    if wide is None:
        return None
    relation = related(a.family, wide)
    if not is_spec(b.reading):
        with suppress(Unsupported, Impossible):
            native, _ = ported(b.reading.native.phrases.framework, wide.op, b.reading.x, wide.w)
            return _mapped(("A", a), ("wider", wide), relation, native, run=run, ported=True)
    said = program(f"{wide.op!r} x={wide.x} w={wide.w[0]}", None)
    return _mapped(("A", a), ("wider", wide), relation, said.native, run=run)


def _everywhere(a: Family, b: Family) -> bool:
    """Whether B, as it is, contains A at every length of each axis."""
    found = [at_every_length(a, b, axis) for axis in range(a.op.rank)]
    return all(one.proven and all(n and n.overlap == n.dimensions[0] for n in one.found.values()) for one in found)


def _shown(a: Side, b: Side, relation: Relation) -> Shown | None:
    """Of A outside B, else of B outside A."""
    for of, own, other, inside in (("A", a.family, b.family, relation.a_in_b), ("B", b.family, a.family, relation.b_in_a)):
        found = None if inside else witness(own, other)
        if found:
            whole = not (own.separable and other.separable)
            kernel = np.zeros(own.w[0] if own.w and whole else own.w[0][2:] if own.w else (1,) * len(found.tap), int)
            kernel[found.tap] = 1
            image = _whole_image if whole else _image
            return Shown(of=of, witness=found, kernel=kernel, images=tuple(image(own, found, pixel) for pixel in found.pixels))
    return None


def _image(own: Family, found: Witness, pixel: Shape) -> Array:
    image = np.ones((), dtype=object)
    for axis, (tap, place) in enumerate(zip(found.tap, pixel, strict=True)):
        maps = own.along(axis)
        image = np.multiply.outer(image, maps.reshape(-1, *maps.shape[-2:])[tap, :, place])
    return image


def _whole_image(own: Family, found: Witness, pixel: Shape) -> Array:
    tap = int(np.ravel_multi_index(found.tap, own.w[0])) if own.w else 0
    column: Array = own.whole()[tap, :, int(np.ravel_multi_index(pixel, own.x[1:]))]
    return column.reshape(own.y[1:])


def _lengths(first: tuple[str, Reading], second: tuple[str, Reading], a: Side, b: Side, weights: Sequence[Shape]) -> tuple[Lengths, ...]:
    if not (a.family.separable and b.family.separable):
        return ()
    fixed = is_spec(a.reading) and is_spec(b.reading)

    def at(axis: int, n: int) -> tuple[Family, Family]:
        one, other = (family(of_length(text, reading, axis, n, weights)) for text, reading in (first, second))
        return one, other

    axes = range(a.family.op.rank)
    return tuple(at_every_length(a.family, b.family, axis, None if fixed else partial(at, axis)) for axis in axes)
