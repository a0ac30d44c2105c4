"""A program that runs both sides of a port on the same arrays and compares them: one file, which needs the frameworks and NumPy."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np

from backends import found
from backends.native import Native
from spec import Array, Case, Impossible, Shape
from verify.judge.reference import Reference
from verify.native.check import case_of, rounded
from verify.native.port import Ports

HEAD = '''"""{text}
and the same in {others}: run on the same arrays, and compared.

Made by `concordant port`. Arrays are as the frameworks keep them; x and the weights are whole numbers, so that sums are exact.
"""

import numpy as np

rng = np.random.default_rng(0)
x = {x}  # as (N, C, *space)
weights = [{weights}]
'''


def script(ports: Ports) -> str:
    """Raises Impossible if no framework can say it, or if no rounding bound is derived for it."""
    written = [one for one in ports.ports if one.native]
    if not written:
        raise Impossible("there is no program to write: " + "; ".join(one.impossible for one in ports.ports))
    reading = ports.reading
    drawn = ", ".join(DRAWN.format(*OF_WEIGHTS, shape) for shape in reading.w)
    text, others = ports.text.replace('"""', "'''").replace("\\", "/"), ", ".join(one.title for one in written)
    parts = [HEAD.format(text=text, others=others, x=DRAWN.format(*OF_X, reading.x), weights=drawn)]
    parts.append(_side("original", reading.native))
    parts += [_side(f"in_{one.framework}", one.native) for one in written if one.native]
    names = ", ".join(f'"{one.title}": in_{one.framework}' for one in written)
    case = case_of(reading.op, reading.x, reading.w)
    close = CLOSE.format(_apart(case)) if rounded(case) else "np.array_equal(wanted, y)"
    parts.append(TAIL.format(names=names, close=close))
    return "\n\n".join(parts)


OF_X, OF_WEIGHTS = (-9, 10), (-4, 5)
"""The least whole number that is drawn, and the first above the greatest."""
DRAWN = 'rng.integers({}, {}, {}).astype("float32")'


def arrays(x: Shape, weights: Sequence[Shape]) -> tuple[Array, ...]:
    """Those that the program draws."""
    rng = np.random.default_rng(0)
    return tuple(rng.integers(*span, shape).astype("float32") for span, shape in ((OF_X, x), *((OF_WEIGHTS, shape) for shape in weights)))


def _apart(case: Case) -> float:
    """How far two right results on these arrays may be from each other, since each is rounded: twice the bound."""
    x, *w = arrays(case.x, case.w)
    return 2 * float(Reference(case, given=(x, None, *w)).bounds[0].max(initial=0))


CLOSE = "np.abs(wanted - y).max(initial=0) <= {:.3g}  # twice the rounding bound that is derived for these arrays"


TAIL = '''wanted = original()(x, *weights)
wrong = False
for title, made in {{{names}}}.items():
    y = made()(x, *weights)
    same = y.shape == wanted.shape
    same = same and {close}
    wrong |= not same
    print(f"{{title}}: {{'the same values' if same else 'OTHER VALUES'}}, output {{y.shape}} as (N, C, *space)")
raise SystemExit(int(wrong))
'''


def _side(name: str, native: Native) -> str:
    """A function that imports a framework and returns a function of arrays."""
    runtime = found()[native.phrases.runtimes[0]].runtime
    lines = [f"import os\n\nos.environ.update({runtime.environment!r})"] if runtime.environment else []
    inside = "\n".join((*lines, runtime.glue, native.program(), _call()))
    return f"def {name}():\n{textwrap.indent(inside.strip(), '    ')}\n"


def _call() -> str:
    return 'return lambda x, *w: numpy(f(*(array(a, "float32") for a in (x, *w))))'


