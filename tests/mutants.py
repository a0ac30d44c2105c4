"""Backends with one plausible mistake each, made from the PyTorch one. The verifier must catch every one.

A mutant changes the question before it is translated (another crop, another stride …) or wraps the translated function.
`expected` is a verdict that must be among those it gets, on one of `outputs`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from backends import Backend, Unsupported, torch
from spec import Conv, ConvTranspose, Impossible, Operation, Program, Question, ZeroInsert

Change = Callable[[Operation], Operation]


@dataclass(frozen=True)
class Mutant(Backend):
    """A backend that mistranslates."""

    change: Change = lambda op: op
    wrap: str = ""
    expected: str = "differ"
    outputs: tuple[str, ...] = ("y", "dx", "dw")

    def translate(self, question: Question) -> str:
        try:
            text = super().translate(_changed(question, self.change))
        except Impossible:
            text = super().translate(question)
        return f"{text}\n\nhonest = f\n\n{self.wrap}" if self.wrap else text


class Declines(Mutant):
    def translate(self, question: Question) -> str:
        raise Unsupported("no")


def _changed(question: Question, change: Change) -> Question:
    steps = [change(op) for op in question.op.steps]
    op = steps[0] if len(steps) == 1 else Program(inner=tuple(steps))
    other = object.__new__(Question)
    for name, value in (("op", op), ("x", question.x), ("w", question.w), ("dtype", question.dtype), ("seed", question.seed)):
        object.__setattr__(other, name, value)
    return other


def _swap_crop(op: Operation) -> Operation:
    return replace(op, crop=tuple((hi, lo) for lo, hi in op.crop)) if isinstance(op, ConvTranspose) else op


def _swap_padding(op: Operation) -> Operation:
    return replace(op, padding=tuple((hi, lo) for lo, hi in op.padding)) if isinstance(op, Conv) else op


def _shift_crop(op: Operation) -> Operation:
    return replace(op, crop=tuple((lo + 1, hi - 1) for lo, hi in op.crop)) if isinstance(op, ConvTranspose) else op


def _negated_padding(op: Operation) -> Operation:
    return replace(op, padding=tuple((abs(lo), abs(hi)) for lo, hi in op.padding)) if isinstance(op, Conv) else op


def _no_appended_zeros(op: Operation) -> Operation:
    return replace(op, crop=tuple((lo, max(hi, 0)) for lo, hi in op.crop)) if isinstance(op, ConvTranspose) else op


def _no_dilation(op: Operation) -> Operation:
    if isinstance(op, Conv):
        return replace(op, dilation=(1,) * op.rank)
    return op


def _axes_reversed(op: Operation) -> Operation:
    if isinstance(op, Conv | ConvTranspose):
        return replace(op, stride=op.stride[::-1], dilation=op.dilation[::-1])
    return op


def _stride_for_dilation(op: Operation) -> Operation:
    return replace(op, stride=op.dilation, dilation=op.stride) if isinstance(op, Conv | ConvTranspose) else op


def _no_trailing(op: Operation) -> Operation:
    return replace(op, trailing=(0,) * op.rank) if isinstance(op, ZeroInsert) else op


def _after(line: str) -> str:
    return f"def f(x, *w):\n    y = honest(x, *w)\n    {line}\n    return y\n"


def _before(line: str) -> str:
    return f"def f(x, *w):\n    {line}\n    return honest(x, *w)\n"


def _mutants() -> dict[str, Mutant]:
    runtime = torch.RUNTIMES["torch"]

    def made(name: str, *, kind: type[Mutant] = Mutant, **changes: object) -> Mutant:
        return kind(name=name, runtime=runtime, module=torch, **changes)  # type: ignore[arg-type]

    listed = [
        made("crop-on-the-other-side", change=_swap_crop),
        made("crop-shifted-by-one", change=_shift_crop),
        made("padding-on-the-other-side", change=_swap_padding),
        made("padding-sign-lost", change=_negated_padding),
        made("appended-zeros-forgotten", change=_no_appended_zeros),
        made("dilation-ignored", change=_no_dilation),
        made("axes-of-the-stride-reversed", change=_axes_reversed),
        made("stride-and-dilation-exchanged", change=_stride_for_dilation),
        made("trailing-zeros-forgotten", change=_no_trailing),
        made("kernel-flipped", wrap=_before("w = tuple(v.flip(-1) for v in w)")),
        made("output-channels-reversed", wrap=_before("w = tuple(v.flip(0) for v in w)")),
        made("input-channels-reversed", wrap=_before("x = x.flip(1)")),
        made("channel-axes-of-the-kernel-exchanged", wrap=_before("w = tuple(v.transpose(0, 1).reshape(v.shape) for v in w)")),
        made("one-pixel-shifted", wrap=_after("y = y.roll(1, -1)")),
        made("last-column-missing", wrap=_after("y = torch.cat([y[..., :-1], 0 * y[..., -1:]], -1)")),
        made("last-of-the-batch-wrong", wrap=_after("y = torch.cat([y[:-1], 2 * y[-1:]])")),
        made("even-lengths-only", wrap=_after("y = y if x.shape[-1] % 2 else 2 * y")),
        made("truncated", wrap=_after("y = y[..., :-1]")),
        made("flattened", wrap=_after("y = y.flatten(2)")),
        made("averages-instead-of-sums", wrap=_after("y = y / 4")),
        made("bias-added", wrap=_after("y = y + 1")),
        made("clamped", wrap=_after("y = y.clamp(max=100)")),
        made("answers-its-input", wrap="def f(x, *w):\n    return x + 0 * sum(v.sum() for v in w)\n"),
        made("one-nan", wrap=_after("y = torch.where(torch.arange(y.numel()).reshape(y.shape) == 0, torch.nan, y)"), outputs=("y",)),
        made("another-dtype", wrap=_after("y = y.double() if y.dtype == torch.float32 else y.float()"), outputs=("y",)),
        made("inputs-rounded-to-bfloat16", wrap=_before("x = x + (x.bfloat16().to(x.dtype) - x).detach()"), outputs=("y", "dw")),
        made("slightly-off", wrap=_after("y = y * (1 + 2 * torch.finfo(y.dtype).eps)"), expected="imprecise"),
        made("wrong-input-gradient", wrap=_before("x = 2 * x - x.detach()"), outputs=("dx",)),
        made("no-weight-gradient", wrap=_before("w = tuple(v.detach() for v in w)"), outputs=("dw",)),
        made("second-call-differs", wrap="calls = []\n\n" + _after("calls.append(0); y = y + len(calls) - 1"), expected="nondeterministic"),
        made("refuses-everything", wrap="def f(x, *w):\n    raise ValueError('no')\n", expected="refused"),
        made("declines-everything", kind=Declines, expected="unsupported"),
        made("gives-nothing", wrap="def f(x, *w):\n    return None\n", expected="refused"),
        made("dies", wrap=f"import os\n\n{_before('os._exit(1) if x.shape[-1] == 7 and len(w) == 2 else 0')}", expected="crashed"),
        made("hangs", wrap=f"import time\n\n{_before('time.sleep(60 * (x.shape[-1] == 7 and len(w) == 2))')}", expected="timeout"),
    ]  # fmt: skip
    return {m.name: m for m in listed}


MUTANTS = _mutants()
