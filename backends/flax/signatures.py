"""The layers and functions of flax, with their parameters; ... is a default that is no literal."""

from __future__ import annotations

WRITTEN: dict[str, str] = {"nn": "flax.linen", "nnx": "flax.nnx"}
"""What a program writes here for the beginning of a qualified name."""

_POOL = "inputs, init, reduce_fn, window_shape, strides, padding"
_AVG_POOL = "inputs, window_shape, strides=None, padding='VALID', count_include_pad=True"
_MAX_POOL = "inputs, window_shape, strides=None, padding='VALID'"

SIGNATURES = {
    "flax.linen.Conv":
        "features, kernel_size, strides=1, padding='SAME', input_dilation=1, kernel_dilation=1, feature_group_count=1, use_bias=True, "
        "mask=None, dtype=None, param_dtype=..., precision=None, kernel_init=..., bias_init=..., promote_dtype=..., "
        "conv_general_dilated=None, conv_general_dilated_cls=None, parent=..., name=None",
    "flax.linen.ConvTranspose":
        "features, kernel_size, strides=None, padding='SAME', kernel_dilation=None, use_bias=True, mask=None, dtype=None, param_dtype=..., "
        "precision=None, kernel_init=..., bias_init=..., transpose_kernel=False, promote_dtype=..., preferred_element_type=None, "
        "parent=..., name=None",
    **{f"flax.{part}.pool": _POOL for part in ("linen", "nnx")},
    **{f"flax.{part}.avg_pool": _AVG_POOL for part in ("linen", "nnx")},
    **{f"flax.{part}.max_pool": _MAX_POOL for part in ("linen", "nnx")},
}  # fmt: skip

DOCUMENTED = {
    "flax.nnx.Conv":
        "in_features, out_features, kernel_size, strides=1, *, padding='SAME', input_dilation=1, kernel_dilation=1, feature_group_count=1, "
        "use_bias=True, mask=None, dtype=None, param_dtype=..., precision=None, kernel_init=..., bias_init=..., conv_general_dilated=..., "
        "promote_dtype=..., preferred_element_type=None, rngs, kernel_metadata=..., bias_metadata=...",
    "flax.nnx.ConvTranspose":
        "in_features, out_features, kernel_size, strides=None, *, padding='SAME', kernel_dilation=None, use_bias=True, mask=None, "
        "dtype=None, param_dtype=..., precision=None, kernel_init=..., bias_init=..., transpose_kernel=False, promote_dtype=..., "
        "preferred_element_type=None, rngs, kernel_metadata=..., bias_metadata=...",
    "flax.nnx.Rngs": "default=None, **rngs",
}  # fmt: skip
"""What is made through a metaclass has no signature to inspect: these parameters are those of its `__init__`."""

ALIASES: dict[str, str] = {"nn": "flax.linen", "linen": "flax.linen", "nnx": "flax.nnx"}
"""How people begin a qualified name under customary imports."""

VALUES = ("flax.nnx.Rngs",)
"""What makes a value that is an argument of another call."""
