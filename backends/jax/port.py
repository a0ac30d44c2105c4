"""An operation as JAX users write it, channels first: functions of jax.lax, jax.image and jax.numpy."""

from __future__ import annotations

from backends import Step
from backends.arrange import Arrangement
from backends.call import Call, Source, X
from backends.jax import write
from backends.jax.axes import PHRASES as PHRASES
from backends.jax.axes import kernel
from backends.native import Note, Weight
from backends.porting import Piece, written
from spec import ConvTranspose, Operation, Shape
from spec.conventions.padding import lax_transpose_crop, on_every_axis


def enter(rank: int) -> Shape:
    """The axes are kept as spec does: JAX's functions are told in which order they are."""
    return ()


leave = enter


def piece(op: Operation, at: Step) -> Piece:
    """Raises Unsupported."""
    if isinstance(op, ConvTranspose) and op.groups > 1:
        return _grouped(op, at)
    names = {"w": "rhs", "b": "bias"}
    weights = tuple(
        Weight(name=names.get(one.name, one.name), variable=one.name + at.number, to_spec=Arrangement(shape))
        for one, shape in zip(op.inputs(), at.w, strict=True)
    )
    return Piece(statements=tuple(written(write, op, at)), weights=weights)


def _grouped(op: ConvTranspose, at: Step) -> Piece:
    """A transposed convolution in groups, which lax.conv_transpose cannot do: with a flipped kernel laid out as that of a convolution."""
    space, outs = "DHW"[-op.rank :], op.groups * at.w[0][1]
    shape = (outs, at.x[1] // op.groups, *at.k)
    ends = on_every_axis(lambda pair, k, d: lax_transpose_crop(pair, k, 1, d), op.crop, at.k, op.dilation)  # type: ignore[arg-type]
    call = Call.of(
        "jax.lax.conv_general_dilated", X, Source(at.weight), (1,) * op.rank, ends,
        lhs_dilation=op.stride, rhs_dilation=op.dilation if max(op.dilation) > 1 else None,
        dimension_numbers=(f"NC{space}", f"OI{space}", f"NC{space}"), feature_group_count=op.groups,
    )  # fmt: skip
    order = tuple(range(op.rank + 2))
    rhs = Weight(name="rhs", variable=at.weight, to_spec=kernel(shape, order, op.groups, turned=True))
    biased = op.bias == "yes"
    bias = Weight(name="bias", variable=at.bias, to_spec=Arrangement(at.w[-1]))
    text = "lax.conv_transpose has no groups; this is the same with zeros between the pixels, and a kernel that is flipped once"
    return Piece(
        statements=(call, *[f"x = x + {at.bias}"] * biased), weights=(rhs, *[bias] * biased),
        notes=(Note(argument="feature_group_count", text=text),),
    )  # fmt: skip
