"""TensorFlow's calls, read: what each means in explicit numbers, what a wrong one is told, that TensorFlow computes so, and what is written.

Expected operations are from https://www.tensorflow.org/api_docs/python/tf/nn and tf/image. 'SAME' makes ⌈n/s⌉ outputs, an odd pixel at the
end; the transposed functions are the gradient of the convolution that gives their input from an image of output_shape.
"""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from backends.native import Unreadable
from backends.porting import ported
from backends.reading import read
from spec import Operation, Shape
from spec.case import parse_case
from tests.tiers import slow
from verify.native.check import case_of, checked

Given = tuple[str, Shape, tuple[Shape, ...]]

V1 = "tf.compat.v1.image."

LAST: dict[Given, str] = {
    # convolution: 8 pixels, stride 2, kernel 3 → 4 outputs, which reach 9: (0, 1). 7 pixels → 4 outputs, 9 again: (1, 1)
    ("tf.nn.conv2d(x, w, 2, 'SAME')", (1, 8, 7, 4), ((3, 3, 4, 8),)): "Conv(stride=(2, 2), padding=((0, 1), (1, 1)))",
    ("tf.nn.conv2d(x, w, [1, 2, 1, 1], 'VALID')", (1, 8, 7, 4), ((3, 2, 4, 8),)): "Conv(stride=(2, 1))",
    ("tf.nn.conv2d(x, w, (2, 1), 'VALID', dilations=(1, 2, 3, 1))", (1, 8, 7, 4), ((3, 2, 4, 8),)):
        "Conv(stride=(2, 1), dilation=(2, 3))",
    ("tf.nn.conv2d(x, w, 1, [[0, 0], [1, 2], [0, 1], [0, 0]])", (1, 8, 7, 4), ((3, 3, 4, 8),)):
        "Conv(stride=(1, 1), padding=((1, 2), (0, 1)))",
    ("tf.nn.conv2d(x, w, 1, 'SAME')", (1, 8, 7, 4), ((3, 3, 2, 8),)): "Conv(stride=(1, 1), padding=((1, 1), (1, 1)), groups=2)",
    ("tf.nn.conv1d(x, w, 2, 'SAME')", (1, 8, 4), ((3, 4, 8),)): "Conv(stride=(2,), padding=((0, 1),))",
    ("tf.nn.conv1d(x, w, stride=(1, 3, 1), padding='VALID')", (1, 8, 4), ((3, 4, 8),)): "Conv(stride=(3,))",
    ("tf.nn.conv3d(x, w, (1, 2, 2, 2, 1), 'SAME')", (1, 4, 5, 4, 2), ((2, 2, 2, 2, 3),)):
        "Conv(stride=(2, 2, 2), padding=((0, 0), (0, 1), (0, 0)))",
    ("tf.nn.convolution(x, w)", (1, 8, 4), ((3, 4, 8),)): "Conv(stride=(1,))",
    ("tf.nn.convolution(x, w, dilations=2, padding='SAME')", (1, 8, 7, 4), ((3, 3, 4, 8),)):
        "Conv(stride=(1, 1), padding=((2, 2), (2, 2)), dilation=(2, 2))",
    ("tf.nn.atrous_conv2d(x, w, rate=2, padding='VALID')", (1, 8, 7, 4), ((3, 3, 4, 8),)): "Conv(stride=(1, 1), dilation=(2, 2))",
    ("tf.nn.bias_add(tf.nn.conv1d(x, w, 1, 'VALID'), b)", (1, 8, 4), ((3, 4, 8), (8,))): "Conv(stride=(1,), bias='yes')",
    ("tf.nn.depthwise_conv2d(x, w, (1, 2, 2, 1), 'SAME')", (1, 8, 7, 4), ((3, 3, 4, 2),)):
        "Conv(stride=(2, 2), padding=((0, 1), (1, 1)), groups=4)",
    ("tf.nn.depthwise_conv2d(x, w, [1, 1, 1, 1], [[0, 0], [1, 0], [2, 1], [0, 0]])", (1, 8, 7, 4), ((3, 3, 4, 1),)):
        "Conv(stride=(1, 1), padding=((1, 0), (2, 1)), groups=4)",
    ("tf.nn.separable_conv2d(x, w, p, (1, 1, 1, 1), 'VALID', dilations=(2, 2))", (1, 8, 7, 4), ((3, 3, 4, 2), (1, 1, 8, 5))):
        "Conv(stride=(1, 1), dilation=(2, 2), groups=4) >> Conv(stride=(1, 1))",
    # transposed: uncropped (n − 1)s + k; 'SAME' crops what is more than output_shape, an odd pixel at the end
    ("tf.nn.conv2d_transpose(x, w, (1, 10, 7, 3), 2)", (1, 5, 4, 2), ((3, 3, 3, 2),)): "ConvTranspose(stride=(2, 2), crop=((0, 1), (1, 1)))",
    ("tf.nn.conv2d_transpose(x, w, (1, 12, 9, 3), [1, 2, 2, 1], padding='VALID')", (1, 5, 4, 2), ((3, 3, 3, 2),)):
        "ConvTranspose(stride=(2, 2), crop=((0, -1), (0, 0)))",
    ("tf.nn.conv2d_transpose(x, w, (1, 10, 8, 3), 2, [[0, 0], [1, 0], [0, 1], [0, 0]])", (1, 5, 4, 2), ((3, 3, 3, 2),)):
        "ConvTranspose(stride=(2, 2), crop=((1, 0), (0, 1)))",
    ("tf.nn.conv2d_transpose(x, w, (1, 10, 8, 4), 2)", (1, 5, 4, 2), ((3, 3, 2, 2),)):
        "ConvTranspose(stride=(2, 2), crop=((0, 1), (0, 1)), groups=2)",
    ("tf.nn.conv1d_transpose(x, w, (1, 10, 3), 2)", (1, 5, 2), ((4, 3, 2),)): "ConvTranspose(stride=(2,), crop=((1, 1),))",
    ("tf.nn.conv3d_transpose(x, w, (1, 6, 4, 5, 2), 2)", (1, 3, 2, 3, 2), ((2, 2, 2, 2, 2),)):
        "ConvTranspose(stride=(2, 2, 2), crop=((0, 0), (0, 0), (0, 1)))",
    ("tf.nn.conv_transpose(x, w, (1, 6, 3), 1, padding='VALID')", (1, 4, 2), ((3, 3, 2),)): "ConvTranspose(stride=(1,))",
    # pools
    ("tf.nn.max_pool2d(x, 3, 2, 'SAME')", (1, 8, 7, 4), ()): "MaxPool(kernel=(3, 3), stride=(2, 2), padding=((0, 1), (1, 1)))",
    ("tf.nn.max_pool2d(x, 3, 2, ((0, 0), (1, 1), (0, 2), (0, 0)))", (1, 8, 7, 4), ()):
        "MaxPool(kernel=(3, 3), stride=(2, 2), padding=((1, 1), (0, 2)))",
    ("tf.nn.max_pool(x, ksize=[1, 2, 1], strides=[1, 1, 1], padding='VALID')", (1, 8, 4), ()): "MaxPool(kernel=(2,), stride=(1,))",
    ("tf.nn.max_pool3d(x, 2, 2, 'VALID')", (1, 5, 4, 4, 2), ()): "MaxPool(kernel=(2, 2, 2))",
    ("tf.nn.avg_pool2d(x, 2, 1, 'SAME')", (1, 8, 7, 4), ()):
        "AveragePool(kernel=(2, 2), stride=(1, 1), padding=((0, 1), (0, 1)), counted='valid')",
    ("tf.nn.avg_pool1d(x, 3, 3, 'VALID')", (1, 8, 4), ()): "AveragePool(kernel=(3,))",
    ("tf.nn.pool(x, (2, 3), 'AVG')", (1, 8, 7, 4), ()): "AveragePool(kernel=(2, 3), stride=(1, 1))",
    ("tf.nn.pool(x, [2], 'MAX', dilations=[3])", (1, 8, 4), ()): "MaxPool(kernel=(2,), stride=(1,), dilation=(3,))",
    ("tf.reduce_mean(x, [1, 2], keepdims=True)", (1, 8, 7, 4), ()): "AdaptiveAveragePool(size=(1, 1))",
    # resampling
    ("tf.image.resize(x, (7, 9))", (1, 5, 4, 2), ()): "Resize(size=(7, 9), mode='linear')",
    ("tf.image.resize(x, [7, 9], method='nearest')", (1, 5, 4, 2), ()): "Resize(size=(7, 9), rounding='round_prefer_ceil')",
    ("tf.image.resize(x, (10, 12), method='nearest')", (1, 5, 4, 2), ()): "Upsample(factor=(2, 3))",
    ("tf.image.resize(x, (3, 3), tf.image.ResizeMethod.BICUBIC)", (1, 5, 4, 2), ()):
        "Resize(size=(3, 3), mode='cubic', a='-1/2', outside='excluded')",
    ("tf.image.resize(x, (3, 3), 'bilinear', antialias=True)", (1, 5, 4, 2), ()):
        "Resize(size=(3, 3), mode='linear', outside='excluded', antialias='yes')",
    ("tf.image.resize(x, (3, 3), 'area')", (1, 5, 4, 2), ()): "Resize(size=(3, 3), mode='area')",
    ("tf.image.resize(x, (3, 3), 'lanczos3', antialias=True)", (1, 5, 4, 2), ()): "Lanczos(size=(3, 3), antialias='yes')",
    (f"{V1}resize_bilinear(x, (3, 9))", (1, 5, 4, 2), ()): "Resize(size=(3, 9), mode='linear', coordinates='asymmetric')",
    (f"{V1}resize_bilinear(x, (3, 9), half_pixel_centers=True)", (1, 5, 4, 2), ()): "Resize(size=(3, 9), mode='linear')",
    (f"{V1}resize_nearest_neighbor(x, (3, 9))", (1, 5, 4, 2), ()): "Resize(size=(3, 9), coordinates='asymmetric', rounding='floor')",
    (f"{V1}resize_nearest_neighbor(x, (3, 9), align_corners=True)", (1, 5, 4, 2), ()):
        "Resize(size=(3, 9), coordinates='align_corners', rounding='round_prefer_ceil')",
    (f"{V1}resize(x, (3, 9), method=2, align_corners=True)", (1, 5, 4, 2), ()):
        "Resize(size=(3, 9), mode='cubic', coordinates='align_corners')",
    ("tf.repeat(x, 3, axis=1)", (1, 5, 4, 2), ()): "Upsample(factor=(3, 1))",
    # padding, cropping, channels and space
    ("tf.pad(x, [[0, 0], [1, 2], [0, 1], [0, 0]])", (1, 5, 4, 2), ()): "Pad(padding=((1, 2), (0, 1)))",
    ("tf.pad(x, ((0, 0), (1, 2), (0, 0)), 'reflect')", (1, 5, 2), ()): "Pad(padding=((1, 2),), mode='reflect')",
    ("tf.pad(x, ((0, 0), (1, 2), (0, 0)), constant_values=3)", (1, 5, 2), ()): "Pad(padding=((1, 2),), value=3)",
    ("tf.image.pad_to_bounding_box(x, 1, 0, 8, 5)", (1, 5, 4, 2), ()): "Pad(padding=((1, 2), (0, 1)))",
    ("tf.image.crop_to_bounding_box(x, 1, 0, 3, 2)", (1, 5, 4, 2), ()): "Pad(padding=((-1, -1), (0, -2)))",
    ("tf.image.resize_with_crop_or_pad(x, 2, 7)", (1, 5, 4, 2), ()): "Pad(padding=((-1, -2), (1, 2)))",
    ("tf.nn.depth_to_space(x, 2)", (1, 3, 4, 8), ()): "DepthToSpace(factor=(2, 2))",
    ("tf.nn.space_to_depth(x, block_size=2)", (1, 6, 4, 3), ()): "SpaceToDepth(factor=(2, 2))",
    # several calls
    ("x = tf.nn.conv2d(x, w, 1, 'SAME')\nx = tf.nn.bias_add(x, b)\nx = tf.nn.max_pool2d(x, 2, 2, 'VALID')", (1, 8, 7, 4), ((3, 3, 4, 8), (8,))):
        "Conv(stride=(1, 1), padding=((1, 1), (1, 1)), bias='yes') >> MaxPool(kernel=(2, 2))",
}  # fmt: skip

