"""The worker process and the scheduler that watches it, attacked through backends made of nothing but NumPy."""

from __future__ import annotations

import asyncio
import faulthandler
import json
import re
import resource
import time
from collections.abc import Iterator
from contextlib import aclosing, suppress
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from itertools import chain, pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from backends import Backend, Runtime
from spec import Shape, parse_case
from tests.tiers import sampled, slow
from verify.execute import process, scheduler
from verify.execute.process import Job, Worker, WorkerFailed
from verify.execute.result import Answer
from verify.execute.scheduler import Cores, Scheduler, answers
from verify.execute.worker import BLOCK, FORMATS, REAL, draw, numbers, rounded
from verify.judge.judge import judge
from verify.judge.reference import Reference

BASE = """
import numpy as np

def array(a, dtype):
    return a.astype(dtype)

def numpy(t):
    return np.asarray(t)

def dtype(t):
    return str(np.asarray(t).dtype)

def version():
    return {"numpy": np.__version__}
"""

STREAMING = f"""{BASE}
def answers(f, args, g):
    yield f(*args)
    yield from getattr(f, "gradients", lambda *_: ())(*args, g)
"""

TOGETHER = f"""{BASE}
def one(f, args, g):
    outputs = []
    try:
        outputs.append(f(*args))
        outputs.extend(getattr(f, "gradients", lambda *_: ())(*args, g))
    except Exception as error:
        return outputs, error
    return outputs, None

def together(functions):
    return lambda data: [one(f, args, g) for f, (args, g) in zip(functions, data)]
"""

COUNTS_COMPANY = f"{BASE}\ndef together(functions):\n    return lambda data: [([np.array(len(functions))], None) for _ in functions]\n"

BOTH = pytest.mark.parametrize("glue", [pytest.param(STREAMING, id="streaming"), pytest.param(TOGETHER, id="together")])

TWICE = pytest.mark.parametrize("glue", [pytest.param(STREAMING, id="streaming"), pytest.param(TOGETHER, id="together", marks=slow)])
"""BOTH, the second in the slow tier."""

DOUBLE = "def f(x): return 2 * x"
ABORT = "import os\ndef f(x): os.abort()"
LONG = 30.0
"""Seconds that no test waits for: reaching them is a hang."""
PATIENCE = 4
"""Seconds of silence that a hang costs, and that a worker process on a busy machine does not take for a right result."""


def job(i: int, text: str, x: Shape = (2, 3), dtype: str = "float32", *, y: Shape | None = None, w: tuple[Shape, ...] = ()) -> Job:
    return Job(id=i, text=text, seed=i, radius=9, dtype=dtype, x=x, y=x if y is None else y, w=w)


def doubled(asked: Job) -> np.ndarray[Any, Any]:
    """What DOUBLE answers."""
    return 2 * draw(asked.seed, 0, asked.x, asked.radius)


def fake(glue: str, **more: Any) -> Backend:
    return Backend("fake", Runtime(packages=("numpy",), glue=glue, **more), ModuleType("fake"))


def ask(jobs: list[Job], backend: Backend, *, timeout: float = LONG, alone: bool = False) -> dict[int, Answer]:
    """Every answer by the job's id, each of which must come exactly once."""

    async def collect() -> list[tuple[int, Answer]]:
        stream = answers(Scheduler(backend, Cores(1), timeout, alone), jobs)
        return [(job.id, answer) async for job, answer in stream]

    heard = asyncio.run(asyncio.wait_for(collect(), LONG))
    assert sorted(i for i, _ in heard) == sorted(job.id for job in jobs)
    return dict(heard)


def say(text: str) -> Answer:
    """The answer to one text."""
    return ask([job(0, text)], fake(STREAMING))[0]


@cache
def in_company(texts: tuple[str, ...], glue: str, timeout: float = LONG) -> dict[str, Answer]:
    """The answer to each text, all asked in one run, each followed by DOUBLE, which must be answered right."""
    jobs = [job(i, text) for i, text in enumerate(chain.from_iterable((text, DOUBLE) for text in texts))]
    heard = ask(jobs, fake(glue), timeout=timeout)
    for other in jobs[1::2]:
        assert heard[other.id].stopped is None
        assert np.array_equal(heard[other.id].outputs[0].values, doubled(other))
    return {other.text: heard[other.id] for other in jobs[::2]}


def one_bad(text: str, *, among: int, at: int, glue: str = TOGETHER, timeout: float = LONG) -> Answer:
    """The answer to a text asked among copies of DOUBLE, which must be answered right."""
    jobs = [job(i, text if i == at else DOUBLE) for i in range(among)]
    heard = ask(jobs, fake(glue), timeout=timeout)
    for other in jobs[:at] + jobs[at + 1 :]:
        assert heard[other.id].stopped is None
        assert np.array_equal(heard[other.id].outputs[0].values, doubled(other))
    return heard[at]


