"""What the frameworks' words for resampling mean: the fields of Resize, but for size and scale.

A framework told a size has the ratio of the lengths for a scale; told a scale, PyTorch and ONNX take the length ⌊n·scale⌋ and keep the
scale for the coordinates (PyTorch not with align_corners, nor with recompute_scale_factor). PyTorch's "area" is AdaptiveAveragePool.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from spec.operation import Impossible

Fields = dict[str, Any]

NEAREST: Fields = {"mode": "nearest", "coordinates": "half_pixel", "rounding": "round_prefer_ceil"}
"""⌊(j + ½)·n/m⌋: what all but PyTorch's "nearest" and ONNX's defaults means today."""

ANTIALIASED: Fields = {"antialias": "yes", "outside": "excluded"}
KEYS: Fields = {"mode": "cubic", "a": "-1/2", "outside": "excluded"}


def scaled_length(n: int, num: int, den: int) -> int:
    """⌊n·scale⌋, PyTorch's and ONNX's length. OpenCV and SciPy round instead.

    Source: torch.nn.functional.interpolate; https://onnx.ai/onnx/operators/onnx__Resize.html
    """
    return n * num // den


def torch_resize(mode: str, *, align_corners: bool = False, antialias: bool = False) -> Fields:
    """`F.interpolate(mode=…)`; bilinear and trilinear are "linear", bicubic "cubic".

    Source: pytorch aten/src/ATen/native/UpSample.h
    """
    if mode == "nearest":
        return {"mode": "nearest", "coordinates": "asymmetric", "rounding": "floor"}
    if mode == "nearest-exact":
        return NEAREST
    if mode not in ("linear", "cubic"):
        raise Impossible(f"mode is {mode!r}, but F.interpolate resamples by nearest, nearest-exact, linear or cubic")
    where = {"coordinates": "align_corners"} if align_corners else {}
    if antialias:
        return {"mode": mode, **where, **ANTIALIASED} | ({"a": "-1/2"} if mode == "cubic" else {})
    return {"mode": mode, **where}


def tf_resize(method: str, *, antialias: bool = False) -> Fields:
    """`tf.image.resize(method=…)` of TensorFlow 2.

    Source: tensorflow/core/kernels/image/resize_bicubic_op.cc, scale_and_translate_op.cc, resize_area_op.cc
    """
    fields = {"nearest": NEAREST, "bilinear": {"mode": "linear"}, "bicubic": KEYS, "area": {"mode": "area"}}
    if method not in fields:
        raise Impossible(f"method is {method!r}, but only {', '.join(fields)} have weights that are fractions")
    return fields[method] | (ANTIALIASED if antialias and method in ("bilinear", "bicubic") else {})


def tf1_resize(method: str, *, align_corners: bool = False) -> Fields:
    """`tf.compat.v1.image.resize_nearest_neighbor`, `resize_bilinear` and `resize_bicubic`.

    Source: tensorflow/core/kernels/image/resize_nearest_neighbor_op.cc, resize_bilinear_op.cc, resize_bicubic_op.cc
    """
    where = "align_corners" if align_corners else "asymmetric"
    rounding = {"rounding": "round_prefer_ceil" if align_corners else "floor"}
    fields = {"nearest_neighbor": {"mode": "nearest"} | rounding, "bilinear": {"mode": "linear"}, "bicubic": {"mode": "cubic"}}
    return fields[method] | {"coordinates": where}


def jax_resize(method: str, *, antialias: bool = True) -> Fields:
    """`jax.image.resize(method=…)`: it smooths unless told not to. cubic-pytorch is cubic if it smooths.

    Source: https://docs.jax.dev/en/latest/_autosummary/jax.image.resize.html
    """
    fields = {"nearest": NEAREST, "linear": {"mode": "linear"}, "cubic": KEYS, "cubic-pytorch": {"mode": "cubic"}, "area": {"mode": "area"}}
    if method not in fields:
        raise Impossible(f"method is {method!r}, but only {', '.join(fields)} have weights that are fractions")
    smooths = antialias and method not in ("nearest", "area")
    return (KEYS if smooths and method == "cubic-pytorch" else fields[method]) | (ANTIALIASED if smooths else {})


def onnx_resize(
    *, mode: str = "nearest", coordinate_transformation_mode: str = "half_pixel", nearest_mode: str = "round_prefer_floor",
    cubic_coeff_a: float = -0.75, exclude_outside: int = 0, antialias: int = 0,
) -> Fields:  # fmt: skip
    """ONNX's attributes, whose words are ours.

    Source: https://onnx.ai/onnx/operators/onnx__Resize.html
    """
    if coordinate_transformation_mode == "tf_crop_and_resize":
        raise Impossible("coordinate_transformation_mode is 'tf_crop_and_resize', which cuts a region of its own out of x first")
    return {
        "mode": mode, "coordinates": coordinate_transformation_mode, "rounding": nearest_mode, "a": str(Fraction(cubic_coeff_a)),
        "outside": "excluded" if exclude_outside else "edge", "antialias": "yes" if antialias else "no",
    }  # fmt: skip
