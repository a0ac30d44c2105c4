"""Networks that say what is where."""

from __future__ import annotations

from verify.plan.architectures.classification import RESNET50
from verify.plan.architectures.notation import Layer, conv, max_pool, transpose, upsample
from verify.plan.architectures.table import Rows, architecture

LEVELS = {256: 200, 512: 100, 1024: 50, 2048: 25}
"""The stages of ResNet-50 on an 800 × 800 image: channels and lengths."""

FPN: Rows = [
    RESNET50[:1], [conv(c, 256, k=1, n=n) for c, n in LEVELS.items()], conv(2048, 256, k=1, n=25) >> upsample(256),
    [upsample(256, n=n) for n in (50, 100)], [conv(256, 256, n=n) for n in LEVELS.values()], max_pool(256, k=1, s=2, n=25),
]  # fmt: skip


def residual(c: int, n: int) -> list[Layer]:
    """Of Darknet-53: a convolution that halves the image, then one to half of the channels and back."""
    return [conv(c // 2, c, s=2, n=2 * n), conv(c, c // 2, k=1, n=n), conv(c // 2, c, n=n)]


def cross_stage(c: int, n: int, first: int = 0) -> list[Layer]:
    """The module C3 of YOLOv5."""
    h = c // 2
    return [conv(first or c, h, k=1, n=n), conv(h, h, k=1, n=n), conv(h, h, n=n), conv(c, c, k=1, n=n)]


SSD = [(512, 38, 4), (1024, 19, 6), (512, 10, 6), (256, 5, 6), (256, 3, 4), (256, 1, 4)]
"""Channels, length, boxes for each pixel."""

ARCHITECTURES = {
    "fpn": architecture("FPN", "arXiv:1612.03144, on ResNet-50", FPN),
    "maskrcnn": architecture(
        "Mask R-CNN", "arXiv:1703.06870, ResNet-50-FPN",
        FPN, conv(256, 3, k=1, n=50), conv(256, 12, k=1, n=50), conv(256, 256, n=14), transpose(256, 256, k=2, s=2, n=14),
        conv(256, 80, k=1, n=28),
    ),
    "retinanet": architecture(
        "RetinaNet", "arXiv:1708.02002, ResNet-50-FPN",
        [conv(c, 256, k=1, n=n) for c, n in list(LEVELS.items())[1:]], conv(2048, 256, s=2, n=25), conv(256, 256, s=2, n=13),
        [conv(256, 256, n=n) for n in (100, 50, 25, 13, 7)], conv(256, 720, n=100), conv(256, 36, n=100),
    ),
    "yolov3": architecture(
        "YOLOv3", "arXiv:1804.02767",
        conv(3, 32, n=416), [residual(c, n) for c, n in [(64, 208), (128, 104), (256, 52), (512, 26), (1024, 13)]],
        conv(1024, 255, k=1, n=13), conv(512, 256, k=1, n=13) >> upsample(256), conv(768, 256, k=1, n=26), conv(512, 255, k=1, n=26),
        conv(256, 128, k=1, n=26) >> upsample(128), conv(384, 128, k=1, n=52), conv(256, 255, k=1, n=52),
    ),
    "yolov5": architecture(
        "YOLOv5s", "github.com/ultralytics/yolov5, models/yolov5s.yaml",
        conv(3, 32, k=6, s=2, p=2, n=640), [conv(c, 2 * c, s=2, n=n) for c, n in [(32, 320), (64, 160), (128, 80), (256, 40)]],
        cross_stage(64, 160), cross_stage(128, 80), cross_stage(256, 40), cross_stage(512, 20), conv(512, 256, k=1, n=20),
        max_pool(256, k=5, s=1, p=2, n=20), max_pool(256, k=5, s=1, p=2, n=20) >> max_pool(256, k=5, s=1, p=2), conv(1024, 512, k=1, n=20),
        conv(512, 256, k=1, n=20) >> upsample(256), conv(256, 128, k=1, n=40) >> upsample(128), cross_stage(256, 40, 512),
        cross_stage(128, 80, 256), conv(128, 128, s=2, n=80), conv(256, 256, s=2, n=40),
        [conv(c, 255, k=1, n=n) for c, n in [(128, 80), (256, 40), (512, 20)]],
    ),
    "ssd": architecture(
        "SSD300", "arXiv:1512.02325",
        conv(3, 64, n=300), conv(64, 64, n=300), conv(64, 128, n=150), conv(128, 128, n=150), conv(128, 256, n=75), conv(256, 256, n=75),
        conv(256, 512, n=38), conv(512, 512, n=38), conv(512, 512, n=19), max_pool(64, k=2, n=300), max_pool(128, k=2, n=150),
        max_pool(256, k=2, ceil=True, n=75), max_pool(512, k=2, n=38), max_pool(512, k=3, s=1, p=1, n=19),
        conv(512, 1024, d=6, n=19), conv(1024, 1024, k=1, n=19), conv(1024, 256, k=1, n=19), conv(256, 512, s=2, n=19),
        conv(512, 128, k=1, n=10), conv(128, 256, s=2, n=10), conv(256, 128, k=1, n=5), conv(128, 256, p=0, n=5),
        conv(256, 128, k=1, n=3), conv(128, 256, p=0, n=3),
        [conv(c, boxes * each, n=n) for c, n, boxes in SSD for each in (4, 21)],
    ),
    "pointpillars": architecture(
        "PointPillars", "arXiv:1812.05784",
        conv(64, 64, s=2, n=(496, 432)), conv(64, 64, n=(248, 216)), conv(64, 128, s=2, n=(248, 216)), conv(128, 128, n=(124, 108)),
        conv(128, 256, s=2, n=(124, 108)), conv(256, 256, n=(62, 54)), transpose(64, 128, k=1, n=(248, 216)),
        transpose(128, 128, k=2, s=2, n=(124, 108)), transpose(256, 128, k=4, s=4, n=(62, 54)),
        [conv(384, out, k=1, n=(248, 216)) for out in (18, 42, 12)],
    ),
}  # fmt: skip
