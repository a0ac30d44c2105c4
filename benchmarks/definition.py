"""The definition's own cost: y and both gradients by `verify.judge.reference`, over the same by PyTorch, warm, in float32.

    python -m benchmarks.definition        prints two ratios of CPU seconds: tiny, and 64 channels of 64 × 64
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

from spec import parse_case
from verify.judge.reference import Reference

SIZES = (((1, 2, 5, 6), (3, 2, 3, 3)), ((1, 64, 64, 64), (64, 64, 3, 3)))


def main() -> None:
    torch.set_num_threads(1)
    for x, w in SIZES:
        case = parse_case(f"Conv(stride=(1, 1), padding=((1, 1), (1, 1))) x={x} w={w}")
        by_torch = native(x, w)
        by_torch()
        print(least(lambda case=case: Reference(case).outputs) / least(by_torch))


def native(x: tuple[int, ...], w: tuple[int, ...]) -> Callable[[], object]:
    """A call that answers y, ∂x and ∂w."""
    a, b = (torch.ones(shape, requires_grad=True) for shape in (x, w))

    def call() -> object:
        y = torch.nn.functional.conv2d(a, b, padding=1)
        return torch.autograd.grad(y, (a, b), torch.ones_like(y))

    return call


def least(call: Callable[[], object], seconds: float = 1.5) -> float:
    """CPU seconds of the quickest of many calls."""
    best, until = float("inf"), time.monotonic() + seconds
    while time.monotonic() < until:
        began = time.process_time()
        call()
        best = min(best, time.process_time() - began)
    return best


if __name__ == "__main__":
    main()
