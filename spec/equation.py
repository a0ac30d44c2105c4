"""The equation of an operation, as the first lines of its module state it: written once."""

from __future__ import annotations

import re
import sys

from spec.operation import Operation


def equation(op: Operation) -> str:
    """`y[n,o,j] = Σ …`, with the lines that belong to it; of a program, one equation for each step. Empty if none is stated."""
    return "\n".join(text for text in dict.fromkeys(map(_of_step, op.steps)) if text)


def _of_step(op: Operation) -> str:
    lines = (sys.modules[type(op).__module__].__doc__ or "").splitlines()
    for i, line in enumerate(lines):
        if re.match(rf"    {op.name}\s+\S", line):
            more = [text.strip() for text in _indented(lines[i + 1 :])]
            return "\n".join(re.sub(r",?\s{2,}", ", ", text) for text in (line.strip().removeprefix(op.name).strip(), *more))
    stated = next((line for line in lines if "y[" in line and " = " in line), "")
    return stated[stated.index("y[") :].rstrip(". ") if stated else ""


def _indented(lines: list[str]) -> list[str]:
    """The lines that go on with the one before: indented further than an operation's name."""
    more: list[str] = []
    for line in lines:
        if not re.match(r"\s{9,}\S", line):
            break
        more.append(line)
    return more
