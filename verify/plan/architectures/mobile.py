"""Networks for telephones: depthwise convolutions, squeeze-and-excitation, halves of channels."""

from __future__ import annotations

from verify.plan.architectures.notation import Layer, Padding, adaptive, conv, depthwise, max_pool, squeeze_excite
from verify.plan.architectures.table import architecture


def inverted(c: int, middle: int, out: int, k: int, s: int, n: int, squeezed: int = 0, p: Padding = "half") -> list[Layer]:
    """An inverted residual: wider, depthwise, narrower; with squeeze-and-excitation if `squeezed`."""
    m = -(-n // s)
    return [
        *([conv(c, middle, k=1, n=n)] if middle != c else []), depthwise(middle, k=k, s=s, p=p, n=n),
        *(squeeze_excite(middle, squeezed, m) if squeezed else []), conv(middle, out, k=1, n=m),
    ]  # fmt: skip


def stages(rows: list[tuple[int, int, int, int, int]], c: int, n: int, *, squeezes: bool, p: Padding) -> list[Layer]:
    """Rows of expansion, channels, repeats, stride, kernel: as MobileNet v2 and EfficientNet state them."""
    found: list[Layer] = []
    for expansion, out, repeats, s, k in rows:
        for i in range(repeats):
            found += inverted(c, expansion * c, out, k, 1 if i else s, n, c // 4 if squeezes else 0, p)
            c, n = out, n if i else -(-n // s)
    return found


MOBILENET1 = [(32, 64, 1, 112), (64, 128, 2, 112), (128, 128, 1, 56), (128, 256, 2, 56), (256, 256, 1, 28), (256, 512, 2, 28),
              (512, 512, 1, 14), (512, 1024, 2, 14), (1024, 1024, 1, 7)]  # fmt: skip
MOBILENET2 = [(1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 32, 3, 2, 3), (6, 64, 4, 2, 3), (6, 96, 3, 1, 3), (6, 160, 3, 2, 3),
              (6, 320, 1, 1, 3)]  # fmt: skip
EFFICIENTNET = [(1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3), (6, 112, 3, 1, 5),
                (6, 192, 4, 2, 5), (6, 320, 1, 1, 3)]  # fmt: skip
MOBILENET3 = [
    (16, 16, 16, 3, 1, 112, 0), (16, 64, 24, 3, 2, 112, 0), (24, 72, 24, 3, 1, 56, 0), (24, 72, 40, 5, 2, 56, 24),
    (40, 120, 40, 5, 1, 28, 32), (40, 240, 80, 3, 2, 28, 0), (80, 200, 80, 3, 1, 14, 0), (80, 184, 80, 3, 1, 14, 0),
    (80, 480, 112, 3, 1, 14, 120),
    (112, 672, 112, 3, 1, 14, 168), (112, 672, 160, 5, 2, 14, 168), (160, 960, 160, 5, 1, 7, 240),
]  # fmt: skip
"""MobileNet v3-Large: channels, expansion, output, kernel, stride, length, squeezed channels."""


def shuffle(c: int, out: int, n: int) -> list[Layer]:
    """A stage of ShuffleNet v2: a unit that halves the image, then units on half of the channels."""
    half, m = out // 2, n // 2
    return [
        depthwise(c, s=2, n=n), conv(c, half, k=1, n=m), conv(c, half, k=1, n=n), depthwise(half, s=2, n=n), conv(half, half, k=1, n=m),
        depthwise(half, n=m),
    ]  # fmt: skip


ARCHITECTURES = {
    "mobilenetv1": architecture(
        "MobileNet v1", "arXiv:1704.04861",
        conv(3, 32, s=2, p="same", n=224),
        [[depthwise(c, s=s, p="same", n=n), conv(c, out, k=1, n=n // s)] for c, out, s, n in MOBILENET1], adaptive(1024, n=7),
    ),
    "mobilenetv2": architecture(
        "MobileNet v2", "arXiv:1801.04381",
        conv(3, 32, s=2, n=224), stages(MOBILENET2, 32, 112, squeezes=False, p="half"), conv(320, 1280, k=1, n=7), adaptive(1280, n=7),
    ),
    "mobilenetv3": architecture(
        "MobileNet v3-Large", "arXiv:1905.02244",
        conv(3, 16, s=2, n=224), [inverted(*row) for row in MOBILENET3],
        conv(160, 960, k=1, n=7), adaptive(960, n=7), conv(960, 1280, k=1, n=1),
    ),
    "efficientnetb0": architecture(
        "EfficientNet-B0", "arXiv:1905.11946",
        conv(3, 32, s=2, p="same", n=224), stages(EFFICIENTNET, 32, 112, squeezes=True, p="same"), conv(320, 1280, k=1, n=7),
        adaptive(1280, n=7),
    ),
    "shufflenetv2": architecture(
        "ShuffleNet v2 1×", "arXiv:1807.11164",
        conv(3, 24, s=2, n=224), max_pool(24, k=3, s=2, p=1, n=112), shuffle(24, 116, 56), shuffle(116, 232, 28), shuffle(232, 464, 14),
        conv(464, 1024, k=1, n=7), adaptive(1024, n=7),
    ),
}  # fmt: skip
