"""What PyTorch and TensorFlow have in common: how their glue finds out which instruction set oneDNN really uses, and oneDNN's faults.

oneDNN states its instruction set once, on standard output, when it first runs something with ONEDNN_VERBOSE set. There is no other public
way to ask.
"""

from __future__ import annotations

from backends import Step
from spec import Conv, ConvTranspose, Operation
from spec.conventions.padding import span

ONEDNN = r'''
import os

def printed(act):
    """What native code writes on standard output while `act` runs."""
    import tempfile
    with tempfile.TemporaryFile() as file:
        kept = os.dup(1)
        os.dup2(file.fileno(), 1)
        try:
            act()
        finally:
            os.dup2(kept, 1)
            os.close(kept)
        file.seek(0)
        return file.read().decode(errors="replace")

def onednn_isa(said):
    """The instruction set in oneDNN's own words."""
    import re
    found = re.search(r"onednn_verbose.*,cpu,isa:(?:Intel )?(.*)", said)
    return found[1].strip() if found else "not stated"
'''


def endless(op: Operation, at: Step, facts: dict[str, str]) -> bool:
    """A depthwise convolution of 2 to 16 channels in bfloat16 with a kernel from 15 on, or one that is transposed (its gradient)."""
    if not isinstance(op, Conv | ConvTranspose) or at.dtype != "bfloat16" or not 1 < op.groups <= 16:
        return False
    return at.x[1] == at.y[1] == op.groups and max(at.k) >= 15 and "avx512_bf16" in facts.get("cpu_isa", "")


def dilated_pointwise(op: Operation, at: Step, facts: dict[str, str]) -> bool:
    """A convolution in bfloat16 whose kernel is 1, which a dilation does nothing to."""
    return isinstance(op, Conv) and at.dtype == "bfloat16" and set(at.k) == {1} and max(op.dilation) > 1


def far_strided(op: Operation, at: Step, facts: dict[str, str]) -> bool:
    """A float32 kernel that reaches over 29 pixels and more on an axis, with gaps, in steps; or one that is transposed."""
    if not isinstance(op, Conv | ConvTranspose) or at.dtype != "float32":
        return False
    return any(s > 1 < d and span(k, d) > 28 for s, d, k in zip(op.stride, op.dilation, at.k, strict=True))
