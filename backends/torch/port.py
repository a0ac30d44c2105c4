"""An operation as PyTorch users write it: layers for what has weights and for pools, functions for the rest."""

from __future__ import annotations

import re

from backends import Step
from backends.arrange import Arrangement
from backends.call import Call, Layer, Let, Statement, Value
from backends.native import Applied, Weight
from backends.porting import Piece, written
from backends.torch import write
from backends.torch.read import PHRASES as PHRASES
from spec import Operation, Shape

LAYERS = {
    "conv": "Conv", "conv_transpose": "ConvTranspose", "max_pool": "MaxPool", "avg_pool": "AvgPool", "lp_pool": "LPPool",
    "adaptive_avg_pool": "AdaptiveAvgPool", "adaptive_max_pool": "AdaptiveMaxPool",
}  # fmt: skip
"""By the function's name without its rank: the layer with the same arguments, but for input and weights."""

SIZED = re.compile(r"torch\.nn\.functional\.(\w+?)([123]d)")


def enter(rank: int) -> Shape:
    """PyTorch keeps the axes as spec does."""
    return ()


leave = enter


def piece(op: Operation, at: Step) -> Piece:
    """Raises Unsupported."""
    statements: list[Statement | Applied] = []
    weights: tuple[Weight, ...] = ()
    biased = getattr(op, "bias", "no") == "yes"
    for said in written(write, op, at):
        call = said.value if isinstance(said, Let) and said.name == "x" else said
        match = SIZED.fullmatch(call.function) if isinstance(call, Call) else None
        if isinstance(call, Call) and match and match[1] in LAYERS and str(call["input"]) in ("x",):
            made = _layer(call, f"torch.nn.{LAYERS[match[1]]}{match[2]}", at)
            layer = at.layer if not any(isinstance(one, Layer) for one in statements) else f"{at.layer}_{len(statements)}"
            if at.w and match[1] in ("conv", "conv_transpose"):
                weights = _weights(at, biased=biased, inside=call["bias"] is not None)
                named = ", ".join(f'"{w.name}": {w.variable}' for w in weights[: 1 + (call["bias"] is not None)])
                statements += [Layer(layer, made), Applied(layer, f"x = torch.func.functional_call({layer}, {{{named}}}, (x,))")]
            else:
                statements += [Layer(layer, made), Applied(layer, f"x = {layer}(x)")]
        else:
            statements.append(_cut(call) if isinstance(call, Call) and call.function == "torch.nn.functional.pad" else said)
    return Piece(statements=tuple(statements), weights=weights or _plain(at, op))


def _cut(call: Call) -> Statement:
    """Negative padding as people write it: a slice."""
    pad = call["pad"]
    numbers = [n for n in pad if isinstance(n, int)] if isinstance(pad, tuple) else []
    if str(call["input"]) != "x" or call["mode"] != "constant" or max(numbers) > 0:
        return call if str(call["input"]) == "x" else Let(str(call["input"]), call)
    ends = list(zip(numbers[::2], numbers[1::2], strict=True))[::-1]
    slices = [f"{-lo or ''}:{hi or ''}" for lo, hi in ends]
    return f"x = x[:, :, {', '.join(slices)}]"


def _layer(call: Call, name: str, at: Step) -> Call:
    given: dict[str, Value] = {key: value for key, value in call.arguments.items() if key not in ("input", "weight", "bias")}
    if not name.startswith("torch.nn.Conv"):
        return Call.of(name, **given)
    transposed = "Transpose" in name
    outs = at.w[0][1] * int(str(call["groups"])) if transposed else at.w[0][0]
    k = at.w[0][2:]
    return Call.of(name, at.x[1], outs, k[0] if len(set(k)) == 1 else k, **given, bias=call["bias"] is not None)


def _weights(at: Step, *, biased: bool, inside: bool) -> tuple[Weight, ...]:
    """inside: whether the layer adds the bias; otherwise it is added afterwards, in spec's shape."""
    weight = Weight(name="weight", variable=at.weight, to_spec=Arrangement(at.w[0]))
    if not biased:
        return (weight,)
    flat = Arrangement((max(at.w[1]),)).reshape(*at.w[1]) if inside else Arrangement(at.w[1])
    return (weight, Weight(name="bias", variable=at.bias, to_spec=flat))


def _plain(at: Step, op: Operation) -> tuple[Weight, ...]:
    """Further inputs of a function, which are laid out as spec's."""
    pairs = zip(op.inputs(), at.w, strict=True)
    return tuple(Weight(name=one.name, variable=one.name + at.number, to_spec=Arrangement(shape)) for one, shape in pairs)
