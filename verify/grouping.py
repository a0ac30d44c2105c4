"""What every view counts: by operation, by likeness, by what is right everywhere. Nothing here trusts a field to be well formed."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from shlex import quote
from typing import NamedTuple

from msgspec import structs

from verify.record import FATAL, FINE, WRONG, Diagnosis, Finding, Record, Report, Verdict

WORST_FIRST: tuple[Verdict, ...] = (
    "crashed", "timeout", "differ", "changed argument", "nondeterministic", "raised", "not offered", "imprecise", "zero sign", "vacuous",
    "agree",
)  # fmt: skip
"""How bad a verdict is for who relies on the answer; which of several applies is another order (docs/report.md)."""

MOST_COLUMNS = 8
"""Targets side by side in a table."""

MARKS = {"agree": "✓", "known": "◐", "new": "✗"}

WORDS = {"raised": "raised", "not offered": "not offered"}
"""What people read instead of a verdict's name in report.json."""

DID = {"raised": "raised", "changed argument": "changed an argument"}
"""What a runtime did, whichever output shows it."""

SORTS: dict[str, tuple[Verdict, ...]] = {
    "wrong": (*FATAL, *WRONG), "raised": ("raised",), "not offered": ("not offered",),
}
"""The sorts of results that do not agree: only a wrong one can be unexpected; the others are limits that a framework states itself."""


def operation(record: Record) -> str:
    """What a record is counted under; where it does not keep the names of its operations, read off its text."""
    if record.kind == "theorem":
        return "theorems"
    if record.call:
        return "native calls"
    if record.operations:
        return record.operations[0] if len(record.operations) == 1 else "compositions"
    if ">>" in record.case:
        return "compositions"
    name = re.match(r"\w{1,40}", record.case)
    return name[0] if name else "other"


def standing(record: Record) -> str:
    """Fine, covered by a known deviation, or new: neither of the two."""
    return "agree" if record.verdict in FINE else "known" if record.known is not None else "new"


def in_words(verdict: str) -> str:
    """A verdict as people read it."""
    return WORDS.get(verdict, verdict)


def headline(record: Record | Finding) -> str:
    """Which runtime did what: `torch raised`, `torch changed an argument`, `not offered by torch`, `torch y differ`."""
    if record.verdict in DID:
        return f"{record.runtime} {DID[record.verdict]}"
    if record.verdict == "not offered":
        return f"not offered by {record.runtime}"
    return f"{record.runtime} {record.output} {record.verdict}"


@dataclass(frozen=True)
class Sort:
    """How many results of one sort do not agree, by verdict, and how many of them known deviations cover."""

    name: str
    verdicts: Counter[str]
    known: int

    @property
    def total(self) -> int:
        return self.verdicts.total()

    @property
    def others(self) -> int:
        """Covered by no known deviation."""
        return self.total - self.known

    def __str__(self) -> str:
        of = ", ".join(f"{n} {verdict}" for verdict, n in self.verdicts.most_common()) if self.name == "wrong" else ""
        line = f"{self.name}: {self.total}" + (f" ({of})" if of else "")
        if not self.others:
            return f"{line}, all known deviations"
        if not self.known:
            return f"{line}, {'all unexpected' if self.name == 'wrong' else 'no known deviations'}"
        others = f"{self.others} unexpected" if self.name == "wrong" else counted(self.others, "other")
        return f"{line}: {counted(self.known, 'known deviation')} and {others}"


def by_sort(report: Report) -> list[Sort]:
    """What does not agree, sort by sort; a sort that nothing is of is left out."""
    found = []
    for name, verdicts in SORTS.items():
        own = [r for r in report.records if r.verdict in verdicts]
        if own:
            found.append(Sort(name, Counter(r.verdict for r in own), sum(standing(r) == "known" for r in own)))
    return found


def outcome(report: Report) -> str:
    """What no known deviation covers, in one line: `3 unexpected, 2 raised without a known deviation`."""
    others = {s.name: s.others for s in by_sort(report) if s.others}
    words = [f"{n} unexpected" if name == "wrong" else f"{n} {name} without a known deviation" for name, n in others.items()]
    return ", ".join(words) or "nothing unexpected"


def is_mode(target: str) -> bool:
    """Whether a target is a runtime in another mode than its default."""
    return ":" in target


