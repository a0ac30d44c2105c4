"""Where a run takes place: what is installed (found without importing any framework), and what of the machine can change an answer."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import signal
import subprocess
import sys
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backends import Backend

HOME = Path(__file__).parent.parent.parent
"""The folder that holds spec/, backends/ and verify/."""
MATTERS = ("ATEN_", "CONCORDANT_THREADS", "KERAS_", "TF_", "XLA_", "JAX_", "OMP_", "MKL_", "DNNL_", "ONEDNN_", "CUDA_", "TORCH_", "ORT_")
"""Beginnings of the names of environment variables that can change an answer."""
ANOTHERS = ("TF_CLI_", "TF_DATA_", "TF_LOG", "TF_PLUGIN_", "TF_TOKEN_", "TF_VAR_", "TF_WORKSPACE")
"""Terraform's share of TF_: it changes no answer and holds passwords, which a report that is passed on must not."""

PROBE = """
import importlib.metadata as m, importlib.util as u, json, sys
found = {}
for name in sys.argv[1:]:
    try:
        there = u.find_spec(name) is not None
    except (ImportError, ValueError):
        there = False
    if there:
        try:
            found[name] = m.version(name)
        except m.PackageNotFoundError:
            dists = m.packages_distributions().get(name, [])
            found[name] = m.version(dists[0]) if dists else "unknown"
print(json.dumps(found))
"""


class NotProbed(Exception):
    """It was not found out what is installed. The message says how the probe ended."""


def versions(backend: Backend) -> dict[str, str]:
    """The installed ones among the packages a backend needs, with their versions; none where that cannot be found out."""
    try:
        return _versions(backend.python or sys.executable, backend.runtime.packages)
    except NotProbed:
        return {}


def missing(backend: Backend) -> str:
    """Why a backend cannot run here, as a sentence; empty if it can."""
    if failed := not_probed(backend):
        return failed
    there = versions(backend)
    absent = [name for name in backend.runtime.packages if name not in there]
    if not absent:
        return ""
    if backend.python:
        return f"{', '.join(absent)} is not installed for {backend.python}"
    return f"{', '.join(absent)} is not installed; pip install {' '.join(absent)}"


def not_probed(backend: Backend) -> str:
    """Why it cannot be found out what is installed for a backend, as a sentence; empty if it can."""
    try:
        _versions(backend.python or sys.executable, backend.runtime.packages)
    except NotProbed as why:
        packages = ", ".join(backend.runtime.packages)
        return f"{packages} could not be probed: {why}; run again, or try {backend.python or sys.executable} by hand"
    return ""


def variables() -> dict[str, str]:
    """The environment variables that can change an answer."""
    names = sorted(name for name in os.environ if name.startswith(MATTERS) and not name.startswith(ANOTHERS))
    return {name: os.environ[name].encode("utf-8", "replace").decode() for name in names}


def machine() -> dict[str, object]:
    """Python, operating system, processor, NumPy, variables."""
    import numpy as np  # which nothing else here needs

    return {
        "python": sys.version.split()[0],
        "os": platform.platform(),
        "cpu": _cpu("model name"),
        "cores": os.cpu_count(),
        "versions": {"numpy": np.__version__},
        "variables": variables(),
    }


def instructions() -> str:
    """A digest of the instructions that the processor has: what was compiled for one that has others may end a process."""
    return hashlib.sha256(_cpu("flags", "Features").encode()).hexdigest()[:16]


def _cpu(*names: str) -> str:
    """What Linux says of the processor under one of these names."""
    try:
        with open("/proc/cpuinfo") as lines:
            return next(line.split(":")[1].strip() for line in lines if line.startswith(names))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def own_version() -> str:
    """Concordant's own version."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("concordant")
    except PackageNotFoundError:
        return "unknown"


def source_digest(backends: Iterable[Backend]) -> str:
    """Of everything that asks and judges, and of these backends' files."""
    return digest(Path(b.module.__file__) for b in backends if b.module.__file__)


def digest(files: Iterable[Path], rooms: Iterable[str] = ("spec", "backends", "verify")) -> str:
    """The same, of backends that are not loaded; or of some of our three packages."""
    ours = {path for name in rooms for path in (HOME / name).rglob("*.py")}
    theirs = {path.resolve() for path in files if path.is_file()}
    found = hashlib.sha256()
    for path in (*sorted(ours), *sorted(theirs - ours)):
        found.update(path.read_bytes())
    return found.hexdigest()[:16]


@lru_cache
def _versions(python: str, packages: tuple[str, ...]) -> dict[str, str]:
    """What is found is remembered; a probe that fails is made anew."""
    try:
        done = subprocess.run([python, "-I", "-c", PROBE, *packages], capture_output=True, timeout=60)
    except subprocess.TimeoutExpired:
        raise NotProbed("no reply in 60 s") from None
    except OSError as error:
        raise NotProbed(f"{python} does not run: {error.strerror}") from None
    if done.returncode < 0:
        raise NotProbed(f"killed by {_signal(-done.returncode)}")
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise NotProbed(f"it ended with status {done.returncode}{': ' + said[-1][:300] if said else ''}")
    try:
        return {str(k): str(v) for k, v in json.loads(done.stdout).items()}
    except (ValueError, AttributeError, RecursionError):
        raise NotProbed(f"{python} did not print its packages; give the path of a python executable") from None


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
