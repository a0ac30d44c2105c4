"""From verdicts to the report: known deviations matched, theorems settled, the exit status drawn."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from backends import Backend, steps
from backends.call import Call
from backends.known import Known, of
from spec import Array, Case, Shape
from spec.theorems.theorem import Side
from verify.cache import Notebook
from verify.execute.environment import own_version
from verify.grouping import mistake_of, sentence, standing
from verify.judge import agreement
from verify.judge.judge import Judgement
from verify.judge.reference import Reference
from verify.observed import Observed
from verify.plan.prove import Instance, Proof, asked
from verify.record import (
    SCHEMA,
    Counterexample,
    Diagnosis,
    KnownReport,
    Record,
    Repeated,
    Report,
    RuntimeReport,
    Status,
    Summary,
    TheoremOnRuntime,
    TheoremReport,
)  # fmt: skip


@dataclass(frozen=True)
class Ask:
    """One program to run: a case, or one side of a theorem's instance."""

    case: Case
    instance: Instance | None = None
    side: Side | None = None
    number: int = 0
    """Of the side."""
    reduced_from: str = ""
    """The instance of which this is a smaller form, if the run added it."""

    @cached_property
    def text(self) -> str:
        """Of the case that is run."""
        return repr(self.case)

    @cached_property
    def key(self) -> str:
        """What distinguishes it from everything else that is run."""
        return f"{self.instance.text} {self.number}" if self.instance else self.text

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        """Of the results of the case that is run."""
        return self.case.shapes

    def reference(self, confidence: int) -> Reference:
        """What the definition answers."""
        return asked(self.side) if self.side else Reference(self.case, confidence=confidence)


@dataclass
class Ran:
    """One runtime in a run: where it stands, and every verdict with the index of what was asked and the text that was run."""

    backend: Backend
    status: Status = "ran"
    reason: str = ""
    not_run: int = 0
    """How many cases were not run because it failed."""
    versions: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    recalled: Observed | None = None
    """Versions and facts, if they are what workers of a former run observed."""
    judged: list[tuple[int, str, Judgement]] = field(default_factory=list)
    repeated: Repeated | None = None
    partly: bool = False
    """Whether it takes only a share of the suite, and no theorems."""
    settled: set[int] = field(default_factory=set)
    """The indices of what has a verdict, or is not offered."""
    not_offered: dict[int, str] = field(default_factory=dict)
    """Of what the runtime does not offer: what it lacks."""
    setting: str = ""
    """A digest of all that decides its verdicts beside the programs (verify.cache.setting)."""
    from_cache: int = 0
    """How many programs a former run had run already."""

    @property
    def programs(self) -> int:
        """How many programs were run, now or by a former run."""
        return len({i for i, text, _ in self.judged if text})

    def add(self, i: int, text: str, judged: Sequence[Judgement]) -> None:
        """The verdicts on the i-th, and the text that was run."""
        self.judged.extend((i, text, j) for j in judged)
        self.settled.add(i)

    def replace(self, i: int, text: str, judged: Sequence[Judgement]) -> None:
        """Other verdicts on the i-th."""
        self.judged = [one for one in self.judged if one[0] != i]
        self.add(i, text, judged)

    def decline(self, i: int, what: str) -> None:
        """The i-th is not offered."""
        self.not_offered[i] = what
        self.settled.add(i)


class Tally:
    """Which known record explains what, and which spoke of something that agreed."""

    def __init__(self, known: Sequence[Known]) -> None:
        self.known = known
        self.matched: Counter[str] = Counter()
        self.agreed: Counter[str] = Counter()
        self._concerning: dict[str, tuple[list[Known], Notebook]] = {}
        self._last: tuple[str, Ask | None, list[Known]] = ("", None, [])

    def explanation(self, ran: Ran, ask: Ask, judged: Judgement) -> str | None:
        """The first record that explains a verdict. Ask for all outputs of a case in turn: that is quickest."""
        first = None
        for known in self._covering(ran, ask):
            if known.has(judged.output):
                if known.explains(judged.verdict, f"{judged.reason}\n{sentence(judged.diagnosis)}"):
                    self.matched[known.id] += 1
                    first = first or known.id
                elif not ask.case.call and known.is_stale(judged.verdict, ran.backend.mode):
                    self.agreed[known.id] += 1
        return first

    def _covering(self, ran: Ran, ask: Ask) -> list[Known]:
        name = ran.backend.name
        if self._last[0] != name or self._last[1] is not ask:
            if name not in self._concerning:
                concerning = [k for k in of(ran.backend, self.known) if k.concerns(name, ran.versions)]
                told = (name, ran.versions, ran.facts, ran.backend.ours, [known.id for known in self.known])
                self._concerning[name] = concerning, Notebook(list[int], "covering", *told)
            concerning, notebook = self._concerning[name]
            native = ran.backend.native(ask.case)
            page = " ".join(map(str, (ask.text, *native)))
            numbers = notebook.of(page, lambda: self._covers(concerning, ran, ask.case, native))
            self._last = (name, ask, [concerning[i] for i in numbers])
        return self._last[2]

    @staticmethod
    def _covers(concerning: list[Known], ran: Ran, case: Case, native: tuple[Call, ...]) -> list[int]:
        walked = tuple(steps(case, native))
        return [i for i, known in enumerate(concerning) if known.covers(case, ran.facts, ran.backend.mode, walked)]

    def keep(self) -> None:
        """Keep which records cover which cases for the next run."""
        for _, notebook in self._concerning.values():
            notebook.keep()

    def report(self) -> dict[str, KnownReport]:
        return {
            k.id: KnownReport(reason=k.reason, link=k.link, matched=self.matched[k.id], agreed=self.agreed[k.id])
            for k in self.known
            if self.matched[k.id] or self.agreed[k.id]
        }


