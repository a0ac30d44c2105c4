"""A program in the user's words, and its arrays in the user's layout: to spec's layout, and back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from backends.native import Reading, undone
from backends.parsing import parsed
from spec import Array, Case, Impossible, Shape, parse
from verify.native.programs import SHAPES, in_spec_syntax, program

X = re.compile(r"\sx\s*=\s*\(")


@dataclass(frozen=True)
class Asked:
    """What a text means on the shapes of its arrays."""

    reading: Reading

    @classmethod
    def of(cls, text: str, x: Shape | None, w: Sequence[Shape]) -> Asked:
        """Raises Impossible."""
        spec = in_spec_syntax(text)
        if not spec:
            _expect_readable(SHAPES.sub("", text))
        if x is None and not (spec and X.search(text)):
            behind = spec and f"write it behind: {text} x={(1, 3, *(8,) * parse(text).rank)}"
            how = behind or "give it in the call's own layout: input=(1, 3, 32, 32)"
            raise Impossible(f"{text} does not say the shape of its input; {how}")
        asked = cls(program(text, x, w))
        wanted = [weight.shape for weight in asked.reading.native.weights]
        if w and list(w) != wanted:
            names = ", ".join(f"{weight.name} {weight.shape}" for weight in asked.reading.native.weights)
            raise Impossible(f"the weights have the shapes {_listed(w)}, but {text} takes {names or 'none'}; give them in that order")
        return asked

    def case(self, dtype: str, data: str, seed: int = 0) -> Case:
        """Raises Impossible."""
        return Case(op=self.reading.op, x=self.reading.x, w=self.reading.w, dtype=dtype, data=data, seed=seed)

    def entered(self, x: Array) -> Array:
        """x in spec's layout."""
        enter = self.reading.native.enter
        return x.transpose(undone(enter)) if enter else x

    def left(self, y: Array) -> Array:
        """A result in spec's layout; as it is if it has another number of axes."""
        native = self.reading.native
        if y.ndim != len(self.reading.y):
            return y
        whole = np.expand_dims(y, native.dropped) if native.dropped else y
        return whole.transpose(native.leave) if native.leave else whole

    def weights(self, w: Sequence[Array]) -> tuple[Array, ...]:
        """Weights in spec's layout."""
        return tuple(weight.to_spec(a) for weight, a in zip(self.reading.native.weights, w, strict=True))

    def given(self, x: Array, w: Sequence[Array]) -> list[Array]:
        """x and weights in spec's layout, in the user's."""
        enter = self.reading.native.enter
        own = x.transpose(enter) if enter else x
        return [own, *(weight.to_spec.inverse(a) for weight, a in zip(self.reading.native.weights, w, strict=True))]


def _expect_readable(text: str) -> None:
    """Raises Impossible with the nearest right word: of spec's operations where a name has no dot, else of the frameworks' calls."""
    try:
        parsed(text)
    except Impossible:
        if re.match(r"\s*\w+\s*\(", text):
            parse(text)
        raise


def _listed(shapes: Sequence[Shape]) -> str:
    return ", ".join(map(str, shapes))
