"""The texts of a program that shows one finding without Concordant, and how such a program is run.

The program starts itself a second time and makes the call in there, since some faults end the process. It prints CALLING immediately
before the code under test, so that what dies while it imports a framework is not mistaken for the fault. What it found is said twice, by a
line on standard output and by the exit status: FAULT SHOWN and 10, or FAULT GONE and 0. Anything else means that it did not run.
"""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Literal

Outcome = Literal["shown", "gone", "did not run"]

SHOWN, GONE = 10, 0
MARKED: dict[Outcome, tuple[int, str]] = {"shown": (SHOWN, "FAULT SHOWN"), "gone": (GONE, "FAULT GONE")}
"""The exit status of each outcome, and how a line of its output begins."""

STATUSES = f"""\
Prints FAULT SHOWN and ends with exit status {SHOWN} while the fault is there; prints FAULT GONE and ends with {GONE} when it is not.
Any other exit status: the program did not run."""

FROM_OUTSIDE = ("SIGHUP", "SIGINT", "SIGKILL", "SIGTERM")
"""Signals that a person or the system sends; unless the finding itself speaks of one, they say nothing of the call."""


async def outcome(program: str, python: str, timeout: float) -> Outcome:
    """Run a program as its reader would, and end it with all it started after `timeout` seconds."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "program.py"
        path.write_text(program, encoding="utf-8")
        process = await asyncio.create_subprocess_exec(
            python, str(path), start_new_session=True,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            async with asyncio.timeout(timeout):
                printed, _ = await process.communicate()
        except TimeoutError:
            return "did not run"
        finally:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    return said(process.returncode, printed.decode("utf-8", "replace"))


def said(status: int | None, printed: str) -> Outcome:
    """What a program's exit status and its standard output say, if they say the same."""
    for name, (number, marker) in MARKED.items():
        if status == number and any(line.startswith(marker) for line in printed.splitlines()):
            return name
    return "did not run"


# The process outside, which starts the one inside and reads what it prints

OUTSIDE = """\
if len(sys.argv) == 1:  # the call is made in a process of its own, since some faults end the process
    inside = subprocess.Popen([sys.executable, os.path.abspath(__file__), "inside"], stdout=subprocess.PIPE)
{limit}    printed = []
    for line in inside.stdout:
        sys.stdout.buffer.write(line)
        sys.stdout.flush()
        printed.append(line.strip())
{watch}    status = inside.wait()
{fatal}    for marker, meaning in ((b"FAULT SHOWN", 10), (b"FAULT GONE", 0)):
        if status == meaning and any(line.startswith(marker) for line in printed):
            sys.exit(status)
    sys.exit(f"DID NOT RUN: the process that makes the call ended with status {{status}}")
"""

DIED = """\
    called = any(line.endswith(b"CALLING") for line in printed)
    returned = any(line.startswith((b"FAULT GONE", b"THE CALL RAISED")) for line in printed)
    if called and not returned and status not in {outside}:  # these signals come from outside
        print(f"FAULT SHOWN: the call ended the process, with {{'signal' if status < 0 else 'exit status'}} {{abs(status)}}")
        sys.exit(10)
"""

LIMIT = """\
    late = threading.Event()
    limit = threading.Timer({seconds:g}, lambda: (late.set(), inside.kill()))
"""

WATCH = """\
        if line.strip().endswith(b"CALLING"):
            limit.start()
    limit.cancel()
"""

LATE = """\
    if late.is_set():
        print("FAULT SHOWN: the call did not return within {seconds:g} s")
        sys.exit(10)
"""


def outside(verdict: str, reason: str, seconds: float) -> str:
    """The text of the process outside for a finding of this verdict. seconds: how long a call may take."""
    limit = watch = fatal = ""
    if verdict == "crashed":
        numbers = tuple(-getattr(signal, name) for name in FROM_OUTSIDE if name not in reason)
        fatal = DIED.format(outside=numbers)
    if verdict == "timeout":
        limit, watch, fatal = LIMIT.format(seconds=seconds), WATCH, LATE.format(seconds=seconds)
    return OUTSIDE.format(limit=limit, watch=watch, fatal=fatal).strip()


# The process inside, which makes the call

END = """
# Print what was found


def end(words, status):
    print(words.encode("ascii", "backslashreplace").decode(), flush=True)
    os._exit(status)  # at once: what a framework does when Python ends is another matter
"""

