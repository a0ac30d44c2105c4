"""How a command starts: what it does not import, and the worker processes that load their framework before they are wanted."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from backends import Backend, found, named
from backends.form import faults
from spec import parse_case
from spec.data import DATA
from tests.command import GLUE, NUMPY, concordant, in_process, refused
from tests.test_worker import DOUBLE, LONG, STREAMING, fake, job
from tests.tiers import slow
from verify.cache import Cache
from verify.commands import options
from verify.execute.early import Early
from verify.execute.process import Worker, WorkerFailed
from verify.plan import suites
from verify.plan.plan import Plan
from verify.run import Run

UPSAMPLE = "Upsample(factor=(2,)) x=(1, 2, 3) float32 seed=7"
FRAMEWORKS = {"torch", "tensorflow", "keras", "jax", "jaxlib", "onnx", "onnxruntime"}
HEAVY = FRAMEWORKS | {"numpy", "flint", "spec", "backends", "msgspec", "rich", "jinja2", "sqlite3", "asyncio", "hypothesis", "covertable"}


# ---- what is imported ----


@pytest.mark.parametrize(
    ("arguments", "there", "absent"),
    [
        (("--version",), "typer", HEAVY),
        (("--help",), "typer", HEAVY),
        (("run", "--help"), "typer", HEAVY),
        (("backends", "--help"), "typer", HEAVY),
        (("backends",), "spec", FRAMEWORKS),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_nothing_is_imported_to_look_around(arguments: tuple[str, ...], there: str, absent: set[str]) -> None:
    """Help imports nothing that a command needs; the list of backends imports no framework."""
    ended = concordant(*arguments, python=("-X", "importtime"))
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in ended.stderr.splitlines()}
    assert ended.returncode == 0
    assert ended.stdout
    assert there in imported
    assert imported & absent == set()


def test_help_lists_the_data_there_are() -> None:
    assert options.DATA.split(", ") == list(DATA)


@pytest.mark.parametrize("name", sorted(found()))
def test_the_files_here_have_the_right_form(name: str) -> None:
    """What loading checks of a user's file, it does not check again of ours each time."""
    backend = found()[name]
    assert list(faults(backend.module, {name: backend.runtime})) == []


# ---- workers that begin early ----


def ended(worker: Worker) -> bool:
    return worker.process.poll() is not None


async def started(early: Early, backend: Backend, *, batch_flags: bool = True, timeout: float = LONG) -> Worker:
    worker = await early.start(backend, batch_flags=batch_flags, timeout=timeout)
    await worker.stop()
    return worker


def test_a_worker_that_began_early_is_the_one_that_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[Worker] = []
    begin = Worker.begin
    monkeypatch.setattr(Worker, "begin", lambda *who, **how: begun.append(begin(*who, **how)) or begun[-1])
    with Early(most=2) as early:
        early.begin(fake(STREAMING))
        early.begin(fake(STREAMING))
        assert len(begun) == 1
        first, second = asyncio.run(started(early, fake(STREAMING))), asyncio.run(started(early, fake(STREAMING)))
    assert [first, second] == begun


def test_one_for_batches_is_not_taken_for_one_without_their_flags() -> None:
    facts = '\ndef facts():\n    return {"flag": os.environ.get("FLAG", "none")}\n'
    flags = fake("import os\n" + STREAMING + facts, batch_flags={"FLAG": "cheap"})
    with Early(most=1) as early:
        early.begin(flags)
        alone = asyncio.run(started(early, flags, batch_flags=False))
        batch = asyncio.run(started(early, flags))
    assert (alone.facts["flag"], batch.facts["flag"]) == ("none", "cheap")


@pytest.mark.parametrize("begun", [True, False])
@pytest.mark.parametrize("keeps", [True, False])
def test_what_is_compiled_is_kept_for_batches_alone_and_where_former_results_are_used(keeps: bool, begun: bool, tmp_path: Path) -> None:
    facts = '\ndef facts():\n    return {"kept": os.environ.get("KEPT", "nowhere")}\n'
    backend = fake("import os\n" + STREAMING + facts, compiled={"KEPT": "{folder}"})
    with Early(most=2, compiled=tmp_path if keeps else None) as early:
        for batch_flags in (True, False) if begun else ():
            early.begin(backend, batch_flags=batch_flags)
        batch, alone = (asyncio.run(started(early, backend, batch_flags=flags)) for flags in (True, False))
    assert batch.facts["kept"] == (str(tmp_path / backend.name) if keeps else "nowhere")
    assert alone.facts["kept"] == "nowhere"


def test_no_more_begin_than_may_and_those_not_wanted_end() -> None:
    with Early(most=1) as early:
        early.begin(fake(STREAMING))
        early.begin(fake(STREAMING), batch_flags=False)
        begun = list(early._begun.values())
        assert len(begun) == 1
        assert not ended(begun[0])
    assert ended(begun[0])


def test_an_interruption_leaves_no_worker() -> None:
    begun: list[Worker] = []

    def interrupted() -> None:
        with Early(most=1) as early:
            early.begin(fake(STREAMING))
            begun.extend(early._begun.values())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [ended(worker) for worker in begun] == [True]


def test_the_time_before_a_worker_is_wanted_is_no_silence() -> None:
    """While cases are made nobody reads what the worker sends."""

    async def late() -> Worker:
        with Early(most=1) as early:
            early.begin(fake(STREAMING))
            time.sleep(1.5)
            worker = await early.start(fake(STREAMING), batch_flags=True, timeout=1)
        answers = [answer async for _, _, answer in worker.ask([job(0, DOUBLE)], LONG) if answer]
        await worker.stop()
        assert [answer.stopped for answer in answers] == [None]
        return worker

    assert asyncio.run(late()).served == 1


