"""What a reference costs is known before it is computed; while it is, signals are answered; what is too much is refused."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from spec import Impossible, parse_case
from spec.ops import pieces
from spec.ops.pieces import pause, product, stoppable
from tests.command import HOME, NUMPY, backend_file, concordant, refused
from tests.tiers import slow
from verify.execute import patience
from verify.execute.patience import Patience
from verify.execute.result import Answer, Output
from verify.explain.verdicts import verdicts
from verify.fuzz import proposed
from verify.judge.reference import Reference
from verify.limits import MAX_WORK
from verify.plan import plan
from verify.plan.suites import cases
from verify.plan.work import SURELY, before, expect_affordable, work
from verify.record import Diagnosis, load
from verify.run import Run

LONG = "Conv(stride=(1, 1)) x=(4, 32, 64, 64) w=(32, 32, 3, 3) float32 normal seed=0"
"""Half a minute of exact arithmetic."""
SHORT = "Upsample(factor=(2,)) x=(1, 2, 5)"

BASIS = NUMPY[NUMPY.index("    for i, a in enumerate(args)") : NUMPY.index('"""\n\nIMPORTS')]
WITHOUT_GRADIENTS = NUMPY.replace(BASIS, "    for a in args:\n        yield np.zeros_like(a)\n") + """
def conv(op, at):
    return f"x = np.zeros({at.y}, x.dtype)"

def upsample(op, at):
    return "x = x.repeat(2, axis=2)"
"""


# ---- the estimate ----


@slow
def test_what_suites_ask_is_affordable() -> None:
    """Also in the narrow dtypes and the kinds that take the most evaluations."""
    for q in cases("standard", ops=["Lanczos", "Resize", "Conv", "AdaptiveMaxPool"]):
        expect_affordable(q)


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("Conv(stride=(1, 1)) x=(8, 256, 64, 64) w=(256, 256, 3, 3)", True),
        ("Conv(stride=(1,)) x=(1, 8000, 8000) w=(8000, 8000, 1)", False),
        ("Conv(stride=(1, 1)) x=(8, 256, 64, 64) w=(256, 256, 3, 3) float32 normal", False),
        ("ConvTranspose(stride=(1,)) x=(1, 8000, 8000) w=(8000, 8000, 1) int8", False),
        ("MaxPool(kernel=(3, 3)) x=(4, 64, 128, 128)", True),
        ("MaxPool(kernel=(1,)) x=(1, 1, 60000000)", False),
        ("AdaptiveMaxPool(size=(1,)) x=(1, 1, 30000000)", False),
        ("Upsample(factor=(30000000,)) x=(1, 1, 1)", False),
        ("Resize(size=(4000000,), mode='linear') x=(1, 1, 2)", False),
        ("Lanczos(size=(60001,)) x=(1, 1, 100) float32 normal", False),
        ("Conv(stride=(1,)) >> Conv(stride=(1,)) x=(1, 8000, 8000) w=(8000, 8000, 1) w=(8, 8000, 1) int8", False),
    ],
)
def test_what_is_too_much_is_refused_at_once(text: str, fits: bool) -> None:
    q, began = parse_case(text), time.process_time()
    if fits:
        expect_affordable(q)
    else:
        with pytest.raises(Impossible, match=r"would take about \S+ s and \S+ GiB") as refused_:
            expect_affordable(q)
        assert int(str(refused_.value).rpartition("--max-work ")[2]) > MAX_WORK
    assert time.process_time() - began < 5


@slow
def test_an_estimate_from_shapes_alone_bounds_the_other() -> None:
    """Or a case would be let through unseen."""
    for q in cases("quick"):
        assert work(Reference(q)).amount <= SURELY * before(q).amount


