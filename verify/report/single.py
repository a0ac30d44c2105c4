"""One case in full: for each runtime the outcome, its reason, the first wrong value and the code, once for runtimes with the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from verify.grouping import WORST_FIRST, in_words, sentence
from verify.hazards import SHOWN_DIGITS
from verify.record import FINE, Record, Report
from verify.report.hazards import core


def told(report: Report) -> list[str]:
    """Lines for each case of a report of single cases, in the order in which they were run."""
    cases: dict[str, list[Record]] = defaultdict(list)
    for r in report.records:
        if r.kind == "case":
            cases[r.case].append(r)
    lines: list[str] = []
    for case, records in cases.items():
        lines += ["", case, *_case(records, report)]
    return lines


def _case(records: list[Record], report: Report) -> Iterator[str]:
    by_runtime: dict[str, list[Record]] = defaultdict(list)
    for r in records:
        by_runtime[r.runtime].append(r)
    same: dict[tuple[tuple[str, ...], str], list[str]] = defaultdict(list)
    for runtime, own in by_runtime.items():
        native = next((r.native for r in own if r.native), "")
        same[tuple(_outcome(own, report)), "\n".join(core(native))].append(runtime)
    for (outcome, code), runtimes in same.items():
        first, *more = outcome
        yield f"  {', '.join(runtimes)}: {first}"
        yield from (f"      {line}" for line in more)
        yield from (f"      │ {line}" for line in code.splitlines())


def _outcome(own: list[Record], report: Report) -> Iterator[str]:
    """What came, in a line; then why, the first wrong value and the link."""
    bad = [r for r in own if r.verdict not in FINE]
    if not bad:
        agreed = [r.output for r in own if r.verdict == "agree"]
        yield f"agree: {', '.join(agreed)}" if agreed else "vacuous: nothing could be compared"
        return
    worst = min(bad, key=lambda r: WORST_FIRST.index(r.verdict))
    outputs = ", ".join(r.output for r in bad if r.verdict == worst.verdict)
    known = report.known.get(worst.known or "")
    yield f"{in_words(worst.verdict)}: {outputs}" + (f", a known deviation ({worst.known})" if known else "")
    if known:
        yield known.reason
    elif worst.reason:
        yield " ".join(worst.reason.split())
    d = worst.difference
    if d and d.first:
        yield f"{worst.output} at {list(d.first)}: expected {_short(d.expected)}, got {_short(d.got)}"
    if worst.matches:
        yield sentence(worst.matches)
    if known and known.link:
        yield known.link


def _short(number: str) -> str:
    return number if len(number) <= SHOWN_DIGITS else number[:SHOWN_DIGITS] + "…"
