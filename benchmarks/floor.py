"""The floor: one runtime's texts called natively, as often as a run calls them, with nothing around them.

    python benchmarks/floor.py JOBS.json        {"glue": …, "jobs": [{"text", "dtype", "x", "y", "w", "calls"}, …], "batch": 64}

Prints CPU and wall seconds of the import and of the calls, and the peak memory in MiB, as JSON.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np


def main(path: str) -> None:
    told = json.loads(Path(path).read_text())
    began = clock()
    glue: dict[str, Any] = {}
    exec(told["glue"], glue)
    glue["version"]()
    imported = clock()
    for start in range(0, len(told["jobs"]), told["batch"]):
        batch = told["jobs"][start : start + told["batch"]]
        (_together if "together" in glue else _one_by_one)(batch, glue)
        if "forget" in glue:
            glue["forget"]()
    ended = clock()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    spent = {"import": [b - a for a, b in zip(began, imported)], "bare": [b - a for a, b in zip(imported, ended)], "peak": peak}
    print(json.dumps(spent))


def clock() -> tuple[float, float]:
    """CPU and wall seconds."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime, time.monotonic()


def _one_by_one(batch: list[dict[str, Any]], glue: dict[str, Any]) -> None:
    for job in batch:
        with suppress(Exception):
            f, args, g = _prepared(job, glue)
            for _ in range(job["calls"]):
                for output in glue["answers"](f, args, g):
                    glue["numpy"](output)


def _together(batch: list[dict[str, Any]], glue: dict[str, Any]) -> None:
    prepared = []
    for job in batch:
        with suppress(Exception):
            prepared.append(_prepared(job, glue))
    with suppress(Exception):
        call = glue["together"]([f for f, _, _ in prepared])
        for _ in range(max(job["calls"] for job in batch)):
            for outputs, _error in call([(args, g) for _, args, g in prepared]):
                for output in outputs:
                    glue["numpy"](output)


def _prepared(job: dict[str, Any], glue: dict[str, Any]) -> tuple[Any, list[Any], Any]:
    scope: dict[str, Any] = {}
    exec(job["text"], scope)
    x, g, *w = (glue["array"](np.ones(shape), job["dtype"]) for shape in (job["x"], job["y"], *job["w"]))
    return scope["f"], [x, *w], g


if __name__ == "__main__":
    main(sys.argv[1])
