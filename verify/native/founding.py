"""`concordant compare` without a call: upsampling and a convolution, or a strided transposed convolution?"""

from __future__ import annotations

from typing import Any

from spec.families.founding import Answer, answers


def told() -> str:
    """The answer in sentences, then the numbers."""
    found = answers()
    rows = [["", "k", "A", "B", "shared", "contains A"], *(_row(one) for one in found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    table = [f"  {row[0]:<{widths[0]}}  {'  '.join(f'{text:>{n}}' for text, n in zip(row[1:], widths[1:], strict=True))}" for row in rows]
    return "\n".join((*HEAD.splitlines(), "", *table, "", *TAIL.splitlines()))


HEAD = """\
A  upsamples by 2 (nearest), then convolves with stride 1 and "same" padding.
B  is a transposed convolution with stride 2.

Neither is the other. With free k × k kernels both express linear maps of k² dimensions. They share (k − 1)² of them, and neither contains
the other. Give B one pixel more, k + 1, at the same convention: then it contains A, with A's kernel filtered by a 2 × 2 box."""

TAIL = """\
Dimensions of the spaces of linear maps, ranks over the rationals, on 8 × 8 pixels and one channel. They hold at every length
from 3 on: longer ones than were tried have no other phases and borders.
More: concordant compare 'A' 'B' --family --input SHAPE; docs/claims.md"""


def _row(one: Answer) -> list[str]:
    (a, b), wide = one.relation.dimensions, one.wide
    contains = f"B with {wide}{', flipped' * one.flipped}{', box-filtered' * one.boxed}" if wide else "no B found"
    return [one.convention, str(one.k), str(a), str(b), str(one.relation.overlap), contains]


def data() -> dict[str, Any]:
    """As JSON has it."""
    return {
        "answers": [
            {
                "convention": one.convention, "kernel": one.k, "dimensions": list(one.relation.dimensions), "overlap": one.relation.overlap,
                "relation": one.relation.word, "wider": one.wide, "box_filtered": one.boxed, "flipped": one.flipped,
            }
            for one in answers()
        ]
    }  # fmt: skip
