"""A run with a cache asks only what has changed, and its report is that of a run without one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import msgspec
import pytest

from backends import Backend, Mode, named
from spec import parse_case
from spec.theorems.theorem import THEOREMS
from tests.command import GLUE, HOME, backend_file, concordant, in_process, refused, signals_reset
from tests.test_sample import CASES as MANY
from tests.test_sample import mine
from verify import cache as module
from verify.cache import NEVER, NOW, BadCache, Cache, Notebook, default, in_use, key, setting
from verify.execute import environment
from verify.execute.environment import digest
from verify.judge.judge import Judgement
from verify.plan.plan import Plan
from verify.plan.prove import Instance, Proof, prove_all
from verify.record import Report, Verdict
from verify.run import Run
from verify.store import Store

CASES = [f"Upsample(factor=(2,)) x=(1, 2, {n}) float64" for n in range(1, 6)]
FILE = '''
from backends import Runtime
GLUE = """{}"""
RUNTIMES = {{"mine": Runtime(packages=("numpy",), glue=GLUE)}}

def upsample(op, at):
    return "x = {}"

def pad(op, at):
    return "x = np.pad(x, [(0, 0), (0, 0)] + {{}})".format(list(op.padding))

IMPORTS = "import numpy as np"
'''
REPEATED, SHIFTED = "x.repeat(2, axis=2)", "np.roll(x.repeat(2, axis=2), 1, axis=2)"


def made(folder: Path, cache: Cache | None, cases: list[str] = CASES, upsampled: str = REPEATED) -> tuple[Report, int]:
    """A run's report, and how many programs came from the cache."""
    run = Run(list(map(parse_case, cases)), named(str(backend_file(folder, FILE.format(GLUE, upsampled)))), suite={}, known=[], cache=cache)
    return run.go(), run.ran["mine"].from_cache


@pytest.mark.parametrize("upsampled", [REPEATED, SHIFTED, "x.no_such"])
def test_a_second_run_asks_nothing_and_reports_the_same(tmp_path: Path, upsampled: str) -> None:
    """Whether results are right, wrong with a diagnosis, or errors."""
    cache = Cache()
    first, none = made(tmp_path, cache, upsampled=upsampled)
    second, all_of_them = made(tmp_path, cache, upsampled=upsampled)
    without, _ = made(tmp_path, None, upsampled=upsampled)
    assert (none, all_of_them) == (0, len(CASES))
    assert msgspec.json.encode(second) == msgspec.json.encode(first) == msgspec.json.encode(without)


def test_editing_one_translation_runs_its_cases_alone(tmp_path: Path) -> None:
    cache, cases = Cache(), [*CASES, "Pad(padding=((1, 2),)) x=(1, 2, 5) float64"]
    made(tmp_path, cache, cases)
    edited, from_cache = made(tmp_path, cache, cases, SHIFTED)
    assert from_cache == 1
    assert {r.verdict for r in edited.records if r.operations == ("Upsample",) and r.output == "y" and r.shape[2] > 2} == {"differ"}
    assert {r.verdict for r in edited.records if r.operations == ("Pad",)} == {"agree"}


@pytest.mark.parametrize("limit", [{"confidence": 40}, {"max_work": 600.0}, {"memory": 1 << 31}], ids=str)
def test_a_run_under_other_limits_runs_again(tmp_path: Path, limit: dict[str, float]) -> None:
    """What memory does not suffice for is an error, which more memory may not give."""
    cache, (backend,) = Cache(), named(str(backend_file(tmp_path, FILE.format(GLUE, REPEATED))))
    for how, found in ((limit, 0), (limit, 1), ({}, 0)):
        run = Run([parse_case(CASES[0])], [backend], suite={}, cache=cache, **how)  # type: ignore[arg-type]
        run.go()
        assert run.ran["mine"].from_cache == found


