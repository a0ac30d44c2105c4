"""What worker processes observe of their machine, and what follows from it."""

from __future__ import annotations

import io
from pathlib import Path
from types import ModuleType

import pytest
from rich.console import Console

from backends import Backend, Runtime
from backends.known import Known
from spec import parse_case
from tests.command import GLUE, concordant, numpy_backend
from tests.sample_reports import record, report
from tests.tiers import slow
from verify.facts import not_offered, observed
from verify.record import RuntimeReport, load
from verify.report import terminal
from verify.report.diff import compare, text
from verify.run import Run

DOUBLE = "x = np.repeat(x, 2, axis=2)"
UPSAMPLE = parse_case("Upsample(factor=(2,)) x=(1, 1, 2) float32")
DILATED = "Conv(stride=(1, 1), dilation=(2, 1)) x=(1, 2, 6, 5) w=(2, 2, 2, 2) float32"
"""TensorFlow has its gradient with oneDNN only."""


def _backend(facts: str) -> Backend:
    module = ModuleType("mine")
    module.__file__, module.IMPORTS = "mine.py", "import numpy as np"  # type: ignore[attr-defined]
    module.upsample = lambda op, at: DOUBLE  # type: ignore[attr-defined]
    return Backend("mine", Runtime(packages=("numpy",), glue=f"{GLUE}\ndef facts():\n    return {facts}\n"), module)


def test_what_a_worker_observes_is_in_the_report() -> None:
    facts = Run([UPSAMPLE], [_backend('{"onednn": "on", "threads": "3"}')], suite={}).go().runtimes["mine"].facts
    assert facts["onednn"] == "on"
    assert facts["threads"] == "3"
    assert facts["cpu_isa"]


def test_a_backend_need_not_observe_anything(tmp_path: Path) -> None:
    ended = concordant("run", "--backend", numpy_backend(tmp_path, DOUBLE), "--case", UPSAMPLE, "--out", tmp_path)
    assert ended.returncode == 0
    assert set(load(tmp_path / "report.json").runtimes["mine"].facts) == {"cpu_isa"}


@pytest.mark.parametrize("observed", ["off", "on"])
def test_known_deviations_look_at_facts(observed: str) -> None:
    """A wrong result is known where the fact says so, and unexpected elsewhere."""
    wrong = _backend(f'{{"onednn": {observed!r}}}')
    wrong.module.upsample = lambda op, at: "x = np.repeat(x, 2, axis=2) + 1"
    known = Known(
        id="only-without-onednn", runtimes=("mine",), verdict="differ", reason="", link="", versions={},
        when=lambda op, at, facts: facts.get("onednn") == "off",
    )  # fmt: skip
    report = Run([UPSAMPLE], [wrong], suite={}, known=[known]).go()
    assert bool(report.summary.unexpected) == (observed == "on")
    assert bool(report.known) == (observed == "off")


def test_workers_of_one_run_observe_the_same() -> None:
    """Else no known deviation could be matched: the runtime fails, with a sentence that names the fact."""
    differs = _backend('{"started": str(__import__("time").monotonic_ns())}')
    differs.module.upsample = lambda op, at: "x = np.repeat(x, 2, axis=2) + 1"
    runtime = Run([UPSAMPLE], [differs], suite={}, known=[]).go().runtimes["mine"]
    assert runtime.status == "failed"
    assert "started is" in runtime.reason
    assert "equal machines" in runtime.reason


@pytest.mark.parametrize("said", ["[1]", "None", "1 / 0"])
def test_facts_of_a_wrong_type_fail_with_a_sentence(said: str) -> None:
    runtime = Run([UPSAMPLE], [_backend(said)], suite={}).go().runtimes["mine"]
    assert runtime.status == "failed"
    assert "facts" in runtime.reason or "division by zero" in runtime.reason


def test_diff_names_the_facts_that_changed() -> None:
    old = Run([UPSAMPLE], [_backend('{"onednn": "on", "threads": "1"}')], suite={"name": "case"}).go()
    new = Run([UPSAMPLE], [_backend('{"onednn": "off", "threads": "1"}')], suite={"name": "case"}).go()
    assert compare(old, new).versions == {"mine": ({"onednn": "on"}, {"onednn": "off"})}
    assert "mine: onednn on → onednn off" in text(compare(old, new))


