"""Environments for other versions of a framework: `keras-torch@3.14.0`. Made once with pip, kept in the user's cache.

An environment holds the version that was asked for and what that needs. Whatever else the runtime wants (Keras's engine) it takes from the
interpreter that runs Concordant, whose folder of packages comes last on its path: so torch stays the one that is installed.
"""

from __future__ import annotations

import json
import shutil
import site
import subprocess
import sys
import sysconfig
from pathlib import Path

from backends import Backend, BadBackend, environments
from verify.execute.environment import HOME

SECONDS = 1800.0
"""What pip may take."""


def made(backend: Backend) -> Path:
    """The interpreter of a runtime in another version, in an environment that is made if there is none. Raises BadBackend."""
    folder = environments() / runtime_name(backend)
    python = folder / "bin" / "python"
    if (folder / "complete").exists():
        return python
    shutil.rmtree(folder, ignore_errors=True)
    wanted = list(backend.runtime.install)
    needed = _needed(wanted)
    print(f"concordant: making an environment for {folder.name}: {needed} into {folder}", file=sys.stderr, flush=True)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _ran([sys.executable, "-m", "venv", "--without-pip", str(folder)], backend)
    except OSError as error:
        raise BadBackend(f"{folder} cannot be made: {error.strerror}") from None
    inside = _packages(folder)
    _ran([*_pip(), "install", "--target", str(inside), *wanted], backend)
    (inside / "others.pth").write_text("\n".join(_others()) + "\n")
    (folder / "complete").touch()
    return python


def runtime_name(backend: Backend) -> str:
    """`keras-torch@3.14.0:jit` → `keras-torch@3.14.0`."""
    return backend.name.partition(":")[0]


def kept() -> dict[str, int]:
    """The environments that there are, and the bytes that each takes."""
    folder = environments()
    found = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    return {path.name: sum(f.lstat().st_size for f in path.rglob("*") if f.is_file()) for path in found}


def removed(name: str) -> None:
    """Remove an environment. Raises BadBackend if there is none of that name."""
    if name not in kept():
        there = ", ".join(kept()) or "none"
        raise BadBackend(f"there is no environment {name!r}; there are: {there}")
    shutil.rmtree(environments() / name)


def _pip() -> list[str]:
    return [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input"]


def _needed(wanted: list[str]) -> str:
    """What pip would install, as a phrase. Raises BadBackend if it cannot."""
    done = _ran([*_pip(), "install", "--dry-run", "--ignore-installed", "--report", "-", *wanted], None)
    try:
        more = len(json.loads(done)["install"]) - len(wanted)
    except (ValueError, KeyError, TypeError):
        more = 0
    return " ".join(wanted) + (f" and {more} packages that it needs" if more > 0 else "")


def _ran(command: list[str], backend: Backend | None) -> str:
    """Standard output of a command. Raises BadBackend with its last words."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise BadBackend(f"{command[2]} did not end in {SECONDS:g} s; run it by hand: {' '.join(command)}") from None
    if done.returncode:
        if backend:
            shutil.rmtree(environments() / runtime_name(backend), ignore_errors=True)
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.strip().splitlines() or ["no words"]
        what = " ".join(word for word in command if "==" in word) or "an environment"
        raise BadBackend(f"pip cannot install {what}: {said[-1].removeprefix('ERROR: ')[:300]}")
    return done.stdout


def _packages(folder: Path) -> Path:
    return Path(sysconfig.get_path("purelib", "venv", vars={"base": str(folder)}))


def _others() -> list[str]:
    """Where this interpreter has its packages."""
    ours = {str(HOME)}
    return [path for path in dict.fromkeys([*site.getsitepackages(), sysconfig.get_path("purelib")]) if path not in ours]


