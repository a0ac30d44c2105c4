"""What `concordant rewrite` prints."""

from __future__ import annotations

from spec.rewriting.search import Form
from spec.rewriting.sourced import numpy_source
from verify.native.rewrite import Rewritings, Rewritten, Written
from verify.native.shown import speed, titled, verdict


def told(found: Rewritings) -> str:
    """The call with what it costs, then a block for each program."""
    native = found.reading.native
    head = [*(native.shown() or found.text).splitlines(), "", *titled("means", repr(found.reading.op))]
    head += titled("costs", _costs(found.call.form))
    head += titled("checked", "\n".join(verdict(one.verdict) for one in found.call.written if one.verdict))
    blocks = ["\n".join(head), *(_block(i, one, found) for i, one in enumerate(found.found, start=1))]
    return "\n\n".join((*blocks, _end(found)))


def _costs(form: Form) -> str:
    return f"{form.multiply_adds:,} multiply-adds, {form.elements:,} numbers read and written"


def _block(number: int, one: Rewritten, found: Rewritings) -> str:
    times = [f"{speed(w.time)} on {w.framework}" for w in one.written if w.time]
    lines = [": ".join((f"Program {number}", *filter(None, [", ".join(times)]))), *titled("means", repr(one.form.op))]
    lines += titled("costs", f"{_costs(one.form)}: {_times(one.form, found.call.form)}")
    lines += titled("because", "\n".join(f"{rule.sentence} ({rule.theorem})" for rule in one.form.rules))
    if not one.written:
        names = [f"new_w{i}" for i in range(len(one.form.arrays))]
        return "\n".join((*lines, *titled("weights", "\n".join(numpy_source(one.form.arrays, names)))))
    for written in one.written:
        lines += _code(written, one.form, alone=len(one.written) == 1)
    return "\n".join(lines)


def _times(form: Form, start: Form) -> str:
    """`0.44 and 1.2 times as many`, to two digits."""
    pairs = ((form.multiply_adds, start.multiply_adds), (form.elements, start.elements))
    return f"{' and '.join(f'{a / b:.2g}' for a, b in pairs if b)} times as many"


def _code(one: Written, form: Form, *, alone: bool) -> list[str]:
    if not one.native:
        return ["", f"  {one.impossible}"]
    title = "" if alone else f"  {one.native.phrases.title}, input {one.native.x}"
    lines = ["", *filter(None, [title]), *(f"  {line}" for line in one.native.shown().splitlines())]
    lines += titled("means", repr(one.form.op) if one.form is not form else "")
    return lines + titled("weights", "\n".join(one.weights)) + titled("checked", verdict(one.verdict))


def _end(found: Rewritings) -> str:
    lines = [f"not timed on {name}: {why}" for name, why in found.untimed.items()]
    if found.more:
        lines.append(f"{found.more} more that do the same in another way: --all")
    for form in found.wrong:
        lines.append(f"! a rule proposed {form.op!r}, which is not equal; it is a fault of Concordant's, please report it")
    if not found.found:
        return "\n".join(["no rule gives another program for this", *lines])
    equal = "Each is equal to the call bit for bit on whole numbers, by definition."
    timed = any(w.time for one in found.found for w in one.written)
    return "\n".join([equal + (" Times: CPU, forward, float32, in one process; quartiles in brackets." if timed else ""), *lines])
