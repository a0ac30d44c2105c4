"""Text from outside as it may be printed or written: no character in it moves a cursor, rings a bell or turns the direction of reading."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import msgspec

from verify.record import Report

T = TypeVar("T")

OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
"""C0 without tab and newline, delete, C1, what turns the direction (Unicode 15, UAX 9), separators of lines, the byte order mark."""
PERHAPS = re.compile(OBEYED.pattern + r"|\\(?:u00[01]|[bfr])")
"""What JSON holds if some text in it has such a character."""


def printable(text: str) -> str:
    """The same, with each such character as Python escapes it."""
    return OBEYED.sub(lambda found: ascii(found[0])[1:-1], text.replace("\r\n", "\n"))


def printable_report(report: Report) -> Report:
    """The same report, every text and every key of it printable."""
    if not PERHAPS.search(msgspec.json.encode(report).decode()):
        return report
    return msgspec.convert(_printable(msgspec.to_builtins(report)), Report)


def for_people(view: Callable[[Report], T]) -> Callable[[Report], T]:
    """A view that is given only what is printable."""

    @wraps(view)
    def shown(report: Report) -> T:
        return view(printable_report(report))

    return shown


def _printable(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {_printable(key): _printable(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_printable(inner) for inner in value]
    return value
