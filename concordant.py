"""Concordant states each operation once, asks every framework to compute it, and says exactly who agrees.

    concordant run            from the command line
    import concordant         from Python: assert_agrees, check; parse_case, Run, load, Report
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

HOME = Path(__file__).resolve().parent
FIRST_WORDS = {"spec": "Each operation stated once", "backends": "How each framework says", "verify": "Asks, judges, explains, reports"}
"""Of the three packages' docstrings. An installer lets another distribution write over a package of the same name."""

if __name__ == "__main__" and not sys.flags.safe_path and Path(sys.path[0]).resolve() != HOME:
    # `python -m concordant` puts the working folder first, where a folder called `spec` may stand; an editable install is found by a hook
    # that comes after all folders, so that ours must be named before it
    sys.path += [str(HOME), sys.path.pop(0)]


def _intruder() -> str | None:
    """A sentence if another `spec`, `backends` or `verify` would be imported instead of ours."""
    for name, words in FIRST_WORDS.items():
        found = importlib.util.find_spec(name)
        places = [found.origin and str(Path(found.origin).parent), *(found.submodule_search_locations or ())] if found else []
        where = next((Path(place).resolve() for place in places if place), None)
        if where != HOME / name:
            there = f"{where} has taken its place" if where else "it is missing"
            return f"the package {name!r} should be {HOME / name}, but {there}; install concordant in an environment of its own"
        if not _is_ours(HOME / name / "__init__.py", words):
            again = "install concordant anew, in an environment of its own"
            return f"{HOME / name / '__init__.py'} is another package's: it was written over ours; {again}"
    return None


def _is_ours(file: Path, words: str) -> bool:
    try:
        with open(file, "rb") as source:
            return source.read(200).startswith(f'"""{words}'.encode())
    except OSError:
        return False


def _refuse(sentence: str) -> NoReturn:
    if "pytest" in sys.modules:
        raise ImportError(sentence)
    print(f"concordant: {sentence}", file=sys.stderr)
    raise SystemExit(2)


def _install(name: str, package: str) -> str:
    return f"it needs {name}, which is not installed; {sys.executable} -m pip install {package}"


if TYPE_CHECKING:
    from concordant_testing import Disagreement as Disagreement
    from concordant_testing import assert_agrees as assert_agrees
    from concordant_testing import check as check
    from spec import Case as Case
    from spec import parse as parse
    from spec import parse_case as parse_case
    from verify.record import Report as Report
    from verify.record import load as load
    from verify.run import Run as Run

PLACES = {
    "assert_agrees": "concordant_testing", "check": "concordant_testing", "Disagreement": "concordant_testing",
    "Case": "spec", "parse": "spec", "parse_case": "spec", "Report": "verify.record", "load": "verify.record", "Run": "verify.run",
}  # fmt: skip
"""Where each name is, imported when it is first wanted: `assert_agrees` and `check` work beside packages of yours that are called spec,
backends or verify; the others need ours in their places."""

__all__ = ["Case", "Disagreement", "Report", "Run", "assert_agrees", "check", "load", "main", "parse", "parse_case"]


def __getattr__(name: str) -> Any:
    if name not in PLACES:
        raise AttributeError(f"module 'concordant' has no attribute {name!r}")
    return getattr(_imported(PLACES[name]), name)


def _imported(module: str) -> ModuleType:
    if module.partition(".")[0] in FIRST_WORDS and (sentence := _intruder()):
        _refuse(sentence)
    with _nothing_lacking():
        return importlib.import_module(module)


@contextmanager
def _nothing_lacking() -> Iterator[None]:
    """A sentence if a module is not there that ours import."""
    try:
        yield
    except ImportError as lacking:
        name = str(lacking.name)
        if name.partition(".")[0] in FIRST_WORDS:
            _refuse(f"{HOME} is damaged: {lacking}; install concordant anew, in an environment of its own")
        if not isinstance(lacking, ModuleNotFoundError):
            raise
        _refuse(_install(name, {"flint": "python-flint"}.get(name, name)))


def main() -> None:
    """The console script."""
    _imported("verify.streams").prepare()
    app = _imported("verify.cli").app
    try:
        with _nothing_lacking():  # what a command needs is imported when it runs
            app()
    finally:
        sys.stdout.flush()


if __name__ == "__main__":
    main()
