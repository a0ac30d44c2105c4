"""Whether each runtime reaches its minimum agreement on each operation, and on all together (backends/minimum.py).

    python -m verify.judge.agreement REPORT.json …    the table of these reports: the least share, rounded down to a multiple of five
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Container, Iterable

from backends import runtime_of
from backends.minimum import STATES, column, of_suite
from spec.case import FLOATS
from verify.grouping import operation
from verify.record import Record, Report, load

STEP = 5
ALL = "all"

Facts = dict[str, dict[str, str]]
"""Of each runtime, what its worker processes observed."""


def everybodys(record: Record) -> bool:
    """Whether the record counts towards minimum agreement: those of float dtypes. Integers and theorems do not."""
    return record.kind == "case" and record.dtype in FLOATS


def shares(records: Iterable[Record]) -> dict[tuple[str, str], float]:
    """Of each operation and of "all", for each runtime: the percentage that agrees. Vacuous records are left out for an operation."""
    asked: Counter[tuple[str, str]] = Counter()
    right: Counter[tuple[str, str]] = Counter()
    for r in records:
        if everybodys(r):
            names = (operation(r), ALL) if r.verdict != "vacuous" else (ALL,)
            for name in names:
                asked[name, r.runtime] += 1
                right[name, r.runtime] += r.verdict == "agree"
    return {key: 100 * right[key] / n for key, n in asked.items()}


def below(records: Iterable[Record], facts: Facts, overall: float, ours: Container[str], suite: str = "quick") -> list[str]:
    """A sentence for each operation of which a runtime agrees on less than it must in that suite. `ours`: the runtimes that the table is
    about; another must reach `overall` over everything, in percent."""
    least, found = of_suite(suite), []
    for (op, runtime), share in sorted(shares(records).items(), key=lambda item: item[0][0] != ALL):
        name = column(runtime, facts.get(runtime, {})) if runtime in ours else ""
        wanted = least.get((op, name), overall if op == ALL and runtime == runtime_of(runtime) else 0)
        if share < wanted:
            what = "its results" if op == ALL else f"its results for {op}"
            found.append(f"{runtime} agrees on {share:.0f}% of {what}, less than {wanted:.0f}%")
    return found


def table(*reports: Report) -> str:
    """The text of TABLE, with a column for each state in which a runtime was run."""
    measured: dict[tuple[str, str], float] = {}
    for report in reports:
        for (op, runtime), share in shares(report.records).items():
            facts = report.runtimes[runtime].facts if runtime in report.runtimes else {}
            state = next((name for name, fits in STATES.items() if fits(facts)), "")
            key = op, f"{runtime}:{state}" if state and runtime == runtime_of(runtime) else runtime
            measured[key] = min(share, measured.get(key, share))
    columns = sorted({name for _, name in measured})
    blocks = ([name for name in columns if ":" not in name], [name for name in columns if ":" in name])
    rows = [op for op in dict.fromkeys(op for op, _ in measured) if op != ALL] + [ALL]
    return "\n\n".join(_block(measured, rows, block) for block in blocks if block)


def _block(measured: dict[tuple[str, str], float], rows: list[str], columns: list[str]) -> str:
    lines = [" " * 20 + "  ".join(columns)]
    for op in rows:
        cells = (f"{int(measured.get((op, name), 0) // STEP * STEP):>{len(name)}}" for name in columns)
        lines.append(f"{op:<20}" + "  ".join(cells))
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(*(load(path) for path in sys.argv[1:])))
