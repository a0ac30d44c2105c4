"""The layers of published architectures on each runtime: docs/models.md, from a report of the suite `models`.

python -m tools.models REPORT
"""

from __future__ import annotations

import re
import sys
from textwrap import dedent

from verify.grouping import counted
from verify.record import Report, load
from verify.report.models import Cell, Row, by_model, words
from verify.report.pages import versions
from verify.report.terminal import certainty


def page(report: Report) -> str:
    """Markdown: architecture × runtime, then each known deviation that some layer meets."""
    rows, names = by_model(report), [name for name, r in report.runtimes.items() if r.status == "ran"]
    met = sorted(((one.matched, key, one.reason) for key, one in report.known.items() if one.matched), reverse=True)
    causes = "\n".join(f"- {counted(n, 'result')}: {reason} (`{key}`)" for n, key, reason in met)
    return TEMPLATE.format(
        table=table(rows, names), causes=causes, cases=report.summary.cases, results=len(report.records), models=len(rows),
        certainty="".join(f"- {line}\n" for line in certainty(report)), counts=_counts(report),
        versions="; ".join(f"{name}: {versions(report, name)}" for name in names),
        cpu=report.environment.get("cpu", ""),
    )  # fmt: skip


def table(rows: list[Row], names: list[str]) -> str:
    """A row for each architecture, a column for each runtime."""
    lines = [f"| architecture | layers | {' | '.join(names)} |", f"|---|---|{'---|' * len(names)}"]
    for row in rows:
        cells = [_cell(row.cells[name]) if name in row.cells else "" for name in names]
        lines.append(f"| {_title(row)} | {row.layers} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _title(row: Row) -> str:
    """With a link to its paper, if that is on arXiv."""
    paper = re.match(r"arXiv:([0-9.]+)", row.source)
    return f"[{row.title}](https://arxiv.org/abs/{paper[1]})" if paper else row.title


def _cell(cell: Cell) -> str:
    """`25` if all agree, else `24, 1 known`."""
    return words(cell).removesuffix(" agree").replace(" agree,", ",")


def _counts(report: Report) -> str:
    return ", ".join(f"{n:,} {verdict}" for verdict, n in report.summary.verdicts.items() if n)


TEMPLATE = dedent("""\
    # What published models run

    <!-- made by `make docs` -->

    `concordant run --suite models`: the distinct layers of {models} published architectures, {cases:,} cases. Each runtime gives y and the
    gradients that it has. A cell counts layers: a number alone says that all of them agree. A layer counts as the worst of its results.
    "known" is a known deviation, or what the framework cannot say. Channels, kernels, strides and groups are those of the papers. Lengths
    are cut, so that a layer takes seconds. `--model resnet50` runs one architecture.

    {table}

    {results:,} results: {counts}.

    {certainty}
    The known deviations that some layer meets:

    {causes}

    Versions: {versions}. CPU: {cpu}.
    """)


if __name__ == "__main__":
    sys.stdout.write(page(load(sys.argv[1])))
