"""A run of the suite `models`, counted in layers of architectures: which layer a case belongs to follows from the tables of the plan."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from verify.grouping import WORST_FIRST, standing
from verify.plan.architectures import architectures
from verify.plan.models import of_layers, without_seed
from verify.record import Record, Report

Cell = Counter[tuple[str, str]]
"""How many layers stand how, by (standing, verdict)."""


@dataclass(frozen=True)
class Row:
    """An architecture: how many distinct layers it has, and how they stand on each runtime that ran some."""

    name: str
    title: str
    source: str
    layers: int
    cells: dict[str, Cell]

    def __str__(self) -> str:
        """`ResNet-50: 25 distinct layers: torch 25 agree, keras-jax 24 agree, 1 known`."""
        return f"{self.title}: {self.layers} distinct layers: " + ", ".join(f"{name} {words(cell)}" for name, cell in self.cells.items())


def by_model(report: Report) -> list[Row]:
    """A row for each architecture of which some layer was run; none in a report of another suite. A layer that several share is counted
    for each. It stands as the worst of its results does."""
    if report.suite.get("name") != "models":
        return []
    worst = _worst(report)
    names = report.suite.get("models") or list(architectures())
    rows = []
    for name in (name for name in names if name in architectures()):
        layers = of_layers(name, full_size=bool(report.suite.get("full_size")))
        cells: dict[str, Cell] = {}
        for runtime in report.runtimes:
            stood = [[worst[text, runtime] for text in texts if (text, runtime) in worst] for texts in layers.values()]
            if any(stood):
                cells[runtime] = Counter(min(own, key=_badness) for own in stood if own)
        if cells:
            rows.append(Row(name, architectures()[name].title, architectures()[name].source, len(layers), cells))
    return rows


def words(cell: Cell) -> str:
    """`24 agree, 1 known`."""
    counts: Counter[str] = Counter()
    for (how, verdict), n in cell.items():
        counts[verdict if how == "new" else how] += n
    return ", ".join(f"{n} {word}" for word, n in sorted(counts.items(), key=lambda item: (item[0] != "agree", item[0] != "known")))


def _worst(report: Report) -> dict[tuple[str, str], tuple[str, str]]:
    """For each case, without its seed, and each runtime, how its worst result stands."""
    found: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for r in report.records:
        if r.kind == "case":
            found[without_seed(r.reduced_from or r.case), r.runtime].append(r)
    return {key: min(((standing(r), r.verdict) for r in records), key=_badness) for key, records in found.items()}


def _badness(stands: tuple[str, str]) -> tuple[int, int]:
    how, verdict = stands
    return ("new", "known", "agree").index(how), next(i for i, one in enumerate(WORST_FIRST) if one == verdict)
