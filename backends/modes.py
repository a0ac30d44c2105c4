"""Modes that several frameworks have."""

from __future__ import annotations

from backends import Mode

THREADS = Mode(
    meaning="on two threads; every other mode runs on one", environment={"CONCORDANT_THREADS": "2"}, expects={"threads": "2"},
    share="small", also=("two-threads", "parallel", "multithreaded"),
)  # fmt: skip
"""Of a runtime whose glue takes the number of threads from there, and observes it."""

DOUBLE_BACKWARD = """
_answers = answers

def answers(f, args, g):
    if g is None:
        yield f(*args)
        return
    constant, linear = twice(f, *args)
    yield linear + constant if numpy(constant).any() else linear
    answered = _answers(f, args, g)
    next(answered)
    yield from answered
"""


def double_backward(glue: str, twice: str) -> Mode:
    """A mode that runs the kernels of second derivatives. Every operation is positively homogeneous in x, a bias or a padding value aside,
    so that its derivative along x is its result.

    glue: of a runtime that answers one by one. twice: source of `twice(f, x, *w)`, which returns f(0, *w), and the derivative along x that
    two reverse passes give.
    """
    return Mode(
        meaning="y by differentiating twice: the gradient of x is linear in the cotangent, and its derivative along x is y but for a "
        "constant",
        glue=glue + twice + DOUBLE_BACKWARD, share="small", also=("second-order", "double_backward", "gradgrad"),
    )  # fmt: skip


SAME_BUFFERS = """
_answers, _buffers = answers, {{}}

def answers(f, args, g):
    args = [same_buffer(i, a) for i, a in enumerate(args)]
    for t in _answers(f, args, g if g is None else same_buffer("g", g)):
        yield {copied}  # t may be a view of x, which the next call overwrites

def same_buffer(name, a):
    buffer = _buffers.setdefault((name, a.shape, a.dtype), {empty})
    buffer[...] = a
    return buffer[...]
"""


def same_buffers(glue: str, *, copied: str, empty: str, share: str = "small") -> Mode:
    """A mode whose calls find their numbers where those of the call before were, so that what is cached by address is stale.

    glue: of a runtime that answers one by one, in arrays that may be written into. copied: a copy of the array t.
    empty: an array like a.
    """
    return Mode(
        meaning="x, weights and gradients of every call at the addresses of the call before, if it had the same shapes",
        glue=glue + SAME_BUFFERS.format(copied=copied, empty=empty), share=share, also=("stale", "in-place", "cached"),
    )  # fmt: skip


MIXED_DTYPES = """
def answers(f, args, g):
    x, *w = args
    other = "float32" if dtype(x) == "float64" else "float64"
    yield cast(f(x, *(cast(a, other) for a in w)), dtype(x))

def cast(a, dtype):
    return {cast}
"""


def mixed_dtypes(glue: str, *, cast: str) -> Mode:
    """A mode whose weights have another dtype than x. Refusing them is right (backends.known.refuses_mixed_dtypes), a wrong result is not.

    glue: of a runtime that answers one by one. cast: the array `a` in the dtype of that name.
    """
    return Mode(
        meaning="weights in another dtype than x, which must raise an error or give the right result",
        glue=glue + MIXED_DTYPES.format(cast=cast), outputs=("y",), share="small", also=("mixed-dtype", "promotion"),
    )  # fmt: skip


def on_cuda(off: str, on: str, environment: dict[str, str]) -> dict[str, Mode]:
    """The modes on the first CUDA device. They run only if they are named, and have kernels of which no record speaks.

    off, on: the glue with TF32 off and on, which observes `tf32`. environment: variables set before the framework is imported.
    """
    return {
        f"cuda{suffix}": Mode(
            meaning=f"on the first CUDA device, TF32 {state}", glue=glue, environment=environment, expects={"tf32": state},
            own_kernels=True, also=also,
        )
        for suffix, state, glue, also in (("", "off", off, ("gpu", "nvidia", "cudnn")), ("-tf32", "on", on, ("tf32", "gpu-tf32")))
    }  # fmt: skip
