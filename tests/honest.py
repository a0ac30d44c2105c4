"""Is an innocent ever accused? Right implementations answer random cases; every verdict must be `agree`.

    python -m tests.honest [--questions 100000] [--searched 40000] [--seed 0] [--processes 1] [--markdown]    exit status 1 on any alarm

Each case goes to three of the implementations in tests/implementations.py, in turn. `--searched`: so many more are drawn by the
generator of `concordant fuzz`, over all operations, dtypes and data.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count as count_from
from itertools import islice
from multiprocessing import Pool
from statistics import median

import numpy as np

from spec import Case
from spec.case import DTYPES, FLOATS
from tests.bank import markdown, plain
from tests.implementations import IMPLEMENTATIONS, Implementation, Links, MultipliesMatrices
from tests.random_cases import ADDED, cases
from verify.execute.result import Answer, Output
from verify.execute.worker import MARKS
from verify.fuzz import PROPOSED, proposed
from verify.judge.judge import Judgement, judge
from verify.judge.reference import Reference
from verify.record import Verdict

EACH = 3
"""Implementations asked each case."""


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
    operation: str = ""
    """Compositions under one name."""


def searched(seed: int) -> Iterator[Case]:
    """Endlessly many of the cases that a search of `concordant fuzz` chooses from, but for those of shapes alone, and those with
    indices: which pixels belong together follows from shapes in tests/implementations.py."""
    for number in count_from(0):
        made = proposed((), (seed << 20) + number, 96 * PROPOSED)
        yield from (q for q in made if q.check == "values" and all(one.domain is None for one in q.op.inputs()))


def examined(count: int, seed: int, drawn: Callable[[int], Iterator[Case]] = cases) -> Iterator[Seen]:
    """So many cases."""
    for i, q in enumerate(islice(drawn(seed), count)):
        reference, known = Reference(q), dict[int, Links]()
        for j in range(EACH):
            implementation = IMPLEMENTATIONS[(i + 3 * j) % len(IMPLEMENTATIONS)]
            if q.data not in MARKS or not isinstance(implementation, MultipliesMatrices):
                yield from _seen(q, implementation, reference, answer(reference, implementation, known))


def answer(reference: Reference, implementation: Implementation, known: dict[int, Links]) -> Answer:
    """What an implementation gives on every draw."""
    draws = []
    with np.errstate(all="ignore"):
        for d in range(reference.draws):
            arrays = implementation.answers(reference.case, known, *reference.at(d).drawn)
            draws.append(tuple(Output(a, reference.case.dtype) for a in arrays))
    return Answer(draws[0], more=tuple(draws[1:]))


OVERFLOWING = ("overflowing", "saturating")


def _seen(q: Case, implementation: Implementation, reference: Reference, given: Answer) -> Iterator[Seen]:
    for judged in judge(reference, given):
        alarm = "" if _is_fine(q, judged) else f"{implementation.name}: {q}: {judged.output} {judged.verdict}, {judged.reason}"
        ratio, terms = (judged.rounding.ratio or 0, judged.rounding.terms or 0) if judged.rounding else (0, 0)
        operation = q.op.name if len(q.op.steps) == 1 else "compositions"
        yield Seen(implementation.name, q.dtype, q.data, judged.verdict, ratio, terms, alarm, operation)


def _is_fine(q: Case, judged: Judgement) -> bool:
    """Nothing is claimed of sums that overflow, and of gradients that do not exist. These implementations add where an operation only
    copies, and +0 + −0 is +0: that is found, and rightly."""
    nothing = q.data in OVERFLOWING or "not defined" in judged.reason
    added = judged.verdict == "zero sign" and q.op.multilinear
    return judged.verdict == "agree" or (judged.verdict == "vacuous" and nothing) or added


# What is printed

PAGE = """# Is an innocent ever accused?

<!-- made by `make docs`; edit tests/honest.py -->

{summary}

