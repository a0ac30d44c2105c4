"""What a run is run, as data: enough to begin it, to go on with it, and to share it out."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from backends import Backend, BadBackend, Unsupported, found, named, targets_called
from spec import Case, Impossible, operations, parse_case
from spec.case import CHECKS, DTYPES, FORMER_CHECKS, UnknownData
from spec.data import DATA
from verify.cache import remembered
from verify.execute import side
from verify.execute.environment import missing, not_probed
from verify.execute.patience import AFTER, Say, naming
from verify.judge.reference import Reference
from verify.limits import CONFIDENCE, MAX_WORK
from verify.plan import calls, suites
from verify.plan.architectures import architectures
from verify.plan.work import before, expect_affordable

if TYPE_CHECKING:
    from verify.plan.prove import Proof


class NothingToAsk(ValueError):
    """No case is left after all filters, or no runtime to ask."""


class Plan(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True, dict=True):
    """The cases of a suite after all filters, or those given as texts, to these backends; all of it or one shard."""

    backends: list[str]
    """What to say after --backend."""
    runtimes: list[str] = []
    """The names of their targets, in order."""
    shares: dict[str, str] = {}
    """Of targets that take only a share of the suite, which one (verify.plan.suites.SHARES)."""
    suite: str = "standard"
    ops: list[str] = []
    dtypes: list[str] = []
    data: list[str] = []
    checks: list[str] = []
    models: list[str] = []
    """Architectures of the suite `models`; all where none is named."""
    full_size: bool = False
    """Whether their layers keep their lengths."""
    texts: list[str] = []
    """Questions instead of a suite."""
    seed: int = 0
    confidence: int = CONFIDENCE
    shard: tuple[int, int] = (1, 1)
    """(1, 4) is the first of four."""
    max_work: float = MAX_WORK
    """What is allowed for a case's reference (verify.plan.work)."""
    code: str = ""
    """A digest of the source that judges."""

    def __post_init__(self) -> None:
        words = (
            ("suite", [self.suite], suites.SUITES), ("op", self.ops, operations()), ("dtype", self.dtypes, DTYPES),
            ("model", self.models, architectures() if self.models else ()),
        )  # fmt: skip
        for word in self.data:
            _is_data(word)
        for name, given, allowed in (*words, ("check", self.checks, CHECKS)):
            one_of(name, given, allowed)
        if (self.models or self.full_size) and self.suite != "models":
            raise Impossible(f"--{'model' if self.models else 'full-size'} goes with --suite models, but the suite is {self.suite!r}")
        if self.seed >= 1 << 47:
            raise Impossible(f"--seed is {self.seed}, but it must be below 2**47")
        if not self.max_work > 0:
            raise Impossible(f"--max-work is {self.max_work:g}, but it must be above 0")
        i, n = self.shard
        if not 1 <= i <= n:
            raise Impossible(f"--shard is {i}/{n}, but it must be one of 1/{max(n, 1)} to {max(n, 1)}/{max(n, 1)}")

    @cached_property
    def cases(self) -> list[Case]:
        """Those of the shard, in order, whichever target is run them. Raises Impossible."""
        if self.texts:
            asked = list({repr(q): q for q in map(read, self.texts)}.values())
            for case in asked:
                expect_affordable(case, self.max_work, self.confidence)
                Reference(case)
        else:
            asked = list({repr(q): q for share in ("", *self.shares.values()) for q in self.part(share)}.values())
        return asked[self._dealt]

    def part(self, share: str = "") -> list[Case]:
        """The suite after all filters, or a share of it."""
        if share not in self._parts:
            how: dict[str, Any] = {
                "seed": self.seed, "ops": self.ops, "dtypes": self.dtypes, "data": self.data, "checks": self.checks, "share": share,
                "architectures": self.models, "full_size": self.full_size,
            }  # fmt: skip
            self._parts[share] = remembered(
                lambda: suites.cases(self.suite, **how), list[str], "cases", self.suite, how,
                put=lambda cases: list(map(repr, cases)), got=lambda texts: list(map(read, texts)),
            )  # fmt: skip
        return self._parts[share]

    @cached_property
    def _parts(self) -> dict[str, list[Case]]:
        return {}

    @cached_property
    def only(self) -> dict[str, frozenset[str]]:
        """The texts of the cases that each target runs, where it does not run all of them: modes a share, and a native call only the
        runtimes of its framework, in their default mode."""
        if self.texts or not (self.shares or any(q.call for q in self.cases)):
            return {}
        return {name: frozenset(repr(q) for q in self.part(self.shares.get(name, "")) if _runs(name, q)) for name in self.runtimes}

    def prepare(self, say: Say) -> None:
        """Make the cases, and say which of those given as texts takes long: its coefficients are computed first. Raises Impossible."""
        for case in map(read, self.texts):
            with named_if_long(case, say):
                expect_affordable(case, self.max_work, self.confidence)
        _ = self.cases

    @property
    def theorems(self) -> list[str]:
        """Those of the shard, if the suite is run whole; none with a suite of layers or native calls."""
        if not self.unfiltered or self.suite in suites.OF_FEW:
            return []
        from verify.plan.prove import THEOREMS  # all theorems, which the first worker processes do not wait for

        return list(THEOREMS)[self._dealt]

    def prove(self) -> list[Proof]:
        """Try them out on the definition; in the quick suite a sample of their sizes."""
        from verify.plan.prove import prove_all

        return prove_all(self.theorems, sample=self.suite == "quick")

    @property
    def unfiltered(self) -> bool:
        """Whether no case of the suite is left out but those of other shards."""
        return not (self.ops or self.dtypes or self.data or self.checks or self.models or self.texts)

    @property
    def probed(self) -> bool:
        """Whether what the frameworks are said to be unable to do is tried again, too: with a whole suite of all operations."""
        return self.unfiltered and self.shard[1] == 1 and self.suite in ("standard", "full")

    @property
    def minimum_agreement(self) -> float:
        """The share of `agree` that every runtime must reach; 0 where not everything is run."""
        return suites.MINIMUM_AGREEMENT[self.suite] if self.unfiltered and self.shard[1] == 1 else 0.0

    def surely_runs(self, backend: Backend) -> bool:
        """Whether a target gets a case that it can run, and no case is refused: so that its worker process can begin. Of a whole suite this
        is known without its cases, as every runtime here runs some of it (tests/test_start.py)."""
        if not self.texts and (self.max_work, self.confidence) != (MAX_WORK, CONFIDENCE):
            return False
        if self.unfiltered and self.shard[1] == 1 and self.suite not in suites.OF_FEW and backend.ours:
            return True
        own = self.only.get(backend.name)
        return any(_can(backend, q) for q in self.cases if own is None or repr(q) in own)

    @property
    def described(self) -> dict[str, object]:
        """The report's `suite`."""
        name = "case" if self.texts else self.suite
        shard = {"shard": f"{self.shard[0]}/{self.shard[1]}"} if self.shard[1] > 1 else {}
        filters = {"ops": self.ops, "dtypes": self.dtypes, "data": self.data, "checks": self.checks}
        models = {"models": self.models, "full_size": self.full_size} if name == "models" else {}
        return {"name": name, "seed": self.seed, **filters, **models, "confidence": self.confidence, **shard}

    @property
    def _dealt(self) -> slice:
        return slice(self.shard[0] - 1, None, self.shard[1])


