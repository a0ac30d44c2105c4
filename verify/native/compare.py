"""`concordant compare A B`: what one call computes that the other does not, with the same weights, and what to write instead."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from backends import Unsupported
from backends.call import BadCall, Call, Value, declared
from backends.native import Native, Note, Reading, Unreadable
from backends.parsing import parsed
from backends.porting import ported
from backends.reading import read
from spec import Conv, ConvTranspose, Impossible, Operation, Pad, Program
from spec.families.maps import without_bias
from spec.operation import Shape
from verify.native.check import Verdict, case_of, checked
from verify.native.explain import said
from verify.native.relation import Along, along, every_axis, sizes, together
from verify.native.weights import Carried, carried

WORDS: tuple[Value, ...] = (
    True, False, None, *range(10), "same", "valid", "SAME", "VALID", "nearest", "nearest-exact", "bilinear", "bicubic", "linear", "cubic",
    "area", "zeros", "reflect", "replicate", "edge", "constant",
)  # fmt: skip
"""Values that an argument is tried with, in search of the smallest change."""


@dataclass(frozen=True, kw_only=True)
class Fix:
    """A program that computes what the other call does. Source in the framework of the call that it replaces."""

    replaces: str
    """`first` or `second`: which of the two calls it stands for."""
    change: str
    """What to change, if one argument is enough; otherwise empty."""
    native: Native
    notes: tuple[Note, ...] = ()
    carried: tuple[Carried, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two calls with the same weights."""

    first: Reading
    second: Reading
    relation: str
    """`equal`, `shifted`, `edges`, `lengths` (equal where both have a pixel), or `different`."""
    axes: tuple[Along, ...]
    reasons: tuple[str, ...]
    """What the two say otherwise, in explicit integers."""
    sizes: str
    fixes: tuple[Fix, ...] = ()
    verdicts: dict[str, Verdict] = field(default_factory=dict)

    @property
    def shift(self) -> tuple[int, ...]:
        return tuple(one.shift or 0 for one in self.axes)

    @property
    def wrong(self) -> dict[str, Verdict]:
        """The verdicts on the two calls themselves that are not what was read: then the relation that users see is another."""
        own = {name: self.verdicts[name] for name in ("first", "second") if name in self.verdicts}
        return {name: verdict for name, verdict in own.items() if verdict.status not in ("verified", "unverified")}

    @property
    def data(self) -> dict[str, Any]:
        """As JSON has it, but for the sentence."""
        return {
            "relation": self.relation, "shift": list(self.shift), "edges": [list(one.edges) for one in self.axes],
            "lengths": [list(one.lengths) for one in self.axes], "because": list(self.reasons), "sizes": self.sizes,
            "fix": [
                {
                    "replaces": fix.replaces, "change": fix.change, "code": fix.native.shown(),
                    "weights": [{"name": w.target, "numpy": w.numpy} for w in fix.carried],
                }
                for fix in self.fixes
            ],
            "checked": {name: said(verdict) for name, verdict in self.verdicts.items()},
        }  # fmt: skip


def compare(
    first: str, second: str, x: Shape, weights: Sequence[Shape] = (), *, run: bool = True, targets: Sequence[str] = ()
) -> Comparison:
    """Two texts of calls on an input of a shape, given in the first one's layout; targets: where each is run. Raises Unreadable, or
    Impossible."""
    a = read(first, x, weights)
    b = read_on(second, a, weights)
    reasons = tuple(differences(a, b))
    one, other = without_bias(a.op), without_bias(b.op)
    w, v = kernels(a), kernels(b)
    if w != v:
        raise Impossible(_no_common_weights(a, b))
    axes = every_axis(one, other, a.x, w)
    relation = together(axes)
    if relation == "equal" and _biased(a.op) != _biased(b.op):
        reasons = (*reasons, "one adds a bias, the other does not: compared without it")
    said = _sizes(first, second, a, weights)
    found = tuple(_fixes(first, second, a, b, weights)) if relation != "equal" else ()
    found_verdicts = _checked(a, b, found, targets) if run else {}
    return Comparison(
        first=a, second=b, relation=relation, axes=axes, reasons=reasons, sizes=said, fixes=found, verdicts=found_verdicts
    )  # fmt: skip


