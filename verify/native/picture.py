"""A picture of an operation as a standalone SVG or HTML page: its steps, with every output in turn and the inputs that reach it.

It moves by CSS alone. A focused or hovered output stays; each output is a stop of the Tab key with its formula as its name.
Where an element lies is taken from its links, so that a crop that is shifted by one moves the row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from itertools import combinations, product
from pathlib import Path

import numpy as np

from spec import Resize
from spec.ops.resize import affine
from verify.native import formulas
from verify.native.links import Place, Stage, Steps, Weight

CELL, GRID, BETWEEN, GAP, EDGE, SECONDS, LETTER = 44, 34, 22, 104, 24, 1.6, 7.4
"""Pixels of a cell in a row, of one in a grid, between channels, between rows, at the edge; seconds for each output; pixels of a letter."""

STYLE = Path(__file__).with_suffix(".css").read_text(encoding="utf-8")
COLOURS = ("#0a62c4", "#b4500b", "#12743a", "#8b2fc9", "#b01e5b", "#0b7285", "#7a5c00", "#5a4fcf", "#8f3b2e")
PHASES = ("#0a62c4", "#b4500b", "#12743a", "#8b2fc9")


@dataclass
class Panel:
    """One operation with its place on the page: where each element of each row lies, by its centre."""

    found: Steps
    title: str
    rows: list[dict[Place, tuple[float, float]]] = field(default_factory=list)
    heads: list[tuple[float, float, str]] = field(default_factory=list)
    wide: float = 0
    high: float = 0
    side: int = CELL

    @cached_property
    def labels(self) -> list[dict[Place, str]]:
        """What stands in each element of each row, once they have their places."""
        return list(_labels(self))

    @cached_property
    def colours(self) -> tuple[dict[Place, str], dict[Place, str]]:
        """Of inputs and outputs."""
        return _colours(self)


def svg(found: Steps, title: str, other: tuple[Steps, str] | None = None) -> str:
    """A standalone SVG; with another operation, both, the outputs that differ marked."""
    panels = [_panel(found, title)] + ([_panel(*other)] if other else [])
    bad = formulas.differing(found, other[0]) if other else []
    places = sorted({j for panel in panels for j in formulas.outputs(panel.found)})
    wide = max(480.0, *(panel.wide for panel in panels))
    letters = int((wide - 2 * EDGE) / 8.7)
    said = {(n, j): _wrapped(formulas.formula(one.found, j), letters) for n, one in enumerate(panels) for j in formulas.outputs(one.found)}
    parts, y = [], 0.0
    for n, panel in enumerate(panels):
        lines = max(len(said[n, j]) for j in formulas.outputs(panel.found))
        heads = _wrapped(panel.title, letters)
        parts += [f'<text class="head" x="{EDGE}" y="{y + 24 + 18 * k:g}">{escape(line)}</text>' for k, line in enumerate(heads)]
        top = y + 16 + 18 * len(heads)
        bottom = top + panel.high + 20
        frames = (_frame(panel, j, places, said[n, j], panel.high + 20, j in bad) for j in formulas.outputs(panel.found))
        parts.append(f'<g transform="translate(0 {top:g})">{_still(panel)}{"".join(frames)}</g>')
        y = bottom + 19 * lines + 10
    notes = [("badly", formulas.differ(found, other[0]))] if other else []
    notes += [("note", text) for text in dict.fromkeys(text for panel in panels for text in panel.found.notes)]
    for kind, text in notes:
        for line in _wrapped(text, letters):
            parts.append(f'<text class="{kind}" x="{EDGE}" y="{y + 8:g}">{escape(line)}</text>')
            y += 19
    both = "".join(f".p:has(.j{n}:focus,.j{n}:hover) .f.j{n} .on{{opacity:1!important}}" for n in range(len(places))) if other else ""
    named = title + (f" compared with {other[1]}" if other else "")
    about = "; ".join(formulas.title(stage) for stage in found.stages)
    return (
        f'<svg class="p" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:g} {y + 12:g}" width="{wide:g}" role="group" '
        f'aria-labelledby="t d" style="--name:on{len(places)};--all:{len(places) * SECONDS:g}s">'
        f"<style>{STYLE}@keyframes on{len(places)}{{0%,{100 / len(places) - 0.01:.2f}%{{opacity:1}}"
        f'{100 / len(places):.2f}%,100%{{opacity:{int(len(places) == 1)}}}}}{both}</style><title id="t">{escape(named)}</title>'
        f'<desc id="d">{escape(about)}. The Tab key goes from output to output.</desc>'
        f'<rect class="back" width="100%" height="100%" rx="8"/>{"".join(parts)}</svg>\n'
    )


def html(found: Steps, title: str, other: tuple[Steps, str] | None = None) -> str:
    """The same as a page, with every formula as text below it."""
    lists = "".join(
        f"<h2>{escape(name)}</h2><ul>{''.join(f'<li>{escape(formulas.formula(one, j))}</li>' for j in formulas.outputs(one))}</ul>"
        for one, name in [(found, title), *([other] if other else [])]
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{PAGE}</style></head><body><main><h1>Which inputs reach which outputs</h1>"
        "<p>Each output in turn, and the inputs that reach it. Point at an output, or press Tab, to stay at it.</p>"
        f"{svg(found, title, other)}<details><summary>Every output as text</summary>{lists}</details></main></body></html>\n"
    )


PAGE = (
    ":root{color-scheme:light dark}body{margin:0;padding:1rem 2rem;font:1rem/1.5 system-ui,sans-serif;color:light-dark(#1b1f24,#e6e8eb);"
    "background:light-dark(#fff,#14171a)}h1{font-size:1.2rem;overflow-wrap:anywhere}h2{font-size:1rem}svg{max-width:100%;height:auto}"
    "li{font-family:ui-monospace,monospace}summary{cursor:pointer}:focus-visible{outline:3px solid light-dark(#0a58b5,#7ab7ff)}"
)


def _panel(found: Steps, title: str) -> Panel:
    panel = Panel(found, title)
    sizes = [found.stages[0].drawn[0], *(stage.drawn[1] for stage in found.stages)]
    labels = ["x: the input", *(formulas.title(stage) for stage in found.stages)]
    labels[-1] += ": y"
    if len(sizes[0]) == 2 and all(size[0] == 1 for size in sizes):
        _in_rows(panel, sizes, labels)
    else:
        _in_grids(panel, sizes, labels)
    return panel


def _in_rows(panel: Panel, sizes: list[Place], labels: list[str]) -> None:
    """From the last row up, each row by its links to the one below it."""
    fits = [(1.0, 0.0)]
    for stage in reversed(panel.found.stages):
        step, start = fits[0]
        fits.insert(0, _above(stage, step, start))
    unit = CELL / min(abs(step) for step, _ in fits)
    left = min(start for _, start in fits)
    for n, ((step, start), size, label) in enumerate(zip(fits, sizes, labels, strict=True)):
        y = 44.0 + GAP * n
        panel.rows.append({(0, i): (EDGE + CELL / 2 + unit * (step * i + start - left), y) for i in range(size[1])})
        panel.heads.append((EDGE, y - 30, label))
    panel.high = 44 + GAP * (len(sizes) - 1) + CELL / 2
    widest = max(len(label) for label in labels) * LETTER
    panel.wide = max(EDGE + widest, *(x for row in panel.rows for x, _ in row.values())) + CELL / 2 + EDGE


def _above(stage: Stage, step: float, start: float) -> tuple[float, float]:
    """Step and start of a row, from those of the row that its elements reach: an output lies below the middle of its inputs,
    or an input above the middle of its outputs, whichever fits better. A resize states the coordinates of its outputs itself.
    """
    if isinstance(stage.op, Resize) and stage.op.mode != "area":
        apart, first = map(float, affine(stage.op, 0, stage.before[2]))
        return (step / apart, start - step * first / apart) if apart else (step, start)
    by_output = [(_middle(row), step * j[1] + start) for j, row in stage.links.items() if row]
    reached: dict[Place, dict[Place, Weight]] = {}
    for j, row in stage.links.items():
        for i, weight in row.items():
            reached.setdefault(i, {})[j] = weight
    by_input = [(float(i[1]), step * _middle(row) + start) for i, row in reached.items()]
    return min((_through(pairs, step) for pairs in (by_output, by_input)), key=lambda found: found[0])[1]


def _middle(row: dict[Place, Weight]) -> float:
    """Of some elements, by the magnitudes of their weights."""
    magnitudes = {place[1]: sum(abs(float(c)) for _, c in weight) for place, weight in row.items()}
    return sum(i * c for i, c in magnitudes.items()) / sum(magnitudes.values())


def _through(pairs: list[tuple[float, float]], step: float) -> tuple[float, tuple[float, float]]:
    """How far points lie from a line, and its slope and start: medians, so that a border does not bend it."""
    slopes = [(d - b) / (c - a) for (a, b), (c, d) in combinations(pairs, 2) if abs(c - a) > 1e-9]
    slope = float(np.median(slopes)) if slopes and np.median(slopes) > 0 else step
    start = float(np.median([b - slope * a for a, b in pairs])) if pairs else 0.0
    return sum(abs(b - slope * a - start) for a, b in pairs), (slope, start)


def _in_grids(panel: Panel, sizes: list[Place], labels: list[str]) -> None:
    """One grid beside the other; channels below each other. In 1-D a row for each channel."""
    panel.side, left = GRID, float(EDGE)
    flat = [size if len(size) == 3 else (1, *size) for size in sizes]
    panel.high = max(c * (rows * GRID + BETWEEN) for c, rows, _ in flat) + 50
    for size, (_, rows, columns), label in zip(sizes, flat, labels, strict=True):
        words = _wrapped(label, max(16, int(columns * GRID / LETTER)))
        panel.heads += [(left, 16.0 + 16 * k, line) for k, line in enumerate(words)]
        if len(size) == 3 and size[0] > 1:
            panel.heads += [(left, 56.0 + c * (rows * GRID + BETWEEN), f"channel {c}") for c in range(size[0])]
        places = product(*map(range, size))
        panel.rows.append({place: _cell(left, rows, place) for place in places})
        left += max(columns * GRID, max(map(len, words)) * LETTER) + 36
    panel.wide = left - 36 + EDGE


def _cell(left: float, rows: int, place: Place) -> tuple[float, float]:
    c, i, j = place if len(place) == 3 else (0, *place)
    return left + GRID * (j + 0.5), 60 + c * (rows * GRID + BETWEEN) + GRID * (i + 0.5)


def _labels(panel: Panel) -> Iterator[dict[Place, str]]:
    """x and y by their indices; in between an element that is just copied keeps its name, and one that nothing reaches is 0."""
    channels, last = panel.found.stages[0].drawn[0][0], panel.found.stages[-1]
    names = {i: _index("x", i, channels) for i in panel.rows[0]}
    yield names
    for stage, row in zip(panel.found.stages, panel.rows[1:], strict=True):
        copied = {j: next(iter(row.items())) for j, row in stage.links.items() if len(row) == 1}
        kept = {j: names.get(i, "") for j, (i, weight) in copied.items() if weight[0][0] == () and weight[0][1] == 1}
        names = {j: kept.get(j, "" if stage.links.get(j) else "0") for j in row}
        yield {j: _index("y", j, stage.drawn[1][0]) for j in names} if stage is last else names


def _index(name: str, place: Place, channels: int) -> str:
    own = place if channels > 1 and len(place) == 2 else place[1:]
    return f"{name}{own[0]}" if len(own) == 1 else ",".join(map(str, own))


def _still(panel: Panel) -> str:
    """What does not move: titles, links, cells with their names; outputs are drawn with their frames."""
    parts = []
    if panel.side == CELL:
        for n, stage in enumerate(panel.found.stages):
            parts += [_line(panel, n, i, j, "link") for j, row in stage.links.items() for i in row]
    parts += [f'<text class="note" x="{x:g}" y="{y:g}">{escape(text)}</text>' for x, y, text in panel.heads]
    hues, _ = panel.colours
    for n, names in enumerate(panel.labels[:-1]):
        used = {i for row in panel.found.stages[n].links.values() for i in row}
        for place, name in names.items():
            parts.append(_box(panel, n, place, "cell" if place in used else "cell lost", name, hues.get(place, "") if n == 0 else ""))
    return "".join(parts)


def _colours(panel: Panel) -> tuple[dict[Place, str], dict[Place, str]]:
    """Colours of inputs and outputs: of the channel that an element comes from or goes to, or else of the output's phase."""
    whole = panel.found.whole or panel.found.stages[-1].links
    ins, outs = panel.found.stages[0].drawn[0][0], panel.found.stages[-1].drawn[1][0]
    pairs = [(i, j) for j, row in whole.items() for i in row]
    if ins > 1 or outs > 1:
        sources = {i: COLOURS[(i if ins > outs else j)[0] % len(COLOURS)] for i, j in pairs}
        return sources, {j: sources[i] for i, j in pairs}
    kinds: dict[object, int] = {}
    phases = {j: kinds.setdefault(kind, len(kinds)) for j, kind in formulas.kinds(whole)}
    return {}, {j: PHASES[n % len(PHASES)] for j, n in phases.items()} if 1 < len(kinds) <= len(PHASES) else {}


