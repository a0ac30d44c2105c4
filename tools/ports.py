"""docs/ports.md: calls of published models, written in every other framework and run there.

python -m tools.ports > docs/ports.md      reads, writes and runs all of them; `make docs` calls it
"""

from __future__ import annotations

import sys
from collections import Counter

from backends import Unsupported
from backends.native import Native
from backends.porting import ported, rooms
from backends.reading import read
from spec import Case
from verify.native.check import Verdict, case_of, checked
from verify.report.markdown import span, text

CALLS: list[tuple[str, str, tuple[int, ...], tuple[tuple[int, ...], ...]]] = [
    ("ResNet", "nn.Conv2d(3, 64, kernel_size=7, stride=2, padding=3, bias=False)", (1, 3, 32, 32), ()),
    ("ResNet", "nn.MaxPool2d(kernel_size=3, stride=2, padding=1)", (1, 8, 15, 16), ()),
    ("ResNet", "nn.Conv2d(64, 128, kernel_size=1, stride=2, bias=False)", (1, 64, 7, 8), ()),
    ("ResNet", "nn.AdaptiveAvgPool2d((1, 1))", (1, 16, 7, 7), ()),
    ("ResNeXt-50", "nn.Conv2d(128, 128, kernel_size=3, stride=2, padding=1, groups=32, bias=False)", (1, 128, 8, 7), ()),
    ("VGG-16", "nn.Conv2d(3, 64, kernel_size=3, padding=1)", (1, 3, 12, 12), ()),
    ("VGG-16", "nn.MaxPool2d(kernel_size=2, stride=2)", (1, 8, 13, 12), ()),
    ("VGG-16", "nn.AdaptiveAvgPool2d((7, 7))", (1, 4, 15, 14), ()),
    ("AlexNet", "nn.Conv2d(3, 64, kernel_size=11, stride=4, padding=2)", (1, 3, 35, 35), ()),
    ("GoogLeNet", "nn.MaxPool2d(3, stride=2, ceil_mode=True)", (1, 8, 14, 14), ()),
    ("Inception v3", "nn.Conv2d(8, 8, kernel_size=(1, 7), padding=(0, 3), bias=False)", (1, 8, 9, 9), ()),
    ("Inception v3", "F.avg_pool2d(x, kernel_size=3, stride=1, padding=1)", (1, 8, 9, 9), ()),
    ("MobileNet v2", "nn.Conv2d(32, 32, kernel_size=3, stride=2, padding=1, groups=32, bias=False)", (1, 32, 14, 13), ()),
    ("EfficientNet", "nn.Conv2d(16, 16, kernel_size=5, stride=2, padding=2, groups=16, bias=False)", (1, 16, 14, 14), ()),
    ("ConvNeXt", "nn.Conv2d(24, 24, kernel_size=7, padding=3, groups=24)", (1, 24, 9, 9), ()),
    ("ConvNeXt", "nn.Conv2d(3, 96, kernel_size=4, stride=4)", (1, 3, 16, 16), ()),
    ("DenseNet", "nn.AvgPool2d(kernel_size=2, stride=2)", (1, 8, 7, 8), ()),
    ("SqueezeNet", "nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True)", (1, 8, 13, 12), ()),
    ("ShuffleNet v2", "nn.Conv2d(24, 24, 3, 2, 1, groups=24, bias=False)", (1, 24, 9, 10), ()),
    ("U-Net", "nn.ConvTranspose2d(64, 32, kernel_size=2, stride=2)", (1, 64, 6, 5), ()),
    ("U-Net", "nn.Upsample(scale_factor=2, mode='bilinear', align_corners=True)", (1, 4, 5, 6), ()),
    ("FCN", "nn.ConvTranspose2d(21, 21, 64, stride=32, bias=False)", (1, 21, 2, 2), ()),
    ("FCN", "nn.ConvTranspose2d(21, 21, 4, stride=2, padding=1, bias=False)", (1, 21, 5, 6), ()),
    ("DeepLab v3", "nn.Conv2d(16, 8, 3, padding=12, dilation=12, bias=False)", (1, 16, 17, 17), ()),
    ("DeepLab v3", "F.interpolate(x, size=(17, 17), mode='bilinear', align_corners=False)", (1, 4, 5, 5), ()),
    ("PSPNet", "nn.AdaptiveAvgPool2d(6)", (1, 4, 13, 13), ()),
    ("FPN", "F.interpolate(x, scale_factor=2, mode='nearest')", (1, 4, 5, 6), ()),
    ("YOLOv3", "nn.ZeroPad2d((0, 1, 0, 1)) >> nn.MaxPool2d(kernel_size=2, stride=1)", (1, 4, 7, 7), ()),
    ("YOLOv5", "nn.MaxPool2d(kernel_size=5, stride=1, padding=2)", (1, 8, 9, 9), ()),
    ("DCGAN", "nn.ConvTranspose2d(100, 32, 4, 1, 0, bias=False)", (1, 100, 1, 1), ()),
    ("DCGAN", "nn.ConvTranspose2d(32, 16, 4, 2, 1, bias=False)", (1, 32, 4, 4), ()),
    ("pix2pix", "nn.Conv2d(3, 16, kernel_size=4, stride=2, padding=1)", (1, 3, 16, 16), ()),
    ("CycleGAN", "nn.ReflectionPad2d(3) >> nn.Conv2d(3, 16, kernel_size=7)", (1, 3, 12, 12), ()),
    ("CycleGAN", "nn.ConvTranspose2d(32, 16, kernel_size=3, stride=2, padding=1, output_padding=1)", (1, 32, 6, 7), ()),
    ("ESPCN", "nn.PixelShuffle(3)", (1, 9, 5, 4), ()),
    ("FSRCNN", "nn.ConvTranspose2d(56, 1, kernel_size=9, stride=4, padding=4, output_padding=3)", (1, 56, 6, 6), ()),
    ("Stable Diffusion VAE", "F.pad(x, (0, 1, 0, 1)) >> nn.Conv2d(8, 8, kernel_size=3, stride=2)", (1, 8, 8, 8), ()),
    ("ViT", "nn.Conv2d(3, 64, kernel_size=16, stride=16)", (1, 3, 32, 32), ()),
    ("wav2vec 2.0", "nn.Conv1d(1, 32, kernel_size=10, stride=5, bias=False)", (1, 1, 64), ()),
    ("Whisper", "nn.Conv1d(16, 16, kernel_size=3, stride=2, padding=1)", (1, 16, 20), ()),
    ("WaveNet", "nn.Conv1d(16, 16, kernel_size=2, dilation=8)", (1, 16, 32), ()),
    ("HiFi-GAN", "nn.ConvTranspose1d(32, 16, 16, stride=8, padding=4)", (1, 32, 7), ()),
    ("C3D", "nn.Conv3d(3, 16, kernel_size=(3, 3, 3), padding=(1, 1, 1))", (1, 3, 5, 6, 6), ()),
    ("C3D", "nn.MaxPool3d(kernel_size=(1, 2, 2), stride=(1, 2, 2))", (1, 4, 4, 6, 6), ()),
    ("3-D U-Net", "nn.ConvTranspose3d(16, 8, kernel_size=2, stride=2)", (1, 16, 3, 3, 3), ()),
    ("Keras MobileNet", "keras.layers.DepthwiseConv2D((3, 3), padding='same', strides=(2, 2), use_bias=False)", (1, 13, 14, 8), ()),
    ("Keras ResNet50", "keras.layers.ZeroPadding2D(padding=((3, 3), (3, 3))) >> keras.layers.Conv2D(64, 7, strides=2)", (1, 32, 32, 3), ()),
    ("Keras ResNet50", "keras.layers.ZeroPadding2D(((1, 1), (1, 1))) >> keras.layers.MaxPooling2D(3, strides=2)", (1, 15, 16, 8), ()),
    ("Keras Xception", "keras.layers.SeparableConv2D(16, (3, 3), padding='same', use_bias=False)", (1, 9, 9, 8), ()),
    ("Keras Xception", "keras.layers.MaxPooling2D((3, 3), strides=(2, 2), padding='same')", (1, 10, 9, 8), ()),
    ("Keras InceptionV3", "keras.layers.AveragePooling2D((3, 3), strides=(1, 1), padding='same')", (1, 9, 9, 8), ()),
    ("Keras NASNet", "keras.layers.Cropping2D(cropping=((1, 0), (1, 0)))", (1, 9, 9, 8), ()),
    ("Keras U-Net example", "keras.layers.Conv2DTranspose(16, 3, padding='same')", (1, 8, 8, 8), ()),
    ("Keras DCGAN example", "keras.layers.Conv2DTranspose(16, kernel_size=4, strides=2, padding='same')", (1, 6, 6, 8), ()),
    ("Keras autoencoder example", "keras.layers.UpSampling2D((2, 2))", (1, 5, 6, 8), ()),
    ("Keras DeepLab example", "keras.layers.UpSampling2D(size=(4, 4), interpolation='bilinear')", (1, 4, 4, 8), ()),
    ("Keras speech example", "keras.layers.Conv1D(16, 11, strides=2, padding='causal')", (1, 20, 4), ()),
    ("TensorFlow pix2pix", "tf.nn.conv2d_transpose(x, w, (1, 12, 12, 8), strides=2, padding='SAME')", (1, 6, 6, 4), ((4, 4, 8, 4),)),
    ("TensorFlow slim ResNet", "tf.pad(x, [[0, 0], [3, 3], [3, 3], [0, 0]]) >> tf.nn.conv2d(x, w, 2, 'VALID')", (1, 16, 16, 3),
     ((7, 7, 3, 8),)),
    ("TensorFlow detection", "tf.image.resize(x, (12, 10), method='nearest')", (1, 6, 5, 3), ()),
    ("TensorFlow EDSR", "tf.nn.depth_to_space(x, 2)", (1, 4, 5, 12), ()),
    ("Inception, slim", "tf.nn.avg_pool2d(x, 3, 1, 'SAME')", (1, 9, 9, 4), ()),
    ("flax ImageNet ResNet", "flax.linen.Conv(16, (7, 7), (2, 2), padding=[(3, 3), (3, 3)], use_bias=False)", (1, 16, 16, 3), ()),
    ("flax ImageNet ResNet", "flax.linen.max_pool(x, (3, 3), strides=(2, 2), padding='SAME')", (1, 14, 15, 4), ()),
    ("big_vision ViT", "jax.image.resize(x, (1, 8, 8, 4), method='bilinear')", (1, 5, 5, 4), ()),
    ("flax VAE", "flax.linen.ConvTranspose(8, (4, 4), strides=(2, 2), padding='SAME')", (1, 5, 6, 4), ()),
    ("ONNX model zoo, ResNet", "onnx.MaxPool(x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])", (1, 4, 11, 12), ()),
    ("ONNX model zoo, SqueezeNet", "onnx.AveragePool(x, kernel_shape=[3, 3], strides=[2, 2])", (1, 4, 11, 12), ()),
    ("ONNX model zoo, super resolution", "onnx.DepthToSpace(x, blocksize=3, mode='CRD')", (1, 9, 4, 4), ()),
    ("ONNX model zoo, EfficientNet", "onnx.Conv(x, w, auto_pad='SAME_UPPER', strides=[2, 2])", (1, 3, 11, 12), ((8, 3, 3, 3),)),
]  # fmt: skip
"""Model, call, input in the framework's own layout (lengths and channels cut down), shapes of a function's weights."""