def conclude(
    suite: dict[str, Any], asks: Sequence[Ask], missed: dict[int, float | None], proofs: Sequence[Proof], ran: Sequence[Ran],
    known: Sequence[Known], minimum_agreement: float, place: dict[str, Any], *, interrupted: bool,
) -> Report:  # fmt: skip
    """The report of everything judged so far. `missed`: for each ask, the probability that a wrong answer was let through."""
    tally = Tally(known)
    records = [record for r in ran for record in _records(r, asks, tally, missed)]
    tally.keep()
    runtimes = {r.backend.name: _runtime(r, asks, records) for r in ran}
    theorems = {proof.theorem.name: _theorem(proof, records, ran) for proof in proofs}
    return Report(
        schema=SCHEMA, tool={"name": "concordant", "version": own_version()}, suite=suite, environment=place,
        runtimes=runtimes, known=tally.report(), theorems=theorems, records=records,
        summary=_summary(
            sum(ask.instance is None for ask in asks), runtimes, theorems, records, tally, minimum_agreement, interrupted,
            {r.backend.name for r in ran if r.backend.ours}, str(suite.get("name")),
        ),
    )  # fmt: skip


def _records(ran: Ran, asks: Sequence[Ask], tally: Tally, missed: dict[int, float | None]) -> list[Record]:
    records = []
    frequent = Counter(mistake for _, _, judged in ran.judged for mistake in set(map(mistake_of, judged.equals)))
    sides: dict[str, list[tuple[int, str, Judgement, str | None]]] = {}
    for i, text, judged in sorted(ran.judged, key=lambda j: j[0]):
        ask, judged = asks[i], _as_most_others(judged, frequent)
        explanation = tally.explanation(ran, ask, judged)
        if ask.instance is None or ask.side is None:
            records.append(_case(ran, ask, text, judged, missed[i], explanation))
        elif judged.output == ask.side.output:
            sides.setdefault(ask.instance.text, []).append((i, text, judged, explanation))
    incomplete = {instance.text for i in ran.not_offered if (instance := asks[i].instance)}
    return records + [_sides(ran, asks, own) for text, own in sides.items() if text not in incomplete]


def _as_most_others(judged: Judgement, frequent: Counter[Diagnosis | None]) -> Judgement:
    """Of several mistakes that explain a result, the one that explains most of the runtime's others, whatever its amounts."""
    return replace(judged, diagnosis=max(judged.equals, key=lambda one: frequent[mistake_of(one)])) if judged.equals else judged


def _case(ran: Ran, ask: Ask, text: str, judged: Judgement, missed: float | None, explanation: str | None) -> Record:
    q = ask.case
    runtime = ran.backend.name
    return Record(
        id=_id("case", ask.text, judged.output, runtime), kind="case", case=ask.text, operations=tuple(op.name for op in q.op.steps),
        output=judged.output, shape=ask.shapes[judged.output], dtype=q.dtype, data=q.data, check=q.check, seed=q.seed, runtime=runtime,
        verdict=judged.verdict, reason=judged.reason, native=text, missed_probability=missed, difference=judged.difference,
        rounding=judged.rounding, matches=judged.diagnosis, diagnosis=sentence(judged.diagnosis), known=explanation,
        reduced_from=ask.reduced_from, call=q.call,
    )  # fmt: skip


def _sides(ran: Ran, asks: Sequence[Ask], sides: list[tuple[int, str, Judgement, str | None]]) -> Record:
    """An instance of a theorem holds where both sides give the right result; one that the runtime does not offer is vacuous."""
    i, _, judged, explanation = min(sides, key=lambda side: (side[2].verdict == "agree", side[3] is not None))
    ask, runtime = asks[i], ran.backend.name
    assert ask.instance
    unsaid = judged.verdict == "not offered" or (judged.verdict == "raised" and explanation is not None)
    return Record(
        id=_id("theorem", ask.instance.text, runtime), kind="theorem", case=ask.instance.text, output=judged.output, shape=ask.case.y,
        dtype=ask.case.dtype, seed=0, runtime=runtime, verdict="vacuous" if unsaid else judged.verdict, reason=judged.reason,
        native="\n\n".join(text for _, text, _, _ in sides), difference=judged.difference, matches=judged.diagnosis,
        diagnosis=sentence(judged.diagnosis), known=explanation,
    )  # fmt: skip


