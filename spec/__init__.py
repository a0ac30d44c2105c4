"""Each operation stated once, by its equation, on explicit integers. Knows NumPy and mathematics; imports nothing else of ours."""

from spec.adaptive import AdaptiveAveragePool, AdaptiveMaxPool
from spec.conv import Conv, ConvTranspose
from spec.lanczos import Lanczos
from spec.maxpool import MaxPool, MaxUnpool
from spec.operation import Array, Impossible, Operation, Shape
from spec.pad import Pad
from spec.pool import AveragePool, LpPool, SumPool
from spec.program import Program
from spec.question import Question, operations, parse, parse_question
from spec.rearrange import DepthToSpace, SpaceToDepth, ZeroInsert
from spec.resize import Resize, Upsample

__all__ = [
    "AdaptiveAveragePool",
    "AdaptiveMaxPool",
    "Array",
    "AveragePool",
    "Conv",
    "ConvTranspose",
    "DepthToSpace",
    "Impossible",
    "Lanczos",
    "LpPool",
    "MaxPool",
    "MaxUnpool",
    "Operation",
    "Pad",
    "Program",
    "Question",
    "Resize",
    "Shape",
    "SpaceToDepth",
    "SumPool",
    "Upsample",
    "ZeroInsert",
    "operations",
    "parse",
    "parse_question",
]