FRAMEWORKS = ("torch", "keras", "tensorflow", "jax", "onnx")
MARKS = {"verified": "✓", "known": "✓ but for a known deviation"}


def found() -> tuple[list[tuple[str, str, str]], dict[tuple[int, str], str]]:
    """Model, call and operation of each row; and what came of it in each framework."""
    programs: dict[str, tuple[Native, Case]] = {}
    rows, cells = [], {}
    for i, (model, call, x, w) in enumerate(CALLS):
        reading = read(call, x, w)
        rows.append((model, call, repr(reading.op)))
        case = case_of(reading.op, reading.x, reading.w)
        programs[f"{i} itself"] = (reading.native, case)
        for framework in (name for name in FRAMEWORKS if name in rooms()):
            if framework == reading.native.phrases.framework:
                cells[i, framework] = "itself"
                continue
            try:
                programs[f"{i} {framework}"] = (ported(framework, reading.op, reading.x, reading.w)[0], case)
            except Unsupported as why:
                cells[i, framework] = f"impossible: {why}"
    for name, verdict in checked(programs).items():
        number, _, framework = name.partition(" ")
        cells[int(number), framework] = _said(verdict)
    return rows, cells


def _said(verdict: Verdict) -> str:
    return MARKS.get(verdict.status, f"{verdict.status}: {verdict.sentence}")


