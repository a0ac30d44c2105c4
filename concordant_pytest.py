"""The pytest plugin.

    @pytest.mark.concordant("Conv(stride=(2, 2)) x=(1, 3, 9, 9) w=(4, 3, 3, 3)", to=torch.from_numpy)
    def test_my_convolution(agrees):
        agrees(my_conv)

One test for each program; keywords are those of `concordant.check`. With `--concordant-backend FILE`, one test for each operation that a
backend file translates: the suite quick, run in worker processes.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

MARK = "concordant(program, ..., **keywords): run the test with `agrees(function)`, which checks it against each program (concordant.check)"


def pytest_addoption(parser: pytest.Parser) -> None:
    """--concordant-backend."""
    what = "A backend file (concordant new backend NAME): one test for each operation that it translates."
    parser.getgroup("concordant").addoption("--concordant-backend", action="append", default=[], metavar="FILE", help=what)


def pytest_configure(config: pytest.Config) -> None:
    """The marker."""
    config.addinivalue_line("markers", MARK)


@pytest.fixture
def agrees(request: pytest.FixtureRequest) -> Callable[[Callable[..., Any]], str]:
    """`agrees(function)` checks it against the program that the mark names."""
    if not hasattr(request, "param"):
        pytest.fail('say what to check: @pytest.mark.concordant("Conv(stride=(2,)) x=(2, 3, 9) w=(4, 3, 3)")', pytrace=False)
    program, keywords = request.param

    def agrees(function: Callable[..., Any]) -> str:
        from concordant_testing import check

        return check(function, program, **keywords)

    return agrees


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each program of a mark."""
    marks = [mark for mark in metafunc.definition.iter_markers("concordant") if "agrees" in metafunc.fixturenames]
    if marks:
        asked = [(program, mark.kwargs) for mark in reversed(marks) for program in mark.args]
        metafunc.parametrize("agrees", asked, ids=[program for program, _ in asked], indirect=True)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """The tests of backend files, before -k and -m choose."""
    for file in config.getoption("--concordant-backend"):
        items.extend(BackendItem.from_parent(session, name=f"{file}::{op}", file=file, op=op) for op in _operations(file))


def _operations(file: str) -> Iterator[str]:
    from concordant_testing import beside

    done = subprocess.run(beside("verify.testing.items", file), capture_output=True, text=True)
    if done.returncode:
        raise pytest.UsageError(done.stderr.strip().splitlines()[-1])
    yield from done.stdout.split()


class WrongResults(Exception):
    """What a run printed."""


class BackendItem(pytest.Item):
    """The cases of one operation on a backend file, in worker processes."""

    def __init__(self, *, file: str, op: str, **rest: Any) -> None:
        super().__init__(**rest)
        self.file, self.op = file, op

    def runtest(self) -> None:
        """Raises WrongResults."""
        out = self.config.rootpath / ".pytest_cache" / "concordant" / f"{Path(self.file).stem}-{self.op}"
        asked = ["--backend", self.file, "--suite", "quick", "--op", self.op, "--out", str(out)]
        command = [sys.executable, "-m", "concordant", "run", *asked]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise WrongResults(done.stdout + done.stderr)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> str:
        """What the run printed."""
        return str(excinfo.value)

    def reportinfo(self) -> tuple[str, int, str]:
        """Where it is from."""
        return self.file, 0, self.name