def _runtime(ran: Ran, asks: Sequence[Ask], records: list[Record]) -> RuntimeReport:
    own = [r for r in records if r.runtime == ran.backend.name]
    return RuntimeReport(
        status=ran.status, reason=ran.reason, versions=ran.versions, environment=ran.environment, facts=ran.facts,
        batch_flags=ran.backend.runtime.batch_flags, backend=ran.backend.asked or ran.backend.name, not_run=ran.not_run,
        repeated=ran.repeated, not_offered=_not_offered(ran, asks),
        verdicts=dict(Counter(r.verdict for r in own)), known_deviations=sum(r.known is not None for r in own),
    )  # fmt: skip


def _not_offered(ran: Ran, asks: Sequence[Ask]) -> dict[str, int]:
    """What the runtime lacks, and for how many cases; gradients of cases whose result it gives are among them."""
    found = {(what, instance.text if (instance := asks[i].instance) else asks[i].key) for i, what in ran.not_offered.items()}
    lacking = Counter(what for what, _ in found)
    if not ran.backend.has_gradients:
        given = (asks[i] for i in ran.settled - ran.not_offered.keys())
        lacking["gradients"] += sum(ask.instance is None and len(ask.case.outputs) > 1 for ask in given)
    return dict(sorted(((what, n) for what, n in lacking.items() if n), key=lambda item: (-item[1], item[0])))


def _theorem(proof: Proof, records: list[Record], ran: Sequence[Ran]) -> TheoremReport:
    texts = {instance.text for instance in proof.native}
    own = [r for r in records if r.kind == "theorem" and r.case in texts]
    t, found = proof.theorem, proof.counterexample
    example = found and Counterexample(
        sizes=found.text.partition(" ")[2], left=_image(found.values[0]), right=_image(found.values[1])
    )  # fmt: skip
    return TheoremReport(
        statement=t.statement, source=t.source, claim=t.claim, see=t.see, when=t.when[0] if t.when else "",
        verdict=proof.verdict, reason=proof.reason, equal=proof.equal, unequal=proof.unequal, vacuous=proof.vacuous,
        outside=proof.outside, outside_unequal=proof.outside_unequal, counterexample=example or None,
        runtimes={r.backend.name: _on(r, own) for r in ran if r.status == "ran" and _was_asked(r, own)},
    )  # fmt: skip


def _was_asked(ran: Ran, records: list[Record]) -> bool:
    """Whether a theorem's cases were run: not if it takes no theorems, offers none of what they need, or is known to compute none."""
    own = [r for r in records if r.runtime == ran.backend.name]
    none = bool(own) and all(r.verdict == "vacuous" and r.known for r in own)
    return not ran.partly and not none and (not ran.not_offered or bool(own))


def _on(ran: Ran, records: list[Record]) -> TheoremOnRuntime:
    own = [r for r in records if r.runtime == ran.backend.name]
    counts = Counter(r.verdict for r in own)
    wrong = [r for r in own if standing(r) == "new"]
    return TheoremOnRuntime(
        verdict="failing" if wrong or not counts["agree"] else "holds",
        agree=counts["agree"], vacuous=counts["vacuous"], other=len(own) - counts["agree"] - counts["vacuous"],
    )  # fmt: skip


def _summary(
    cases: int, runtimes: dict[str, RuntimeReport], theorems: dict[str, TheoremReport], records: list[Record], tally: Tally,
    minimum_agreement: float, interrupted: bool, ours: set[str], suite: str,
) -> Summary:  # fmt: skip
    unexpected = sum(standing(r) == "new" for r in records)
    stale = [known.id for known in tally.known if tally.agreed[known.id]]
    broken = [name for name, t in theorems.items() if t.verdict == "failing" or any(r.verdict == "failing" for r in t.runtimes.values())]
    facts = {name: r.facts for name, r in runtimes.items()}
    below = agreement.below(records, facts, 100 * minimum_agreement, ours, suite) if minimum_agreement else []
    failed = any(r.status == "failed" for r in runtimes.values())
    wrong = unexpected or stale or below or failed or broken or not records
    return Summary(
        cases=cases, results=len(records), verdicts=dict(Counter(r.verdict for r in records)), unexpected=unexpected, no_longer_occur=stale,
        failing=broken, minimum_agreement=minimum_agreement, below_minimum=below, interrupted=interrupted,
        exit=130 if interrupted else int(bool(wrong)),
    )  # fmt: skip


def _image(a: Array) -> list[Any]:
    """An array without its batch and channel axes of length 1."""
    a = np.asarray(a)
    while a.ndim > 1 and a.shape[0] == 1:
        a = a[0]
    listed: list[Any] = a.tolist() if a.ndim else [a.item()]
    return listed


def _id(*parts: str) -> str:
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:12]
