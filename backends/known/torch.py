"""PyTorch."""

from __future__ import annotations

from backends import Step
from backends.known import Known
from spec import Conv, Operation


def _empty(op: Operation, at: Step, env: dict[str, str]) -> bool:
    return isinstance(op, Conv) and 0 in at.y


KNOWN = [
    Known(
        id="torch-empty-convolution", runtimes=("torch",), versions={"torch": ">=1.0"}, verdict="refused", when=_empty,
        message="Kernel size can't be greater than actual input size",
        reason="an answer of length 0 is refused: the kernel may not be larger than the padded input",
        link="https://pytorch.org/docs/stable/generated/torch.nn.Conv2d.html",
    ),
]  # fmt: skip
