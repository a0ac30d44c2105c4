"""What flax's calls mean, of flax.linen and flax.nnx: from a call and the shape of its input to operations of spec, weights, and notes.

Arrays are N *space C, kernels *k I O. Layers do what jax.lax does, so that the readers of JAX's calls say most of it.
"""

from __future__ import annotations

from dataclasses import replace

from backends.arrange import Arrangement
from backends.call import Call, Layer, Statement, Value, X
from backends.flax.circular import circular, shifted
from backends.jax.axes import PHRASES as JAX
from backends.jax.axes import WORDS, enter, has, is_pair, kernel, pairs, precise, same_notes, shown, spec_shape
from backends.jax.read_conv import convolved, cropped, flip_note
from backends.jax.read_window import reduction
from backends.native import Applied, Native, Note, Reader, Reading, Unreadable, Weight, flag, needs, one, reads, word
from backends.phrases import channels_first
from spec import AveragePool, ConvTranspose, MaxPool, Operation, Pad, Shape, SumPool
from spec.conventions.padding import on_every_axis
from spec.operation import Pairs

PHRASES = replace(
    JAX, framework="flax", title="flax", packages=("flax",), includes=("jax",),
    imports=f"{JAX.imports}\nfrom flax import linen as nn\nfrom flax import nnx",
)  # fmt: skip

LINEN = "flax.linen."
IGNORED = ("precision", "kernel_init", "bias_init", "name", "rngs", "kernel_metadata", "bias_metadata")
LEFT_OUT = ("kernel_init", "bias_init", "name", "kernel_metadata", "bias_metadata")
"""Arguments that change nothing once the weights are set: the program that is run does without them."""

WRAPPED = {"CIRCULAR": "wrap", "REFLECT": "reflect"}
"""Words of padding that repeat pixels of x, in spec's words."""