def _runs(target: str, case: Case) -> bool:
    return not case.call or target in calls.runtimes(case.call)


def _can(backend: Backend, case: Case) -> bool:
    if backend.lacks(case):
        return False
    try:
        return bool(backend.translate(case))
    except (Unsupported, BadBackend):
        return False


def with_modes(plan: Plan, backends: list[Backend]) -> tuple[Plan, list[Backend]]:
    """With the modes that take a share of the suite, as far as there is something in it for them."""
    more = [b for backend in backends for b in backend.offered if b.mode.share and plan.part(b.mode.share)]
    every, shares = [*backends, *more], {b.name: b.mode.share for b in more}
    names = {"backends": [*plan.backends, *(b.name for b in more)], "runtimes": [b.name for b in every]}
    return msgspec.structs.replace(plan, shares=shares, **names), every


def read(text: str) -> Case:
    """A case from its text. Raises Impossible; of a word that once stood for a mode, with the target's name."""
    try:
        return parse_case(text)
    except UnknownData as unknown:
        nearest = did_you_mean(unknown.word, (*DTYPES, *DATA))
        if nearest and nearest == did_you_mean(unknown.word, DTYPES):
            raise Impossible(f"{unknown.word!r} is no dtype{nearest}") from None
        _is_data(unknown.word)
        raise


def _is_data(word: str) -> None:
    """Raises Impossible."""
    if word not in DATA and (targets := targets_called(word)):
        raise Impossible(f"{word} is a mode: --backend {' or '.join(targets)}")
    if word in FORMER_CHECKS and word not in DATA:
        raise Impossible(f"{word} is a check: --check {FORMER_CHECKS[word]}")
    one_of("data", [word], DATA)


def named_if_long(case: Case, say: Say) -> AbstractContextManager[None]:
    """Whether it is long is estimated, so that a short one is never named, however slow the machine."""
    return naming(f"the coefficients of {case}", say) if before(case).seconds > AFTER else nullcontext()


def chosen(names: Iterable[str] | None) -> list[Backend]:
    """The backends of these names; all that are installed where none is given. Raises BadBackend."""
    if not names:
        here = [b for b in found().values() if not missing(b) or not_probed(b)]
        names = [b.name for b in here]
        if not here:
            pip = f"{sys.executable} -m pip install torch (or tensorflow-cpu, jax, keras)"
            raise BadBackend(f"no framework is installed for this interpreter; {pip}, or name another with --backend torch=PYTHON")
    named_ones: dict[str, Backend] = {}
    for b in (b for name in names for b in named(name)):
        if named_ones.setdefault(b.name, b) != b:
            raise BadBackend(f"{b.name} is both {named_ones[b.name].asked} and {b.asked}; give one another name in its RUNTIMES")
    for b in named_ones.values():
        if "@" in b.name:
            side.made(b)
        if why := missing(b):
            raise BadBackend(f"{b.name}: {why}")
    return list(named_ones.values())


def one_of(name: str, given: Iterable[str], allowed: Iterable[str]) -> None:
    """Raises Impossible."""
    for value in given:
        if value not in allowed:
            raise Impossible(f"--{name} is {value!r}, but it must be one of {', '.join(allowed)}{did_you_mean(value, allowed)}")


def did_you_mean(value: str, allowed: Iterable[str]) -> str:
    """The nearest of the words that are allowed, as the end of a sentence; whether letters are small or capital does not matter."""
    small = {word.lower(): word for word in allowed}
    near = difflib.get_close_matches(value.lower(), small, 1, cutoff=0.5)
    return f"; did you mean {small[near[0]]!r}?" if near else ""
