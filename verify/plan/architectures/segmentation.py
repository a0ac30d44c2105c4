"""Networks that say what every pixel shows."""

from __future__ import annotations

from verify.plan.architectures.classification import RESNET50
from verify.plan.architectures.notation import Layer, adaptive, conv, max_pool, pad, resize, transpose, upsample
from verify.plan.architectures.table import architecture


def valid(c: int, out: int, n: int) -> list[Layer]:
    """Two convolutions without padding."""
    return [conv(c, out, p=0, n=n), conv(out, out, p=0, n=n - 2)]


def upwards(c: int, n: int, skipped: int) -> list[Layer]:
    """Of U-Net: twice as long, the skipped image cut to that, two convolutions."""
    cut = (skipped - 2 * n) // 2
    return [transpose(c, c // 2, k=2, s=2, n=n), pad(c // 2, -cut, n=skipped), *valid(c, c // 2, 2 * n)]


FCN = [(64, 64, 698), (64, 128, 349), (128, 128, 349), (128, 256, 175), (256, 256, 175), (256, 512, 88), (512, 512, 88), (512, 512, 44)]
HRNET = {32: 56, 64: 28, 128: 14, 256: 7}


ARCHITECTURES = {
    "unet": architecture(
        "U-Net", "arXiv:1505.04597",
        [valid(c, out, n) for c, out, n in [(1, 64, 572), (64, 128, 284), (128, 256, 140), (256, 512, 68), (512, 1024, 32)]],
        [max_pool(c, k=2, n=n) for c, n in [(64, 568), (128, 280), (256, 136), (512, 64)]],
        upwards(1024, 28, 64), upwards(512, 52, 136), upwards(256, 100, 280), upwards(128, 196, 568), conv(64, 2, k=1, n=388),
    ),
    # fc6, 512 → 4096 with a 7×7 kernel, has more weights than a case may have
    "fcn32s": architecture(
        "FCN-32s", "arXiv:1411.4038; github.com/shelhamer/fcn.berkeleyvision.org",
        conv(3, 64, p=100, n=500), [conv(*row[:2], n=row[2]) for row in FCN],
        [max_pool(c, k=2, ceil=True, n=n) for c, n in [(64, 698), (128, 349), (256, 175), (512, 88), (512, 44)]],
        conv(4096, 21, k=1, n=16), transpose(21, 21, k=64, s=32, n=16),
        pad(21, ((-19, -25), (-19, -25)), n=544),
    ),
    "deeplabv3": architecture(
        "DeepLab v3", "arXiv:1706.05587, ResNet-50 with output stride 16",
        RESNET50[:1], conv(512, 512, d=2, n=33), conv(2048, 256, k=1, n=33), [conv(2048, 256, d=d, n=33) for d in (6, 12, 18)],
        adaptive(2048, n=33), conv(2048, 256, k=1, n=1), resize(256, to=33, n=1), conv(1280, 256, k=1, n=33), conv(256, 256, n=33),
        conv(256, 21, k=1, n=33), resize(21, f=16, align_corners=True, n=33),
    ),
    # of the pools only the largest is made larger here, as that takes long
    "pspnet": architecture(
        "PSPNet", "arXiv:1612.01105; github.com/hszhao/PSPNet",
        conv(3, 64, s=2, n=473), conv(64, 64, n=237), conv(64, 128, n=237), max_pool(128, k=3, s=2, p=1, n=237),
        conv(256, 256, d=2, n=60), conv(512, 512, d=4, n=60),
        [adaptive(2048, to=bins, n=60) for bins in (1, 2, 3, 6)],
        [conv(2048, 512, k=1, n=bins) for bins in (1, 2, 3, 6)], resize(512, to=60, align_corners=True, n=6),
        conv(4096, 512, n=60), conv(512, 21, k=1, n=60), resize(21, f=8, align_corners=True, n=60),
    ),
    "hrnet": architecture(
        "HRNet-W32", "arXiv:1908.07919",
        conv(3, 64, s=2, n=224), conv(64, 64, s=2, n=112), conv(64, 64, k=1, n=56), conv(64, 64, n=56), conv(64, 256, k=1, n=56),
        conv(256, 64, k=1, n=56), conv(256, 32, n=56), conv(256, 64, s=2, n=56), [conv(c, c, n=n) for c, n in HRNET.items()],
        [conv(c, 2 * c, s=2, n=HRNET[c]) for c in (32, 64, 128)],
        [conv(c, out, k=1, n=HRNET[c]) >> upsample(out, f=c // out) for c in HRNET for out in HRNET if out < c],
        [conv(c, c, s=2, n=HRNET[c]) >> conv(c, 4 * c, s=2) for c in (32, 64)],
        conv(32, 32, s=2, n=28) >> conv(32, 256, s=2),
    ),
}  # fmt: skip
