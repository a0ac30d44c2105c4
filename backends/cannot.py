"""What a framework cannot say, each with probes that try it again: the sentence of an Unsupported, and the record of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import TypeAlias

from backends.call import Call


@dataclass(frozen=True)
class Raises:
    """An expression that must raise in the installed version, beside one that must not, so that a probe which proves nothing is noticed."""

    expression: Call | str
    works: Call | str


@dataclass(frozen=True)
class Missing:
    """A dotted name that must not exist in the installed version, in a module that does."""

    name: str

    @property
    def expression(self) -> str:
        return self.name

    @property
    def works(self) -> str:
        return self.name.rpartition(".")[0]


Probe: TypeAlias = Raises | Missing


@dataclass(frozen=True, kw_only=True)
class Cannot:
    """A sentence that says what a framework has no way to say.

    probes: each is run in a worker process by `concordant known --probe`, under the IMPORTS of the backend file.
    versions: distribution → the versions of which it is said, such as {"jax": ">=0.4"}. link: the thread, or the documentation.
    """

    id: str
    sentence: str
    probes: tuple[Probe, ...]
    versions: dict[str, str]
    link: str = "no upstream report found"


def limits(module: ModuleType) -> Iterator[Cannot]:
    """Every Cannot of a backend file, in order."""
    yield from (value for value in vars(module).values() if isinstance(value, Cannot))
