"""Networks for speech and music: lines, not images."""

from __future__ import annotations

from verify.plan.architectures.notation import Layer, conv, depthwise, pad, transpose
from verify.plan.architectures.table import architecture

WAV2VEC = [(512, 512, 3, 3199), (512, 512, 3, 1599), (512, 512, 3, 799), (512, 512, 3, 399), (512, 512, 2, 199), (512, 512, 2, 99)]


def wav2vec(width: int) -> list[Layer]:
    """One second at 16 kHz through the feature encoder, then the convolution that stands for positions, whose last output is dropped."""
    return [
        conv(1, 512, k=10, s=5, p=0, n=(16000,)), *(conv(c, out, k=k, s=2, p=0, n=(n,)) for c, out, k, n in WAV2VEC),
        conv(width, width, k=128, p=64, groups=16, n=(49,)) >> pad(width, ((0, -1),)),
    ]  # fmt: skip


def causal(c: int, out: int, k: int, n: int, s: int = 1, d: int = 1, mode: str = "constant") -> Layer:
    """A convolution that sees no later sample, padded beforehand."""
    return pad(c, ((d * (k - 1) + 1 - s, 0),), mode, n=(n,)) >> conv(c, out, k=k, s=s, d=d, p=0)


ENCODEC = [(32, 2, 24000), (64, 4, 12000), (128, 5, 3000), (256, 8, 600)]
"""Channels, stride, length."""
HIFI = {256: 256, 128: 2048, 64: 4096, 32: 8192}
PERIODS = [(1, 32, 4096), (32, 128, 1366), (128, 512, 456), (512, 1024, 152)]
SCALES = [(128, 128, 2, 4, 8192), (128, 256, 2, 16, 4096), (256, 512, 4, 16, 2048), (512, 1024, 4, 16, 512), (1024, 1024, 1, 16, 128)]

ARCHITECTURES = {
    "whisper": architecture(
        "Whisper", "arXiv:2212.04356; github.com/openai/whisper: base, large, and large-v3 with 128 bands",
        conv(80, 512, n=(3000,)), conv(512, 512, s=2, n=(3000,)), conv(80, 1280, n=(3000,)), conv(1280, 1280, s=2, n=(3000,)),
        conv(128, 1280, n=(3000,)),
    ),
    "wav2vec2": architecture("wav2vec 2.0", "arXiv:2006.11477, base", wav2vec(768)),
    "hubert": architecture("HuBERT", "arXiv:2106.07447, large", wav2vec(1024)),
    "wavenet": architecture(
        "WaveNet", "arXiv:1609.03499", causal(256, 32, 2, 16000), [causal(32, 32, 2, 16000, d=1 << i) for i in range(10)],
        conv(32, 32, k=1, n=(16000,)), conv(32, 512, k=1, n=(16000,)), conv(512, 512, k=1, n=(16000,)), conv(512, 256, k=1, n=(16000,)),
    ),
    "hifigan": architecture(
        "HiFi-GAN V1", "arXiv:2010.05646; github.com/jik876/hifi-gan",
        conv(80, 512, k=7, n=(32,)), transpose(512, 256, k=16, s=8, p=4, n=(32,)), transpose(256, 128, k=16, s=8, p=4, n=(256,)),
        transpose(128, 64, k=4, s=2, p=1, n=(2048,)), transpose(64, 32, k=4, s=2, p=1, n=(4096,)),
        [conv(c, c, k=k, d=d, n=(n,)) for c, n in HIFI.items() for k in (3, 7, 11) for d in (1, 3, 5)], conv(32, 1, k=7, n=(8192,)),
        [conv(c, out, k=(5, 1), s=(3, 1), n=(n, 2)) for c, out, n in PERIODS], conv(1024, 1024, k=(5, 1), n=(51, 2)),
        conv(1024, 1, k=(3, 1), n=(51, 2)), conv(1, 128, k=15, n=(8192,)),
        [conv(c, out, k=41, s=s, groups=groups, n=(n,)) for c, out, s, groups, n in SCALES], conv(1024, 1024, k=5, n=(128,)),
        conv(1024, 1, k=3, n=(128,)),
    ),
    "melgan": architecture(
        "MelGAN", "arXiv:1910.06711",
        pad(80, ((3, 3),), "reflect", n=(32,)) >> conv(80, 512, k=7, p=0), transpose(512, 256, k=16, s=8, p=4, n=(32,)),
        transpose(256, 128, k=16, s=8, p=4, n=(256,)), transpose(128, 64, k=4, s=2, p=1, n=(2048,)),
        transpose(64, 32, k=4, s=2, p=1, n=(4096,)),
        [pad(c, ((d, d),), "reflect", n=(n,)) >> conv(c, c, d=d, p=0) for c, n in HIFI.items() for d in (1, 3, 9)],
        pad(32, ((3, 3),), "reflect", n=(8192,)) >> conv(32, 1, k=7, p=0),
    ),
    "encodec": architecture(
        "EnCodec", "arXiv:2210.13438, 24 kHz",
        causal(1, 32, 7, 24000, mode="reflect"), [causal(c, c // 2, 3, n, mode="reflect") for c, _, n in ENCODEC],
        [conv(c // 2, c, k=1, n=(n,)) for c, _, n in ENCODEC], [causal(c, 2 * c, 2 * s, n, s, mode="reflect") for c, s, n in ENCODEC],
        causal(512, 128, 7, 75, mode="reflect"), causal(128, 512, 7, 75, mode="reflect"),
        [transpose(2 * c, c, k=2 * s, s=s, n=(n // s,)) >> pad(c, ((0, -s),)) for c, s, n in ENCODEC],
        causal(32, 1, 7, 24000, mode="reflect"),
    ),
    "wavegan": architecture(
        "WaveGAN", "arXiv:1802.04208",
        [transpose(c, c // 2, k=25, s=4, p="same", n=(n,)) for c, n in [(1024, 16), (512, 64), (256, 256), (128, 1024)]],
        transpose(64, 1, k=25, s=4, p="same", n=(4096,)), conv(1, 64, k=25, s=4, p="same", n=(16384,)),
        [conv(c, 2 * c, k=25, s=4, p="same", n=(n,)) for c, n in [(64, 4096), (128, 1024), (256, 256), (512, 64)]],
    ),
    "convtasnet": architecture(
        "Conv-TasNet", "arXiv:1809.07454",
        conv(1, 512, k=16, s=8, p=0, n=(32000,)), conv(512, 128, k=1, n=(3999,)), conv(128, 512, k=1, n=(3999,)),
        [depthwise(512, d=1 << i, n=(3999,)) for i in range(8)], transpose(512, 1, k=16, s=8, n=(3999,)),
    ),
    "conformer": architecture(
        "Conformer", "arXiv:2005.08100, small",
        conv(1, 144, s=2, p=0, n=(1600, 80)), conv(144, 144, s=2, p=0, n=(799, 39)), conv(144, 288, k=1, n=(399,)),
        depthwise(144, k=31, n=(399,)), conv(144, 144, k=1, n=(399,)),
    ),
}  # fmt: skip
