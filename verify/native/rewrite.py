"""`concordant rewrite`: other programs that compute the same as a call, proven, run and timed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from backends import Unsupported
from backends.native import Native, Reading, Weight
from backends.porting import ported, rooms
from spec import Impossible
from spec.operation import Shape
from spec.ops.conv import Conv, ConvTranspose
from spec.rewriting.rule import Step, pads_with_zeros
from spec.rewriting.search import Form, equal, search
from spec.rewriting.sourced import Sourced, numpy_source
from verify.native.check import NotInstalled, Verdict, case_of, checked, installed
from verify.native.clock import NotTimed, Ratio, ratios
from verify.native.costs import alone
from verify.native.explain import said
from verify.native.programs import is_spec, program
from verify.native.weights import labels, sources


@dataclass(frozen=True, kw_only=True)
class Written:
    """A program in a framework. weights: NumPy source that makes its arrays of the first program's; impossible: why there is none."""

    framework: str
    form: Form
    native: Native | None = None
    weights: tuple[str, ...] = ()
    verdict: Verdict | None = None
    time: Ratio | None = None
    impossible: str = ""


@dataclass(frozen=True, kw_only=True)
class Rewritten:
    """One program that computes the same."""

    form: Form
    written: tuple[Written, ...]

    @property
    def forms(self) -> list[Form]:
        """Its own, and those in which frameworks say it."""
        return list({id(form): form for form in (self.form, *(one.form for one in self.written))}.values())


@dataclass(frozen=True, kw_only=True)
class Rewritings:
    """A program, what it costs, and the others. untimed: why nothing was timed, by framework."""

    text: str
    reading: Reading
    call: Rewritten
    """The program itself."""
    found: tuple[Rewritten, ...]
    more: int
    """How many others there are that are not shown."""
    wrong: tuple[Form, ...]
    """Proposed by a rule and not equal: a fault of the rule."""
    untimed: dict[str, str]

    @property
    def fine(self) -> bool:
        """Whether no framework gave other values, and no rule proposed what is not equal."""
        verdicts = [w.verdict for one in self.found for w in one.written if w.verdict]
        return not self.wrong and all(v.status in ("verified", "unverified", "known", "raised") for v in verdicts)

    @property
    def data(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "program": self.text, "operation": repr(self.reading.op), "input": list(self.reading.native.x),
            "multiply_adds": self.call.form.multiply_adds, "elements": self.call.form.elements, "more": self.more,
            "programs": [_data(one) for one in self.found],
        }  # fmt: skip


def _data(one: Rewritten) -> dict[str, Any]:
    form = one.form
    return {
        "program": repr(form.op), "rules": [rule.sentence for rule in form.rules], "theorems": [rule.theorem for rule in form.rules],
        "multiply_adds": form.multiply_adds, "elements": form.elements,
        "code": [
            {
                "framework": w.framework, "code": w.native.shown() if w.native else "", "weights": list(w.weights),
                "impossible": w.impossible, "checked": said(w.verdict), "time": w.time and vars(w.time),
            }
            for w in one.written
        ],
    }  # fmt: skip


def rewrite(
    text: str, x: Shape | None, weights: Sequence[Shape] = (), to: Sequence[str] = (), *, run: bool = True, most: int | None = 5
) -> Rewritings:
    """A text of calls, or in spec's syntax, on an input of a shape. to: the frameworks to write in; the call's own if none. most: how many
    sequences of operations, one program of each; None for every program.

    Raises Impossible; Unreadable for a text that cannot be read.
    """
    reading = program(text, x, weights)
    for name in to:
        if name not in rooms():
            raise Impossible(f"--to is {name!r}, but it must be one or more of {', '.join(rooms())}, separated by commas")
    frameworks = tuple(dict.fromkeys(to or ([] if is_spec(reading) else [reading.native.phrases.framework])))
    start = begun(reading)
    if 0 in reading.op.shape(start.x, *start.w):
        raise Impossible("the output is empty, so that every program would do; give a larger input")
    forms = search(start)
    groups = _kinds(start, forms)[:most] if most else [[form] for form in forms]
    found = [Rewritten(form=group[0], written=tuple(_written(name, reading, group) for name in frameworks)) for group in groups]
    wrong = [form for one in found for form in one.forms if not equal(start, form)]
    right = [one for one in found if not any(form in wrong for form in one.forms)]
    call = Rewritten(form=start, written=tuple(_own(name, reading, start) for name in frameworks))
    untimed: dict[str, str] = {}
    if run:
        (call, *right), untimed = _timed(_run([call, *right]), frameworks)
    return Rewritings(
        text=text, reading=reading, call=call, found=tuple(right), more=len(forms) - len(found), wrong=tuple(wrong), untimed=untimed,
    )  # fmt: skip


