"""Which functions and layers are read, and the names by which people call them under customary imports."""

from __future__ import annotations

import ast
import difflib
import importlib
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType

from backends.call import declared
from backends.native import Joiner, Reader, Unreadable
from backends.signatures import FRAMEWORKS


def declared_first(function: str) -> str:
    """The parameter of a function that takes its input; empty of a layer, which is made before."""
    first = next(iter(declared(function).parameters), "")
    return first if first in INPUTS else ""


INPUTS = ("input", "inputs", "x", "images", "image", "lhs", "value", "tensor", "operand", "data", "array", "a", "X",
          "input_tensor")  # fmt: skip
"""What functions call the array they work on."""


def qualified(name: str, arguments: Sequence[str] = ()) -> str:
    """The full name of a function or layer, as people write it under customary imports. Raises Unreadable.

    Of several that are called so, it is the one that has these arguments.
    """
    everything = {**readers(), **joiners()}
    fitting = [full for full in _spelled(name) if full in everything]
    if not fitting and "." not in name:
        fitting = [full for full in everything if full.rpartition(".")[2] == name]
    if fitting:
        return min(fitting, key=lambda full: (not set(arguments) <= set(declared(full).parameters), full.count("."), full))
    near = difflib.get_close_matches(name, [short for full in everything for short in _short(full)], 1, 0.7)
    hint = f"did you mean {near[0]}? " if near else ""
    raise Unreadable(f"{brief(name)} is not read; {hint}`concordant explain --list` prints what is")


def _spelled(name: str) -> Iterator[str]:
    """What a name may stand for: itself, or with one of the customary short beginnings written out."""
    yield name
    for table in FRAMEWORKS.values():
        for short, long in table.ALIASES.items():
            if name == short or name.startswith(f"{short}."):
                yield (long + name.removeprefix(short)).lstrip(".")


def _short(full: str) -> Iterator[str]:
    yield full
    for table in FRAMEWORKS.values():
        for short, long in table.ALIASES.items():
            if full.startswith(f"{long}."):
                yield short + full.removeprefix(long)


def made(name: str) -> str:
    """The function of that name whose calls are read as an argument, such as jnp.array; empty if there is none."""
    values = {full for table in FRAMEWORKS.values() for full in getattr(table, "VALUES", ())}
    return next((full for full in _spelled(name) if full in values), "")


@cache
def rooms() -> dict[str, ModuleType]:
    """The frameworks whose calls are read, by name: `backends/*/read.py`."""
    names = sorted(path.parent.name for path in Path(__file__).parent.glob("*/read.py"))
    return {name: importlib.import_module(f"backends.{name}.read") for name in names}


@cache
def joiners() -> dict[str, Joiner]:
    """Functions that are read together with the call before, of rooms that have any: `JOINERS` in read.py."""
    return {function: joiner for room in rooms().values() for function, joiner in getattr(room, "JOINERS", {}).items()}


@cache
def readers() -> dict[str, Reader]:
    return {function: reader for room in rooms().values() for function, reader in room.READERS.items()}


@cache
def rewritten() -> dict[str, Callable[[ast.Call], ast.Call]]:
    """Calls that stand for others, by name: REWRITTEN of a framework that has such, as ONNX's make_node."""
    return {name: rewrite for room in rooms().values() for name, rewrite in getattr(room, "REWRITTEN", {}).items()}


def readable() -> list[str]:
    """The qualified name of everything that is read."""
    return sorted({**readers(), **joiners()})


def brief(text: str) -> str:
    """At most 80 characters of a text, on one line."""
    text = " ".join(text.split())
    return text if len(text) <= 80 else f"{text[:79]}…"
