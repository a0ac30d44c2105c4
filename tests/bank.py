"""The bank of mutants put to the test: who is caught, on how many of the cases that it mistranslates, and what the diagnosis says.

    python -m tests.bank [--markdown]        exit status 1 if a mutant is missed or fewer than nine in ten are diagnosed
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache, cached_property

from backends import Backend, Unsupported
from spec import Case, parse_case
from spec.operation import size
from tests.mutants import HONEST, MUTANTS, OF_SIZES, Mutant, aspect
from verify.grouping import sentence
from verify.plan import regimes
from verify.plan.suites import cases
from verify.record import FINE, Record
from verify.run import Run

DIAGNOSED_AT_LEAST = 0.9
AT_SIZES = 4


@dataclass(frozen=True)
class Bank(Backend):
    """All mutants as one backend, so that one process serves them all: the seed of a case says who answers it."""

    mutants: tuple[Mutant, ...] = ()

    def translate(self, case: Case) -> str:
        return self.mutants[case.seed].translate(case)


@dataclass(frozen=True)
class Examined:
    """What became of one mutant."""

    mutant: Mutant
    records: list[Record]

    @property
    def wrong(self) -> list[Record]:
        return [r for r in self.records if r.verdict not in FINE and r.known is None]

    @property
    def caught(self) -> bool:
        return any(r.verdict == self.mutant.expected and r.output in self.mutant.outputs for r in self.wrong)

    @property
    def named(self) -> bool:
        return any(map(self.mutant.named_by, self.words))

    @cached_property
    def words(self) -> Counter[str]:
        """Every diagnosis, with its number."""
        return Counter(sentence(r.matches) for r in self.wrong if r.matches)

    @property
    def can_be_named(self) -> bool:
        """Whether it answers, and answers wrong: what is refused, or told apart by repetition, needs no diagnosis."""
        return self.mutant.expected in ("differ", "imprecise") and "shape" not in self.mutant.kinds

    @property
    def row(self) -> tuple[str, ...]:
        """Name, kinds of numbers, verdict, outputs, on how many cases of those asked, the diagnosis if it is right."""
        outputs = Counter(r.output for r in self.wrong if r.verdict == self.mutant.expected)
        asked, wrong = ({r.case for r in records} for records in (self.records, self.wrong))
        words = next((w for w, _ in self.words.most_common() if self.mutant.named_by(w)), "")
        verdict = self.mutant.expected if self.caught else "MISSED"
        return self.mutant.name, ", ".join(self.mutant.kinds), verdict, " ".join(outputs), f"{len(wrong)} of {len(asked)}", words


def examined(pool: Sequence[Case], most: int, mutants: Sequence[Mutant] = ()) -> dict[str, Examined]:
    """Each mutant run on at most so many cases of the pool that it mistranslates; one of sizes on `AT_SIZES`, also of the cases for
    sizes, small ones where there are any."""
    chosen = mutants or tuple(MUTANTS.values())
    asked = []
    for i, m in enumerate(chosen):
        shown = [q for q in ((*pool, *sizes()) if m.name in OF_SIZES else pool) if _shows(m, q)]
        small = [q for q in shown if size(q.x) + size(q.y) < regimes.LARGE // 2]
        asked += [replace(q, seed=i) for q in _some(small or shown, m, min(most, AT_SIZES) if m.name in OF_SIZES else most)]
    run = Run(asked, [Bank("torch", HONEST.runtime, HONEST.module, mutants=tuple(chosen))], suite={}, timeout=60, known=[])
    run.go()
    judged = run.ran["torch"].judged
    found = {}
    for i, m in enumerate(chosen):  # each as if it had been alone: other mutants' mistakes do not explain its own
        run.ran["torch"].judged = [j for j in judged if run.cases[j[0]].seed == i]
        found[m.name] = Examined(m, run.report().records)
    return found


def honest(pool: Sequence[Case], most: int) -> Examined:
    """The backend that they are made from; its known deviations are forgiven."""
    return Examined(HONEST, Run(_some(list(pool), HONEST, most), [HONEST], suite={}).go().records)


MANY_VALUES = (
    "Conv(stride=(1,)) x=(4, 1, 60) w=(6, 1, 1) float32 normal",
    "Conv(stride=(1, 1)) x=(2, 2, 12, 12) w=(5, 2, 1, 1) float32 normal",
    "ConvTranspose(stride=(2,)) x=(4, 1, 60) w=(1, 6, 2) float32 normal",
)
"""Larger than a suite's, for what only the mean of many errors shows."""

