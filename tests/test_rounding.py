"""docs/rounding.md: fast convolutions compute the convolution, and how far their rounding is from the bound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from spec.ops.conv import Conv
from tests.tiers import slow
from tools.rounding import ALGORITHMS, SIDE, page, shares

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "rounding.md").read_text()


@pytest.mark.parametrize("name", ALGORITHMS)
def test_each_computes_the_convolution(name: str) -> None:
    rng = np.random.default_rng(1)
    x, w = (rng.integers(-4, 5, shape).astype(np.float32) for shape in ((3, SIDE, SIDE), (3, 3, 3)))
    expected = Conv(stride=(1, 1))(x[None].astype(float), w[None].astype(float))[0, 0]
    y = ALGORITHMS[name][1](x, w)
    assert y.dtype == np.float32
    np.testing.assert_allclose(y, expected, atol=1e-3)


def test_what_the_page_says_of_the_bound() -> None:
    one, few = ({name: largest > 1 for name, (_, largest) in shares(channels).items() if "Fourier" not in name} for channels in (1, 8))
    assert [name for name, beyond in one.items() if beyond] == ["Winograd's F(4×4, 3×3)"]
    assert not any(few.values())


@slow
def test_the_page_is_what_the_command_prints() -> None:
    """But for the row of the Fourier transform, which NumPy may compute in another order on another processor."""
    old, new = ([line for line in text.splitlines() if not line.startswith("| Fourier")] for text in (PAGE, page()))
    assert old == new