FIRST: dict[Given, str] = {
    ("tf.nn.conv2d(x, w, [1, 1, 2, 1], 'SAME', data_format='NCHW')", (1, 4, 8, 7), ((3, 3, 4, 8),)):
        "Conv(stride=(2, 1), padding=((0, 1), (1, 1)))",
    ("tf.nn.conv1d_transpose(x, w, (1, 3, 10), 2, data_format='NCW')", (1, 2, 5), ((3, 3, 2),)): "ConvTranspose(stride=(2,), crop=((0, 1),))",
    ("tf.nn.avg_pool3d(x, 2, 2, 'VALID', 'NCDHW')", (1, 2, 5, 4, 4), ()): "AveragePool(kernel=(2, 2, 2))",
    ("tf.nn.depth_to_space(x, 2, data_format='NCHW')", (1, 8, 3, 4), ()): "DepthToSpace(factor=(2, 2))",
}  # fmt: skip
"""Most of TensorFlow's kernels on CPU raise for channels first."""

READ = LAST | FIRST


@pytest.mark.parametrize("given", READ, ids=lambda given: given[0])
def test_a_call_is_read_as_its_documentation_says(given: Given) -> None:
    reading = read(*given)
    assert repr(reading.op) == READ[given]
    assert parse_case(repr(case_of(reading.op, reading.x, reading.w))).op == reading.op


