"""A report as one page that needs nothing beside it.

Records travel as columns of numbers into a table of distinct texts, and texts of several lines, as code is, as numbers into one of distinct
lines, which keeps 50,000 of them small; page.js draws what is selected. What a record holds reaches the page only as JSON that no `<`
survives in, and as text nodes. A content security policy lets nothing else run.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256
from itertools import chain
from math import ceil, log2
from pathlib import Path
from shlex import quote
from typing import Any

from jinja2 import Environment, FileSystemLoader, Template
from markupsafe import Markup
from msgspec import to_builtins

from spec import operations
from verify.explain.reproduce import equation
from verify.facts import not_offered
from verify.grouping import (
    MARKS,
    WORDS,
    WORST_FIRST,
    Interop,
    by_sort,
    explanation,
    failures,
    in_words,
    interop,
    matrix,
    operation,
    outcome,
    sentence,
    standing,
)
from verify.hazards import SORTS as HAZARDS
from verify.hazards import TITLES, affected, hazards
from verify.printable import for_people
from verify.record import Report
from verify.report.hazards import core
from verify.report.models import by_model

HERE = Path(__file__).parent
TEXTS = ("case", "output", "dtype", "data", "check", "runtime", "verdict", "reason", "native", "known", "kind", "id")


@for_people
def html(report: Report) -> str:
    """The page."""
    style, script = part("page.css"), part("page.js")
    score, found = interop(report), hazards(report)
    return template("page.html").render(
        report=report, score=score, outcome=outcome(report), sorts=by_sort(report), failures=failures(report), matrix=matrix(report),
        not_offered=not_offered(report), models=by_model(report),
        marks=MARKS, worst_first=WORST_FIRST, hazards=[(TITLES[sort], own) for sort in HAZARDS if (own := found.of(sort))],
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
    environment.filters["in_words"] = in_words
    environment.filters["affected"] = affected
    environment.filters["core"] = lambda native: "\n".join(core(native))
    return environment.get_template(name)


def _data(report: Report, score: Interop) -> dict[str, Any]:
    columns: dict[str, list[str]] = {name: [getattr(r, name) or "" for r in report.records] for name in TEXTS}
    columns["operation"] = [operation(r) for r in report.records]
    columns["diagnosis"] = [sentence(r.matches) for r in report.records]
    columns["because"] = [explanation(r) for r in report.records]
    columns["standing"] = [standing(r) for r in report.records]
    columns["alone"] = ["alone" if r.kind == "case" and (r.case, r.runtime) in score.alone else "" for r in report.records]
    columns["missed"] = [_bits(r.missed_probability) for r in report.records]
    texts = _numbered(chain.from_iterable(columns.values()))
    lines = _numbered(chain.from_iterable(text.split("\n") for text in texts if "\n" in text))
    used = {name: equation(kind) for name, kind in operations().items() if any(name in text for text in texts)}
    return {
        "lines": list(lines),
        "texts": [[lines[line] for line in text.split("\n")] if "\n" in text else text for text in texts],
        "records": {name: [texts[text] for text in column] for name, column in columns.items()},
        "rounding": _sparse(r.rounding and to_builtins(r.rounding) | {"ratio": _short(r.rounding.ratio)} for r in report.records),
        "difference": _sparse(
            r.difference and to_builtins(r.difference) | {"ratio": _short(r.difference.ratio), "shape": r.shape} for r in report.records
        ),
        "findings": [to_builtins(f) for f in report.findings],
        "known": to_builtins(report.known),
        "backend": {name: quote(r.backend or name) for name, r in report.runtimes.items()},
        "equations": {name: text for name, text in used.items() if text != name},
        "worst_first": WORST_FIRST,
        "words": WORDS,
    }


def _numbered(texts: Iterable[str]) -> dict[str, int]:
    """Each of them once; what comes most often has the shortest number."""
    return {text: i for i, (text, _) in enumerate(Counter(texts).most_common())}


def _bits(probability: float | None) -> str:
    """At most this, as a power of two."""
    if probability is None:
        return ""
    return f"2^{ceil(log2(probability))}".replace("-", "−") if probability > 0 else "0"


def _sparse(values: Iterable[Any]) -> dict[int, Any]:
    return {i: value for i, value in enumerate(values) if value is not None}


def _short(number: float | None) -> float | None:
    """As many digits as are shown."""
    return None if number is None else float(f"{number:.3g}")


def _inline(data: object) -> str:
    """JSON that may stand in a script element."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def digest(text: str) -> str:
    """What a content security policy knows a style or a script by."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
