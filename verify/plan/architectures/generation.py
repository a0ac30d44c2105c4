"""Networks that make images."""

from __future__ import annotations

from itertools import pairwise

from verify.plan.architectures.notation import Layer, conv, depthwise, pad, transpose, upsample, zeros
from verify.plan.architectures.table import Rows, architecture


def patches(c: int) -> list[Layer]:
    """The discriminator of pix2pix and CycleGAN, for patches of 70 pixels."""
    return [
        conv(c, 64, k=4, s=2, p=1, n=256), conv(64, 128, k=4, s=2, p=1, n=128), conv(128, 256, k=4, s=2, p=1, n=64),
        conv(256, 512, k=4, p=1, n=32), conv(512, 1, k=4, p=1, n=31),
    ]  # fmt: skip


ENDS = ((0, 1), (0, 1))
STYLEGAN = {4: 512, 8: 512, 16: 512, 32: 512, 64: 512, 128: 256, 256: 128, 512: 64, 1024: 32}
"""Channels by length."""


def style(n: int) -> list[Layer]:
    """Of StyleGAN2 at n × n: what synthesises, what is added to the image, and the discriminator's way back. The filter [1, 3, 3, 1] is a
    depthwise convolution with a 4 × 4 kernel."""
    c, up = STYLEGAN[n], STYLEGAN[2 * n]
    return [
        conv(c, c, n=n), conv(c, 3, k=1, n=n), transpose(c, up, k=3, s=2, n=n) >> depthwise(up, k=4, p=1),
        zeros(3, n=n) >> depthwise(3, k=4, p=((2, 1), (2, 1))), depthwise(up, k=4, p=2, n=2 * n) >> conv(up, c, s=2, p=0),
        depthwise(up, k=4, p=1, n=2 * n) >> conv(up, c, k=1, s=2, p=0),
    ]  # fmt: skip


def autoencoder(channels: list[int], n: int, latent: int, z: int) -> Rows:
    """The residual convolutions of an encoder and a decoder, a level for each number of channels, the image halved between."""
    levels = list(zip(channels, (n >> i for i in range(len(channels))), strict=True))
    first, (last, small) = channels[0], levels[-1]
    return [
        conv(3, first, n=n), [conv(c, c, n=m) for c, m in levels],
        [[conv(a, b, n=m), conv(a, b, k=1, n=m)] for (a, _), (b, m) in pairwise(levels) if a != b],
        [pad(c, ENDS, n=m) >> conv(c, c, s=2, p=0) for c, m in levels[:-1]], conv(last, last, k=1, n=small), conv(last, latent, n=small),
        conv(latent, latent, k=1, n=small), conv(z, z, k=1, n=small), conv(z, last, n=small),
        [upsample(c, n=m) >> conv(c, c) for c, m in levels[1:]],
        [[conv(b, a, n=m), conv(b, a, k=1, n=m)] for (a, m), (b, _) in pairwise(levels) if a != b],
        conv(first, 3, n=n),
    ]  # fmt: skip


ARCHITECTURES = {
    "dcgan": architecture(
        "DCGAN", "arXiv:1511.06434, as its examples for 64 × 64 pixels have it",
        transpose(100, 512, k=4, n=1), [transpose(c, c // 2, k=4, s=2, p=1, n=n) for c, n in [(512, 4), (256, 8), (128, 16)]],
        transpose(64, 3, k=4, s=2, p=1, n=32), conv(3, 64, k=4, s=2, p=1, n=64),
        [conv(c, 2 * c, k=4, s=2, p=1, n=n) for c, n in [(64, 32), (128, 16), (256, 8)]], conv(512, 1, k=4, p=0, n=4),
    ),
    "pix2pix": architecture(
        "pix2pix", "arXiv:1611.07004",
        [conv(c, out, k=4, s=2, p=1, n=n) for c, out, n in [(3, 64, 256), (64, 128, 128), (128, 256, 64), (256, 512, 32)]],
        [conv(512, 512, k=4, s=2, p=1, n=n) for n in (16, 8, 4, 2)], transpose(512, 512, k=4, s=2, p=1, n=1),
        [transpose(1024, 512, k=4, s=2, p=1, n=n) for n in (2, 4, 8)],
        [transpose(c, out, k=4, s=2, p=1, n=n) for c, out, n in [(1024, 256, 16), (512, 128, 32), (256, 64, 64), (128, 3, 128)]],
        patches(6),
    ),
    "cyclegan": architecture(
        "CycleGAN", "arXiv:1703.10593",
        pad(3, 3, "reflect", n=256) >> conv(3, 64, k=7, p=0), conv(64, 128, s=2, n=256), conv(128, 256, s=2, n=128),
        pad(256, 1, "reflect", n=64) >> conv(256, 256, p=0), transpose(256, 128, k=3, s=2, p=1, extra=1, n=64),
        transpose(128, 64, k=3, s=2, p=1, extra=1, n=128), pad(64, 3, "reflect", n=256) >> conv(64, 3, k=7, p=0), patches(3),
    ),
    "stylegan2": architecture("StyleGAN2", "arXiv:1912.04958, configuration F", [style(n) for n in list(STYLEGAN)[:-1]]),
    "sdvae": architecture("Stable Diffusion VAE", "arXiv:2112.10752; github.com/CompVis/stable-diffusion",
                          autoencoder([128, 256, 512, 512], 512, 8, 4)),
    # 2560 → 1280 with a 3×3 kernel is left out: 29 million weights
    "sdunet": architecture(
        "Stable Diffusion U-Net", "arXiv:2112.10752; github.com/CompVis/stable-diffusion",
        conv(4, 320, n=64), conv(320, 320, n=64), conv(320, 320, k=1, n=64), conv(320, 320, s=2, n=64), conv(320, 640, n=32),
        conv(320, 640, k=1, n=32), conv(640, 640, n=32), conv(640, 640, k=1, n=32), conv(640, 640, s=2, n=32), conv(640, 1280, n=16),
        conv(640, 1280, k=1, n=16), conv(1280, 1280, n=16), conv(1280, 1280, k=1, n=16), conv(1280, 1280, s=2, n=16),
        conv(2560, 1280, k=1, n=8), upsample(1280, n=8) >> conv(1280, 1280), conv(1920, 1280, k=1, n=16), conv(1920, 640, n=32),
        conv(1280, 640, n=32), conv(960, 640, n=32), [conv(c, 640, k=1, n=32) for c in (1920, 1280, 960)],
        upsample(640, n=32) >> conv(640, 640), conv(960, 320, n=64), conv(640, 320, n=64), [conv(c, 320, k=1, n=64) for c in (960, 640)],
        conv(320, 4, n=64),
    ),
    "vqgan": architecture("VQGAN", "arXiv:2012.09841, f = 16", autoencoder([128, 128, 256, 256, 512], 256, 256, 256)),
}  # fmt: skip
