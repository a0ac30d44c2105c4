"""The linear maps that a program expresses: from a basis of its weights and a basis of its inputs, by spec's own operations.

With one weighted layer among fixed linear steps they form a linear space: the map of a kernel is the sum of the maps of its taps, each
times its weight. Every step but the rearrangements works along each spatial axis on its own and on channels apart, so that the space is
a tensor product: pairs of channels ⊗ maps along axis 0 ⊗ maps along axis 1 … Ranks, intersections and inclusions of such products follow
from those of the factors, and each factor is found on one axis, with one channel in and one out.

Bias is left out: it adds an image that is constant in each channel, whatever the input.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, reduce
from math import prod

import numpy as np

from spec.operation import Array, Impossible, Operation, Shape, each_axis, size
from spec.ops.conv import Conv, ConvTranspose
from spec.ops.lanczos import Lanczos
from spec.ops.pad import Pad

Layer = Conv | ConvTranspose
MOST_ENTRIES = 1 << 22
"""Of all maps of a basis together, where axes are not apart."""


@dataclass(frozen=True, kw_only=True)
class Family:
    """A program with free weights. `w`: the shape of each kernel, without biases. Raises Impossible if its maps are not linear."""

    op: Operation
    x: Shape
    w: tuple[Shape, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "op", without_bias(self.op))
        for step in self.op.steps:
            if why := _nonlinear(step):
                raise Impossible(why)
        if len(self.w) > 2:
            raise Impossible(f"the program has {len(self.w)} layers with weights, but families of at most 2 are compared")
        _ = self.y

    @property
    def y(self) -> Shape:
        """The shape of the result."""
        return self.op.shape(self.x, *self.w)

    @property
    def weights(self) -> int:
        """How many numbers vary."""
        return sum(map(size, self.w))

    @property
    def separable(self) -> bool:
        """Whether channels and axes are apart, so that the space is a tensor product."""
        return all(step.apart for step in self.op.steps)

    @property
    def products(self) -> int:
        """Multiply-adds of the weighted layers, for one input."""
        return sum(step.effort(x, *own).products for step, x, own, _ in self.op.walk(self.x, self.w) if own)

    @cached_property
    def channels(self) -> Array:
        """Which output channel (row) can depend on which input channel (column)."""
        steps = (np.kron(np.eye(step.groups, dtype=int), np.ones(_block(step, own), int)) for step, _, own, _ in self.layers)
        return reduce(lambda before, step: (step @ before > 0).astype(int), steps, np.eye(self.x[1], dtype=int))

    @property
    def layers(self) -> list[tuple[Layer, Shape, Sequence[Shape], Shape]]:
        """The weighted steps, each with the shapes of its input, kernel and result."""
        walked = self.op.walk(self.x, self.w)
        return [(step, x, own, y) for step, x, own, y in walked if isinstance(step, Layer)]

    def along(self, axis: int, n: int | None = None) -> Array:
        """The maps along one axis of n pixels (left out, as many as x has), of one channel: (*taps, output, input)."""
        n = self.x[axis + 2] if n is None else n
        left = list(self.w)
        y, taps = np.eye(n, dtype=int).reshape(n, 1, n), []
        for step in self.op.steps:
            line = each_axis(_plain(step))[axis]
            own = [_basis(line, left.pop(0)[axis + 2]) for _ in range(step.weights)]
            taps += [max(kernel.shape) for kernel in own]
            y = line(y.reshape(-1, 1, y.shape[-1]), *own)
        return np.moveaxis(y.reshape(n, *taps, y.shape[-1]), 0, -1)

    def whole(self) -> Array:
        """The maps of all channels and axes together: (weight, output, input). Only of programs with at most one weighted layer."""
        count, inputs = max(self.weights, 1), size(self.x[1:])
        if len(self.w) > 1 or count * inputs * size(self.y[1:]) > MOST_ENTRIES:
            raise Impossible("a program that rearranges channels is compared as a whole: with one weighted layer, and on a smaller input")
        image = np.eye(inputs, dtype=int).reshape(inputs, *self.x[1:])
        kernels = [[np.eye(count, dtype=int)[i].reshape(shape) for shape in self.w] for i in range(count)]
        return np.stack([self.op(image, *kernel).reshape(inputs, -1).T for kernel in kernels])


def without_bias(op: Operation) -> Operation:
    """The same steps, none of which adds a bias."""
    steps = [replace(step, bias="no") if isinstance(step, Layer) else step for step in op.steps]
    return reduce(lambda before, step: before >> step, steps)


def spread(maps: Array) -> Array:
    """One row for each map."""
    return maps.reshape(prod(maps.shape[:-2]), prod(maps.shape[-2:]))


def cleared(maps: Array) -> Array:
    """The maps times the least whole number that makes all entries whole."""
    denominators = {entry.denominator for entry in maps.reshape(-1).tolist() if isinstance(entry, Fraction)}
    whole: Array = (maps * np.lcm.reduce([1, *denominators])).astype(int)
    return whole


def _plain(step: Operation) -> Operation:
    """With one channel in and one out."""
    return replace(step, groups=1) if isinstance(step, Layer) else step


def _basis(line: Operation, k: int) -> Array:
    """Every kernel of k taps with a single 1, each for an output channel of its own."""
    return np.eye(k, dtype=int).reshape((k, 1, k) if isinstance(line, Conv) else (1, k, k))


def _block(step: Layer, own: Sequence[Shape]) -> tuple[int, int]:
    """Output and input channels of a group."""
    first, second = own[0][:2]
    return (first // step.groups, second) if isinstance(step, Conv) else (second, first // step.groups)


def _nonlinear(step: Operation) -> str:
    """Why the maps of a step are no linear maps over the rationals; empty if they are."""
    if step.selects or not step.multilinear:
        return f"{step.name} is not linear in its input, so that its maps form no linear space: families with it are not decided"
    if step.weights and not isinstance(step, Layer):
        return f"{step.name} takes {step.inputs()[0].name} beside the image: only the kernels of convolutions are weights that vary"
    if isinstance(step, Pad) and step.mode == "constant" and step.value:
        return f"Pad with the value {step.value} adds a constant and is not linear; families are compared with zeros as padding"
    if isinstance(step, Lanczos):
        return "Lanczos has coefficients that are no fractions, so that ranks are not decided exactly"
    return ""
