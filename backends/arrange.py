"""How an array of weights is laid out anew: transposed, flipped, reshaped; as NumPy source, as any framework's, and undone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from spec.operation import Array, Shape


class Move(NamedTuple):
    """`transpose` by a permutation, `flip` of axes, or `reshape` to a shape."""

    what: str
    numbers: Shape


@dataclass(frozen=True)
class Arrangement:
    """Moves, one after the other, of an array of a shape."""

    shape: Shape
    moves: tuple[Move, ...] = ()

    def transpose(self, *axes: int) -> Arrangement:
        """Axis i of the result is axis axes[i]. Two transpositions become one."""
        if self.moves and self.moves[-1].what == "transpose":
            return self._but_last()._with("transpose", tuple(self.moves[-1].numbers[axis] for axis in axes))
        return self._with("transpose", axes)

    def flip(self, *axes: int) -> Arrangement:
        """Axes in reverse order."""
        return self._with("flip", axes)

    def reshape(self, *shape: int) -> Arrangement:
        """The same numbers in row-major order. Two reshapes become one."""
        if self.moves and self.moves[-1].what == "reshape":
            return self._but_last()._with("reshape", shape)
        return self._with("reshape", shape)

    @property
    def result(self) -> Shape:
        """The shape that comes out."""
        shape = self.shape
        for what, numbers in self.moves:
            shape = tuple(shape[axis] for axis in numbers) if what == "transpose" else numbers if what == "reshape" else shape
        return shape

    @property
    def inverse(self) -> Arrangement:
        """The moves that undo these."""
        shapes = [Arrangement(self.shape, self.moves[:i]).result for i in range(len(self.moves))]
        undone = Arrangement(self.result)
        for (what, numbers), before in reversed(list(zip(self.moves, shapes, strict=True))):
            if what == "transpose":
                undone = undone.transpose(*map(int, np.argsort(numbers)))
            else:
                undone = undone.flip(*numbers) if what == "flip" else undone.reshape(*before)
        return undone

    def then(self, more: Arrangement) -> Arrangement:
        """These moves, then those of an arrangement of the shape that comes out here."""
        if self.result != more.shape:
            raise ValueError(f"an array of shape {self.result} is not one of shape {more.shape}")
        done = self
        for what, numbers in more.moves:
            done = getattr(done, what)(*numbers)
        return done

    def __call__(self, array: Array) -> Array:
        """The array laid out anew."""
        for what, numbers in self.moves:
            array = np.flip(array, numbers) if what == "flip" else getattr(array, what)(numbers)
        return array

    def written(self, name: str, phrases: dict[str, Callable[[str, Shape], str]] | None = None) -> str:
        """As source: NumPy's, or by a framework's own phrases for the three moves."""
        for what, numbers in self.moves:
            name = (phrases or NUMPY)[what](name, numbers)
        return name

    def _with(self, what: str, numbers: Sequence[int]) -> Arrangement:
        """With one more move, unless it moves nothing."""
        before = self.result
        same = {"transpose": tuple(range(len(before))), "flip": (), "reshape": before}[what]
        return self if tuple(numbers) == same else Arrangement(self.shape, (*self.moves, Move(what, tuple(numbers))))

    def _but_last(self) -> Arrangement:
        return Arrangement(self.shape, self.moves[:-1])


def listed(numbers: Shape) -> str:
    """`2, 3, 1, 0`."""
    return ", ".join(map(str, numbers))


NUMPY: dict[str, Callable[[str, Shape], str]] = {
    "transpose": lambda name, axes: f"{name}.transpose({listed(axes)})",
    "flip": lambda name, axes: f"np.flip({name}, {axes})",
    "reshape": lambda name, shape: f"{name}.reshape({listed(shape)})",
}
"""Also of JAX, whose arrays have NumPy's methods; `np` is then jnp."""
