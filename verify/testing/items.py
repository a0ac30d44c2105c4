"""The operations that a backend file translates, one a line: a test for each (concordant_pytest)."""

from __future__ import annotations

import sys

from backends import BadBackend, function_name, named
from spec import operations


def main(name: str) -> None:
    """Print them. One sentence and exit status 2 if it is no backend."""
    try:
        backends = named(name)
    except BadBackend as why:
        print(f"concordant: {why}", file=sys.stderr)
        raise SystemExit(2) from None
    names = [op for op in operations() if any(hasattr(backend.module, function_name(op)) for backend in backends)]
    print("\n".join(names))
