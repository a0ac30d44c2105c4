"""Two reports compared, as one page that needs nothing beside it: in the style of a report's, and without a script."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup

from verify.grouping import MARKS
from verify.report.html import digest, part, template

if TYPE_CHECKING:
    from verify.report.diff import Comparison

CLASSES = {"worse": "new", "changed": "known", "better": "agree"}


def changes(comparison: Comparison, heading: str, moved: Sequence[str]) -> str:
    """The page: under this heading what moved between the two, then every change, the worst first."""
    style = part("page.css")
    by_trend = [(trend, [change for change in comparison.changes if change.trend == trend]) for trend in CLASSES]
    return template("changes.html").render(
        heading=heading, moved=moved, trends=[(trend, some) for trend, some in by_trend if some], classes=CLASSES, marks=MARKS,
        style=Markup(style), policy=f"default-src 'none'; style-src '{digest(style)}'; base-uri 'none'; form-action 'none'",
    )  # fmt: skip
