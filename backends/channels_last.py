"""What the readers of frameworks that keep channels last share: the layout, the map of weights, the notes on padding and resampling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from backends.arrange import Arrangement
from backends.call import Call, Statement
from backends.native import Applied, Native, Note, Phrases, Reading, Unreadable, Weight, needs
from backends.phrases import channels_first, channels_last
from spec import AveragePool, MaxPool, Operation, Resize, Shape, Upsample
from spec.operation import Pairs

T = TypeVar("T")
Said = Sequence[Statement | Applied]


@dataclass(frozen=True)
class Layout:
    """Where the axes of an image stand. last: N *space C, else N C *space, which is spec's layout."""

    rank: int
    last: bool = True

    @property
    def enter(self) -> Shape:
        """From spec's axes to these."""
        return channels_last(self.rank) if self.last else ()

    @property
    def leave(self) -> Shape:
        """From these to spec's."""
        return channels_first(self.rank) if self.last else ()

    @property
    def axis(self) -> int:
        """That of the channels."""
        return self.rank + 1 if self.last else 1

    def space(self, x: tuple[T, ...]) -> tuple[T, ...]:
        """What an array, or a row with one entry for each of its axes, has for the spatial axes."""
        return x[1:-1] if self.last else x[2:]

    def spec(self, x: Shape) -> Shape:
        """N C *space."""
        return (x[0], x[self.axis], *self.space(x))

    def takes(self, call: Call, x: Shape, channels: int | None = None, said: str = "") -> None:
        """Refuse an input of another number of axes, or of other channels. Raises Unreadable."""
        needs(call, x, self.rank, channels, self.axis, said)


def reading(
    phrases: Phrases, call: Call, op: Operation, x: Shape, at: Layout, statements: Said, weights: Sequence[Weight] = (),
    notes: Sequence[Note] = (), dropped: Shape = (),
) -> Reading:  # fmt: skip
    """What a call means that takes x, and gives its result, in a layout. dropped: axes of length 1 that its result has not."""
    native = Native(
        phrases=phrases, statements=tuple(statements), x=x, weights=tuple(weights), enter=at.enter, leave=at.leave, dropped=dropped
    )  # fmt: skip
    return Reading(op=op, x=at.spec(x), native=native, notes=tuple(notes), calls=(call,))


# Weights


def kernel(shape: Shape) -> Arrangement:
    """*k A B → B A *k: the kernel of a convolution, whose A are inputs, and of a transposed one, whose A are outputs."""
    rank = len(shape) - 2
    return Arrangement(shape).transpose(rank + 1, rank, *range(rank))


def depthwise(shape: Shape) -> Arrangement:
    """*k C M → C·M 1 *k: M filters for each channel, which make outputs c·M … c·M + M − 1."""
    *k, c, m = shape
    rank = len(k)
    return Arrangement(shape).transpose(rank, rank + 1, *range(rank)).reshape(c * m, 1, *k)


def vector(length: int, rank: int) -> Arrangement:
    """O → 1 O 1 …: a bias."""
    return Arrangement((length,)).reshape(1, length, *(1,) * rank)


# Notes


def pairs_said(pairs: Pairs) -> str:
    """(lo, hi) of each axis, once if all are the same."""
    return str(pairs[0]) if len(set(pairs)) == 1 else ", ".join(map(str, pairs))


def padding_note(word: object, pairs: Pairs, argument: str = "padding") -> list[Note]:
    """On a 'same' padding, which is computed from the sizes."""
    if str(word).lower() != "same":
        return []
    text = f"{word!r} is {pairs_said(pairs)} at this size: it depends on the size"
    odd = any(lo != hi for lo, hi in pairs)
    more = "; the odd pixel is at the end, where PyTorch's numbers pad both ends alike" if odd else ""
    return [Note(argument=argument, text=text + more, trap=odd)]


def crop_note(word: object, crop: Pairs) -> list[Note]:
    """On the padding of a transposed convolution."""
    text = f"{word!r} is a crop of the result of {pairs_said(crop)} at this size"
    if any(hi < 0 for _, hi in crop):
        text += "; a negative number appends zeros"
    return [Note(argument="padding", text=text, trap=any(lo != hi for lo, hi in crop))]


def counted_note(pairs: Pairs) -> list[Note]:
    """On the divisor of an average."""
    text = "only pixels of the input count in the divisor; PyTorch counts the zeros of the padding by default"
    return [Note(argument="padding", text=text, trap=True)] if any(map(any, pairs)) else []


def order_note(argument: str) -> Note:
    """On depth_to_space and space_to_depth."""
    text = "the phases of a pixel stand outside the channels (DCR); PyTorch's pixel_shuffle has them inside (CRD)"
    return Note(argument=argument, text=text, trap=True)


