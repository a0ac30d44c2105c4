"""How long the page of a large report takes to open and to filter in headless Chromium, and how large it is.

    python benchmarks/page.py [RECORDS]

To open: from navigation until everything is drawn. To filter: a choice or a search, until the new list is laid out; the slowest of each.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from tests.sample_reports import record, report
from verify.record import Difference, Report
from verify.report.html import html

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
    """Records as varied as a real run's: its own native text and shapes for each question, a twentieth of them wrong."""
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
    options = ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu"):
        options.add_argument(argument)
    with tempfile.TemporaryDirectory() as folder, Chrome(options=options, service=Service(shutil.which("chromedriver"))) as browser:
        page = Path(folder) / "page.html"
        page.write_text(html(large(int(count))), encoding="utf-8")
        opened = []
        for _ in range(3):
            browser.get("about:blank")
            browser.get(page.as_uri())
            opened.append(browser.execute_script("return performance.getEntriesByType('navigation')[0].duration"))
        filtered = {state: max(browser.execute_script(FILTERED, state) for _ in range(3)) for state in STATES}
        print(f"{count} records, {page.stat().st_size / 2**20:.1f} MiB; opens in {max(opened) / 1000:.2f} s")
        for state, took in filtered.items():
            print(f"{took / 1000:.3f} s  #{state}")


if __name__ == "__main__":
    main(*sys.argv[1:])
