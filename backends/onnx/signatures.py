"""ONNX's operators, with their inputs and then their attributes as parameters, of the newest opset.

An input that may be left out, and an attribute without a default, has the default None. `opset` is no attribute: it is the version of the
operator set that a model states once, and may change what a node means. Left out, it is the newest.
"""

from __future__ import annotations

WRITTEN: dict[str, str] = {"op": "onnx"}
"""What a program writes here for the beginning of a qualified name."""

INPUTS = {
    "Conv": ("X", "W", "B"), "ConvTranspose": ("X", "W", "B"), "MaxPool": ("X",), "AveragePool": ("X",), "LpPool": ("X",),
    "GlobalAveragePool": ("X",), "GlobalMaxPool": ("X",), "GlobalLpPool": ("X",), "Resize": ("X", "roi", "scales", "sizes"),
    "Upsample": ("X", "scales"), "Pad": ("data", "pads", "constant_value", "axes"), "DepthToSpace": ("input",), "SpaceToDepth": ("input",),
    "MaxUnpool": ("X", "I", "output_shape"), "Reshape": ("data", "shape"), "Transpose": ("data",),
    "Add": ("A", "B"), "Div": ("A", "B"),
}  # fmt: skip
"""The inputs of each operator, in order."""

_WINDOWS = "auto_pad='NOTSET', pads=None, strides=None, dilations=None"

SIGNATURES: dict[str, str] = {
    "onnx.Conv": f"X, W, B=None, *, kernel_shape=None, {_WINDOWS}, group=1, opset=None",
    "onnx.ConvTranspose":
        f"X, W, B=None, *, kernel_shape=None, {_WINDOWS}, output_padding=None, output_shape=None, group=1, opset=None",
    "onnx.MaxPool": f"X, *, kernel_shape, {_WINDOWS}, ceil_mode=0, storage_order=0, opset=None",
    "onnx.AveragePool": f"X, *, kernel_shape, {_WINDOWS}, ceil_mode=0, count_include_pad=0, opset=None",
    "onnx.LpPool": f"X, *, kernel_shape, {_WINDOWS}, ceil_mode=0, p=2, opset=None",
    "onnx.GlobalAveragePool": "X, *, opset=None",
    "onnx.GlobalMaxPool": "X, *, opset=None",
    "onnx.GlobalLpPool": "X, *, p=2, opset=None",
    "onnx.Resize":
        "X, roi=None, scales=None, sizes=None, *, mode='nearest', coordinate_transformation_mode='half_pixel', "
        "nearest_mode='round_prefer_floor', cubic_coeff_a=-0.75, exclude_outside=0, antialias=0, axes=None, "
        "keep_aspect_ratio_policy='stretch', extrapolation_value=0.0, opset=None",
    "onnx.Upsample": "X, scales, *, mode='nearest', opset=None",
    "onnx.Pad": "data, pads, constant_value=None, axes=None, *, mode='constant', opset=None",
    "onnx.DepthToSpace": "input, *, blocksize, mode='DCR', opset=None",
    "onnx.SpaceToDepth": "input, *, blocksize, mode='DCR', opset=None",
    "onnx.MaxUnpool": "X, I, output_shape=None, *, kernel_shape, pads=None, strides=None, opset=None",
    "onnx.Reshape": "data, shape, allowzero=0",
    "onnx.Transpose": "data, perm=None",
    "onnx.Add": "A, B",
    "onnx.Div": "A, B",
}  # fmt: skip
"""By operator. Attributes are given by name."""

DOCUMENTED: dict[str, str] = {}
"""Nothing: every operator has a schema."""

ALIASES: dict[str, str] = {"op": "onnx"}
"""How people begin a qualified name under customary imports."""
