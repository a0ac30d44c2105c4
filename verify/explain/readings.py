"""What a wrong answer says of itself beside the right one: scaled, offset, clipped, overwritten, cut short."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from spec import Array


def same(a: Array, b: Array) -> bool:
    """Equal in shape and everywhere, NaN to NaN."""
    return a.shape == b.shape and bool(((a == b) | ((a != a) & (b != b))).all())


Readings = Iterator[tuple[str, Array]]
"""Guesses whose number is read off the answer. Each holds if its array is the answer."""


def readings(name: str, right: Array, got: Array) -> Readings:
    """The whole answer computed, then corrupted. `name` is what the answer is called."""
    if right.shape == got.shape:
        for family in (_scaled, _offset, _clipped):
            yield from family(name, right, got)


def last_readings(name: str, right: Array, got: Array) -> Readings:
    """What is said only if nothing better is found, since it explains little."""
    yield from _overwritten(name, right, got) if right.shape == got.shape else _reshaped(name, right, got)


def _scaled(name: str, right: Array, got: Array) -> Readings:
    if np.count_nonzero(right) < 2:
        return
    at = np.abs(right).argmax()
    largest, there = float(right.flat[at]), float(got.flat[at])
    yield f"{name} were multiplied by 0", np.zeros_like(right)
    if there and abs(there) < abs(largest) and np.isfinite(largest / there):
        divisor = round(largest / there)
        yield f"{name} were divided by {divisor}", right / divisor
    if np.isfinite(there):
        yield f"{name} were multiplied by {there / largest:.17g}", right * (there / largest)
    yield f"{name} lost its sign", np.abs(right)


def _offset(name: str, right: Array, got: Array) -> Readings:
    constant = (got - right).flat[0]
    if right.size > 1 and np.isfinite(constant):
        yield f"{name} had {constant:g} added", right + constant
    if right.ndim > 2 and right.size > right.shape[1]:
        constants = (got - right)[(slice(1), slice(None), *(slice(1),) * (right.ndim - 2))]
        yield f"{name} had a constant added to each channel", right + constants


def _clipped(name: str, right: Array, got: Array) -> Readings:
    low, high = float(got.min()), float(got.max())
    if (right > high).sum() > 1:
        yield f"{name} were cut off above {high:g}", np.minimum(right, high)
    if (right < low).sum() > 1:
        yield f"{name} were cut off below {low:g}", np.maximum(right, low)
    if (right < low).sum() > 1 and (right > high).sum() > 1:
        yield f"{name} were cut off below {low:g} and above {high:g}", np.clip(right, low, high)
    for bits in (8, 16):
        half = 1 << (bits - 1)
        yield f"{name} had wrapped around in an integer of {bits} bits", (right + half) % (2 * half) - half


def _overwritten(name: str, right: Array, got: Array) -> Readings:
    wrong = ~(right == got)
    if not wrong.any():
        return
    value = float(got[wrong][0]) + 0.0  # no −0
    if wrong.sum() > 1 or not np.isfinite(value):
        places = "1 place" if wrong.sum() == 1 else f"{wrong.sum()} places"
        yield f"{name} had been overwritten with {value:g} in {places}", np.where(wrong, value, right)


def _reshaped(name: str, right: Array, got: Array) -> Readings:
    if right.size == got.size:
        yield f"{name} had the shape {got.shape}, its numbers in the same order", right.reshape(got.shape)
    if right.ndim != got.ndim:
        return
    shorter = [min(a, b) for a, b in zip(right.shape, got.shape, strict=True)]
    starts: dict[str, tuple[slice, ...]] = {"end": tuple(slice(n) for n in shorter), "start": tuple(slice(-n, None) for n in shorter)}
    for where, common in starts.items():
        if right[common].size > 1:
            values = got.copy()
            values[common] = right[common]
            yield f"{name} had the shape {got.shape}, longer or shorter at the {where}", values
