"""What the frameworks' words for resampling and pooling mean, asked of the frameworks: spec's Resize and pools give the same numbers.

As in test_conventions, each framework runs by itself and is run in its own language, on one axis of one to seven pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest

from spec import AdaptiveAveragePool, AdaptiveMaxPool, AveragePool, Lanczos, MaxPool, Operation, Pad, Resize
from spec.conventions.padding import ceil_overhang, same_padding
from spec.conventions.resize import jax_resize, scaled_length, tf_resize, torch_resize
from tests.test_conventions import JAX, TENSORFLOW, TORCH, Framework, started
from tests.tiers import slow

LENGTHS = list(product([1, 2, 3, 4, 5, 7], [1, 2, 3, 4, 6, 9]))


@pytest.fixture(scope="module")
def torch() -> Iterator[Framework]:
    yield from started("torch", TORCH, channels_last=False)


@pytest.fixture(scope="module")
def tensorflow() -> Iterator[Framework]:
    yield from started("tensorflow", TENSORFLOW, channels_last=True)


@pytest.fixture(scope="module")
def jax() -> Iterator[Framework]:
    yield from started("jax", JAX + "\nimport jax\n", channels_last=False)


def same(framework: Framework, call: str, op: Operation, n: int, tolerance: float = 1e-5) -> None:
    """The framework's answer is spec's, on a picture whose neighbouring pixels differ much."""
    x = np.random.default_rng(n).integers(-50, 51, (1, 2, n))
    expected = op(x).astype(float)
    y = framework(call, x.astype(float), np.zeros((1, 1, 1)))
    assert y.shape == expected.shape, (call, op, n)
    assert np.abs(y - expected).max(initial=0) <= tolerance * 50, (call, op, n, y, expected)


@pytest.mark.parametrize("more", [{}, {"align_corners": True}, {"antialias": True}], ids=repr)
@pytest.mark.parametrize("mode", ["linear", "cubic"])
def test_torch_interpolate(torch: Framework, mode: str, more: dict[str, bool]) -> None:
    for n, m in LENGTHS:
        said = "".join(f", {name}={value}" for name, value in more.items())
        call = f"F.interpolate(x[:, :, None], size=(1, {m}), mode='bi{mode}'{said})[:, :, 0]"
        same(torch, call, Resize(size=(m,), **torch_resize(mode, **more)), n)


@pytest.mark.parametrize("mode", ["nearest", "nearest-exact"])
def test_torch_interpolate_nearest(torch: Framework, mode: str) -> None:
    for n, m in LENGTHS:
        same(torch, f"F.interpolate(x, size={m}, mode={mode!r})", Resize(size=(m,), **torch_resize(mode)), n)


@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "linear"])
@pytest.mark.parametrize("scale", [Fraction(3, 2), Fraction(13, 8), Fraction(5, 8), Fraction(5, 4)], ids=str)
def test_torch_scale_factor(torch: Framework, mode: str, scale: Fraction) -> None:
    """Except where the length stays: then PyTorch, eagerly, copies."""
    for n in (2, 3, 4, 5, 7):
        m = scaled_length(n, scale.numerator, scale.denominator)
        op = Resize(size=(m,), scale=((scale.numerator, scale.denominator),), **torch_resize(mode))
        if m not in (0, n):
            same(torch, f"F.interpolate(x, scale_factor={float(scale)}, mode={mode!r})", op, n)


@slow
@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize("method", ["nearest", "bilinear", "bicubic", "area"])
def test_tf_image_resize(tensorflow: Framework, method: str, antialias: bool) -> None:
    for n, m in LENGTHS:
        op = Resize(size=(m,), **tf_resize(method, antialias=antialias))
        table = 1e-2 if method == "bicubic" else 1e-5  # its cubic is a table of 1024 places
        same(tensorflow, f"tf.image.resize(x[:, None], (1, {m}), {method!r}, antialias={antialias})[:, 0]", op, n, table)


@slow
@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize("method", ["nearest", "linear", "cubic"])
def test_jax_image_resize(jax: Framework, method: str, antialias: bool) -> None:
    for n, m in LENGTHS[::3]:
        op = Resize(size=(m,), **jax_resize(method, antialias=antialias))
        same(jax, f"jax.image.resize(x, (1, 2, {m}), {method!r}, antialias={antialias})", op, n, 1e-4)


@slow
@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize("lobes", [3, 5])
def test_lanczos(tensorflow: Framework, jax: Framework, lobes: int, antialias: bool) -> None:
    for n, m in LENGTHS[::3]:
        op = Lanczos(size=(m,), lobes=lobes, antialias="yes" if antialias else "no")
        same(tensorflow, f"tf.image.resize(x[:, None], (1, {m}), 'lanczos{lobes}', antialias={antialias})[:, 0]", op, n)
        same(jax, f"jax.image.resize(x, (1, 2, {m}), 'lanczos{lobes}', antialias={antialias})", op, n)


# Pools

WINDOWS = [(n, k, s, p) for n, k, s, p in product([1, 2, 5, 6, 7], [1, 2, 3], [1, 2, 3, 4], [0, 1]) if p <= k // 2 and n + 2 * p >= k]


@pytest.mark.parametrize("include", [False, True])
def test_torch_pools_with_ceil_mode(torch: Framework, include: bool) -> None:
    for n, k, s, p in WINDOWS:
        over = ceil_overhang(n, k, s, 1, p, p)
        average = AveragePool(
            kernel=(k,), stride=(s,), padding=((p, p),), overhang=(max(over, 0),), counted="padded" if include else "valid"
        )  # fmt: skip
        same(torch, f"F.avg_pool1d(x, {k}, {s}, {p}, ceil_mode=True, count_include_pad={include})", average, n)
        same(torch, f"F.max_pool1d(x, {k}, {s}, {p}, ceil_mode=True)", MaxPool(kernel=(k,), stride=(s,), padding=((p, p + over),)), n)


def test_torch_adaptive_pools(torch: Framework) -> None:
    for n, m in LENGTHS:
        same(torch, f"F.adaptive_avg_pool1d(x, {m})", AdaptiveAveragePool(size=(m,)), n)
        same(torch, f"F.adaptive_max_pool1d(x, {m})", AdaptiveMaxPool(size=(m,)), n)
        same(torch, f"F.interpolate(x, size={m}, mode='area')", AdaptiveAveragePool(size=(m,)), n)


@slow
def test_tf_same_pools_count_only_pixels(tensorflow: Framework) -> None:
    for n, k, s, _ in WINDOWS:
        fields: dict[str, Any] = {"kernel": (k,), "stride": (s,), "padding": (same_padding(n, k, s),)}
        same(tensorflow, f"tf.nn.avg_pool1d(x, {k}, {s}, 'SAME')", AveragePool(**fields, counted="valid"), n)
        same(tensorflow, f"tf.nn.max_pool1d(x, {k}, {s}, 'SAME')", MaxPool(**fields), n)


@slow
def test_torch_and_tf_pads(torch: Framework, tensorflow: Framework) -> None:
    for n, lo, hi in product([2, 3, 5], [0, 1], [0, 1, -1]):
        for mode, word in (("constant", "constant"), ("reflect", "reflect"), ("edge", "replicate"), ("wrap", "circular")):
            if hi >= 0 or mode == "constant":
                same(torch, f"F.pad(x, ({lo}, {hi}), mode={word!r})", Pad(padding=((lo, hi),), mode=mode), n)
        for mode in ("constant", "reflect", "symmetric"):
            if hi >= 0:
                call = f"tf.pad(x, ((0, 0), ({lo}, {hi}), (0, 0)), mode={mode.upper()!r})"
                same(tensorflow, call, Pad(padding=((lo, hi),), mode=mode), n)
