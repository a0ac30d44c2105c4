"""Each regime of sizes is met by a case that was made for it, and not by a plain one."""

from __future__ import annotations

import pytest

from spec import parse_case
from tests.blind_spots import REGIMES, met
from tests.tiers import slow
from verify.plan import suites

PLAIN = "Conv(stride=(1,)) x=(1, 2, 7) w=(3, 2, 2) float32"
MADE = {
    "depthwise, one filter for a channel": "Conv(stride=(1,), groups=3) x=(1, 3, 7) w=(3, 1, 2) float32",
    "transposed depthwise": "ConvTranspose(stride=(1,), groups=3) x=(1, 3, 7) w=(3, 1, 2) float32",
    "groups in half precision": "Conv(stride=(1,), groups=2) x=(1, 4, 7) w=(4, 2, 2) bfloat16",
    "dilation in half precision": "Conv(stride=(1,), dilation=(2,)) x=(1, 2, 7) w=(3, 2, 2) float16",
    "over 1,000 products in half precision": "Conv(stride=(1, 1)) x=(1, 128, 4, 4) w=(2, 128, 3, 3) float16 normal",
    "groups of int8": "Conv(stride=(1,), groups=2) x=(1, 4, 7) w=(4, 2, 2) int8",
    "stride with dilation and uneven padding": "Conv(stride=(2,), padding=((0, 1),), dilation=(2,)) x=(1, 2, 7) w=(3, 2, 2) float32",
    "transposed: stride with dilation and a crop": "ConvTranspose(stride=(2,), crop=((0, 1),), dilation=(2,)) x=(1, 2, 7) w=(2, 3, 2)",
    "input channels of a group over 64": "Conv(stride=(1,)) x=(1, 65, 7) w=(3, 65, 2) float32",
    "batch over 32": "Conv(stride=(1,)) x=(33, 2, 7) w=(3, 2, 2) float32",
    "last axis with a rest of 64": "Conv(stride=(1,)) x=(1, 2, 65) w=(3, 2, 2) float32",
    "kernel of 128 and more": "Conv(stride=(1,)) x=(1, 2, 130) w=(3, 2, 128) float32",
    "pool's kernel over 3 in half precision": "MaxPool(kernel=(4,), stride=(1,)) x=(1, 2, 7) float16",
    "dilation over 3": "Conv(stride=(1,), dilation=(4,)) x=(1, 2, 7) w=(3, 2, 2) float32",
    "output of over 65,535 elements": "Upsample(factor=(2, 2)) x=(1, 5, 64, 64) float32",
    "width equal to the filters": "Conv(stride=(1,)) x=(1, 2, 4) w=(3, 2, 2) float32",
    "batch equal to the channels": "Conv(stride=(1,)) x=(2, 2, 7) w=(3, 2, 2) float32",
}


@pytest.mark.parametrize("regime", MADE)
def test_a_case_made_for_a_regime_meets_it(regime: str) -> None:
    assert met([parse_case(MADE[regime])])[regime] == 1


def test_a_plain_case_meets_no_regime() -> None:
    assert met([parse_case(PLAIN)]) == {}
    assert set(MADE) <= set(REGIMES)


@slow
def test_standard_meets_every_regime() -> None:
    assert set(REGIMES) == set(met(suites.cases("standard")))


def test_quick_meets_most_regimes() -> None:
    assert len(met(suites.cases("quick"))) > 0.8 * len(REGIMES)