@pytest.mark.parametrize(("option", "state"), [("0", "off"), ("1", "on")])
def test_both_onednn_states_end_well(option: str, state: str, tmp_path: Path) -> None:
    """On every machine, whatever its default is: the state is observed, and what it cannot do there is a known deviation."""
    both = ("--backend", "tensorflow", "--backend", "keras-tensorflow")
    ended = concordant("run", *both, "--case", DILATED, "--out", tmp_path, TF_ENABLE_ONEDNN_OPTS=option)
    assert ended.returncode == 0, ended.stdout
    report = load(tmp_path / "report.json")
    for runtime in ("tensorflow", "keras-tensorflow"):
        assert report.runtimes[runtime].facts["onednn"] == state
        assert ("onednn_isa" in report.runtimes[runtime].facts) == (state == "on")
    gradients = {r.verdict for r in report.records if r.output != "y" and r.runtime == "tensorflow"}
    assert gradients == ({"agree"} if state == "on" else {"raised"})


@slow
def test_facts_are_observed(tmp_path: Path) -> None:
    """What a variable changes is seen in what the framework does, in batches too (JAX has flags of its own there)."""
    variables = {
        "TF_ENABLE_ONEDNN_OPTS": "1", "ONEDNN_MAX_CPU_ISA": "SSE41", "ATEN_CPU_CAPABILITY": "default", "CONCORDANT_THREADS": "2",
        "XLA_FLAGS": "--xla_cpu_max_isa=SSE4_2",
    }  # fmt: skip
    three = [word for runtime in ("torch", "tensorflow", "jax") for word in ("--backend", runtime)]
    ended = concordant("run", *three, "--case", UPSAMPLE, "--out", tmp_path, **variables)
    assert ended.returncode == 0, ended.stderr
    facts = {name: r.facts for name, r in load(tmp_path / "report.json").runtimes.items()}
    assert facts["torch"]["onednn_isa"] == facts["tensorflow"]["onednn_isa"] == "SSE4.1"
    assert facts["torch"]["threads"] == facts["tensorflow"]["threads"] == "2"
    assert facts["torch"]["isa"] == "DEFAULT"
    assert facts["jax"]["isa"] in ("sse4.1 sse4.2", "sse4.1 sse4.2 sse4a")  # the last on processors of AMD


def test_the_terminal_names_them_once_for_runtimes_that_observed_the_same() -> None:
    same = {"onednn": "on", "onednn_isa": "AVX-512 with Intel DL Boost", "cpu_isa": "avx avx2 sse4_2"}
    runtimes = {name: RuntimeReport(status="ran", facts=facts) for name, facts in (("a", same), ("b", same), ("c", {}))}
    assert observed(report([], runtimes=runtimes)) == ["a, b: onednn on, onednn_isa AVX-512, cpu_isa AVX2"]
    console = Console(file=io.StringIO(), width=200)
    terminal.table(report([], runtimes=runtimes), console, quiet=False)
    assert "a, b: onednn on" in console.file.getvalue()  # type: ignore[attr-defined]


def test_a_mode_that_observed_the_same_as_its_runtime_is_not_named() -> None:
    facts = {"right": {"isa": "AVX2"}, "right:threads": {"isa": "AVX2", "threads": "2"}, "right:strided": {"isa": "AVX2"}}
    runtimes = {name: RuntimeReport(status="ran", facts=found) for name, found in facts.items()}
    assert observed(report([record()], runtimes=runtimes)) == ["right: isa AVX2", "right:threads: isa AVX2, threads 2"]


def test_what_several_do_not_offer_is_said_once() -> None:
    lacking = {"left": {"gradients": 2}, "right": {"gradients": 2}, "third": {"gradients": 1}}
    runtimes = {name: RuntimeReport(status="ran", not_offered=found) for name, found in lacking.items()}
    said = ["not offered by left, right: gradients (2 cases)", "not offered by third: gradients (1 case)"]
    assert not_offered(report([record()], runtimes=runtimes)) == said


def test_a_report_without_facts_is_read() -> None:
    assert RuntimeReport(status="ran").facts == {}
