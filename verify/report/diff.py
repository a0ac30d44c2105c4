"""Two reports compared, result by result: what changed in meaning, precision, support or coverage.

A result is worse if its verdict is (`groups.WORST_FIRST`), or if it was right or a known deviation and no longer is; a result that is
no longer run is worse too, so that nothing is lost silently. The share of the rounding bound is printed, but is worse only past the bound,
where the verdict says so.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from typing import Any, Literal

import msgspec

from verify.grouping import WORST_FIRST, explanation, operation, standing
from verify.grouping import because as reason
from verify.printable import printable, printable_report
from verify.record import Record, Report

Axis = Literal["meaning", "support", "coverage", "precision"]
Trend = Literal["worse", "changed", "better"]
TRENDS: tuple[Trend, ...] = ("worse", "changed", "better")
NEVER = "never run"
SUITE = ("name", "seed", "ops", "dtypes", "data", "checks")
"""What two suites must have in common."""


class Incomparable(ValueError):
    """Why two reports cannot be compared, in one sentence."""


class Change(msgspec.Struct, kw_only=True, frozen=True):
    """Results that changed alike."""

    trend: Trend
    axis: Axis
    runtime: str
    was: str
    now: str
    because: str
    """What explains the wrong one of the two."""
    operations: list[str]
    results: int
    example: str
    """The shortest case among them, and its output."""
    output: str


class Comparison(msgspec.Struct, kw_only=True, frozen=True):
    """All changes, the worst first."""

    versions: dict[str, tuple[dict[str, str], dict[str, str]]]
    """Of each runtime, with the facts that its worker processes observed; only those that are not the same."""
    environment: dict[str, tuple[str, str]]
    """What else is not the same."""
    same: int
    changes: list[Change]

    @property
    def regressions(self) -> int:
        """How many results are worse."""
        return sum(c.results for c in self.changes if c.trend == "worse")


def compare(old: Report, new: Report) -> Comparison:
    """Raises Incomparable."""
    old, new = printable_report(old), printable_report(new)
    for what in SUITE:
        was, now = old.suite.get(what), new.suite.get(what)
        if was != now:
            raise Incomparable(f"the suite's {what} is {_said(was)} in the old report but {_said(now)} in the new")
    before, after = ({_key(r): r for r in report.records} for report in (old, new))
    if not before.keys() & after.keys():
        raise Incomparable("the two reports have no case, output and runtime in common")
    pairs = [(before.get(key), after.get(key)) for key in before | after]
    groups: dict[tuple[Any, ...], list[tuple[Record, Record | None, Record | None]]] = defaultdict(list)
    same = 0
    for one, other in pairs:
        key = _change(one, other)
        record = other or one
        assert record
        if key:
            groups[(*key, record.runtime)].append((record, one, other))
        else:
            same += 1
    changes = [_grouped(key, members) for key, members in groups.items()]
    return Comparison(
        versions={
            name: changed
            for name in sorted(old.runtimes.keys() | new.runtimes.keys())
            if (changed := _changed(_versions(old, name), _versions(new, name))) != ({}, {})
        },
        environment={
            name: (_said(old.environment.get(name)), _said(new.environment.get(name)))
            for name in sorted(old.environment.keys() | new.environment.keys())
            if old.environment.get(name) != new.environment.get(name)
        },
        same=same, changes=sorted(changes, key=_rank),
    )  # fmt: skip


def _key(r: Record) -> tuple[str, ...]:
    return r.kind, r.case, r.output if r.kind == "case" else "", r.runtime


def _versions(report: Report, name: str) -> dict[str, str]:
    runtime = report.runtimes.get(name)
    return runtime.versions | runtime.facts if runtime else {}


def _changed(was: dict[str, str], now: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The entries of both that are not the same."""
    return {k: v for k, v in was.items() if now.get(k) != v}, {k: v for k, v in now.items() if was.get(k) != v}


