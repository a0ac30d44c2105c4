"""A report as one page that needs nothing beside it.

Records travel as columns of numbers into a table of distinct texts, which keeps 50,000 of them small; page.js draws what is asked for. What
a record holds reaches the page only as JSON that no `<` survives in, and as text nodes. A content security policy lets nothing else run.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from shlex import quote
from typing import Any

from jinja2 import Environment, FileSystemLoader, Template
from markupsafe import Markup
from msgspec import to_builtins

from spec import operations
from verify.groups import MARKS, WORST_FIRST, Interop, explanation, failures, interop, matrix, operation, standing
from verify.record import Report
from verify.reproduce import equation

HERE = Path(__file__).parent
TEXTS = ("question", "output", "dtype", "numbers", "runtime", "verdict", "reason", "native", "diagnosis", "known", "kind", "id")


def html(report: Report) -> str:
    """The page."""
    style, script = part("page.css"), part("page.js")
    score = interop(report)
    return template("page.html").render(
        report=report, score=score, failures=failures(report), matrix=matrix(report), marks=MARKS, worst_first=WORST_FIRST,
        runtimes=[name for name, r in report.runtimes.items() if r.status != "not installed"],
        theorems=sorted(report.theorems.items(), key=lambda item: (item[1].claim is None, item[1].claim or 0)),
        style=Markup(style), script=Markup(script), data=Markup(_inline(_data(report, score))),
        policy=f"default-src 'none'; style-src '{digest(style)}'; script-src '{digest(script)}'; base-uri 'none'; form-action 'none'",
    )  # fmt: skip


@lru_cache
def part(name: str) -> str:
    """A file beside this one."""
    return (HERE / name).read_text(encoding="utf-8")


@lru_cache
def template(name: str) -> Template:
    """One that escapes whatever it is given."""
    environment = Environment(loader=FileSystemLoader(HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template(name)


def _data(report: Report, score: Interop) -> dict[str, Any]:
    texts: dict[str, int] = {"": 0}
    columns: dict[str, list[Any]] = {name: [_index(texts, getattr(r, name) or "") for r in report.records] for name in TEXTS}
    columns["operation"] = [_index(texts, operation(r)) for r in report.records]
    columns["because"] = [_index(texts, explanation(r)) for r in report.records]
    columns["standing"] = [_index(texts, standing(r)) for r in report.records]
    alone = [r.kind == "case" and (r.question, r.runtime) in score.alone for r in report.records]
    columns["alone"] = [_index(texts, "alone" if one else "") for one in alone]
    used = {name: equation(kind) for name, kind in operations().items() if any(name in text for text in texts)}
    return {
        "texts": list(texts),
        "records": columns,
        "missed": _sparse((i, r.missed_probability) for i, r in enumerate(report.records)),
        "rounding": _sparse((i, r.rounding and to_builtins(r.rounding)) for i, r in enumerate(report.records)),
        "difference": _sparse((i, r.difference and to_builtins(r.difference) | {"shape": r.shape}) for i, r in enumerate(report.records)),
        "findings": [to_builtins(f) for f in report.findings],
        "known": to_builtins(report.known),
        "asked": {name: quote(r.asked or name) for name, r in report.runtimes.items()},
        "equations": {name: text for name, text in used.items() if text != name},
        "worst_first": WORST_FIRST,
    }


def _index(texts: dict[str, int], text: str) -> int:
    return texts.setdefault(text, len(texts))


def _sparse(values: Iterable[tuple[int, Any]]) -> dict[int, Any]:
    return {i: value for i, value in values if value is not None}


def _inline(data: object) -> str:
    """JSON that may stand in a script element."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def digest(text: str) -> str:
    """What a content security policy knows a style or a script by."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
