"""What Keras's readers share: how programs are written and run, layouts, layers."""

from __future__ import annotations

import difflib
import re

from backends.arrange import listed
from backends.call import Call, Layer, Statement, X, declared
from backends.channels_last import Layout
from backends.keras.runtime import IMPORTS, RUNTIMES
from backends.native import Applied, Note, Phrases, Unreadable, Weight, reads, whole, word
from spec import Shape

PHRASES = Phrases(
    framework="keras", title="Keras", imports=IMPORTS,
    runtimes=("keras-tensorflow", *(name for name in RUNTIMES if name != "keras-tensorflow")),
    moves={
        "transpose": lambda name, axes: f"keras.ops.transpose({name}, ({listed(axes)}))",
        "flip": lambda name, axes: f"keras.ops.flip({name}, {axes})",
        "reshape": lambda name, shape: f"keras.ops.reshape({name}, ({listed(shape)},))",
    },
)  # fmt: skip

LAYERS = "keras.layers."

IGNORED = (
    "inputs", "x", "images", "kernel", "depthwise_kernel", "pointwise_kernel", "name", "dtype", "trainable", "input_shape",
    *(f"{array}_{what}" for array in ("kernel", "depthwise", "pointwise", "bias") for what in ("initializer", "regularizer", "constraint")),
    "activity_regularizer",
)  # fmt: skip
"""Arguments that do not change the result for given weights, and the arrays."""

FORMATS = ("channels_last", "channels_first")


def understood(call: Call, *names: str) -> None:
    """Refuse an argument that is given and not read. An activation that does nothing is none. Raises Unreadable."""
    parameters = list(declared(call.function).parameters)
    for name in call.arguments:
        if name not in (*parameters, *IGNORED):
            near = difflib.get_close_matches(name, parameters, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise Unreadable(f"{call.function}: it has no argument {name!r}{hint}")
    linear = ("activation",) if call.arguments.get("activation") == "linear" else ()
    reads(call, *names, *linear, "data_format", ignored=IGNORED)


def layout(call: Call, x: Shape, rank: int | None = None) -> Layout:
    """Of the arrays of a call. rank: what the name says, or else the input. Raises Unreadable."""
    try:
        value = call["data_format"]
    except KeyError:
        value = None
    last = value is None or word(call, "data_format", FORMATS) == "channels_last"
    named = re.search(r"([123])D", call.function)
    spatial = rank or (int(named[1]) if named else len(x) - 2)
    if spatial not in (1, 2, 3):
        raise Unreadable(f"{call.function} takes an input with 3, 4 or 5 axes, batch and channels included, but --input is {x}")
    at = Layout(spatial, last)
    at.takes(call, x)
    return at


def format_note(at: Layout) -> list[Note]:
    return [] if at.last else [Note(argument="data_format", text="the input is N C *space; Keras has channels last by default")]


def padding_word(call: Call, *allowed: str) -> str:
    """The padding, in small letters. Raises Unreadable."""
    value = call["padding"]
    if isinstance(value, str) and value.lower() in allowed:
        return value.lower()
    return word(call, "padding", allowed)


def per_axis(call: Call, name: str, rank: int, *, default: object = None) -> Shape:
    """One whole number of at least 1 for each spatial axis. Raises Unreadable."""
    return whole(call, name, rank, default=default)


def is_layer(call: Call) -> bool:
    return call.function.startswith(LAYERS)


def bare(call: Call) -> Call:
    """A layer without what does not change its result."""
    return Call(call.function, {name: value for name, value in call.arguments.items() if name not in IGNORED})


def plain(call: Call, number: str, after: str = "") -> list[Statement | Applied]:
    """The statements of a layer or a function without weights. after: what is done to the result only where it is run."""
    if is_layer(call):
        name = f"layer{number}"
        return [Layer(name, bare(call)), Applied(name, f"x = {name}(x){after}")]
    first = next(iter(call.arguments))
    return [Call(call.function, {**call.arguments, first: X})]


def weighted(call: Call, x: Shape, number: str, weights: tuple[Weight, ...]) -> list[Statement | Applied]:
    """The statements of a layer that is built for x and called with the weights of a case."""
    name, arrays = f"layer{number}", ", ".join(weight.variable for weight in weights)
    return [Layer(name, bare(call), x), Applied(name, f"x, _ = {name}.stateless_call([{arrays}], [], x)")]