@pytest.fixture(autouse=True)
def _no_child_is_left() -> Iterator[None]:
    """Whatever a test does, its workers are gone when it ends; and if it does not end, the whole session does."""
    faulthandler.dump_traceback_later(3 * LONG, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()
    assert not children()


def children() -> list[str]:
    """The processes that this one has started. Where a thread ends meanwhile, another has its children: they are looked for again."""
    while True:
        with suppress(FileNotFoundError):
            return " ".join(path.read_text() for path in Path("/proc/self/task").glob("*/children")).split()


def gone(pid: int) -> bool:
    """Whether a process ends within five seconds, or is already a zombie: dying takes a moment."""
    until = time.monotonic() + 5
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


# ---- the numbers ----


@pytest.mark.parametrize(
    ("seed", "stream", "radius", "values"),
    [
        (0, 0, 9, [7, -7, -8, -7, 9, -1]),
        (0, 1, 9, [2, 7, 2, 6, -5, 4]),
        (7, 0, 100, [-32, -21, -42, 32, 32, -52]),
        ((1 << 63) - 1, 5, 1 << 31, [-764173225, -1973124797, 994639427, -2123397462, -2042685216, -1789134231]),
    ],
)
def test_draw_is_pinned(seed: int, stream: int, radius: int, values: list[int]) -> None:
    """The numbers of a case are the same in every version, on every machine."""
    assert draw(seed, stream, (2, 3), radius).ravel().tolist() == values


def test_draw_is_splitmix64() -> None:
    """A second writing of it, in Python's own integers; the constant is the generator's published first number for 1234567."""
    golden, mask = 0x9E3779B97F4A7C15, (1 << 64) - 1

    def mixed(z: int) -> int:
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & mask
        z = (z ^ z >> 27) * 0x94D049BB133111EB & mask
        return z ^ z >> 31

    assert mixed(1234567 + golden) == 6457827717110365317
    seed, stream, radius = 12345, 3, 1000
    start, count = mixed(seed * golden + stream + 1 & mask), 2 * BLOCK + 100
    expected = [mixed(start + i * golden & mask) % (2 * radius + 1) - radius for i in range(1, count + 1)]
    assert draw(seed, stream, (count,), radius).tolist() == expected


@pytest.mark.parametrize("radius", [1, 2, 9, 100])
def test_draw_is_uniform(radius: int) -> None:
    """Every number from −radius to radius comes up, within five standard deviations of equally often."""
    values, counts = np.unique(draw(3, 2, (100, 1000), radius), return_counts=True)
    share = 1 / (2 * radius + 1)
    assert values.tolist() == list(range(-radius, radius + 1))
    assert np.abs(counts - 1e5 * share).max() < 5 * (1e5 * share * (1 - share)) ** 0.5


def test_draws_are_independent() -> None:
    """Streams, seeds and shifted draws coincide no more often than chance."""
    n, radius = 20000, 9
    draws = [draw(seed, stream, (n,), radius) for seed in (0, 1, 2, 1 << 40) for stream in (0, 1, 2, 3)]
    draws += [np.roll(draws[0], shift) for shift in (1, 2, 3)]
    share = 1 / (2 * radius + 1)
    for i, a in enumerate(draws):
        for b in draws[:i]:
            assert abs((a == b).sum() - n * share) < 5 * (n * share * (1 - share)) ** 0.5


@pytest.mark.parametrize("shape", [(0,), (2, 0, 3), (), (1,)])
def test_draw_takes_any_shape(shape: tuple[int, ...]) -> None:
    assert draw(0, 0, shape, 5).shape == shape


# ---- plain answers ----


@BOTH
def test_every_job_is_answered_once(glue: str) -> None:
    jobs = [job(i, DOUBLE) for i in range(100)]
    heard = ask(jobs, fake(glue))
    assert all(np.array_equal(heard[asked.id].outputs[0].values, doubled(asked)) for asked in jobs)


def test_nothing_is_asked_of_nobody() -> None:
    assert ask([], fake("this glue does not even parse")) == {}


@pytest.mark.parametrize(("alone", "sizes"), [(False, [1] + [8] * 8 + [64] * 64 + [27] * 27), (True, [1] * 100)])
def test_batches_grow(alone: bool, sizes: list[int]) -> None:
    """1, 8, 64 and on; alone, always 1."""
    heard = ask([job(i, "f = None") for i in range(100)], fake(COUNTS_COMPANY), alone=alone)
    assert [heard[i].outputs[0].values.item() for i in range(100)] == sizes


@BOTH
def test_arguments_gradients_and_order(glue: str) -> None:
    """x is stream 0, the cotangent 1, the weights 2 and on; outputs come in the order they were given."""
    text = "def f(x, *w): return x\nf.gradients = lambda x, *w: w"
    answer = ask([job(4, text, (2, 3), "float64", y=(5,), w=((4,), (1, 2)))], fake(glue))[4]
    expected = [draw(4, stream, shape, 9) for stream, shape in ((0, (2, 3)), (2, (4,)), (3, (1, 2)), (1, (5,)))]
    assert [o.values.tolist() for o in answer.outputs] == [a.tolist() for a in expected]
    assert {o.dtype for o in answer.outputs} == {"float64"}


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("np.arange(6).reshape(2, 3).T", [[0, 3], [1, 4], [2, 5]]),
        ("np.arange(10)[::-3]", [9, 6, 3, 0]),
        ("np.broadcast_to(np.float32(1), (2, 2))", [[1, 1], [1, 1]]),
        ("np.zeros((2, 0, 3))", [[], []]),
        ("np.float32(2.5)", 2.5),
        ("7", 7),
        ("np.arange(3, dtype='>f4')", [0, 1, 2]),
        ("np.asfortranarray(np.arange(4).reshape(2, 2))", [[0, 1], [2, 3]]),
    ],
)
def test_any_layout_arrives(expression: str, values: Any) -> None:
    """Views, empty arrays, scalars and foreign byte orders arrive with their shape and values."""
    (output,) = say(f"import numpy as np\ndef f(x): return {expression}").outputs
    assert output.values.tolist() == values
    assert output.values.shape == np.array(eval(expression)).shape


