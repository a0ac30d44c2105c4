"""A finding as a program that needs only the framework and NumPy, and as a text to report it with."""

from __future__ import annotations

import ast
import asyncio
import inspect
import sys
import textwrap
from contextlib import suppress

import numpy as np

from backends import Backend
from spec import Array, Case
from verify.execute.environment import variables
from verify.explain.minimize import Given
from verify.explain.standalone import (
    ANYTHING,
    ARGUMENTS,
    CALLING,
    CHANGES,
    COMPARES,
    END,
    ERROR,
    INFERS,
    NAN,
    ONE_BY_ONE,
    RAISED,
    REPEATS,
    RETURNS,
    SIGNS,
    STATUSES,
    TOGETHER,
    outcome,
    outside,
)  # fmt: skip
from verify.grouping import sentence
from verify.judge.reference import Reference
from verify.record import FATAL, Finding

IMPORTED = {"crashed": ("traceback",), "timeout": ("threading",), "raised": ("re", "traceback")}
"""What a program of this verdict imports besides os, subprocess and sys."""


def script(
    finding: Finding, case: Case, given: Given, backend: Backend, versions: dict[str, str], *,
    times: int = 1, seconds: float = 60.0, note: str = "",
) -> str:  # fmt: skip
    """Source text of a program that makes the call `times` times and says whether the fault shows (verify.explain.standalone).

    seconds: for a finding that did not return, how long a call may take. note: what to say of the program in its first lines.
    """
    reference = Reference(case, given=given)
    last = finding.verdict in (*FATAL, "changed argument")
    place = len(reference.names) - 1 if last else reference.names.index(finding.output)
    compares = finding.verdict not in (*FATAL, "raised", "changed argument", "nondeterministic") and case.check != "shape"
    signs = "\n" + _signs(reference) if finding.verdict == "zero sign" else ""
    header = _quotable(f"{finding.runtime} ({_listed(versions)}), {finding.output} of\n{finding.case}\n\n{_what(finding)}")
    arrays = [("x", given[0]), ("g", given[1]), *zip(_weights(case), given[2:], strict=True)]
    settings = [f"os.environ[{k!r}] = {v!r}" for k, v in sorted({**variables(), **backend.runtime.environment}.items())]
    glue = _used(backend.runtime.glue, case.check)
    modules = sorted({"os", "subprocess", "sys", *IMPORTED.get(finding.verdict, ())})
    parts = [
        f'"""{header}\n\n{note and note + chr(10)}{STATUSES}\n"""',
        "\n".join(f"import {name}" for name in modules) + "\n\nimport numpy as np",
        outside(finding.verdict, finding.reason, seconds),
        "\n".join(settings),
        "# How arrays go in and out, and how gradients are taken\n\n" + glue,
        "\n".join(_imports(finding.native, glue)),
        "# Input data\n\n" + "\n".join(f"{name} = {_array(a)}" for name, a in arrays),
        f"# What the definition says of {reference.names[place]}, and how far rounding may take it\n\n{_says(reference, place)}{signs}"
        if compares
        else "",
        END + {"crashed": f"\n{RAISED}", "raised": ERROR.format(error=repr(finding.reason))}.get(finding.verdict, ""),
        f"# What {finding.runtime} runs\n{CALLING}\n" + finding.native.strip(),
        _call(finding, case, reference, place, times, together="together" in _functions(glue)),
    ]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def shows(program: str, backend: Backend, timeout: float) -> bool:
    """Whether a program runs to its end and shows the fault."""
    return asyncio.run(outcome(program, backend.python or sys.executable, timeout)) == "shown"


