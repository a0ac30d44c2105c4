"""What a user writes by hand: one parametrised test that compares three frameworks, forward only, to a tolerance."""

from __future__ import annotations

import os

import jax.numpy as jnp
import numpy as np
import pytest
import tensorflow as tf
import torch
from jax import lax

from benchmarks.configurations import transposes
from spec import Case

torch.set_num_threads(1)
CASES = transposes(int(os.environ.get("CASES", "1000")))


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_frameworks_agree(case: Case) -> None:
    rng = np.random.default_rng(case.seed)
    x, w = (rng.standard_normal(shape).astype(np.float32) for shape in (case.x, case.w[0]))
    (sh, sw), (ph, pw), (kh, kw) = case.op.stride, [lo for lo, _ in case.op.crop], case.w[0][2:]
    by_torch = torch.nn.functional.conv_transpose2d(torch.from_numpy(x), torch.from_numpy(w), stride=(sh, sw), padding=(ph, pw)).numpy()
    by_jax = lax.conv_transpose(
        jnp.asarray(x), jnp.asarray(w), (sh, sw), [(kh - 1 - ph,) * 2, (kw - 1 - pw,) * 2],
        dimension_numbers=("NCHW", "OIHW", "NCHW"), transpose_kernel=True,
    )  # fmt: skip
    (n, _, h, v), o = case.x, case.w[0][1]
    full = [n, (h - 1) * sh + kh, (v - 1) * sw + kw, o]
    by_tf = tf.nn.conv2d_transpose(x.transpose(0, 2, 3, 1), w.transpose(2, 3, 1, 0), full, (sh, sw), "VALID")
    by_tf = by_tf.numpy()[:, ph : full[1] - ph, pw : full[2] - pw].transpose(0, 3, 1, 2)
    np.testing.assert_allclose(np.asarray(by_jax), by_torch, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(by_tf, by_torch, rtol=1e-4, atol=1e-4)
