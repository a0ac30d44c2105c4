"""The file that `concordant new backend NAME` writes: it runs as it stands, and says what to change."""

from __future__ import annotations

from backends.form import NAME

TEMPLATE = '''\
"""@NAME: @NAME's native code for each operation. Try it with

    concordant run --backend ./@FILE --suite quick

It runs as it stands, on NumPy. Put your framework in its place, one part after the other.
"""

from __future__ import annotations

from backends import Code, Mode, Runtime, Step, Unsupported  # noqa: F401
from spec import Pad, Upsample

# Executed once in a worker process, which knows nothing of Concordant.
GLUE = """
import numpy as np  # your framework

def array(a, dtype):  # a NumPy array as an array of the framework; dtype is a word such as "float32"
    return a.astype(dtype)

def numpy(t):  # the way back; what NumPy has no dtype for, as bfloat16, comes back as float32
    return t

def dtype(t):  # what the framework itself says, as such a word
    return str(t.dtype)

def version():
    return {"numpy": np.__version__}

def answers(f, args, g):  # first the result, then one gradient of <g, y> for each of args; those are not wanted where g is None
    yield f(*args)
"""

RUNTIMES = {
    "@NAME": Runtime(
        packages=("numpy",),  # the distributions whose versions matter; the first must be installed
        glue=GLUE,
        # What is not declared is not offered: it is counted, and is no failure.
        outputs=("y",),  # ("y", "dx", "dw") once `answers` yields gradients
        dtypes=("float32", "float64"),  # of float16, bfloat16, float32, float64, uint8, int8, int32
        # covers=("Upsample",),  # left out, the operations that have a function below
        # modes={"compile": Mode(meaning="compiled", decorator=Code("@compile"))},  # --backend ./@FILE:compile
        # environment={"OMP_NUM_THREADS": "1"},  # set before the framework is imported
    )
}

# Put above the native code of every case.
IMPORTS = "import numpy as np"


# One function for each operation, named after it: Upsample is `upsample`, ConvTranspose is `conv_transpose`. It returns the statements
# that turn x, of shape (batch, channels, *space), into the result, as a user of the framework would write them; it computes nothing.
# `op` has the fields of the operation: help(spec.Conv) lists those of Conv. `at` has its shapes: at.x and at.y, and for each weight one
# in at.w, the kernel's lengths in at.k. at.weight and at.bias are names, to be written into the text: f"x = conv(x, {at.weight})".


def upsample(op: Upsample, at: Step) -> str:
    return "\\n".join(f"x = np.repeat(x, {factor}, axis={axis})" for axis, factor in enumerate(op.factor, start=2))


def pad(op: Pad, at: Step) -> str:
    if op.mode != "constant" or min(n for pair in op.padding for n in pair) < 0:
        raise Unsupported("np.pad cuts nothing off, and its other modes are not tried yet")  # a sentence that says why
    return f"x = np.pad(x, {((0, 0), (0, 0), *op.padding)}, constant_values={op.value})"
'''


def file(name: str) -> str:
    """The text of a backend file with one runtime of this name. Raises ValueError."""
    if not NAME.fullmatch(name):
        raise ValueError(f"a backend's name is letters, digits and . _ - +, such as 'mine', not {name[:60]!r}")
    return TEMPLATE.replace("@NAME", name).replace("@FILE", f"{name}.py")