def resize_notes(argument: str, method: str, *, antialias: bool, shrinks: bool) -> list[Note]:
    """On resampling with half-pixel coordinates. antialias: of what can smooth."""
    notes = []
    if method == "nearest":
        text = "the pixel with the nearest centre: in PyTorch mode='nearest-exact', since its 'nearest' has no half pixel"
        notes.append(Note(argument=argument, text=text, trap=True))
    elif method == "bicubic":
        text = "cubic with a = −1/2, and pixels outside have no weight; PyTorch has a = −3/4"
        notes.append(Note(argument=argument, text=text, trap=True))
    elif method == "area":
        text = "the mean of what each output pixel covers, parts of pixels included; PyTorch's 'area' takes whole pixels"
        notes.append(Note(argument=argument, text=text, trap=True))
    else:
        notes.append(Note(argument=argument, text="half-pixel centres, as align_corners=False in PyTorch"))
    if shrinks and not antialias and method not in ("nearest", "area"):
        text = "False: pixels are left out as it shrinks; jax.image.resize smooths by default"
        notes.append(Note(argument="antialias", text=text, trap=True))
    return notes


# Operations


def pool(kind: type[MaxPool | AveragePool], kernel: Shape, stride: Shape, pairs: Pairs, dilation: Shape = ()) -> Operation:
    """A pool whose padding is never counted."""
    if kind is AveragePool:
        counted = "valid" if any(map(any, pairs)) else "window"
        return AveragePool(kernel=kernel, stride=stride, padding=pairs, dilation=dilation, counted=counted)
    return MaxPool(kernel=kernel, stride=stride, padding=pairs, dilation=dilation)


def nearest(op: Resize, n: Shape) -> Operation:
    """Resampling by nearest without aligned corners, which repeats every pixel where the lengths grow by whole factors."""
    factor = tuple(m // k for m, k in zip(op.size, n, strict=True))
    grows = all(f * k == m for f, k, m in zip(factor, n, op.size, strict=True))
    return Upsample(factor=factor) if grows and op.mode == "nearest" and op.coordinates != "align_corners" else op


def groups_of(call: Call, ins: int, kernel: Shape, name: str) -> int:
    """How many groups a convolution has whose kernel *k C/g O takes `ins` channels. Raises Unreadable."""
    of_one, outs = kernel[-2:]
    if ins % of_one or outs % (ins // of_one):
        raise Unreadable(
            f"{call.function}: {name} has shape {kernel}, but its last axes must be C/groups and O, and the input has C = {ins} channels"
        )
    return ins // of_one


def widths(call: Call, name: str, axes: int) -> tuple[tuple[int, int], ...]:
    """An argument that is a pair of whole numbers, not negative, for each axis of an array. Raises Unreadable."""
    value = call[name]
    if not isinstance(value, tuple) or len(value) != axes or not all(is_pair(pair) for pair in value):
        raise Unreadable(f"{call.function}: {name} is {value!r}, but it needs {axes} pairs of whole numbers, one for each axis")
    return value  # type: ignore[return-value]


def is_pair(value: object) -> bool:
    """Two whole numbers, not negative."""
    return isinstance(value, tuple) and len(value) == 2 and all(type(n) is int and n >= 0 for n in value)


def spatial(call: Call, name: str, pairs: Pairs) -> tuple[Layout, Pairs]:
    """Padding of all axes of an array, as a layout and the padding of spatial axes. Raises Unreadable.

    An array itself does not say where its channels are: they are last, unless the last axis is padded and the second is not.
    """
    at = Layout(len(pairs) - 2, last=not (any(pairs[-1]) and not any(pairs[1])))
    if at.rank < 1 or any(pairs[0]) or any(pairs[at.axis]):
        raise Unreadable(f"{call.function}: {name} is {call[name]!r}, which changes batch or channels; only spatial axes are read")
    return at, at.space(pairs)


def repeated(call: Call, x: Shape, repeats: str) -> tuple[Layout, Shape]:
    """Pixels repeated along one axis, as a layout and the factor of each spatial axis. Raises Unreadable."""
    rank, axis, times = len(x) - 2, call["axis"], call[repeats]
    if rank < 1 or type(axis) is not int or axis % len(x) not in range(1, rank + 1):
        raise Unreadable(f"{call.function}: axis is {axis!r}, but only a spatial axis of an input N *space C is read: 1 to {max(rank, 1)}")
    if type(times) is not int or times < 1:
        raise Unreadable(f"{call.function}: {repeats} is {times!r}, but it needs a whole number of at least 1")
    return Layout(rank), tuple(times if i == axis % len(x) else 1 for i in range(1, rank + 1))


def averaged(call: Call, x: Shape) -> Layout:
    """The layout of a mean over all spatial axes and nothing else. Raises Unreadable."""
    axis = call["axis"]
    axes = {n % len(x) if type(n) is int else -1 for n in (axis if isinstance(axis, tuple) else (axis,))}
    for last in (True, False):
        at = Layout(len(x) - 2, last)
        if at.rank > 0 and axes == set(at.space(tuple(range(len(x))))):
            return at
    wanted = tuple(range(1, len(x) - 1))
    raise Unreadable(f"{call.function}: axis is {axis!r}, but only a mean over all spatial axes is read; write {wanted}")
