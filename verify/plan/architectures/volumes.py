"""Networks for films and for volumes: three axes."""

from __future__ import annotations

from verify.plan.architectures.classification import INCEPTION, inception
from verify.plan.architectures.notation import Layer, average, conv, depthwise, max_pool, transpose
from verify.plan.architectures.table import architecture

Lengths = tuple[int, int, int]

FRAMES = {28: 32, 14: 16, 7: 8}
VNET = [(16, (128, 128, 64)), (32, (64, 64, 32)), (64, (32, 32, 16)), (128, (16, 16, 8))]
UNET = [(3, 32, 64, (132, 132, 116)), (64, 64, 128, (64, 64, 56)), (128, 128, 256, (30, 30, 26)), (256, 256, 512, (13, 13, 11))]
UNET_UP = [(512, 256, (9, 9, 7)), (256, 128, (14, 14, 10)), (128, 64, (24, 24, 16))]


def less(n: Lengths, by: int) -> Lengths:
    """Every length less so much."""
    a, b, c = n
    return a - by, b - by, c - by


def spread(c: int, out: int, s: int, n: Lengths) -> list[Layer]:
    """A stage of R(2+1)D-18: space, then time, with as many weights as a 3×3×3 between them."""
    middle, inner = c * out * 27 // (c * 9 + 3 * out), out * out * 27 // (out * 9 + 3 * out)
    (t, h, w), (a, b, d) = n, tuple(length // s for length in n)
    return [
        conv(c, middle, k=(1, 3, 3), s=(1, s, s), n=n), conv(middle, out, k=(3, 1, 1), s=(s, 1, 1), n=(t, h // s, w // s)),
        conv(out, inner, k=(1, 3, 3), n=(a, b, d)), conv(inner, out, k=(3, 1, 1), n=(a, b, d)),
        *([conv(c, out, k=1, s=s, n=n)] if s > 1 else []),
    ]  # fmt: skip


def x3d(c: int, out: int, n: int) -> list[Layer]:
    """A stage of X3D-M that halves the image, its bottleneck 2.25 times as wide."""
    wide, m = int(2.25 * out), n // 2
    return [
        conv(c, wide, k=1, n=(16, n, n)), depthwise(wide, s=(1, 2, 2), n=(16, n, n)), conv(wide, out, k=1, n=(16, m, m)),
        conv(out, wide, k=1, n=(16, m, m)), depthwise(wide, n=(16, m, m)),
    ]  # fmt: skip


ARCHITECTURES = {
    "c3d": architecture(
        "C3D", "arXiv:1412.0767",
        conv(3, 64, n=(16, 112, 112)), max_pool(64, k=(1, 2, 2), n=(16, 112, 112)), conv(64, 128, n=(16, 56, 56)),
        max_pool(128, k=2, n=(16, 56, 56)), conv(128, 256, n=(8, 28, 28)), conv(256, 256, n=(8, 28, 28)), max_pool(256, k=2, n=(8, 28, 28)),
        conv(256, 512, n=(4, 14, 14)), conv(512, 512, n=(4, 14, 14)), max_pool(512, k=2, n=(4, 14, 14)), conv(512, 512, n=(2, 7, 7)),
        max_pool(512, k=2, p=(0, 1, 1), n=(2, 7, 7)),
    ),
    "i3d": architecture(
        "I3D", "arXiv:1705.07750",
        conv(3, 64, k=7, s=2, p="same", n=(64, 224, 224)), max_pool(64, k=(1, 3, 3), s=(1, 2, 2), p="same", n=(32, 112, 112)),
        conv(64, 64, k=1, n=(32, 56, 56)), conv(64, 192, n=(32, 56, 56)),
        max_pool(192, k=(1, 3, 3), s=(1, 2, 2), p="same", n=(32, 56, 56)), max_pool(480, k=3, s=2, p="same", n=(32, 28, 28)),
        max_pool(832, k=2, n=(16, 14, 14)),
        [inception(row, (FRAMES[n], n, n), k=3) for n, rows in INCEPTION.items() for row in rows],
        average(1024, k=(2, 7, 7), s=1, n=(8, 7, 7)),
    ),
    "unet3d": architecture(
        "3-D U-Net", "arXiv:1606.06650",
        [[conv(c, a, p=0, n=n), conv(a, b, p=0, n=less(n, 2)), max_pool(b, k=2, n=less(n, 4))] for c, a, b, n in UNET[:-1]],
        [[conv(c, a, p=0, n=n), conv(a, b, p=0, n=less(n, 2))] for c, a, b, n in UNET[-1:]],
        [[transpose(c, c, k=2, s=2, n=n), conv(c + out, out, p=0, n=(2 * n[0], 2 * n[1], 2 * n[2])),
          conv(out, out, p=0, n=less((2 * n[0], 2 * n[1], 2 * n[2]), 2))] for c, out, n in UNET_UP],
        conv(64, 3, k=1, n=(44, 44, 28)),
    ),
    "vnet": architecture(
        "V-Net", "arXiv:1606.04797",
        conv(1, 16, k=5, n=(128, 128, 64)), [conv(c, c, k=5, n=n) for c, n in VNET], [conv(c, 2 * c, k=2, s=2, p=0, n=n) for c, n in VNET],
        transpose(256, 128, k=2, s=2, n=(8, 8, 4)), [transpose(2 * c, c // 2, k=2, s=2, n=n) for c, n in VNET[1:]],
        conv(32, 32, k=5, n=(128, 128, 64)), conv(32, 2, k=1, n=(128, 128, 64)),
    ),
    "r2plus1d": architecture(
        "R(2+1)D-18", "arXiv:1711.11248",
        conv(3, 45, k=(1, 7, 7), s=(1, 2, 2), n=(16, 112, 112)), conv(45, 64, k=(3, 1, 1), n=(16, 56, 56)), spread(64, 64, 1, (16, 56, 56)),
        spread(64, 128, 2, (16, 56, 56)), spread(128, 256, 2, (8, 28, 28)), spread(256, 512, 2, (4, 14, 14)),
    ),
    "x3d": architecture(
        "X3D-M", "arXiv:2004.04730",
        conv(3, 24, k=(1, 3, 3), s=(1, 2, 2), n=(16, 224, 224)), depthwise(24, k=(5, 1, 1), n=(16, 112, 112)), x3d(24, 24, 112),
        x3d(24, 48, 56), x3d(48, 96, 28), x3d(96, 192, 14), conv(192, 432, k=1, n=(16, 7, 7)),
    ),
}  # fmt: skip
