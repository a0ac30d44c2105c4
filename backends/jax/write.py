"""JAX: the layouts are said in dimension_numbers, so spec's N C *space goes in as it is.

lax.conv_transpose wants transpose_kernel=True (else the kernel is not flipped) and then names w's axes as the forward
convolution would: C is "O", O is "I". Its explicit padding is that of the zero-inserted input, d(k−1) − crop.
Compilation costs far more than anything else, so many texts share one jit; the batch_flags flags make that compilation cheap.
"""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

from backends import Step, Unsupported
from backends.call import Call, Let, Source, Statement, Value, X
from backends.cannot import Cannot, Missing, Raises
from backends.jax.runtime import IMPORTS as IMPORTS
from backends.jax.runtime import RUNTIMES as RUNTIMES
from backends.phrases import deinterleaved, fitted, interleaved, word_for
from backends.pixels import divided_evenly, norm, picked, said
from spec import (
    AdaptiveAveragePool,
    AdaptiveMaxPool,
    AveragePool,
    Conv,
    ConvTranspose,
    DepthToSpace,
    Lanczos,
    LpPool,
    MaxPool,
    MaxUnpool,
    Pad,
    Resize,
    Shape,
    SpaceToDepth,
    SumPool,
    Upsample,
    ZeroInsert,
)
from spec.conventions.padding import lax_transpose_crop, on_every_axis, same_lower_padding, same_padding, valid_padding
from spec.conventions.resize import KEYS, Fields, jax_resize
from spec.ops.pool import reaching
from spec.ops.resize import affine
from spec.ops.separable import alike
from spec.theorems.claims import Parameters

SINCE = {"jax": ">=0.4"}

TRANSPOSE_GROUPS = Cannot(
    id="jax-conv-transpose-groups", versions=SINCE, link="https://github.com/google/objax/issues/70",
    sentence="lax.conv_transpose has no feature_group_count; conv_general_dilated with lhs_dilation says it with a flipped kernel",
    probes=(
        Raises('lax.conv_transpose(jnp.ones((1, 4, 2)), jnp.ones((3, 2, 2)), (1,), "SAME", feature_group_count=2)',
               works='lax.conv_transpose(jnp.ones((1, 4, 2)), jnp.ones((3, 2, 2)), (1,), "SAME")'),
    ),
)  # fmt: skip
RESIZE_OUTSIDE = Cannot(
    id="jax-resize-outside", versions=SINCE, link="https://github.com/jax-ml/jax/issues/11206",
    sentence="image.resize knows half-pixel coordinates alone, and scale_and_translate answers 0 where one lies half a pixel outside x",
    probes=(
        Raises('jax.image.resize(jnp.ones((4,)), (3,), "linear", align_corners=True)',
               works='jax.image.resize(jnp.ones((4,)), (3,), "linear")'),
        Raises('jax.image.scale_and_translate(jnp.ones((4,)), (3,), (0,), jnp.ones(1), jnp.zeros(1), "linear", mode="edge")',
               works='jax.image.scale_and_translate(jnp.ones((4,)), (3,), (0,), jnp.ones(1), jnp.zeros(1), "linear")'),
    ),
)  # fmt: skip
LANCZOS_WORDS = Cannot(
    id="jax-lanczos-words", versions=SINCE, link="https://docs.jax.dev/en/latest/_autosummary/jax.image.resize.html",
    sentence="jax.image.resize knows Lanczos windows of 3 and of 5 lobes",
    probes=(Raises('jax.image.resize(jnp.ones((4,)), (3,), "lanczos2")', works='jax.image.resize(jnp.ones((4,)), (3,), "lanczos3")'),),
)  # fmt: skip
TIES = Cannot(
    id="jax-max-pool-ties", versions=SINCE, link="https://docs.jax.dev/en/latest/_autosummary/jax.lax.reduce_window.html",
    sentence="the gradient of lax.reduce_window with lax.max goes to the first of several equal maxima; there is no word for another rule",
    probes=(
        Raises('lax.reduce_window(jnp.ones((4,)), -jnp.inf, lax.max, (2,), ties="last")',
               works='lax.reduce_window(jnp.ones((4,)), -jnp.inf, lax.max, (2,))'),
    ),
)  # fmt: skip
ADAPTIVE = Cannot(
    id="jax-adaptive-pool", versions=SINCE, link="https://github.com/keras-team/keras/issues/21813",
    sentence="JAX has no adaptive pooling, and no windows of one length answer so",
    probes=tuple(map(Missing, ("jax.nn.adaptive_avg_pool", "jax.lax.adaptive_avg_pool", "jax.nn.avg_pool"))),
)  # fmt: skip


