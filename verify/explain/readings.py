"""What a wrong answer says of itself beside the right one: scaled, offset, clipped, overwritten, cut short."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from spec import Array
from verify.record import Diagnosis


def same(a: Array, b: Array) -> bool:
    """Equal in shape and everywhere, NaN to NaN."""
    return a.shape == b.shape and bool(((a == b) | ((a != a) & (b != b))).all())


Readings = Iterator[tuple[Diagnosis, Array]]
"""Guesses whose number is read off the result. Each holds if its array is the result."""


def readings(name: str, right: Array, got: Array) -> Readings:
    """The whole result computed, then corrupted. `name` is what it is called: result, gradient."""
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
    multiplied = f"{name} multiplied by a constant"
    yield Diagnosis(multiplied, value="0"), np.zeros_like(right)
    if there and abs(there) < abs(largest) and np.isfinite(largest / there):
        divisor = round(largest / there)
        yield Diagnosis(f"{name} divided by a constant", value=f"{divisor}"), right / divisor
    if np.isfinite(there):
        yield Diagnosis(multiplied, value=f"{there / largest:.17g}"), right * (there / largest)
    yield Diagnosis(f"sign of the {name} ignored"), np.abs(right)


def _offset(name: str, right: Array, got: Array) -> Readings:
    constant = (got - right).flat[0]
    if right.size > 1 and np.isfinite(constant):
        yield Diagnosis(f"constant added to the {name}", value=f"{constant:g}"), right + constant
    if right.ndim > 2 and right.size > right.shape[1]:
        constants = (got - right)[(slice(1), slice(None), *(slice(1),) * (right.ndim - 2))]
        yield Diagnosis(f"constant added to each channel of the {name}"), right + constants


def _clipped(name: str, right: Array, got: Array) -> Readings:
    low, high = float(got.min()), float(got.max())
    if (right > high).sum() > 1:
        yield Diagnosis(f"{name} clipped from above", value=f"at {high:g}"), np.minimum(right, high)
    if (right < low).sum() > 1:
        yield Diagnosis(f"{name} clipped from below", value=f"at {low:g}"), np.maximum(right, low)
    if (right < low).sum() > 1 and (right > high).sum() > 1:
        yield Diagnosis(f"{name} clipped at both ends", value=f"at {low:g} and {high:g}"), np.clip(right, low, high)
    for bits in (8, 16):
        yield Diagnosis(f"{name} wrapped around in an integer", value=f"{bits} bits"), wrapped(right, bits)


def wrapped(a: Array, bits: int) -> Array:
    """Whole numbers as a signed integer of so many bits holds them."""
    half = 1 << (bits - 1)
    return (a + half) % (2 * half) - half


def _overwritten(name: str, right: Array, got: Array) -> Readings:
    wrong = ~(right == got)
    if not wrong.any():
        return
    value = float(got[wrong][0]) + 0.0  # no −0
    if wrong.sum() > 1 or not np.isfinite(value):
        places = "in 1 place" if wrong.sum() == 1 else f"in {wrong.sum()} places"
        number, amounts = ("a constant", f"{value:g} {places}") if np.isfinite(value) else (f"{value:g}", places)
        yield Diagnosis(f"{name} overwritten with {number}", value=amounts), np.where(wrong, value, right)


def _reshaped(name: str, right: Array, got: Array) -> Readings:
    shape = f"shape {got.shape}"
    if right.size == got.size:
        yield Diagnosis(f"{name} with another shape, its numbers in the same order", value=shape), right.reshape(got.shape)
    if right.ndim != got.ndim:
        return
    shorter = [min(a, b) for a, b in zip(right.shape, got.shape, strict=True)]
    starts: dict[str, tuple[slice, ...]] = {"end": tuple(slice(n) for n in shorter), "start": tuple(slice(-n, None) for n in shorter)}
    for where, common in starts.items():
        if right[common].size > 1:
            values = got.copy()
            values[common] = right[common]
            yield Diagnosis(f"{name} longer or shorter at the {where}", value=shape), values