def issue(finding: Finding, case: Case, versions: dict[str, str], program: str) -> str:
    """Markdown: versions, what was asked by its equation, the native code, what came back, what explains it, the program."""
    ops = " >> ".join(op.name for op in case.op.steps)
    lines = [
        f"# {finding.runtime}: {ops}, {_subject(finding.output)} {_verb(finding.verdict)}",
        f"**Versions:** {_listed(versions)}",
        *([f"**With** `{' '.join(f'{k}={v}' for k, v in variables().items())}`"] if variables() else []),
        f"**Case:** `{finding.case}`, where",
        "```\n" + "\n".join(dict.fromkeys(equation(type(op)) for op in case.op.steps)) + "\n```",
        "**Code:**\n\n```python\n" + finding.native.strip() + "\n```",
        f"**Result:** {_what(finding)}",
    ]
    if finding.instead:
        lines.append("**This gives the right result** (tried):\n\n```python\n" + finding.instead.strip() + "\n```")
    seen = len(finding.records)
    lines.append(f"Seen in {seen} {'result' if seen == 1 else 'results'} of one run, first in `{finding.first}`.")
    lines.append(f"**To see it:** {STATUSES}".replace("\n", " ") + f"\n\n```python\n{program.strip()}\n```")
    return "\n\n".join(lines) + "\n"


def _what(finding: Finding) -> str:
    words = f"{finding.verdict}: {finding.reason}"
    return words + (f"; {sentence(finding.matches)}" if finding.matches else "")


def _verb(verdict: str) -> str:
    return {
        "differ": "is wrong", "imprecise": "is less precise than promised", "zero sign": "has zeros of the wrong sign",
        "raised": "raises an error", "crashed": "kills the process", "timeout": "hangs", "nondeterministic": "changes from run to run",
        "changed argument": "comes with a changed argument",
    }.get(verdict, verdict)  # fmt: skip


def _subject(output: str) -> str:
    return {"y": "the result", "dx": "the gradient with respect to x"}.get(output, "the gradient with respect to w")


def equation(kind: type) -> str:
    """The line of the module's docstring that states the operation; else the equation that its first line states of all in it, if any."""
    name = kind.__name__
    lines = (inspect.getdoc(inspect.getmodule(kind)) or "").splitlines()
    _, _, shared = lines[0].partition(": ") if lines else ("", "", "")
    own = (textwrap.dedent(line) for line in lines if line.split()[:1] == [name] and "=" in line)
    return next(own, f"{name}  {shared}" if "=" in shared else name)


def _allowed(reference: Reference, i: int) -> Array:
    """How far each value may be off, where it is compared."""
    expected = reference.outputs[i]
    if reference.exact and not reference.inexact:
        return np.zeros(expected.shape)
    return np.where(np.isfinite(expected) & reference.compared[i], reference.bounds[i] + np.abs(reference.remainders[i]), 0)


def _says(reference: Reference, i: int) -> str:
    """The lines that state what is right, and which values are compared, unless all are."""
    compared = reference.compared[i]
    expected = np.where(compared, reference.outputs[i], 0)
    lines = [f"expected = {_array(expected)}", f"allowed = {_array(_allowed(reference, i))}"]
    if not compared.all():
        lines.append(f"compared = {_array(compared)} == 1  # elsewhere any value is right")
    return "\n".join(lines)


def _signs(reference: Reference) -> str:
    """The lines that state which zeros have a sign that is promised, and where it is minus."""
    promised, minus = map(_array, reference.zeros)
    return f"promised = {promised} == 1  # zeros whose sign IEEE 754 promises\nminus = {minus} == 1"


def _used(glue: str, check: str) -> str:
    """The glue without the functions that a program has no use for."""
    nodes = ast.parse(glue).body
    names = {name: node for node in nodes for name in _defined(node)}
    wanted = ["array", "numpy", "dtype", *(["infer"] if check == "shape" else ["together" if "together" in names else "answers"])]
    used: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name in names and name not in used:
            used.add(name)
            wanted += [inner.id for inner in ast.walk(names[name]) if isinstance(inner, ast.Name)]
    unused = {name for name, node in names.items() if isinstance(node, ast.FunctionDef)} - used
    kept = [node for node in nodes if not (set(_defined(node)) & unused) and not (set(_read(node)) & unused)]
    pieces = [(ast.get_source_segment(glue, node) or "", isinstance(node, ast.FunctionDef)) for node in kept]
    return "".join(f"\n\n{text}\n" if function else f"{text}\n" for text, function in pieces).strip()