def _frame(panel: Panel, j: Place, places: list[Place], said: list[str], y: float, bad: bool) -> str:
    """An output with what reaches it; shown in its turn, and while it has the focus or the pointer."""
    met, stages = formulas.reaching(panel.found, j), panel.found.stages
    parts = []
    for n, stage in enumerate(stages):
        for target in sorted(met[n + 1]):
            for source, weight in stage.links.get(target, {}).items():
                tap = weight[0][0]
                colour = _hue(tap) if tap else ""
                if panel.side == CELL:
                    parts.append(_line(panel, n, source, target, "hot", colour))
                if tap or len(stages) == 1:
                    label = f"w{(',' if max(tap) > 9 else '').join(map(str, tap))}" if tap else formulas.weight(weight)
                    parts.append(_tap(panel, n, source, label if label != "1" else "", colour))
                else:
                    parts.append(_box(panel, n, source, "mark", ""))
    parts += [f'<text class="said" x="{EDGE}" y="{y + 19 * k:g}">{escape(line)}</text>' for k, line in enumerate(said)]
    last = len(stages)
    cell = _box(panel, last, j, "cell ring", panel.labels[-1][j], panel.colours[1].get(j, ""))
    cell += _box(panel, last, j, "bad", "") if bad else ""
    at, first = places.index(j), places[0] == j
    named = escape(" ".join(said) + ("; differs from the other program" if bad else ""))
    return (
        f'<g class="f j{at}{" first" if first else ""}" tabindex="0" role="img" aria-label="{named}">{cell}'
        f'<g class="on" style="--at:{(at - len(places)) * SECONDS:g}s">{"".join(dict.fromkeys(parts))}'
        f"{_box(panel, last, j, 'mark', '')}</g></g>"
    )


