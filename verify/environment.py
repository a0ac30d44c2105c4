"""Where a run takes place: what is installed (found without importing any framework), and what of the machine can change an answer."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from backends import Backend

HOME = Path(__file__).parent.parent
MATTERS = ("KERAS_", "TF_", "XLA_", "JAX_", "OMP_", "MKL_", "DNNL_", "ONEDNN_", "CUDA_", "TORCH_", "ORT_")
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


def versions(backend: Backend) -> dict[str, str]:
    """The installed ones among the packages a backend needs, with their versions."""
    return _versions(backend.python or sys.executable, backend.runtime.packages)


def missing(backend: Backend) -> str:
    """Why a backend cannot run here, as a sentence; empty if it can."""
    there = versions(backend)
    absent = [name for name in backend.runtime.packages if name not in there]
    if not absent:
        return ""
    if backend.python:
        return f"{', '.join(absent)} is not installed for {backend.python}"
    return f"{', '.join(absent)} is not installed; pip install {' '.join(absent)}"


def variables() -> dict[str, str]:
    """The environment variables that can change an answer."""
    names = sorted(name for name in os.environ if name.startswith(MATTERS) and not name.startswith(ANOTHERS))
    return {name: os.environ[name].encode("utf-8", "replace").decode() for name in names}


def machine() -> dict[str, object]:
    """Python, operating system, processor, NumPy, variables."""
    return {
        "python": sys.version.split()[0],
        "os": platform.platform(),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "versions": {"numpy": np.__version__},
        "variables": variables(),
    }


def _cpu() -> str:
    try:
        with open("/proc/cpuinfo") as lines:
            return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def own_version() -> str:
    """Concordant's own version."""
    try:
        return version("concordant")
    except PackageNotFoundError:
        return "unknown"


def source_digest(backends: Iterable[Backend]) -> str:
    """Of everything that asks and judges, and of these backends' files."""
    return digest(Path(b.module.__file__) for b in backends if b.module.__file__)


def digest(files: Iterable[Path]) -> str:
    """The same, of backends that are not loaded."""
    ours = {path for name in ("spec", "backends", "verify") for path in (HOME / name).rglob("*.py")}
    theirs = {path.resolve() for path in files if path.is_file()}
    found = hashlib.sha256()
    for path in (*sorted(ours), *sorted(theirs - ours)):
        found.update(path.read_bytes())
    return found.hexdigest()[:16]


@lru_cache
def _versions(python: str, packages: tuple[str, ...]) -> dict[str, str]:
    try:
        said = subprocess.run([python, "-I", "-c", PROBE, *packages], capture_output=True, timeout=60, check=True).stdout
        return {str(k): str(v) for k, v in json.loads(said).items()}
    except (OSError, subprocess.SubprocessError, ValueError):
        return {}
