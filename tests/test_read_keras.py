"""Keras's calls, read: what each means, what a wrong one is told, that Keras computes so, and what is written in Keras.

Expected operations are from https://keras.io/api/layers/ and https://keras.io/api/ops/. 'same' makes ⌈n/s⌉ outputs, an odd pixel at the
end.
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

L, OPS = "keras.layers.", "keras.ops."

READ: dict[Given, str] = {
    # convolution: 8 pixels, stride 2, kernel 3 → 4 outputs, which reach 9: (0, 1). 7 pixels → 4 outputs, 9 again: (1, 1)
    (f"{L}Conv2D(8, 3, strides=2, padding='same')", (1, 8, 7, 4), ()): "Conv(stride=(2, 2), padding=((0, 1), (1, 1)), bias='yes')",
    (f"{L}Conv2D(8, 3)", (1, 8, 7, 4), ()): "Conv(stride=(1, 1), bias='yes')",
    (f"{L}Conv2D(8, (3, 2), (2, 1), use_bias=False)", (1, 8, 7, 4), ()): "Conv(stride=(2, 1))",
    (f"{L}Conv2D(8, 3, padding='SAME', dilation_rate=2, groups=2)", (1, 8, 7, 4), ()):
        "Conv(stride=(1, 1), padding=((2, 2), (2, 2)), dilation=(2, 2), groups=2, bias='yes')",
    (f"{L}Conv2D(8, 3, strides=2, padding='same', data_format='channels_first')", (1, 4, 8, 7), ()):
        "Conv(stride=(2, 2), padding=((0, 1), (1, 1)), bias='yes')",
    (f"{L}Conv1D(8, 3, padding='causal', dilation_rate=2)", (1, 9, 4), ()):
        "Conv(stride=(1,), padding=((4, 0),), dilation=(2,), bias='yes')",
    (f"{L}Convolution3D(8, 2, padding='same')", (1, 5, 4, 3, 2), ()):
        "Conv(stride=(1, 1, 1), padding=((0, 1), (0, 1), (0, 1)), bias='yes')",
    (f"{L}Conv2D(8, 3, activation='linear', name='first', kernel_initializer='zeros')", (1, 8, 7, 4), ()):
        "Conv(stride=(1, 1), bias='yes')",
    (f"{OPS}conv(x, w, 2, 'same')", (1, 8, 7, 4), ((3, 3, 4, 8),)): "Conv(stride=(2, 2), padding=((0, 1), (1, 1)))",
    (f"{OPS}conv(x, w)", (1, 9, 4), ((3, 2, 8),)): "Conv(stride=(1,), groups=2)",
    # depthwise and separable
    (f"{L}DepthwiseConv2D(3, depth_multiplier=2)", (1, 8, 7, 4), ()): "Conv(stride=(1, 1), groups=4, bias='yes')",
    (f"{L}DepthwiseConv1D(2, padding='same', use_bias=False)", (1, 8, 4), ()): "Conv(stride=(1,), padding=((0, 1),), groups=4)",
    (f"{L}SeparableConv2D(8, 3, strides=2)", (1, 8, 7, 4), ()):
        "Conv(stride=(2, 2), groups=4) >> Conv(stride=(1, 1), bias='yes')",
    (f"{OPS}depthwise_conv(x, w)", (1, 8, 7, 4), ((3, 3, 4, 2),)): "Conv(stride=(1, 1), groups=4)",
    (f"{OPS}separable_conv(x, w, p)", (1, 8, 4), ((3, 4, 2), (1, 8, 5))): "Conv(stride=(1,), groups=4) >> Conv(stride=(1,))",
    # transposed: uncropped (n − 1)s + k; 'same' makes n·s of it, 'valid' at least n·s
    (f"{L}Conv2DTranspose(3, 3, strides=2, padding='same')", (1, 5, 4, 2), ()):
        "ConvTranspose(stride=(2, 2), crop=((0, 1), (0, 1)), bias='yes')",
    (f"{L}Conv2DTranspose(3, 4, strides=2, padding='same', use_bias=False)", (1, 5, 4, 2), ()):
        "ConvTranspose(stride=(2, 2), crop=((1, 1), (1, 1)))",
    (f"{L}Conv2DTranspose(3, 2, strides=3)", (1, 5, 4, 2), ()): "ConvTranspose(stride=(3, 3), crop=((0, -1), (0, -1)), bias='yes')",
    (f"{L}Conv1DTranspose(3, 3, strides=2, output_padding=1)", (1, 5, 2), ()): "ConvTranspose(stride=(2,), crop=((0, -1),), bias='yes')",
    (f"{L}Conv1DTranspose(3, 3, strides=2, padding='same', output_padding=0)", (1, 5, 2), ()):
        "ConvTranspose(stride=(2,), crop=((1, 1),), bias='yes')",
    (f"{L}Convolution3DTranspose(3, 2, strides=2)", (1, 3, 2, 3, 2), ()): "ConvTranspose(stride=(2, 2, 2), bias='yes')",
    (f"{OPS}conv_transpose(x, w, 2, 'same')", (1, 5, 4, 2), ((3, 3, 6, 2),)): "ConvTranspose(stride=(2, 2), crop=((0, 1), (0, 1)))",
    # pools
    (f"{L}MaxPooling2D()", (1, 8, 7, 4), ()): "MaxPool(kernel=(2, 2))",
    (f"{L}MaxPool2D(3, strides=2, padding='same')", (1, 8, 7, 4), ()): "MaxPool(kernel=(3, 3), stride=(2, 2), padding=((0, 1), (1, 1)))",
    (f"{L}MaxPooling1D(3, data_format='channels_first')", (1, 4, 9), ()): "MaxPool(kernel=(3,))",
    (f"{L}AveragePooling2D(2, 1, 'same')", (1, 8, 7, 4), ()):
        "AveragePool(kernel=(2, 2), stride=(1, 1), padding=((0, 1), (0, 1)), counted='valid')",
    (f"{L}AvgPool3D((1, 2, 3))", (1, 5, 4, 6, 2), ()): "AveragePool(kernel=(1, 2, 3))",
    (f"{OPS}average_pool(x, 3, padding='same')", (1, 8, 4), ()): "AveragePool(kernel=(3,), padding=((0, 1),), counted='valid')",
    (f"{OPS}max_pool(x, (2, 3), 1)", (1, 8, 7, 4), ()): "MaxPool(kernel=(2, 3), stride=(1, 1))",
    (f"{L}GlobalAveragePooling2D(keepdims=True)", (1, 8, 7, 4), ()): "AdaptiveAveragePool(size=(1, 1))",
    (f"{L}GlobalMaxPool1D()", (1, 8, 4), ()): "AdaptiveMaxPool(size=(1,))",
    (f"{OPS}mean(x, axis=(1, 2), keepdims=True)", (1, 8, 7, 4), ()): "AdaptiveAveragePool(size=(1, 1))",
    (f"{L}AdaptiveAveragePooling2D((3, 4))", (1, 8, 7, 4), ()): "AdaptiveAveragePool(size=(3, 4))",
    (f"{OPS}adaptive_max_pool(x, 3)", (1, 8, 4), ()): "AdaptiveMaxPool(size=(3,))",
    # resampling
    (f"{L}UpSampling2D((2, 3))", (1, 5, 4, 2), ()): "Upsample(factor=(2, 3))",
    (f"{L}UpSampling2D(2, interpolation='bilinear')", (1, 5, 4, 2), ()): "Resize(size=(10, 8), mode='linear')",
    (f"{L}UpSampling3D(2, data_format='channels_first')", (1, 2, 3, 2, 3), ()): "Upsample(factor=(2, 2, 2))",
    (f"{L}Resizing(7, 9)", (1, 5, 4, 2), ()): "Resize(size=(7, 9), mode='linear')",
    (f"{OPS}image.resize(x, (7, 9), 'nearest')", (1, 5, 4, 2), ()): "Resize(size=(7, 9), rounding='round_prefer_ceil')",
    (f"{OPS}image.resize(x, (10, 4), 'nearest')", (1, 5, 4, 2), ()): "Upsample(factor=(2, 1))",
    (f"{OPS}image.resize(x, (3, 3), 'bicubic', antialias=True)", (1, 5, 4, 2), ()):
        "Resize(size=(3, 3), mode='cubic', a='-1/2', outside='excluded', antialias='yes')",
    (f"{OPS}image.resize(x, [3, 3], interpolation='lanczos5', data_format='channels_first')", (1, 2, 5, 4), ()):
        "Lanczos(size=(3, 3), lobes=5)",
    (f"{OPS}repeat(x, 3, axis=2)", (1, 5, 4, 2), ()): "Upsample(factor=(1, 3))",
    # padding, cropping, channels and space
    (f"{L}ZeroPadding2D(((0, 1), (2, 3)))", (1, 5, 4, 2), ()): "Pad(padding=((0, 1), (2, 3)))",
    (f"{L}ZeroPadding2D((1, 2))", (1, 5, 4, 2), ()): "Pad(padding=((1, 1), (2, 2)))",
    (f"{L}ZeroPadding1D((1, 2))", (1, 5, 2), ()): "Pad(padding=((1, 2),))",
    (f"{L}Cropping2D(((0, 1), (2, 1)))", (1, 5, 4, 2), ()): "Pad(padding=((0, -1), (-2, -1)))",
    (f"{L}Cropping3D(1)", (1, 5, 4, 3, 2), ()): "Pad(padding=((-1, -1), (-1, -1), (-1, -1)))",
    (f"{L}CenterCrop(3, 2)", (1, 6, 4, 2), ()): "Pad(padding=((-1, -2), (-1, -1)))",
    (f"{OPS}pad(x, ((0, 0), (1, 2), (0, 0)), 'reflect')", (1, 5, 2), ()): "Pad(padding=((1, 2),), mode='reflect')",
    (f"{OPS}pad(x, ((0, 0), (0, 0), (1, 2)), constant_values=3.0)", (1, 2, 5), ()): "Pad(padding=((1, 2),), value=3)",
    (f"{OPS}image.pad_images(x, 1, 2, target_height=9, target_width=8)", (1, 5, 4, 2), ()): "Pad(padding=((1, 3), (2, 2)))",
    (f"{OPS}image.crop_images(x, bottom_cropping=1, left_cropping=2, target_height=3, target_width=1)", (1, 5, 4, 2), ()):
        "Pad(padding=((-1, -1), (-2, -1)))",
    (f"{OPS}depth_to_space(x, 2)", (1, 3, 4, 8), ()): "DepthToSpace(factor=(2, 2))",
    (f"{OPS}space_to_depth(x, 2, data_format='channels_first')", (1, 3, 4, 8), ()): "SpaceToDepth(factor=(2, 2))",
    # several calls
    ("keras.Sequential([Conv2D(8, 3), MaxPooling2D(), Conv2D(4, 1)])", (1, 8, 7, 4), ()):
        "Conv(stride=(1, 1), bias='yes') >> MaxPool(kernel=(2, 2)) >> Conv(stride=(1, 1), bias='yes')",
    ("layer = layers.Conv2D(8, 3)\nx = ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))\nx = layer(x)", (1, 8, 7, 4), ()):
        "Pad(padding=((1, 1), (1, 1))) >> Conv(stride=(1, 1), bias='yes')",
    ("tf.keras.layers.MaxPool2D(2)(tf.keras.layers.Conv2D(8, 3)(x))", (1, 8, 7, 4), ()):
        "Conv(stride=(1, 1), bias='yes') >> MaxPool(kernel=(2, 2))",
}  # fmt: skip


@pytest.mark.parametrize("given", READ, ids=lambda given: given[0])
def test_a_call_is_read_as_its_documentation_says(given: Given) -> None:
    reading = read(*given)
    assert repr(reading.op) == READ[given]
    assert parse_case(repr(case_of(reading.op, reading.x, reading.w))).op == reading.op


def test_shapes_are_those_of_the_layout() -> None:
    first, last = (read(f"{L}Conv2D(8, 3, data_format='channels_{end}')", x) for end, x in (("first", (2, 4, 9, 7)), ("last", (2, 9, 7, 4))))
    assert (first.x, first.y) == ((2, 4, 9, 7), (2, 8, 7, 5))
    assert (last.x, last.y) == ((2, 4, 9, 7), (2, 7, 5, 8))
    assert [weight.shape for weight in last.native.weights] == [(3, 3, 4, 8), (8,)]
    assert last.w == ((8, 4, 3, 3), (1, 8, 1, 1))
    assert read(f"{L}DepthwiseConv2D(3, depth_multiplier=2)", (1, 9, 7, 4)).w == ((8, 1, 3, 3), (1, 8, 1, 1))
    assert read(f"{L}Conv2DTranspose(8, 3)", (1, 9, 7, 4)).w == ((4, 8, 3, 3), (1, 8, 1, 1))
    assert read(f"{L}GlobalAveragePooling2D()", (2, 9, 7, 4)).y == (2, 4)


NOTES: dict[Given, tuple[str, str, bool]] = {
    (f"{L}Conv2D(8, 3, strides=2, padding='same')", (1, 8, 7, 4), ()):
        ("padding", "'same' is (0, 1), (1, 1) at this size: it depends on the size; the odd pixel is at the end", True),
    (f"{L}Conv2D(8, 3, padding='same')", (1, 8, 7, 4), ()): ("padding", "'same' is (1, 1) at this size: it depends on the size", False),
    (f"{L}Conv2DTranspose(3, 3, strides=2, padding='same')", (1, 5, 4, 2), ()):
        ("padding", "'same' is a crop of the result of (0, 1)", True),
    (f"{L}Conv2DTranspose(3, 3, strides=2, output_padding=1)", (1, 5, 4, 2), ()): ("output_padding", "given, the length is (n − 1)", True),
    (f"{L}AveragePooling2D(2, 1, 'same')", (1, 8, 7, 4), ()): ("padding", "only pixels of the input count in the divisor", True),
    (f"{L}MaxPooling2D(3)", (1, 8, 7, 4), ()): ("strides", "left out, it is pool_size", False),
    (f"{L}GlobalAveragePooling2D()", (1, 8, 7, 4), ()): ("keepdims", "False: the result has no spatial axes", False),
    (f"{L}Resizing(3, 3)", (1, 8, 7, 4), ()): ("antialias", "False: pixels are left out as it shrinks", True),
    (f"{OPS}image.resize(x, (9, 9), 'bicubic')", (1, 8, 7, 4), ()): ("interpolation", "cubic with a = −1/2", True),
    (f"{OPS}depth_to_space(x, 2)", (1, 8, 7, 4), ()): ("block_size", "the phases of a pixel stand outside the channels (DCR)", True),
    (f"{L}Conv2D(8, 3, data_format='channels_first')", (1, 4, 8, 7), ()): ("data_format", "the input is N C *space", False),
}  # fmt: skip


@pytest.mark.parametrize("given", NOTES, ids=lambda given: given[0])
def test_what_is_easily_missed_has_a_note(given: Given) -> None:
    argument, text, trap = NOTES[given]
    found = [note for note in read(*given).notes if note.argument == argument and note.text.startswith(text)]
    assert [note.trap for note in found] == [trap]


WRONG: dict[Given, str] = {
    (f"{L}Conv2D(8, 3, activation='relu')", (1, 8, 7, 4), ()): "activation='relu' is not read",
    (f"{L}Conv2D(8, 3, padding='full')", (1, 8, 7, 4), ()): "padding is 'full', but it must be one of 'valid', 'same'",
    (f"{L}Conv2D(8, 3, padding='causal')", (1, 8, 7, 4), ()): "padding is 'causal', but it must be one of 'valid', 'same'",
    (f"{L}Conv2D(8, 3, padding=1)", (1, 8, 7, 4), ()): "padding is 1, but it must be one of 'valid', 'same'",
    (f"{L}Conv2D(8, 3, strides=2, dilation_rate=2)", (1, 8, 7, 4), ()): "Keras takes only one of them above 1",
    (f"{L}Conv2D(9, 3, groups=2)", (1, 8, 7, 4), ()): "groups is 2, but it must divide filters, which is 9",
    (f"{L}Conv2D(8, 3, groups=2)", (1, 8, 7, 3), ()): "it must divide the number of input channels, which is 3",
    (f"{L}Conv2D(8, (3, 3, 3))", (1, 8, 7, 4), ()): "kernel_size is (3, 3, 3), but it needs a whole number of at least 1, or 2 of them",
    (f"{L}Conv2D(8, 3)", (8, 7, 4), ()): "takes an input with 4 axes, batch and channels included, but --input is (8, 7, 4)",
    (f"{L}Conv2D(8, 3, data_format='NHWC')", (1, 8, 7, 4), ()):
        "data_format is 'NHWC', but it must be one of 'channels_last', 'channels_first'",
    (f"{L}Conv2D(8, 3, stride=2)", (1, 8, 7, 4), ()): "it has no argument 'stride'; did you mean strides?",
    (f"{L}Conv2DTranspose(8, 3, output_padding=1)", (1, 8, 7, 4), ()): "output_padding is (1, 1), but it must be smaller than strides",
    (f"{L}DepthwiseConv2D(3, depth_multiplier=0)", (1, 8, 7, 4), ()): "depth_multiplier is 0, but it needs a whole number of at least 1",
    (f"{OPS}conv(x, w)", (1, 8, 7, 4), ()): "needs the shape of its kernel; give it with --weights, such as --weights 3,3,4,8",
    (f"{OPS}conv(x, w)", (1, 8, 7, 4), ((3, 3, 3, 8),)): "kernel has shape (3, 3, 3, 8), but its last axes must be C/groups and O",
    (f"{OPS}conv_transpose(x, w)", (1, 8, 7, 4), ((3, 3, 4, 8),)): "its last axis must be the input's 4 channels",
    (f"{OPS}separable_conv(x, w, p)", (1, 8, 7, 4), ((3, 3, 4, 2), (1, 1, 4, 5))): "it must be (1, 1, 8, filters)",
    (f"{OPS}depthwise_conv(x, w)", (1, 4, 5, 4, 3), ((3, 3, 3, 3, 1),)): "takes an input with 3 or 4 axes",
    (f"{L}GlobalAveragePooling2D() >> {L}UpSampling2D()", (1, 8, 7, 4), ()): "--input is (1, 4)",
    (f"{OPS}mean(x, axis=1)", (1, 8, 7, 4), ()): "axis is 1, but only a mean over all spatial axes is read; write (1, 2)",
    (f"{OPS}mean(x, axis=(1, 2))", (1, 8, 7, 4), ()): "write keepdims=True",
    (f"{L}UpSampling2D(2, interpolation='area')", (1, 8, 7, 4), ()): "interpolation is 'area', but it must be one of 'nearest', 'bilinear'",
    (f"{L}Resizing(3, 3, crop_to_aspect_ratio=True)", (1, 8, 7, 4), ()): "crop_to_aspect_ratio=True is not read; crop or pad x before",
    (f"{OPS}image.resize(x, 3)", (1, 8, 7, 4), ()): "size is 3, but it needs (height, width)",
    (f"{L}CenterCrop(9, 3)", (1, 8, 7, 4), ()): "is smaller than (9, 3), so that Keras resizes it; write keras.layers.Resizing",
    (f"{L}Cropping2D(4)", (1, 8, 7, 4), ()): "nothing is left; cut less",
    (f"{L}ZeroPadding2D(-1)", (1, 8, 7, 4), ()):
        "padding is -1, but it needs a whole number, 2 of them, or 2 pairs (lo, hi), none negative",
    (f"{OPS}pad(x, 1)", (1, 8, 7, 4), ()): "pad_width is 1, but it needs 4 pairs of whole numbers, one for each axis",
    (f"{OPS}pad(x, ((1, 1), (0, 0), (0, 0), (0, 0)))", (1, 8, 7, 4), ()): "which changes batch or channels; only spatial axes are read",
    (f"{OPS}pad(x, ((0, 0), (1, 1), (0, 0)), 'mean')", (1, 8, 4), ()): "mode is 'mean', but it must be one of 'constant'",
    (f"{OPS}pad(x, ((0, 0), (1, 1), (0, 0)), 'reflect', 1)", (1, 8, 4), ()): "only mode 'constant' takes it",
    (f"{OPS}image.pad_images(x, 1, 2)", (1, 8, 7, 4), ()): "needs two whole numbers of top_padding, bottom_padding, target_height",
    (f"{OPS}image.pad_images(x, 1, 2, target_height=8, target_width=9)", (1, 8, 7, 4), ()): "but none may be negative",
    (f"{OPS}depth_to_space(x, 1)", (1, 8, 7, 4), ()): "block_size is 1, but it needs a whole number of at least 2",
    (f"{OPS}repeat(x, 2, axis=3)", (1, 8, 7, 4), ()): "axis is 3, but only a spatial axis of an input N *space C is read: 1 to 2",
}  # fmt: skip


@pytest.mark.parametrize("given", WRONG, ids=lambda given: given[0])
def test_a_wrong_call_says_what_is_wrong(given: Given) -> None:
    with pytest.raises(Unreadable) as error:
        read(*given)
    assert WRONG[given] in str(error.value)


GRID: list[Given] = [
    *((f"{L}Conv1D(3, {k}, strides={s}, padding='{p}')", (1, n, 2), ()) for n in (7, 8) for k in (2, 3) for s in (1, 2, 3)
      for p in ("same", "valid", "causal")),
    *((f"{L}Conv2D(4, {k}, dilation_rate={d}, padding='same', groups=2)", (1, 7, 8, 2), ()) for k in ((2, 3), 4) for d in (1, (2, 3))),
    *((f"{L}Conv2DTranspose(3, {k}, strides={s}, padding='{p}', output_padding={o})", (1, 4, 3, 2), ())
      for k in (2, 3, (4, 5)) for s in (2, (3, 2)) for p in ("same", "valid") for o in (None, 1)),
    *((f"{L}{kind}Pooling2D({k}, {s}, padding='{p}')", (1, 7, 8, 2), ()) for kind in ("Max", "Average") for k in (2, (3, 2))
      for s in (None, 1, (2, 3)) for p in ("same", "valid")),
    *((f"{OPS}image.resize(x, {size}, '{mode}', antialias={smooth})", (1, 7, 8, 2), ()) for size in ((7, 5), (9, 11))
      for mode in ("nearest", "bilinear", "bicubic", "lanczos3") for smooth in (False, True)),
]  # fmt: skip
"""Sizes of both parities. Of 'same' with output_padding 0 and an even kernel Keras asks TensorFlow for what it does not take."""


@slow
def test_keras_computes_what_is_read() -> None:
    if find_spec("keras") is None or find_spec("tensorflow") is None:
        pytest.skip("keras and tensorflow are not installed")
    programs = {}
    for text, x, w in [*READ, *GRID]:
        reading = read(text, x, w)
        programs[f"{text} on {x}"] = (reading.native, case_of(reading.op, reading.x, reading.w))
    verdicts = checked(programs)
    assert {name: (v.status, v.sentence) for name, v in verdicts.items() if v.status not in ("verified", "known")} == {}
    assert sum(v.verified for v in verdicts.values()) > 0.9 * len(verdicts)


def _meaning(text: str) -> tuple[Operation, Shape, tuple[Shape, ...]]:
    case = parse_case(text)
    return case.op, case.x, case.w


WRITTEN = {
    "Conv(stride=(1, 1), padding=((1, 1), (1, 1)), bias='yes') x=(1, 4, 8, 7) w=(8, 4, 3, 3) w=(1, 8, 1, 1)":
        'layer = keras.layers.Conv2D(8, 3, padding="same")\nx = layer(x)',
    "Conv(stride=(2, 2), padding=((0, 1), (1, 1))) x=(1, 4, 8, 7) w=(8, 4, 3, 3)":
        'layer = keras.layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)\nx = layer(x)',
    "Conv(stride=(1,), groups=4, bias='yes') x=(1, 4, 8) w=(8, 1, 3) w=(1, 8, 1)":
        "layer = keras.layers.DepthwiseConv1D(3, depth_multiplier=2)\nx = layer(x)",
    "ConvTranspose(stride=(2, 2), bias='yes') x=(1, 2, 5, 4) w=(2, 3, 3, 3) w=(1, 3, 1, 1)":
        "layer = keras.layers.Conv2DTranspose(3, 3, strides=2)\nx = layer(x)",
    "ConvTranspose(stride=(2,), crop=((1, 1),)) x=(1, 2, 5) w=(2, 3, 4)":
        'layer = keras.layers.Conv1DTranspose(3, 4, strides=2, padding="same", use_bias=False)\nx = layer(x)',
    "MaxPool(kernel=(3, 3), stride=(2, 2), padding=((0, 1), (1, 1))) x=(1, 2, 8, 7)":
        'layer = keras.layers.MaxPooling2D(pool_size=3, strides=2, padding="same")\nx = layer(x)',
    "AveragePool(kernel=(2,)) x=(1, 2, 8)": "layer = keras.layers.AveragePooling1D(2)\nx = layer(x)",
    "AdaptiveAveragePool(size=(1, 1)) x=(1, 2, 8, 7)": "layer = keras.layers.GlobalAveragePooling2D(keepdims=True)\nx = layer(x)",
    "AdaptiveMaxPool(size=(3, 4)) x=(1, 2, 8, 7)": "layer = keras.layers.AdaptiveMaxPooling2D((3, 4))\nx = layer(x)",
    "Upsample(factor=(2, 3)) x=(1, 2, 5, 4)": "layer = keras.layers.UpSampling2D(size=(2, 3))\nx = layer(x)",
    "Resize(size=(7, 9), mode='linear') x=(1, 2, 5, 4)": "x = keras.ops.image.resize(x, (7, 9))",
    "Lanczos(size=(3, 3), lobes=5, antialias='yes') x=(1, 2, 5, 4)":
        'x = keras.ops.image.resize(x, (3, 3), interpolation="lanczos5", antialias=True)',
    "Pad(padding=((1, 2), (0, 1)), mode='reflect') x=(1, 2, 5, 4)":
        'x = keras.ops.pad(x, ((0, 0), (1, 2), (0, 1), (0, 0)), mode="reflect")',
    "DepthToSpace(factor=(2, 2)) x=(1, 8, 3, 4)": "x = keras.ops.depth_to_space(x, 2)",
    "Conv(stride=(1, 1)) >> Upsample(factor=(2, 2)) x=(1, 4, 8, 7) w=(8, 4, 3, 3)":
        "layer1 = keras.layers.Conv2D(8, 3, use_bias=False)\nlayer2 = keras.layers.UpSampling2D()\nx = layer1(x)\nx = layer2(x)",
}  # fmt: skip


@pytest.mark.parametrize("text", WRITTEN)
def test_what_is_written_is_read_back(text: str) -> None:
    op, x, w = _meaning(text)
    native, _ = ported("keras", op, x, w)
    assert native.shown() == WRITTEN[text]
    back = read(native.shown(), native.x)
    assert (back.op, back.x, back.w) == (op, x, w)


@slow
def test_what_is_written_is_what_keras_computes() -> None:
    if find_spec("keras") is None or find_spec("tensorflow") is None:
        pytest.skip("keras and tensorflow are not installed")
    meanings = {text: _meaning(text) for text in WRITTEN}
    programs = {text: (ported("keras", op, x, w)[0], case_of(op, x, w)) for text, (op, x, w) in meanings.items()}
    assert {name: (v.status, v.sentence) for name, v in checked(programs).items() if v.status not in ("verified", "known")} == {}
