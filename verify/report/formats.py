"""The formats in which a report is exported. Import it only to export: HTML loads a template engine."""

from __future__ import annotations

from collections.abc import Callable

from verify.record import Report
from verify.report.csv import csv
from verify.report.github import github
from verify.report.html import html
from verify.report.junit import junit
from verify.report.markdown import markdown
from verify.report.parquet import parquet

FORMATS: dict[str, Callable[[Report], str | bytes]] = {
    "html": html, "md": markdown, "junit": junit, "github": github, "csv": csv, "parquet": parquet,
}  # fmt: skip

SUFFIXES = {"html": ".html", "md": ".md", "junit": ".xml", "csv": ".csv", "parquet": ".parquet"}
"""Of the file beside the report, where no other is named. GitHub reads its commands from what a step prints."""
