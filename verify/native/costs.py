"""What two programs cost beside each other: counted from shapes, and timed on their frameworks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from backends import Unsupported
from backends.arrange import Arrangement
from backends.native import Native, Reading
from backends.porting import ported
from spec import Impossible
from spec.operation import Shape
from spec.rewriting.cost import elements, multiply_adds
from verify.native.check import NotInstalled, installed
from verify.native.clock import NotTimed, Ratio, ratios
from verify.native.programs import is_spec


@dataclass(frozen=True, kw_only=True)
class Costs:
    """Of the first and the second. times: by framework, that of the second / that of the first, or why there is none."""

    multiply_adds: tuple[int, int]
    elements: tuple[int, int]
    times: dict[str, Ratio | str]

    @property
    def data(self) -> dict[str, Any]:
        """As JSON has it."""
        times = {name: one if isinstance(one, str) else vars(one) for name, one in self.times.items()}
        return {"multiply_adds": list(self.multiply_adds), "elements": list(self.elements), "times": times}


def costs(first: Reading, second: Reading, *, run: bool = True) -> Costs:
    """run: whether both are timed, on the framework of each, written there if need be."""
    both = first, second
    names = dict.fromkeys(one.native.phrases.framework for one in both if run and not is_spec(one))
    a, b = (multiply_adds(one.op, one.x, one.w) for one in both)
    c, d = (elements(one.op, one.x, one.w) for one in both)
    return Costs(multiply_adds=(a, b), elements=(c, d), times={name: _time(name, first, second) for name in names})


def _time(framework: str, first: Reading, second: Reading) -> Ratio | str:
    try:
        natives = [_in(framework, one) for one in (first, second)]
        _, ratio = ratios(installed(natives[0]), [alone(native) for native in natives])
    except (Unsupported, Impossible, NotTimed, NotInstalled) as why:
        return str(why)
    return ratio or "the second raises an error there"


def _in(framework: str, reading: Reading) -> Native:
    if reading.native.phrases.framework == framework:
        return reading.native
    return ported(framework, reading.op, reading.x, reading.w)[0]


def alone(native: Native) -> tuple[str, list[Shape]]:
    """The program on arrays in the framework's own layout, and their shapes."""
    weights = tuple(replace(weight, to_spec=Arrangement(weight.shape)) for weight in native.weights)
    return replace(native, weights=weights, enter=(), leave=()).program(), [native.x, *(weight.shape for weight in weights)]
