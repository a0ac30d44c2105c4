"""What TensorFlow's readers share: how programs are written and run, layouts, strides and padding."""

from __future__ import annotations

from collections.abc import Mapping

from backends.arrange import listed
from backends.call import Call, Source, Value, X
from backends.channels_last import Layout, padding_note, pairs_said, widths
from backends.native import Note, Phrases, Unreadable, Weight, reads, word
from backends.tensorflow.runtime import IMPORTS, RUNTIMES
from spec import Shape
from spec.conventions.padding import on_every_axis, same_padding
from spec.operation import Pairs

PHRASES = Phrases(
    framework="tensorflow", title="TensorFlow", runtimes=tuple(RUNTIMES), imports=IMPORTS,
    moves={
        "transpose": lambda name, axes: f"tf.transpose({name}, ({listed(axes)}))",
        "flip": lambda name, axes: f"tf.reverse({name}, {axes})",
        "reshape": lambda name, shape: f"tf.reshape({name}, ({listed(shape)},))",
    },
)  # fmt: skip

IGNORED = (
    "input", "value", "images", "image", "tensor", "input_tensor", "filters", "filter", "depthwise_filter", "pointwise_filter", "name",
)  # fmt: skip

LAST = {1: "NWC", 2: "NHWC", 3: "NDHWC"}
FIRST = {1: "NCW", 2: "NCHW", 3: "NCDHW"}


def understood(call: Call, *names: str) -> None:
    """Refuse an argument that is given and not read. Raises Unreadable."""
    reads(call, *names, ignored=IGNORED)


def layout(call: Call, x: Shape, rank: int | None = None) -> Layout:
    """Of the arrays of a call. rank: what the name says, or else the input. Raises Unreadable."""
    spatial = rank or len(x) - 2
    if spatial not in LAST:
        raise Unreadable(f"{call.function} takes an input with 3, 4 or 5 axes, batch and channels included, but --input is {x}")
    try:
        value = call["data_format"]
    except KeyError:
        value = None
    at = Layout(spatial, value is None or word(call, "data_format", (LAST[spatial], FIRST[spatial])) == LAST[spatial])
    at.takes(call, x)
    return at


def format_note(at: Layout) -> list[Note]:
    text = f"the input is {FIRST[at.rank]}; on CPU TensorFlow may raise for it, since most of its kernels there want {LAST[at.rank]}"
    return [] if at.last else [Note(argument="data_format", text=text, trap=True)]


def numbers(call: Call, name: str, at: Layout) -> Shape:
    """One whole number, one for each spatial axis, or one for each axis with 1 for batch and channels. Left out, 1. Raises Unreadable."""
    value = 1 if call[name] is None else call[name]
    row = value if isinstance(value, tuple) else (value,)
    whole = all(type(n) is int and n >= 1 for n in row)
    if whole and len(row) in (1, at.rank):
        return row * at.rank if len(row) == 1 else row  # type: ignore[return-value]
    if whole and len(row) == at.rank + 2 and row[0] == row[at.axis] == 1:
        return at.space(row)  # type: ignore[arg-type]
    wanted = f"a whole number of at least 1, {at.rank} of them, or {at.rank + 2} with 1 for batch and channels"
    raise Unreadable(f"{call.function}: {name} is {call[name]!r}, but it needs {wanted}")


def padding(
    call: Call, at: Layout, x: Shape, k: Shape, stride: Shape, dilation: Shape, *, explicit: bool = False
) -> tuple[Pairs, list[Note]]:  # fmt: skip
    """The padding and the notes on it. explicit: whether a pair for each axis may be given. Raises Unreadable."""
    if isinstance(call["padding"], tuple) and explicit:
        pairs = widths(call, "padding", at.rank + 2)
        if any(pairs[0]) or any(pairs[at.axis]):
            raise Unreadable(f"{call.function}: padding is {call['padding']!r}, but batch and channels cannot be padded; give them (0, 0)")
        return at.space(pairs), [Note(argument="padding", text=f"{pairs_said(at.space(pairs))} of the spatial axes")]
    if word(call, "padding", ("SAME", "VALID")) == "VALID":
        return ((0, 0),) * at.rank, []
    same = on_every_axis(same_padding, at.space(x), k, stride, dilation)
    return same, padding_note("SAME", same)


def array(call: Call, given: Mapping[str, Shape], name: str, rank: int) -> Shape:
    """The shape of an array that a function is given. Raises Unreadable."""
    if name not in given:
        example = ",".join(["3"] * rank + ["4", "8"])
        raise Unreadable(f"{call.function} needs the shape of its {name}; give it with --weights, such as --weights {example}")
    if len(given[name]) != rank + 2:
        raise Unreadable(f"{call.function}: {name} has shape {given[name]}, but it needs {rank + 2} axes")
    return given[name]


def said(call: Call, *weights: Weight, **instead: Value) -> list[Call]:
    """The call itself on x and the weights of a case, without a name."""
    first = next(iter(call.arguments))
    arrays: dict[str, Value] = {weight.name: Source(weight.variable) for weight in weights}
    given = {name: value for name, value in call.arguments.items() if name != "name"}
    return [Call(call.function, {**given, first: X, **arrays, **instead})]
