"""Which axes of an array of JAX are batch, channels and space, and what the readers of its functions share.

An order of axes says for each of spec's axes (N, C, *space) where the array has it: (0, 3, 1, 2) is NHWC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from backends.arrange import NUMPY, Arrangement
from backends.call import Call, Source, Value
from backends.jax.runtime import IMPORTS, RUNTIMES
from backends.native import LAYOUT, Native, Note, Phrases, Reading, Unreadable, Weight, undone
from backends.phrases import channels_first
from spec import Operation, Shape
from spec.conventions.padding import Rule, on_every_axis, same_lower_padding, same_padding, valid_padding
from spec.operation import Pairs

PHRASES = Phrases(
    framework="jax", title="JAX", runtimes=tuple(RUNTIMES), imports=IMPORTS,
    moves={**NUMPY, "flip": lambda name, axes: f"jnp.flip({name}, {axes})"},
)  # fmt: skip

WORDS: dict[str, Rule] = {"VALID": valid_padding, "SAME": same_padding, "SAME_LOWER": same_lower_padding}
"""JAX's words for padding, of a convolution and of windows."""

PRECISIONS = ("DEFAULT", "HIGH", "HIGHEST")


def spec_shape(shape: Shape, order: Shape) -> Shape:
    return tuple(shape[axis] for axis in order)


def enter(order: Shape) -> Shape:
    """The permutation from spec's axes to the array's; empty if they are the same."""
    return () if _same(order) else undone(order)


def leave(order: Shape) -> Shape:
    """The permutation back."""
    return () if _same(order) else order


def infer_axes(call: Call, x: Shape, touched: Sequence[bool], given: Mapping[str, Shape]) -> Shape:
    """Infer the order of axes of a function that does not say it. Batch and channels are axes that it leaves as they are.

    Channels are last where that is possible, as in flax, or where the call before has them. Raises Unreadable.
    """
    rank_of(call, x)
    known = given.get(LAYOUT, ())
    orders = (known, channels_first(len(x) - 2), tuple(range(len(x))))
    for order in orders:
        if len(order) == len(x) and not touched[order[0]] and not touched[order[1]]:
            return order
    changed = tuple(axis for axis, one in enumerate(touched) if one)
    raise Unreadable(
        f"{call.function} changes the axes {changed} of an input {x}, but the first axis must be the batch and axis 1 or the last one the "
        "channels, which stay as they are"
    )


def where(order: Shape, argument: str) -> Note:
    """On the axes that are taken for spatial ones."""
    which = "the last" if order[1] == len(order) - 1 else "the second"
    text = f"of the axes of x, {_listed(order[2:])} {'is' if len(order) == 3 else 'are'} spatial, and {which} has the channels"
    return Note(argument=argument, text=text)


def rank_of(call: Call, x: Shape) -> int:
    """The number of spatial axes. Raises Unreadable."""
    if len(x) - 2 not in (1, 2, 3):
        raise Unreadable(f"{call.function} is read for an input with 3, 4 or 5 axes, batch and channels included, but --input is {x}")
    return len(x) - 2


def has(call: Call, name: str) -> Value:
    """An argument or its default; None if there is no such parameter."""
    try:
        return call[name]
    except KeyError:
        return None


def row(call: Call, name: str, length: int, *, least: int = 1) -> Shape:
    """An argument that is a whole number for each axis; None stands for ones. Raises Unreadable."""
    value = has(call, name)
    if value is None:
        return (1,) * length
    if not isinstance(value, tuple) or len(value) != length or any(type(n) is not int or n < least for n in value):
        raise Unreadable(f"{call.function}: {name} is {shown(value)}, but it needs {length} whole numbers of at least {least}")
    return value  # type: ignore[return-value]


def pairs(call: Call, name: str, length: int) -> Pairs:
    """An argument that is (low, high) for each axis. Raises Unreadable."""
    value = has(call, name)
    if not isinstance(value, tuple) or len(value) != length or not all(map(is_pair, value)):
        raise Unreadable(f"{call.function}: {name} is {shown(value)}, but it needs {length} pairs (low, high) of whole numbers")
    return value  # type: ignore[return-value]


