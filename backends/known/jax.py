"""JAX."""

from __future__ import annotations

from backends import Step
from backends.known import Known
from spec import Conv, ConvTranspose, Operation


def _grouped(op: Operation, at: Step, env: dict[str, str]) -> bool:
    return isinstance(op, ConvTranspose) and op.groups > 1


def _cut_then_padded(op: Operation, at: Step, env: dict[str, str]) -> bool:
    pairs = op.padding if isinstance(op, Conv) else op.crop if isinstance(op, ConvTranspose) else ()
    return any(lo < 0 < hi for lo, hi in pairs)


KNOWN = [
    Known(
        id="jax-conv-transpose-groups", runtimes=("jax",), versions={"jax": ">=0.4"}, verdict="unsupported", when=_grouped,
        reason="lax.conv_transpose has no feature_group_count; conv_general_dilated with lhs_dilation says it with a flipped kernel",
        link="https://github.com/google/objax/issues/70",
    ),
    *(
        Known(
            id=f"xla-cpu-cut-then-padded-{verdict}", runtimes=("jax",), versions={"jax": "<=0.10.2"}, verdict=verdict,
            when=_cut_then_padded, sometimes=True,
            reason="XLA's CPU convolution reads past the end of its input where the low end is cut and the high end padded",
            link="https://github.com/openxla/xla/issues/48713",
        )
        for verdict in ("differ", "nondeterministic")
    ),
]  # fmt: skip
