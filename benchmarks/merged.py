"""A run of many results put together from its store, as `concordant merge` does: seconds and memory, nothing is run.

    python -m benchmarks.merged [CASES]

Each case has three results on PyTorch, of which all agree.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

from backends import named
from benchmarks.configurations import transposes
from benchmarks.soak import resident
from verify.judge.judge import Judgement
from verify.plan.plan import Plan
from verify.record import save
from verify.run import Run
from verify.store import Store, Told

TEXT = "layer = nn.ConvTranspose2d(2, 3, (3, 2), stride=(2, 1), bias=False)\n\n\ndef f(x, w):\n    return layer(x)  # case "


def main(count: str = "10000") -> None:
    cases = transposes(int(count))
    plan = Plan(backends=["torch"], runtimes=["torch"], texts=[])
    vars(plan)["cases"] = cases
    with tempfile.TemporaryDirectory() as name, Store.begun(Path(name), plan, {}) as store:
        agree = [Judgement(output, "agree") for output in ("y", "dx", "dw")]
        store.tell("torch", Told(installed={"torch": "2.13.0"}, versions={"torch": "2.13.0"}, environment={}))
        for i, case in enumerate(cases):
            store.keep("torch", repr(case), f"{TEXT}{i}", agree)
        began, before = time.monotonic(), resident("self")
        run = Run(cases, named("torch"), suite={"name": "merged"}, store=store, place={})
        report = run.put_together()
        made = resident("self")
        save(report, Path(name, "report.json"))
        size = Path(name, "report.json").stat().st_size >> 20
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"{len(report.records):,} results in {time.monotonic() - began:.0f} s, report.json {size} MiB")
    print(f"memory: {before} MiB with the cases, {made} MiB with the report, {peak} MiB at most")


if __name__ == "__main__":
    main(*sys.argv[1:])