@pytest.mark.parametrize("name", ["float64", "float16", "int8", "uint64", "bool", "complex64"])
def test_dtype_is_reported(name: str) -> None:
    (output,) = say(f"def f(x): return x.astype('{name}')").outputs
    assert output.dtype == name


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("object", "def f(x): return x.astype(object)"),
        pytest.param(
            "bfloat16", "import ml_dtypes\ndef f(x): return x.astype(ml_dtypes.bfloat16)",
            marks=pytest.mark.skipif(find_spec("ml_dtypes") is None, reason="no ml_dtypes"),
        ),
    ],
)  # fmt: skip
def test_a_dtype_that_cannot_travel_is_no_crash(name: str, text: str) -> None:
    """The answer has the wrong dtype, also one that only the worker's NumPy knows; the worker is well."""
    answer = say(text)
    assert answer.stopped in (None, "raised")
    assert all(o.dtype == name for o in answer.outputs)


@BOTH
def test_large_arrays_arrive(glue: str) -> None:
    """40 MB and all of it right."""
    asked = job(1, DOUBLE, (5, 1024, 1024), "float64")
    (output,) = ask([asked], fake(glue))[1].outputs
    assert np.array_equal(output.values, doubled(asked))


# ---- noise ----


NOISE = {
    "print": "print('x' * 300_000, flush=True)",
    "write": "import os; os.write(1, bytes(64))",
    "system": "import os; os.system('echo loud; echo louder >&2')",
    "sys": "import sys; sys.__stdout__.write('loud'); sys.stderr.write('loud')",
    "read": "import sys; assert sys.stdin.read() == ''",
    "os.read": "import os; assert os.read(0, 8) == b''",
    "warnings": "import warnings, logging; warnings.warn('loud'); logging.error('loud')",
    "nowhere": "import sys; sys.stdout = sys.stderr = None",
}
NOISY = tuple(f"{noise}\ndef f(x):\n    {noise}\n    return 13" for noise in NOISE.values())


@BOTH
@pytest.mark.parametrize("text", NOISY, ids=NOISE)
def test_noise_changes_nothing(text: str, glue: str) -> None:
    """What a text prints, and that it reads, reaches neither side of the conversation."""
    (output,) = in_company(NOISY, glue)[text].outputs
    assert output.values.item() == 13


@pytest.mark.parametrize("noise", NOISE.values(), ids=NOISE)
def test_noise_of_the_framework_changes_nothing(noise: str) -> None:
    assert ask([job(0, DOUBLE)], fake(f"{noise}\n{STREAMING}"))[0].stopped is None


def test_input_is_refused() -> None:
    answer = say("def f(x): return input('? ')")
    assert (answer.stopped, answer.reason) == ("raised", "EOFError: EOF when reading a line")


# ---- exceptions ----


REFUSALS = {
    "syntax": ("def f(x:", "SyntaxError: "),
    "null byte": ("def f(x): return '\0'", "null bytes"),
    "lone surrogate in the text": ("f = '\ud800'", "surrogates not allowed"),
    "import": ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
    "no f": ("g = 1", "KeyError: 'f'"),
    "too few arguments": ("def f(): return 1", "TypeError: f() takes 0 positional arguments but 1 was given"),
    "value": ("def f(x): raise ValueError('Größe 🎲')", "ValueError: Größe 🎲"),
    "lone surrogate": (r"def f(x): raise ValueError('\ud800!')", "!"),
    "colours": (r"def f(x): raise ValueError('\x1b[1;31mred\x1b[0m')", "ValueError: red"),
    "cursor and title": (r"def f(x): raise ValueError('\x1b[2K\x1b]0;title\x07plain')", "plain"),
    "empty": ("def f(x): assert False", "AssertionError"),
    "broken str": ("class E(Exception):\n    def __str__(self): raise E\ndef f(x): raise E", "E: <exception str() failed>"),
    "recursion": ("def f(x): return f(x)", "RecursionError: maximum recursion depth exceeded"),
    "memory": ("import numpy as np\ndef f(x): return np.empty(1 << 60, np.int8)", "Unable to allocate"),
    "no array": ("def f(x): return object()", ""),
    "stop iteration": ("def f(x): raise StopIteration", "StopIteration"),
    "group": ("def f(x): raise ExceptionGroup('many', [ValueError('one')])", "many (1 sub-exception)"),
}


@BOTH
@pytest.mark.parametrize(("text", "said"), REFUSALS.values(), ids=REFUSALS)
def test_an_exception_is_a_refusal(text: str, said: str, glue: str) -> None:
    """What a text raises costs that text its answer and nothing else, and its words are kept, plain and encodable."""
    answer = in_company(tuple(text for text, _ in REFUSALS.values()), glue)[text]
    assert answer.stopped == "raised"
    assert said in answer.reason
    assert "\x1b" not in answer.reason
    assert answer.reason.encode()


def test_a_long_message_is_cut() -> None:
    answer = say("def f(x): raise ValueError('long ' * 1_000_000)")
    assert answer.stopped == "raised"
    assert "ValueError: long long" in answer.reason
    assert len(answer.reason) < 5000


@BOTH
def test_a_gradient_may_fail_alone(glue: str) -> None:
    """y is judged as it came; only what could not be computed is refused."""
    case = parse_case("Upsample(factor=(2,)) x=(1, 2, 3) float32 seed=7")
    reference = Reference(case)
    text = "def f(x): return x.repeat(2, axis=2)\ndef gradients(x, g): raise NotImplementedError('no gradient')\nf.gradients = gradients"
    asked = replace(job(7, text, case.x, y=case.y), radius=reference.radius)
    y, dx = judge(reference, ask([asked], fake(glue))[7])
    assert (y.output, y.verdict) == ("y", "agree")
    assert (dx.output, dx.verdict, dx.reason) == ("dx", "raised", "NotImplementedError: no gradient")


