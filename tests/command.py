"""The command line as a user starts it, and a backend on NumPy alone for it to ask."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from textwrap import dedent

import pytest

import concordant as face

HOME = Path(face.__file__).parent
Ended = subprocess.CompletedProcess[str]


def concordant(*arguments: str | Path, cwd: Path = HOME, python: tuple[str, ...] = (), **environment: str) -> Ended:
    """Run it to its end; a run shrinks what it finds only where that is run for."""
    if arguments and arguments[0] == "run" and "--shrink" not in arguments:
        arguments = (*arguments, "--no-shrink")
    command = [sys.executable, *python, "-m", "concordant", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=os.environ | environment, capture_output=True, text=True, timeout=120)


def in_process(*arguments: str | Path) -> Ended:
    """The same within this process, for what ends before a worker process starts: thirty sentences need no thirty interpreters."""
    from verify.cli import app

    status, out, err = 0, StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            app([str(argument) for argument in arguments])
        except SystemExit as ended:
            status = int(ended.code or 0)
    return subprocess.CompletedProcess(arguments, status, out.getvalue(), err.getvalue())


def needs(package: str) -> pytest.MarkDecorator:
    """Skip where a package is not installed. It is not imported here, which takes seconds; a worker process will."""
    return pytest.mark.skipif(find_spec(package) is None, reason=f"no {package}")


def signals_reset() -> None:
    """Run in a started process before anything else: what a shell starts in the background inherits an ignored SIGINT."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def backend_file(folder: Path, text: str) -> Path:
    path = folder / "mine.py"
    path.write_text(dedent(text))
    return path


GLUE = """
import numpy as np

def array(a, dtype):
    return a.astype(dtype)

def numpy(t):
    return t

def dtype(t):
    return str(t.dtype)

def version():
    return {"numpy": np.__version__}

def answers(f, args, g):
    yield f(*args)
    for i, a in enumerate(args):
        basis = np.eye(a.size, dtype=a.dtype).reshape(-1, *a.shape)
        yield np.array([(g * f(*args[:i], e, *args[i + 1:])).sum() for e in basis]).reshape(a.shape)
"""
"""What a worker needs to run NumPy."""

NUMPY = f'''
import numpy as np
from backends import Code, Mode, Runtime, Unsupported

GLUE = """{GLUE}"""

IMPORTS = "import numpy as np"
RUNTIMES = {{"mine": Runtime(packages=("numpy",), glue=GLUE)}}
'''
"""A backend file on NumPy alone, short of its operations. What it does is linear in each argument, hence the gradients."""


def numpy_backend(folder: Path, body: str) -> Path:
    """One that says `body` where it is run for an Upsample by 2 in 1-D."""
    return backend_file(folder, f"{NUMPY}\n\ndef upsample(op, at):\n    return {body!r}\n")


def workers(marker: str) -> list[str]:
    """The living processes that carry a marker in their environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if marker.encode() in (path / "environ").read_bytes():
                found.append((path / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


def refused(ended: Ended, *words: str) -> None:
    """One sentence, status 2, nothing else."""
    assert ended.returncode == 2, ended.stderr
    assert ended.stdout == ""
    assert ended.stderr.startswith("concordant: ")
    assert ended.stderr.count("\n") == 1
    assert all(word in ended.stderr for word in words)