def test_shapes_are_those_of_the_layout() -> None:
    last = read("tf.nn.conv2d(x, w, 1, 'VALID')", (2, 9, 7, 4), ((3, 3, 4, 8),))
    assert (last.x, last.y, last.w) == ((2, 4, 9, 7), (2, 7, 5, 8), ((8, 4, 3, 3),))
    first = read("tf.nn.conv2d(x, w, 1, 'VALID', 'NCHW')", (2, 4, 9, 7), ((3, 3, 4, 8),))
    assert (first.x, first.y, first.w) == ((2, 4, 9, 7), (2, 8, 7, 5), ((8, 4, 3, 3),))
    assert read("tf.nn.conv2d_transpose(x, w, (1, 10, 8, 3), 2)", (1, 5, 4, 2), ((3, 3, 3, 2),)).y == (1, 10, 8, 3)
    assert read("tf.nn.depthwise_conv2d(x, w, (1, 1, 1, 1), 'VALID')", (1, 9, 7, 4), ((3, 3, 4, 2),)).w == ((8, 1, 3, 3),)


def test_a_function_is_shown_with_the_names_of_its_arrays() -> None:
    reading = read("tf.nn.conv2d(images, kernel, strides=2, padding='SAME', name='first')", (1, 8, 7, 4), ((3, 3, 4, 8),))
    assert reading.native.shown() == 'x = tf.nn.conv2d(x, w, 2, "SAME")'


