"""What JAX's calls mean: from a call and the shape of its input to operations of spec, the weights, and notes on what is easily missed."""

from __future__ import annotations

from backends.jax import read_conv, read_resize, read_window
from backends.jax.axes import PHRASES as PHRASES
from backends.native import Reader

READERS: dict[str, Reader] = {**read_conv.READERS, **read_window.READERS, **read_resize.READERS}
"""By the qualified name of the function."""
