"""Run a native program against what it is said to mean: the same judge, data and worker processes as a suite's cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from backends import Backend, BadBackend, named
from backends.call import Call, calls
from backends.native import Applied, Native
from spec import Case, Impossible, Operation, Shape
from verify.execute import side
from verify.execute.environment import missing
from verify.grouping import sentence
from verify.judge.reference import Reference
from verify.plan.work import work
from verify.record import FINE, Record, Report
from verify.run import Run

SECONDS = 20.0
"""What the reference of a check may cost; more is cut down to one image."""


@dataclass(frozen=True)
class Written(Backend):
    """A runtime that runs programs which are given instead of translating."""

    programs: Mapping[str, Native] = field(default_factory=dict)
    """By the case's text."""

    @property
    def ours(self) -> bool:
        return True

    def lacks(self, case: Case) -> str:
        return "" if case.dtype in self.runtime.dtypes else f"dtype {case.dtype}"

    def native(self, case: Case) -> tuple[Call, ...]:
        return tuple(calls([said for said in self.programs[repr(case)].statements if not isinstance(said, Applied)]))

    def translate(self, case: Case) -> str:
        return self.programs[repr(case)].program()


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What came of running a program.

    status: `verified`, `differs`, `raised` (or another verdict of the judge), or `unverified` with the reason in `sentence`.
    """

    target: str
    versions: Mapping[str, str]
    status: str
    sentence: str
    records: tuple[Record, ...] = ()

    @property
    def verified(self) -> bool:
        return self.status == "verified"


def case_of(op: Operation, x: Shape, w: Sequence[Shape], dtype: str = "float32", seed: int = 0) -> Case:
    """The case on which a program is run: whole numbers, exact where the operation is. Raises Impossible."""
    case = Case(op=op, x=x, w=tuple(w), dtype=dtype, seed=seed)
    first = "distinct" if any(step.selects for step in op.steps) else "normal" if rounded(case) else case.data
    if first != case.data:
        try:
            Reference(replace(case, data=first))
        except Impossible:  # of a chain that adds and selects, or of a norm
            return case
    return replace(case, data=first)


def rounded(case: Case) -> bool:
    """Whether even whole numbers give results that are rounded."""
    return bool(case.op.roundings) and not case.op.exact_on(case.x, *case.w)


def checked(programs: Mapping[str, tuple[Native, Case]], targets: Mapping[str, str] | None = None, **how: Any) -> dict[str, Verdict]:
    """Run each program, by a name of its own, on its case. targets: the runtime to use for a name, if not the framework's usual one."""
    verdicts: dict[str, Verdict] = {}
    rows: list[tuple[str, Backend, Native, Case]] = []
    for name, (native, case) in programs.items():
        try:
            backend = installed(native, (targets or {}).get(name, ""))
        except NotInstalled as why:
            verdicts[name] = Verdict(target=native.phrases.framework, versions={}, status="unverified", sentence=str(why))
            continue
        taken = {repr(q) for _, b, _, q in rows if b.name == backend.name}
        seeds = (replace(case, seed=seed) for seed in count(case.seed))
        rows.append((name, backend, native, next(q for q in seeds if repr(q) not in taken)))
    if rows:
        verdicts |= _run(rows, how)
    return {name: verdicts[name] for name in programs}


def _run(rows: Sequence[tuple[str, Backend, Native, Case]], how: Mapping[str, Any]) -> dict[str, Verdict]:
    """All of them in one run: a worker process for each runtime. No two rows of a runtime have one case."""
    programs: dict[str, dict[str, Native]] = {}
    for _, backend, native, case in rows:
        programs.setdefault(backend.name, {})[repr(case)] = native
    writers: list[Backend] = [_writer(backend, programs[backend.name]) for backend in {b.name: b for _, b, _, _ in rows}.values()]
    only = {name: frozenset(own) for name, own in programs.items()}
    cases = list({repr(case): case for *_, case in rows}.values())
    report = Run(cases, writers, suite={"name": "native"}, only=only, **how).go()
    return {name: _verdict(report, backend, repr(case)) for name, backend, _, case in rows}


class NotInstalled(Exception):
    """No runtime of the framework is installed. The message says what to install."""


def installed(native: Native, wanted: str = "") -> Backend:
    """The runtime on which a program is run. Raises NotInstalled, or BadBackend for a target that there is not."""
    first = ""
    for name in [wanted] if wanted else native.phrases.runtimes:
        try:
            (backend, *_) = named(name)
        except BadBackend:
            if wanted:
                raise
            first = first or f"there is no runtime {name}"
            continue
        if "@" in backend.name:
            side.made(backend)
        needed = replace(backend.runtime, packages=(*backend.runtime.packages, *native.phrases.packages))
        why = missing(replace(backend, runtime=needed))
        if not why:
            return backend
        first = first or why
    raise NotInstalled(first)


def _writer(backend: Backend, programs: dict[str, Native]) -> Written:
    fields = {name: getattr(backend, name) for name in ("name", "module", "python", "asked", "mode")}
    return Written(runtime=replace(backend.runtime, batch_flags={}, repeat_in=""), programs=programs, **fields)


def _verdict(report: Report, backend: Backend, case: str) -> Verdict:
    ran = report.runtimes[backend.name]
    records = tuple(r for r in report.records if r.runtime == backend.name and r.case == case)
    bad = [r for r in records if r.verdict not in FINE]
    if ran.status != "ran" or not records:
        return Verdict(target=backend.name, versions=ran.versions, status="unverified", sentence=ran.reason or "nothing was run")
    if not bad:
        what = "forward and gradients" if len(records) > 1 else "forward"
        exact = "" if any(r.rounding for r in records) else ", bit for bit"
        return Verdict(target=backend.name, versions=ran.versions, status="verified", sentence=f"{what}{exact}", records=records)
    worst = bad[0]
    known = report.known.get(worst.known or "")
    said = f"{worst.output}: {sentence(worst.matches) or worst.reason or worst.verdict}"
    if known:
        said = f"{worst.output}: a known deviation of {backend.base} shows here: {known.reason} ({worst.known})"
    return Verdict(
        target=backend.name, versions=ran.versions, status="known" if known and all(r.known for r in bad) else worst.verdict, sentence=said,
        records=records,
    )  # fmt: skip


def seconds(case: Case) -> float:
    """What the reference of a case costs, estimated."""
    return work(Reference(case)).seconds
