"""A finding as a program that needs only the framework and NumPy, and as a text to report it with."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
import tempfile
import textwrap

import numpy as np

from backends import Backend
from spec import Array, Question
from verify.record import Finding
from verify.reference import Reference
from verify.shrink import Given


def script(finding: Finding, question: Question, given: Given, backend: Backend, versions: dict[str, str], *, times: int = 1) -> str:
    """Source text that asks `times` times, in a process of its own, so that a fault that kills it has an exit status too."""
    reference = Reference(question, given=given)
    fatal = finding.verdict in ("crashed", "timeout")
    i = len(reference.names) - 1 if fatal else reference.names.index(finding.output)
    header = f"{finding.runtime} ({_listed(versions)}), {finding.output} of\n{finding.question}\n\n{_what(finding)}"
    arrays = [("x", given[0]), ("g", given[1]), *zip(_weights(question), given[2:], strict=True)]
    settings = [f"os.environ[{k!r}] = {v!r}" for k, v in sorted(backend.runtime.environment.items())]
    parts = [
        f'"""{header}\n\nExit status 1 while the fault stands, 0 once it is gone.\n"""',
        "import os\nimport subprocess\nimport sys\n\nimport numpy as np",
        "if len(sys.argv) == 1:  # in a process of its own, since some faults are fatal\n"
        '    sys.exit(subprocess.run([sys.executable, os.path.abspath(__file__), "inside"]).returncode != 0)',
        "\n".join(settings),
        "# How arrays go in and out, and how gradients are taken\n\n" + _used(backend.runtime.glue, question.kind),
        f"# What {finding.runtime} is asked\n\n" + finding.native.strip(),
        "# The numbers\n\n" + "\n".join(f"{name} = {_array(a)}" for name, a in arrays),
        f"# What the definition says of {reference.names[i]}, and how far rounding may take it\n\n"
        f"expected = {_array(_expected(reference, i))}\nallowed = {_array(_allowed(reference, i))}",
        _run(question, i, times),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def shows(program: str, backend: Backend, timeout: float) -> bool:
    """Whether a program ends with exit status 1, run as its reader would."""
    with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
        file.write(program)
        file.flush()
        try:
            status = subprocess.run([backend.python or sys.executable, file.name], capture_output=True, timeout=timeout).returncode
        except subprocess.TimeoutExpired:
            return True
    return status == 1


def issue(finding: Finding, question: Question, versions: dict[str, str], program: str) -> str:
    """Markdown: versions, what was asked by its equation, the native code, what came back, what explains it, the program."""
    ops = " >> ".join(op.name for op in question.op.steps)
    lines = [
        f"# {finding.runtime}: {ops}, {_subject(finding.output)} {_verb(finding.verdict)}",
        f"**Versions:** {_listed(versions)}",
        f"**Asked:** `{finding.question}`, where",
        "```\n" + "\n".join(dict.fromkeys(equation(type(op)) for op in question.op.steps)) + "\n```",
        "**Written as**\n\n```python\n" + finding.native.strip() + "\n```",
        f"**Came back:** {_what(finding)}",
    ]
    if finding.instead:
        lines.append("**This gives what was asked** (tried):\n\n```python\n" + finding.instead.strip() + "\n```")
    seen = len(finding.records)
    lines.append(f"Seen in {seen} {'answer' if seen == 1 else 'answers'} of one run, first in `{finding.first}`.")
    lines.append("**To see it** (exit status 1 while it stands, 0 once it is gone):\n\n```python\n" + program.strip() + "\n```")
    return "\n\n".join(lines) + "\n"


def _what(finding: Finding) -> str:
    words = f"{finding.verdict}: {finding.reason}"
    return words + (f"; it answers as if {finding.diagnosis}" if finding.diagnosis else "")


def _verb(verdict: str) -> str:
    return {
        "differ": "is wrong", "imprecise": "is less precise than promised", "refused": "is refused", "crashed": "kills the process",
        "timeout": "never ends", "nondeterministic": "changes from run to run",
    }.get(verdict, verdict)  # fmt: skip


def _subject(output: str) -> str:
    return {"y": "the answer", "dx": "the gradient with respect to x"}.get(output, "the gradient with respect to w")


def equation(kind: type) -> str:
    """The line of the module's docstring that states the operation; else the equation that its first line states of all in it, if any."""
    name = kind.__name__
    lines = (inspect.getdoc(inspect.getmodule(kind)) or "").splitlines()
    _, _, shared = lines[0].partition(": ") if lines else ("", "", "")
    own = (textwrap.dedent(line) for line in lines if line.split()[:1] == [name] and "=" in line)
    return next(own, f"{name}  {shared}" if "=" in shared else name)


