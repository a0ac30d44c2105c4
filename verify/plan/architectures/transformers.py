"""Convolutions in transformers of images, and the networks made after them."""

from __future__ import annotations

from verify.plan.architectures.notation import conv, depthwise, resize, space_to_depth
from verify.plan.architectures.table import architecture

CONVNEXT = {96: 56, 192: 28, 384: 14, 768: 7}
SWIN = {96: 56, 192: 28, 384: 14}

ARCHITECTURES = {
    "vitb16": architecture("ViT-B/16", "arXiv:2010.11929", conv(3, 768, k=16, s=16, p=0, n=224)),
    "clipl14": architecture("CLIP ViT-L/14", "arXiv:2103.00020", conv(3, 1024, k=14, s=14, p=0, n=224)),
    "swin": architecture(
        "Swin-T", "arXiv:2103.14030", conv(3, 96, k=4, s=4, p=0, n=224),
        [space_to_depth(c, n=n) >> conv(4 * c, 2 * c, k=1) for c, n in SWIN.items()],
    ),
    "convnext": architecture(
        "ConvNeXt-T", "arXiv:2201.03545", conv(3, 96, k=4, s=4, p=0, n=224),
        [[depthwise(c, k=7, n=n), conv(c, 4 * c, k=1, n=n), conv(4 * c, c, k=1, n=n)] for c, n in CONVNEXT.items()],
        [conv(c, 2 * c, k=2, s=2, p=0, n=n) for c, n in list(CONVNEXT.items())[:-1]],
    ),
    "segformer": architecture(
        "SegFormer-B0", "arXiv:2105.15203",
        conv(3, 32, k=7, s=4, p=3, n=512), conv(32, 64, s=2, n=128), conv(64, 160, s=2, n=64), conv(160, 256, s=2, n=32),
        conv(32, 32, k=8, s=8, p=0, n=128), conv(64, 64, k=4, s=4, p=0, n=64), conv(160, 160, k=2, s=2, p=0, n=32),
        [depthwise(c, n=n) for c, n in [(128, 128), (256, 64), (640, 32), (1024, 16)]],
        [conv(c, 256, k=1, n=n) >> resize(256, f=f) for c, f, n in [(64, 2, 64), (160, 4, 32), (256, 8, 16)]],
        conv(1024, 256, k=1, n=128), conv(256, 150, k=1, n=128),
    ),
}  # fmt: skip