def read_on(text: str, like: Reading, weights: Sequence[Shape] = ()) -> Reading:
    """A second call on the same input as another: in whichever layout it wants it. Raises Unreadable, or Impossible."""
    rank = len(like.x) - 2
    layouts = {like.native.x: None, like.x: None, (like.x[0], *like.x[2:], like.x[1]): None}
    first: Impossible | None = None
    for x in layouts:
        try:
            found = read(text, x, weights)
        except Impossible as why:
            first = first or why
            continue
        if found.x == like.x:
            return found
        axes = "the same number of" if len(found.x) == rank + 2 else "other"
        first = first or Unreadable(f"{text} takes {axes} axes than the first call: {found.x} against {like.x}, both as (N, C, *space)")
    assert first is not None
    raise first


def _biased(op: Operation) -> bool:
    return any(getattr(step, "bias", "no") == "yes" for step in op.steps)


def kernels(reading: Reading) -> tuple[Shape, ...]:
    """The shapes of the weights, without biases."""
    shapes, left = [], list(reading.w)
    for step in reading.op.steps:
        own = [left.pop(0) for _ in range(step.weights)]
        shapes += own[:1] if isinstance(step, Conv | ConvTranspose) else own
    return tuple(shapes)


def _no_common_weights(a: Reading, b: Reading) -> str:
    mine, yours = (" and ".join(map(str, kernels(one))) or "none" for one in (a, b))
    return f"the two calls do not take the same weights: {mine} against {yours}, in spec's layout; compare calls with kernels of one shape"


def differences(a: Reading, b: Reading) -> Iterator[str]:
    """In explicit integers, what the two say otherwise: `ConvTranspose crop: PyTorch (4, 1), Keras (2, 3)`."""
    mine_is, yours_is = a.native.phrases.title, b.native.phrases.title
    if mine_is == yours_is:
        mine_is, yours_is = "the first", "the second"
    mine, yours = folded(without_bias(a.op)).steps, folded(without_bias(b.op)).steps
    if [step.name for step in mine] != [step.name for step in yours]:
        yield f"{mine_is} {_named(mine)}, {yours_is} {_named(yours)}"
        return
    for one, other in zip(mine, yours, strict=True):
        for f in dataclasses.fields(one):
            left, right = getattr(one, f.name), getattr(other, f.name)
            if left != right:
                said = COUNTED if f.name == "counted" else {}
                left, right = (said.get(value, _short(value)) for value in (left, right))
                yield f"{one.name} {f.name}: {mine_is} {left}, {yours_is} {right}"


COUNTED = {"window": "the whole window", "padded": "the padding too", "valid": "pixels of x only"}
"""What a mean divides by, in words."""


def _named(steps: Sequence[Operation]) -> str:
    return " >> ".join(map(repr, steps))


def _short(value: object) -> str:
    same = isinstance(value, tuple) and len(set(value)) == 1
    return str(value[0]) if same and isinstance(value, tuple) else str(value)


def folded(op: Operation) -> Operation:
    """The same program with zero padding before a convolution made its own, and a cut after a transposed convolution made its crop."""
    steps: list[Operation] = []
    for step in op.steps:
        last = steps[-1] if steps else None
        plain = isinstance(last, Pad) and last.mode == "constant" and not last.value and min(n for pair in last.padding for n in pair) >= 0
        if isinstance(step, Conv) and plain and isinstance(last, Pad) and min(n for pair in step.padding for n in pair) >= 0:
            pairs = tuple((p + lo, q + hi) for (p, q), (lo, hi) in zip(last.padding, step.padding, strict=True))
            steps[-1] = dataclasses.replace(step, padding=pairs)
        elif isinstance(step, Pad) and isinstance(last, ConvTranspose) and _cuts(step, last):
            crop = tuple((lo - p, hi - q) for (lo, hi), (p, q) in zip(last.crop, step.padding, strict=True))
            steps[-1] = dataclasses.replace(last, crop=crop)
        else:
            steps.append(step)
    return steps[0] if len(steps) == 1 else Program(inner=tuple(steps))