@pytest.mark.parametrize("more", ["x=(2, 3, 40)", "x=(1, 6, 40)", "x=(1, 3, 80)", "x=(1, 3, 40) float32 normal"])
def test_more_of_anything_is_more_work(more: str) -> None:
    channels = 6 if "(1, 6" in more else 3
    larger = more.replace(")", f") w=(4, {channels}, 5)", 1)
    few, many = (work(Reference(parse_case(f"Conv(stride=(1,)) {text}"))) for text in ("x=(1, 3, 40) w=(4, 3, 5)", larger))
    assert few.seconds < many.seconds
    assert few.bytes < many.bytes


# ---- the option ----


@pytest.mark.parametrize(
    "command",
    [
        ["run", "--case", LONG, "--backend", "torch", "--max-work", "1"],
        ["run", "--case", "Conv(stride=(1,)) x=(1, 8000, 8000) w=(8000, 8000, 1)", "--backend", "torch"],
        ["shrink", LONG, "--backend", "torch", "--max-work", "1"],
        ["shrink", "Conv(stride=(1,)) x=(1, 8000, 8000) w=(8000, 8000, 1)", "--backend", "torch"],
    ],
)
def test_what_is_too_much_is_refused_with_the_option(command: list[str], tmp_path: Path) -> None:
    refused(concordant(*command, "--out", tmp_path), "would take about", "make it smaller, or give --max-work ")


def test_a_limit_must_be_above_0(tmp_path: Path) -> None:
    refused(concordant("run", "--case", SHORT, "--max-work", "0", "--out", tmp_path), "--max-work is 0")


def test_a_suite_and_a_run_from_python_have_the_same_limit() -> None:
    with pytest.raises(Impossible, match="--max-work"):
        Run([parse_case(LONG)], [], {}, max_work=1)


def test_nothing_too_much_is_made_up() -> None:
    assert proposed((), 0, 60)
    assert not proposed((), 0, 60, max_work=1e-9)


@pytest.mark.parametrize(("text", "is_named"), [("Lanczos(size=(20000,)) x=(1, 1, 2)", True), (SHORT, False)])
def test_coefficients_that_take_long_are_named_before_a_run(text: str, is_named: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "AFTER", 0)
    monkeypatch.setattr(plan, "expect_affordable", lambda *how: time.sleep(0.1))
    monkeypatch.setattr(plan, "Reference", lambda case: None)
    said: list[str] = []
    plan.Plan(backends=[], texts=[text]).prepare(said.append)
    assert [words.startswith(f"computing the coefficients of {text} float32") for words in said] == [True] * is_named


# ---- pieces ----


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "object"])
@pytest.mark.parametrize(
    ("a", "b"),
    [((5, 7), (7, 3)), ((2, 3, 4, 5), (2, 3, 5, 6)), ((3, 4, 5), (2, 3, 5, 6)), ((1, 9), (9, 1)), ((0, 3), (3, 2)), ((2, 0), (0, 3))],
)
def test_a_product_in_pieces_is_the_product(a: tuple[int, ...], b: tuple[int, ...], dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "PIECE", 8)
    monkeypatch.setattr(pieces, "PIECE_OF_OBJECTS", 8)
    left, right = (np.arange(np.prod(shape)).reshape(shape).astype(dtype) for shape in (a, b))
    whole, parts = np.matmul(left, right), product(left, right)
    assert parts.dtype == whole.dtype
    assert np.array_equal(parts, whole)


def test_a_product_is_stopped_between_two_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "PIECE", 8)
    calls = []

    def stop() -> None:
        calls.append(1)
        if len(calls) == 5:
            raise KeyError

    with pytest.raises(KeyError), stoppable(stop):
        product(np.ones((9, 9)), np.ones((9, 9)))
    pause()
    assert len(calls) == 5


@pytest.mark.parametrize("text", ["Conv(stride=(1,)) x=(1, 2, 9) w=(2, 2, 3)", "MaxPool(kernel=(2,)) x=(1, 2, 9)",
                                  "Resize(size=(4,)) x=(1, 2, 9)", "Upsample(factor=(2,)) x=(1, 2, 9)"])  # fmt: skip