def test_what_a_sample_showed_is_shown_again(tmp_path: Path) -> None:
    """A fault that shows individually alone: the program in its batch, and individually, are two entries."""
    cache = Cache()
    asked = partial(Run, list(map(parse_case, MANY)), named(str(mine(tmp_path))), suite={}, cache=cache)
    first, second = asked().go(), asked().go()
    assert first.summary.exit == 1
    assert msgspec.json.encode(first) == msgspec.json.encode(second)


def _settings(tmp_path: Path) -> list[Callable[[], str]]:
    (backend,) = named(str(backend_file(tmp_path, FILE.format(GLUE, REPEATED))))

    def of(changed: Backend = backend, *rest: object) -> Callable[[], str]:
        told = [{"numpy": "1"}, {"isa": "AVX2"}, {"cpu": "A", "cores": 2}, 30, 60.0, 1 << 33]
        for i, value in enumerate(rest):
            told[i] = told[i] if value is None else value
        return lambda: setting(changed, *told)  # type: ignore[arg-type]

    runtime = backend.runtime
    changes = (
        {"glue": "other"}, {"environment": {"A": "1"}}, {"batch_flags": {"A": "1"}}, {"outputs": ("y",)},
        {"repeat_in": "eager", "modes": {"eager": Mode(meaning="eagerly", glue="its own")}},
    )  # fmt: skip
    return [
        of(), of(backend, {"numpy": "2"}), of(backend, None, {"isa": "AVX-512"}), of(backend, None, None, {"cpu": "B"}),
        of(backend, None, None, None, 40), of(backend, None, None, None, None, 600.0),
        of(backend, None, None, None, None, None, 1 << 30), of(replace(backend, name="other")),
        of(replace(backend, mode=Mode(meaning="compiled", name="compile"))),
        *(of(replace(backend, runtime=replace(runtime, **change))) for change in changes),  # type: ignore[arg-type]
    ]  # fmt: skip


def test_whatever_may_change_a_verdict_is_in_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = [made() for made in _settings(tmp_path)]
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "7")
    settings.append(_settings(tmp_path)[0]())
    monkeypatch.setattr(module, "code", lambda *rooms: "another judge")
    settings.append(_settings(tmp_path)[0]())
    monkeypatch.setattr(module, "stamp", lambda python, packages: "built anew")
    settings.append(_settings(tmp_path)[0]())
    keys = {key(s, "case", "text", individually=False) for s in settings}
    assert len(keys) == len(settings)
    programs = (("another", "text", False), ("case", "other text", False), ("case", "text", True))
    assert len(keys | {key(settings[0], asked, text, individually=alone) for asked, text, alone in programs}) == len(keys) + 3


def test_the_number_of_cores_changes_nothing(tmp_path: Path) -> None:
    (backend,) = named(str(backend_file(tmp_path, FILE.format(GLUE, REPEATED))))
    assert setting(backend, {}, {}, {"cores": 2}, 30, 60.0) == setting(backend, {}, {}, {"cores": 16}, 30, 60.0)


def test_a_framework_that_was_built_anew_is_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the same version: a file of it has changed."""
    package = tmp_path / "lib" / "kernels"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "core.so").write_text("one")
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\nshift; exec env PYTHONPATH={tmp_path / 'lib'} {sys.executable} \"$@\"\n")  # -I hides PYTHONPATH
    python.chmod(0o755)
    before = module.stamp.__wrapped__(str(python), ("kernels",))
    assert module.stamp.__wrapped__(str(python), ("kernels",)) == before != module.stamp.__wrapped__(str(python), ("no_such",))
    (package / "core.so").write_text("another")
    assert module.stamp.__wrapped__(str(python), ("kernels",)) != before


def test_our_own_code_is_all_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A digest of no file would be the same for all code."""
    for name in ("spec/ops/conv.py", "verify/judge/judge.py", "backends/torch/write.py"):
        assert (environment.HOME / name).is_file()
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("before")
    monkeypatch.setattr(environment, "HOME", tmp_path)
    both = digest(()), digest((), ("spec", "verify"))
    (tmp_path / "backends/torch/write.py").write_text("after")
    assert digest(()) != both[0]
    assert digest((), ("spec", "verify")) == both[1]
    (tmp_path / "verify/judge/judge.py").write_text("after")
    assert digest((), ("spec", "verify")) != both[1]