def _hue(tap: Place) -> str:
    place = tap[0] if len(tap) == 1 else tap[0] * 3 + tap[1]
    return COLOURS[place % len(COLOURS)]


def _tap(panel: Panel, row: int, place: Place, label: str, colour: str) -> str:
    """The kernel's entry, on the element that it is multiplied by: below it in a row, over it in a grid."""
    if panel.side == GRID or not label:
        box = _box(panel, row, place, "mark", label, (colour or COLOURS[0]) if label else "")
        return f'<g class="tap">{box}</g>'
    x, y = panel.rows[row][place]
    wide = max(30.0, LETTER * len(label) + 8)
    return (
        f'<g class="tap">{_box(panel, row, place, "mark", "")}'
        f'<rect x="{x - wide / 2:g}" y="{y + 13:g}" width="{wide:g}" height="19" rx="4" fill="{colour or COLOURS[0]}"/>'
        f'<text class="label" x="{x:g}" y="{y + 27:g}">{escape(label)}</text></g>'
    )


def _box(panel: Panel, row: int, place: Place, kind: str, label: str, fill: str = "") -> str:
    x, y = panel.rows[row][place]
    side, high = panel.side - 4, min(panel.side, 36) - 4
    own = f' style="fill:{fill}"' if fill else ""
    said = f'<text class="label" x="{x:g}" y="{y + 4:g}">{escape(label)}</text>' if label else ""
    box = f'<rect class="{kind}"{own} x="{x - side / 2:g}" y="{y - high / 2:g}" width="{side}" height="{high}" rx="5"/>{said}'
    return f'<g class="full">{box}</g>' if fill and said else box


def _line(panel: Panel, n: int, i: Place, j: Place, kind: str, colour: str = "") -> str:
    (a, b), (c, d) = panel.rows[n][i], panel.rows[n + 1][j]
    own = f' style="stroke:{colour}"' if colour else ""
    return f'<line class="{kind}"{own} x1="{a:g}" y1="{b + 16:g}" x2="{c:g}" y2="{d - 16:g}"/>'


def _wrapped(text: str, letters: int) -> list[str]:
    lines = [""]
    for word in text.split(" "):
        if len(lines[-1]) + len(word) + 1 > letters and lines[-1]:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + word
    return lines
