"""Networks that make images larger."""

from __future__ import annotations

from verify.plan.architectures.notation import conv, depth_to_space, transpose, upsample
from verify.plan.architectures.table import architecture

ARCHITECTURES = {
    "srcnn": architecture(
        "SRCNN", "arXiv:1501.00092", conv(1, 64, k=9, p=0, n=33), conv(64, 32, k=1, n=25), conv(32, 1, k=5, p=0, n=25),
    ),
    "fsrcnn": architecture(
        "FSRCNN", "arXiv:1608.00367, three times as large, Set5",
        conv(1, 56, k=5, n=85), conv(56, 12, k=1, n=85), conv(12, 12, n=85), conv(12, 56, k=1, n=85),
        transpose(56, 1, k=9, s=3, p=4, extra=2, n=85),
    ),
    "espcn": architecture(
        "ESPCN", "arXiv:1609.05158, three times as large",
        conv(1, 64, k=5, n=85), conv(64, 32, n=85), conv(32, 9, n=85) >> depth_to_space(9, f=3),
    ),
    "srresnet": architecture(
        "SRResNet", "arXiv:1609.04802",
        conv(3, 64, k=9, n=24), conv(64, 64, n=24), conv(64, 256, n=24) >> depth_to_space(256),
        conv(64, 256, n=48) >> depth_to_space(256), conv(64, 3, k=9, n=96),
    ),
    "edsr": architecture(
        "EDSR", "arXiv:1707.02921, twice as large",
        conv(3, 256, n=48), conv(256, 256, n=48), conv(256, 1024, n=48) >> depth_to_space(1024), conv(256, 3, n=96),
    ),
    "esrgan": architecture(
        "ESRGAN", "arXiv:1809.00219",
        conv(3, 64, n=32), conv(64, 64, n=32), [conv(c, 32, n=32) for c in (64, 96, 128, 160)], conv(192, 64, n=32),
        upsample(64, n=32) >> conv(64, 64), upsample(64, n=64) >> conv(64, 64), conv(64, 64, n=128), conv(64, 3, n=128),
    ),
}  # fmt: skip