def _defined(node: ast.stmt) -> list[str]:
    """The names that a statement gives a value to."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    return [target.id for target in node.targets if isinstance(target, ast.Name)] if isinstance(node, ast.Assign) else []


def _read(node: ast.stmt) -> list[str]:
    """The names that a statement outside functions reads."""
    return [inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)] if isinstance(node, ast.Assign) else []


def _functions(text: str) -> set[str]:
    return {node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}


def _imports(native: str, glue: str) -> list[str]:
    """What the native text imports and the glue does not: before the call, so that a failure to import is not mistaken for the fault."""
    before = {ast.unparse(node) for node in ast.parse(glue).body}
    with suppress(SyntaxError):
        lines = [ast.unparse(node) for node in ast.parse(native).body if isinstance(node, ast.Import | ast.ImportFrom)]
        return [line for line in lines if line not in before]
    return []


def _quotable(text: str) -> str:
    """As it may stand between three quotes."""
    return text.replace("\\", "\\\\").replace('"""', "'''")


def _array(a: Array | None) -> str:
    if a is None:
        return "None"
    signed = a.dtype.kind == "f" and bool((np.signbit(a) & (a == 0)).any())
    if not a.size or not (np.any(a) or signed):
        return f"np.zeros({a.shape})"
    whole = np.isfinite(a).all() and bool((a == np.round(a)).all()) and np.abs(a).max() < 2**53 and not signed
    values = repr((a.astype(int) if whole else a).tolist()).replace("nan", "np.nan").replace("inf", "np.inf")
    return f"np.array({values}, float)"


def _weights(case: Case) -> list[str]:
    return [f"w{n}" if len(case.w) > 1 else "w" for n in range(1, len(case.w) + 1)]


def _listed(versions: dict[str, str]) -> str:
    return ", ".join(f"{k} {v}" for k, v in versions.items())


def _call(finding: Finding, case: Case, reference: Reference, place: int, times: int, *, together: bool) -> str:
    """The end of the program: run, and look for what the finding says."""
    args, dtype = ", ".join(["x", *_weights(case)]), case.dtype
    most = len(reference.names)
    last = place + (reference.differentiated and place == most - 1)
    arguments = ARGUMENTS.format(dtype=dtype, args=args)
    if case.check == "shape":
        return "# Run, and compare\n" + arguments + INFERS.format(dtype=dtype, shape=case.y)
    outputs = TOGETHER.format(place=place) if together else ONE_BY_ONE.format(last=last)
    if finding.verdict in (*FATAL, "raised"):
        return "# Run\n" + f"{arguments}\n{outputs}\n" + RETURNS.format(times=times)
    if finding.verdict == "changed argument":
        named = f"dict(zip({[*args.split(', '), 'g']}, [*args, *([] if cotangent is None else [cotangent])]))"
        return "# Run, and compare\n" + f"{arguments}\n{outputs}\n" + CHANGES.format(times=times, named=named)
    if finding.verdict == "nondeterministic":
        return "# Run, and compare\n" + f"{arguments}\n{outputs}\n" + REPEATS.format(times=max(times, 2), place=place)
    nan = NAN if case.drawing.marked else ""
    anything = "" if reference.compared[place].all() else ANYTHING
    signs = SIGNS if finding.verdict == "zero sign" else ""
    compares = COMPARES.format(times=times, place=place, most=most, dtype=dtype, otherwise=nan + anything + signs)
    return "# Run, and compare\n" + f"{arguments}\n{outputs}\n{compares}"
