"""docs/ratios.md: of every dtype, number of terms and runtime the greatest share of the bound that was taken."""

from __future__ import annotations

from tests.sample_reports import BOTH, record, report
from tools.ratios import page
from verify.record import Rounding


def test_the_greatest_ratio_of_each_row_and_runtime() -> None:
    made = page(report([
        record(BOTH, data="normal", rounding=Rounding(ratio=0.25, terms=3)),
        record(BOTH, output="dx", data="wide", rounding=Rounding(ratio=0.5, terms=4)),
        record(BOTH, "right", "imprecise", data="normal", rounding=Rounding(ratio=None, terms=4)),
        record(BOTH, output="dw", data="normal", dtype="float16", rounding=Rounding(ratio=0.125, terms=37)),
        record(BOTH, output="dw", data="subnormal", rounding=Rounding(ratio=0.9, terms=4)),
        record(BOTH, "right", "differ", output="dx", data="normal", rounding=Rounding(ratio=7, terms=4)),
        record(),
    ]))  # fmt: skip
    rows = [line for line in made.splitlines() if line.startswith("| float")]
    assert rows == ["| float32 | 3–4 | 0.5 of 2 | inf of 1 |", "| float16 | over 36 | 0.12 of 1 |  |"]
    assert "in the suite `quick`" in made
    assert "left: lib 1.0; right: lib 1.0. CPU: a CPU." in made
