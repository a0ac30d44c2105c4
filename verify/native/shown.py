"""What explain, port and compare print on a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from backends.native import Native, Note
from spec.equation import equation
from spec.operation import Shape
from verify.native.check import Verdict
from verify.native.clock import Ratio
from verify.native.compare import Comparison, Fix
from verify.native.costs import Costs
from verify.native.explain import Explanation
from verify.native.port import Port, Ports
from verify.native.reach import drawn


def explanation(found: Explanation) -> str:
    """Sections with a title each, the verdict last."""
    reading, native = found.reading, found.reading.native
    lines = [*native.shown().splitlines(), "", *titled("means", repr(reading.op)), *titled("equation", equation(reading.op))]
    lines += titled("shapes", f"{native.x} → {reading.y}")
    if native.weights:
        lines += titled("weights", "\n".join(_weight(w.name, w.shape, w.to_spec.written(w.name)) for w in native.weights))
    empty = ["! the output is empty: a window is larger than the padded input"] if 0 in reading.y else []
    lines += titled("notes", "\n".join((*empty, *_notes(reading.notes))))
    lines += titled("reaches", drawn(found.reach))
    return "\n".join((*lines, *titled("checked", verdict(found.verdict))))


def _weight(name: str, shape: Shape, numpy: str) -> str:
    return f"{name} {shape}" + (f", in the equation {numpy}" if numpy != name and len(shape) > 1 else "")


def _notes(notes: tuple[Note, ...]) -> Iterator[str]:
    """Those that surprise people first, marked with an exclamation mark."""
    for note in sorted(notes, key=lambda note: not note.trap):
        yield f"{'! ' if note.trap else '  '}{f'{note.argument}: ' if note.argument else ''}{note.text}"


def ports(found: Ports) -> str:
    """One block for each framework."""
    blocks = [_port(one) for one in found.ports]
    own = titled("checked", f"the call itself: {verdict(found.verdict)}")
    return "\n\n".join((*blocks, "\n".join(own)))


def _port(one: Port) -> str:
    if not one.native:
        return f"{one.title}\n  {one.impossible}"
    lines = [f"{one.title}, input {one.native.x}", *(f"  {line}" for line in one.native.shown().splitlines())]
    lines += titled("weights", "\n".join(f"{w.target} = {w.numpy}" for w in one.weights))
    lines += titled("notes", "\n".join(_notes(one.notes)))
    return "\n".join((*lines, *titled("checked", verdict(one.verdict))))


def comparison(found: Comparison) -> str:
    """The sentence, what is responsible, for which sizes, what to write instead, the verdicts."""
    lines = [sentence(found), ""]
    lines += titled("because", "\n".join(found.reasons))
    lines += titled("lengths", found.sizes)
    same = found.first.native.phrases == found.second.native.phrases
    for fix in found.fixes:
        if fix.change or not same:
            lines += ["", *_fix(found, fix)]
    said = [f"{name}: {verdict(one)}" for name, one in found.verdicts.items()]
    return "\n".join((*lines, "", *titled("checked", "\n".join(said) or "not run")))


def costs(found: Costs) -> str:
    """Counted, and timed by framework."""
    counts = ((found.multiply_adds, "multiply-adds"), (found.elements, "numbers read and written"))
    lines = titled("costs", "\n".join(f"{a:,} and {b:,} {what}" for (a, b), what in counts))
    times = (f"{name}: {one if isinstance(one, str) else f'the second is {speed(one)}'}" for name, one in found.times.items())
    return "\n".join((*lines, *titled("time", "\n".join(times))))


def speed(ratio: Ratio) -> str:
    """`2.3 times as fast (2.1 to 2.4)`: the median and the quartiles, to two digits."""
    if ratio.low <= 1 <= ratio.high:
        return f"as fast ({ratio.low:.2g} to {ratio.high:.2g} of the time)"
    if ratio.median > 1:
        return f"{ratio.median:.2g} times as slow ({ratio.low:.2g} to {ratio.high:.2g})"
    return f"{1 / ratio.median:.2g} times as fast ({1 / ratio.high:.2g} to {1 / ratio.low:.2g})"


def sentence(found: Comparison) -> str:
    """`shifted: with the same weights, …`; of a framework that does not do what its call means, that as well."""
    but = (f"But the {name} call gives other values on {v.target}: {v.sentence}." for name, v in found.wrong.items())
    return " ".join((_relation(found), *but))


def _relation(found: Comparison) -> str:
    first, second = names(found)
    given = "with the same weights, " if found.first.w else ""
    if found.relation == "equal":
        return f"equal: {given}{first} and {second} give the same output."
    if found.relation == "different":
        mine, yours = (tuple(one.lengths[i] for one in found.axes) for i in (0, 1))
        longer = "" if mine == yours else f" Output lengths: {mine} and {yours}."
        return f"different: {given}{first} and {second} give other values, and no shift makes them equal.{longer}"
    moved = _moved(found.shift)
    if found.relation == "shifted":
        return f"shifted: {given}{second} output is {first} output moved by {moved}."
    if found.relation == "edges":
        widths = [f"{lo} pixel{'s' * (lo != 1)} at the start and {hi} at the end" for lo, hi in (one.edges for one in found.axes)]
        where = widths[0] + " of each axis" if len(set(widths)) == 1 else "; ".join(f"axis {i}: {text}" for i, text in enumerate(widths))
        shift = f", moved by {moved}" if any(found.shift) else ""
        return f"edges: {given}the two outputs are equal{shift} except at the border: {where}."
    lengths = ", ".join(f"{a} and {b}" for a, b in (one.lengths for one in found.axes))
    return f"lengths: {given}the two outputs are equal where both have a pixel; their lengths are {lengths}."


def names(found: Comparison) -> tuple[str, str]:
    """What the two are called in a sentence: their frameworks, or first and second."""
    first, second = (one.native.phrases.title for one in (found.first, found.second))
    if found.relation in ("equal", "different"):
        return (first, second) if first != second else ("the first", "the second")
    return (f"{first}'s", f"{second}'s") if first != second else ("the first's", "the second's")


DIRECTIONS = {1: (("later", "earlier"),), 2: (("down", "up"), ("right", "left"))}
"""By the number of axes: words for a positive and for a negative shift."""


def _moved(shift: tuple[int, ...]) -> str:
    """`2 pixels down and right`."""
    words = DIRECTIONS.get(len(shift)) or tuple((f"later on axis {i}", f"earlier on axis {i}") for i in range(len(shift)))
    moves = [(abs(n), word[n < 0]) for n, word in zip(shift, words, strict=True) if n]
    if len({n for n, _ in moves}) == 1:
        n = moves[0][0]
        return f"{n} pixel{'s' * (n != 1)} {' and '.join(word for _, word in moves)}"
    return " and ".join(f"{n} pixel{'s' * (n != 1)} {word}" for n, word in moves)


def _fix(found: Comparison, fix: Fix) -> list[str]:
    own, wanted = (found.second, found.first) if fix.replaces == "second" else (found.first, found.second)
    mine, yours = own.native.phrases.title, wanted.native.phrases.title
    whose = f"{yours}'s output in {mine}" if mine != yours else f"the {'first' if fix.replaces == 'second' else 'second'}'s output"
    lines = [f"To get {whose}" + (f", write {fix.change}:" if fix.change else ":"), *_code(fix.native)]
    moved = [w for w in fix.carried if w.numpy != w.target]
    return lines + titled("weights", "\n".join(f"{w.target} = {w.numpy}" for w in moved)) + titled("notes", "\n".join(_notes(fix.notes)))


def _code(native: Native) -> list[str]:
    return [f"  {line}" for line in native.shown().splitlines()]


def verdict(one: Verdict | None) -> str:
    if one is None:
        return "not run"
    versions = ", ".join(f"{name} {version}" for name, version in one.versions.items())
    if one.status == "verified":
        return f"verified on {versions}: {one.sentence}"
    return f"{one.status}{f' on {versions}' if versions else ''}: {one.sentence}"


def titled(title: str, text: str) -> list[str]:
    """A text beside its title; nothing if there is no text."""
    return [f"  {title if i == 0 else '':<9} {line}" for i, line in enumerate(text.splitlines())] if text else []