NOTES: dict[Given, tuple[str, str, bool]] = {
    ("tf.nn.conv2d(x, w, 2, 'SAME')", (1, 8, 7, 4), ((3, 3, 4, 8),)):
        ("padding", "'SAME' is (0, 1), (1, 1) at this size: it depends on the size; the odd pixel is at the end", True),
    ("tf.nn.conv2d(x, w, 1, 'SAME')", (1, 8, 7, 4), ((3, 3, 2, 8),)): ("filters", "groups is 2: the input has 4 channels", True),
    ("tf.nn.conv2d_transpose(x, w, (1, 10, 8, 3), 2)", (1, 5, 4, 2), ((3, 3, 3, 2),)): ("padding", "'SAME' is a crop of the result", True),
    ("tf.nn.avg_pool2d(x, 2, 1, 'SAME')", (1, 8, 7, 4), ()): ("padding", "only pixels of the input count in the divisor", True),
    ("tf.nn.pool(x, (2, 3), 'AVG')", (1, 8, 7, 4), ()): ("strides", "left out, it is 1 and not window_shape", True),
    ("tf.image.resize(x, (3, 3))", (1, 5, 4, 2), ()): ("antialias", "False: pixels are left out as it shrinks", True),
    ("tf.image.resize(x, (9, 9), 'bicubic')", (1, 5, 4, 2), ()): ("method", "cubic with a = −1/2", True),
    ("tf.image.resize(x, (9, 9), 'nearest')", (1, 5, 4, 2), ()): ("method", "the pixel with the nearest centre", True),
    (f"{V1}resize_bilinear(x, (9, 9))", (1, 5, 4, 2), ()): ("align_corners", "y[j] lies at j·n/m: no half pixel", True),
    ("tf.nn.depth_to_space(x, 2)", (1, 5, 4, 8), ()): ("block_size", "the phases of a pixel stand outside the channels (DCR)", True),
    ("tf.nn.avg_pool2d(x, 2, 2, 'VALID', 'NCHW')", (1, 8, 7, 4), ()): ("data_format", "the input is NCHW; on CPU TensorFlow may raise", True),
}  # fmt: skip