def counted(n: int, noun: str) -> str:
    """`1 case`, `2 cases`."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def sentence(d: Diagnosis | None) -> str:
    """A diagnosis as people read it: `matches: crop shifted by one pixel later (lo + 1, hi − 1), in step 2 (Conv)`. Empty if there is
    none."""
    if d is None:
        return ""
    what = d.hypothesis + (f" ({d.value})" if d.value else "")
    if d.step is not None:
        what += f", in step {d.step} ({d.where})"
    return f"matches only in {d.part}: {what}" if d.part else f"matches: {what}"


def in_any_step(d: Diagnosis | None) -> Diagnosis | None:
    """A diagnosis without the step of a composition that the mistake is made in."""
    return d and structs.replace(d, step=None, where="")


def mistake_of(d: Diagnosis | None) -> Diagnosis | None:
    """What two diagnoses of one mistake have in common, whatever its amounts and its step; None where only the wrong values are located."""
    return None if d is None or d.located else Diagnosis(d.hypothesis, d.field)


NUMBER = re.compile(r"(?<![A-Za-z_])\d+(\.\d+)?(e[+-]?\d+)?")
"""In a sentence; the digits of `float32` are none."""


def explanation(record: Record) -> str:
    """What like records have in common: the diagnosis without the step of a composition, else the reason without its numbers and without
    the operation's text, which an error message may quote."""
    if record.matches:
        return sentence(in_any_step(record.matches))
    op, _, _ = record.case.partition(" x=")
    return NUMBER.sub("…", record.reason.replace(op, operation(record)) if op else record.reason)


def because(group: Sequence[Record]) -> str:
    """What to print for a group of like records: their diagnosis, or the first record's reason."""
    return explanation(group[0]) if group[0].matches else group[0].reason


class Likeness(NamedTuple):
    """What like records have in common: the one key of the terminal, JUnit, the minimiser and the search."""

    runtime: str
    operation: str
    output: str
    """Empty where it makes no difference: a diagnosis, or an error, is one fault whichever output shows it."""
    verdict: Verdict
    matches: Diagnosis | None
    """In whatever step of a composition."""
    reason: str
    """Without its numbers; empty where there is a diagnosis."""
    known: str


def likeness(r: Record) -> Likeness:
    """The key of a record. Two outputs whose values are wrong without an explanation are two faults."""
    output = r.output if not r.matches and r.verdict in WRONG else ""
    reason = "" if r.matches else explanation(r)
    return Likeness(r.runtime, operation(r), output, r.verdict, in_any_step(r.matches), reason, r.known or "")


def alike(records: Iterable[Record]) -> list[list[Record]]:
    """Like records together, each group from the shortest case on; worst verdict first, then the larger group."""
    groups: dict[Likeness, list[Record]] = defaultdict(list)
    for r in records:
        groups[likeness(r)].append(r)
    return sorted(map(by_length, groups.values()), key=lambda group: (WORST_FIRST.index(group[0].verdict), -len(group)))


def by_mistake(groups: Iterable[list[Record]]) -> list[list[Record]]:
    """The groups with one mistake put together, whatever their operation, as they come down to one finding."""
    merged: dict[Likeness, list[Record]] = defaultdict(list)
    for group in groups:
        key, mistake = likeness(group[0]), mistake_of(group[0].matches)
        merged[key._replace(operation="", matches=mistake) if mistake else key] += group
    return [by_length(records) for records in merged.values()]


def by_length(records: Iterable[Record]) -> list[Record]:
    """The shortest case first."""
    return sorted(records, key=lambda r: (len(r.case), r.case))


def unexpected(report: Report) -> list[list[Record]]:
    """What counts against the exit status, alike answers together."""
    return alike(r for r in report.records if standing(r) == "new")


def failures(report: Report) -> list[str]:
    """A sentence for each thing besides a single result that a run fails for."""
    s, theorems = report.summary, report.theorems
    stale = [(id, report.known[id].agreed if id in report.known else 0) for id in s.no_longer_occur]
    why = {name: theorems[name].reason if name in theorems else "" for name in s.failing}
    return [
        *(f"{name} failed: {r.reason}" for name, r in report.runtimes.items() if r.status == "failed"),
        *(f"theorem {name} is failing{': ' + reason if reason else ''}" for name, reason in why.items()),
        *(f"known deviation {id} no longer occurs: {counted(n, 'result')} it covers agree" for id, n in stale),
        *(f"minimum agreement: {sentence}" for sentence in s.below_minimum),
        *(f"works now: {sentence}" for sentence in s.limits_gone),
        *(["the run was interrupted"] if s.interrupted else []),
        *([] if report.records else ["no case was run"]),
    ]


