"""Each operation stated once, by its equation, on explicit integers. Knows NumPy, FLINT and mathematics; imports nothing else of ours."""

from spec.case import Case, operations, parse, parse_case
from spec.operation import Array, Hypothesis, Impossible, Operation, Shape
from spec.ops.adaptive import AdaptiveAveragePool, AdaptiveMaxPool
from spec.ops.conv import Conv, ConvTranspose
from spec.ops.lanczos import Lanczos
from spec.ops.maxpool import MaxPool, MaxUnpool
from spec.ops.pad import Pad
from spec.ops.pool import AveragePool, LpPool, SumPool
from spec.ops.rearrange import DepthToSpace, SpaceToDepth, ZeroInsert
from spec.ops.resize import Resize, Upsample
from spec.program import Program

__all__ = [
    "AdaptiveAveragePool",
    "AdaptiveMaxPool",
    "Array",
    "AveragePool",
    "Case",
    "Conv",
    "ConvTranspose",
    "DepthToSpace",
    "Hypothesis",
    "Impossible",
    "Lanczos",
    "LpPool",
    "MaxPool",
    "MaxUnpool",
    "Operation",
    "Pad",
    "Program",
    "Resize",
    "Shape",
    "SpaceToDepth",
    "SumPool",
    "Upsample",
    "ZeroInsert",
    "operations",
    "parse",
    "parse_case",
]
