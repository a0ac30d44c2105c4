"""Networks that name what an image shows."""

from __future__ import annotations

from verify.plan.architectures.notation import (
    Layer,
    Sizes,
    adaptive,
    average,
    conv,
    max_pool,
    separable,
    squeeze_excite,
)
from verify.plan.architectures.table import Rows, architecture

VGG = [(3, 64, 224), (64, 128, 112), (128, 256, 56), (256, 512, 28), (512, 512, 14)]

INCEPTION = {
    28: [(192, 64, 96, 128, 16, 32, 32), (256, 128, 128, 192, 32, 96, 64)],
    14: [
        (480, 192, 96, 208, 16, 48, 64), (512, 160, 112, 224, 24, 64, 64), (512, 128, 128, 256, 24, 64, 64),
        (512, 112, 144, 288, 32, 64, 64), (528, 256, 160, 320, 32, 128, 128),
    ],
    7: [(832, 256, 160, 320, 32, 128, 128), (832, 384, 192, 384, 48, 128, 128)],
}  # fmt: skip
"""Table 1 of GoogLeNet by the length of the image: channels in, 1×1, 3×3 reduce, 3×3, 5×5 reduce, 5×5, pool projection."""


def inception(row: tuple[int, ...], n: Sizes, k: int = 5) -> list[Layer]:
    """The module of GoogLeNet."""
    c, one, reduce3, three, reduce5, five, projected = row
    return [
        conv(c, one, k=1, n=n), conv(c, reduce3, k=1, n=n), conv(reduce3, three, n=n), conv(c, reduce5, k=1, n=n),
        conv(reduce5, five, k=k, n=n), max_pool(c, k=3, s=1, p="half", n=n) >> conv(c, projected, k=1),
    ]  # fmt: skip


def bottlenecks(channels: int, middle: int, out: int, s: int, n: int, groups: int = 1) -> list[Layer]:
    """A stage of ResNet-50, its stride in the 3×3."""
    m = n // s
    return [
        conv(channels, middle, k=1, n=n), conv(middle, middle, s=s, groups=groups, n=n), conv(middle, out, k=1, n=m),
        conv(channels, out, k=1, s=s, n=n), conv(out, middle, k=1, n=m), conv(middle, middle, groups=groups, n=m),
    ]  # fmt: skip


STEM = [conv(3, 64, k=7, s=2, p=3, n=224), max_pool(64, k=3, s=2, p=1, n=112)]
STAGES = [(64, 64, 1, 56), (256, 128, 2, 56), (512, 256, 2, 28), (1024, 512, 2, 14)]
"""Of ResNet-50: channels, narrow channels, stride, length."""
RESNET50: Rows = [STEM, [bottlenecks(c, m, 4 * m, s, n) for c, m, s, n in STAGES], adaptive(2048, n=7)]


def dense(channels: int, count: int, n: int) -> list[Layer]:
    """A block of DenseNet with growth rate 32."""
    return [layer for i in range(count) for layer in (conv(channels + 32 * i, 128, k=1, n=n), conv(128, 32, n=n))]


def fire(channels: int, squeezed: int, out: int, n: int) -> list[Layer]:
    """The module of SqueezeNet."""
    return [conv(channels, squeezed, k=1, n=n), conv(squeezed, out, k=1, n=n), conv(squeezed, out, n=n)]


def mixed_35(c: int, projected: int) -> list[Layer]:
    """The modules of Inception v3 at 35 × 35."""
    n = 35
    return [conv(c, 64, k=1, n=n), conv(c, 48, k=1, n=n), conv(48, 64, k=5, n=n), conv(64, 96, n=n), conv(96, 96, n=n),
            average(c, k=3, s=1, p=1, n=n) >> conv(c, projected, k=1)]  # fmt: skip


def mixed_17(c: int) -> list[Layer]:
    """At 17 × 17, a 7 × 7 in two."""
    n = 17
    return [
        conv(768, 192, k=1, n=n), conv(768, c, k=1, n=n), conv(c, c, k=(1, 7), n=n), conv(c, 192, k=(7, 1), n=n),
        conv(c, c, k=(7, 1), n=n), conv(c, 192, k=(1, 7), n=n), average(768, k=3, s=1, p=1, n=n) >> conv(768, 192, k=1),
    ]  # fmt: skip


def mixed_8(c: int) -> list[Layer]:
    """At 8 × 8."""
    n = 8
    return [
        conv(c, 320, k=1, n=n), conv(c, 384, k=1, n=n), conv(384, 384, k=(1, 3), n=n), conv(384, 384, k=(3, 1), n=n),
        conv(c, 448, k=1, n=n), conv(448, 384, n=n), average(c, k=3, s=1, p=1, n=n) >> conv(c, 192, k=1),
    ]  # fmt: skip


def shrinking(c: int, out: int, n: int) -> list[Layer]:
    """A block of Xception that halves the image."""
    return [separable(c, out, n=n), separable(out, out, n=n), max_pool(out, k=3, s=2, p="same", n=n), conv(c, out, k=1, s=2, p="same", n=n)]


