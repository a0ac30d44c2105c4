"""Is an innocent ever accused? Right implementations answer random questions; every verdict must be `agree`.

    python -m tests.honest [--questions 100000] [--seed 0] [--processes 1] [--markdown]        exit status 1 on any alarm

Each question goes to three of the implementations in tests/implementations.py, in turn.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from multiprocessing import Pool
from statistics import median

import numpy as np

from spec import Question
from spec.question import FLOATS
from tests.bank import markdown, plain
from tests.implementations import IMPLEMENTATIONS, Implementation, Links, MultipliesMatrices
from tests.random_questions import ADDED, questions
from verify.answer import Answer, Output
from verify.host import MARKS
from verify.judge import judge
from verify.record import Verdict
from verify.reference import Reference

EACH = 3
"""Implementations asked each question."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The verdict on one output of one answer."""

    implementation: str
    dtype: str
    kind: str
    verdict: Verdict
    ratio: float = 0.0
    terms: int = 0
    alarm: str = ""


def examined(count: int, seed: int) -> Iterator[Seen]:
    """So many questions."""
    for i, q in enumerate(islice(questions(seed), count)):
        reference, known = Reference(q), dict[int, Links]()
        for j in range(EACH):
            implementation = IMPLEMENTATIONS[(i + 3 * j) % len(IMPLEMENTATIONS)]
            if q.kind not in MARKS or not isinstance(implementation, MultipliesMatrices):
                yield from _seen(q, implementation, reference, answer(reference, implementation, known))


def answer(reference: Reference, implementation: Implementation, known: dict[int, Links]) -> Answer:
    """What an implementation gives on every draw."""
    draws = []
    with np.errstate(all="ignore"):
        for d in range(reference.draws):
            arrays = implementation.answers(reference.question, known, *reference.at(d).drawn)
            draws.append(tuple(Output(a, reference.question.dtype) for a in arrays))
    return Answer(draws[0], more=tuple(draws[1:]))


def _seen(q: Question, implementation: Implementation, reference: Reference, given: Answer) -> Iterator[Seen]:
    for judged in judge(reference, given):
        alarm = "" if _is_fine(q, judged.verdict) else f"{implementation.name}: {q}: {judged.output} {judged.verdict}, {judged.reason}"
        ratio, terms = (judged.rounding.ratio or 0, judged.rounding.terms or 0) if judged.rounding else (0, 0)
        yield Seen(implementation.name, q.dtype, q.kind, judged.verdict, ratio, terms, alarm)


def _is_fine(q: Question, verdict: Verdict) -> bool:
    """Nothing is claimed of sums that overflow."""
    return verdict == "agree" or (verdict == "vacuous" and q.kind == "overflowing")


# What is printed

PAGE = """# Is an innocent ever accused?

<!-- made by `make docs`; edit tests/honest.py -->

{summary}

The implementations (tests/implementations.py) are written without the definitions that judge them. They differ in the order of their
sums, in blocks, in what is fused or compensated; all add at least in the accumulator that is promised (float64 for float64, float32
for the others) and round to the dtype once. The questions are drawn at random over operations, compositions of two, sizes, strides,
paddings (negative too), dilations, groups, biases, dtypes and kinds of numbers.

Below: answers judged, and the greatest ratio of an error to its derived bound. A ratio of 0 is a right answer bit for bit.

{by_implementation}

{by_kind}

## How near to the bound honest rounding comes

Of `normal` numbers, by the number K of products in the sum with the greatest ratio: half of the answers stay below the first number,
all below the second.

{by_terms}

In float16 and bfloat16 the one rounding of the answer outweighs all others. In float32 and float64 a single product, rounded once,
comes half as far as the bound, which allows one more rounding for an answer that is stored; long sums stay far below: the bound grows
with K, errors that go up and down with its root. Another precision is therefore sought in short sums.
"""