def is_pair(value: object) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(type(n) is int for n in value)


def padded(call: Call, n: Shape, k: Shape, s: Shape, d: Shape) -> tuple[Pairs, list[Note]]:
    """The argument `padding` of windows: pairs, or a word that is computed for these lengths. Raises Unreadable."""
    value = call["padding"]
    if not isinstance(value, str):
        return pairs(call, "padding", len(k)), []
    if value.upper() not in WORDS:
        raise Unreadable(f"{call.function}: padding is {shown(value)}, but it must be {', '.join(map(repr, WORDS))}, or pairs (low, high)")
    found = on_every_axis(WORDS[value.upper()], n, k, s, d)
    return found, same_notes(value.upper(), found)


def same_notes(word: str, found: Pairs) -> list[Note]:
    """On what a word for padding means."""
    if word == "VALID":
        return []
    where_odd = "; an odd pixel is at the " + ("end" if word == "SAME" else "start") if any(lo != hi for lo, hi in found) else ""
    text = f"{word!r} is {said(found)} at this size, since it depends on the input's length{where_odd}"
    return [Note(argument="padding", text=text, trap=bool(where_odd))]


def said(found: Pairs) -> str:
    return str(found[0]) if len(set(found)) == 1 else _listed(found)


def shown(value: object) -> str:
    """A wrong argument in a sentence, shortened."""
    text = repr(value) if not isinstance(value, Source | Call) else str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def precise(call: Call) -> None:
    """Refuse a precision that is none of JAX's; what it is does not change what is meant. Raises Unreadable."""
    value = has(call, "precision")
    words = {f"{start}.{word}" for start in ("lax.Precision", "jax.lax.Precision") for word in PRECISIONS}
    if value is None or value in ("default", "high", "highest") or (isinstance(value, Source) and value.text in words):
        return
    raise Unreadable(f"{call.function}: precision is {shown(value)}, but it must be lax.Precision.HIGHEST, HIGH or DEFAULT")


def fraction(value: object) -> Fraction | None:
    """A number of a text, exactly as it was meant: 0.3333333333333333 is 1/3."""
    if isinstance(value, bool) or not isinstance(value, int | float | Fraction):
        return None
    return Fraction(value).limit_denominator(1 << 20)


def reading(
    call: Call, op: Operation, x: Shape, statement: Call, notes: Sequence[Note], *, order: Shape, out: Shape | None = None,
    weights: tuple[Weight, ...] = (),
) -> Reading:  # fmt: skip
    """x in JAX's layout; order: of its axes; out: of the result's, if it is another."""
    native = Native(
        phrases=PHRASES, statements=(statement,), x=x, weights=weights, enter=enter(order), leave=leave(out or order),
    )  # fmt: skip
    return Reading(op=op, x=spec_shape(x, order), native=native, notes=tuple(notes), calls=(call,))


def kernel(shape: Shape, order: Shape, groups: int, *, turned: bool) -> Arrangement:
    """From a kernel's own layout to that of Conv (O, C/groups, *k), or, turned, to that of ConvTranspose (C, O/groups, *k).

    order: where the kernel has its output channels, its input channels and space. A kernel of `lax.conv_general_dilated` is turned where
    the call is a transposed convolution: its space is flipped, and its channels are exchanged within each group.
    """
    laid = Arrangement(shape).transpose(*order)
    if not turned:
        return laid
    o, c, *k = laid.result
    r = len(k)
    if groups == 1:
        return laid.transpose(1, 0, *range(2, r + 2)).flip(*range(2, r + 2))
    return (
        laid.flip(*range(2, r + 2))
        .reshape(groups, o // groups, c, *k)
        .transpose(0, 2, 1, *range(3, r + 3))
        .reshape(groups * c, o // groups, *k)
    )


def _same(order: Shape) -> bool:
    return order == tuple(range(len(order)))


def _listed(values: Sequence[object]) -> str:
    return " and ".join(filter(None, (", ".join(map(str, values[:-1])), str(values[-1]))))
