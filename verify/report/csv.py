"""A report as a table: one row for each record."""

from __future__ import annotations

import io
from csv import writer

from verify.groups import operation
from verify.record import Record, Report

COLUMNS = (
    "id", "kind", "operation", "question", "output", "shape", "dtype", "numbers", "seed", "runtime", "verdict", "known", "reason",
    "diagnosis", "missed_probability", "rounding_ratio", "rounding_terms", "wrong_values", "values", "first_wrong", "expected", "got",
    "difference_ratio", "native",
)  # fmt: skip


def csv(report: Report) -> str:
    """With a header. A ratio that is infinite is written inf; what was not measured is empty."""
    text = io.StringIO()
    rows = writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    rows.writerows([_inert(value) for value in _row(r)] for r in report.records)
    return text.getvalue()


def _row(r: Record) -> tuple[object, ...]:
    d, rounding = r.difference, r.rounding
    return (
        r.id, r.kind, operation(r), r.question, r.output, _axes(r.shape), r.dtype, r.numbers, r.seed, r.runtime, r.verdict, r.known,
        r.reason, r.diagnosis, r.missed_probability, rounding and _ratio(rounding.ratio), rounding and rounding.terms,
        d and d.count, d and d.total, d and _axes(d.first), d and d.expected, d and d.got, d and _ratio(d.ratio), r.native,
    )  # fmt: skip


def _axes(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


def _ratio(ratio: float | None) -> float:
    return float("inf") if ratio is None else ratio


def _inert(value: object) -> object:
    """Text that a spreadsheet would take for a formula gets an apostrophe; numbers stay numbers."""
    if not isinstance(value, str) or not value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return value
    try:
        float(value)
    except ValueError:
        return f"'{value}"
    return value
