"""What TensorFlow's calls mean: from a call and the shape of its input to operations of spec, the weights, and notes."""

from __future__ import annotations

from backends.native import Joiner, Reader
from backends.tensorflow.parts import PHRASES as PHRASES
from backends.tensorflow.read_convolutions import bias_add, conv, conv_transpose, depthwise_conv, separable_conv
from backends.tensorflow.read_images import crop_or_pad, crop_to_box, interleave, pad, pad_to_box, repeat, resize, resize_v1
from backends.tensorflow.read_pools import any_pool, mean, window_pool

READERS: dict[str, Reader] = {
    **{f"tf.nn.{name}": conv for name in ("conv1d", "conv2d", "conv3d", "convolution", "atrous_conv2d")},
    **{f"tf.nn.{name}": conv_transpose for name in ("conv1d_transpose", "conv2d_transpose", "conv3d_transpose", "conv_transpose")},
    "tf.nn.depthwise_conv2d": depthwise_conv,
    "tf.nn.separable_conv2d": separable_conv,
    **{f"tf.nn.{kind}_pool{rank}": window_pool for kind in ("avg", "max") for rank in ("", "1d", "2d", "3d")},
    "tf.nn.pool": any_pool,
    "tf.reduce_mean": mean,
    "tf.nn.depth_to_space": interleave,
    "tf.nn.space_to_depth": interleave,
    "tf.pad": pad,
    "tf.repeat": repeat,
    "tf.image.resize": resize,
    "tf.image.pad_to_bounding_box": pad_to_box,
    "tf.image.crop_to_bounding_box": crop_to_box,
    "tf.image.resize_with_crop_or_pad": crop_or_pad,
    **{
        f"tf.compat.v1.image.{name}": resize_v1
        for name in ("resize", "resize_images", "resize_nearest_neighbor", "resize_bilinear", "resize_bicubic", "resize_area")
    },
}
"""By the qualified name of the function."""

JOINERS: dict[str, Joiner] = {"tf.nn.bias_add": bias_add}
"""What is read together with the call before it."""