@pytest.mark.parametrize("given", NOTES, ids=lambda given: given[0])
def test_what_is_easily_missed_has_a_note(given: Given) -> None:
    argument, text, trap = NOTES[given]
    found = [note for note in read(*given).notes if note.argument == argument and note.text.startswith(text)]
    assert [note.trap for note in found] == [trap]


K = ((3, 3, 4, 8),)
X = (1, 8, 7, 4)

WRONG: dict[Given, str] = {
    ("tf.nn.conv2d(x, w, 1, 'same')", X, K): "padding is 'same', but it must be one of 'SAME', 'VALID'",
    ("tf.nn.conv2d(x, w, 1, 'SAME', 'channels_last')", X, K): "data_format is 'channels_last', but it must be one of 'NHWC', 'NCHW'",
    ("tf.nn.conv2d(x, w, (1, 2, 3), 'SAME')", X, K): "strides is (1, 2, 3), but it needs a whole number of at least 1, 2 of them, or 4",
    ("tf.nn.conv2d(x, w, (2, 1, 1, 1), 'SAME')", X, K): "with 1 for batch and channels",
    ("tf.nn.conv2d(x, w, 1, ((0, 0), (1, 1)))", X, K): "padding is ((0, 0), (1, 1)), but it needs 4 pairs of whole numbers, one for each axis",
    ("tf.nn.conv2d(x, w, 1, ((0, 0), (1, 1), (1, 1), (0, 1)))", X, K): "but batch and channels cannot be padded; give them (0, 0)",
    ("tf.nn.conv2d(x, w, 1)", X, K): "missing a required argument: 'padding'",
    ("tf.nn.conv2d(x, w, 1, 'SAME', dilation=2)", X, K): "it has no argument 'dilation'; did you mean dilations?",
    ("tf.nn.conv2d(x, w, 1, 'SAME')", X, ()): "needs the shape of its filters; give it with --weights, such as --weights 3,3,4,8",
    ("tf.nn.conv2d(x, w, 1, 'SAME')", X, ((3, 3, 3, 8),)): "filters has shape (3, 3, 3, 8), but its last axes must be C/groups and O",
    ("tf.nn.conv2d(x, w, 1, 'SAME')", X, ((3, 4, 8),)): "filters has shape (3, 4, 8), but it needs 4 axes",
    ("tf.nn.conv2d(x, w, 1, 'SAME')", (8, 7, 4), K): "takes an input with 4 axes, batch and channels included, but --input is (8, 7, 4)",
    ("tf.nn.conv1d(x, w, 1, ((0, 0), (1, 1), (0, 0)))", (1, 8, 4), ((3, 4, 8),)): "but it must be one of 'SAME', 'VALID'",
    ("tf.nn.conv3d(x, w, 1, 'SAME')", (1, 4, 5, 4, 2), ((2, 2, 2, 2, 3),)): "strides is 1, but it needs 5 numbers, such as (1, 2, 2, 2, 1)",
    ("tf.nn.conv2d_transpose(x, w, (1, 12, 8, 3), 2)", (1, 5, 4, 2), ((3, 3, 3, 2),)):
        "output_shape is (1, 12, 8, 3), but output length 12 is no input of a 'SAME' convolution",
    ("tf.nn.conv2d_transpose(x, w, (10, 8), 2)", (1, 5, 4, 2), ((3, 3, 3, 2),)): "output_shape is (10, 8), but it needs 4 whole numbers",
    ("tf.nn.conv2d_transpose(x, w, shape, 2)", (1, 5, 4, 2), ((3, 3, 3, 2),)): "but it needs 4 whole numbers, for every axis",
    ("tf.nn.conv2d_transpose(x, w, (2, 10, 8, 3), 2)", (1, 5, 4, 2), ((3, 3, 3, 2),)): "its first number must be the batch, 1",
    ("tf.nn.conv2d_transpose(x, w, (1, 10, 8, 2), 2)", (1, 5, 4, 2), ((3, 3, 3, 2),)): "filters has shape (3, 3, 3, 2), but its last axes",
    ("tf.nn.conv2d_transpose(x, w, (1, 14, 8, 3), 2, ((0, 0), (1, 1), (1, 1), (0, 0)))", (1, 5, 4, 2), ((3, 3, 3, 2),)):
        "a convolution of the length 14 with padding (1, 1) does not give 5",
    ("tf.nn.depthwise_conv2d(x, w, 1, 'SAME')", X, ((3, 3, 4, 1),)): "strides is 1, but it needs 4 numbers, such as (1, 2, 2, 1)",
    ("tf.nn.depthwise_conv2d(x, w, (1, 2, 2, 1), 'SAME', dilations=(2, 2))", X, ((3, 3, 4, 1),)): "TensorFlow takes only one of them above 1",
    ("tf.nn.depthwise_conv2d(x, w, (1, 1, 1, 1), 'SAME')", X, ((3, 3, 3, 1),)): "its third axis must be the input's 4 channels",
    ("tf.nn.separable_conv2d(x, w, p, (1, 1, 1, 1), 'SAME')", X, ((3, 3, 4, 2), (1, 1, 4, 5))): "it must be (1, 1, 8, outputs)",
    ("tf.nn.bias_add(x, b)", X, ((4,),)): "is read together with the call before it, but there is none; write that call first",
    ("tf.nn.bias_add(tf.nn.max_pool2d(x, 2, 2, 'VALID'), b)", X, ((4,),)): "is read only on the result of a convolution",
    ("tf.nn.bias_add(tf.nn.conv2d(x, w, 1, 'SAME'), b)", X, (*K, (4,))): "bias has shape (4,), but it must be (8,), one number for each channel",
    ("tf.nn.avg_pool2d(x, 2, 2, ((0, 0), (1, 1), (1, 1), (0, 0)))", X, ()): "but it must be one of 'SAME', 'VALID'",
    ("tf.nn.max_pool2d(x, 0, 2, 'SAME')", X, ()): "ksize is 0, but it needs a whole number of at least 1",
    ("tf.nn.pool(x, 2, 'MAX')", X, ()): "window_shape is 2, but it needs 2 whole numbers of at least 1",
    ("tf.nn.pool(x, (2, 2), 'LP')", X, ()): "pooling_type is 'LP', but it must be one of 'AVG', 'MAX'",
    ("tf.nn.pool(x, (2, 2), 'MAX', dilations=(2, 2), padding='SAME')", X, ()): "neither strides above 1 nor padding 'SAME'",
    ("tf.nn.pool(x, (2, 2), 'MAX', strides=(3, 3))", X, ()): "TensorFlow takes none larger than window_shape, (2, 2)",
    ("tf.reduce_mean(x, axis=3, keepdims=True)", X, ()): "only a mean over all spatial axes is read; write (1, 2)",
    ("tf.image.resize(x, (3, 3), 'gaussian')", X, ()): "method is 'gaussian', but only 'bilinear', 'nearest'",
    ("tf.image.resize(x, (3, 3), Method.CUBIC)", X, ()): "method is Method.CUBIC, but only",
    ("tf.image.resize(x, 3)", X, ()): "size is 3, but it needs (height, width), two whole numbers of at least 1",
    ("tf.image.resize(x, (3, 3), preserve_aspect_ratio=True)", X, ()): "preserve_aspect_ratio=True is not read; give the size that it makes",
    (f"{V1}resize_bilinear(x, (3, 3), align_corners=True, half_pixel_centers=True)", X, ()): "is not read together with half_pixel_centers",
    (f"{V1}resize_area(x, (3, 3), align_corners=True)", X, ()): "is not read together with area; leave one of them out",
    ("tf.pad(x, 1)", X, ()): "paddings is 1, but it needs 4 pairs of whole numbers, one for each axis",
    ("tf.pad(x, ((0, 0), (1, 1), (0, 0), (0, 0)), 'EDGE')", X, ()): "mode is 'EDGE', but it must be one of 'CONSTANT', 'REFLECT', 'SYMMETRIC'",
    ("tf.pad(x, ((0, 0), (1, 1), (0, 0), (0, 0)), constant_values=0.5)", X, ()): "constant_values is 0.5, but only whole numbers are read",
    ("tf.image.pad_to_bounding_box(x, 3, 0, 10, 7)", X, ()): "offset_height is 3 and target_height 10 on 8 pixels, but target_height must hold",
    ("tf.image.crop_to_bounding_box(x, 3, 0, 8, 7)", X, ()): "but the image must hold target_height",
    ("tf.nn.depth_to_space(x, 2, 'NCHW_VECT_C')", X, ()): "data_format is 'NCHW_VECT_C', but it must be one of 'NHWC', 'NCHW'",
    ("tf.repeat(x, 2)", X, ()): "axis is None, but only a spatial axis of an input N *space C is read: 1 to 2",
}  # fmt: skip