BEYOND_QUICK = (
    "Conv(stride=(2,), padding=((1, 0),)) x=(2, 3, 6) w=(2, 3, 3) int32",
    "ZeroInsert(factor=(2, 3)) x=(2, 3, 4, 5) uint8",
    "ZeroInsert(factor=(2, 3)) x=(2, 3, 4, 5) int32",
    "MaxPool(kernel=(2,), stride=(1,)) x=(2, 3, 6) float32 nan",
    "MaxPool(kernel=(2, 3), stride=(1, 2)) x=(2, 3, 6, 5) float64 nan",
    "MaxPool(kernel=(2,), stride=(1,)) x=(2, 3, 6) float32 infinity",
    "MaxPool(kernel=(2,), stride=(1,)) x=(2, 3, 6) float32 nans",
    "Upsample(factor=(2, 1)) x=(2, 3, 4, 5) float64 nans",
    "Conv(stride=(2,), padding=((1, 0),)) x=(2, 3, 6) w=(2, 3, 3) int32 digits",
    "MaxPool(kernel=(2, 1), stride=(1, 1)) x=(2, 3, 6, 5) int32",
    "MaxPool(kernel=(1, 2), stride=(1, 2)) x=(1, 2, 9, 7) int8 distinct",
)
"""Of data, dtypes and operations that `quick` does not ask together."""


@cache
def pool(suite: str, step: int = 1) -> list[Case]:
    """Every so many translated cases of a suite, on lines and images; of the kinds that are rarely asked, all; none for sizes."""
    others = set(regimes.cases(suite, 0))
    asked = [q for q in cases(suite) if q.op.rank < 3 and not q.call and replace(q, seed=0) not in others]
    common = [q for q in asked if aspect(q) == "integers"][::step]
    return [*common, *(q for q in asked if aspect(q) != "integers"), *map(parse_case, MANY_VALUES + BEYOND_QUICK)]


@cache
def sizes() -> list[Case]:
    """The cases of `standard` at whose sizes kernels change their path, on lines and images."""
    return list(dict.fromkeys(q for q in regimes.cases("standard", 0) if q.op.rank < 3))


@cache
def _right(case: Case) -> str | None:
    """The honest translation, if the honest backend offers it."""
    with suppress(Unsupported):
        return HONEST.translate(case)
    return None


def _shows(mutant: Mutant, case: Case) -> bool:
    """Whether it is a case that the mutant mistranslates, of a kind that may show it."""
    if aspect(case) not in mutant.kinds or not mutant.when(case) or _right(case) is None:
        return False
    try:
        return mutant.translate(case) != _right(case)
    except Unsupported:
        return True


def _some(asked: list[Case], mutant: Mutant, most: int) -> list[Case]:
    """Spread over all, or those alike; one that costs a process."""
    if mutant.expected in ("crashed", "timeout"):
        return asked[:1]
    if mutant.alike:
        key = Counter(map(mutant.alike, asked)).most_common(1)[0][0]
        alike = [q for q in asked if mutant.alike(q) == key]
        return [q for kind in mutant.kinds for q in [q for q in alike if aspect(q) == kind][: most // len(mutant.kinds)]]
    return asked[:: max(-(-len(asked) // most), 1)]


HEADER = ("mutant", "numbers", "verdict", "outputs", "caught on", "diagnosis")

PAGE = """# The verifier attacked

<!-- made by `make docs`; edit tests/mutants -->

Each mutant is the PyTorch backend with one plausible mistake. The verifier must catch every one, on cases that the standard suite
asks anyway, and say which mistake it is: the last column is its own diagnosis, made only where it explains every value of the answer.
"Caught on" counts the cases, of those asked that the mutant mistranslates; the mistake need not show on all.

{table}

{summary}
"""


def summary(bank: Sequence[Examined]) -> tuple[str, bool]:
    """One sentence, and whether it is good."""
    caught, answers = [e for e in bank if e.caught], [e for e in bank if e.can_be_named]
    rate = sum(e.named for e in answers) / len(answers)
    sentence = f"{len(caught)} caught, {len(bank) - len(caught)} missed; {rate:.0%} of the {len(answers)} that answer wrong are diagnosed"
    return sentence, len(caught) == len(bank) and rate >= DIAGNOSED_AT_LEAST


def plain(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ("  ".join(cell.ljust(n) for cell, n in zip(row, widths, strict=True)).rstrip() for row in rows)


def markdown(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    lines = (f"| {' | '.join(row)} |" for row in rows)
    yield next(lines)
    yield "|---" * len(rows[0]) + "|"
    yield from lines


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bank")
    parser.add_argument("--markdown", action="store_true", help="write a page, not a table")
    as_page = parser.parse_args().markdown
    if honest(pool("quick"), 200).wrong:
        print("the honest backend does not agree", file=sys.stderr)
        return 1
    bank = examined(pool("standard", 3), 12)
    sentence, good = summary(list(bank.values()))
    rows = [HEADER, *(e.row for e in bank.values())]
    if as_page:
        print(PAGE.format(table="\n".join(markdown(rows)), summary=sentence + "."), end="")
    else:
        print(*plain(rows), sentence, sep="\n")
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