def by(rows: str, names: Sequence[str], seen: Sequence[Seen], key: Callable[[Seen], Hashable]) -> list[tuple[str, ...]]:
    """A table of answers and greatest ratios, with one column for each dtype."""
    cells = _grouped(seen, lambda s: (key(s), s.dtype))
    table = [(rows, *FLOATS)]
    for name in names:
        table.append((name, *(_cell(cells.get((name, dtype), [])) for dtype in FLOATS)))
    return table


def by_terms(seen: Sequence[Seen]) -> list[tuple[str, ...]]:
    """Median and greatest ratio by the power of two of the terms."""
    cells = _grouped((s for s in seen if s.kind == "normal" and s.terms), lambda s: (s.terms.bit_length(), s.dtype))
    table = [("K", *FLOATS)]
    for bits in range(1, max((bits for bits, _ in cells), default=0) + 1):  # type: ignore[misc]
        ratios = [[s.ratio for s in cells.get((bits, dtype), [])] for dtype in FLOATS]
        words = (f"{median(r):.2g}, {max(r):.2g}" if r else "" for r in ratios)
        table.append((f"{1 << bits - 1}–{(1 << bits) - 1}" if bits > 1 else "1", *words))
    return table


def every_row(seen: Sequence[Seen]) -> list[tuple[str, ...]]:
    """Implementation × dtype × kind."""
    groups = _grouped(seen, lambda s: (s.implementation, s.dtype, s.kind))
    rows = ((*key, str(len(group)), str(_alarms(group)), f"{_greatest(group):.2g}") for key, group in groups.items())  # type: ignore[misc]
    return [("implementation", "dtype", "kind", "judged", "alarms", "greatest ratio"), *sorted(rows)]


def summary(count: int, seen: Sequence[Seen]) -> str:
    """One sentence."""
    vacuous = sum(s.verdict == "vacuous" for s in seen)
    asked = f"{count:,} random questions, each answered by {EACH} of {len(IMPLEMENTATIONS)} right implementations"
    return f"{asked}: {len(seen):,} arrays judged, {vacuous:,} of them wholly overflowing, {_alarms(seen):,} alarms."


def _cell(seen: Sequence[Seen]) -> str:
    alarms = f", **{_alarms(seen)} alarms**" if _alarms(seen) else ""
    return f"{len(seen)}, {_greatest(seen):.2g}{alarms}" if seen else ""


def _alarms(seen: Iterable[Seen]) -> int:
    return sum(bool(s.alarm) for s in seen)


def _greatest(seen: Iterable[Seen]) -> float:
    return max(s.ratio for s in seen)


def _grouped(seen: Iterable[Seen], key: Callable[[Seen], Hashable]) -> dict[Hashable, list[Seen]]:
    groups = defaultdict(list)
    for s in seen:
        groups[key(s)].append(s)
    return groups


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.honest")
    parser.add_argument("--questions", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--markdown", action="store_true", help="write a page, not a table")
    asked = parser.parse_args()
    parts = [(asked.questions // asked.processes, asked.seed + part) for part in range(asked.processes)]
    if len(parts) == 1:
        seen = list(examined(*parts[0]))
    else:
        with Pool(asked.processes) as pool:
            seen = [s for part in pool.starmap(_part, parts) for s in part]
    for s in [s for s in seen if s.alarm][:20]:
        print(s.alarm, file=sys.stderr)
    words = summary(sum(count for count, _ in parts), seen)
    if asked.markdown:
        tables = {
            "by_implementation": by("implementation", [i.name for i in IMPLEMENTATIONS], seen, lambda s: s.implementation),
            "by_kind": by("numbers", ADDED, seen, lambda s: s.kind),
            "by_terms": by_terms(seen),
        }
        print(PAGE.format(summary=words, **{name: "\n".join(markdown(rows)) for name, rows in tables.items()}), end="")
    else:
        print(*plain(every_row(seen)), words, sep="\n")
    return int(any(s.alarm for s in seen))


def _part(count: int, seed: int) -> list[Seen]:
    return list(examined(count, seed))


if __name__ == "__main__":
    sys.exit(main())