def test_one_that_cannot_begin_says_so_when_it_is_wanted() -> None:
    lacking = Backend("fake", fake(STREAMING).runtime, fake(STREAMING).module, python="/no/such/python")
    with Early(most=1) as early:
        early.begin(lacking)
        with pytest.raises(WorkerFailed, match="/no/such/python does not run"):
            asyncio.run(started(early, lacking))


# ---- which begin early ----


def mine(folder: Path, body: str = "return 'x = x.repeat(2, axis=2)'", observing: str = "", **runtime: object) -> Path:
    """A backend on NumPy that writes down each start of a worker."""
    glue = GLUE + f"\n{observing}\nopen({str(folder / 'starts')!r}, 'a').write('started ')\n"
    more = "".join(f", {name}={value!r}" for name, value in runtime.items())
    path = folder / "mine.py"
    runtimes = f"RUNTIMES = {{'mine': Runtime(packages=('numpy',), glue={glue!r}{more})}}"
    path.write_text(f"{NUMPY}\n{runtimes}\n\ndef upsample(op, at):\n    {body}\n")
    return path


def starts(folder: Path) -> int:
    return len((folder / "starts").read_text().split()) if (folder / "starts").exists() else 0


def test_a_case_starts_one_worker(tmp_path: Path) -> None:
    assert concordant("run", "--backend", mine(tmp_path), "--case", UPSAMPLE, "--out", tmp_path / "out").returncode == 0
    assert starts(tmp_path) == 1


@pytest.mark.parametrize("lacking", ["raise Unsupported('it cannot')", "raise OSError('broken')"])
def test_a_runtime_that_can_run_no_case_starts_none(lacking: str, tmp_path: Path) -> None:
    ended = concordant("run", "--no-cache", "--backend", mine(tmp_path, lacking), "--case", UPSAMPLE, "--out", tmp_path / "out")
    assert ended.returncode in (0, 1), ended.stderr
    assert starts(tmp_path) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        ("--case", "Upsample(factor=(2,)) x=(1, 2)"), ("--case", UPSAMPLE, "--max-work", "1e-9"), ("--op", "Upsampled"),
        ("--suite", "quick", "--op", "Upsample", "--dtype", "int8", "--data", "nan"), ("--case", UPSAMPLE, "--on", "nowhere"),
        ("--case", UPSAMPLE, "--out", "/dev/null/folder"),
    ],
    ids=lambda words: " ".join(words[:1] + words[-2:]),
)  # fmt: skip
def test_bad_input_starts_none(wrong: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[object] = []
    monkeypatch.setattr(Worker, "begin", lambda *who, **how: begun.append(who))
    refused(in_process("run", "--backend", mine(tmp_path), "--out", tmp_path / "out", *wrong))
    assert begun == []


@slow
def test_every_runtime_runs_some_of_a_whole_suite() -> None:
    """So that its worker may begin before the cases are made. `standard` and `full` have the cases of `quick`, and more."""
    some = suites.cases("quick", ops=["Upsample"], dtypes=["float32"])
    for name, backend in found().items():
        assert any(not backend.lacks(q) and backend.translate(q) for q in some), name


def plan(backend: Backend, **more: object) -> Plan:
    return Plan(backends=[backend.name], runtimes=[backend.name], **more)  # type: ignore[arg-type]


def test_of_a_whole_suite_it_is_known_without_its_cases(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Not of a part of one, nor of a file of the user's, nor where a case may be refused."""
    made: list[str] = []
    monkeypatch.setattr(suites, "cases", lambda suite, **how: made.append(suite) or [])
    ours, (theirs,) = found()["torch"], named(str(mine(tmp_path)))
    assert plan(ours, suite="quick").surely_runs(ours)
    assert plan(ours, suite="quick", max_work=1.0).surely_runs(ours) is False
    assert made == []
    for backend, more in ((theirs, {}), (ours, {"ops": ["Conv"]}), (ours, {"shard": (1, 9)}), (ours, {"suite": "calls"})):
        assert plan(backend, **{"suite": "quick", **more}).surely_runs(backend) is False
    assert len(made) == 4


@pytest.mark.parametrize(("body", "soon"), [("return 'x = x.repeat(2, axis=2)'", 1), ("raise Unsupported('it cannot')", 0)])
def test_where_batches_have_flags_one_without_them_begins_with_the_last_batch(body: str, soon: int, tmp_path: Path) -> None:
    wanted: list[Backend] = []
    backends = named(str(mine(tmp_path, body, batch_flags={"FLAG": "cheap"})))
    Run([parse_case(UPSAMPLE)], backends, suite={}, known=[], soon=wanted.append).go()
    assert wanted == backends * soon
    assert starts(tmp_path) == 2 * soon


def test_a_run_from_the_cache_begins_none(tmp_path: Path) -> None:
    cache, backends = Cache(), named(str(mine(tmp_path, batch_flags={"FLAG": "cheap"})))
    wanted: list[Backend] = []
    for _ in range(2):
        Run([parse_case(UPSAMPLE)], backends, suite={}, known=[], cache=cache, soon=wanted.append).go()
        assert [starts(tmp_path), len(wanted)] == [2, 1]
