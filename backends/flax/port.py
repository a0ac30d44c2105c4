"""An operation as flax users write it, channels last: layers of flax.linen for convolutions, its pools, JAX's functions for the rest."""

from __future__ import annotations

from backends import Step, Unsupported
from backends.arrange import Arrangement
from backends.call import Call, Let, Source, Value, X
from backends.flax.read import PHRASES as PHRASES
from backends.flax.read import kernel_order, layered
from backends.jax import write
from backends.jax.axes import kernel
from backends.native import Note, Weight
from backends.phrases import channels_first, channels_last, fitted, word_for
from backends.pixels import divided_evenly
from backends.porting import Piece, written
from spec import (
    AdaptiveAveragePool,
    AdaptiveMaxPool,
    AveragePool,
    Conv,
    ConvTranspose,
    Lanczos,
    MaxPool,
    Operation,
    Pad,
    Resize,
    Shape,
    SumPool,
    Upsample,
)
from spec.conventions.padding import Rule, lax_transpose_crop, on_every_axis, same_padding, valid_padding

WORDS: dict[str, Rule] = {"VALID": valid_padding, "SAME": same_padding}
GROUPED = "nn.ConvTranspose has no groups; nn.Conv with input_dilation is the same, with a kernel that is flipped once"


def enter(rank: int) -> Shape:
    return channels_last(rank)


def leave(rank: int) -> Shape:
    return channels_first(rank)


def piece(op: Operation, at: Step) -> Piece:
    """Raises Unsupported."""
    if isinstance(op, Conv):
        return _conv(op, at)
    if isinstance(op, ConvTranspose):
        return _conv_transpose(op, at)
    if isinstance(op, AdaptiveAveragePool) and set(op.size) == {1}:
        return Piece(statements=(Call.of("jax.numpy.mean", X, tuple(range(1, op.rank + 1)), keepdims=True),))
    if isinstance(op, AdaptiveAveragePool | AdaptiveMaxPool):
        even = divided_evenly(op.size, at)
        if even is None:
            raise Unsupported(write.ADAPTIVE)
        op = AveragePool(kernel=even) if isinstance(op, AdaptiveAveragePool) else MaxPool(kernel=even)
    if isinstance(op, MaxPool | AveragePool | SumPool):
        pooled = _pool(op, at)
        if pooled is not None:
            return Piece(statements=(pooled,))
    if isinstance(op, Pad):
        if op.value:
            return Piece(statements=tuple(fitted(op.padding, "jax.numpy.pad", channels_last=True, constant_values=op.value)))
        return Piece(statements=tuple(fitted(op.padding, "jax.numpy.pad", channels_last=True, mode=op.mode)))
    statements = written(write, op, at)
    if isinstance(op, Upsample | Resize | Lanczos) and len(statements) == 1:
        (said,) = statements
        if isinstance(said, Call) and said.function == "jax.image.resize":
            shape = (at.y[0], *at.y[2:], at.y[1])
            return Piece(statements=(Call(said.function, {**said.arguments, "shape": shape}),))
    before, after = (Call.of("jax.numpy.transpose", X, axes) for axes in (channels_first(op.rank), channels_last(op.out_rank)))
    return Piece(statements=(before, *statements, after), weights=_plain(op, at))


def _conv(op: Conv, at: Step) -> Piece:
    outs, ins, *k = at.w[0]
    call = Call.of(
        "flax.linen.Conv", outs, tuple(k), strides=op.stride, padding=word_for(op, at, WORDS) or op.padding, kernel_dilation=op.dilation,
        feature_group_count=op.groups, use_bias=op.bias == "yes",
    )  # fmt: skip
    to_spec = kernel((*k, ins, outs), kernel_order(op.rank), op.groups, turned=False)
    return _layer(op, at, call, to_spec, outs)


def _conv_transpose(op: ConvTranspose, at: Step) -> Piece:
    outs, k, biased = at.w[0][1] * op.groups, at.k, op.bias == "yes"
    ends = on_every_axis(lambda pair, m, d: lax_transpose_crop(pair, m, 1, d), op.crop, k, op.dilation)  # type: ignore[arg-type]
    if op.groups > 1:
        call = Call.of(
            "flax.linen.Conv", outs, k, padding=ends, input_dilation=op.stride, kernel_dilation=op.dilation,
            feature_group_count=op.groups, use_bias=biased,
        )  # fmt: skip
        to_spec = kernel((*k, at.x[1] // op.groups, outs), kernel_order(op.rank), op.groups, turned=True)
        return _layer(op, at, call, to_spec, outs, Note(argument="feature_group_count", text=GROUPED))
    axes = list(zip(op.crop, k, op.stride, op.dilation, strict=True))
    word = next((word for word in ("VALID", "SAME") if all(lax_transpose_crop(word, *sizes) == crop for crop, *sizes in axes)), None)
    call = Call.of(
        "flax.linen.ConvTranspose", outs, k, strides=_ones_left_out(op.stride), padding=word or ends,
        kernel_dilation=_ones_left_out(op.dilation), use_bias=biased, transpose_kernel=True,
    )  # fmt: skip
    to_spec = kernel((*k, outs, at.x[1]), kernel_order(op.rank), 1, turned=False)
    text = "the kernel is flipped, as in PyTorch, so that its numbers need no flip"
    return _layer(op, at, call, to_spec, outs, Note(argument="transpose_kernel", text=text))


def _layer(op: Operation, at: Step, call: Call, to_spec: Arrangement, outs: int, *notes: Note) -> Piece:
    weights = [Weight(name="kernel", variable=at.weight, to_spec=to_spec)]
    if op.weights > 1:
        weights.append(Weight(name="bias", variable=at.bias, to_spec=Arrangement((outs,)).reshape(*at.w[1])))
    return Piece(statements=tuple(layered(call, at.layer, weights)), weights=tuple(weights), notes=notes)


def _pool(op: MaxPool | AveragePool | SumPool, at: Step) -> Call | Let | None:
    """The pool of flax, if it has one that does this."""
    if max(op.dilation) > 1 or (isinstance(op, MaxPool) and op.ties != "first"):
        return None
    padding: Value = "VALID"
    if any(map(any, op.padding)):
        same = on_every_axis(same_padding, at.x[2:], op.kernel, op.stride, op.dilation) == op.padding
        padding = "SAME" if same else op.padding
    stride = _ones_left_out(op.stride)
    if isinstance(op, MaxPool):
        return Call.of("flax.linen.max_pool", X, op.kernel, strides=stride, padding=padding)
    if isinstance(op, SumPool):
        return Call.of("flax.linen.pool", X, 0.0, Source("jax.lax.add"), op.kernel, stride, padding)
    if op.divisor or any(op.overhang) or op.counted == "padded":
        return None
    inside = op.counted == "valid" and any(map(any, op.padding))
    call = Call.of("flax.linen.avg_pool", X, op.kernel, strides=stride, padding=padding, count_include_pad=not inside)
    return Let("x", Source(f"{call}.astype(x.dtype)")) if inside else call  # it has the dtype of the ones it counts by


def _plain(op: Operation, at: Step) -> tuple[Weight, ...]:
    """Further inputs of a function, which are laid out as spec's."""
    inputs = zip(op.inputs(), at.w, strict=True)
    return tuple(Weight(name=one.name, variable=one.name + at.number, to_spec=Arrangement(shape)) for one, shape in inputs)


def _ones_left_out(numbers: Shape) -> Shape | None:
    return numbers if max(numbers) > 1 else None
