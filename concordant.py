"""Concordant states each operation once, asks every framework to compute it, and says exactly who agrees.

    concordant run            from the command line
    import concordant         from Python: parse_question, Run, load, Report
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

HOME = Path(__file__).resolve().parent


def _intruder() -> str | None:
    """A sentence if another `spec`, `backends` or `verify` would be imported instead of ours."""
    for name in ("spec", "backends", "verify"):
        found = importlib.util.find_spec(name)
        places = [found.origin and str(Path(found.origin).parent), *(found.submodule_search_locations or ())] if found else []
        where = next((Path(place).resolve() for place in places if place), None)
        if where != HOME / name:
            there = f"{where} has taken its place" if where else "it is missing"
            return f"the package {name!r} should be {HOME / name}, but {there}; install concordant in an environment of its own"
    return None


if _sentence := _intruder():
    if "pytest" in sys.modules:
        raise ImportError(_sentence)
    print(f"concordant: {_sentence}", file=sys.stderr)
    raise SystemExit(2)

from spec import Question, parse, parse_question  # noqa: E402
from verify.record import Report, load  # noqa: E402
from verify.run import Run  # noqa: E402

__all__ = ["Question", "Report", "Run", "load", "main", "parse", "parse_question"]


def main() -> None:
    """The console script."""
    from verify.cli import app

    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    app()


if __name__ == "__main__":
    main()
