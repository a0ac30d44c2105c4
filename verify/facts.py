"""Facts in a few words: what worker processes observed of their machine (`facts` in the glue of a backend)."""

from __future__ import annotations

import re
from collections import defaultdict

from backends import runtime_of
from verify.grouping import counted, is_mode
from verify.record import Report

FAMILIES = {
    "AVX10": r"avx10", "AVX-512": r"avx-?512", "AVX2": r"avx2", "AVX": r"avx", "SSE4": r"sse4", "SVE": r"sve", "NEON": r"asimd|neon",
}  # fmt: skip
"""Instruction sets, the largest first, and how the names of their instructions begin."""


def in_words(facts: dict[str, str]) -> str:
    """`onednn on, onednn_isa AVX-512, threads 1`: of an instruction set only its family."""
    return ", ".join(f"{name} {_family(value) if name.endswith('isa') else value}" for name, value in facts.items())


def observed(report: Report) -> list[str]:
    """A line for each group of runtimes whose workers observed the same. A mode in which they observed what its runtime did is left out."""
    groups: dict[str, list[str]] = defaultdict(list)
    for name, runtime in report.runtimes.items():
        base = report.runtimes.get(runtime_of(name))
        if runtime.facts and not (is_mode(name) and base and base.facts == runtime.facts):
            groups[in_words(runtime.facts)].append(name)
    return [f"{', '.join(names)}: {words}" for words, names in groups.items()]


def repeated(report: Report) -> list[str]:
    """A line for each runtime whose batches have flags of their own: how much of what agreed was run as users run it."""
    lines = []
    for name, runtime in report.runtimes.items():
        if r := runtime.repeated:
            came = f"{r.otherwise} did not agree then" if r.otherwise else "all agree" if r.repeated else "nothing had agreed"
            which = f"{r.repeated} of {counted(r.agreed, 'program')} that agreed in batches"
            share = f" ({r.repeated / r.agreed:.0%}) " if r.agreed else " "
            again = f"{'was' if r.repeated == 1 else 'were'} run again individually at default settings"
            in_mode = f", as {name}:{r.mode}" if r.mode else ""
            lines.append(f"{name}: {which}{share}{again}{in_mode}: {came}")
    return lines


MOST_LISTED = 8


def not_offered(report: Report) -> list[str]:
    """A line for each group of runtimes that do not offer the same cases: coverage, not failures."""
    lines: dict[str, list[str]] = defaultdict(list)
    for name, runtime in report.runtimes.items():
        found = [f"{what} ({counted(n, 'case')})" for what, n in runtime.not_offered.items()]
        if len(found) > MOST_LISTED:
            found[MOST_LISTED - 1 :] = [f"and {len(found) - MOST_LISTED + 1} more, in report.json"]
        if found:
            lines[", ".join(found)].append(name)
    return [f"not offered by {', '.join(names)}: {what}" for what, names in lines.items()]


def changed_facts(before: dict[str, str], now: dict[str, str]) -> str:
    """`threads is 2, but was 1`."""
    names = sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
    return "; ".join(f"{name} is {now.get(name, 'not stated')}, but was {before.get(name, 'not stated')}" for name in names)


def _family(isa: str) -> str:
    return next((name for name, pattern in FAMILIES.items() if re.search(pattern, isa, re.IGNORECASE)), isa)
