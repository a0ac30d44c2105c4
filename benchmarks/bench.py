"""Every limit of docs/benchmarks.md, measured in one go, and the page written anew.

    python -m benchmarks.bench [ROW …]        rows: quick, hand, jax, reference, growth, nodes, polygraphy

Times depend on the machine and on what else it does; the ratios are of figures taken side by side. Each is a median of REPEATS.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from backends import Runtime, found

HOME = Path(__file__).parent.parent
CORES = len(os.sched_getaffinity(0))
REPEATS = int(os.environ.get("REPEATS", "3"))
SIX = ("torch", "tensorflow", "jax", "keras-torch", "keras-tensorflow", "keras-jax")


@dataclass
class Row:
    """One line of the page: what was measured, and the most it may be (or the least)."""

    what: str
    measured: float
    limit: float
    at_least: bool = False
    of: str = ""
    """The figures behind it."""

    @property
    def kept(self) -> bool:
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit


def python(*arguments: str, environment: dict[str, str] | None = None) -> tuple[str, float, float]:
    """(what it printed, CPU seconds, wall seconds)"""
    began = time.monotonic()
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(
            [sys.executable, *arguments], cwd=HOME, stdout=out, stderr=subprocess.DEVNULL,
            env={**os.environ, "CONCORDANT_CACHE": "0", **(environment or {})},
        )  # fmt: skip
        _, _, used = os.wait4(process.pid, 0)
        out.seek(0)
        return out.read(), used.ru_utime + used.ru_stime, time.monotonic() - began


def floor(jobs: Path, runtime: Runtime, *, batch_flags: bool = True) -> dict[str, Any]:
    """What benchmarks/floor.py prints, in the environment that a batch is run in."""
    environment = {**runtime.environment, **(runtime.batch_flags if batch_flags else {})}
    said, _, _ = python("benchmarks/floor.py", str(jobs), environment=environment)
    return json.loads(said)


def ours(what: str, *runtimes: str, how: tuple[str, ...] = ()) -> dict[str, Any]:
    return json.loads(python("-m", "benchmarks.ours", what, ",".join(runtimes), *how)[0])


def quick() -> list[Row]:
    """The suite `quick` on six runtimes, beside its texts called bare in the same number of processes."""
    backends = found()
    with tempfile.TemporaryDirectory() as name:
        folder, shares, walls, firsts, notes = Path(name), [], [], [], []
        python("-m", "benchmarks.ours", "quick", ",".join(SIX), "--floor", name)
        for _ in range(REPEATS):
            with ThreadPoolExecutor(CORES) as pool:
                bare = dict(zip(SIX, pool.map(lambda r: floor(folder / f"{r}.json", backends[r].runtime), SIX), strict=True))
            run = ours("quick", *SIX)
            imports, calls = (sum(b[part][0] for b in bare.values()) for part in ("import", "bare"))
            spent = run["own"] + run["workers"]
            shares.append(((spent - imports - calls) / calls, run["own"] / calls))
            walls.append(run["wall"] / ((imports + calls) / CORES))
            cpu = f"imports {imports:.0f} s, bare {calls:.0f} s, run {spent:.0f} s CPU"
            notes.append(f"{run['cases']} cases; {cpu}, {run['wall']:.0f} s wall")
        for runtime in SIX:
            firsts.append(ours("quick", runtime)["first"][runtime] / bare[runtime]["import"][1])
        note = notes[len(notes) // 2]
        each = ", ".join(f"{r} {f:.2f}" for r, f in zip(SIX, firsts, strict=True))
        beyond = "all that a run spends beyond imports and bare calls / bare backend CPU"
        return [
            Row("verifier's CPU in its own process / bare backend CPU", median(own for _, own in shares), 0.15, of=note),
            Row(beyond, median(whole for whole, _ in shares), 0.15, of=note),
            Row("wall / ((imports + bare CPU) / cores)", median(walls), 1.25, of=note),
            Row("first result / that runtime's import, the worst of six", max(firsts), 1.5, of=each),
        ]


def hand() -> list[Row]:
    """1,000 transposed convolutions on torch, JAX and TensorFlow: forward only by hand; with both gradients and all draws by us."""
    ratios, notes = [], []
    for _ in range(REPEATS):
        by_hand = python("-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore", "benchmarks/handwritten.py")[2]
        run = ours("transposes:1000", "torch", "jax", "tensorflow")
        ratios.append(run["wall"] / by_hand)
        notes.append(f"by hand {by_hand:.0f} s, run {run['wall']:.0f} s")
    return [Row("wall / hand-written pytest on the same 1,000 cases", median(ratios), 0.6, of=notes[len(notes) // 2])]


def jax() -> list[Row]:
    """128 transposed convolutions: sharing a jit, against one jit each at default flags."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        python("-m", "benchmarks.ours", "transposes:128", "jax,keras-jax", "--floor", name)
        for runtime, limits in (("jax", ((True, 0.1), (False, 0.7))), ("keras-jax", ((True, 0.3),))):
            shared, path = Path(name, f"{runtime}.json"), Path(name, "alone.json")
            path.write_text(json.dumps({**json.loads(shared.read_text()), "batch": 1}))
            asked = found()[runtime].runtime
            alone = [floor(path, asked, batch_flags=False)["bare"][0] for _ in range(REPEATS)]
            for batch_flags, limit in limits:
                together = [floor(shared, asked, batch_flags=batch_flags)["bare"][0] for _ in range(REPEATS)]
                flags = "cheap" if batch_flags else "default"
                of = f"{median(alone) / 128 * 1000:.0f} ms alone, {median(together) / 128 * 1000:.0f} ms shared"
                what = f"{runtime} CPU per ConvTranspose, 64 to a jit at {flags} flags / one jit each"
                rows.append(Row(what, median(together) / median(alone), limit, of=of))
    return rows