def conv(op: Conv, at: Step) -> list[Statement]:
    word = word_for(op, at, {"VALID": valid_padding, "SAME": same_padding, "SAME_LOWER": same_lower_padding})
    return [
        Call.of(
            "jax.lax.conv_general_dilated", X, Source(at.weight), op.stride, word or op.padding, rhs_dilation=_dilation(op.dilation),
            dimension_numbers=_numbers(op.rank), feature_group_count=op.groups,
        ),
        *_bias(op, at),
    ]  # fmt: skip


def conv_transpose(op: ConvTranspose, at: Step) -> list[Statement]:
    if op.groups > 1:
        raise Unsupported(TRANSPOSE_GROUPS)
    axes = list(zip(op.crop, at.k, op.stride, op.dilation, strict=True))
    word = next((word for word in ("VALID", "SAME") if all(lax_transpose_crop(word, *sizes) == crop for crop, *sizes in axes)), None)
    padding = word or tuple(lax_transpose_crop(crop, *sizes) for crop, *sizes in axes)
    return [
        Call.of(
            "jax.lax.conv_transpose", X, Source(at.weight), op.stride, padding, rhs_dilation=_dilation(op.dilation),
            dimension_numbers=_numbers(op.rank), transpose_kernel=True,
        ),
        *_bias(op, at),
    ]  # fmt: skip


def upsample(op: Upsample, at: Step) -> list[Statement]:
    return [Call.of("jax.image.resize", X, at.y, "nearest")]


def zero_insert(op: ZeroInsert, at: Step) -> list[Statement]:
    config = ((0, 0, 0), (0, 0, 0), *((0, trailing, s - 1) for s, trailing in zip(op.factor, op.trailing, strict=True)))
    return [Call.of("jax.lax.pad", X, Call.of("jax.numpy.zeros", (), Source("x.dtype")), config)]


def resize(op: Resize, at: Step) -> list[Statement]:
    words = said(op, at, WORDS)
    if words:
        method, antialias = words
        return [Call.of("jax.image.resize", X, at.y, method, antialias=antialias)]
    if op.mode == "nearest":
        return picked(
            op, at, lambda indices, axis: Call.of("jax.numpy.take", X, indices, axis=axis), lambda n: Call.of("jax.numpy.arange", n),
            lambda indices, last: Call.of("jax.numpy.clip", indices, 0, last), channels_last=False,
        )  # fmt: skip
    return _translated(op, at)


def lanczos(op: Lanczos, at: Step) -> list[Statement]:
    if op.lobes not in (3, 5):
        raise Unsupported(LANCZOS_WORDS)
    return [Call.of("jax.image.resize", X, at.y, f"lanczos{op.lobes}", antialias=op.antialias == "yes")]


def sum_pool(op: SumPool, at: Step) -> list[Statement]:
    return [Let("x", _reduced(op, at, 0.0 if "float" in at.dtype else 0, "lax.add"))]


def average_pool(op: AveragePool, at: Step) -> list[Statement]:
    total = SumPool(kernel=op.kernel, stride=op.stride, padding=reaching(op), dilation=op.dilation)
    if op.divisor or op.counted == "window" or (op.counted == "padded" and not any(op.overhang)):
        return [_reduced(total, at, 0.0, "lax.add"), f"x = x / {op.divisor or math.prod(op.kernel)}"]
    counted = [(lo, hi) if op.counted == "padded" else (0, 0) for lo, hi in op.padding]
    beyond = tuple((a - c, b - d) for (a, b), (c, d) in zip(reaching(op), counted, strict=True))
    ones = (1, 1, *(n + lo + hi for n, (lo, hi) in zip(at.x[2:], counted, strict=True)))
    return [
        Let("ones", Call.of("jax.numpy.ones", ones, Source("x.dtype"))),
        _reduced(total, at, 0.0, "lax.add"),
        Let("ones", _reduced(replace(total, padding=beyond), at, 0.0, "lax.add", "ones")),
        "x = x / ones",
    ]


def lp_pool(op: LpPool, at: Step) -> list[Statement]:
    total = SumPool(kernel=op.kernel, stride=op.stride, padding=op.padding, dilation=op.dilation)
    return norm(op, sum_pool(total, at), absolute="jax.numpy.abs", sqrt="jax.numpy.sqrt")


def max_pool(op: MaxPool, at: Step) -> list[Statement]:
    if op.ties != "first":
        raise Unsupported(TIES)
    least = Source("-jnp.inf") if "float" in at.dtype else Call.of("jax.numpy.array", Source(at.least), Source("x.dtype"))
    return [_reduced(op, at, least, "lax.max")]


def adaptive_average_pool(op: AdaptiveAveragePool, at: Step) -> list[Statement]:
    if set(op.size) == {1}:
        return [Call.of("jax.numpy.mean", X, tuple(range(2, op.rank + 2)), keepdims=True)]
    return average_pool(AveragePool(kernel=_even(op.size, at)), at)


def adaptive_max_pool(op: AdaptiveMaxPool, at: Step) -> list[Statement]:
    return max_pool(MaxPool(kernel=_even(op.size, at)), at)