@pytest.mark.parametrize("given", WRONG, ids=lambda given: given[0])
def test_a_wrong_call_says_what_is_wrong(given: Given) -> None:
    with pytest.raises(Unreadable) as error:
        read(*given)
    assert WRONG[given] in str(error.value)


GRID: list[Given] = [
    *((f"tf.nn.conv1d(x, w, {s}, '{p}')", (1, n, 2), ((k, 2, 3),)) for n in (7, 8) for k in (2, 3) for s in (1, 2, 3) for p in ("SAME", "VALID")),
    *((f"tf.nn.conv2d(x, w, {s}, '{p}', dilations={d})", (1, 9, 10, 2), ((*k, 2, 3),)) for k in ((2, 3), (4, 1))
      for s, d in ((1, 2), ((2, 3), 1), (1, (1, 3))) for p in ("SAME", "VALID")),
    *((f"tf.nn.conv2d_transpose(x, w, (1, {a}, {b}, 3), (2, 3), '{p}')", (1, 4, 3, 2), ((3, 4, 3, 2),))
      for p, a, b in (("SAME", 7, 7), ("SAME", 8, 9), ("VALID", 9, 10), ("VALID", 10, 12))),
    *((f"tf.nn.{kind}_pool2d(x, {k}, {s}, '{p}')", (1, 7, 8, 2), ()) for kind in ("max", "avg") for k in (2, (3, 2))
      for s in (1, (2, 3)) for p in ("SAME", "VALID")),
    *((f"tf.image.resize(x, {size}, '{mode}', antialias={smooth})", (1, 7, 8, 2), ()) for size in ((7, 5), (9, 11))
      for mode in ("nearest", "bilinear", "bicubic", "lanczos3", "area") for smooth in (False, True)),
    *((f"{V1}resize_{mode}(x, {size}, align_corners={aligned})", (1, 7, 8, 2), ()) for size in ((7, 5), (9, 11))
      for mode in ("nearest_neighbor", "bilinear", "bicubic") for aligned in (False, True)),
    *((f"tf.image.resize_with_crop_or_pad(x, {a}, {b})", (1, 5, 4, 2), ()) for a in (2, 3, 7, 8) for b in (1, 9)),
]  # fmt: skip
"""Sizes of both parities."""