def senet(c: int, planes: int, s: int, n: int, k: int) -> list[Layer]:
    """A stage of SENet-154 with its squeeze-and-excitation; k: the shortcut's kernel."""
    a, b, m = 2 * planes, 4 * planes, n // s
    return [
        conv(c, a, k=1, n=n), conv(a, b, s=s, groups=64, n=n), conv(b, b, k=1, n=m), conv(c, b, k=k, s=s, n=n), conv(b, a, k=1, n=m),
        conv(a, b, groups=64, n=m), *squeeze_excite(b, b // 16, m),
    ]  # fmt: skip


ARCHITECTURES = {
    "alexnet": architecture(
        "AlexNet", "Krizhevsky, Sutskever, Hinton 2012, ImageNet classification with deep convolutional neural networks",
        conv(3, 96, k=11, s=4, p=0, n=227), max_pool(96, k=3, s=2, n=55), conv(96, 256, k=5, groups=2, n=27), max_pool(256, k=3, s=2, n=27),
        conv(256, 384, n=13), conv(384, 384, groups=2, n=13), conv(384, 256, groups=2, n=13), max_pool(256, k=3, s=2, n=13),
    ),
    "vgg16": architecture(
        "VGG-16", "arXiv:1409.1556",
        [[conv(a, b, n=n), conv(b, b, n=n), max_pool(b, k=2, n=n)] for a, b, n in VGG],
    ),
    "googlenet": architecture(
        "GoogLeNet", "arXiv:1409.4842",
        conv(3, 64, k=7, s=2, p=3, n=224), max_pool(64, k=3, s=2, ceil=True, n=112), conv(64, 64, k=1, n=56), conv(64, 192, n=56),
        max_pool(192, k=3, s=2, ceil=True, n=56), max_pool(480, k=3, s=2, ceil=True, n=28), max_pool(832, k=3, s=2, ceil=True, n=14),
        [inception(row, n) for n, rows in INCEPTION.items() for row in rows], average(1024, k=7, n=7),
    ),
    "inceptionv3": architecture(
        "Inception v3", "arXiv:1512.00567",
        conv(3, 32, s=2, p=0, n=299), conv(32, 32, p=0, n=149), conv(32, 64, n=147), max_pool(64, k=3, s=2, n=147),
        conv(64, 80, k=1, n=73), conv(80, 192, p=0, n=73), max_pool(192, k=3, s=2, n=71),
        [mixed_35(*row) for row in [(192, 32), (256, 64), (288, 64)]],
        conv(288, 384, s=2, p=0, n=35), conv(96, 96, s=2, p=0, n=35), max_pool(288, k=3, s=2, n=35),
        [mixed_17(c) for c in (128, 160, 192)],
        conv(192, 320, s=2, p=0, n=17), conv(192, 192, s=2, p=0, n=17), max_pool(768, k=3, s=2, n=17),
        [mixed_8(c) for c in (1280, 2048)], adaptive(2048, n=8),
    ),
    "resnet50": architecture("ResNet-50", "arXiv:1512.03385, its stride in the 3×3 as reference implementations have it", RESNET50),
    "seresnet50": architecture(
        "SE-ResNet-50", "arXiv:1709.01507",
        RESNET50, [squeeze_excite(c, c // 16, n) for c, n in [(256, 56), (512, 28), (1024, 14), (2048, 7)]],
    ),
    "senet154": architecture(
        "SENet-154", "arXiv:1709.01507; github.com/hujie-frank/SENet",
        conv(3, 64, s=2, n=224), conv(64, 64, n=112), conv(64, 128, n=112), max_pool(128, k=3, s=2, ceil=True, n=112),
        senet(128, 64, 1, 56, 1), senet(256, 128, 2, 56, 3), senet(512, 256, 2, 28, 3), senet(1024, 512, 2, 14, 3), adaptive(2048, n=7),
    ),
    "resnext50": architecture(
        "ResNeXt-50 32×4d", "arXiv:1611.05431", STEM,
        [bottlenecks(c, 2 * m, 4 * m, s, n, 32) for c, m, s, n in STAGES], adaptive(2048, n=7),
    ),
    "densenet121": architecture(
        "DenseNet-121", "arXiv:1608.06993", STEM, dense(64, 6, 56), dense(128, 12, 28), dense(256, 24, 14), dense(512, 16, 7),
        [conv(c, c // 2, k=1, n=n) >> average(c // 2, k=2) for c, n in [(256, 56), (512, 28), (1024, 14)]], adaptive(1024, n=7),
    ),
    "xception": architecture(
        "Xception", "arXiv:1610.02357",
        conv(3, 32, s=2, p=0, n=299), conv(32, 64, p=0, n=149), shrinking(64, 128, 147), shrinking(128, 256, 74), shrinking(256, 728, 37),
        separable(728, 728, n=19), separable(728, 1024, n=19), max_pool(1024, k=3, s=2, p="same", n=19),
        conv(728, 1024, k=1, s=2, p="same", n=19), separable(1024, 1536, n=10), separable(1536, 2048, n=10), adaptive(2048, n=10),
    ),
    "squeezenet": architecture(
        "SqueezeNet", "arXiv:1602.07360",
        conv(3, 96, k=7, s=2, p=0, n=224), max_pool(96, k=3, s=2, ceil=True, n=109),
        [fire(*row, 54) for row in [(96, 16, 64), (128, 16, 64), (128, 32, 128)]], max_pool(256, k=3, s=2, ceil=True, n=54),
        [fire(*row, 27) for row in [(256, 32, 128), (256, 48, 192), (384, 48, 192), (384, 64, 256)]],
        max_pool(512, k=3, s=2, ceil=True, n=27), fire(512, 64, 256, 13), conv(512, 1000, k=1, n=13), adaptive(1000, n=13),
    ),
}  # fmt: skip

__all__ = ["ARCHITECTURES", "INCEPTION", "RESNET50", "VGG", "inception"]