def test_every_reference_comes_in_pieces(text: str) -> None:
    class Halt(Exception):
        pass

    def stop() -> None:
        raise Halt

    with pytest.raises(Halt), stoppable(stop):
        _ = Reference(parse_case(text)).outputs


# ---- a thread of its own ----


def waits(unless: threading.Event) -> Callable[[], None]:
    """A computation of many pieces."""

    def compute() -> None:
        while not unless.is_set():
            pause()
            time.sleep(0.005)

    return compute


def test_a_long_computation_leaves_the_loop_free_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "AFTER", 0.02)
    said: list[str] = []

    async def main() -> int:
        done, patient = threading.Event(), Patience()

        def compute() -> int:
            waits(done)()
            return 7

        async def finish() -> None:
            while not said:
                await asyncio.sleep(0.005)
            done.set()

        value, _ = await asyncio.gather(patient(compute, "something", said.append), finish())
        return value

    assert asyncio.run(asyncio.wait_for(main(), 30)) == 7
    assert said == ["computing something"]


def test_who_waits_no_more_stops_it() -> None:
    began, ended = threading.Event(), threading.Event()

    def compute() -> None:
        began.set()
        try:
            waits(threading.Event())()
        finally:
            ended.set()

    async def main() -> None:
        task = asyncio.create_task(Patience()(compute, "something", print))
        await asyncio.to_thread(began.wait, 30)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert ended.wait(30)


def test_one_thing_is_computed_at_a_time_and_errors_come_through() -> None:
    at_once: list[int] = []

    def compute() -> None:
        at_once.append(1)
        assert len(at_once) == 1
        time.sleep(0.01)
        at_once.pop()

    def fails() -> None:
        raise ZeroDivisionError

    async def main() -> None:
        patient = Patience()
        await asyncio.gather(*(patient(compute, "something", print) for _ in range(5)))
        with pytest.raises(ZeroDivisionError):
            await patient(fails, "something", print)

    asyncio.run(main())


def test_a_diagnosis_that_would_take_too_much_is_left_out() -> None:
    reference = Reference(parse_case(SHORT))
    y, dx = reference.outputs
    answer = Answer((Output(2 * y.astype(np.float32), "float32"), Output(dx.astype(np.float32), "float32")))
    answer = Answer(answer.outputs, more=(answer.outputs,) * (reference.draws - 1))

    async def judged(most: float) -> Diagnosis | None:
        first, _ = await verdicts(reference, answer, 0.001, most, Patience(), diagnose_it=True)
        assert first.verdict == "differ"
        return first.diagnosis

    assert asyncio.run(judged(60)) == Diagnosis("result multiplied by a constant", value="2")
    assert asyncio.run(judged(0.01)) is None


# ---- signals ----


@slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_answered_while_a_reference_is_computed(number: int, tmp_path: Path) -> None:
    """What is computed is named first, on stderr, though that is no terminal; then nothing waits for the end of the computation."""
    mine, out = backend_file(tmp_path, WITHOUT_GRADIENTS), tmp_path / "out"
    command = [sys.executable, "-m", "concordant", "run", "--backend", str(mine), "--case", SHORT, "--case", LONG, "--out", str(out)]
    with subprocess.Popen(
        command, cwd=HOME, env=os.environ | {"OPENBLAS_NUM_THREADS": "1"}, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:  # fmt: skip
        try:
            assert process.stderr
            assert process.stderr.readline() == f"concordant: computing the reference of {LONG}\n"
            began, load_before = time.monotonic(), os.times().children_user
            process.send_signal(number)
            _, said = process.communicate(timeout=60)
            took = min(time.monotonic() - began, os.times().children_user - load_before)
        finally:
            process.kill()
    assert (process.returncode, said) == (130, "")
    assert took < 10
    report = load(out / "report.json")
    assert report.summary.interrupted
    assert {r.case for r in report.records} == {f"{SHORT} float32 seed=0"}
