"""Keras's layers and functions, with their parameters; of a layer's **kwargs, dtype and name are of interest."""

from __future__ import annotations

WRITTEN: dict[str, str] = {}
"""What a program writes here for the beginning of a qualified name."""

SIGNATURES = {
    "keras.layers.Conv1D":
        "filters, kernel_size, strides=1, padding='valid', data_format=None, dilation_rate=1, groups=1, activation=None, "
        "use_bias=True, kernel_initializer='glorot_uniform', bias_initializer='zeros', kernel_regularizer=None, bias_regularizer=None, "
        "activity_regularizer=None, kernel_constraint=None, bias_constraint=None, **kwargs",
    "keras.layers.Conv2D":
        "filters, kernel_size, strides=(1, 1), padding='valid', data_format=None, dilation_rate=(1, 1), groups=1, activation=None, "
        "use_bias=True, kernel_initializer='glorot_uniform', bias_initializer='zeros', kernel_regularizer=None, bias_regularizer=None, "
        "activity_regularizer=None, kernel_constraint=None, bias_constraint=None, **kwargs",
    "keras.layers.Conv3D":
        "filters, kernel_size, strides=(1, 1, 1), padding='valid', data_format=None, dilation_rate=(1, 1, 1), groups=1, "
        "activation=None, use_bias=True, kernel_initializer='glorot_uniform', bias_initializer='zeros', kernel_regularizer=None, "
        "bias_regularizer=None, activity_regularizer=None, kernel_constraint=None, bias_constraint=None, **kwargs",
    "keras.layers.Conv1DTranspose":
        "filters, kernel_size, strides=1, padding='valid', output_padding=None, data_format=None, dilation_rate=1, activation=None, "
        "use_bias=True, kernel_initializer='glorot_uniform', bias_initializer='zeros', kernel_regularizer=None, bias_regularizer=None, "
        "activity_regularizer=None, kernel_constraint=None, bias_constraint=None, **kwargs",
    "keras.layers.Conv2DTranspose":
        "filters, kernel_size, strides=(1, 1), padding='valid', output_padding=None, data_format=None, dilation_rate=(1, 1), "
        "activation=None, use_bias=True, kernel_initializer='glorot_uniform', bias_initializer='zeros', kernel_regularizer=None, "
        "bias_regularizer=None, activity_regularizer=None, kernel_constraint=None, bias_constraint=None, **kwargs",
    "keras.layers.Conv3DTranspose":
        "filters, kernel_size, strides=(1, 1, 1), padding='valid', data_format=None, output_padding=None, dilation_rate=(1, 1, 1), "
        "activation=None, use_bias=True, kernel_initializer='glorot_uniform', bias_initializer='zeros', kernel_regularizer=None, "
        "bias_regularizer=None, activity_regularizer=None, kernel_constraint=None, bias_constraint=None, **kwargs",
    "keras.layers.MaxPooling1D": "pool_size=2, strides=None, padding='valid', data_format=None, name=None, **kwargs",
    "keras.layers.MaxPooling2D": "pool_size=(2, 2), strides=None, padding='valid', data_format=None, name=None, **kwargs",
    "keras.layers.MaxPooling3D": "pool_size=(2, 2, 2), strides=None, padding='valid', data_format=None, name=None, **kwargs",
    "keras.layers.AveragePooling1D": "pool_size, strides=None, padding='valid', data_format=None, name=None, **kwargs",
    "keras.layers.AveragePooling2D": "pool_size, strides=None, padding='valid', data_format=None, name=None, **kwargs",
    "keras.layers.AveragePooling3D": "pool_size, strides=None, padding='valid', data_format=None, name=None, **kwargs",
    "keras.layers.GlobalMaxPooling1D": "data_format=None, keepdims=False, **kwargs",
    "keras.layers.GlobalMaxPooling2D": "data_format=None, keepdims=False, **kwargs",
    "keras.layers.GlobalMaxPooling3D": "data_format=None, keepdims=False, **kwargs",
    "keras.layers.GlobalAveragePooling1D": "data_format=None, keepdims=False, **kwargs",
    "keras.layers.GlobalAveragePooling2D": "data_format=None, keepdims=False, **kwargs",
    "keras.layers.GlobalAveragePooling3D": "data_format=None, keepdims=False, **kwargs",
    "keras.layers.AdaptiveMaxPooling1D": "output_size, data_format=None, **kwargs",
    "keras.layers.AdaptiveMaxPooling2D": "output_size, data_format=None, **kwargs",
    "keras.layers.AdaptiveMaxPooling3D": "output_size, data_format=None, **kwargs",
    "keras.layers.AdaptiveAveragePooling1D": "output_size, data_format=None, **kwargs",
    "keras.layers.AdaptiveAveragePooling2D": "output_size, data_format=None, **kwargs",
    "keras.layers.AdaptiveAveragePooling3D": "output_size, data_format=None, **kwargs",
    "keras.layers.UpSampling1D": "size=2, **kwargs",
    "keras.layers.UpSampling2D": "size=(2, 2), data_format=None, interpolation='nearest', **kwargs",
    "keras.layers.UpSampling3D": "size=(2, 2, 2), data_format=None, **kwargs",
    "keras.layers.ZeroPadding1D": "padding=1, data_format=None, **kwargs",
    "keras.layers.ZeroPadding2D": "padding=(1, 1), data_format=None, **kwargs",
    "keras.layers.ZeroPadding3D": "padding=((1, 1), (1, 1), (1, 1)), data_format=None, **kwargs",
    "keras.layers.Cropping1D": "cropping=(1, 1), **kwargs",
    "keras.layers.Cropping2D": "cropping=((0, 0), (0, 0)), data_format=None, **kwargs",
    "keras.layers.Cropping3D": "cropping=((1, 1), (1, 1), (1, 1)), data_format=None, **kwargs",
    "keras.layers.SeparableConv1D":
        "filters, kernel_size, strides=1, padding='valid', data_format=None, dilation_rate=1, depth_multiplier=1, activation=None, "
        "use_bias=True, depthwise_initializer='glorot_uniform', pointwise_initializer='glorot_uniform', bias_initializer='zeros', "
        "depthwise_regularizer=None, pointwise_regularizer=None, bias_regularizer=None, activity_regularizer=None, "
        "depthwise_constraint=None, pointwise_constraint=None, bias_constraint=None, **kwargs",
    "keras.layers.SeparableConv2D":
        "filters, kernel_size, strides=(1, 1), padding='valid', data_format=None, dilation_rate=(1, 1), depth_multiplier=1, "
        "activation=None, use_bias=True, depthwise_initializer='glorot_uniform', pointwise_initializer='glorot_uniform', "
        "bias_initializer='zeros', depthwise_regularizer=None, pointwise_regularizer=None, bias_regularizer=None, "
        "activity_regularizer=None, depthwise_constraint=None, pointwise_constraint=None, bias_constraint=None, **kwargs",
    "keras.layers.DepthwiseConv1D":
        "kernel_size, strides=1, padding='valid', depth_multiplier=1, data_format=None, dilation_rate=1, activation=None, "
        "use_bias=True, depthwise_initializer='glorot_uniform', bias_initializer='zeros', depthwise_regularizer=None, "
        "bias_regularizer=None, activity_regularizer=None, depthwise_constraint=None, bias_constraint=None, **kwargs",
    "keras.layers.DepthwiseConv2D":
        "kernel_size, strides=(1, 1), padding='valid', depth_multiplier=1, data_format=None, dilation_rate=(1, 1), activation=None, "
        "use_bias=True, depthwise_initializer='glorot_uniform', bias_initializer='zeros', depthwise_regularizer=None, "
        "bias_regularizer=None, activity_regularizer=None, depthwise_constraint=None, bias_constraint=None, **kwargs",
    "keras.layers.Resizing":
        "height, width, interpolation='bilinear', crop_to_aspect_ratio=False, pad_to_aspect_ratio=False, fill_mode='constant', "
        "fill_value=0.0, antialias=False, data_format=None, **kwargs",
    "keras.layers.CenterCrop": "height, width, data_format=None, **kwargs",
    "keras.layers.Permute": "dims, **kwargs",
    "keras.layers.Reshape": "target_shape, **kwargs",
    "keras.ops.conv": "inputs, kernel, strides=1, padding='valid', data_format=None, dilation_rate=1",
    "keras.ops.conv_transpose": "inputs, kernel, strides=1, padding='valid', output_padding=None, data_format=None, dilation_rate=1",
    "keras.ops.depthwise_conv": "inputs, kernel, strides=1, padding='valid', data_format=None, dilation_rate=1",
    "keras.ops.separable_conv": "inputs, depthwise_kernel, pointwise_kernel, strides=1, padding='valid', data_format=None, dilation_rate=1",
    "keras.ops.max_pool": "inputs, pool_size, strides=None, padding='valid', data_format=None",
    "keras.ops.average_pool": "inputs, pool_size, strides=None, padding='valid', data_format=None",
    "keras.ops.adaptive_max_pool": "inputs, output_size, data_format=None",
    "keras.ops.adaptive_average_pool": "inputs, output_size, data_format=None",
    "keras.ops.depth_to_space": "x, block_size, data_format='channels_last'",
    "keras.ops.space_to_depth": "x, block_size, data_format='channels_last'",
    "keras.ops.image.resize":
        "images, size, interpolation='bilinear', antialias=False, crop_to_aspect_ratio=False, pad_to_aspect_ratio=False, "
        "fill_mode='constant', fill_value=0.0, data_format=None",
    "keras.ops.image.pad_images":
        "images, top_padding=None, left_padding=None, bottom_padding=None, right_padding=None, target_height=None, target_width=None, "
        "data_format=None",
    "keras.ops.image.crop_images":
        "images, top_cropping=None, left_cropping=None, bottom_cropping=None, right_cropping=None, target_height=None, "
        "target_width=None, data_format=None",
    "keras.ops.image.extract_patches": "images, size, strides=None, dilation_rate=1, padding='valid', data_format=None",
    "keras.ops.image.map_coordinates": "inputs, coordinates, order, fill_mode='constant', fill_value=0",
    "keras.ops.image.scale_and_translate": "images, output_shape, scale, translation, spatial_dims, method, antialias=True",
    "keras.ops.image.affine_transform": "images, transform, interpolation='bilinear', fill_mode='constant', fill_value=0, data_format=None",
    "keras.ops.pad": "x, pad_width, mode='constant', constant_values=None",
    "keras.ops.repeat": "x, repeats, axis=None",
    "keras.ops.reshape": "x, newshape",
    "keras.ops.transpose": "x, axes=None",
    "keras.ops.flip": "x, axis=None",
    "keras.ops.mean": "x, axis=None, keepdims=False",
    "keras.ops.abs": "x",
    "keras.ops.sqrt": "x",
    "keras.ops.ones": "shape, dtype=None",
    "keras.ops.ones_like": "x, dtype=None",
    "keras.ops.arange": "start, stop=None, step=None, dtype=None",
    "keras.ops.take": "x, indices, axis=None",
    "keras.ops.clip": "x, x_min, x_max",
    "keras.ops.full": "shape, fill_value, dtype=None",
    "keras.ops.cast": "x, dtype",
    "keras.ops.one_hot": "x, num_classes, axis=-1, dtype=None, sparse=False",
    "keras.ops.einsum": "subscripts, *operands, **kwargs",
}  # fmt: skip

ALSO = {
    f"keras.layers.{also}{rank}D{end}": f"keras.layers.{name}{rank}D{end}"
    for also, name, end, ranks in (
        ("Convolution", "Conv", "", (1, 2, 3)),
        ("Convolution", "Conv", "Transpose", (1, 2, 3)),
        ("SeparableConvolution", "SeparableConv", "", (1, 2)),
        ("MaxPool", "MaxPooling", "", (1, 2, 3)),
        ("AvgPool", "AveragePooling", "", (1, 2, 3)),
        ("GlobalMaxPool", "GlobalMaxPooling", "", (1, 2, 3)),
        ("GlobalAvgPool", "GlobalAveragePooling", "", (1, 2, 3)),
    )
    for rank in ranks
}
"""Other names that Keras has for its layers."""

SIGNATURES |= {also: SIGNATURES[name] for also, name in ALSO.items()}

DOCUMENTED: dict[str, str] = {}

ALIASES: dict[str, str] = {
    "layers": "keras.layers", "tf.keras": "keras", "tensorflow.keras": "keras", "ops": "keras.ops", "kl": "keras.layers",
}  # fmt: skip
"""How people begin a qualified name under customary imports."""