The implementations (tests/implementations.py) are written without the definitions that judge them. They differ in the order of their
sums, in blocks, in what is fused or compensated; all add at least in the accumulator that is promised (float64 for float64, float32
for the others) and round to the dtype once. The cases are drawn at random over operations, compositions of two, sizes, strides,
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

{searched}"""

SEARCHED = """## What the search makes up

{summary}

These are the cases that `concordant fuzz` chooses from, before it leaves out what it has seen: every operation but MaxUnpool and every
dtype, compositions of two, windows larger than the input. Where a norm is 0, or where several pixels are the greatest, the
implementations give different gradients, NaN among them. Answers judged, and the greatest ratio of an error to its bound:

{by_operation}

{by_implementation}
"""


def by(
    rows: str, names: Sequence[str], seen: Sequence[Seen], key: Callable[[Seen], Hashable], dtypes: Sequence[str] = FLOATS
) -> list[tuple[str, ...]]:
    """A table of answers and greatest ratios, with one column for each dtype."""
    cells = _grouped(seen, lambda s: (key(s), s.dtype))
    table = [(rows, *dtypes)]
    for name in names:
        table.append((name, *(_cell(cells.get((name, dtype), [])) for dtype in dtypes)))
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
    overflowing, undefined = (sum(s.verdict == "vacuous" and (s.kind in OVERFLOWING) is over for s in seen) for over in (True, False))
    asked = f"{count:,} random cases, each answered by {EACH} of {len(IMPLEMENTATIONS)} right implementations"
    nothing = f", {undefined:,} gradients that exist nowhere" if undefined else ""
    return f"{asked}: {len(seen):,} arrays judged, {overflowing:,} of them wholly overflowing{nothing}, {_alarms(seen):,} alarms."


def searched_page(count: int, seen: Sequence[Seen]) -> str:
    """What came of the cases that a search makes up."""
    names = {"by_operation": sorted({s.operation for s in seen}), "by_implementation": [i.name for i in IMPLEMENTATIONS]}
    keys: dict[str, Callable[[Seen], Hashable]] = {"by_operation": lambda s: s.operation, "by_implementation": lambda s: s.implementation}
    tables = {part: "\n".join(markdown(by(part[3:], rows, seen, keys[part], DTYPES))) for part, rows in names.items()}
    return SEARCHED.format(summary=summary(count, seen), **tables)


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
    parser.add_argument("--searched", type=int, default=40_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--markdown", action="store_true", help="write a page, not a table")
    asked = parser.parse_args()
    seen, also = (_all(n, asked.seed, asked.processes, drawn) for n, drawn in ((asked.cases, cases), (asked.searched, searched)))
    for s in [s for s in (*seen, *also) if s.alarm][:20]:
        print(s.alarm, file=sys.stderr)
    words, more = summary(asked.cases, seen), searched_page(asked.searched, also) if also else ""
    if asked.markdown:
        tables = {
            "by_implementation": by("implementation", [i.name for i in IMPLEMENTATIONS], seen, lambda s: s.implementation),
            "by_kind": by("numbers", ADDED, seen, lambda s: s.kind),
            "by_terms": by_terms(seen),
        }
        print(PAGE.format(summary=words, searched=more, **{name: "\n".join(markdown(rows)) for name, rows in tables.items()}), end="")
    else:
        print(*plain(every_row(seen)), words, more, sep="\n")
    return int(any(s.alarm for s in (*seen, *also)))


def _all(count: int, seed: int, processes: int, drawn: Callable[[int], Iterator[Case]]) -> list[Seen]:
    parts = [(count // processes, seed + part, drawn) for part in range(processes)]
    if processes == 1:
        return _part(*parts[0])
    with Pool(processes) as pool:
        return [s for part in pool.starmap(_part, parts) for s in part]


def _part(count: int, seed: int, drawn: Callable[[int], Iterator[Case]]) -> list[Seen]:
    return list(examined(count, seed, drawn))


if __name__ == "__main__":
    sys.exit(main())