def _said(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else text[:199] + "…"


def _change(was: Record | None, now: Record | None) -> tuple[Trend, Axis, str, str, str] | None:
    """Trend, axis, both states in words, and what explains the wrong one; None if nothing changed."""
    if was is None or now is None:
        only = was or now
        assert only
        trend: Trend = "worse" if was else "better" if standing(only) == "agree" else "changed"
        return trend, "coverage", _state(was), _state(now), "" if standing(only) == "agree" else explanation(only)
    if (was.verdict, _explained(was)) != (now.verdict, _explained(now)):
        trend = _trend(was, now)
        wrong = was if trend == "better" else now
        return trend, _axis(was, now), _state(was), _state(now), "" if standing(wrong) == "agree" else explanation(wrong)
    if was.verdict == "differ" and was.matches != now.matches:
        return "changed", "meaning", _state(was), _state(now), explanation(now)
    if (a := was.rounding) and (b := now.rounding) and a.ratio != b.ratio:
        return "changed", "precision", _state(was), _state(now), "the error takes another part of its bound"
    return None


def _explained(r: Record) -> bool:
    return standing(r) != "new"


def _trend(was: Record, now: Record) -> Trend:
    if _explained(was) and not _explained(now):
        return "worse"
    return "worse" if WORST_FIRST.index(now.verdict) < WORST_FIRST.index(was.verdict) else "better"


def _axis(was: Record, now: Record) -> Axis:
    verdicts = {was.verdict, now.verdict}
    if verdicts & {"raised", "not offered"}:
        return "support"
    if "vacuous" in verdicts:
        return "coverage"
    return "precision" if verdicts <= {"imprecise", "agree"} else "meaning"


def _state(r: Record | None) -> str:
    if r is None:
        return NEVER
    return f"{r.verdict} (known)" if standing(r) == "known" else r.verdict


def _grouped(key: tuple[Any, ...], members: list[tuple[Record, Record | None, Record | None]]) -> Change:
    trend, axis, was, now, because, runtime = key
    shortest, *both = min(members, key=lambda member: (len(member[0].case), member[0].case, member[0].output))
    because = next((reason([r]) for r in both if r and explanation(r) == because), because)
    ratios = [
        [r.rounding.ratio if r.rounding.ratio is not None else float("inf") for r in side if r and r.rounding]
        for side in zip(*((a, b) for _, a, b in members), strict=True)
    ]
    if axis == "precision" and all(ratios):
        because += f"{'; ' if because else ''}at most {max(ratios[0]):.3g} of it before, {max(ratios[1]):.3g} now"
    return Change(
        trend=trend, axis=axis, runtime=runtime, was=was, now=now, because=because, results=len(members),
        operations=sorted({operation(record) for record, _, _ in members}), example=shortest.case, output=shortest.output,
    )  # fmt: skip


def _rank(change: Change) -> tuple[int, int, int, str]:
    verdicts = [word.removesuffix(" (known)") for word in (change.was, change.now)]
    worst = min(WORST_FIRST.index(v) if v in WORST_FIRST else 0 for v in verdicts)  # type: ignore[arg-type,unused-ignore]
    return TRENDS.index(change.trend), worst, -change.results, change.because


def text(c: Comparison) -> str:
    """For the terminal."""
    lines = [_heading(c), *_moved(c)]
    for change in c.changes:
        lines += ["", f"{change.trend}  {_line(change)}", *([f"  {change.because}"] if change.because else []), f"  {_where(change)}"]
    return printable("\n".join(lines)) + "\n"


def markdown(c: Comparison) -> str:
    """For a pull request: one table, the worst first, for as long as it stays below 60 KiB."""
    from verify.report.markdown import MOST_BYTES, span, table
    from verify.report.markdown import text as plain

    head = f"## {_heading(c)}\n\n" + "\n".join(f"- {plain(line)}" for line in _moved(c)[:20]) + "\n"
    rows, size = [], MOST_BYTES - len(head.encode(errors="replace")) - 300
    for x in c.changes:
        changed, where = f"{x.was} → {x.now}", ", ".join(x.operations[:12])
        row = [x.trend, x.axis, plain(x.runtime), changed, str(x.results), plain(x.because), plain(where), span(x.example)]
        size -= len(" | ".join(row).encode(errors="replace")) + 6
        if size < 0:
            break
        rows.append(row)
    left = f"\n\n… and {len(c.changes) - len(rows)} more" if len(rows) < len(c.changes) else ""
    titles = ["", "in", "runtime", "was → now", "results", "because", "operations", "shortest case"]
    return head + ("\n" + table(titles, rows) if rows else "") + left + "\n"


def html(c: Comparison) -> str:
    """For people."""
    from verify.report.changes import changes

    return changes(c, _heading(c), _moved(c))


def as_json(c: Comparison) -> str:
    """For a program."""
    return msgspec.json.format(msgspec.json.encode({"regressions": c.regressions, **msgspec.structs.asdict(c)}), indent=1).decode() + "\n"


FORMATS: dict[str, Callable[[Comparison], str]] = {"text": text, "md": markdown, "json": as_json, "html": html}


def _heading(c: Comparison) -> str:
    counts = {trend: sum(x.results for x in c.changes if x.trend == trend) for trend in TRENDS}
    words = ", ".join(f"{n} {trend}" for trend, n in counts.items() if n)
    return f"{words or 'nothing changed'}; {c.same} result{'' if c.same == 1 else 's'} the same"


def _moved(c: Comparison) -> list[str]:
    runtimes = [f"{name}: {_listed(was)} → {_listed(now)}" for name, (was, now) in c.versions.items()]
    return runtimes + [f"{name}: {was} → {now}" for name, (was, now) in c.environment.items()]


def _listed(versions: dict[str, str]) -> str:
    return ", ".join(f"{k} {v}" for k, v in versions.items()) or "not there"


def _line(change: Change) -> str:
    results = "1 result" if change.results == 1 else f"{change.results} results"
    return f"{change.runtime} ({change.axis}): {change.was} → {change.now}, {results} of {', '.join(change.operations)}"


def _where(change: Change) -> str:
    return f"such as {change.output} of {change.example}"