def conv(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    reads(
        call, "features", "in_features", "out_features", "kernel_size", "strides", "padding", "input_dilation", "kernel_dilation",
        "feature_group_count", "use_bias", ignored=IGNORED,
    )  # fmt: skip
    k, c, o, groups = (*_sizes(call, x), one(call, "feature_group_count"))
    rank, n, biased = len(k), x[1:-1], flag(call, "use_bias")
    stride, spread, dilation = (_row(call, name, rank) for name in ("strides", "input_dilation", "kernel_dilation"))
    if c % groups or o % groups:
        raise Unreadable(f"{call.function}: feature_group_count is {groups}, but it must divide {c} and {o}, the channels before and after")
    value, mode, notes = call["padding"], "", []
    if isinstance(value, str) and max(spread) > 1:
        raise Unreadable(
            f"{call.function}: padding is {value!r}, but flax takes only pairs (low, high) where input_dilation is above 1; the default, "
            "'SAME', is a word too"
        )
    if isinstance(value, str) and value.upper() in WORDS:
        ends: Pairs = on_every_axis(WORDS[value.upper()], n, k, stride, dilation)
        notes += same_notes(value.upper(), ends)
    elif isinstance(value, str):
        name = word(call, "padding", ("SAME", "VALID", "CIRCULAR", "REFLECT", "CAUSAL", "SAME_LOWER"))
        reach = tuple(d * (m - 1) for m, d in zip(k, dilation, strict=True))
        mode = WRAPPED.get(name, "")
        ends = tuple((r // 2, r - r // 2) for r in reach) if mode else tuple((r, 0) for r in reach)
        notes.append(Note(argument="padding", text=_meaning(name, ends)))
        if name == "CAUSAL" and rank > 1:
            raise Unreadable(f"{call.function}: padding is 'CAUSAL', which flax has for 1-D alone, but kernel_size is {k}")
    else:
        ends = _ends(call, rank)
    op, turned, more = convolved(
        k, stride, ((0, 0),) * rank if mode else ends, spread, dilation, groups, bias="yes" if biased else "no", word="input_dilation"
    )  # fmt: skip
    op = Pad(padding=ends, mode=mode) >> op if mode else op
    native = (*k, c // groups, o)
    to_spec = kernel(native, kernel_order(rank), groups, turned=turned)
    return _layer(call, op, x, number, to_spec, o if biased else 0, [*notes, *more])


def conv_transpose(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    reads(
        call, "features", "in_features", "out_features", "kernel_size", "strides", "padding", "kernel_dilation", "use_bias",
        "transpose_kernel", ignored=IGNORED,
    )  # fmt: skip
    k, c, o = _sizes(call, x)
    rank, biased, flips = len(k), flag(call, "use_bias"), flag(call, "transpose_kernel")
    stride, dilation = _row(call, "strides", rank), _row(call, "kernel_dilation", rank)
    bias = "yes" if biased else "no"
    if call["padding"] == "CIRCULAR":
        ends, crop = circular(x[1:-1], k, stride, dilation, flips=flips)
        op: Operation = Pad(padding=ends, mode="wrap") >> ConvTranspose(stride=stride, crop=crop, dilation=dilation, bias=bias)
        notes = [Note(argument="padding", text="'CIRCULAR': x goes on from its other end; the length is stride times the input's")]
        if flips and shifted(x[1:-1], k, stride, dilation):
            text = "at these lengths the result is a pixel away from the gradient of Conv with padding='CIRCULAR'"
            notes.append(Note(argument="padding", text=text, trap=True))
    else:
        if call["padding"] == "CAUSAL":
            raise Unreadable(f"{call.function}: padding is 'CAUSAL', which flax takes for Conv alone; it raises an error here; give pairs")
        numbered = call if isinstance(call["padding"], str) else Call(call.function, {**call.arguments, "padding": _ends(call, rank)})
        crop, notes = cropped(numbered, k, stride, dilation)
        op = ConvTranspose(stride=stride, crop=crop, dilation=dilation, bias=bias)
    native = (*k, o, c) if flips else (*k, c, o)
    to_spec = kernel(native, kernel_order(rank), 1, turned=not flips)
    return _layer(call, op, x, number, to_spec, o if biased else 0, [*flip_note(flips=flips), *notes])


def average_pool(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    reads(call, "inputs", "window_shape", "strides", "padding", "count_include_pad")
    kernel, stride, ends, notes = _window(call, x)
    counts = flag(call, "count_include_pad")
    if not counts:
        text = "False: flax divides by sums of jnp.ones without a dtype; results are float32, or float64 with jax_enable_x64, whatever x is"
        notes.append(Note(argument="count_include_pad", text=text, trap=True))
    if any(map(any, ends)):
        text = "True, which is the default: padding counts in the divisor; TensorFlow and Keras do not count it" if counts else (
            "False: only pixels of the input count in the divisor"
        )  # fmt: skip
        notes.append(Note(argument="count_include_pad", text=text, trap=counts))
    counted = "valid" if not counts and any(map(any, ends)) else "window"
    return _pooled(call, AveragePool(kernel=kernel, stride=stride, padding=ends, counted=counted), x, notes)


def max_pool(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    reads(call, "inputs", "window_shape", "strides", "padding")
    kernel, stride, ends, notes = _window(call, x)
    return _pooled(call, MaxPool(kernel=kernel, stride=stride, padding=ends), x, notes)


def pool(call: Call, x: Shape, given: dict[str, Shape], number: str) -> Reading:
    reads(call, "inputs", "init", "reduce_fn", "window_shape", "strides", "padding")
    kernel, stride, ends, notes = _window(call, x)
    kind, first, by = reduction(call, "reduce_fn", "init")
    if kind is SumPool:
        notes.append(Note(argument="reduce_fn", text="the sum; divide it by the window's size to have a mean, or use avg_pool"))
    return _pooled(call, kind(kernel=kernel, stride=stride, padding=ends), x, notes, init=first, reduce_fn=by)


def _sizes(call: Call, x: Shape) -> tuple[Shape, int, int]:
    """The lengths of the kernel and the channels of x and of the result. Raises Unreadable."""
    precise(call)
    value = call["kernel_size"]
    k: Shape = (value,) if type(value) is int else value  # type: ignore[assignment]
    if not isinstance(k, tuple) or not k or any(type(n) is not int or n < 1 for n in k):
        raise Unreadable(f"{call.function}: kernel_size is {shown(value)}, but it needs a whole number of at least 1 for each spatial axis")
    if len(k) == 1 and len(x) > 3:
        same = (k[0],) * (len(x) - 2)
        raise Unreadable(f"{call.function}: kernel_size={value!r} is a 1-D convolution in flax; for the input {x} write kernel_size={same}")
    last = len(x) - 1
    if call.function.startswith(LINEN):
        needs(call, x, len(k))
        return k, x[-1], one(call, "features")
    needs(call, x, len(k), one(call, "in_features"), last, "in_features")
    return k, x[-1], one(call, "out_features")


def _window(call: Call, x: Shape) -> tuple[Shape, Shape, Pairs, list[Note]]:
    """Kernel, stride and padding of a pool. Raises Unreadable."""
    value = call["window_shape"]
    if not isinstance(value, tuple) or any(type(n) is not int or n < 1 for n in value):
        raise Unreadable(f"{call.function}: window_shape is {shown(value)}, but it needs a tuple of whole numbers, such as (2, 2)")
    rank, notes = len(value), []
    kernel: Shape = value  # type: ignore[assignment]
    needs(call, x, rank)
    stride = _row(call, "strides", rank, single=False)
    if has(call, "strides") is None:
        notes.append(Note(argument="strides", text="left out, it is 1, not the window as in PyTorch and Keras", trap=max(kernel) > 1))
    padding = call["padding"]
    if not isinstance(padding, str):
        return kernel, stride, pairs(call, "padding", rank), notes
    if padding.upper() not in WORDS:
        raise Unreadable(f"{call.function}: padding is {padding!r}, but it must be {', '.join(map(repr, WORDS))}, or pairs (low, high)")
    ends = on_every_axis(WORDS[padding.upper()], x[1:-1], kernel, stride, (1,) * rank)
    return kernel, stride, ends, [*notes, *same_notes(padding.upper(), ends)]


def _row(call: Call, name: str, rank: int, *, single: bool = True) -> Shape:
    """An argument that is None for ones, a whole number for each axis, or, if `single`, one for all. Raises Unreadable."""
    value = has(call, name)
    if value is None:
        return (1,) * rank
    row = (value,) * rank if single and type(value) is int else value
    if not isinstance(row, tuple) or len(row) != rank or any(type(n) is not int or n < 1 for n in row):
        wanted = f"a whole number of at least 1, or {rank} of them" if single else f"a tuple of {rank} whole numbers of at least 1"
        raise Unreadable(f"{call.function}: {name} is {shown(value)}, but it needs {wanted}")
    return row  # type: ignore[return-value]


def _ends(call: Call, rank: int) -> Pairs:
    """Padding as one number, a number for each axis, or pairs. Raises Unreadable."""
    value = call["padding"]
    row = (value,) * rank if type(value) is int else value
    if not isinstance(row, tuple) or len(row) != rank or not all(type(one) is int or is_pair(one) for one in row):
        raise Unreadable(
            f"{call.function}: padding is {shown(value)}, but it needs a word such as 'SAME', a whole number, or {rank} numbers or pairs "
            "(low, high)"
        )
    return tuple((one, one) if isinstance(one, int) else one for one in row)  # type: ignore[misc]


def _meaning(name: str, ends: Pairs) -> str:
    """Of a word for padding that flax has beside JAX's."""
    if name == "CAUSAL":
        return f"'CAUSAL' is {ends[0]}: zeros before x alone, so that no result reads a later pixel"
    how = "x goes on from its other end" if name == "CIRCULAR" else "x is mirrored at its ends"
    return f"{name!r}: {how}; at stride 1 the length stays"


def kernel_order(rank: int) -> Shape:
    """Where a kernel *k I O has its outputs, its inputs and space."""
    return (rank + 1, rank, *range(rank))


def _layer(call: Call, op: Operation, x: Shape, number: str, to_spec: Arrangement, outs: int, notes: list[Note]) -> Reading:
    """A layer with a kernel and, for `outs` above 0, a bias of so many numbers."""
    rank = len(x) - 2
    weights = [Weight(name="kernel", variable=f"w{number}", to_spec=to_spec)]
    if outs:
        weights.append(Weight(name="bias", variable=f"b{number}", to_spec=Arrangement((outs,)).reshape(1, outs, *(1,) * rank)))
    return _reading(call, op, x, layered(call, f"layer{number}", weights), tuple(weights), notes)


def layered(call: Call, layer: str, weights: list[Weight]) -> list[Statement | Applied]:
    """The layer, and how it is applied with weights that are given."""
    arrays = ", ".join(f'"{one.name}": {one.variable}' for one in weights)
    seeded: dict[str, Value] = {} if call.function.startswith(LINEN) else {"rngs": Call.of("flax.nnx.Rngs", 0)}
    made = Call(call.function, {**{name: value for name, value in call.arguments.items() if name not in LEFT_OUT}, **seeded})
    run = f"nnx.merge(nnx.graphdef({layer}), {{{arrays}}})(x)"
    if call.function.startswith(LINEN):
        run = f'{layer}.apply({{"params": {{{arrays}}}}}, x)'
    return [Layer(layer, made), Applied(layer, f"x = {run}")]


def _pooled(call: Call, op: Operation, x: Shape, notes: list[Note], **named: Value) -> Reading:
    statement = Call(call.function, {**call.arguments, "inputs": X, **named})
    return _reading(call, op, x, [statement], (), notes)


def _reading(
    call: Call, op: Operation, x: Shape, statements: list[Statement | Applied], weights: tuple[Weight, ...], notes: list[Note]
) -> Reading:
    order = channels_first(len(x) - 2)
    native = Native(phrases=PHRASES, statements=tuple(statements), x=x, weights=weights, enter=enter(order), leave=order)
    return Reading(op=op, x=spec_shape(x, order), native=native, notes=tuple(notes), calls=(call,))


READERS: dict[str, Reader] = {
    f"flax.{part}.{name}": reader
    for part in ("linen", "nnx")
    for name, reader in (
        ("Conv", conv), ("ConvTranspose", conv_transpose), ("avg_pool", average_pool), ("max_pool", max_pool), ("pool", pool),
    )
}  # fmt: skip
"""By the qualified name of the layer or function."""
