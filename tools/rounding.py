"""docs/rounding.md: what fast convolutions cost in rounding. Each is exact in fractions (spec/theorems/fast.py); here it runs in float32.

The numbers are normal. An error is divided by the bound to which the judge holds a sum of that many products, so that 1 is the border
between a rounding error and a wrong result. Products and sums are written out element by element: no library chooses their order.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spec import parse_case
from spec.operation import Array
from spec.theorems.fast import F2, F4
from verify.judge.reference import Reference

CHANNELS = (1, 8, 64)
SIDE = 22
"""Of the picture: 20 × 20 results, which tiles of 2 and of 4 fill."""

Algorithm = Callable[[Array, Array], Array]


def in_order(x: Array, w: Array) -> Array:
    """One product after the other."""
    m = SIDE - 2
    y = np.zeros((m, m), x.dtype)
    for c, i, j in np.ndindex(*w.shape):
        y += w[c, i, j] * x[c, i : i + m, j : j + m]
    return y


def winograd(matrices: tuple[Array, Array, Array]) -> Algorithm:
    """Winograd's algorithm on tiles of the matrices' size, summed over channels before the last transform."""
    out, kernel, image = (matrix.astype(np.float32) for matrix in matrices)
    tile, step = image.shape[1], out.shape[0]

    def run(x: Array, w: Array) -> Array:
        y = np.zeros((SIDE - 2, SIDE - 2), x.dtype)
        u = _twice(kernel, w)
        for i in range(0, SIDE - 2, step):
            for j in range(0, SIDE - 2, step):
                products = u * _twice(image, x[:, i : i + tile, j : j + tile])
                total = products[0]
                for one in products[1:]:
                    total = total + one
                y[i : i + step, j : j + step] = _twice(out, total[None])[0]
        return y

    return run


def _twice(matrix: Array, tiles: Array) -> Array:
    """matrix · tile · matrixᵀ of each tile, one product after the other."""
    for axis in (1, 2):
        columns = np.moveaxis(tiles, axis, -1)
        rows = []
        for row in matrix:
            total = row[0] * columns[..., 0]
            for k in range(1, len(row)):
                total = total + row[k] * columns[..., k]
            rows.append(total)
        tiles = np.moveaxis(np.stack(rows, -1), -1, axis)
    return tiles


def fourier(x: Array, w: Array) -> Array:
    """Products of two-dimensional Fourier transforms, as long as the picture."""
    spectrum = np.fft.rfft2(x) * np.conj(np.fft.rfft2(w, (SIDE, SIDE)))
    total = spectrum[0]
    for one in spectrum[1:]:
        total = total + one
    return np.asarray(np.fft.irfft2(total, (SIDE, SIDE))[: SIDE - 2, : SIDE - 2])


HEAD = """\
# What fast convolutions cost in rounding

<!-- made by `make docs`; edit tools/rounding.py -->

Winograd's and Fourier's algorithms are [exact in fractions](theory.md). In floats they round other numbers than the sum does. Here they
compute a 3×3 convolution of normal numbers in float32, 1,600 results of each. Below: the median and the largest error, divided by the
bound to which results are held (the bound of a sum in any order). Above 1 a result is called wrong.

{table}

So a kernel that uses F(2×2, 3×3) or a Fourier transform stays within the bound of a plain sum and needs no tolerance of its own.
F(4×4, 3×3) does from a few channels on; on one channel it is far beyond it, since it adds and takes away numbers larger than the result.
With more channels the bound of the sum grows faster than what the transforms add. On whole numbers all three give results that are not
whole; that is reported as `imprecise` ([how results are judged](judging.md)).
"""

ALGORITHMS: dict[str, tuple[str, Algorithm]] = {
    "the sum, in order": ("9", in_order), "Winograd's F(2×2, 3×3)": ("4", winograd(F2)), "Winograd's F(4×4, 3×3)": ("2.25", winograd(F4)),
    "Fourier transform of the whole picture": ("of transforms", fourier),
}  # fmt: skip
"""With the products for each result and channel, those of the transforms aside."""


def shares(channels: int) -> dict[str, tuple[float, float]]:
    """Of each algorithm: the median and the greatest of all errors / their bounds, over four draws."""
    found: dict[str, list[Array]] = {name: [] for name in ALGORITHMS}
    for seed in range(4):
        case = parse_case(f"Conv(stride=(1, 1)) x=(1, {channels}, {SIDE}, {SIDE}) w=(1, {channels}, 3, 3) float32 normal seed={seed}")
        reference = Reference(case)
        x, _, (w,) = reference.drawn
        expected, bound = reference.outputs[0], reference.bounds[0]
        for name, (_, run) in ALGORITHMS.items():
            found[name].append(np.abs(run(x[0].astype(np.float32), w[0].astype(np.float32)).astype(float) - expected[0, 0]) / bound[0, 0])
    return {name: (float(np.median(rows)), float(np.max(rows))) for name, rows in found.items()}


def page() -> str:
    """The table as Markdown."""
    columns = [shares(channels) for channels in CHANNELS]
    head = " | ".join(f"{channels} channel{'s' * (channels > 1)}" for channels in CHANNELS)
    rows = [
        f"| {name} | {products} | {' | '.join('{:.2g}, {:.2g}'.format(*one[name]) for one in columns)} |"
        for name, (products, _) in ALGORITHMS.items()
    ]
    return HEAD.format(table="\n".join([f"| algorithm | products | {head} |", f"|{'---|' * (2 + len(CHANNELS))}", *rows]))


if __name__ == "__main__":
    print(page(), end="")