def page() -> str:
    """Markdown: a row for each call."""
    rows, cells = found()
    counts = Counter(said.partition(":")[0] for (_, framework), said in cells.items() if framework != "itself" and said != "itself")
    lines = [HEAD.format(calls=len(rows), counts=", ".join(f"{n} {word}" for word, n in counts.most_common()))]
    lines += [f"| model | call | {' | '.join(FRAMEWORKS)} |", f"|---|---|{'---|' * len(FRAMEWORKS)}"]
    for i, (model, call, _) in enumerate(rows):
        own = cells[i, "itself"]
        marks = [text(cells.get((i, f), "–")) if cells.get((i, f)) != "itself" else f"itself {text(own)}" for f in FRAMEWORKS]
        lines.append(f"| {text(model)} | {span(call)} | {' | '.join(marks)} |")
    return "\n".join(lines) + "\n"


HEAD = """\
# Calls of published models, ported

<!-- made by `make docs` -->

{calls} calls as they stand in published model code, read and written in every other framework (`concordant port`), and run there on shared
data, forward and backward (ONNX Runtime has no gradients). Channels and lengths are cut down where the originals are large. ✓: the
results are what the call was read as, bit for bit or within the derived rounding bound. {counts}.
"""

if __name__ == "__main__":
    sys.stdout.write(page())
