"""A report as a table: one row for each record."""

from __future__ import annotations

import io
from csv import writer

from verify.printable import for_people
from verify.record import Report
from verify.report.table import COLUMNS


@for_people
def csv(report: Report) -> str:
    """With a header. A ratio that is infinite is written inf; what was not measured is empty."""
    text = io.StringIO()
    rows = writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    rows.writerows([_cell(column(r)) for column in COLUMNS.values()] for r in report.records)
    return text.getvalue()


def _cell(value: object) -> object:
    """Axes in one cell; text that a spreadsheet would take for a formula gets an apostrophe; numbers stay numbers."""
    if isinstance(value, tuple):
        return "×".join(map(str, value))
    if not isinstance(value, str) or not value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return value
    try:
        float(value)
    except ValueError:
        return f"'{value}"
    return value