def reference() -> list[Row]:
    """y and both gradients by definition, beside the same by PyTorch, warm, in float32."""
    one_thread = {"OPENBLAS_NUM_THREADS": "1"}  # as a run computes references
    said = [python("-m", "benchmarks.definition", environment=one_thread)[0] for _ in range(REPEATS)]
    found = [[float(line) for line in text.split()] for text in said]
    return [
        Row("reference CPU / warm float32 call, tiny", median(t for t, _ in found), 15),
        Row("reference CPU / warm float32 call, 64 channels of 64 × 64", median(t for _, t in found), 3),
    ]


def growth() -> list[Row]:
    """More and more cases on three runtimes, each in a run of its own."""
    rows = []
    for runtime in ("torch", "jax", "tensorflow"):
        runs = {n: ours(f"transposes:{n}", runtime) for n in (100, 1000, 10000)}
        of = "; ".join(
            f"{n:,}: {r['wall']:.0f} s, parent {r['own']:.0f} s CPU and {r['peak']:.0f} MiB, worker {r['host_peak']:.0f} MiB"
            for n, r in runs.items()
        )
        grown = runs[10000]["host_peak"] / runs[1000]["host_peak"]
        rows.append(Row(f"{runtime}: worker memory at 10,000 cases / at 1,000", grown, 1.3, of=of))
    return rows


def nodes() -> list[Row]:
    """ONNX's own node tests of the family through ONNX Runtime, for comparison; no limit is set."""
    said = python("-m", "benchmarks.nodes")[0].split()
    count, wall = int(said[0]), float(said[1])
    what = "ONNX backend node tests of the family through ONNX Runtime, a second"
    return [Row(what, count / wall, 0, at_least=True, of=f"{count} tests in {wall:.1f} s")]


def polygraphy() -> list[Row]:
    """Two ONNX Runtime runners on one-node ConvTranspose models, warm, beside warm runs of ours: of the same work, and of all of ours."""
    theirs = median(float(python("-m", "benchmarks.pairs")[0]) for _ in range(REPEATS))
    same, whole = _warm("onnxruntime", "torch:no-grad", how=("--one-draw",)), _warm("torch", "tensorflow")
    return [
        Row(f"cases a second, {what} / Polygraphy's", rate / theirs, limit, at_least=True, of=f"{rate:.0f} and {theirs:.0f} a second")
        for what, rate, limit in (("one forward pass on two runtimes", same, 5), ("gradients and all draws on two runtimes", whole, 0))
    ]


def _warm(*runtimes: str, how: tuple[str, ...] = ()) -> float:
    """Cases a second of a run, short of its start."""
    few, many = (ours(f"transposes:{n}", *runtimes, how=how)["wall"] for n in (200, 2200))
    return float(2000 / (many - few))


ROWS: dict[str, Callable[[], list[Row]]] = {f.__name__: f for f in (quick, hand, jax, reference, growth, nodes, polygraphy)}


def page(rows: dict[str, list[dict[str, Any]]]) -> str:
    """docs/benchmarks.md, short of what is written by hand below its last heading."""
    lines = ["| measured | ratio | limit | kept | figures behind it |", "|---|---|---|---|---|"]
    for row in (Row(**r) for name in ROWS for r in rows.get(name, [])):
        limit = f"{'≥' if row.at_least else '≤'} {row.limit:g}" if row.limit else "–"
        lines.append(f"| {row.what} | {row.measured:.3g} | {limit} | {'yes' if row.kept else '**no**'} | {row.of} |")
    return "\n".join(lines) + "\n"


def main(*names: str) -> None:
    """Measure the rows named, keep the others as they were."""
    kept = HOME / "docs" / "benchmarks.json"
    rows: dict[str, Any] = json.loads(kept.read_text()) if kept.exists() else {}
    for name in names or ROWS:
        rows[name] = [vars(row) for row in ROWS[name]()]
        kept.write_text(json.dumps(rows, indent=1) + "\n")
        print(page({name: rows[name]}), flush=True)
    text = HOME / "docs" / "benchmarks.md"
    head, _, rest = text.read_text().partition("<!-- measured -->\n")
    text.write_text(f"{head}<!-- measured -->\n{page(rows)}{rest[rest.index('<!-- end -->'):]}")


if __name__ == "__main__":
    main(*sys.argv[1:])
