"""What a report says to somebody who ports a model: silent differences first, then crashes, then errors, then what cannot be said.

A hazard is one cause: a known deviation, or what unexplained results have in common. It is counted whether or not it is known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from verify.grouping import because, by_length, counted, explanation, is_mode, operation
from verify.record import FATAL, FINE, WRONG, BadReport, Record, Report, Verdict

Sort = Literal["silent", "crash", "raised", "cannot"]

SORTS: dict[Sort, tuple[Verdict, ...]] = {
    "silent": tuple(verdict for verdict in WRONG if verdict != "nondeterministic"), "crash": (*FATAL, "nondeterministic"),
    "raised": ("raised",), "cannot": ("not offered",),
}  # fmt: skip

TITLES: dict[Sort, str] = {
    "silent": "Silent differences: right shape, no error, other values",
    "crash": "Crashes, and results that change from run to run",
    "raised": "Errors raised where the definition has a result",
    "cannot": "What a framework cannot say",
}

SHIPPED = Path(__file__).parent / "report" / "hazards.json"
"""The hazards of the last full run of the versions in constraints.txt, made by `make docs`."""


class Hazard(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """One cause, with the shortest case that shows it.

    instead_of: native code that gives the right result of the same case, and `right_on`, the runtime that gave it.
    """

    sort: Sort
    cause: str
    """The id of the known deviation; empty if there is none."""
    sentence: str
    link: str = ""
    runtimes: tuple[str, ...]
    operations: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    dtypes: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    verdict: Verdict
    cases: int
    case: str
    """The shortest."""
    shown: str = ""
    """What came back there, in a few words."""
    native: str = ""
    right_on: str = ""
    instead_of: str = ""


class Hazards(msgspec.Struct, kw_only=True, frozen=True):
    """All of a report, worst first, with the versions they were seen in."""

    versions: dict[str, str]
    suite: str
    cases: int
    hazards: list[Hazard]

    def of(self, sort: Sort) -> list[Hazard]:
        return [one for one in self.hazards if one.sort == sort]


SHOWN_DIGITS = 24
"""Of a number that is printed."""

PLAIN = ("integers", "distinct", "ties", "impulses")


def hazards(report: Report) -> Hazards:
    """Every cause in a report: records with a known deviation of one reason together, others by what they have in common."""
    groups: dict[tuple[Sort, str], list[Record]] = defaultdict(list)
    right: dict[tuple[str, str], Record] = {}
    bad = [(sort, r) for r in report.records if r.kind == "case" and (sort := _sort(r.verdict))]
    wanted = {r.case for _, r in bad}
    for r in report.records:
        if r.verdict in FINE and r.case in wanted and r.native and r.verdict == "agree" and not is_mode(r.runtime):
            right.setdefault((r.case, r.output), r)
    for sort, r in bad:
        reason = report.known[r.known].reason if r.known in report.known else ""
        groups[sort, reason or f"{r.runtime} {operation(r)} {r.output} {explanation(r)}"].append(r)
    found = [_hazard(sort, records, report, right) for (sort, _), records in groups.items()]
    versions = {name: version for r in report.runtimes.values() for name, version in r.versions.items()}
    return Hazards(
        versions=dict(sorted(versions.items())), suite=str(report.suite.get("name", "")), cases=report.summary.cases,
        hazards=sorted(found, key=_badness),
    )  # fmt: skip


def together(reports: Sequence[Report]) -> Report:
    """Several reports as one, for what hazards look at: every record once, and every known deviation."""
    first, *others = reports
    if not others:
        return first
    records = list({record.id: record for report in reports for record in report.records}.values())
    known = {id: one for report in reports for id, one in report.known.items()}
    runtimes = {name: one for report in reports for name, one in report.runtimes.items()}
    suite = first.suite | {"name": " and ".join(dict.fromkeys(str(report.suite.get("name", "")) for report in reports))}
    summary = msgspec.structs.replace(first.summary, cases=len({record.case for record in records}))
    return msgspec.structs.replace(first, records=records, known=known, runtimes=runtimes, suite=suite, summary=summary)


def _sort(verdict: Verdict) -> Sort | None:
    return next((sort for sort, verdicts in SORTS.items() if verdict in verdicts), None)


def _hazard(sort: Sort, records: list[Record], report: Report, right: dict[tuple[str, str], Record]) -> Hazard:
    shortest = _plainest(records)
    known = report.known.get(shortest.known or "")
    other = right.get((shortest.case, shortest.output))
    return Hazard(
        sort=sort, cause=shortest.known or "", sentence=known.reason if known else _unexplained(shortest), link=known.link if known else "",
        runtimes=_each(r.runtime for r in records), operations=_each(operation(r) for r in records),
        outputs=_each(r.output.rstrip("0123456789") for r in records), dtypes=_each(r.dtype for r in records),
        data=_each(r.data for r in records), verdict=shortest.verdict, cases=len({r.case for r in records}), case=shortest.case,
        shown=_shown(shortest), native=shortest.native, right_on=other.runtime if other else "", instead_of=other.native if other else "",
    )  # fmt: skip


def _plainest(records: Iterable[Record]) -> Record:
    """The record that shows a cause best: a result on plain numbers in a default mode, of the shortest case."""
    return min(by_length(records), key=lambda r: (r.data not in PLAIN, is_mode(r.runtime), r.output != "y", len(r.case)))


def _each(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _unexplained(r: Record) -> str:
    return f"{r.output} of {operation(r)}: {because([r])}"


def _shown(r: Record) -> str:
    """`y: expected 3, got 5 at [0, 0, 1]`, or what was raised."""
    d = r.difference
    if d and d.first:
        return f"{r.output} at {list(d.first)}: expected {d.expected}, got {d.got}"
    return f"{r.output}: {' '.join(r.reason.split())[:200]}" if r.reason else ""


def _badness(one: Hazard) -> tuple[int, ...]:
    """Silent first; there values on plain numbers before rounding and NaN, float32 before other dtypes, y before gradients, then how many
    cases show it."""
    return (
        list(SORTS).index(one.sort), one.verdict in ("imprecise", "zero sign"), not set(one.data) & set(PLAIN), "float32" not in one.dtypes,
        "y" not in one.outputs, -one.cases,
    )  # fmt: skip


def shipped() -> Hazards:
    """The hazards that come with the package. Raises BadReport if there are none."""
    try:
        return msgspec.json.decode(SHIPPED.read_bytes(), type=Hazards)
    except OSError:
        raise BadReport("no hazards are shipped with this version; run `concordant run --suite standard` first") from None


def affected(one: Hazard) -> str:
    """`2 runtimes, Resize, float32, 34 cases`."""
    names = ", ".join(one.operations[:3]) + (f" and {len(one.operations) - 3} more" if len(one.operations) > 3 else "")
    dtypes = ", ".join(one.dtypes) if len(one.dtypes) < 4 else "all dtypes"
    gradients = "gradients only, " if "y" not in one.outputs else ""
    special = "" if set(one.data) & {*PLAIN, "normal"} else f"{', '.join(one.data)} data, "
    return f"{names}, {gradients}{special}{dtypes}, {counted(one.cases, 'case')}"