def begun(reading: Reading) -> Form:
    """The program itself, its weights drawn, each with the source that brings it from its framework's layout to spec's."""
    rng = np.random.default_rng(len(reading.x))
    texts = [w.to_spec.written(name) for w, name in zip(reading.native.weights, sources(reading.native), strict=True)]
    arrays = iter([Sourced(rng.integers(-4, 5, shape).astype(float), text) for shape, text in zip(reading.w, texts, strict=True)])
    steps = tuple(Step(op, tuple(next(arrays) for _ in w)) for op, _, w, _ in reading.op.walk(reading.x, reading.w))
    return Form(reading.x, steps)


def _kinds(start: Form, forms: Sequence[Form]) -> list[list[Form]]:
    """Programs grouped by what they do, in order; in each group that with the fewest rules first.

    Left out: what does the same as `start`, and what has more steps without fewer multiply-adds.
    """
    kinds: dict[tuple[str, ...], list[Form]] = {}
    for form in forms:
        kinds.setdefault(_kind(form), []).append(form)
    own = _kind(start)
    kinds.pop(own, None)
    sort = [sorted(alike, key=lambda form: len(form.rules)) for alike in kinds.values()]
    return [alike for alike in sort if len(_kind(alike[0])) <= max(2, len(own)) or alike[0].multiply_adds < start.multiply_adds]


def _kind(form: Form) -> tuple[str, ...]:
    """The names of its steps. Zero padding does not count as a step, and a transposed convolution with stride 1 counts as a convolution."""
    names = []
    for one in form.steps:
        op = one.op
        if pads_with_zeros(op):
            continue
        plain = isinstance(op, ConvTranspose) and max(op.stride) == 1
        strided = isinstance(op, Conv) and max(op.stride) > 1
        grouped = isinstance(op, Conv | ConvTranspose) and op.groups > 1
        names.append(f"{'strided ' * strided}{'grouped ' * grouped}{'Conv' if plain else op.name}")
    return tuple(names)


def _written(framework: str, reading: Reading, forms: Sequence[Form]) -> Written:
    """The shortest of those that cost as much as the first: each framework interleaves channels in an order of its own."""
    first, *others = [_in(framework, reading, form) for form in forms if form.multiply_adds == forms[0].multiply_adds]
    return min((first, *others), key=lambda one: len(one.native.shown()) if one.native else 1 << 30)


def _in(framework: str, reading: Reading, form: Form) -> Written:
    try:
        native, _ = ported(framework, form.op, form.x, form.w)
    except (Unsupported, Impossible) as why:
        return Written(framework=framework, form=form, impossible=f"{rooms()[framework].PHRASES.title} cannot say this: {why}")
    there = [_carried(array, weight, reading) for array, weight in zip(form.arrays, native.weights, strict=False)]
    names = [f"new_{label.replace('.', '_')}" for label in labels(native)]
    return Written(framework=framework, form=form, native=native, weights=tuple(numpy_source(there, names)))


def _carried(array: Sourced, weight: Weight, reading: Reading) -> Sourced:
    """The array in the layout that its framework has it in. One that is as it was is not taken to spec's layout and back."""
    for name, own in zip(sources(reading.native), reading.native.weights, strict=True):
        if array.text == own.to_spec.written(name):
            return replace(array, text=own.to_spec.then(weight.to_spec.inverse).written(name))
    return replace(array, text=weight.to_spec.inverse.written(array.text))


def _own(framework: str, reading: Reading, start: Form) -> Written:
    """The program itself: in its own framework as it was written."""
    if framework == reading.native.phrases.framework:
        return Written(framework=framework, form=start, native=reading.native)
    return _in(framework, reading, start)


def _run(programs: Sequence[Rewritten]) -> list[Rewritten]:
    """Each in each framework, with the verdict."""
    cases = {
        f"{one.framework} {i}": (one.native, case_of(one.form.op, one.form.x, one.form.w))
        for i, each in enumerate(programs)
        for one in each.written
        if one.native
    }
    verdicts = checked(cases)
    return [
        replace(each, written=tuple(replace(one, verdict=verdicts.get(f"{one.framework} {i}")) for one in each.written))
        for i, each in enumerate(programs)
    ]


def _timed(programs: Sequence[Rewritten], frameworks: Sequence[str]) -> tuple[list[Rewritten], dict[str, str]]:
    """Each in each framework, with the ratio of its time to that of the first; by framework, why there is none."""
    columns, untimed = [], {}
    for name, rows in zip(frameworks, zip(*(one.written for one in programs), strict=True), strict=False):
        try:
            columns.append(_ratios(rows))
        except (NotTimed, NotInstalled) as why:
            untimed[name] = str(why)
            columns.append(list(rows))
    return [replace(one, written=tuple(rows[i] for rows in columns)) for i, one in enumerate(programs)], untimed


def _ratios(rows: Sequence[Written]) -> list[Written]:
    """Programs of one framework. Raises NotTimed, or NotInstalled."""
    natives = [one.native for one in rows]
    if not natives[0]:
        raise NotTimed("it cannot say the call itself")
    found = iter(ratios(installed(natives[0]), [alone(native) for native in natives if native]))
    return [replace(one, time=next(found)) if one.native else one for one in rows]
