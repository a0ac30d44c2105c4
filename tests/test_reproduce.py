"""A program shows its fault or says that it does not; one that merely fails shows nothing."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

from backends import Backend, Runtime, named
from spec import parse_case
from tests.command import GLUE
from tests.tiers import sampled, slow
from verify.explain.reproduce import script, shows
from verify.explain.standalone import outcome, said
from verify.judge.reference import Reference
from verify.record import Finding

BACKEND = Backend("mine", Runtime(packages=("numpy",), glue=GLUE), ModuleType("mine"))
UPSAMPLE = "Upsample(factor=(2,)) x=(1, 1, 3) float32 seed=7"
RIGHT = "def f(x):\n    return x.repeat(2, axis=2)\n"


def program(
    verdict: str, native: str, reason: str = "", *, text: str = UPSAMPLE, output: str = "y", glue: str = GLUE, times: int = 1,
    seconds: float = 60.0, backend: Backend = BACKEND,
) -> str:  # fmt: skip
    """The program of a finding on the numbers that are drawn for the case."""
    case = parse_case(text)
    x, g, w = Reference(case).drawn
    finding = Finding(
        id="0", runtime="mine", output=output, verdict=verdict, reason=reason, records=(), first=text, case=text, native=native
    )  # type: ignore[arg-type]  # fmt: skip
    own = Backend(backend.name, Runtime(packages=("numpy",), glue=glue), backend.module) if backend is BACKEND else backend
    return script(finding, case, (x, g, *w), own, {"numpy": "2"}, times=times, seconds=seconds)


def came(source: str, timeout: float = 60.0) -> str:
    return asyncio.run(outcome(source, sys.executable, timeout))


FAULTY = {
    "a name that does not exist": "no_such_name",
    "no Python": "def (",
    "a framework that is not installed": "import no_such_framework",
    "killed": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
    "aborted": "import os\nos.abort()",
    "the old exit status": "raise SystemExit(1)",
    "the exit status without the marker": "raise SystemExit(10)",
    "the marker without the exit status": "print('FAULT SHOWN: no')",
    "the marker on another line's end": "print('no FAULT SHOWN')\nraise SystemExit(10)",
    "the marker on standard error": "import sys\nprint('FAULT SHOWN: no', file=sys.stderr)\nraise SystemExit(10)",
    "the other marker": "print('FAULT GONE: no')\nraise SystemExit(10)",
    "died after the call began": "import os\nprint('CALLING', flush=True)\nos.abort()",
    "nothing": "",
}


@pytest.mark.parametrize("source", FAULTY.values(), ids=FAULTY)
def test_a_program_that_merely_fails_shows_nothing(source: str) -> None:
    assert not shows(source, BACKEND, 60)
    assert came(source) == "did not run"


def test_status_and_marker_together_show_it() -> None:
    assert shows("print('FAULT SHOWN: yes')\nraise SystemExit(10)", BACKEND, 60)
    assert came("print('FAULT GONE: yes')") == "gone"
    assert said(None, "FAULT SHOWN") == "did not run"


@slow
def test_a_program_without_an_end_is_ended_with_all_it_started(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    inner = f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    begun = time.monotonic()
    assert not shows(f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {inner!r}])", BACKEND, 3)
    assert time.monotonic() - begun < 60
    for _ in range(100):
        try:
            os.kill(int(pid.read_text()), 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)  # a zombie until its new parent takes notice
    state = Path(f"/proc/{pid.read_text()}/stat").read_text().rpartition(")")[2].split()[0]
    assert state == "Z"


ABORT = "import os\n\n\ndef f(x):\n    os.abort()\n"
RAISE = "def f(x):\n    raise {}\n"
SLEEP = "import time\n\n\ndef f(x):\n    time.sleep(600)\n"
KILL = "import os\nimport signal\n\n\ndef f(x):\n    os.kill(os.getpid(), signal.SIGKILL)\n"
IN_PLACE = "def f(x):\n    {}\n    return x.repeat(2, axis=2)\n"
SIZE = "ValueError: size 3 is too small\nfor stride 2"
RESULTS = [
    # verdict, reason, native text, outcome
    ("crashed", "", ABORT, "shown"),
    ("crashed", "", "import os\n\n\ndef f(x):\n    os._exit(0)\n", "shown"),
    ("crashed", "", "import os\n\nos.abort()\n" + RIGHT, "shown"),
    ("crashed", "", RIGHT, "gone"),
    ("crashed", "", RAISE.format("ValueError('no')"), "did not run"),
    ("crashed", "", "import no_such_framework\n" + RIGHT, "did not run"),
    ("crashed", "", KILL, "did not run"),
    ("crashed", "the worker was ended by signal SIGKILL", KILL, "shown"),
    ("timeout", "", SLEEP, "shown"),
    ("timeout", "", RIGHT, "gone"),
    ("timeout", "", ABORT, "did not run"),
    ("timeout", "", RAISE.format("ValueError('no')"), "did not run"),
    ("raised", SIZE, RAISE.format(r"ValueError('size 4 is too small\nfor stride 3')"), "shown"),
    ("raised", SIZE, r"raise ValueError('size 3 is too small\nfor stride 2')" + "\n\n\n" + RIGHT, "shown"),
    ("raised", SIZE, RIGHT, "gone"),
    ("raised", SIZE, RIGHT.strip() + " + 1\n", "gone"),
    ("raised", SIZE, RAISE.format("ValueError('size 3 is too small')"), "did not run"),
    ("raised", SIZE, RAISE.format(r"TypeError('size 3 is too small\nfor stride 2')"), "did not run"),
    ("raised", SIZE, RAISE.format("ValueError('another')"), "did not run"),
    ("raised", SIZE, "def f(x):\n    return no_such_name\n", "did not run"),
    ("raised", SIZE, "import no_such_framework\n" + RIGHT, "did not run"),
    ("raised", SIZE, ABORT, "did not run"),
    ("differ", "", RIGHT.strip() + " + 1\n", "shown"),
    ("differ", "", RIGHT.strip() + ".astype('float64')\n", "shown"),
    ("differ", "", RIGHT.strip() + "[..., :-1]\n", "shown"),
    ("differ", "", RIGHT, "gone"),
    ("differ", "", RAISE.format("ValueError('no')"), "did not run"),
    ("differ", "", "def f(x):\n    return no_such_name\n", "did not run"),
    ("differ", "", "import no_such_framework\n" + RIGHT, "did not run"),
    ("differ", "", "def (\n", "did not run"),
    ("differ", "", ABORT, "did not run"),
    ("differ", "", "import sys\n\n\ndef f(x):\n    sys.exit(10)\n", "did not run"),
    ("nondeterministic", "", "calls = []\n\n\ndef f(x):\n    calls.append(0)\n    return x + len(calls)\n", "shown"),
    ("nondeterministic", "", RIGHT.strip() + " + 1\n", "gone"),
    ("changed argument", "", IN_PLACE.format("x += 1"), "shown"),
    ("changed argument", "", IN_PLACE.format("x[x == 0] = -0.0"), "gone"),
    ("changed argument", "", IN_PLACE.format("x *= 1"), "gone"),
    ("changed argument", "", RIGHT.strip() + " + 1\n", "gone"),
    ("changed argument", "", "from itertools import count\n\ncalls = count()\n\n\n" + RIGHT.strip() + " + next(calls)\n", "gone"),
    ("changed argument", "", RAISE.format("ValueError('no')"), "did not run"),
    ("nondeterministic", "", RAISE.format("ValueError('no')"), "did not run"),
]


@pytest.mark.parametrize("row", sampled(range(len(RESULTS)), *range(0, len(RESULTS), 4)))
def test_a_program_shows_its_own_fault_and_no_other(row: int) -> None:
    verdict, reason, native, expected = RESULTS[row]
    assert came(program(verdict, native, reason, seconds=2)) == expected


@pytest.mark.parametrize(("line", "expected"), [("g += 1", "shown"), ("x += 1", "shown"), ("g = g + 1", "gone")])
def test_a_program_of_a_changed_argument_runs_the_gradients_too(line: str, expected: str) -> None:
    before, _, _ = GLUE.partition("def answers")
    glue = before + f"def answers(f, args, g):\n    yield f(*args)\n    (x,) = args\n    {line}\n    yield x\n"
    for output in ("y", "dx"):
        assert came(program("changed argument", RIGHT, output=output, glue=glue)) == expected


BEFORE = {
    "killed": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n",
    "aborted": "import os\nos.abort()\n",
    "the same error": "raise ValueError('size 3 is too small, for stride 2')\n",
    "not installed": "import no_such_framework\n",
}


@pytest.mark.parametrize("verdict", sampled(["crashed", "timeout", "raised", "differ", "changed argument", "nondeterministic"], "differ"))
@pytest.mark.parametrize("broken", BEFORE)
def test_what_happens_while_the_framework_is_imported_is_not_the_fault(broken: str, verdict: str) -> None:
    """The out-of-memory killer, a broken installation: the call was never made."""
    source = program(verdict, ABORT if verdict == "crashed" else SLEEP, SIZE, glue=BEFORE[broken] + GLUE, seconds=1)
    assert came(source) == "did not run"


@slow
def test_a_slow_import_is_not_a_call_that_does_not_return() -> None:
    assert came(program("timeout", RIGHT, glue="import time\ntime.sleep(4)\n" + GLUE, seconds=2)) == "gone"


def test_a_program_prints_what_was_found(tmp_path: Path) -> None:
    """The line that says so, and the exit status, as its reader sees them."""
    path = tmp_path / "program.py"
    path.write_text(program("raised", RAISE.format("ValueError('größe 3')"), "ValueError: größe 3"))
    ended = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert (ended.returncode, ended.stdout.splitlines()) == (10, ["CALLING", r"FAULT SHOWN: it raised ValueError: gr\xf6\xdfe 3"])


def test_ctrl_c_shows_nothing(tmp_path: Path) -> None:
    """A person who ends a call that seems to hang has not seen it die."""
    path = tmp_path / "program.py"
    path.write_text(program("crashed", SLEEP))
    with subprocess.Popen(
        [sys.executable, str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:  # fmt: skip
        assert process.stdout
        assert process.stdout.readline() == b"CALLING\n"
        os.killpg(process.pid, signal.SIGINT)
        printed, _ = process.communicate(timeout=60)
    assert b"FAULT SHOWN" not in printed
    assert process.returncode != 10


INFER = '\n\ndef infer(f, args):\n    yield "a guess", {}, None\n'


@pytest.mark.parametrize(
    ("shape", "native", "expected"),
    [
        ((1, 1, 6), RIGHT, "gone"), ((1, 1, None), RIGHT, "gone"), ((1, 1, 5), RIGHT, "shown"), ((1, 1), RIGHT, "shown"),
        (None, RIGHT, "shown"), ((1, 1, 6), RIGHT.strip() + "[..., :-1]\n", "shown"), ((1, 1, 6), "def f(x):\n    no\n", "did not run"),
    ],
)  # fmt: skip
def test_a_program_of_an_inferred_shape(shape: tuple[int, ...] | None, native: str, expected: str) -> None:
    text = UPSAMPLE.replace("seed", "check=shape seed")
    assert came(program("differ", native, text=text, glue=GLUE + INFER.format(shape))) == expected


def test_functions_that_the_glue_calls_are_in_the_program() -> None:
    """A helper of `answers` is needed, what nobody calls is not."""
    glue = GLUE.replace("yield f(*args)", "yield _called(f, args)") + "\n\ndef _called(f, args):\n    return _deeper(f)(*args)\n"
    glue += "\n\ndef _deeper(f):\n    return f\n\n\ndef _unused():\n    return 1\n"
    source = program("differ", RIGHT, glue=glue)
    assert "_unused" not in source
    assert "def version" not in source
    assert came(source) == "gone"


@pytest.mark.parametrize("reason", ['"""', "\\", "\\N{no}", 'ends with "', "'''", "a\nb"])
def test_any_reason_may_stand_in_a_program(reason: str) -> None:
    for verdict in ("differ", "raised", "crashed"):
        compile(program(verdict, RIGHT, reason), "program", "exec", dont_inherit=True)


POOL = "MaxPool(kernel=(2,), stride=(1,)) x=(1, 1, 4) float32 infinity seed=1"
CUT = "def f(x):\n    x = np.minimum(x, 1e30)\n    return np.maximum(x[..., :-1], x[..., 1:])\n"


def test_an_infinity_that_is_not_chosen_is_shown() -> None:
    """Where a maximum chooses infinity, nothing else is right; where sums may or may not see it, anything is."""
    native = "import numpy as np\n\n\n" + CUT
    assert came(program("differ", native, text=POOL)) == "shown"
    assert came(program("differ", native.replace("1e30", "np.inf"), text=POOL)) == "gone"


def test_what_overflows_may_be_anything() -> None:
    """Sums whose magnitudes overflow: nothing is claimed, so infinity and NaN are no fault."""
    text = "Conv(stride=(1,)) x=(1, 1, 2) w=(1, 1, 2) float32 overflowing seed=11"
    assert not Reference(parse_case(text)).claimed[0].any()
    assert came(program("differ", "def f(x, w):\n    return x[..., :1] * float('nan')\n", text=text)) == "gone"


COPY = "Upsample(factor=(2,)) x=(1, 2, 4) float32 zeros seed=1"


@pytest.mark.parametrize(("more", "expected"), [("", "gone"), (" + 0", "shown"), (" * -1", "shown"), (" + 1", "shown")])
def test_a_zero_of_the_wrong_sign_is_shown(more: str, expected: str) -> None:
    assert came(program("zero sign", RIGHT.strip() + more + "\n", text=COPY)) == expected
    if more == " + 0":
        assert came(program("differ", RIGHT.strip() + more + "\n", text=COPY)) == "gone"


@pytest.mark.parametrize(("wrong", "expected"), [("y", "gone"), ("y - y", "shown"), ("np.minimum(y, 65504)", "shown")])
def test_a_sum_that_is_too_large_is_shown_unless_it_is_infinite(wrong: str, expected: str) -> None:
    text = "Conv(stride=(1,)) x=(1, 9, 1) w=(1, 9, 1) float16 saturating"
    native = f"import numpy as np\n\n\ndef f(x, w):\n    y = np.sum(x * w, axis=1, keepdims=True)\n    return {wrong}\n"
    assert came(program("differ", native, text=text)) == expected


@slow
def test_a_framework_that_compiles_many_at_once() -> None:
    """JAX's `together`: an error in a later output is not the fault of an earlier one."""
    pytest.importorskip("jax")
    (jax,) = named("jax")
    good = "import jax.numpy as jnp\n\n\ndef f(x):\n    return jnp.repeat(x, 2, axis=2)\n"
    assert came(program("differ", good, backend=jax)) == "gone"
    assert came(program("differ", good.replace("axis=2)", "axis=2) + 1"), backend=jax)) == "shown"
    stops = "import jax\nimport jax.numpy as jnp\n\n\n@jax.custom_vjp\ndef f(x):\n    return jnp.repeat(x, 2, axis=2)\n\n\n"
    stops += "def forward(x):\n    raise ValueError('no gradient')\n\n\nf.defvjp(forward, forward)\n"
    assert came(program("differ", stops, backend=jax)) == "gone"
    assert came(program("raised", stops, "ValueError: no gradient", output="dx", backend=jax)) == "shown"


def test_a_program_about_an_argument_states_no_expected_values() -> None:
    assert "expected = " in program("differ", RIGHT, "", seconds=2)
    assert "expected = " not in program("changed argument", RIGHT, "", seconds=2)
