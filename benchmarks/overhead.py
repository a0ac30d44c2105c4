"""What the verifier costs beside the frameworks: its own CPU seconds over those of its hosts, and the wall clock, for one suite.

    python benchmarks/overhead.py [quick|standard] [runtime …]

Absolute times depend on the machine; the ratio is what to compare, as a median of several runs.
"""

from __future__ import annotations

import resource
import sys
import time

from backends import found
from verify.cases import questions
from verify.environment import missing
from verify.prove import prove_all
from verify.run import Run


def main(suite: str = "quick", *names: str) -> None:
    chosen = [b for b in found().values() if not missing(b) and (not names or b.name in names)]
    began, wall = _cpu(resource.RUSAGE_SELF), time.monotonic()
    run = Run(questions(suite), chosen, suite={"name": suite}, proofs=prove_all())
    report = run.go()
    own, hosts = _cpu(resource.RUSAGE_SELF) - began, _cpu(resource.RUSAGE_CHILDREN)
    print(f"{suite}: {report.summary.questions} questions, {report.summary.asked} records, {len(chosen)} runtimes")
    print(f"verifier {own:.1f} s CPU, hosts {hosts:.1f} s CPU, ratio {own / hosts:.3f}; wall {time.monotonic() - wall:.1f} s")


def _cpu(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main(*sys.argv[1:])