@BOTH
@pytest.mark.parametrize(
    "second",
    ["len(calls) * x", "x[: len(calls)]", "x.astype(['f4', 'f8'][len(calls) - 1])", "x if len(calls) == 1 else 1 / 0"],
    ids=["values", "shape", "dtype", "raises"],
)
def test_an_answer_that_does_not_repeat(second: str, glue: str) -> None:
    """Each text is run twice on the same numbers; a second answer that is not the first is noticed."""
    jobs = [job(0, DOUBLE), job(1, f"calls = []\ndef f(x):\n    calls.append(1)\n    return {second}")]
    heard = ask(jobs, fake(glue))
    assert heard[0].outputs[0].repeats
    assert not heard[1].outputs[0].repeats


# ---- arguments ----


@TWICE
@pytest.mark.parametrize("name", ["x", "w0", "w1", "g", ""])
def test_an_argument_that_is_changed_in_place_is_named(name: str, glue: str) -> None:
    """Whether the forward or the backward run changes it; what others are asked in the same batch is not concerned."""
    forward, backward = (f"{name or 'y'} += 1" if here else "pass" for here in (name != "g", name == "g"))
    text = f"""\
def f(x, w0, w1):
    y = 2 * x
    {forward}
    return y

def gradients(x, w0, w1, g):
    {backward}
    yield from (0 * x, 0 * w0, 0 * w1)

f.gradients = gradients
"""
    jobs = [job(0, DOUBLE), job(1, text, w=((2,), (3, 4))), job(2, DOUBLE)]
    heard = ask(jobs, fake(glue))
    assert [heard[i].changed for i in range(3)] == [(), (name,) if name else (), ()]


@pytest.mark.parametrize(("before", "after"), [("0.0", "-0.0"), ("np.nan", "-np.nan")])
def test_an_argument_is_compared_bit_for_bit(before: str, after: str) -> None:
    glue = STREAMING.replace("return a.astype(dtype)", f"return np.full(a.shape, {before}, dtype)")
    text = f"import numpy as np\ndef f(x):\n    x[...] = {after}\n    return 2 * x"
    heard = ask([job(0, text), job(1, text.replace(after, before))], fake(glue))
    assert [heard[i].changed for i in range(2)] == [("x",), ()]


def test_an_argument_that_is_changed_and_changed_back_by_the_second_run_is_named() -> None:
    assert say("def f(x):\n    x *= -1\n    return -2 * x").changed == ("x",)


@pytest.mark.parametrize(("shape", "changed"), [((6,), ("x",)), ((2, 3), ())], ids=["taken away", "of which only results are read"])
def test_an_argument_that_cannot_be_read_stops_nothing(shape: tuple[int, ...], changed: tuple[str, ...]) -> None:
    glue = STREAMING.replace("def numpy(t):", f"def numpy(t):\n    if np.shape(t) == {shape}: raise ValueError('gone')")
    answer = ask([job(0, "def f(x):\n    x.shape = (6,)\n    return x.sum()")], fake(glue))[0]
    assert (answer.stopped, answer.changed) == (None, changed)


# ---- death ----


SCRIBBLE = r"""
    for n in range(3, 20):
        try:
            os.write(n, b"\xff" * 300_000)
        except OSError:
            pass"""

DEATHS = {
    name: (f"import os\ndef f(x):\n    {statement}", said)
    for name, statement, said in (
        ("abort", "os.abort()", "signal SIGABRT"),
        ("segfault", "import ctypes; ctypes.string_at(0)", "signal SIGSEGV"),
        ("exit", "os._exit(3)", "status 3"),
        ("kill", "os.kill(os.getpid(), 9)", "signal SIGKILL"),
        ("nameless signal", "os.kill(os.getpid(), 40)", "signal 40"),
        ("sys.exit", "raise SystemExit(3)", "status 3"),
        ("ctrl-c", "raise KeyboardInterrupt", "signal SIGINT"),
        ("base exception", "raise BaseException('odd')", "status 1; its last output: BaseException: odd"),
        ("last output", r"os.write(2, b'first\n\x1b[31mlast\x1b[0m\n\n'); os.abort()", "signal SIGABRT; its last output: last"),
        ("long last output", "os.write(2, b'x' * 1_000_000); os.abort()", "signal SIGABRT; its last output: xxx"),
        ("closes everything", "os.closerange(3, 256); os._exit(4)", "status 4"),
        ("writes into the conversation", SCRIBBLE, "announced a message of"),
    )
}


@pytest.mark.parametrize(("text", "said"), DEATHS.values(), ids=DEATHS)
def test_a_death_costs_one_question(text: str, said: str) -> None:
    """The one that killed the worker is `crashed` and says how it ended; the others are answered by a new worker."""
    answer = in_company(tuple(text for text, _ in DEATHS.values()), STREAMING)[text]
    assert (answer.stopped, answer.outputs) == ("crashed", ())
    assert said in answer.reason
    assert "\x1b" not in answer.reason
    assert len(answer.reason) < 500


@pytest.mark.parametrize("text", ["import os; os._exit(3)", "import os\ndef f(x): os.abort()"], ids=["prepared", "run"])
def test_a_death_costs_one_question_of_a_batch(text: str) -> None:
    assert one_bad(text, among=5, at=2).stopped == "crashed"


def test_one_bad_member_of_64_is_found() -> None:
    """By halving: the other 72 are answered."""
    answer = one_bad(ABORT, among=73, at=40)
    assert (answer.stopped, answer.reason) == ("crashed", "the worker was ended by signal SIGABRT")


