"""A hundred thousand cases to one framework: everything asked is answered, and memory stays flat.

    python -m benchmarks.soak [QUESTIONS] [RUNTIME]
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

from backends import named
from benchmarks.configurations import transposes
from verify.run import Run


def main(count: str = "100000", runtime: str = "torch") -> None:
    parent: list[int] = []
    workers: list[int] = []
    began = time.monotonic()

    def watch(runtime: str, doing: str, done: int) -> None:
        if done % 5000 == 0 and doing == "running":
            parent.append(resident("self"))
            workers.append(max((resident(pid) for pid in children()), default=0))
            memory = f"parent {parent[-1]} MiB, largest worker {workers[-1]} MiB"
            print(f"{done:>7} answered, {memory}, {time.monotonic() - began:.0f} s", flush=True)

    report = Run(transposes(int(count)), named(runtime), suite={"name": "soak"}, watch=watch).go()
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    summary = report.summary
    print(f"{summary.cases} cases, {summary.results} answers, {summary.unexpected} unexpected; peak of a worker {peak} MiB")
    sys.exit(summary.results != 3 * summary.cases or summary.unexpected > 0)


def resident(pid: str) -> int:
    """MiB in use."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize() >> 20


def children() -> list[str]:
    return " ".join(path.read_text() for path in Path("/proc/self/task").glob("*/children")).split()


if __name__ == "__main__":
    main(*sys.argv[1:])