def again(report: Report, wrong: Record | Finding) -> str:
    """The command that asks a record's or a finding's case again."""
    runtime = report.runtimes.get(wrong.runtime)
    theorem = isinstance(wrong, Record) and wrong.kind == "theorem"
    what = f"theorems {quote(wrong.case.partition(' ')[0])}" if theorem else f"run --case {quote(wrong.case)}"
    return f"concordant {what} --backend {quote(runtime.backend if runtime and runtime.backend else wrong.runtime)}"


@dataclass(frozen=True)
class Standing:
    """One runtime among the others, counted in cases."""

    right: int
    own: int
    """Wrong where every other runtime is right."""
    never: int
    """Not asked, though another runtime was."""


@dataclass(frozen=True)
class Interop:
    """How much of what was asked every runtime answers right, every output of it; and the rest, each case under its worst: silent (other
    values), loud (an error or a crash), impossible (not offered, or not run)."""

    cases: int
    everywhere: int
    runtimes: dict[str, Standing]
    alone: frozenset[tuple[str, str]]
    """Case and runtime where that runtime alone is wrong."""
    silent: int = 0
    loud: int = 0

    @property
    def impossible(self) -> int:
        return self.cases - self.everywhere - self.silent - self.loud

    def __str__(self) -> str:
        right, rest = f"{self.everywhere} right on every runtime", f"{self.loud} with an error, {self.impossible} not offered everywhere"
        return f"{counted(self.cases, 'case')}: {right}, {self.silent} with a silent difference, {rest}"

    @property
    def share(self) -> float:
        """Between 0 and 1; 0 if nothing was asked."""
        return self.everywhere / self.cases if self.cases else 0.0


def interop(report: Report) -> Interop:
    """Known deviations count as wrong here: a user of two frameworks meets them all the same. Of runtimes in their default modes, unless
    there are only others."""
    names = [name for name, r in report.runtimes.items() if r.status != "not installed"]
    names = [name for name in names if not is_mode(name)] or names
    answers: dict[str, dict[str, bool]] = defaultdict(dict)
    seen: dict[str, set[Verdict]] = defaultdict(set)
    for r in report.records:
        if r.kind == "case" and not r.call:  # a native call is one framework's
            answers[r.case][r.runtime] = answers[r.case].get(r.runtime, True) and r.verdict in FINE
            if r.runtime in names:
                seen[r.case].add(r.verdict)
    right: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    alone = set()
    everywhere = 0
    for case, by in answers.items():
        asked.update(by.keys())
        right.update(name for name, ok in by.items() if ok)
        amiss = [name for name in names if not by.get(name, False)]
        everywhere += not amiss
        if len(amiss) == 1 < len(names) and amiss[0] in by:
            alone.add((case, amiss[0]))
    own = Counter(name for _, name in alone)
    stood = {name: Standing(right[name], own[name], len(answers) - asked[name]) for name in report.runtimes}
    silent = sum(not verdicts.isdisjoint(WRONG) for verdicts in seen.values())
    loud = sum(not verdicts.isdisjoint(("raised", *FATAL)) for verdicts in seen.values() if verdicts.isdisjoint(WRONG))
    return Interop(len(answers), everywhere, stood, frozenset(alone), silent, loud)


def matrix(report: Report) -> dict[str, dict[str, Counter[tuple[str, str]]]]:
    """Operation, then runtime, then how many of each standing and verdict; vacuous ones left out, as they say nothing."""
    cells: dict[str, dict[str, Counter[tuple[str, str]]]] = defaultdict(lambda: defaultdict(Counter))
    for r in report.records:
        if r.verdict != "vacuous":
            cells[operation(r)][r.runtime][standing(r), r.verdict] += 1
    return cells


def totals(cells: Mapping[str, Mapping[str, Counter[tuple[str, str]]]], names: Iterable[str]) -> dict[str, Counter[tuple[str, str]]]:
    """Of such a matrix the sum over all operations, for each of these runtimes."""
    return {name: sum((row.get(name, Counter()) for row in cells.values()), Counter()) for name in names}
