"""How much of its rounding bound each runtime takes: docs/ratios.md, from a report.

python -m tools.ratios REPORT
"""

from __future__ import annotations

import sys
from collections import defaultdict
from textwrap import dedent

from verify.grouping import is_mode
from verify.record import Report, load
from verify.report.pages import versions

BINS = (1, 2, 4, 9, 16, 36, 1 << 30)
"""Upper ends of the numbers of terms that share a row."""


def page(report: Report) -> str:
    """Markdown: by dtype and number of terms, the greatest error divided by its bound, for each runtime."""
    greatest: dict[tuple[str, int, str], list[float]] = defaultdict(list)
    for r in report.records:
        if r.rounding and r.data != "subnormal" and r.verdict in ("agree", "imprecise"):
            ratio = float("inf") if r.rounding.ratio is None else r.rounding.ratio
            greatest[r.dtype, next(i for i, n in enumerate(BINS) if r.rounding.terms <= n), r.runtime].append(ratio)
    runtimes = [name for name, r in report.runtimes.items() if r.status == "ran" and not is_mode(name)]
    rows = "\n".join(
        f"| {dtype} | {_terms(i)} | " + " | ".join(_cell(greatest[dtype, i, name]) for name in runtimes) + " |"
        for dtype in ("float64", "float32", "float16", "bfloat16")
        for i in range(len(BINS))
        if any(greatest[dtype, i, name] for name in runtimes)
    )
    head = f"| dtype | terms | {' | '.join(runtimes)} |\n|---|---|{'---|' * len(runtimes)}"
    cpu, suite = report.environment.get("cpu", ""), report.suite.get("name", "")
    installed = "; ".join(f"{name}: {versions(report, name)}" for name in runtimes)
    return TEMPLATE.format(head=head, rows=rows, versions=installed, cpu=cpu, suite=suite)


def _terms(i: int) -> str:
    least, most = BINS[i - 1] + 1 if i else 1, BINS[i]
    return f"over {least - 1}" if i == len(BINS) - 1 else f"{most}" if least == most else f"{least}–{most}"


def _cell(ratios: list[float]) -> str:
    return f"{max(ratios):.2g} of {len(ratios)}" if ratios else ""


TEMPLATE = dedent("""\
    # How near rounding comes to its bound

    <!-- made by `make docs` -->

    For every case on real numbers in the suite `{suite}` (all draws but subnormal ones), the greatest error of
    any value divided by its derived bound ([how](judging.md)), by dtype and by the number of products that are added at that value; after
    "of", in how many answers it is the greatest. Over 1 is another arithmetic than the one that is promised: float16 and bfloat16
    sums that are kept in float16 and bfloat16. Each of those is a known deviation.

    {head}
    {rows}

    Versions: {versions}. CPU: {cpu}.
    """)


if __name__ == "__main__":
    print(page(load(sys.argv[1])), end="")
