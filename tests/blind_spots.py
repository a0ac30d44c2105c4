"""How many cases of each suite meet the sizes at which kernels change their path: `python -m tests.blind_spots` prints the table.

A regime is a condition on one step of a case: its operation, the shapes of x, of the weights and of y, and the case. Where no case of
`standard` meets a regime, a wrong kernel would not be noticed.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from spec import Case, Operation, Shape
from spec.operation import size
from verify.plan import suites

HALF = ("float16", "bfloat16")
SUITES = ("quick", "standard", "models")


class Step(NamedTuple):
    """One operation of a case, with its shapes."""

    case: Case
    op: Operation
    x: Shape
    w: tuple[Shape, ...]
    y: Shape

    def is_a(self, *names: str) -> bool:
        return self.op.name in names

    @property
    def dense(self) -> bool:
        """Whether it multiplies with a kernel."""
        return self.is_a("Conv", "ConvTranspose")

    @property
    def groups(self) -> int:
        return int(getattr(self.op, "groups", 1))

    @property
    def inputs(self) -> int:
        """Channels of x in one group."""
        return self.x[1] // self.groups

    @property
    def kernel(self) -> Shape:
        return self.w[0][2:] if self.dense else tuple(getattr(self.op, "kernel", ()))

    @property
    def products(self) -> int:
        """That are added in one element of y."""
        return size(self.kernel) * (self.w[0][1] if self.is_a("Conv") else self.inputs if self.dense else 1)

    def most(self, name: str) -> int:
        """The largest entry of a field that has one for each axis; 0 where there is no such field."""
        value = getattr(self.op, name, None)
        return max((n for n in value if isinstance(n, int)), default=0) if isinstance(value, tuple) else 0

    def uneven(self, name: str) -> bool:
        value = getattr(self.op, name, ())
        return any(lo != hi for lo, hi in value)

    @property
    def depthwise(self) -> bool:
        return self.dense and self.groups == self.x[1] > 1

    @property
    def once(self) -> bool:
        """As many channels come out as went in."""
        return self.y[1] == self.x[1]

    def tail(self, width: int) -> bool:
        """Whether the last axis fills some vectors of that many numbers and leaves a rest."""
        return self.x[-1] > width and self.x[-1] % width != 0


REGIMES: dict[str, Callable[[Step], bool]] = {
    "depthwise, one filter for a channel": lambda s: s.is_a("Conv") and s.depthwise and s.once,
    "depthwise, two filters for a channel": lambda s: s.is_a("Conv") and s.depthwise and s.y[1] == 2 * s.x[1],
    "transposed depthwise": lambda s: s.is_a("ConvTranspose") and s.depthwise,
    "groups with dilation": lambda s: s.dense and s.groups > 1 and s.most("dilation") > 1,
    "groups with a bias": lambda s: s.dense and s.groups > 1 and getattr(s.op, "bias", "no") == "yes",
    "groups in half precision": lambda s: s.dense and s.groups > 1 and s.case.dtype in HALF,
    "dilation in half precision": lambda s: s.dense and s.most("dilation") > 1 and s.case.dtype in HALF,
    "over 1,000 products in half precision": lambda s: s.dense and s.products > 1000 and s.case.dtype in HALF,
    "groups of int8": lambda s: s.dense and s.groups > 1 and s.case.dtype == "int8",
    "stride with dilation and uneven padding": lambda s: (
        s.is_a("Conv") and s.most("stride") > 1 < s.most("dilation") and s.uneven("padding")
    ),
    "transposed: stride with dilation and a crop": lambda s: (
        s.is_a("ConvTranspose") and s.most("stride") > 1 < s.most("dilation") and any(map(any, s.op.crop))  # type: ignore[attr-defined]
    ),
    "an axis of length 1": lambda s: s.dense and 1 in s.x[2:],
    "a kernel longer than the input": lambda s: s.dense and any(k > n for k, n in zip(s.kernel, s.x[2:], strict=True)),
    "input channels of a group over 4": lambda s: s.dense and s.inputs > 4,
    "input channels of a group over 8": lambda s: s.dense and s.inputs > 8,
    "input channels of a group over 32": lambda s: s.dense and s.inputs > 32,
    "input channels of a group over 64": lambda s: s.dense and s.inputs > 64,
    "output channels over 8": lambda s: s.dense and s.y[1] > 8,
    "channels that leave a rest of 8": lambda s: s.dense and s.x[1] > 8 and s.x[1] % 8 != 0,
    "pools of over 3 channels": lambda s: s.op.name.endswith("Pool") and s.x[1] > 3,
    "resizes of over 2 channels": lambda s: s.is_a("Resize") and s.x[1] > 2,
    "batch over 3": lambda s: s.x[0] > 3,
    "batch over 8": lambda s: s.x[0] > 8,
    "batch over 32": lambda s: s.x[0] > 32,
    "last axis with a rest of 8": lambda s: s.tail(8),
    "last axis with a rest of 16": lambda s: s.tail(16),
    "last axis with a rest of 32": lambda s: s.tail(32),
    "last axis with a rest of 64": lambda s: s.tail(64),
    "kernel over 5": lambda s: s.dense and max(s.kernel) > 5,
    "kernel of 16 and more": lambda s: s.dense and max(s.kernel) >= 16,
    "kernel of 128 and more": lambda s: s.dense and max(s.kernel) >= 128,
    "pool's kernel over 3 in half precision": lambda s: s.is_a("MaxPool") and max(s.kernel) > 3 and s.case.dtype in HALF,
    "stride over 3": lambda s: s.most("stride") > 3,
    "stride of 8 and more": lambda s: s.most("stride") >= 8,
    "dilation over 3": lambda s: s.most("dilation") > 3,
    "factor over 3": lambda s: s.most("factor") > 3,
    "stride equal to the kernel": lambda s: s.dense and max(s.kernel) > 1 and s.kernel == getattr(s.op, "stride", ()),
    "adaptive pooling to more pixels": lambda s: (
        s.op.name.startswith("Adaptive") and any(m > n for m, n in zip(s.y[2:], s.x[2:], strict=True))
    ),
    "output of over 65,535 elements": lambda s: size(s.y) > 65_535,
    "input of over 32,767 elements": lambda s: size(s.x) > 32_767,
    "3×3, stride 1, 4 channels and more (Winograd)": lambda s: (
        s.is_a("Conv") and s.kernel[-2:] == (3, 3) and s.most("stride") == 1 == s.most("dilation") and s.inputs >= 4 <= s.y[1]
    ),
    "maxima of integers": lambda s: s.is_a("MaxPool", "AdaptiveMaxPool") and "int" in s.case.dtype,
    "width equal to the filters": lambda s: s.dense and s.y[-1] == s.y[1] > 1,
    "height equal to the channels": lambda s: len(s.x) > 3 and s.x[2] == s.x[1] > 1,
    "batch equal to the channels": lambda s: s.x[0] == s.x[1] > 1,
    "kernel as long as the input": lambda s: s.dense and s.kernel == s.x[2:],
    "all axes equal": lambda s: len(set(s.x)) == 1 and s.x[0] > 1,
    "an empty batch": lambda s: s.x[0] == 0,
}


def steps(case: Case) -> Iterable[Step]:
    """Each operation of a case with its shapes."""
    return (Step(case, op, x, tuple(w), y) for op, x, w, y in case.op.walk(case.x, case.w))


def met(cases: Sequence[Case]) -> Counter[str]:
    """By regime, how many cases meet it."""
    counts: Counter[str] = Counter()
    for case in cases:
        own = list(steps(case))
        counts.update(name for name, holds in REGIMES.items() if any(map(holds, own)))
    return counts


def table(names: Sequence[str] = SUITES) -> str:
    """Markdown: a row for each regime, a column for each suite."""
    cases = {name: suites.cases(name) for name in names}
    counts = {name: met(some) for name, some in cases.items()}
    lines = [["regime", *(f"{name} ({len(cases[name])})" for name in names)], ["---"] * (len(names) + 1)]
    lines += [[regime, *(str(counts[name][regime]) for name in names)] for regime in REGIMES]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    print(table(sys.argv[1:] or SUITES))