@pytest.mark.parametrize("verdict", sorted(NEVER))
def test_what_another_run_may_not_show_is_never_kept(verdict: Verdict) -> None:
    cache = Cache()
    cache.keep(b"one", [Judgement("y", "agree"), Judgement("dx", verdict)], None)
    cache.keep(b"other", [Judgement("y", "agree"), Judgement("dx", "differ")], 0.5)
    assert cache.hit(b"one") is None
    assert cache.hit(b"other") == module.Hit([Judgement("y", "agree"), Judgement("dx", "differ")], 0.5)


def test_a_file_of_the_users_is_not_kept_on_disk(tmp_path: Path) -> None:
    """What it calls may change without a trace in it."""
    cache = Cache(tmp_path / "results.sqlite")
    assert [made(tmp_path, cache)[1] for _ in range(2)] == [0, 0]
    assert cache.size[0] == 0
    assert cache.takes(named("torch")[0])


def test_a_verdict_that_no_run_wants_is_dropped_after_a_month(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "results.sqlite"
    day = module._today()
    for later, name in ((0, b"wanted"), (0, b"forgotten")):
        Cache(path).put(name, later)
    for later, there in ((20, 2), (45, 1)):
        monkeypatch.setattr(module, "_today", lambda later=later: day + later)
        cache = Cache(path)
        assert cache.size[0] == there
        assert cache.get(b"wanted", int) == 0


@pytest.mark.parametrize("spoil", [lambda p: p.write_bytes(b"no database" * 100), lambda p: p.mkdir()], ids=["garbage", "a folder"])
def test_a_run_goes_on_without_a_cache_that_is_spoilt(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    path, said = tmp_path / "results.sqlite", []
    spoil(path)
    with pytest.raises(BadCache, match="cannot be read"):
        _ = Cache(path).size
    (backend,) = named(str(backend_file(tmp_path, FILE.format(GLUE, REPEATED))))
    cache = Cache(path)
    object.__setattr__(cache, "takes", lambda backend: True)
    run = Run(list(map(parse_case, CASES)), [backend], suite={}, cache=cache, say=said.append)
    assert run.go().summary.exit == 0
    assert len(said) == 1
    assert "this run goes on without former results" in said[0]


def test_cases_and_proofs_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [*[name for name, t in THEOREMS.items() if t.refuted or t.when][:2], "zero-insertion"]

    def all_of_it() -> tuple[list[str], list[tuple[object, ...]]]:
        plan = Plan(backends=[], runtimes=[], suite="quick", ops=["Upsample"])
        return [repr(case) for case in plan.cases], [_told(proof) for proof in prove_all(names)]

    without = all_of_it()
    with in_use(Cache()):
        assert all_of_it() == without
        monkeypatch.setattr("verify.plan.suites.cases", lambda *_, **__: pytest.fail("made again"))
        monkeypatch.setattr("verify.plan.prove.prove", lambda _: pytest.fail("proven again"))
        assert all_of_it() == without
    assert NOW.get() is None


def _told(proof: Proof) -> tuple[object, ...]:
    def drawn(one: Instance) -> tuple[object, ...]:
        return one.text, one.equal, [value.tolist() for value in one.values]

    example = proof.counterexample and drawn(proof.counterexample)
    return proof.verdict, proof.equal, proof.unequal, proof.vacuous, proof.outside, example, [drawn(one) for one in proof.native]


def test_the_command_says_what_came_from_the_cache(tmp_path: Path) -> None:
    """And a resumed run takes nothing from it."""
    pytest.importorskip("torch")
    lanczos = "Lanczos(size=(3,), lobes=3) x=(1, 2, 5) float32"  # cannot be said, so that no program is run
    case = ("run", "--backend", "torch", "--case", CASES[2], "--case", lanczos)
    cached = {"CONCORDANT_CACHE": "1", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    first = concordant(*case, "--out", tmp_path / "a", **cached)
    second = concordant(*case, "--out", tmp_path / "b", **cached)
    assert "from the cache" not in first.stdout
    assert "1 of 1 programs are from the cache of former runs; --no-cache runs them again" in second.stdout
    assert (tmp_path / "a/report.json").read_bytes() == (tmp_path / "b/report.json").read_bytes()
    with Store.opened(tmp_path / "b") as store:
        assert len(store.kept("torch")) == 2
    assert "from the cache" not in concordant(*case, "--no-cache", "--out", tmp_path / "c", **cached).stdout


def test_programs_compiled_for_another_processor_are_in_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = Cache(tmp_path / "results.sqlite").compiled
    monkeypatch.setattr(environment, "_cpu", lambda *names: "avx512f" if "flags" in names else "AMD EPYC")
    there = Cache(tmp_path / "results.sqlite").compiled
    assert here
    assert there
    assert here != there
    assert here.parent == there.parent
    assert Cache().compiled is None


def test_the_cache_says_its_size_and_is_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda name: str(tmp_path / name))
    cache = Cache(default())
    cache.put(b"one", 1)
    assert in_process("cache").stdout.startswith("1 results, 0.0 MB in ")
    assert cache.compiled
    cache.compiled.mkdir(parents=True)
    (cache.compiled / "program").write_bytes(bytes(3_000_000))
    assert in_process("cache").stdout.startswith("1 results, 3.0 MB in ")
    assert in_process("cache", "--clear").stdout.strip().endswith("results.sqlite, deleted")
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]
    assert in_process("cache").stdout.startswith("0 results")
    default().unlink()
    default().mkdir()
    refused(in_process("cache"), "results.sqlite cannot be read")


def test_tests_run_without_a_cache() -> None:
    """They would hide what they are for, and fill the user's."""
    assert os.environ["CONCORDANT_CACHE"] == "0"


@pytest.mark.parametrize("names", [(), ("--backend", "torch")])
def test_watching_needs_a_file(names: tuple[str, ...]) -> None:
    refused(in_process("run", *names, "--watch"), "--watch runs again when a backend file changes", "add --backend FILE.py")


def test_a_change_is_run_while_it_is_watched(tmp_path: Path) -> None:
    """Of an edited translation the cases alone; an error is said, and the next edit is run."""
    path, out = backend_file(tmp_path, FILE.format(GLUE, REPEATED)), tmp_path / "said"
    command = [
        sys.executable, "-m", "concordant", "run", "--backend", path, "--case", CASES[2], "--case", "Pad(padding=((1, 2),)) x=(1, 2, 5)",
        "--watch", "--no-minimize", "--out", tmp_path / "run",
    ]  # fmt: skip
    with open(out, "w") as said:
        process = subprocess.Popen(command, cwd=HOME, stdout=said, stderr=subprocess.STDOUT, preexec_fn=signals_reset)
        try:
            _until(out, "watching", 1)
            text = path.read_text()
            path.write_text("def (")
            _until(out, "does not import", 1)
            _until(out, "watching", 2)
            path.write_text(text.replace(REPEATED, SHIFTED))
            _until(out, "watching", 3)
            assert "1 of 2 programs are from the cache" in out.read_text()
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130


def _until(file: Path, words: str, times: int) -> None:
    end = time.monotonic() + 60
    while file.read_text().count(words) < times:
        assert time.monotonic() < end, file.read_text()
        time.sleep(0.05)


def test_a_notebook_is_read_by_those_who_are_told_the_same() -> None:
    made: list[str] = []

    def noted(*told: object) -> tuple[str, str]:
        notebook = Notebook(tuple[str, str], *told)
        found = notebook.of("case", lambda: (made.append("again"), ("text", "why"))[1])
        notebook.keep()
        return found

    with in_use(Cache()):
        assert [noted("torch"), noted("torch"), noted("jax")] == [("text", "why")] * 3
        assert len(made) == 2
    assert noted("torch") == ("text", "why")
    assert len(made) == 3