def pad(op: Pad, at: Step) -> list[Statement]:
    if op.value:
        return fitted(op.padding, "jax.numpy.pad", channels_last=False, constant_values=op.value)
    return fitted(op.padding, "jax.numpy.pad", channels_last=False, mode=op.mode)


def max_unpool(op: MaxUnpool, at: Step) -> list[Statement]:
    return [
        "n, c = x.shape[:2]",
        f"zeros = jnp.zeros((n, c, {math.prod(op.size)}), x.dtype)",
        f"q = {at.weight}.astype(int).reshape(n, c, -1)",
        f"x = zeros.at[jnp.arange(n)[:, None, None], jnp.arange(c)[:, None], q].set(x.reshape(n, c, -1)).reshape({at.y})",
    ]


def depth_to_space(op: DepthToSpace, at: Step) -> list[Statement]:
    return [interleaved(op, at, "jax.numpy.reshape", "jax.numpy.transpose")]


def space_to_depth(op: SpaceToDepth, at: Step) -> list[Statement]:
    return [deinterleaved(op, at, "jax.numpy.reshape", "jax.numpy.transpose")]


def parameters(op: Parameters, at: Step) -> list[Statement]:
    larger = (*at.x[:2], *(n * f for n, f in zip(at.x[2:], op.factor, strict=True)))
    return [
        f'constants = jax.make_jaxpr(lambda x: {Call.of("jax.image.resize", X, larger, "nearest")})(x).consts',
        f"x = jnp.full({at.y}, sum(c.size for c in constants), x.dtype)",
    ]


WORDS: dict[tuple[str, bool], Fields] = {("nearest", True): jax_resize("nearest")} | {
    (method, smooths): jax_resize(method, antialias=smooths)
    for method, words in (("linear", (False, True)), ("cubic", (False, True)), ("cubic-pytorch", (False, True)), ("area", (True,)))
    for smooths in words
}
"""(method, antialias), which nearest and area do not look at."""


def _translated(op: Resize, at: Step) -> list[Statement]:
    """Coordinates step·j + start are those of a picture scaled by 1/step and moved by ½ − (start + ½)/step."""
    axes = [(m, n, *affine(op, axis, n)) for axis, (m, n) in enumerate(zip(op.size, at.x[2:], strict=True))]
    outside = [not -HALF <= step * j + start <= n - HALF for m, n, step, start in axes for j in range(m)]
    narrowed = op.antialias == "yes" and any(s != 1 / step for s, (*_, step, _) in zip(op.scales(at.x), axes, strict=True))
    method = next((method for method, fields in METHODS.items() if alike(op, replace(op, **fields), at.x)), None)
    if method is None or narrowed or (any(outside) and method != "cubic-pytorch"):
        raise Unsupported(RESIZE_OUTSIDE)
    scale, moved = tuple(1 / step for *_, step, _ in axes), tuple(HALF - (start + HALF) / step for *_, step, start in axes)
    return [
        Call.of(
            "jax.image.scale_and_translate", X, at.y, tuple(range(2, op.rank + 2)), Call.of("jax.numpy.array", scale),
            Call.of("jax.numpy.array", moved), method, antialias=op.antialias == "yes",
        )
    ]  # fmt: skip


METHODS: dict[str, Fields] = {
    "linear": {"mode": "linear", "outside": "excluded"},
    "cubic": KEYS,
    "cubic-pytorch": {"mode": "cubic", "a": "-3/4", "antialias": "no"},
}
HALF = Fraction(1, 2)


def _reduced(op: SumPool | MaxPool, at: Step, first: Value, by: str, x: str = "x") -> Call:
    """A reduction over windows."""
    same = x == "x" and on_every_axis(same_padding, at.x[2:], op.kernel, op.stride, op.dilation) == op.padding
    padding: Value = "VALID"
    if any(map(any, op.padding)):
        padding = "SAME" if same else ((0, 0), (0, 0), *op.padding)
    return Call.of(
        "jax.lax.reduce_window", Source(x), first, Source(by), (1, 1, *op.kernel), (1, 1, *op.stride), padding,
        window_dilation=(1, 1, *op.dilation) if max(op.dilation) > 1 else None,
    )  # fmt: skip


def _even(size: Shape, at: Step) -> Shape:
    kernel = divided_evenly(size, at)
    if kernel is None:
        raise Unsupported(ADAPTIVE)
    return kernel


def _bias(op: Conv | ConvTranspose, at: Step) -> list[Statement]:
    return [f"x = x + {at.bias}"] * (op.weights > 1)


def _numbers(rank: int) -> tuple[str, str, str]:
    space = "DHW"[-rank:]
    return f"NC{space}", f"OI{space}", f"NC{space}"


def _dilation(numbers: Shape) -> Shape | None:
    """None, the default, where all are 1."""
    return numbers if max(numbers) > 1 else None
