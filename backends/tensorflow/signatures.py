"""TensorFlow's functions, with their parameters."""

from __future__ import annotations

WRITTEN: dict[str, str] = {}
"""What a program writes here for the beginning of a qualified name."""

SIGNATURES = {
    "tf.nn.conv1d": "input, filters, stride, padding, data_format='NWC', dilations=None, name=None",
    "tf.nn.conv2d": "input, filters, strides, padding, data_format='NHWC', dilations=None, name=None",
    "tf.nn.conv3d": "input, filters, strides, padding, data_format='NDHWC', dilations=None, name=None",
    "tf.nn.conv1d_transpose": "input, filters, output_shape, strides, padding='SAME', data_format='NWC', dilations=None, name=None",
    "tf.nn.conv2d_transpose": "input, filters, output_shape, strides, padding='SAME', data_format='NHWC', dilations=None, name=None",
    "tf.nn.conv3d_transpose": "input, filters, output_shape, strides, padding='SAME', data_format='NDHWC', dilations=None, name=None",
    "tf.nn.avg_pool1d": "input, ksize, strides, padding, data_format='NWC', name=None",
    "tf.nn.avg_pool2d": "input, ksize, strides, padding, data_format='NHWC', name=None",
    "tf.nn.avg_pool3d": "input, ksize, strides, padding, data_format='NDHWC', name=None",
    "tf.nn.max_pool1d": "input, ksize, strides, padding, data_format='NWC', name=None",
    "tf.nn.max_pool2d": "input, ksize, strides, padding, data_format='NHWC', name=None",
    "tf.nn.max_pool3d": "input, ksize, strides, padding, data_format='NDHWC', name=None",
    "tf.nn.convolution": "input, filters, strides=None, padding='VALID', data_format=None, dilations=None, name=None",
    "tf.nn.conv_transpose": "input, filters, output_shape, strides, padding='SAME', data_format=None, dilations=None, name=None",
    "tf.nn.depthwise_conv2d": "input, filter, strides, padding, data_format=None, dilations=None, name=None",
    "tf.nn.separable_conv2d": "input, depthwise_filter, pointwise_filter, strides, padding, data_format=None, dilations=None, name=None",
    "tf.nn.atrous_conv2d": "value, filters, rate, padding, name=None",
    "tf.nn.atrous_conv2d_transpose": "value, filters, output_shape, rate, padding, name=None",
    "tf.nn.avg_pool": "input, ksize, strides, padding, data_format=None, name=None",
    "tf.nn.max_pool": "input, ksize, strides, padding, data_format=None, name=None",
    "tf.nn.max_pool_with_argmax":
        "input, ksize, strides, padding, data_format='NHWC', output_dtype=..., include_batch_in_index=False, name=None",
    "tf.nn.pool": "input, window_shape, pooling_type, strides=None, padding='VALID', data_format=None, dilations=None, name=None",
    "tf.nn.depth_to_space": "input, block_size, data_format='NHWC', name=None",
    "tf.nn.space_to_depth": "input, block_size, data_format='NHWC', name=None",
    "tf.nn.bias_add": "value, bias, data_format=None, name=None",
    "tf.image.resize": "images, size, method='bilinear', preserve_aspect_ratio=False, antialias=False, name=None",
    "tf.image.resize_with_pad": "image, target_height, target_width, method='bilinear', antialias=False",
    "tf.image.resize_with_crop_or_pad": "image, target_height, target_width",
    "tf.image.crop_and_resize": "image, boxes, box_indices, crop_size, method='bilinear', extrapolation_value=0.0, name=None",
    "tf.image.pad_to_bounding_box": "image, offset_height, offset_width, target_height, target_width",
    "tf.image.crop_to_bounding_box": "image, offset_height, offset_width, target_height, target_width",
    "tf.image.extract_patches": "images, sizes, strides, rates, padding, name=None",
    "tf.compat.v1.image.resize": "images, size, method=0, align_corners=False, preserve_aspect_ratio=False, name=None",
    "tf.compat.v1.image.resize_images": "images, size, method=0, align_corners=False, preserve_aspect_ratio=False, name=None",
    "tf.compat.v1.image.resize_nearest_neighbor": "images, size, align_corners=False, name=None, half_pixel_centers=False",
    "tf.compat.v1.image.resize_bilinear": "images, size, align_corners=False, name=None, half_pixel_centers=False",
    "tf.compat.v1.image.resize_bicubic": "images, size, align_corners=False, name=None, half_pixel_centers=False",
    "tf.compat.v1.image.resize_area": "images, size, align_corners=False, name=None",
    "tf.pad": "tensor, paddings, mode='CONSTANT', constant_values=0, name=None",
    "tf.repeat": "input, repeats, axis=None, name=None",
    "tf.reshape": "tensor, shape, name=None",
    "tf.transpose": "a, perm=None, conjugate=False, name='transpose'",
    "tf.reverse": "tensor, axis, name=None",
    "tf.reduce_mean": "input_tensor, axis=None, keepdims=False, name=None",
    "tf.abs": "x, name=None",
    "tf.sqrt": "x, name=None",
    "tf.ones": "shape, dtype=..., name=None, layout=None",
    "tf.ones_like": "input, dtype=None, name=None, layout=None",
    "tf.eye": "num_rows, num_columns=None, batch_shape=None, dtype=..., name=None",
    "tf.range": "start, limit=None, delta=1, dtype=None, name='range'",
    "tf.gather": "params, indices, validate_indices=None, axis=None, batch_dims=0, name=None",
    "tf.clip_by_value": "t, clip_value_min, clip_value_max, name=None",
    "tf.fill": "dims, value, name=None, layout=None",
    "tf.cast": "x, dtype, name=None",
    "tf.one_hot": "indices, depth, on_value=None, off_value=None, axis=None, dtype=None, name=None",
    "tf.einsum": "equation, *inputs, **kwargs",
    "tf.size": "input, out_type=None, name=None",
}  # fmt: skip

DOCUMENTED: dict[str, str] = {}

ALIASES: dict[str, str] = {"tensorflow": "tf"}
"""How people begin a qualified name under customary imports."""
