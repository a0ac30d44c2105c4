"""How long programs take on a runtime, as ratios to the first: CPU time in one process, each in turn, round after round.

Never an absolute time: two processes, or the same one an hour later, differ by more than two programs do.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from backends import Backend
from spec.operation import Shape

LONGEST = 180.0
"""Seconds for all programs of a runtime, its import included."""
EACH = 0.4
"""CPU seconds for a program in all rounds, after it has been compiled."""

CHILD = """
import json, sys, time
import numpy as np

asked, space = json.load(sys.stdin), {}
exec(asked["glue"], space)
rng = np.random.default_rng(0)


def runs(text, shapes):
    \"\"\"A function that runs a program once, forward, and waits for its result; None if that raises.\"\"\"
    own = {}
    exec(text, own)
    args = tuple(space["array"](rng.standard_normal(shape).astype("float32"), "float32") for shape in shapes)
    call = space["together"]([own["f"]]) if "together" in space else None

    def run():
        if call is None:
            return space["numpy"](next(iter(space["answers"](own["f"], args, None))))
        ((_, error),) = call([(args, None)])
        if error is not None:
            raise error

    try:
        run()
    except Exception:
        return None
    return run


def seconds(run, times):
    begin = time.process_time()  # of the processor: other work on the machine counts for nothing
    for _ in range(times):
        run()
    return (time.process_time() - begin) / times


every = [runs(text, shapes) for text, shapes in asked["programs"]]
ready = [run for run in every if run]
once = [max(1e-6, min(seconds(run, 1) for _ in range(4))) for run in ready]
times = [max(1, min(100, int(0.004 / one))) for one in once]
rounds = max(5, min(41, int(asked["each"] / max(one * n for one, n in zip(once, times)))))
order = list(range(len(ready)))
found = [[] for _ in ready]
for i in range(rounds):
    for j in order if i % 2 else reversed(order):
        found[j].append(seconds(ready[j], times[j]))
print()
found = iter(found)
print(json.dumps([next(found) if run else None for run in every]), flush=True)
"""


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """Time of a program / time of the first: the median of all rounds, and the quartiles."""

    median: float
    low: float
    high: float


class NotTimed(Exception):
    """The programs could not be timed. The message says why."""


def ratios(backend: Backend, programs: Sequence[tuple[str, Sequence[Shape]]]) -> list[Ratio | None]:
    """Of programs that define `f`, each with the shapes it takes, forward, in float32; None of one that raises.

    Raises NotTimed.
    """
    asked = {"glue": backend.runtime.glue, "programs": programs, "each": EACH}
    try:
        ended = subprocess.run(
            [backend.python or sys.executable, "-c", CHILD], input=json.dumps(asked), capture_output=True, text=True, timeout=LONGEST,
            env={**os.environ, **backend.runtime.environment}, cwd=tempfile.gettempdir(), check=False,
        )  # fmt: skip
        found = json.loads(ended.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired:
        raise NotTimed(f"not within {LONGEST:g} s") from None
    except (IndexError, ValueError, OSError):
        raise NotTimed("the process that was to time them ended early") from None
    if not found[0]:
        raise NotTimed("the first program raises an error there")
    return [_ratio(np.array(own) / np.array(found[0])) if own else None for own in found]


def _ratio(rounds: np.ndarray) -> Ratio:
    low, median, high = map(float, np.quantile(rounds, (0.25, 0.5, 0.75)))
    return Ratio(median=median, low=low, high=high)
