"""What `compare --family` prints, and what it gives as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from spec.families.lengths import Lengths, Numbers
from spec.families.phases import Phases
from spec.families.wider import MORE
from spec.operation import Array, Shape
from verify.native.family import Families, Inside, Shown, Side
from verify.native.on_runtimes import Checked

BIAS = "left out: a bias adds an image that does not depend on the input"
NO_WIDER = f"no B with up to {MORE} more taps along each axis, and the same stride and lengths, was found that contains A"


def told(found: Families) -> str:
    """The sentence, then a section for each question, then the table."""
    lines = [sentence(found), ""]
    if found.inside:
        lines += _titled("map", _map(found.inside))
    lines += _titled("wider", _map(found.wider) if found.wider else NO_WIDER if found.outside else "")
    lines += _titled("witness", _witness(found.witness) if found.witness else "")
    lines += _titled("sizes", sizes(found, "\n"))
    lines += _titled("constant", "\n".join(_constants(found)))
    lines += _titled("layers", "\n".join(_layers(found)))
    lines += _titled("bias", BIAS if found.a.biased or found.b.biased else "")
    return "\n".join((*lines, "", *_table(found)))


def data(found: Families) -> dict[str, Any]:
    """As JSON has it."""
    inside, wider = found.inside, found.wider
    return {
        "relation": found.relation.word, "dimensions": list(found.relation.dimensions), "overlap": found.relation.overlap,
        "map": _map_data(inside) if inside else None, "wider": _map_data(wider) if wider else None,
        "witness": _witness_data(found.witness) if found.witness else None, "sizes": sizes(found), "sentence": sentence(found),
        "outputs": [list(side.family.y) for side in (found.a, found.b)], "weights": [side.family.weights for side in (found.a, found.b)],
        "multiply_adds": [side.family.products for side in (found.a, found.b)],
        "phases": [[_phases_data(one) for one in side.phases] for side in (found.a, found.b)],
    }  # fmt: skip


def sentence(found: Families) -> str:
    """`overlap: with free weights, …`."""
    (m, n), shared, word = found.relation.dimensions, found.relation.overlap, found.relation.word
    if word == "equal":
        return f"equal: with free weights, A and B express the same linear maps, a space of dimension {m}."
    if word in ("A inside B", "B inside A"):
        inner, outer, less, more = ("A", "B", m, n) if word == "A inside B" else ("B", "A", n, m)
        if len((found.a if inner == "A" else found.b).family.w) > 1:
            return f"{word}: the maps of {inner} span a space of dimension {less}, which lies in that of {outer}, of dimension {more}."
        return f"{word}: with free weights, {outer} expresses every linear map that {inner} does: dimension {more} against {less}."
    if word == "other lengths":
        a, b = found.a.family.y, found.b.family.y
        return f"other lengths: the results have the shapes {a} and {b}, so that no map is in both."
    if word == "undecided":
        return (
            f"undecided: the maps span spaces of dimension {m} and {n}, which share {shared}; two weighted layers do not fill their span."
        )
    both = f"A's linear maps have dimension {m}, B's {n}"
    if word == "overlap":
        return f"overlap of dimension {shared}: with free weights, {both}; they share {shared}, and neither contains the other."
    return f"only 0 in common: with free weights, {both}; no map but 0 is in both."


def _map(inside: Inside) -> str:
    inner, words = inside.inner, inside.map.words
    kernel = " × ".join(map(str, inside.family.w[0][2:]))
    if inside.outer == "wider":
        where = "at every length" if inside.everywhere else "at this length"
        lines = [f"B with the smallest kernel that contains A {where}, {kernel}; its kernel b is A's kernel a, {words}"]
        lines += inside.native.shown().splitlines() if inside.native else [repr(inside.family.op)]
    else:
        fixed = f"{inside.outer}'s kernel b is the one that gives {inner}"
        lines = [f"{inside.outer}'s kernel b is {inner}'s kernel a, {words}" if inside.map.before else fixed]
    lines += [*inside.map.lines, *([_checked(inside.checked)] if inside.checked else ["not run"])]
    return "\n".join(lines)


def _checked(checked: Checked) -> str:
    if not checked.by_definition:
        return "WRONG: by definition, the two give other values on random weights"
    parts = [f"verified by definition and on {', '.join(checked.verified)}" if checked.verified else "verified by definition"]
    parts += [f"cannot be said on {', '.join(checked.cannot_say)}"] if checked.cannot_say else []
    parts += [f"a known deviation shows on {', '.join(checked.known)}"] if checked.known else []
    parts += [f"OTHER VALUES on {', '.join(checked.wrong)}"] if checked.wrong else []
    return "; ".join(parts)


def _witness(shown: Shown) -> str:
    other, found = {"A": "B", "B": "A"}[shown.of], shown.witness
    lines = [f"a kernel of {shown.of} that {other} cannot express: a 1 at tap {_at(found.tap)}, else 0"]
    for pixel, image in zip(found.pixels[:4], shown.images, strict=False):
        lines.append(f"its image of input pixel {_at(pixel)}: {_image(image)}")
    if found.channels:
        out, into = found.channels
        lines.append(f"from input channel {into} to output channel {out}, which {other} does not connect")
    elif len(found.pixels) == 1:
        lines.append(f"no kernel of {other} gives this image")
    else:
        lines.append(f"{other} has a kernel for the image of each such pixel, but none for all {len(found.pixels)}")
    return "\n".join(lines)


def _at(place: Shape) -> str:
    return str(place[0]) if len(place) == 1 else str(place)


def _image(image: Array) -> str:
    """The pixels that are not 0, by their value."""
    by_value: dict[Fraction, list[str]] = {}
    for place in zip(*np.nonzero(image), strict=True):
        by_value.setdefault(Fraction(image[place]), []).append(_at(tuple(map(int, place))))
    shown = [f"{value} at {', '.join(places[:9])}{' …' * (len(places) > 9)}" for value, places in by_value.items()]
    return ", ".join((*shown[:3], *["…"] * (len(shown) > 3))) or "0 everywhere"


def sizes(found: Families, between: str = "; ") -> str:
    """For which lengths of the input it holds, and how that is known."""
    if not found.lengths:
        return "decided at this length alone: axes and channels are not apart"
    said = [between.join(_lengths(one, n)) for one, n in zip(found.lengths, found.a.family.x[2:], strict=True)]
    return said[0] if len(set(said)) == 1 else between.join(f"axis {axis}: {text}" for axis, text in enumerate(said))


def _lengths(one: Lengths, n: int) -> Iterator[str]:
    """n: the length at which the two are compared."""
    if not any(one.found.values()):
        yield f"at no length from 1 to {one.tried} do both give as many pixels"
        return
    if one.since is not None:
        same = n in one.found and one.found[n] == one.found[one.since]
        yield f"the same from length {one.since} on" if same else f"from length {one.since} on {_numbers(one.found[one.since])}"
    else:
        rows = [f"at {_class(n, one.period)} {_numbers(one.found[n])}" for n in sorted(one.found)[-one.period :]]
        yield f"depends on the length of an axis: {', '.join(rows)}"
    how = ", where every phase and border occurs: longer ones follow" if one.proven else ", longer ones were not looked at"
    yield f"checked at {min(one.found)} … {max(one.found)}{how}"


def _class(n: int, period: int) -> str:
    if period == 2:
        return f"{('even', 'odd')[n % 2]} lengths"
    return f"lengths {period}·q{f' + {n % period}' if n % period else ''}"


def _numbers(found: Numbers | None) -> str:
    if found is None:
        return "the results have other lengths"
    return f"dimensions {found.dimensions[0]} and {found.dimensions[1]} ({found.overlap} shared)"


def _constants(found: Families) -> Iterator[str]:
    """What a constant input becomes in each phase, and whether that is a checkerboard."""
    for name, side in (("A", found.a), ("B", found.b)):
        texts = [_phases(one, fixed=not side.family.w) for one in side.phases if one]
        same = len(set(texts)) == 1 and len(texts) == len(side.phases)
        for axis, text in enumerate(texts[:1] if same else texts):
            where = f", axis {axis}" if not same else ", each axis" if len(texts) > 1 else ""
            yield f"{name}{where}: {text}"


def _phases(one: Phases, *, fixed: bool) -> str:
    sums = [str(gain[0]) if fixed else _sum(gain) for gain in one.gains]
    if len(sums) == 1:
        return f"{sums[0]}, a single phase; {_overlaps(one)}"
    if one.even:
        return f"{sums[0]} in every phase: {'no checkerboard' if fixed else 'no kernel makes a checkerboard'}; {_overlaps(one)}"
    gains = ", ".join(f"{text} in phase {i}" for i, text in enumerate(sums[:4])) + " …" * (len(sums) > 4)
    return f"{gains}: {'a checkerboard' if fixed else 'a checkerboard unless these are equal'}; {_overlaps(one)}"


def _overlaps(one: Phases) -> str:
    counts = one.counts if len(set(one.counts)) > 1 else one.counts[:1]
    return f"taps that reach a pixel: {' and '.join(map(str, counts[:4]))}{' …' * (len(counts) > 4)}"


def _sum(gain: Sequence[Fraction]) -> str:
    """`w[0] + w[2]`."""
    terms = [f"{'' if c == 1 else f'{c}·'}w[{i}]" for i, c in enumerate(gain) if c]
    return " + ".join(terms) or "0"


def _layers(found: Families) -> Iterator[str]:
    for name, side in (("A", found.a), ("B", found.b)):
        v = side.variety
        if v:
            yield f"{name} has two weighted layers. On one channel, {v.weights} weights give maps that span a space of dimension {v.span}."
            yield f"  They are a variety in it, of dimension at least {v.rank}: proven, the rank of its Jacobian at one point."
            yield f"  It is greater with probability at most {v.missed:.0e}."


def _table(found: Families) -> list[str]:
    columns: list[tuple[str, Side | Inside]] = [("A", found.a), ("B", found.b), *([("wider B", found.wider)] if found.wider else [])]
    rows = [
        ["", *(name for name, _ in columns)],
        ["output", *(str(one.family.y[1:]) for _, one in columns)],
        ["weights", *(str(one.family.weights) for _, one in columns)],
        ["dimension", *map(str, found.relation.dimensions), *([str(found.wider.dimension)] if found.wider else [])],
        ["multiply-adds", *(f"{one.family.products:,}" for _, one in columns)],
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [f"  {row[0]:<{widths[0]}}  {'  '.join(f'{text:>{n}}' for text, n in zip(row[1:], widths[1:], strict=True))}" for row in rows]


def _titled(title: str, text: str) -> list[str]:
    return [f"  {title if i == 0 else '':<9} {line}" for i, line in enumerate(text.splitlines())]


def _map_data(inside: Inside) -> dict[str, Any]:
    checked = inside.checked
    return {
        "from": inside.inner, "to": inside.outer, "operation": repr(inside.family.op), "kernel": list(inside.family.w[0]),
        "words": inside.map.words, "numpy": list(inside.map.lines),
        "checked": None if checked is None else {
            "by_definition": checked.by_definition, "verified": list(checked.verified), "cannot_say": list(checked.cannot_say),
            "known": list(checked.known), "wrong": list(checked.wrong),
        },
    }  # fmt: skip


def _witness_data(shown: Shown) -> dict[str, Any]:
    found = shown.witness
    return {
        "of": shown.of, "kernel": shown.kernel.tolist(), "input": [list(pixel) for pixel in found.pixels],
        "images": [[[str(entry) for entry in row] for row in np.atleast_2d(image).reshape(-1, image.shape[-1])] for image in shown.images],
        "channels": list(found.channels) if found.channels else None,
    }  # fmt: skip


def _phases_data(one: Phases | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {"gains": [[str(c) for c in gain] for gain in one.gains], "overlaps": list(one.counts), "even": one.even}
