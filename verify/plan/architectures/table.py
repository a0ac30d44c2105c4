"""What a table of an architecture is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from verify.plan.architectures.notation import Layer

Rows = Sequence["Layer | Rows"]


@dataclass(frozen=True)
class Architecture:
    """A published architecture: what people call it, where its layers are stated, and its layers in order, repeated ones included."""

    title: str
    source: str
    layers: tuple[Layer, ...]

    @property
    def distinct(self) -> dict[str, Layer]:
        """Its distinct layers, by their texts."""
        return {layer.text: layer for layer in self.layers}


def architecture(title: str, source: str, *rows: Layer | Rows) -> Architecture:
    """From layers, and lists of layers."""
    return Architecture(title, source, tuple(_flat(rows)))


def _flat(rows: Iterable[Layer | Rows]) -> Iterable[Layer]:
    for row in rows:
        if isinstance(row, Layer):
            yield row
        else:
            yield from _flat(row)
