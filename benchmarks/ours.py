"""One run, measured from inside: its own CPU seconds, those of its workers, the wall clock, the first verdicts, the peaks of memory.

    python -m benchmarks.ours SUITE|transposes:N RUNTIME,… [--floor FOLDER | --one-draw]

With --floor it asks nothing, but writes for each runtime what benchmarks/floor.py wants. With --one-draw each program is run on one draw
(twice, so that a result that does not repeat is seen), by one process at a time.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

BEGAN = time.monotonic()

from backends import named  # noqa: E402
from benchmarks.configurations import transposes  # noqa: E402
from verify.execute.early import Early  # noqa: E402
from verify.plan.prove import prove_all  # noqa: E402
from verify.plan.suites import SUITES, cases  # noqa: E402
from verify.run import Run  # noqa: E402

ONE_DRAW: dict[str, Any] = {"confidence": 1, "cores": 1}


def main(what: str, runtimes: str, *more: str) -> None:
    kind, _, count = what.partition(":")
    first: dict[str, float] = {}
    backends = [b for name in runtimes.split(",") for b in named(name)]
    with Early(most=0 if more[:1] == ("--floor",) else os.cpu_count() or 1) as early:
        for backend in backends:
            early.begin(backend)
        asked = cases(kind) if kind in SUITES else transposes(int(count))
        run = Run(
            asked, backends, suite={"name": what}, prove=prove_all if kind in SUITES else None, start=early.start,
            soon=lambda backend: early.begin(backend, batch_flags=False), **(ONE_DRAW if more == ("--one-draw",) else {}),
            watch=lambda runtime, doing, done: doing == "running" and first.setdefault(runtime, time.monotonic() - BEGAN) and None,
        )  # fmt: skip
        if more[:1] == ("--floor",):
            write_jobs(run, Path(more[1]))
            return
        report = run.go()
    own, workers = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(json.dumps({
        "cases": report.summary.cases, "asked": report.summary.results, "unexpected": report.summary.unexpected,
        "own": own.ru_utime + own.ru_stime, "workers": workers.ru_utime + workers.ru_stime, "wall": time.monotonic() - BEGAN,
        "first": first, "peak": own.ru_maxrss / 1024, "host_peak": workers.ru_maxrss / 1024,
    }))  # fmt: skip


def write_jobs(run: Run, folder: Path) -> None:
    """The texts as they would be sent, and how often each would be called."""
    for ran in run.ran.values():
        jobs = [
            {"text": job.text, "dtype": job.dtype, "x": job.x, "y": job.y, "w": job.w, "calls": 1 + job.draws}
            for job in run._open(ran)
            if job.check == "values"
        ]
        (folder / f"{ran.backend.name}.json").write_text(json.dumps({"glue": ran.backend.runtime.glue, "jobs": jobs, "batch": 64}))


if __name__ == "__main__":
    main(*sys.argv[1:])