def _cuts(pad: Pad, before: ConvTranspose) -> bool:
    """Whether a Pad after a transposed convolution only cuts, where that does not append zeros, or only appends where it has no crop."""
    if pad.mode != "constant" or pad.value:
        return False
    ends = [ends for row in zip(pad.padding, before.crop, strict=True) for ends in zip(*row, strict=True)]
    return all(p <= 0 <= c or c <= 0 <= p for p, c in ends)


def _sizes(first: str, second: str, a: Reading, weights: Sequence[Shape]) -> str:
    """For which lengths of the last spatial axis the relation is what."""
    rank, axis = a.op.rank, a.op.rank - 1
    reach = max((shape[axis + 2] for shape in a.w if len(shape) == rank + 2), default=3)

    def relation(n: int) -> Along:
        x = list(a.native.x)
        for i in range(rank):
            x[_place(a, i)] = n
        one = read(first, tuple(x), weights)
        other = read_on(second, one, weights)
        if kernels(one) != kernels(other):
            raise Impossible("other weights")
        mine, yours = without_bias(one.op), without_bias(other.op)
        if any(step.name in ("DepthToSpace", "SpaceToDepth") for step in (*mine.steps, *yours.steps)):
            return every_axis(mine, yours, one.x, kernels(one))[axis]
        return along(axis, mine, yours, one.x, kernels(one))

    said, _ = sizes(relation, max(3 * reach, 8))
    return said


def _place(a: Reading, axis: int) -> int:
    """Where a spatial axis lies in the framework's layout."""
    return a.native.enter.index(axis + 2) if a.native.enter else axis + 2


def _fixes(first: str, second: str, a: Reading, b: Reading, weights: Sequence[Shape]) -> Iterator[Fix]:
    """For each call, what to write to have the other's result: one argument changed, or a program."""
    for replaces, wanted, own, text in (("second", a, b, second), ("first", b, a, first)):
        change = _one_argument(text, own, wanted, weights)
        if change:
            yield Fix(replaces=replaces, change=change[0], native=change[1].native, carried=carried(wanted.native, change[1].native))
            continue
        try:
            op = wanted.op if _biased(own.op) == _biased(wanted.op) else without_bias(wanted.op)
            w = wanted.w if op is wanted.op else kernels(wanted)
            native, notes = ported(own.native.phrases.framework, op, wanted.x, w)
        except (Unsupported, Impossible):
            continue
        yield Fix(replaces=replaces, change="", native=native, notes=notes, carried=carried(wanted.native, native))


def _one_argument(text: str, own: Reading, wanted: Reading, weights: Sequence[Shape]) -> tuple[str, Reading] | None:
    """The first change of one argument that makes a call mean what is wanted."""
    steps = parsed(text)
    if len(steps) != 1 or not isinstance(steps[0], Call):
        return None
    call = steps[0]
    target = repr(folded(without_bias(wanted.op)))
    for name, parameter in declared(call.function).parameters.items():
        if name in call.arguments and not isinstance(call.arguments[name], bool | int | str | tuple | None):
            continue
        if parameter.default is parameter.empty and name not in call.arguments:
            continue
        for value in WORDS:
            try:
                changed = Call.of(call.function, **{**call.arguments, name: value})
                found = read(str(changed), own.native.x, weights)
            except (Impossible, BadCall, TypeError):
                continue
            if found.w == own.w and repr(folded(without_bias(found.op))) == target:
                return f"{name}={value!r}", found
    return None


def _checked(a: Reading, b: Reading, fixes: Sequence[Fix], targets: Sequence[str]) -> dict[str, Verdict]:
    """Each call run against what it was read as, and each fix against the call whose result it is to have."""
    programs = {"first": (a.native, case_of(a.op, a.x, a.w)), "second": (b.native, case_of(b.op, b.x, b.w))}
    for fix in fixes:
        wanted = a if fix.replaces == "second" else b
        count = len(fix.native.weights)
        whole = count == len(wanted.w)
        case = case_of(wanted.op if whole else without_bias(wanted.op), wanted.x, wanted.w if whole else kernels(wanted))
        programs[f"fix of the {fix.replaces}"] = (fix.native, case)
    return checked(programs, dict(zip(("first", "second"), targets, strict=False)))


