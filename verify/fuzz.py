"""A search beyond the suites: cases made up by hypothesis from the fields of the operations themselves, the least seen region first.

A region is what kind of case it is: operations, rank, dtype, data, check, and for each field whether it is neutral, one for all axes or
several, negative, odd or even. Of many proposals those are run whose regions were asked least, so a search of hours does not ask
the same over and over; what was asked is kept beside the findings, and the next search goes on from there.

Reported are wrong values, crashes, nondeterminism and imprecision that no known deviation explains. What a framework raises an error for,
cannot say, or is known for is counted.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from msgspec import structs

from backends import Backend
from backends.known import Known
from spec import Case, Impossible, Operation, Program, Shape, operations, parse_case
from spec.case import CHECKS, DTYPES
from spec.data import DATA
from spec.operation import size
from verify.explain.findings import find
from verify.grouping import likeness, mistake_of, unexpected
from verify.judge.reference import Reference
from verify.limits import MAX_WORK, MINIMIZING
from verify.plan.work import expect_affordable
from verify.record import FATAL, FINE, WRONG, Finding, Record, Report, Verdict
from verify.run import Run

BATCH = 96
"""Questions to a round."""
PROPOSED = 6
"""Proposals for each one that is run."""
LARGEST = 1 << 13
"""Elements of the largest array."""
CHANNELS = 4
"""The greatest free size that belongs to no spatial axis."""
SEEN = "seen.json"
REPORTED: tuple[Verdict, ...] = (*FATAL, *WRONG)


@dataclass
class Search:
    """What has been asked, by region; `folder` keeps it from one search to the next."""

    folder: Path
    seen: Counter[str] = field(default_factory=Counter)
    asked: int = 0
    counted: Counter[str] = field(default_factory=Counter)
    """Cases on a runtime that are not reported, by why."""

    @classmethod
    def resumed(cls, folder: Path) -> Search:
        """Raises ValueError if what lies there is no record of a search."""
        search = cls(folder)
        try:
            kept = json.loads((folder / SEEN).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return search
        except OSError as error:
            raise ValueError(f"{folder / SEEN} cannot be read: {error.strerror}; give another --out") from None
        except (ValueError, RecursionError):
            kept = None
        if not isinstance(kept, dict) or not all(type(n) is int and 0 <= n < 1 << 53 for n in kept.values()):
            raise ValueError(f"{folder / SEEN} is no record of a search; delete it, or give another --out")
        search.seen.update(kept)
        return search

    def save(self) -> None:
        """Write what was seen."""
        (self.folder / SEEN).write_text(json.dumps(dict(sorted(self.seen.items())), indent=0))

    def round(self, wanted: Sequence[str], seed: int, n: int = BATCH, max_work: float = MAX_WORK) -> list[Case]:
        """The n of many proposals whose regions were asked least."""
        proposals = list({repr(q): q for q in proposed(wanted, seed, n * PROPOSED, max_work)}.values())
        chosen = []
        for _ in range(min(n, len(proposals))):
            q = min(proposals, key=lambda q: self.seen[region(q)])
            proposals.remove(q)
            self.seen[region(q)] += 1
            chosen.append(q)
        self.asked += len(chosen)
        return chosen

    def count(self, report: Report) -> None:
        """Add up what is not reported: each case once on each runtime, under the first of these that applies to an output.

        A case that a runtime does not offer has no record; one that only lacks gradients has.
        """
        lacking = (item for runtime in report.runtimes.values() for item in runtime.not_offered.items())
        self.counted[WHY[0]] += sum(n for what, n in lacking if what != "gradients")
        cases: dict[tuple[str, str], set[str]] = {}
        for r in report.records:
            if r.verdict not in FINE:
                cases.setdefault((r.runtime, r.case), set()).add(_why(r))
        self.counted.update(next(why for why in WHY if why in reasons) for reasons in cases.values() if reasons != {""})

    def closing(self, findings: int) -> str:
        """What a search comes to, in one line."""
        found = f"{self.asked} cases in {len(self.seen)} regions: {findings} finding{'s' * (findings != 1)}"
        rest = ", ".join(f"{self.counted[why]} {why}" for why in WHY if self.counted[why])
        return f"{found}; not reported: {rest or 'nothing'}"


WHY = ("not offered", "raised an error", "with a known deviation")
"""Why cases are not reported."""


def _why(record: Record) -> str:
    return {"not offered": WHY[0], "raised": WHY[1]}.get(record.verdict, WHY[2] if record.known else "")


@dataclass(frozen=True)
class Round:
    """What one round of a search found that none before it had."""

    report: Report
    """Its findings are shrunk."""
    unshrunk: list[list[Record]]
    """Records like each other that are reported as they were found."""
    agreeing: dict[str, str]
    """Known deviations that did not occur where they should, each with a case that agrees."""


def rounds(
    search: Search, backends: Sequence[Backend], *, ops: Sequence[str], minutes: float, seed: int, timeout: float,
    watch: Callable[[str], None], most: int = 20, seconds: float = MINIMIZING, max_work: float = MAX_WORK,
) -> Iterator[Round]:  # fmt: skip
    """One round after the other, until time is up, someone interrupts, or no runtime runs."""
    end = time.monotonic() + 60 * minutes
    number = sum(search.seen.values())
    met: set[tuple[object, ...]] = set()
    while time.monotonic() < end:
        cases = search.round(ops, seed + number, max_work=max_work)
        number += len(cases)
        watch(f"{search.asked} cases, {len(search.seen)} regions seen")
        run = Run(cases, list(backends), suite={"name": "fuzz", "seed": seed}, timeout=timeout, max_work=max_work)
        report = run.go()
        search.save()
        search.count(report)
        wrong = [group for group in unexpected(report) if group[0].verdict in REPORTED]
        new = [group for group in wrong if not met & {likeness(group[0]), _named(group[0])}]
        met |= {likeness(group[0]) for group in new}
        shrunk = find(report, new, run.backends, run.known, timeout=timeout, most=most, seconds=seconds)
        findings = [finding for finding in shrunk if _named(finding) not in met]
        met |= {_named(finding) for finding in findings if finding.matches}
        done = {id for finding in shrunk for id in finding.records}
        unshrunk = [group for group in new if group[0].id not in done]
        stale = {id: agreeing(report, run.known, id, backends) for id in report.summary.no_longer_occur}
        yield Round(structs.replace(report, findings=findings), unshrunk, stale)
        if run.interrupted or not any(r.status == "ran" for r in report.runtimes.values()):
            return


def agreeing(report: Report, known: Sequence[Known], id: str, backends: Sequence[Backend]) -> str:
    """The shortest case of a report that agrees though a known deviation covers it."""
    (deviation,) = (k for k in known if k.id == id)
    modes = {b.name: b.mode for b in backends}
    cases = [
        r.case
        for r in report.records
        if deviation.has(r.output) and deviation.concerns(r.runtime, report.runtimes[r.runtime].versions)
        and deviation.is_stale(r.verdict, modes[r.runtime])
        and deviation.covers(parse_case(r.case), report.runtimes[r.runtime].facts, modes[r.runtime])
    ]  # fmt: skip
    return min(cases, key=len, default="")


def _named(found: Record | Finding) -> tuple[object, ...]:
    return found.runtime, found.verdict, mistake_of(found.matches) or found.id


def proposed(wanted: Sequence[str], seed: int, n: int, max_work: float = MAX_WORK) -> list[Case]:
    """Possible cases of these operations (all if none) that are not too much work, as hypothesis makes them up."""
    found: list[Case] = []

    @seeded(seed)
    @settings(max_examples=n, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(st.data())
    def gather(data: st.DataObject) -> None:
        with suppress(Impossible):
            case = data.draw(_cases(wanted))
            expect_affordable(case, max_work)
            Reference(case)
            found.append(case)

    gather()
    return found


def region(q: Case) -> str:
    """What kind of case it is, in a few words."""
    parts = [q.dtype, q.data, *([] if q.check == "values" else [q.check]), str(q.op.rank)]
    for op, w in q.op.dealt(q.w):
        parts.append(op.name)
        for f in fields(op):
            parts.append(f"{f.name}:{_class(getattr(op, f.name))}")
        along = tuple(n for n, free in zip(op.sizes(*w), op.free(), strict=True) if free.along is not None)
        parts.extend(["k:" + _class(along)] if along else [])
    parts.append(f"n:{_class(q.x[2:])}")
    return " ".join(parts)


def _class(value: Any) -> str:
    if isinstance(value, tuple) and value and isinstance(value[0], tuple):
        return "".join(sorted({f"{_sign(lo)}{_sign(hi)}" for lo, hi in value}))
    if isinstance(value, tuple):
        return ("=" if len(set(value)) == 1 else "≠") + "".join(sorted({"1" if n == 1 else "eo"[n % 2] for n in value}))
    return str(value) if isinstance(value, str) else str(min(value, 2))


def _sign(n: int) -> str:
    return "-" if n < 0 else "+" if n > 0 else "0"


@st.composite
def _cases(draw: st.DrawFn, wanted: Sequence[str]) -> Case:
    rank = draw(st.sampled_from([1, 1, 2, 2, 3]))
    names = sorted(wanted or operations())
    count = draw(st.sampled_from([1, 1, 1, 2]))
    longest = {1: 14, 2: 8, 3: 5}[rank]
    x: Shape = (draw(st.integers(1, 3)), draw(st.integers(1, 6)), *(draw(st.integers(1, longest)) for _ in range(rank)))
    start = x
    steps: list[Operation] = []
    weights: list[Shape] = []
    for _ in range(count):
        rank = len(x) - 2
        if not 1 <= rank <= 3:
            raise Impossible("another number of spatial axes than cases have")
        op = draw(_operations(operations()[draw(st.sampled_from(names))], rank))
        lengths = {1: 7, 2: 4, 3: 3}[rank]
        sizes = [draw(st.integers(1, CHANNELS if free.along is None else lengths)) for free in op.free()]
        op, own, x = _fitting(op, x, sizes)
        if min(x) < 1 and count > 1:
            raise Impossible("nothing is left for the next step")
        if size(x) > LARGEST:
            raise Impossible("too large")
        steps.append(op)
        weights.extend(own)
    op = steps[0] if count == 1 else Program(inner=tuple(steps))
    data = draw(st.sampled_from(["integers"] * 6 + list(DATA)))
    if count > 1 and not DATA[data].derived:
        data = "normal"
    check = draw(st.sampled_from(["values"] * 20 + list(CHECKS)))
    dtype, seed = draw(st.sampled_from(DTYPES)), draw(st.integers(0, 1 << 16))
    return Case(op=op, x=start, w=tuple(weights), dtype=dtype, data=data, check=check, seed=seed)


def _fitting(op: Operation, x: Shape, sizes: Sequence[int]) -> tuple[Operation, tuple[Shape, ...], Shape]:
    """The operation, or the first simpler form of it that takes x; the shapes of its further inputs and of its output."""
    for one, wanted in ((op, x), *op.smaller(x)):
        if wanted == x and one.free() == op.free():
            with suppress(Impossible):
                own = one.further(x, sizes)
                return one, own, one.shape(x, *own)
    raise Impossible(f"{op!r} takes no x of shape {x}")


@st.composite
def _operations(draw: st.DrawFn, op: type[Operation], rank: int) -> Operation:
    """Every field left out, or drawn by its own rules: whole numbers from the least, pairs of either sign, one of the words."""
    given: dict[str, Any] = {}
    for f in fields(op):
        words, least = f.metadata.get("words"), f.metadata.get("least")
        if words:
            given[f.name] = draw(st.sampled_from(words))
        elif isinstance(f.metadata.get("neutral"), tuple):
            given[f.name] = draw(st.one_of(st.just(()), _rows(st.tuples(st.integers(-2, 3), st.integers(-2, 3)), rank)))
        elif "neutral" in f.metadata:
            entries = _rows(st.integers(least or 0, (least or 0) + 3), rank)
            optional = callable(f.metadata["neutral"]) or isinstance(f.metadata["neutral"], int)
            given[f.name] = draw(st.one_of(st.just(()), entries) if optional else entries)
        else:
            given[f.name] = draw(st.sampled_from([f.default, f.default, *range(least or 0, (least or 0) + 3)]))
    if not any(isinstance(value, tuple) and value for value in given.values()):
        first = next(f for f in fields(op) if "neutral" in f.metadata)
        plain = (0, 0) if isinstance(first.metadata["neutral"], tuple) else first.metadata.get("least") or 1
        given[first.name] = (plain,) * rank
    return op(**given)


def _rows(entries: st.SearchStrategy[Any], rank: int) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.tuples(*[entries] * rank)
