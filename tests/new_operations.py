"""Operations that nothing outside this file knows: two with weights, one with indices that changes the number of axes.

Each has its translations to NumPy here too: a right one, and one with a mistake. They are public only where `public` says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from spec.operation import IMAGE, PUBLIC, Array, Domain, Free, Index, Input, Operation, Shape, indices, per_axis, size, space


class Thinned:
    """Keeps every so many pixels along each axis: what the three have in common."""

    step: Shape
    rank: int

    def kept(self, x: Shape) -> Shape:
        """The lengths of what is kept."""
        return tuple(-(-n // s) for n, s in zip(space(x, self.rank), self.step, strict=True))

    @property
    def at(self) -> Index:
        return (..., *(slice(None, None, s) for s in self.step))

    def spread(self, g: Array, x: Array) -> Array:
        """The gradient by x of what was kept."""
        dx = np.zeros(x.shape, g.dtype)
        dx[self.at] = g
        return dx


@dataclass(frozen=True, kw_only=True, repr=False)
class DepthwiseScale(Operation, Thinned):
    """y[n,c,j] = x[n,c, s·j] · w[c]."""

    step: Shape = per_axis(1, least=1)

    def inputs(self) -> tuple[Input, ...]:
        return (Input("w", lambda x: (1, x[1], *(1,) * self.rank), axes=IMAGE),)

    def shape(self, x: Shape, *w: Shape) -> Shape:
        self.expect_weights(w)
        self.expect_image(x)
        kept = self.kept(x)
        if w != self.further(x, ()):
            raise self.refuse(f"w has shape {w[0]}, but it must have one number for each of {x[1]} channels")
        return (*x[:2], *kept)

    def __call__(self, x: Array, *w: Array) -> Array:
        self.shape(x.shape, *(a.shape for a in w))
        y: Array = x[self.at] * w[0]
        return y

    def vjp(self, x: Array, *w_and_g: Array) -> tuple[Array, ...]:
        w, g = w_and_g
        return self.spread(g * w, x), (g * x[self.at]).sum((0, *range(2, x.ndim)), keepdims=True)


@dataclass(frozen=True, kw_only=True, repr=False)
class Bilinear(Operation, Thinned):
    """y[n,o,j] = Σ_{a,b} x[n,a, s·j] · w[o,a,b] · z[n,b,j]: three arrays are multiplied."""

    step: Shape = per_axis(1, least=1)

    def inputs(self) -> tuple[Input, ...]:
        w = Input("w", lambda x, out, other: (out, x[1], other))
        return w, Input("z", lambda x, out, other: (x[0], other, *self.kept(x)), axes=IMAGE)

    def free(self) -> tuple[Free, ...]:
        return Free(0, 0), Free(0, 2)

    def shape(self, x: Shape, *w: Shape) -> Shape:
        self.expect_weights(w)
        self.expect_image(x)
        if len(w[0]) != 3 or w != self.further(x, (w[0][0], w[0][2])):
            raise self.refuse(f"w and z have the shapes {w}, but (O, {x[1]}, B) and (N, B, *space) are needed")
        return (x[0], w[0][0], *self.kept(x))

    def __call__(self, x: Array, *w: Array) -> Array:
        self.shape(x.shape, *(a.shape for a in w))
        return self._summed("na…,oab,nb…->no…", x[self.at], *w)

    def vjp(self, x: Array, *w_and_g: Array) -> tuple[Array, ...]:
        w, z, g = w_and_g
        a = x[self.at]
        return (
            self.spread(self._summed("no…,oab,nb…->na…", g, w, z), x),
            self._summed("no…,na…,nb…->oab", g, a, z),
            self._summed("no…,na…,oab->nb…", g, a, w),
        )

    def _summed(self, axes: str, *arrays: Array) -> Array:
        total: Array = np.einsum(axes.replace("…", "xyz"[: self.rank]), *arrays)
        return total


@dataclass(frozen=True, kw_only=True, repr=False)
class Gather(Operation, Thinned):
    """y[n,c,j] = the pixel number indices[n,c,j] of x[n,c, s·…], counted row-major: a line, whatever the rank of x."""

    step: Shape = per_axis(1, least=1)

    @property
    def out_rank(self) -> int:
        return 1

    def inputs(self) -> tuple[Input, ...]:
        def below(x: Shape) -> Domain:
            return indices(size(self.kept(x)))

        return (Input("w", lambda x, length: (*x[:2], length), domain=below, has_gradient=False, axes=IMAGE),)

    def free(self) -> tuple[Free, ...]:
        return (Free(0, 2),)

    def shape(self, x: Shape, *w: Shape) -> Shape:
        self.expect_weights(w)
        self.expect_image(x)
        if len(w[0]) != 3 or w[0][:2] != x[:2]:
            raise self.refuse(f"indices have shape {w[0]}, but they must be lines of as many channels as x, {x}")
        return w[0]

    def __call__(self, x: Array, *w: Array) -> Array:
        self.shape(x.shape, *(a.shape for a in w))
        return np.take_along_axis(x[self.at].reshape(*x.shape[:2], -1), w[0].astype(np.int64), 2)

    def vjp(self, x: Array, *w_and_g: Array) -> tuple[Array, ...]:
        w, g = w_and_g
        kept = np.zeros(x[self.at].shape, g.dtype)
        n, c = (np.arange(m).reshape(-1, *(1,) * more) for m, more in zip(x.shape, (2, 1), strict=False))
        np.add.at(kept.reshape(*x.shape[:2], -1), (n, c, w.astype(np.int64)), g)
        return self.spread(kept, x), np.zeros(w.shape)


NEW = {kind.__name__: kind for kind in (DepthwiseScale, Bilinear, Gather)}
for name in NEW:
    PUBLIC.pop(name)


@contextmanager
def public() -> Iterator[None]:
    """Known to text, to the search and to backend files, until the end."""
    PUBLIC.update(NEW)
    try:
        yield
    finally:
        for name in NEW:
            PUBLIC.pop(name)


RIGHT = '''

def _thinned(op):
    return "x = x[" + ", ".join(["...", *(f"::{s}" for s in op.step)]) + "]"


def depthwise_scale(op, at):
    return _thinned(op) + f"\\nx = x * w{at.number}"


def bilinear(op, at):
    j = "xyz"[: op.rank]
    return _thinned(op) + f"\\nx = np.einsum('na{j},oab,nb{j}->no{j}', x, w{at.number}, z{at.number})"


def gather(op, at):
    return _thinned(op) + (
        f"\\nx = x.reshape({at.x[0]}, {at.x[1]}, -1)"
        f"\\nx = np.take_along_axis(x, w{at.number}.astype(int) % x.shape[2], 2)"
    )


def conv(op, at):
    """Enough for programs: a kernel of one tap."""
    if op.rank > 1 or max(at.k) > 1 or max(op.stride) > 1 or any(map(any, op.padding)) or op.groups > 1 or op.bias == "yes":
        raise Unsupported("only one tap, in 1-D")
    return f"x = np.einsum('ncj,oc->noj', x, w{at.number}[:, :, 0])"
'''
"""The functions of a backend file on NumPy (tests.command.NUMPY)."""

MUTANTS = {
    "DepthwiseScale": ("x = x * w{at.number}", "x = x * w{at.number}[:, ::-1]"),
    "Bilinear": ("x, w{at.number}, z{at.number})", "x, w{at.number}, z{at.number}[:, ::-1])"),
    "Gather": ("w{at.number}.astype(int) %", "(w{at.number}.astype(int) + 1) %"),
}
"""What to replace in it: the scales of the channels reversed, the channels of z reversed, every index one too large."""
