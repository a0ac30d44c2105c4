"""Hazards as text and as Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote

from verify.grouping import counted
from verify.hazards import SORTS, TITLES, Hazard, Hazards, affected
from verify.printable import printable
from verify.report.markdown import fenced, span, text

MOST = 6
"""Lines of a sort on the first screen."""
WIDTH = 100


def first_screen(found: Hazards) -> list[str]:
    """A title for each sort that occurs, the worst of it in a line each; of errors and limits only how many there are."""
    lines: list[str] = []
    for sort in SORTS:
        own = found.of(sort)
        if not own:
            continue
        cases = sum(one.cases for one in own)
        if sort in ("raised", "cannot"):
            lines.append(f"{TITLES[sort]}: {counted(len(own), 'cause')}, {counted(cases, 'case')}")
            continue
        lines.append(f"{TITLES[sort]}: {counted(len(own), 'cause')}")
        lines += [f"  {_names(one)}: {one.sentence}{f' ({one.cause})' if one.cause else ''}" for one in own[:MOST]]
        if len(own) > MOST:
            lines.append(f"  … and {len(own) - MOST} more: concordant hazards")
    return [printable(line) for line in lines]


def _names(one: Hazard) -> str:
    return ", ".join(one.runtimes[:3]) + (f" and {len(one.runtimes) - 3} more" if len(one.runtimes) > 3 else "")


def whole(found: Hazards) -> str:
    """Everything, for a terminal: code of the framework and code that is right, one after the other."""
    lines: list[str] = []
    for sort in SORTS:
        for i, one in enumerate(found.of(sort)):
            lines += [TITLES[sort], "=" * len(TITLES[sort]), ""] if i == 0 else []
            lines += [f"{_names(one)}: {one.sentence}", *(f"  {line}" for line in _about(one))]
            lines += _codes(one) if sort != "cannot" else []
            lines.append("")
    versions = ", ".join(f"{name} {version}" for name, version in found.versions.items())
    lines.append(f"{counted(len(found.hazards), 'cause')} in {counted(found.cases, 'case')} of suite {found.suite}: {versions}")
    return printable("\n".join(lines))


def _about(one: Hazard) -> Iterator[str]:
    yield affected(one)
    yield f"case: {one.case}"
    if one.shown:
        yield one.shown
    if one.link.startswith("http") or one.link:
        yield one.link


def _codes(one: Hazard) -> list[str]:
    """Both codes, what is wrong first."""
    lines = [f"  │ {line}" for line in core(one.native)]
    right = core(one.instead_of)
    return lines + ([f"  right on {one.right_on}:", *(f"  │ {line}" for line in right)] if right else [])


def core(native: str) -> list[str]:
    """A program without its imports and its frame: what stands before `def f` as it is, then what stands in it."""
    lines = [line for line in native.splitlines() if line.strip()]
    frame = next((i for i, line in enumerate(lines) if line.startswith("def f(")), -1)
    before = [line for line in lines[: max(frame, 0)] if not line.startswith(("import ", "from "))]
    return before + [line.removeprefix("    ") for line in lines[frame + 1 :] if line != "    return x"]


def page(found: Hazards) -> str:
    """docs/hazards.md."""
    versions = text(", ".join(f"{name} {version}" for name, version in found.versions.items()))
    parts = [HEAD.format(versions=versions, suite=text(found.suite), cases=found.cases)]
    for sort in SORTS:
        own = found.of(sort)
        if not own:
            continue
        parts.append(f"## {TITLES[sort]}")
        if sort in ("raised", "cannot"):
            rows = [f"| {text(_names(one))} | {text(one.sentence)} | {text(affected(one))} | {_link(one)} |" for one in own]
            parts.append("\n".join(("| where | what | affected | link |", "|---|---|---|---|", *rows)))
        else:
            parts += [_block(one) for one in own]
    return printable("\n\n".join(parts) + "\n")


HEAD = """\
# Hazards

<!-- made by `make docs`; `concordant hazards` prints the same of your own run -->

What somebody who ports a model should know of {versions}: every result in the {cases} cases of the `{suite}` suite that is not what the
definition says, one entry for each cause, the worst first. Silent differences have the right shape and raise no error. Whether a fault is
already known makes no difference here."""


def _block(one: Hazard) -> str:
    lines = [f"### {text(_names(one))}: {text(one.sentence)}", f"{text(affected(one))}. {_link(one)}"]
    lines.append(span(f"concordant run --case {quote(one.case)}") + (f": {text(one.shown)}" if one.shown else ""))
    if one.native:
        lines.append(fenced("\n".join(core(one.native)), "python"))
    if one.instead_of:
        lines += [f"Right on {text(one.right_on)}:", fenced("\n".join(core(one.instead_of)), "python")]
    return "\n\n".join(lines)


def _link(one: Hazard) -> str:
    if one.link.startswith("http"):
        return f"[upstream report]({one.link})"
    return text(one.link)
