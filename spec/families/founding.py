"""The question this project began with, answered exactly: what can each of the two decoders express, and what do they share?

    A   nearest upsampling by s, then a convolution of stride 1, "same"
    B   a transposed convolution of stride s

Keras: both are Conv2DTranspose(padding="same"). PyTorch: A is Conv2d(padding="same"); B has the least padding and output_padding that
give s times the length: ⌈(k − s)/2⌉, and 1 where k − s is odd; where k < s, padding 0 and output_padding s − k.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from spec.conventions.padding import Pair, keras_same_crop, torch_same_padding, torch_transpose_crop
from spec.families.maps import Family
from spec.families.relation import Relation, related
from spec.operation import Array, Operation, Shape
from spec.ops.conv import Conv, ConvTranspose
from spec.ops.resize import Upsample


def keras(k: Shape, s: Shape) -> tuple[Operation, Operation]:
    """Both decoders of Keras."""
    return (
        Upsample(factor=s) >> ConvTranspose(stride=(1,) * len(k), crop=tuple(map(keras_same_crop, k))),
        ConvTranspose(stride=s, crop=tuple(map(keras_same_crop, k, s))),
    )


def torch(k: Shape, s: Shape) -> tuple[Operation, Operation]:
    """The same of PyTorch."""
    return (
        Upsample(factor=s) >> Conv(stride=(1,) * len(k), padding=tuple(map(torch_same_padding, k))),
        ConvTranspose(stride=s, crop=tuple(map(_multiplying, k, s))),
    )


def _multiplying(k: int, s: int) -> Pair:
    padding = max(-((s - k) // 2), 0)
    return torch_transpose_crop(padding, 2 * padding - (k - s))


CONVENTIONS: dict[str, Callable[[Shape, Shape], tuple[Operation, Operation]]] = {"Keras": keras, "PyTorch": torch}
KERNELS = range(2, 6)
LENGTH = 8
"""Of the inputs on which the question is decided; spec.families.lengths says for which others it holds."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """For kernels of length k on each axis. wide: the length of the smallest kernel with which B contains A; None if none was found."""

    convention: str
    k: int
    relation: Relation
    wide: int | None
    boxed: bool
    """Whether B's wider kernel is then A's, filtered by a box of s."""
    flipped: bool
    """Whether A's kernel is reversed first, since its layer is a convolution and not a transposed one."""


def decoders(convention: str, k: Shape, s: Shape) -> tuple[Operation, Operation]:
    """A and B with kernels of lengths k, for stride s."""
    return CONVENTIONS[convention](k, s)


def free(convention: str, k: Shape, s: Shape, n: Shape) -> tuple[Family, Family]:
    """Both with free weights, on one channel of n pixels."""
    a, b = (Family(op=op, x=(1, 1, *n), w=((1, 1, *k),)) for op in decoders(convention, k, s))
    return a, b


def answer(convention: str, k: int, s: int = 2, rank: int = 2, n: int = LENGTH) -> Answer:
    """The relation of A and B, and the first wider B, up to k + s taps, that contains A."""
    strides, lengths = (s,) * rank, (n,) * rank
    a, b = free(convention, (k,) * rank, strides, lengths)
    relation, flipped = related(a, b), isinstance(a.op.steps[-1], Conv)
    for wide in range(k, k + s + 1):
        _, wider = free(convention, (wide,) * rank, strides, lengths)
        if maps := related(a, wider).a_in_b:
            boxed = all(np.array_equal(one, box(k, s, flip=flipped)) for one in maps)
            return Answer(convention=convention, k=k, relation=relation, wide=wide, boxed=boxed, flipped=flipped)
    return Answer(convention=convention, k=k, relation=relation, wide=None, boxed=False, flipped=flipped)


def answers() -> list[Answer]:
    """For each convention, kernels of 2 to 5 taps along both axes, stride 2."""
    return [answer(convention, k) for convention in CONVENTIONS for k in KERNELS]


def box(k: int, s: int, *, flip: bool = False) -> Array:
    """The rows [0 … 1 … 1 … 0] with s ones, tap by tap: the combinations of a kernel of k + s − 1 taps that filter one of k by a box."""
    rows: Array = np.array([[int(0 <= j - i < s) for j in range(k + s - 1)] for i in range(k)])
    return rows[::-1] if flip else rows
