"""What Keras's calls mean: from a call and the shape of its input to operations of spec, the weights, and notes."""

from __future__ import annotations

from backends.keras.parts import LAYERS
from backends.keras.parts import PHRASES as PHRASES
from backends.keras.read_convolutions import conv, conv_transpose, depthwise_conv, separable_conv
from backends.keras.read_images import (
    center_crop,
    crop_images,
    cropping,
    interleave,
    pad,
    pad_images,
    repeat,
    resize,
    upsampling,
    zero_padding,
)
from backends.keras.read_pools import adaptive_pool, global_pool, mean, window_pool
from backends.keras.signatures import ALSO
from backends.native import Reader

_LAYERS: dict[str, Reader] = {
    **{f"Conv{rank}D": conv for rank in (1, 2, 3)},
    **{f"Conv{rank}DTranspose": conv_transpose for rank in (1, 2, 3)},
    **{f"DepthwiseConv{rank}D": depthwise_conv for rank in (1, 2)},
    **{f"SeparableConv{rank}D": separable_conv for rank in (1, 2)},
    **{f"{kind}Pooling{rank}D": window_pool for kind in ("Max", "Average") for rank in (1, 2, 3)},
    **{f"Global{kind}Pooling{rank}D": global_pool for kind in ("Max", "Average") for rank in (1, 2, 3)},
    **{f"Adaptive{kind}Pooling{rank}D": adaptive_pool for kind in ("Max", "Average") for rank in (1, 2, 3)},
    **{f"UpSampling{rank}D": upsampling for rank in (1, 2, 3)},
    **{f"ZeroPadding{rank}D": zero_padding for rank in (1, 2, 3)},
    **{f"Cropping{rank}D": cropping for rank in (1, 2, 3)},
    "Resizing": resize,
    "CenterCrop": center_crop,
}

_OPS: dict[str, Reader] = {
    "conv": conv,
    "conv_transpose": conv_transpose,
    "depthwise_conv": depthwise_conv,
    "separable_conv": separable_conv,
    "max_pool": window_pool,
    "average_pool": window_pool,
    "adaptive_max_pool": adaptive_pool,
    "adaptive_average_pool": adaptive_pool,
    "mean": mean,
    "depth_to_space": interleave,
    "space_to_depth": interleave,
    "pad": pad,
    "repeat": repeat,
    "image.resize": resize,
    "image.pad_images": pad_images,
    "image.crop_images": crop_images,
}

READERS: dict[str, Reader] = {
    **{f"{LAYERS}{name}": reader for name, reader in _LAYERS.items()},
    **{also: _LAYERS[name.removeprefix(LAYERS)] for also, name in ALSO.items()},
    **{f"keras.ops.{name}": reader for name, reader in _OPS.items()},
}
"""By the qualified name of the function or layer."""