@BOTH
def test_several_bad_members(glue: str) -> None:
    bad = {0, 3, 4}
    heard = ask([job(i, ABORT if i in bad else DOUBLE) for i in range(9)], fake(glue))
    assert {i for i, answer in heard.items() if answer.stopped == "crashed"} == bad
    assert {i for i, answer in heard.items() if answer.stopped is None} == set(range(9)) - bad


@TWICE
def test_a_hang_costs_one_question(glue: str) -> None:
    answer = one_bad("import time\ndef f(x): time.sleep(1000)", among=4, at=2, glue=glue, timeout=PATIENCE)
    assert (answer.stopped, answer.outputs) == ("timeout", ())
    assert "the worker sent no output for 4 s" in answer.reason


@slow
def test_a_slow_batch_is_no_hang() -> None:
    """The limit is on silence: a worker that keeps answering may take longer in all."""
    began = time.monotonic()
    heard = ask([job(i, "import time\ndef f(x): time.sleep(0.35); return x") for i in range(9)], fake(STREAMING), timeout=PATIENCE)
    assert {answer.stopped for answer in heard.values()} == {None}
    assert time.monotonic() - began > PATIENCE


@pytest.mark.parametrize("last", ["pass", "os._exit(7)"], ids=["lives on", "dies"])
def test_what_a_text_starts_ends_with_the_host(last: str) -> None:
    """Neither a program it runs nor a fork of the worker outlives the run, or holds it up."""
    text = """
import os, subprocess, time, numpy as np
program = subprocess.Popen(["sleep", "1000"], stdout=subprocess.DEVNULL)
fork = os.fork()
if not fork:
    time.sleep(1000)
def f(x):
    return np.array([program.pid, fork])
"""
    began = time.monotonic()
    jobs = [job(0, text), job(1, f"import os\ndef f(x):\n    {last}\n    return x")]
    heard = ask(jobs, fake(STREAMING), timeout=2)
    assert time.monotonic() - began < LONG / 2
    assert all(gone(pid) for pid in heard[0].outputs[0].values.tolist())


def test_a_host_that_dies_idle_costs_nothing() -> None:
    """Nothing had begun, so nobody is to blame."""
    glue = f"import os\n{STREAMING}\ndef forget(): os._exit(7)\n"
    heard = ask([job(i, DOUBLE) for i in range(5)], fake(glue))
    assert {answer.stopped for answer in heard.values()} == {None}


@slow
def test_a_host_that_takes_nothing_is_left() -> None:
    """A worker that hangs between batches reads no more; the pipe is full, and still the run goes on."""
    glue = f"import os, time\n{STREAMING}\ndef forget(): time.sleep(1000)\n"
    jobs = [job(i, f"{DOUBLE} #{' ' * 500_000}") for i in range(3)]
    heard = ask(jobs, fake(glue), timeout=PATIENCE)
    assert {answer.stopped for answer in heard.values()} == {None}


def test_a_compilation_that_fails_as_a_whole_is_halved() -> None:
    """`together` may raise for a batch: the member at fault is refused, the others are answered by the same worker."""
    glue = TOGETHER.replace("def together(functions):", "def together(functions):\n    [1 / (f(1) != 13) for f in functions]")
    answer = one_bad("def f(x): return 13", among=20, at=11, glue=glue)
    assert (answer.stopped, answer.reason) == ("raised", "ZeroDivisionError: division by zero")


def test_a_batch_of_which_nothing_compiles() -> None:
    """No member of the second batch parses; `together`, which takes no empty list, is not asked of nothing."""
    glue = TOGETHER.replace("def together(functions):", "def together(functions):\n    1 / len(functions)")
    heard = ask([job(i, "def f(" if 1 <= i <= 8 else DOUBLE) for i in range(200)], fake(glue))
    assert {i for i, answer in heard.items() if answer.stopped == "raised"} == set(range(1, 9))
    assert {answer.stopped for answer in heard.values()} == {None, "raised"}


# ---- the life of a worker ----


@pytest.mark.parametrize(
    ("glue", "said"),
    [
        ("def (", "SyntaxError: invalid syntax"),
        ("import no_such_framework", "ModuleNotFoundError: No module named 'no_such_framework'"),
        ("raise ValueError('no device')", "ValueError: no device"),
        ("import sys; sys.exit('no licence')", "SystemExit: no licence"),
        ("import os; os._exit(3)", "the worker ended with status 3"),
        ("import os; print('why', flush=True); os.abort()", "signal SIGABRT; its last output: why"),
        ("glue = '\ud800'", "surrogates not allowed"),
        ("x = 1", "fake: the glue defines no function `version`"),
        ("def version(): return 5", ""),
        ("def version(): raise RuntimeError('broken install')", "RuntimeError: broken install"),
    ],
)
def test_a_host_that_cannot_start(glue: str, said: str) -> None:
    with pytest.raises(WorkerFailed) as failed:
        ask([job(i, DOUBLE) for i in range(3)], fake(glue))
    assert said in str(failed.value)


@pytest.mark.parametrize(
    ("share", "seconds", "said"),
    [
        (0.5, 0.7, ""),
        (0.5, 1000, r"for 2(\.\d)? s, of which it computed 1 s"),
        (0.2, 1000, r"for 4(\.\d)? s, of which it computed 1 s"),
        (0.05, 1000, "for 1 s"),
    ],
    ids=["computes half the time, and ends", "does not end", "gets little", "waits"],
)
def test_a_worker_on_a_busy_machine_has_more_time(
    share: float, seconds: float, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr(Worker, "cpu", property(lambda worker: share * time.monotonic()))
    answer = ask([job(0, f"import time\ndef f(x): time.sleep({seconds}); return x")], fake(STREAMING), timeout=1)[0]
    assert answer.stopped == ("timeout" if said else None)
    assert re.match(said and f"the worker sent no output {said}", answer.reason)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="this system does not tell the CPU time of another process")
