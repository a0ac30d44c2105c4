"""Minimum agreement: how much each runtime must get right of each operation, in percent, whatever is a known deviation.

    python -m verify.judge.agreement REPORT.json …    the table of these reports: the least share, rounded down to a multiple of five

A known deviation that is wider than its fault would excuse what is right today; it cannot excuse falling below this. A column that ends
with :STATE is for workers that observed that state, and for the mode of that name; the runtime's plain column is for all others. A mode
without a column has no minimum: what it takes of a suite is few cases.
"""

from __future__ import annotations

import re
from collections.abc import Callable

STATES: dict[str, Callable[[dict[str, str]], bool]] = {
    "no-onednn": lambda facts: facts.get("onednn") == "off",
    "onednn-avx2": lambda facts: not re.search("AVX-512|AVX10", facts.get("onednn_isa", "AVX-512")),
}
"""What changes how much a runtime can do, as a predicate over the facts that its worker processes observed."""

TABLE = """
                    jax  keras-jax  keras-tensorflow  keras-torch  onnxruntime  tensorflow  torch
Conv                 95         90                90           90           70          85     95
ConvTranspose        85         85                80           85           70          80     95
Upsample             95         95                95           95           60          95    100
ZeroInsert          100        100               100          100          100         100    100
SumPool              95         70                60           70           60          85     85
compositions         95        100                95          100           70          95    100
AveragePool         100         85                75           80           55          80     90
MaxPool              90         85                75           85           95          75     95
DepthToSpace        100        100               100          100          100         100    100
SpaceToDepth        100        100               100          100          100         100    100
Resize               95         75                65           65           65          55     75
Lanczos              95         95                65            0            0          55      0
LpPool              100         85                80           85           40          95     95
AdaptiveAveragePool  40         80                90           80           25          40    100
AdaptiveMaxPool      50         85                75           90           30          50    100
Pad                 100         60                60           45           70          60     70
all                  85         85                85           85           70          85     85

                    keras-tensorflow:no-onednn  keras-tensorflow:onednn-avx2  tensorflow:no-onednn  tensorflow:onednn-avx2
Conv                                        90                            80                    70                      70
ConvTranspose                               65                            65                    70                      70
Upsample                                    95                            95                    95                      95
ZeroInsert                                 100                           100                   100                     100
SumPool                                     50                            50                    70                      60
compositions                                90                            85                    90                      85
AveragePool                                 75                            70                    75                      70
MaxPool                                     75                            60                    75                      60
DepthToSpace                               100                           100                   100                     100
SpaceToDepth                               100                           100                   100                     100
Resize                                      65                            65                    55                      55
Lanczos                                     65                            75                    55                      60
LpPool                                      60                            85                    75                     100
AdaptiveAveragePool                         90                            85                    40                      55
AdaptiveMaxPool                             80                            80                    50                      45
Pad                                         60                            60                    60                      60
all                                         80                            75                    75                      75
"""

STANDARD = """
                    jax  keras-jax  keras-tensorflow  keras-torch  onnxruntime  tensorflow  torch
Conv                 95         90                90           95           70          80     95
ConvTranspose        80         80                75           80           75          85     95
Upsample             95         95                95           95           60          95    100
ZeroInsert          100        100               100          100          100         100    100
SumPool              95         95                60           95           60          85     85
compositions         95        100                95          100           70          95    100
AveragePool         100        100                85           90           60          85     90
MaxPool              95         90                75           85           95          75     95
DepthToSpace        100        100               100          100          100         100    100
SpaceToDepth        100        100               100          100          100         100    100
Resize               95         80                75           70           80          70     85
Lanczos              95         95                65            0            0          55     20
LpPool              100        100                80          100           60          95     95
AdaptiveAveragePool  15         95                95           95           10          15    100
AdaptiveMaxPool      20        100                80          100           15          20    100
Pad                 100        100                70           55           80          70     80
all                  90         90                85           90           70          80     95

                    keras-tensorflow:no-onednn  tensorflow:no-onednn
Conv                                        90                    65
ConvTranspose                               60                    65
Upsample                                    95                    95
ZeroInsert                                 100                   100
SumPool                                     50                    70
compositions                                90                    90
AveragePool                                 85                    80
MaxPool                                     75                    75
DepthToSpace                               100                   100
SpaceToDepth                               100                   100
Resize                                      75                    70
Lanczos                                     65                    55
LpPool                                      60                    75
AdaptiveAveragePool                         95                    15
AdaptiveMaxPool                             85                    20
Pad                                         70                    70
all                                         80                    70
"""
"""The same for the suite `standard`, which has another mixture: more of what JAX, TensorFlow and ONNX Runtime do not offer, such as
adaptive pools, and more plain cases of the rest. Measured with oneDNN on and off; where it has AVX2 alone, the columns above apply."""

OF_FEW: dict[str, dict[tuple[str, str], int]] = {"models": {("all", "tensorflow:no-onednn"): 80}, "calls": {}}
"""Of suites with few cases of each operation: only what falls below the suite's own share over everything. Without oneDNN TensorFlow has no
gradient of grouped and dilated convolutions, and agrees on 84 % of `models`."""


def column(runtime: str, facts: dict[str, str]) -> str:
    """The name of the column that a target has, a runtime's in the state that its workers observed; empty for a mode without one."""
    if ":" in runtime:
        return runtime if runtime in TABLE.split() else ""
    state = next((name for name, fits in STATES.items() if fits(facts)), "")
    return f"{runtime}:{state}" if state and f"{runtime}:{state}" in TABLE.split() else runtime


def of_suite(suite: str) -> dict[tuple[str, str], int]:
    """The minima of a suite."""
    return OF_FEW[suite] if suite in OF_FEW else minimum() | (minimum(STANDARD) if suite == "standard" else {})


def minimum(table: str = TABLE) -> dict[tuple[str, str], int]:
    """(operation, or "all"; column) → percent."""
    found: dict[tuple[str, str], int] = {}
    for block in table.strip().split("\n\n"):
        head, *rows = (line.split() for line in block.splitlines())
        found |= {(name, column): int(percent) for name, *row in rows for column, percent in zip(head, row, strict=True)}
    return found
