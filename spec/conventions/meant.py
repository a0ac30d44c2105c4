"""What a text means that is written in a framework's words: `stride=2`, `padding=1`, `padding="same"`, computed for the given shapes.

A case is stated in explicit integers, so such a text is refused; the refusal names the operation to write instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import Field, fields
from typing import Any

from spec.conventions.padding import keras_same_crop, keras_valid_crop, same_lower_padding, same_padding, valid_padding
from spec.operation import Operation, Shape, in_pairs

Rule = Callable[[int, int, int, int], tuple[int, int]]

WORDS: dict[str, dict[str, Rule]] = {
    "padding": {"same": same_padding, "same_upper": same_padding, "same_lower": same_lower_padding, "valid": valid_padding},
    "crop": {"same": lambda n, k, s, d: keras_same_crop(k, s, d), "valid": lambda n, k, s, d: keras_valid_crop(k, s, d)},
}
"""Of one axis: input length, kernel, stride, dilation. Crops are as Keras means them."""


def meant(steps: Iterable[tuple[type[Operation], dict[str, Any]]], x: Shape, w: tuple[Shape, ...]) -> Operation | None:
    """Of operations and the values of their fields the program in explicit integers; None where the words say none. Raises Impossible."""
    made: Operation | None = None
    for kind, given in steps:
        one = _one(kind, given, x, w)
        if one is None:
            return None
        own, w = w[: one.weights], w[one.weights :]
        x = one.shape(x, *own)
        made = one if made is None else made >> one
    return made


def _one(kind: type[Operation], given: dict[str, Any], x: Shape, w: tuple[Shape, ...]) -> Operation | None:
    rank, values = len(x) - 2, dict(given)
    for f in fields(kind):
        if f.name in values and "neutral" in f.metadata:
            values[f.name] = _on_every_axis(f, values[f.name], rank)
    kernel = values.get("kernel") or (w[0][2:] if w else ())
    strides = values.get("stride") or (values.get("kernel") or (1,) * rank)
    dilations = values.get("dilation") or (1,) * rank
    for name, words in WORDS.items():
        word = values.get(name)
        if isinstance(word, str):
            sizes = (x[2:], kernel, strides, dilations)
            if word.lower() not in words or any(len(s) != rank for s in sizes):
                return None
            values[name] = tuple(words[word.lower()](*axis) for axis in zip(*sizes, strict=True))
    return kind(**values)


def _on_every_axis(f: Field[Any], value: Any, rank: int) -> Any:
    """A number stands for every axis, and in a pair for both ends."""
    if type(value) is int:
        value = (value,) * rank
    if in_pairs(f) and isinstance(value, tuple) and all(type(n) is int for n in value):
        return tuple((n, n) for n in value)
    return value
