"""Arrays of weights that know where they come from: whole numbers, and the NumPy source that makes them of another program's weights."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from spec.operation import Array, Shape
from spec.theorems.theorem import convolved as convolution
from spec.theorems.theorem import stretched as stretch


@dataclass(frozen=True, eq=False)
class Sourced:
    """array / parts, where the array holds whole numbers. text: its source, where «…» stands for a variable that is assigned before."""

    array: Array
    text: str
    parts: int = 1
    turned: tuple[str, Sourced] | None = None
    """How it was turned last, and what it was before: the same again undoes it."""

    @property
    def shape(self) -> Shape:
        return self.array.shape

    @property
    def name(self) -> str:
        """Its source, for a place where it is read more than once: a variable."""
        return self.text if self.text.isidentifier() else f"«{self.text}»"


def constant(array: Array, parts: int = 1) -> Sourced:
    """Weights that are fixed numbers."""
    same = bool((array == array.reshape(-1)[0]).all())
    value = int(array.reshape(-1)[0])
    if same:
        filled = f"np.ones({array.shape})" if value == parts else f"np.full({array.shape}, {value} / {parts})"
        return Sourced(array, filled, parts)
    row = np.array2string(array[0, 0], separator=", ").replace("\n", "").replace("  ", " ")
    quotient = f"np.array({row}) / {parts}" if parts > 1 else f"np.array({row})"
    return Sourced(array, f"np.broadcast_to({quotient}, {array.shape})", parts)


def flipped(w: Sourced) -> Sourced:
    """Reversed along every spatial axis."""
    axes = tuple(range(2, w.array.ndim))
    if max(w.shape[2:]) == 1:
        return w
    if w.turned and w.turned[0] == "flip":
        return w.turned[1]
    if w.turned and w.turned[0] == "swap":
        return swapped(flipped(w.turned[1]))
    return replace(_then(w, np.flip(w.array, axes), f"np.flip({w.text}, {axes})"), turned=("flip", w))


def swapped(w: Sourced, groups: int = 1) -> Sourced:
    """Input and output channels exchanged, in each group."""
    if groups == 1:
        if w.turned and w.turned[0] == "swap":
            return w.turned[1]
        return replace(_then(w, w.array.swapaxes(0, 1), f"{w.text}.swapaxes(0, 1)"), turned=("swap", w))
    first, second, *k = w.shape
    split = reshaped(w, (groups, first // groups, second, *k))
    turned = _then(split, split.array.swapaxes(1, 2), f"{split.text}.swapaxes(1, 2)")
    return reshaped(turned, (groups * second, first // groups, *k))


def reshaped(w: Sourced, shape: Shape) -> Sourced:
    return _then(w, w.array.reshape(shape), f"{w.text}.reshape{shape}") if shape != w.shape else w


def transposed(w: Sourced, axes: Shape) -> Sourced:
    return _then(w, w.array.transpose(axes), f"{w.text}.transpose{axes}")


def padded(w: Sourced, after: Shape) -> Sourced:
    """Zeros behind the last tap along each spatial axis."""
    pairs = ((0, 0), (0, 0), *((0, n) for n in after))
    return _then(w, np.pad(w.array, pairs), f"np.pad({w.text}, {pairs})") if any(after) else w


def repeated(w: Sourced, times: int, axis: int) -> Sourced:
    return _then(w, np.repeat(w.array, times, axis), f"np.repeat({w.text}, {times}, {axis})")


def stretched(w: Sourced, d: Shape) -> Sourced:
    """d − 1 zeros between neighbouring taps."""
    if max(d) == 1:
        return w
    cell = np.zeros(d, int)
    cell[(0,) * len(d)] = 1
    made = stretch(w.array, d)
    ends = ", ".join(f":{n}" for n in made.shape[2:])
    return _then(w, made, f"np.kron({w.text}, {cell.tolist()})[:, :, {ends}]")


def boxed(w: Sourced, s: Shape) -> Sourced:
    """Convolved with a box of s ones: what repeating every pixel s times does to a kernel."""
    if max(s) == 1:
        return w
    pairs = ", ".join(f"({i}, {f - 1} - {i})" for i, f in zip("ijk", s, strict=False))
    loop = ", ".join("ijk"[: len(s)])
    made = convolution(np.ones((1, 1, *s), w.array.dtype), w.array, "ab,cd->cd")
    ranges = ", ".join(map(str, s))
    return _then(w, made, f"sum(np.pad({w.name}, ((0, 0), (0, 0), {pairs})) for {loop}{',' * (len(s) == 1)} in np.ndindex({ranges}))")


def composed(first: Sourced, second: Sourced, apart: Shape) -> Sourced:
    """The kernel of two convolutions in a row, the second's taps `apart`: first (M C *k), second (O M *m), result (O C *)."""
    v = stretched(second, apart)
    k = first.shape[2:]
    one = f"np.einsum('mc,om...->oc...', {first.name}[(..., *t)], {v.name}), ((0, 0), (0, 0), *zip(t, np.subtract({k}, t) - 1))"
    made = convolution(first.array, v.array, "mc,om->oc")
    return Sourced(made, f"sum(np.pad({one}) for t in np.ndindex{k})", first.parts * v.parts)


def mixed(depthwise: Sourced, pointwise: Sourced) -> Sourced:
    """The kernel of a depthwise convolution and the 1×1 convolution behind it: (C 1 *k) and (O C 1 …) give (O C *k)."""
    made = pointwise.array * depthwise.array[:, 0]
    return Sourced(made, f"({pointwise.text} * {depthwise.text}[:, 0])", depthwise.parts * pointwise.parts)


def blocks(w: Sourced, groups: int) -> Sourced:
    """A kernel with groups as one without: zeros between the channels of different groups. (G·A, B, *k) becomes (G·A, G·B, *k)."""
    first, second, *k = w.shape
    shape = (groups, first // groups, second, *k)
    made = np.einsum("gab...,gh->gahb...", w.array.reshape(shape), np.eye(groups, dtype=w.array.dtype)).reshape(first, groups * second, *k)
    text = f"np.einsum('gab...,gh->gahb...', {w.text}.reshape{shape}, np.eye({groups})).reshape{made.shape}"
    return _then(w, made, text)


def _then(w: Sourced, array: Array, text: str) -> Sourced:
    return replace(w, array=array, text=text, turned=None)


def numpy_source(arrays: Sequence[Sourced], targets: Sequence[str]) -> list[str]:
    """Each array under its own name, one line after the other; before it the variables a1, a2 … that it reads."""
    variables: dict[str, str] = {}
    lines = []
    for one, target in zip(arrays, targets, strict=True):
        text = one.text
        while marked := re.search("«([^«»]*)»", text):
            if marked[1] not in variables:
                variables[marked[1]] = f"a{len(variables) + 1}"
                lines.append(f"{variables[marked[1]]} = {marked[1]}")
            text = text.replace(marked[0], variables[marked[1]])
        if text != target:
            lines.append(f"{target} = {text}")
    return lines
