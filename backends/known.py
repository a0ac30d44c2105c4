"""Deviations that are known: each a record with its reason, and the cases it speaks of.

A record covers a verdict when runtime, versions, verdict, output, case and (for an error raised) message all fit. If a case that fits
agrees after all, the deviation no longer occurs and the run fails: delete the record or narrow it. `known.py` in each framework's room
holds a list KNOWN.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from types import ModuleType

from packaging.specifiers import SpecifierSet

from backends import BY_DEFAULT, Backend, Mode, Step, Unsupported, calls, found, runtime_of, steps
from backends.call import Call
from backends.cannot import Cannot, limits
from backends.cannot import Probe as Probe
from spec import Case, LpPool, MaxPool, Operation
from spec.case import CHECKS
from spec.data import DATA

EVERY_MODE = ("*",)
EVERY_CHECK = tuple(CHECKS)
NOT_FINITE = tuple(data.name for data in DATA.values() if data.marked)
"""The data with pixels that are NaN or infinite."""



def undecorated(modes: Mapping[str, Mode]) -> tuple[str, ...]:
    """Of a runtime's modes the default one, and those that run the same text under no decorator by the same kernels: nothing is traced or
    compiled."""
    return ("", *(name for name, mode in modes.items() if not (mode.decorator.body or mode.own_kernels)))


Facts = dict[str, str]
"""What a worker process observed (`facts` in the glue of a backend): `onednn` is "on" or "off"; `onednn_isa`, `isa` and `cpu_isa` name
instruction sets."""

When = Callable[[Operation, Step, Facts], bool]
Walked = Sequence[tuple[Operation, Step]]


@dataclass(frozen=True, kw_only=True)
class Known:
    """One deviation.

    runtimes: names, with * as in a shell. versions: distribution → the versions that have it, such as {"keras": ">=3.0,<3.15"}.
    when: predicate over each operation of the case, its shapes and dtype, and the facts that the worker process observed
      (verify/execute/process.py); one that fits is enough. It may raise Unsupported, which says that it does not fit, and nothing else.
    verdict: the one it explains. message: a regular expression found in what the framework said, or in the diagnosis.
    link: the thread, or "no upstream report found".
    data: the values it speaks of (spec.data.DATA). Left out: all.
    checks: values, shape. Left out: both, but of a wrong result only values.
    modes: the modes of the runtime, with * as in a shell, "" for the default mode. Left out: all, but of a wrong result no mode that runs
      kernels of its own.
    probes: expressions that raise, and names that do not exist, as long as it is true (`concordant known --probe`).
    sometimes: whether it shows depends on what lies in memory or on the numbers drawn, so one that agrees proves nothing; wants an upper
      bound in versions.
    """

    id: str
    runtimes: tuple[str, ...]
    verdict: str
    reason: str
    link: str
    when: When
    versions: dict[str, str]
    outputs: tuple[str, ...] = ("y", "dx", "dw")
    message: str = ""
    sometimes: bool = False
    data: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    probes: tuple[Probe, ...] = ()

    def concerns(self, target: str, versions: dict[str, str]) -> bool:
        """Whether it speaks of this runtime, in whatever mode, in these versions."""
        runtime = runtime_of(target)
        return any(fnmatch(runtime, pattern) for pattern in self.runtimes) and all(
            v in versions and SpecifierSet(s).contains(versions[v], prereleases=True) for v, s in self.versions.items()
        )

    def covers(self, case: Case, facts: Facts, mode: Mode = BY_DEFAULT, walked: Walked | None = None) -> bool:
        """Whether it speaks of this case in this mode, whatever the verdict. walked: the steps of the case, if they are there already."""
        return self._speaks_of(case, mode) and any(self._fits(op, at, facts) for op, at in walked or steps(case))

    def _fits(self, op: Operation, at: Step, facts: Facts) -> bool:
        """What the predicate says; an operation that the backend cannot write, which a predicate may find out, fits nothing."""
        try:
            return self.when(op, at, facts)
        except Unsupported:
            return False

    def _speaks_of(self, case: Case, mode: Mode) -> bool:
        wrong = self.verdict not in ("raised", "not offered", "crashed", "timeout")
        checked = case.check in self.checks if self.checks else case.check == "values" or not wrong
        executed = self._names(mode) if self.modes else not (mode.own_kernels and wrong)
        return checked and executed and (not self.data or case.data in self.data)

    def _names(self, mode: Mode) -> bool:
        return any(fnmatch(mode.name, pattern) for pattern in self.modes)

    def explains(self, verdict: str, words: str) -> bool:
        """Whether what it speaks of went as it says; `words` are what the framework said, and the diagnosis."""
        return verdict == self.verdict and re.search(self.message, words) is not None

    def is_stale(self, verdict: str, mode: Mode = BY_DEFAULT) -> bool:
        """Whether such a result of a case that it covers says that the deviation has gone."""
        return verdict == "agree" and not self.sometimes and (not mode.own_kernels or self._names(mode))

    def has(self, output: str) -> bool:
        """Whether it speaks of this output: y, dx, dw0 …"""
        return output.rstrip("0123456789") in self.outputs


def native(at: Step, *functions: str) -> list[Call]:
    """The native calls of one of these functions, of a case that is such calls; names with * as in a shell."""
    return [call for call in at.native if any(fnmatch(call.function, pattern) for pattern in functions)]


def zero_norm_twice(engine: str, versions: dict[str, str]) -> Known:
    """In the mode double-backward (backends.modes), of an engine and of Keras on it."""
    return Known(
        id=f"{engine}-twice-zero-norm", runtimes=(engine, f"keras-{engine}"), versions=versions, verdict="differ", outputs=("y",),
        modes=("double-backward",), when=lambda op, at, facts: isinstance(op, LpPool), sometimes=True, link="no upstream report found",
        reason="the norm of a window of zeros, such as one in the padding, has no derivative: twice differentiated it is NaN",
    )  # fmt: skip


def refuses_mixed_dtypes(runtime: str, versions: dict[str, str], message: str, link: str) -> Known:
    """The error that a runtime raises in the mode mixed-dtypes (backends.modes). message: a regular expression found in it."""
    return Known(
        id=f"{runtime}-mixed-dtypes", runtimes=(runtime,), versions=versions, verdict="raised", outputs=("y",), modes=("mixed-dtypes",),
        when=lambda op, at, facts: bool(op.inputs()), message=message, link=link,
        reason="weights of another dtype than x raise an error, which is right: neither is converted",
    )  # fmt: skip


def pads_before_a_maximum(module: ModuleType, function: str) -> When:
    """Where a backend file writes a maximum as a call of that function, which pads, and a pool behind it."""
    return lambda op, at, facts: begins_in_padding(op) and any(call.function == function for call in calls(module, op, at))


def begins_in_padding(op: Operation) -> bool:
    """Whether a maximum has a window that begins in the padding. Where that is written as −∞, which is no less than a pixel of −∞, the
    gradient of a window of −∞ goes to it and is lost."""
    return isinstance(op, MaxPool) and any(lo > 0 for lo, _ in op.padding)


def recorded(module: ModuleType, cannot: Cannot) -> Known:
    """The record of what a backend file says that its framework cannot."""

    def when(op: Operation, at: Step, facts: Facts) -> bool:
        try:
            calls(module, op, at)
        except Unsupported as error:
            return error.why is cannot
        return False

    return Known(
        id=cannot.id, runtimes=tuple(module.RUNTIMES), versions=cannot.versions, verdict="not offered", when=when, reason=cannot.sentence,
        link=cannot.link, probes=cannot.probes,
    )  # fmt: skip


def of(backend: Backend, records: Sequence[Known]) -> list[Known]:
    """Those records that may speak of a backend: of a user's own file, whatever its runtimes are called, none of the records here do."""
    if backend.ours:
        return list(records)
    here = set(map(id, everything()))
    return [known for known in records if id(known) not in here]


@cache
def _all() -> tuple[Known, ...]:
    rooms = sorted(path.parent.name for path in Path(__file__).parent.glob("*/known.py"))
    known = [known for room in rooms for known in importlib.import_module(f"backends.{room}.known").KNOWN]
    modules = dict.fromkeys(backend.module for backend in found().values())
    return (*(recorded(module, cannot) for module in modules for cannot in limits(module)), *known)


def records(backend: Backend) -> list[Known]:
    """The records that may speak of a backend: those here, or what a user's own file says that its framework cannot."""
    return of(backend, everything()) or [recorded(backend.module, cannot) for cannot in limits(backend.module)]


def everything() -> list[Known]:
    """The records of every file here, those of what the backends' files say that their frameworks cannot first."""
    return list(_all())