def test_the_time_that_a_worker_computes_is_known() -> None:
    async def used() -> float:
        glue = f"import time\nwhile time.process_time() < 0.5: pass\n{STREAMING}"
        worker = await Worker.start(fake(glue), batch_flags=False, timeout=LONG)
        cpu = worker.cpu
        await worker.stop()
        return cpu

    assert 0.4 < asyncio.run(used()) < LONG


@pytest.mark.parametrize("python", ["/no/such/python", "/etc/hostname", "/"])
def test_an_interpreter_that_does_not_run(python: str) -> None:
    runtime = Runtime(packages=(), glue=STREAMING)
    with pytest.raises(WorkerFailed, match=python):
        ask([job(0, DOUBLE)], Backend("fake", runtime, ModuleType("fake"), python))


def test_a_host_that_never_gets_ready() -> None:
    glue = fake("import time; time.sleep(1000)")
    with pytest.raises(WorkerFailed, match=r"the worker sent no output for \d(\.\d)? s"):
        asyncio.run(Worker.start(glue, batch_flags=False, timeout=1))


def test_a_host_that_starts_only_once(tmp_path: Path) -> None:
    """What was answered before is kept; then it is said that no worker starts."""
    once = f"import pathlib\npathlib.Path({str(tmp_path / 'once')!r}).touch(exist_ok=False)\n"
    heard = []

    async def collect() -> None:
        jobs = [job(0, DOUBLE), job(1, ABORT), job(2, DOUBLE)]
        async for one, _ in answers(Scheduler(fake(once + STREAMING), Cores(1), LONG), jobs):
            heard.append(one.id)

    with pytest.raises(WorkerFailed, match="FileExistsError"):
        asyncio.run(collect())
    assert heard == [0]


def test_versions_are_told() -> None:
    versions: dict[str, str] = {}

    async def collect() -> None:
        async for _ in answers(Scheduler(fake(STREAMING), Cores(1), LONG, versions=versions), [job(0, DOUBLE)]):
            pass

    asyncio.run(collect())
    assert versions == {"numpy": np.__version__}


@pytest.mark.parametrize(("alone", "expected"), [(False, [1, 1]), (True, [1, 0])])
def test_the_environment_is_set_before_the_glue_runs(alone: bool, expected: list[int]) -> None:
    """`environment` always, `batch_flags` only for batches."""
    glue = f"import os\nseen = [int(os.environ.get(n, 0)) for n in ('CONCORDANT_A', 'CONCORDANT_B')]\n{BASE}"
    glue += "\ndef answers(f, args, g): yield np.array(seen)\n"
    backend = fake(glue, environment={"CONCORDANT_A": "1"}, batch_flags={"CONCORDANT_B": "1"})
    assert ask([job(0, "f = None")], backend, alone=alone)[0].outputs[0].values.tolist() == expected


def test_no_folder_of_ours_can_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not `backends/torch/write.py` as torch, not what PYTHONPATH names."""
    monkeypatch.setenv("PYTHONPATH", str(Path(scheduler.__file__).parent))
    assert say("import judge").reason == "ModuleNotFoundError: No module named 'judge'"
    assert "ModuleNotFoundError" in say("import mutants").reason


def test_a_host_is_replaced_after_a_lifetime(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "LIFETIME", 9)
    heard = ask([job(i, "import os, numpy as np\ndef f(x): return np.array(os.getpid())") for i in range(80)], fake(STREAMING))
    workers = [heard[i].outputs[0].values.item() for i in range(80)]
    assert [len(set(workers[:9])), len(set(workers[9:73])), len(set(workers[73:])), len(set(workers))] == [1, 1, 1, 3]


def test_cores_bound_the_busy_hosts() -> None:
    """With one core, no two texts run at the same time, whatever the runtime."""
    text = "import time, numpy as np\ndef f(x): return np.array([time.monotonic(), time.sleep(0.05) or time.monotonic()])"
    spans: list[list[float]] = []

    async def one(cores: Cores) -> None:
        async for _, answer in answers(Scheduler(fake(STREAMING), cores, LONG), [job(i, text) for i in range(4)]):
            spans.append(answer.outputs[0].values.tolist())

    async def several() -> None:
        cores = Cores(1)
        await asyncio.gather(one(cores), one(cores), one(cores))

    asyncio.run(several())
    spans.sort()
    assert len(spans) == 12
    assert all(end <= began for (_, end), (began, _) in pairwise(spans))


@pytest.mark.parametrize("text", ["import time\ndef f(x): time.sleep(1000)", "import numpy as np\ndef f(x): return np.zeros(10_000_000)"])
def test_giving_up_ends_the_host(text: str) -> None:
    """A caller that is cancelled at any moment, also in the middle of a large answer, gets away at once."""

    async def collect() -> None:
        async for _ in answers(Scheduler(fake(STREAMING), Cores(1), LONG), [job(i, text) for i in range(50)]):
            pass

    async def give_up(after: float) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(collect(), after)

    began = time.monotonic()
    for after in (0.005, 0.05, 0.5, 0.7):
        asyncio.run(asyncio.wait_for(give_up(after), LONG))
    assert time.monotonic() - began < LONG / 2


def test_leaving_early_ends_the_host() -> None:
    async def first() -> int:
        stream = answers(Scheduler(fake(STREAMING), Cores(1), LONG), [job(i, DOUBLE) for i in range(50)])
        async with aclosing(stream):
            async for asked, _ in stream:
                return asked.id
        return -1

    assert asyncio.run(first()) == 0


# ---- a worker that lies ----


SPEECH = """
import json, struct, sys, time

