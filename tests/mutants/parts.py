"""What mutants are made of: changes of the operation, conditions on cases, texts around the honest function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from spec import Case, Conv, ConvTranspose, Operation, Shape
from tests.blind_spots import REGIMES, steps
from tests.mutants.mutant import Change, When

BOTH = (Conv, ConvTranspose)

# What is changed in the operation


def on(kind: type | tuple[type, ...], change: Callable[..., dict[str, object]]) -> Change:
    return lambda op: replace(op, **change(op)) if isinstance(op, kind) else op  # type: ignore[arg-type]


def crop(rule: Callable[[int, int], tuple[int, int]]) -> Change:
    return on(ConvTranspose, lambda op: {"crop": tuple(rule(*pair) for pair in op.crop)})


def padding(rule: Callable[[int, int], tuple[int, int]]) -> Change:
    return on(Conv, lambda op: {"padding": tuple(rule(*pair) for pair in op.padding)})


# Which cases it is about


def weighted(condition: Callable[[Operation, Shape], bool]) -> When:
    """Of a single weighted operation and its kernel."""
    return lambda q: isinstance(q.op, BOTH) and condition(q.op, q.w[0][2:])


def a(*kinds: type) -> When:
    return lambda q: isinstance(q.op, kinds)


def both(*conditions: When) -> When:
    return lambda q: all(holds(q) for holds in conditions)


def at(*regimes: str) -> When:
    """Of single operations that meet all these (tests/blind_spots.py)."""
    return lambda q: len(q.op.steps) == 1 and all(REGIMES[name](step) for name in regimes for step in steps(q))


def over(axis: int, n: int, of: str = "y") -> When:
    """Whether an axis of x, of the kernel or of the result is longer."""
    return lambda q: _shape(q, of)[axis] > n


def rest(axis: int, width: int, of: str = "y") -> When:
    """Whether an axis fills some vectors of that width and leaves a rest."""
    return lambda q: (n := _shape(q, of)[axis]) > width and n % width > 0


def _shape(q: Case, of: str) -> Shape:
    """Lengths of 0 where there is no kernel."""
    return {"x": q.x, "y": q.y, "w": (*q.w, (0,) * len(q.x))[0]}[of]


# What is wrapped around the translation


def before(line: str) -> str:
    return f"def f(x, *w):\n    {line}\n    return honest(x, *w)\n"


def after(line: str) -> str:
    return f"def f(x, *w):\n    y = honest(x, *w)\n    {line}\n    return y\n"


def dx(gradient: str) -> str:
    """dx becomes this function of itself, dx."""
    return before(f"x = x.view_as(x); x.register_hook(lambda dx: {gradient}) if x.requires_grad else 0")


def dw(gradient: str) -> str:
    return before(f"w = tuple(v.view_as(v) for v in w); [v.register_hook(lambda dw: {gradient}) for v in w if v.requires_grad]")


def dw_from(cotangent: str) -> str:
    """dw, but not dx, is computed from this function of the gradient g of y."""
    return after(
        f"z = honest(x.detach(), *w); z.register_hook(lambda g: {cotangent}) if z.requires_grad else 0; "
        "y = honest(x, *(v.detach() for v in w)) + z - z.detach()"
    )
