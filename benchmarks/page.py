"""How long the page of a large report takes to open and to filter in headless Chromium, and how large it is.

    python benchmarks/page.py [RECORDS]

To open: from navigation until everything is drawn. To filter: a choice or a search, until the new list is laid out; the slowest of each.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.browser import Window, chromium
from tests.sample_reports import record, report
from verify.record import Difference, Report

RUNTIMES = ("torch", "tensorflow", "jax", "keras-torch", "keras-tensorflow", "keras-jax")
STATES = ("", "runtime=jax", "verdict=differ", "operation=Op7", "q=kernel+42", "q=x", "standing=new&output=dw", "alone=alone")
FILTERED = """
const began = performance.now();
history.replaceState(null, "", "#" + arguments[0]);
draw();
document.body.offsetHeight;
return performance.now() - began;
"""


def large(count: int) -> Report:
    """Records as varied as a real run's: its own native text and shapes for each case, a twentieth of them wrong."""
    return report([
        record(
            f"Op{n // 18 % 24}(kernel=({n // 18},), stride=(2,)) x=(2, 3, {n % 97}) w=(3, 2, 3) float32", RUNTIMES[n // 3 % 6],
            "differ" if n % 20 == 0 else "agree", output=("y", "dx", "dw")[n % 3], id=f"{n:012x}",
            native=f"def f(x, w):\n    x = pad(x, {n // 3})\n" + "    # what it takes to say it in this framework\n" * 6,
            reason=f"{n} of {count} values are wrong" if n % 20 == 0 else "", missed_probability=1e-10,
            difference=Difference(count=1, total=9, first=(0, 0, 1), expected="1", got="2", map=("000", "090")) if n % 20 == 0 else None,
        )
        for n in range(count)
    ])  # fmt: skip


def main(count: str = "50000") -> None:
    with tempfile.TemporaryDirectory() as folder, chromium() as driver:
        window, opened = Window(driver, Path(folder)), []
        for _ in range(3):
            window.open(large(int(count)))
            opened.append(window.run("return performance.getEntriesByType('navigation')[0].duration"))
        filtered = {state: max(window.run(FILTERED, state) for _ in range(3)) for state in STATES}
        size = (Path(folder) / "page.html").stat().st_size
    print(f"{count} records, {size / 2**20:.1f} MiB; opens in {max(opened) / 1000:.2f} s")
    for state, took in filtered.items():
        print(f"{took / 1000:.3f} s  #{state}")


if __name__ == "__main__":
    main(*sys.argv[1:])
