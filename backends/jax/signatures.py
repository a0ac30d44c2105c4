"""JAX's functions, with their parameters; ... is a default that is no literal."""

from __future__ import annotations

WRITTEN: dict[str, str] = {"lax": "jax.lax", "jnp": "jax.numpy"}
"""What a program writes here for the beginning of a qualified name."""

SIGNATURES = {
    "jax.lax.conv": "lhs, rhs, window_strides, padding, precision=None, preferred_element_type=None",
    "jax.lax.conv_general_dilated":
        "lhs, rhs, window_strides, padding, lhs_dilation=None, rhs_dilation=None, dimension_numbers=None, feature_group_count=1, "
        "batch_group_count=1, precision=None, preferred_element_type=None, out_sharding=None",
    "jax.lax.conv_with_general_padding":
        "lhs, rhs, window_strides, padding, lhs_dilation, rhs_dilation, precision=None, preferred_element_type=None",
    "jax.lax.conv_transpose":
        "lhs, rhs, strides, padding, rhs_dilation=None, dimension_numbers=None, transpose_kernel=False, precision=None, "
        "preferred_element_type=None, use_consistent_padding=False",
    "jax.lax.conv_general_dilated_patches":
        "lhs, filter_shape, window_strides, padding, lhs_dilation=None, rhs_dilation=None, dimension_numbers=None, precision=None, "
        "preferred_element_type=None",
    "jax.lax.conv_general_dilated_local":
        "lhs, rhs, window_strides, padding, filter_shape, lhs_dilation=None, rhs_dilation=None, dimension_numbers=None, precision=None",
    "jax.lax.reduce_window":
        "operand, init_value, computation, window_dimensions, window_strides=None, padding='VALID', base_dilation=None, "
        "window_dilation=None",
    "jax.lax.pad": "operand, padding_value, padding_config",
    "jax.lax.rev": "operand, dimensions",
    "jax.image.resize": "image, shape, method, antialias=True, precision=...",
    "jax.image.scale_and_translate": "image, shape, spatial_dims, scale, translation, method, antialias=True, precision=...",
    "jax.numpy.pad": "array, pad_width, mode='constant', **kwargs",
    "jax.numpy.repeat": "a, repeats, axis=None, *, total_repeat_length=None, out_sharding=None",
    "jax.numpy.reshape": "a, shape, order='C', *, copy=None, out_sharding=None",
    "jax.numpy.transpose": "a, axes=None",
    "jax.numpy.flip": "m, axis=None",
    "jax.numpy.mean": "a, axis=None, dtype=None, out=None, keepdims=False, *, where=None",
    "jax.numpy.abs": "x, /",
    "jax.numpy.sqrt": "x, /",
    "jax.numpy.ones": "shape, dtype=None, *, device=None, out_sharding=None",
    "jax.numpy.ones_like": "a, dtype=None, shape=None, *, device=None, out_sharding=None",
    "jax.numpy.zeros": "shape, dtype=None, *, device=None, out_sharding=None",
    "jax.numpy.full": "shape, fill_value, dtype=None, *, device=None, out_sharding=None",
    "jax.numpy.arange": "start, stop=None, step=None, dtype=None, *, device=None, out_sharding=None",
    "jax.numpy.take": "a, indices, axis=None, out=None, mode=None, unique_indices=False, indices_are_sorted=False, fill_value=None",
    "jax.numpy.clip": "arr=None, /, min=None, max=None",
    "jax.numpy.array": "object, dtype=None, *args, copy=True, order='K', ndmin=0, device=None, out_sharding=None",
}  # fmt: skip

DOCUMENTED: dict[str, str] = {}

ALIASES: dict[str, str] = {"lax": "jax.lax", "jnp": "jax.numpy"}
"""How people begin a qualified name under customary imports."""

VALUES = ("jax.numpy.array", "jax.numpy.zeros", "jax.numpy.ones")
"""What makes an array that is an argument of another call."""