def heard():
    header, _ = struct.unpack("<II", sys.stdin.buffer.read(8))
    return json.loads(sys.stdin.buffer.read(header))

def raw(data):
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()

def say(header, body=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    raw(struct.pack("<II", len(text), len(body)) + text + body)

def array(**odd):
    return {"dtype": "float32", "travels": "float32", "shape": [1, 1, 4], "repeats": True, **odd}

def done(body=bytes(64), **odd):
    say({"kind": "done", "job": ids[0], "outputs": [array()], **odd}, body)

heard()
"""

LIAR = f"""{SPEECH}
say({{"kind": "ready", "versions": {{}}}})
ids = [job["id"] for job in heard()["jobs"]]
"""

LIES = {
    "huge header": "raw(struct.pack('<II', 0xffffffff, 0))",
    "huge body": "raw(struct.pack('<II', 2, 0xffffffff))",
    "huge, then much": "raw(b'\\xff' * 1_000_000)",
    "zeros": "raw(bytes(1_000_000))",
    "no JSON": "say(b'{\"kind\": ')",
    "no text": "say(b'\\xff\\xfe\\x00')",
    "deep": "say(b'[' * 1_000_000)",
    "deep object": "say(b'{\"kind\":' * 200_000)",
    "list": "say(['done'])",
    "number": "say(b'1' * 100_000)",
    "null": "say(None)",
    "no kind": "say({})",
    "unknown kind": "say({'kind': 'hello'})",
    "kind is a list": "say({'kind': []})",
    "ready again": "say({'kind': 'ready', 'versions': {}})",
    "half a message": "raw(struct.pack('<II', 100, 0) + b'{'); sys.exit(5)",
    "half a length": "raw(b'abc'); sys.exit(5)",
    "began a number": "say({'kind': 'began', 'jobs': 5})",
    "began null": "say({'kind': 'began', 'jobs': None})",
    "began lists": "say({'kind': 'began', 'jobs': [[0]]})",
    "began nothing": "say({'kind': 'began', 'jobs': []})",
    "began strangers": "say({'kind': 'began', 'jobs': [77]})",
    "began twice, then died": "say({'kind': 'began', 'jobs': ids + ids}); sys.exit(5)",
    "begins for ever": "while True: say({'kind': 'began', 'jobs': ids})",
    "splits one": "say({'kind': 'split'})",
    "wrong id": "done(job=77)",
    "id is a list": "done(job=[0])",
    "id is text": "done(job=str(ids[0]))",
    "no id": "say({'kind': 'done', 'outputs': []})",
    "no outputs": "say({'kind': 'done', 'job': ids[0]})",
    "outputs null": "done(outputs=None)",
    "outputs a number": "done(outputs=5)",
    "outputs text": "done(outputs='abc')",
    "changed a number": "done(changed=5)",
    "changed null": "done(changed=None)",
    "output without shape": "done(outputs=[{'dtype': 'float32', 'travels': 'float32', 'repeats': True}])",
    "body missing": "done(b'')",
    "body short": "done(bytes(15))",
    "body cut": "raw(struct.pack('<II', 2, 100) + b'{}' + bytes(10)); sys.exit(5)",
    **{
        f"shape {shape}": f"done(outputs=[array(shape=json.loads({json.dumps(shape)!r}))])"
        for shape in ([-1], [-2, -2], ["a"], [None], [[4]], 4, None, [1e999], [10**30], [0, 10**30], [1] * 100, [10**400])
    },
    **{
        f"dtype {dtype!r}": f"done(outputs=[array(travels=json.loads({json.dumps(dtype)!r}))])"
        for dtype in ("object", "O,f4", "nonsense", "(2,f4", "f4,(", "U4", "S4", "M8", "m8[s]", "V4", "f4,f4", "V0", 5, [], {"a": 1})
    },
}  # fmt: skip


@pytest.fixture
def liar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts a worker in place of ours that says, once it was asked, whatever it likes."""

    def install(lie: str) -> None:
        script = tmp_path / "liar.py"
        script.write_text(f"{LIAR}\n{lie}\ntime.sleep(1000)\n")
        monkeypatch.setattr(process, "WORKER", script)

    return install


QUESTION = parse_case("Upsample(factor=(2,)) x=(1, 1, 2)")


def asked(i: int) -> Job:
    return job(i, "", QUESTION.x, y=QUESTION.y)


@pytest.mark.parametrize("lie", sampled(LIES, *list(LIES)[::4]))
def test_a_lie_is_a_crash(lie: str, liar: Any) -> None:
    """Nonsense ends the worker and costs the open case: no hang, no exception, and nothing kept of what it announced."""
    liar(LIES[lie])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    heard = ask([asked(0)], fake(""))
    assert heard[0].stopped == "crashed"
    assert heard[0].reason.encode()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


@pytest.mark.parametrize(
    "lie",
    ["sys.exit(5)", "say({'kind': 'began', 'jobs': ids}); sys.exit(5)", "while True: say({'kind': 'split'}); heard()"],
    ids=["dies", "begins and dies", "splits for ever"],
)
def test_every_question_of_a_liar_ends(lie: str, liar: Any) -> None:
    liar(lie)
    heard = ask([asked(i) for i in range(10)], fake(""))
    assert {answer.stopped for answer in heard.values()} == {"crashed"}


@pytest.mark.parametrize("lie", ["done(); done()", "done()\nfor _ in range(1000): done()"])
def test_an_answer_given_twice(lie: str, liar: Any) -> None:
    """The first one counts; what follows is nonsense for the next case."""
    liar(lie)
    heard = ask([asked(0), asked(1), asked(2)], fake(""))
    assert heard[0].stopped is None
    assert {heard[1].stopped, heard[2].stopped} <= {"crashed", None}


@pytest.mark.parametrize(
    "lie",
    [
        "done(error='\\ud800')",
        "done(error=5)",
        "done(error=None)",
        "done(error='\\x1b[31mred')",
        "done(outputs=[array(dtype='\\ud800')])",
        "done(outputs=[array(dtype=None)])",
        "done(outputs=[array(repeats='perhaps')])",
        "done(outputs=[array()] * 3)",
        "done(outputs=[array(shape=[1.5, 1, 4])])",
        "done(outputs=[array(shape=[True, 1, 4])])",
        "done(outputs=[])",
        "done(b'\\xff' * 64)",
        "done(changed=['\\x1b[31mred'] * 1000)",
        "done(changed=['\\ud800', None, [[]]])",
        "done(changed='g')",
    ],
)
def test_a_lie_that_is_well_formed_can_be_judged(lie: str, liar: Any) -> None:
    """Nothing that passes for an answer breaks the judge or the report."""
    liar(lie)
    for judgement in judge(Reference(QUESTION), ask([asked(0)], fake(""))[0]):
        assert judgement.verdict != "agree"
        assert judgement.reason.encode()
        assert "\x1b" not in judgement.reason
        assert len(judgement.reason) < 1000


def test_silence_is_a_timeout(liar: Any) -> None:
    """Also in the middle of a message, and with an answer allowed to be large: nothing is set aside for it."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    liar("raw(struct.pack('<II', 1 << 24, 1 << 31) + bytes(1000))")
    assert ask([asked(0)], fake(""), timeout=1)[0].stopped == "timeout"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


@pytest.mark.parametrize(
    "greeting",
    [
        "say({})",
        "say([])",
        "say({'kind': 'ready'})",
        "say({'kind': 'ready', 'versions': 5})",
        "say({'kind': 'failed'})",
        "say({'kind': 'failed', 'error': ['odd']})",
        "say(b'[' * 100_000)",
        "raw(b'\\xff' * 1_000_000)",
        "sys.exit(0)",
    ],
)
def test_a_greeting_that_makes_no_sense(greeting: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "liar.py"
    script.write_text(f"{SPEECH}\n{greeting}\ntime.sleep(1000)\n")
    monkeypatch.setattr(process, "WORKER", script)
    with pytest.raises(WorkerFailed):
        ask([asked(0)], fake(""))


@BOTH
@pytest.mark.parametrize("draws", [1, 2, 5])
def test_every_draw_is_answered_on_numbers_of_its_own(glue: str, draws: int) -> None:
    """The first draw's outputs come with whether they repeat, the further ones after it, in order."""
    asked = replace(job(3, DOUBLE, y=(2, 3)), draws=draws)
    answer = ask([asked], fake(glue))[3]
    assert len(answer.draws) == draws
    drawn = [numbers("integers", 3, d, [asked.x, asked.y], radius=9, unit=1, dtype="float32")[0] for d in range(draws)]
    for (y, *_), x in zip(answer.draws, drawn, strict=True):
        assert np.array_equal(y.values, 2 * x)
    assert len({x.tobytes() for x in drawn}) == draws


@BOTH
def test_jobs_with_different_numbers_of_draws_share_a_batch(glue: str) -> None:
    jobs = [replace(job(i, DOUBLE), draws=1 + i % 3) for i in range(12)]
    heard = ask(jobs, fake(glue))
    assert [len(heard[i].draws) for i in range(12)] == [1 + i % 3 for i in range(12)]


@BOTH
def test_what_fails_on_a_further_draw_is_refused(glue: str) -> None:
    """y of the first draw is there; the words of the later one are kept."""
    text = "calls = []\ndef f(x):\n    calls.append(0)\n    if len(calls) > 3: raise ValueError('tired')\n    return 2 * x"
    answer = ask([replace(job(1, text), draws=4)], fake(glue))[1]
    assert answer.stopped == "raised"
    assert "tired" in answer.reason


@pytest.mark.parametrize("dtype", list(FORMATS))
@pytest.mark.parametrize("kind", REAL)
def test_real_numbers_are_pinned_and_exact_in_their_dtype(kind: str, dtype: str) -> None:
    """The same on every machine: no logarithm, no cosine; and no bit too many."""
    drawn = numbers(kind, 7, 1, [(2, 3, 5), (2, 4, 5), (4, 3, 2)], radius=8, unit=1, dtype=dtype)
    for a in drawn:
        assert np.isfinite(a).all()
        assert np.array_equal(rounded(a, FORMATS[dtype][0]), a)
    if dtype != "bfloat16":
        assert all(np.array_equal(a.astype(dtype).astype(float), a) for a in drawn)


def test_a_shape_inferred_travels() -> None:
    """What the framework infers comes beside its run."""
    glue = f"{STREAMING}\ndef infer(f, args):\n    yield 'by heart', (2, None), None\n    yield 'a layer', (1,), (2,)\n"
    answer = ask([replace(job(1, DOUBLE), check="shape")], fake(glue))[1]
    assert [(i.way, i.said, i.ran) for i in answer.inferred] == [("by heart", (2, None), None), ("a layer", (1,), (2,))]


def test_the_telling_line_is_kept_not_the_stack_under_it() -> None:
    said = "Check failed: 1 == 2\\n    @ 0x7f (unknown)"
    text = f"import os, sys\ndef f(x):\n    print('{said}', file=sys.stderr, flush=True)\n    os.abort()"
    assert "Check failed: 1 == 2" in ask([job(1, text)], fake(STREAMING))[1].reason
