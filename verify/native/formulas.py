"""What each output of a picture is, as a formula: `y[3] = w[2]·x[1] + w[0]·x[2]`; and the picture as text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from textwrap import fill
from typing import Any

from spec import Operation
from verify.native.links import Links, Place, Stage, Steps, Weight, by, through

MOST_LINES = 24


def element(name: str, place: Place, channels: int) -> str:
    """`x[1, 2]`; the channel stands first if there is more than one."""
    return f"{name}[{', '.join(map(str, place if channels > 1 else place[1:]))}]"


def formula(found: Steps, j: Place) -> str:
    """Of one output that is drawn. Where more than one step has a kernel, only which inputs it depends on."""
    channels, ways = found.stages[0].drawn[0][0], found.stages[-1].drawn[1][0]
    y = element("y", j, ways)
    row = found.whole.get(j) if found.whole is not None else None
    if row is None:
        met = sorted(reaching(found, j)[0])
        return f"{y} depends on " + (", ".join(element("x", i, channels) for i in met) or "no input")
    names = {i: element("x", i, channels) for i in sorted(row)}
    return f"{y} = {_value(found.op, row, names)}"


def reaching(found: Steps, j: Place) -> list[set[Place]]:
    """For each stage, which of its inputs reach an output; then that output."""
    met = [{j}]
    for stage in reversed(found.stages):
        met.insert(0, {i for target in met[0] for i in stage.links.get(target, ())})
    return met


def _value(op: Operation, row: Mapping[Place, Weight], names: Mapping[Place, str]) -> str:
    if not row:
        return "0"
    p = getattr(op, "p", None)
    if op.selects and len(row) > 1:
        return f"max({', '.join(names.values())})"
    if p is not None:
        return f"({' + '.join(f'|{name}|^{p}' for name in names.values())})^(1/{p})"
    weights = list(row.values())
    if len(row) > 1 and len(set(weights)) == 1 and weights[0][0][0] == () and Fraction(1) / number(weights[0][0][1]) % 1 == 0:
        over = Fraction(1) / number(weights[0][0][1])
        total = " + ".join(names.values())
        return total if over == 1 else f"({total}) / {over}"
    terms = [f"{said}·{names[i]}" if (said := weight(row[i])) != "1" else names[i] for i in names]
    return " + ".join(terms).replace("+ -", "− ").replace("-", "−")


def weight(entries: Weight) -> str:
    """`w[0]`, `(w[0] + w[1])`, `3/4`."""
    parts = []
    for tap, c in entries:
        name, value = f"w[{', '.join(map(str, tap))}]" if tap else "", number(c)
        parts.append(name if name and value == 1 else f"{short(value)}{'·' if name else ''}{name}")
    return parts[0] if len(parts) == 1 else f"({' + '.join(parts)})"


def number(c: Any) -> Fraction:
    """A coefficient, as a fraction."""
    return Fraction(c.item() if hasattr(c, "item") else c)


def short(c: Fraction) -> str:
    """A fraction; a decimal where its denominator is long."""
    return str(c) if c.denominator < 1000 else f"{float(c):.3f}"


def title(stage: Stage) -> str:
    """What a step does, in a few words."""
    op = stage.op
    if op.name == "Pad" and max(max(pair) for pair in op.padding) <= 0:  # type: ignore[attr-defined]
        return "crop the ends"
    mode = getattr(op, "mode", "")
    words = {
        "ZeroInsert": "insert zeros", "ConvTranspose": "place the kernel at each element and add", "Conv": "slide the kernel",
        "Pad": "add zeros at the ends" if mode == "constant" else f"add elements at the ends ({mode})",
        "Upsample": "repeat each element", "Resize": f"resize ({mode})", "Lanczos": "resize (lanczos)",
        "MaxPool": "the greatest of each window", "AdaptiveMaxPool": "the greatest of each window",
        "AveragePool": "the mean of each window", "AdaptiveAveragePool": "the mean of each window", "SumPool": "the sum of each window",
        "LpPool": "the p-norm of each window", "DepthToSpace": "move channels into space", "SpaceToDepth": "move space into channels",
    }  # fmt: skip
    return words.get(op.name, op.name)


def outputs(found: Steps) -> list[Place]:
    """Every output that is drawn, in row-major order."""
    return sorted(found.stages[-1].links)


def text(found: Steps) -> str:
    """The steps with their lengths, then a formula for each output."""
    lines = [f"x  {_lengths(found.stages[0].drawn[0])}"]
    lines += [f"→  {_lengths(stage.drawn[1])}  {title(stage)}" for stage in found.stages]
    all_of_them = outputs(found)
    lines += ["", *(_folded(formula(found, j)) for j in all_of_them[:MOST_LINES])]
    if len(all_of_them) > MOST_LINES:
        lines.append(f"and {len(all_of_them) - MOST_LINES} more outputs")
    return "\n".join((*lines, *found.notes))


def _folded(line: str) -> str:
    """In lines of 80 columns, broken between terms but not within an index."""
    whole = re.sub(r"(?<=\d), ", ",\N{NO-BREAK SPACE}", line)
    return fill(whole, 80, subsequent_indent="  ", break_on_hyphens=False).replace("\N{NO-BREAK SPACE}", " ")


def _lengths(drawn: Place) -> str:
    """Those of the spatial axes, after the channels if there is more than one."""
    return by(drawn[1:] if drawn[0] == 1 else drawn)


def differing(first: Steps, second: Steps) -> list[Place]:
    """The drawn outputs that have other links in the second, or are missing in one of the two."""
    mine, yours = _whole(first), _whole(second)
    return sorted(j for j in mine.keys() | yours.keys() if mine.get(j) != yours.get(j))


def differences(first: Steps, second: Steps | None) -> str:
    """Where two programs differ, as the last line of a text; nothing where there is one program."""
    return f"\n\n{differ(first, second)}" if second else ""


def differ(first: Steps, second: Steps) -> str:
    """`Different at 3 of 9 outputs: y[0], y[4], y[8]`."""
    bad, count = differing(first, second), len({*outputs(first), *outputs(second)})
    channels = max(one.stages[-1].drawn[1][0] for one in (first, second))
    shown = ", ".join(element("y", j, channels) for j in bad[:6]) + (" …" if len(bad) > 6 else "")
    return f"Different at {len(bad)} of {count} outputs: {shown}" if bad else "Every output drawn is the same."


def _whole(found: Steps) -> Links:
    if found.whole is not None:
        return found.whole
    rows: Links = {}
    for j in outputs(found):
        met: dict[Place, Weight] = {j: (((), 1),)}
        for stage in reversed(found.stages):
            met = through(stage.links, met)
        rows[j] = met
    return rows


def kinds(links: Links) -> Iterator[tuple[Place, tuple[Any, ...]]]:
    """For each output the kernel entries that it uses, or the coefficients: outputs of one phase have the same ones.

    At the border an output uses fewer entries; it counts to the phase of which its own are a part, if there is just one.
    """
    own = {j: _kind(row) for j, row in links.items()}
    sets = {frozenset(kind) for kind in own.values()}
    greatest = [one for one in sets if not any(one < other for other in sets)]
    for j, kind in own.items():
        wider = [one for one in greatest if frozenset(kind) <= one]
        yield j, tuple(sorted(wider[0], key=str)) if len(wider) == 1 and _tapped(kind) else kind


def _kind(row: Mapping[Place, Weight]) -> tuple[Any, ...]:
    taps = tuple(tap for weight in row.values() for tap, _ in weight if tap)
    values = tuple(str(number(weight[0][1])) for _, weight in sorted(row.items()))
    return tuple(sorted(taps)) if taps else values[:1] if len(set(values)) == 1 else values


def _tapped(kind: tuple[Any, ...]) -> bool:
    return all(isinstance(one, tuple) for one in kind)
