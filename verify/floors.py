"""How much each runtime must answer right of each operation, in percent: below that a run fails, known deviations or not.

    python -m verify.floors REPORT.json …        the table that these reports give: the least of them, rounded down to a multiple of five

A record in backends/known/ that is wider than its fault would excuse what is right today; it cannot excuse falling below this.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable

from spec.question import COMPILED, FLOATS
from verify.groups import operation
from verify.record import Record, load

TABLE = """
                    jax  keras-jax  keras-tensorflow  keras-torch  tensorflow  torch
Conv                 95         90                90           90          85     95
ConvTranspose        85         85                80           85          80     95
Upsample             95         95                95           95          95    100
ZeroInsert          100        100               100          100         100    100
SumPool              95         70                60           70          85     85
compositions         95        100                95          100          95    100
AveragePool         100         85                75           80          80     90
MaxPool              90         85                75           85          75     95
DepthToSpace        100        100               100          100         100    100
SpaceToDepth        100        100               100          100         100    100
Resize               95         75                65           65          55     75
Lanczos              95         95                65            0          55      0
LpPool              100         85                80           85          95     95
AdaptiveAveragePool  40         80                90           80          40    100
AdaptiveMaxPool      50         85                75           90          50    100
Pad                 100         60                60           45          60     70
"""

STEP = 5


def floors(table: str = TABLE) -> dict[tuple[str, str], int]:
    """(operation, runtime) → percent."""
    head, *rows = (line.split() for line in table.strip().splitlines())
    return {(name, runtime): int(percent) for name, *row in rows for runtime, percent in zip(head, row, strict=True)}


def everybodys(record: Record) -> bool:
    """Whether it is asked in floats and run as it is written: integers and compilers are not for everybody to have."""
    return record.kind == "case" and record.dtype in FLOATS and record.numbers not in COMPILED


def shares(records: Iterable[Record]) -> dict[tuple[str, str], float]:
    """Of each operation and runtime, the percentage that agrees of what is everybody's. What is vacuous says nothing."""
    asked: Counter[tuple[str, str]] = Counter()
    right: Counter[tuple[str, str]] = Counter()
    for r in records:
        if everybodys(r) and r.verdict != "vacuous":
            asked[operation(r), r.runtime] += 1
            right[operation(r), r.runtime] += r.verdict == "agree"
    return {key: 100 * right[key] / n for key, n in asked.items()}


def below(records: Iterable[Record]) -> list[str]:
    """A sentence for each operation of which a runtime answers less than it must."""
    least = floors()
    found = [(op, runtime, share) for (op, runtime), share in shares(records).items() if share < least.get((op, runtime), 0)]
    return [f"{runtime} agrees on {share:.0f}% of its results of {op}, less than {least[op, runtime]}%" for op, runtime, share in found]


def table(*reports: Iterable[Record]) -> str:
    """The text of TABLE."""
    measured = [shares(records) for records in reports]
    keys = {key: None for share in measured for key in share}
    runtimes = sorted({runtime for _, runtime in keys})
    lines = [" " * 20 + "  ".join(runtimes)]
    for op in dict.fromkeys(op for op, _ in keys):
        least = (min(share[op, runtime] for share in measured if (op, runtime) in share) for runtime in runtimes)
        cells = (f"{int(percent // STEP * STEP):>{len(runtime)}}" for percent, runtime in zip(least, runtimes, strict=True))
        lines.append(f"{op:<20}" + "  ".join(cells))
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(*(load(path).records for path in sys.argv[1:])))
