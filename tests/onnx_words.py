"""Reads ONNX nodes: from attributes and the inputs that are not images to an operation of spec, with its weights."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from spec import (
    AdaptiveAveragePool,
    AdaptiveMaxPool,
    Array,
    AveragePool,
    Conv,
    ConvTranspose,
    DepthToSpace,
    Impossible,
    LpPool,
    MaxPool,
    MaxUnpool,
    Operation,
    Pad,
    Resize,
    SpaceToDepth,
    Upsample,
)
from spec.conventions.padding import ceil_overhang, on_every_axis, same_crop, same_lower_padding, same_padding
from spec.conventions.resize import onnx_resize, scaled_length
from spec.operation import Pairs, Shape

Node = dict[str, Any]
"""The attributes, text as text."""

Read = tuple[Operation, list[Array]]
"""The operation and its weights."""


def pairs(pads: list[int]) -> Pairs:
    """[begins…, ends…] as (lo, hi) for each axis."""
    half = len(pads) // 2
    return tuple(zip(pads[:half], pads[half:], strict=True))


def padding(node: Node, x: Shape, k: Shape, s: Shape, d: Shape) -> Pairs:
    rules = {"SAME_UPPER": same_padding, "SAME_LOWER": same_lower_padding}
    if node.get("auto_pad") in rules:
        return on_every_axis(rules[node["auto_pad"]], x[2:], k, s, d)
    return pairs(node.get("pads", [0, 0] * len(k)))


def windows(node: Node, x: Shape, k: Shape) -> dict[str, Any]:
    ones = [1] * len(k)
    s, d = tuple(node.get("strides", ones)), tuple(node.get("dilations", ones))
    return {"stride": s, "dilation": d, "padding": padding(node, x, k, s, d)}


def overhangs(node: Node, x: Shape, k: Shape, w: dict[str, Any]) -> Shape:
    rows = zip(x[2:], k, w["stride"], w["dilation"], w["padding"], strict=True)
    explicit = node.get("auto_pad", "NOTSET") == "NOTSET"
    return tuple(ceil_overhang(n, m, s, d, lo, hi) if node.get("ceil_mode") and explicit else 0 for n, m, s, d, (lo, hi) in rows)


def biased(b: list[Array], rank: int) -> list[Array]:
    return [v.reshape(1, -1, *(1,) * rank) for v in b]


def conv(node: Node, x: Array, w: Array, *b: Array) -> Read:
    more = windows(node, x.shape, w.shape[2:])
    op = Conv(**more, groups=node.get("group", 1), bias="yes" if b else "no")
    return op, [w, *biased(list(b), op.rank)]


def conv_transpose(node: Node, x: Array, w: Array, *b: Array) -> Read:
    """The length is given, or follows; an odd total is cut at the end with SAME_UPPER, at the start otherwise."""
    ones = [1] * (x.ndim - 2)
    s, d = node.get("strides", ones), node.get("dilations", ones)
    more = node.get("output_padding", [0] * len(ones))
    full = [(n - 1) * f + e * (k - 1) + 1 for n, f, e, k in zip(x.shape[2:], s, d, w.shape[2:], strict=True)]
    same = str(node.get("auto_pad", "")).startswith("SAME")
    if "output_shape" in node or same:
        wanted = node.get("output_shape", [n * f for n, f in zip(x.shape[2:], s, strict=True)])
        crops = [same_crop(n - m) for n, m in zip(full, wanted, strict=True)]
        crop = tuple(c if c[0] + c[1] < 0 or node.get("auto_pad") == "SAME_UPPER" else c[::-1] for c in crops)
    else:
        crop = tuple((lo, hi - extra) for (lo, hi), extra in zip(pairs(node.get("pads", [0, 0] * len(ones))), more, strict=True))
    op = ConvTranspose(stride=tuple(s), dilation=tuple(d), crop=crop, groups=node.get("group", 1), bias="yes" if b else "no")
    return op, [w, *biased(list(b), op.rank)]


def average_pool(node: Node, x: Array) -> Read:
    k = tuple(node["kernel_shape"])
    more = windows(node, x.shape, k)
    over = overhangs(node, x.shape, k, more)
    more["padding"] = tuple((lo, hi + min(v, 0)) for (lo, hi), v in zip(more["padding"], over, strict=True))
    counted = "padded" if node.get("count_include_pad") else "valid"
    return AveragePool(kernel=k, **more, overhang=tuple(max(v, 0) for v in over), counted=counted), []


def reaching(node: Node, x: Array) -> dict[str, Any]:
    """Windows of a pool that does not count: what hangs over is padding."""
    k = tuple(node["kernel_shape"])
    more = windows(node, x.shape, k)
    over = overhangs(node, x.shape, k, more)
    return more | {"kernel": k, "padding": tuple((lo, hi + v) for (lo, hi), v in zip(more["padding"], over, strict=True))}


def max_pool(node: Node, x: Array) -> Read:
    return MaxPool(**reaching(node, x)), []


def lp_pool(node: Node, x: Array) -> Read:
    return LpPool(**reaching(node, x), p=node.get("p", 2)), []


def max_unpool(node: Node, x: Array, indices: Array, shape: Array | None = None) -> Read:
    """The indices count the pixels that were pooled, in all images and channels one after the other."""
    k, rank = node["kernel_shape"], x.ndim - 2
    s, pads = node.get("strides", [1] * rank), pairs(node.get("pads", [0, 0] * rank))
    rows = zip(x.shape[2:], k, s, pads, strict=True)
    pooled = tuple((n - 1) * f + m - lo - hi for n, m, f, (lo, hi) in rows)
    size = pooled if shape is None else tuple(int(n) for n in shape[2:])
    places = np.unravel_index(indices % math.prod(pooled), pooled)
    return MaxUnpool(size=size), [np.ravel_multi_index(places, size)]


def resize(node: Node, x: Array, roi: Array | None = None, scales: Array | None = None, sizes: Array | None = None) -> Read:
    axes = [axis % x.ndim for axis in node.get("axes", range(x.ndim))]
    words = ("mode", "coordinate_transformation_mode", "nearest_mode", "cubic_coeff_a", "exclude_outside", "antialias")
    fields = onnx_resize(**{name: node[name] for name in words if name in node})
    length, scale = list(x.shape), [(0, 1)] * x.ndim
    for i, axis in enumerate(axes):
        if scales is not None and scales.size:
            s = Fraction(str(scales[i]))  # the decimal that was meant, not the float that holds it
            length[axis], scale[axis] = scaled_length(length[axis], s.numerator, s.denominator), (s.numerator, s.denominator)
        elif sizes is not None:
            length[axis] = int(sizes[i])
    policy = {"not_larger": min, "not_smaller": max}.get(node.get("keep_aspect_ratio_policy", "stretch"))
    if policy:
        s = policy(Fraction(length[axis], x.shape[axis]) for axis in axes)
        for axis in axes:
            length[axis] = math.floor(x.shape[axis] * s + Fraction(1, 2))
            scale[axis] = (s.numerator, s.denominator)
    if tuple(length[:2]) != x.shape[:2]:
        raise Impossible(f"Resize changes the batch or the channels: {x.shape} to {tuple(length)}")
    return Resize(size=tuple(length[2:]), scale=tuple(scale[2:]), **fields), []


def upsample(node: Node, x: Array, scales: Array) -> Read:
    return Upsample(factor=tuple(int(s) for s in scales[2:])), []


def pad(node: Node, x: Array, pads: Array, value: Array | None = None, axes: Array | None = None) -> Read:
    chosen = [int(axis) % x.ndim for axis in (range(x.ndim) if axes is None else axes)]
    every = dict(zip(chosen, pairs([int(n) for n in pads]), strict=True))
    if any(every.get(axis, (0, 0)) != (0, 0) for axis in (0, 1)):
        raise Impossible(f"Pad changes the batch or the channels: {every}")
    number = 0 if value is None or not value.size else float(value)
    if not float(number).is_integer():
        raise Impossible(f"Pad's value {number} is no whole number")
    padding = tuple(every.get(axis, (0, 0)) for axis in range(2, x.ndim))
    return Pad(padding=padding, mode=node.get("mode", "constant"), value=int(number)), []


def weave(kind: type[DepthToSpace | SpaceToDepth]) -> Callable[..., Read]:
    return lambda node, x: (kind(factor=(node["blocksize"],) * (x.ndim - 2), order=node.get("mode", "DCR")), [])


READERS: dict[str, Callable[..., Read]] = {
    "Conv": conv, "ConvTranspose": conv_transpose, "Resize": resize, "Upsample": upsample, "Pad": pad,
    "AveragePool": average_pool, "MaxPool": max_pool, "LpPool": lp_pool, "MaxUnpool": max_unpool,
    "GlobalAveragePool": lambda node, x: (AdaptiveAveragePool(size=(1,) * (x.ndim - 2)), []),
    "GlobalMaxPool": lambda node, x: (AdaptiveMaxPool(size=(1,) * (x.ndim - 2)), []),
    "DepthToSpace": weave(DepthToSpace), "SpaceToDepth": weave(SpaceToDepth),
}  # fmt: skip
"""By the node's op_type: a function of the attributes and the inputs; an input that was left out is None."""