def _expected(reference: Reference, i: int) -> Array:
    """Infinity, which is compared with nothing, where the output is not defined."""
    return np.where(reference.defined[i], reference.outputs[i], np.inf)


def _allowed(reference: Reference, i: int) -> Array:
    if reference.exact and not reference.inexact:
        return np.zeros(reference.outputs[i].shape)
    return np.where(reference.claimed[i], reference.bounds[i], np.inf)


def _used(glue: str, kind: str) -> str:
    """The glue without the functions that a program has no use for."""
    used = {"array", "numpy", "dtype", "answers", "together"} | ({"infer"} if kind == "inference" else set())
    nodes = ast.parse(glue).body
    unused = {node.name for node in nodes if isinstance(node, ast.FunctionDef) and node.name not in used}
    kept = [
        node
        for node in nodes
        if not (isinstance(node, ast.FunctionDef) and node.name in unused)
        and not (isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id in unused)
    ]
    pieces = [(ast.get_source_segment(glue, node) or "", isinstance(node, ast.FunctionDef)) for node in kept]
    return "".join(f"\n\n{text}\n" if function else f"{text}\n" for text, function in pieces).strip()


def _array(a: Array | None) -> str:
    if a is None:
        return "None"
    if not a.size or not np.any(a):
        return f"np.zeros({a.shape})"
    whole = np.isfinite(a).all() and bool((a == np.round(a)).all()) and np.abs(a).max() < 2**53
    values = repr((a.astype(int) if whole else a).tolist()).replace("nan", "np.nan").replace("inf", "np.inf")
    return f"np.array({values}, float)"


def _weights(question: Question) -> list[str]:
    return [f"w{n}" if len(question.w) > 1 else "w" for n in range(1, len(question.w) + 1)]


def _listed(versions: dict[str, str]) -> str:
    return ", ".join(f"{k} {v}" for k, v in versions.items())


RUN = """
# Ask, and compare

args = [array(a, {dtype!r}) for a in ({args},)]
cotangent = None if g is None else array(g, {dtype!r})


def ask():
    if "together" in globals():
        outputs, error = together([f])([(args, cotangent)])[0]
        if error:
            raise error
        return list(outputs)
    wanted = []
    for t in answers(f, args, cotangent):
        wanted.append(t)
        if len(wanted) > {place}:
            break
    return wanted


for answer in [ask()[{place}] for _ in range({times})]:
    if dtype(answer) != {dtype!r}:
        sys.exit(f"the dtype is {{dtype(answer)}} instead of {dtype}")
    got = numpy(answer).astype(float)
    if got.shape != expected.shape:
        sys.exit(f"the shape is {{got.shape}} instead of {{expected.shape}}")
    right = (np.abs(got - expected) <= allowed) | (got == expected) | (np.isnan(expected) & ~np.isfinite(got)) | np.isinf(expected)
    if not right.all():
        at = tuple(int(n) for n in np.argwhere(~right)[0])
        sys.exit(f"{{int((~right).sum())}} of {{right.size}} values are wrong; first at {{list(at)}}: "
                 f"expected {{expected[at]}}, got {{got[at]}}")
print("as the definition says")
"""

INFERENCE = """
# Ask, and compare

args = [array(a, {dtype!r}) for a in ({args},)]
ran = tuple(f(*args).shape)
for way, said, instead in infer(f, args):
    if said is None or any(a not in (None, b) for a, b in zip(said, ran if instead is None else instead)):
        sys.exit(f"{{way}} infers {{said}}, but running gives {{ran if instead is None else instead}}")
print("as the definition says")
"""


def _run(question: Question, place: int, times: int) -> str:
    args = ", ".join(["x", *_weights(question)])
    form = INFERENCE if question.kind == "inference" else RUN
    return form.format(dtype=question.dtype, args=args, place=place, times=times).strip()
