"""What is installed where, found without importing any framework."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import lru_cache

from backends import Backend

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


@lru_cache
def _versions(python: str, packages: tuple[str, ...]) -> dict[str, str]:
    try:
        said = subprocess.run([python, "-I", "-c", PROBE, *packages], capture_output=True, timeout=60, check=True).stdout
        return {str(k): str(v) for k, v in json.loads(said).items()}
    except (OSError, subprocess.SubprocessError, ValueError):
        return {}