@slow
def test_tensorflow_computes_what_is_read() -> None:
    if find_spec("tensorflow") is None:
        pytest.skip("tensorflow is not installed")
    programs = {}
    for text, x, w in [*LAST, *GRID]:
        reading = read(text, x, w)
        programs[f"{text} on {x}"] = (reading.native, case_of(reading.op, reading.x, reading.w))
    verdicts = checked(programs)
    assert {name: (v.status, v.sentence) for name, v in verdicts.items() if v.status not in ("verified", "known")} == {}
    assert sum(v.verified for v in verdicts.values()) > 0.8 * len(verdicts)


def _meaning(text: str) -> tuple[Operation, Shape, tuple[Shape, ...]]:
    case = parse_case(text)
    return case.op, case.x, case.w


WRITTEN = {
    "Conv(stride=(2, 2), padding=((0, 1), (1, 1)), bias='yes') x=(1, 4, 8, 7) w=(8, 4, 3, 3) w=(1, 8, 1, 1)":
        'x = tf.nn.conv2d(x, w, 2, "SAME")\nx = tf.nn.bias_add(x, b)',
    "Conv(stride=(1,), dilation=(2,)) x=(1, 4, 9) w=(8, 4, 3)": 'x = tf.nn.conv1d(x, w, 1, "VALID", dilations=2)',
    "Conv(stride=(2, 2), groups=4) x=(1, 4, 8, 7) w=(8, 1, 3, 3)": 'x = tf.nn.depthwise_conv2d(x, w, (1, 2, 2, 1), "VALID")',
    "Conv(stride=(2, 2, 2)) x=(1, 2, 4, 4, 4) w=(3, 2, 2, 2, 2)": 'x = tf.nn.conv3d(x, w, (1, 2, 2, 2, 1), "VALID")',
    "ConvTranspose(stride=(2, 2), crop=((0, 1), (1, 1))) x=(1, 2, 5, 4) w=(2, 3, 3, 3)": "x = tf.nn.conv2d_transpose(x, w, (1, 10, 7, 3), 2)",
    "ConvTranspose(stride=(2,), crop=((0, -1),)) x=(1, 2, 5) w=(2, 3, 3)":
        'x = tf.nn.conv1d_transpose(x, w, (1, 12, 3), 2, padding="VALID")',
    "MaxPool(kernel=(3, 3), stride=(2, 2), padding=((1, 1), (1, 1))) x=(1, 2, 9, 8)":
        "x = tf.nn.max_pool2d(x, 3, 2, ((0, 0), (1, 1), (1, 1), (0, 0)))",
    "AveragePool(kernel=(2, 2), stride=(1, 1), padding=((0, 1), (0, 1)), counted='valid') x=(1, 2, 8, 7)":
        'x = tf.nn.avg_pool2d(x, 2, 1, "SAME")',
    "AdaptiveAveragePool(size=(1, 1)) x=(1, 2, 8, 7)": "x = tf.reduce_mean(x, axis=(1, 2), keepdims=True)",
    "Upsample(factor=(2, 3)) x=(1, 2, 5, 4)": 'x = tf.image.resize(x, (10, 12), method="nearest")',
    "Upsample(factor=(2,)) x=(1, 2, 5)": "x = tf.repeat(x, 2, axis=1)",
    "Resize(size=(7, 9), mode='linear') x=(1, 2, 5, 4)": "x = tf.image.resize(x, (7, 9))",
    "Resize(size=(7, 9), mode='linear', coordinates='align_corners') x=(1, 2, 5, 4)":
        "x = tf.compat.v1.image.resize_bilinear(x, (7, 9), align_corners=True)",
    "Lanczos(size=(3, 3), lobes=5) x=(1, 2, 5, 4)": 'x = tf.image.resize(x, (3, 3), method="lanczos5")',
    "Pad(padding=((1, 2), (0, 1)), mode='symmetric') x=(1, 2, 5, 4)":
        'x = tf.pad(x, ((0, 0), (1, 2), (0, 1), (0, 0)), mode="SYMMETRIC")',
    "SpaceToDepth(factor=(2, 2)) x=(1, 2, 6, 4)": "x = tf.nn.space_to_depth(x, 2)",
    "Conv(stride=(1, 1), bias='yes') >> MaxPool(kernel=(2, 2)) x=(1, 4, 8, 7) w=(8, 4, 3, 3) w=(1, 8, 1, 1)":
        'x = tf.nn.conv2d(x, w1, 1, "VALID")\nx = tf.nn.bias_add(x, b1)\nx = tf.nn.max_pool2d(x, 2, 2, "VALID")',
}  # fmt: skip


@pytest.mark.parametrize("text", WRITTEN)
def test_what_is_written_is_read_back(text: str) -> None:
    op, x, w = _meaning(text)
    native, _ = ported("tensorflow", op, x, w)
    assert native.shown() == WRITTEN[text]
    back = read(native.shown(), native.x, [weight.shape for weight in native.weights])
    assert (back.op, back.x, back.w) == (op, x, w)


@slow
def test_what_is_written_is_what_tensorflow_computes() -> None:
    if find_spec("tensorflow") is None:
        pytest.skip("tensorflow is not installed")
    meanings = {text: _meaning(text) for text in WRITTEN}
    programs = {text: (ported("tensorflow", op, x, w)[0], case_of(op, x, w)) for text, (op, x, w) in meanings.items()}
    assert {name: (v.status, v.sentence) for name, v in checked(programs).items() if v.status not in ("verified", "known")} == {}