RAISED = """
def raised(kind, error, trace):
    traceback.print_exception(kind, error, trace)
    end("THE CALL RAISED", 1)


sys.excepthook = raised
"""

ERROR = """
error_of_the_fault = {error}


def plain(text):
    return re.sub(r"0x[0-9a-f]+|[0-9]+", "#", text)


def raised(kind, error, trace):
    said = "".join(traceback.format_exception_only(kind, error)).strip()
    first, *others = plain(error_of_the_fault).splitlines()
    if plain(said).startswith(first) and all(line in plain(said) for line in others if 'File "' not in line):
        end("FAULT SHOWN: it raised " + said, 10)
    traceback.print_exception(kind, error, trace)
    end("THE CALL RAISED another error", 1)


sys.excepthook = raised
"""

CALLING = """
print("CALLING", flush=True)
"""

ARGUMENTS = """
args = [array(a, {dtype!r}) for a in ({args},)]
cotangent = None if g is None else array(g, {dtype!r})
"""

ONE_BY_ONE = """
def outputs():
    got = []
    for t in answers(f, args, cotangent):
        got.append(t)
        if len(got) > {last}:
            break
    return got
"""

TOGETHER = """
compiled = together([f])


def outputs():
    ((got, error),) = compiled([(args, cotangent)])
    if error and len(got) <= {place}:
        raise error
    return list(got)
"""

RETURNS = """
for _ in range({times}):
    for t in outputs():
        numpy(t), dtype(t)
end("FAULT GONE: the call returned", 0)
"""

CHANGES = """
arguments = {named}
before = {{name: numpy(a).tobytes() for name, a in arguments.items()}}
for _ in range({times}):
    outputs()
changed = [name for name, a in arguments.items() if numpy(a).tobytes() != before[name]]
if changed:
    end(f"FAULT SHOWN: changed by the call: {{', '.join(changed)}}", 10)
end("FAULT GONE: every argument holds what was put in", 0)
"""

REPEATS = """
bits = [numpy(t).tobytes() for t in [outputs()[{place}] for _ in range({times})]]
for i, other in enumerate(bits):
    if other != bits[0]:
        end(f"FAULT SHOWN: call {{i + 1}} of {{len(bits)}} gave other values than the first", 10)
end(f"FAULT GONE: {{len(bits)}} calls gave the same values", 0)
"""

COMPARES = """
for got in [outputs() for _ in range({times})]:
    if not {place} < len(got) <= {most}:
        end(f"FAULT SHOWN: {{len(got)}} arrays came back instead of {most}", 10)
    if dtype(got[{place}]) != {dtype!r}:
        end(f"FAULT SHOWN: the dtype is {{dtype(got[{place}])}} instead of {dtype}", 10)
    values = numpy(got[{place}]).astype(float)
    if values.shape != expected.shape:
        end(f"FAULT SHOWN: the shape is {{values.shape}} instead of {{expected.shape}}", 10)
    right = (np.abs(values - expected) <= allowed) | (values == expected){otherwise}
    if not right.all():
        at = tuple(int(n) for n in np.argwhere(~right)[0])
        end(f"FAULT SHOWN: {{int((~right).sum())}} of {{right.size}} values are wrong; first at {{list(at)}}: "
            f"expected {{expected[at]}}, got {{values[at]}}", 10)
end("FAULT GONE: the values are as the definition says", 0)
"""

NAN = " | (np.isnan(expected) & ~np.isfinite(values))"

ANYTHING = " | ~compared"

SIGNS = "\n    right &= ~promised | (np.signbit(values) == minus)"

INFERS = """
answer = f(*args)
if dtype(answer) != {dtype!r}:
    end(f"FAULT SHOWN: the dtype is {{dtype(answer)}} instead of {dtype}", 10)
if tuple(numpy(answer).shape) != {shape}:
    end(f"FAULT SHOWN: the shape is {{tuple(numpy(answer).shape)}} instead of {shape}", 10)
seen = list(infer(f, args))
if not seen:
    end("FAULT SHOWN: the framework infers no shape", 10)
for way, inferred, ran in seen:
    ran = {shape} if ran is None else tuple(ran)
    if inferred is None or len(inferred) != len(ran) or any(a not in (None, b) for a, b in zip(inferred, ran)):
        end(f"FAULT SHOWN: {{way}} infers the shape {{inferred}}, but running gives {{ran}}", 10)
end("FAULT GONE: the shape inferred is that of the answer", 0)
"""
