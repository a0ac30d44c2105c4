"""What workers observed is remembered: a run that finds all in the cache starts none, and no run goes on with what is no longer so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from backends import Backend, Mode, named
from spec import parse_case
from tests.command import in_process
from tests.test_start import UPSAMPLE, mine, starts
from verify import observed
from verify.cache import Cache
from verify.execute.process import Worker
from verify.observed import Observed, keep, recalled
from verify.plan.plan import Plan
from verify.run import Run
from verify.store import Store

SEEN = Observed({"numpy": "1"}, {"isa": "AVX2"})
PLACE = {"cpu": "A"}
OTHER = UPSAMPLE.replace("(1, 2, 3)", "(1, 2, 4)")


def observing(folder: Path) -> Backend:
    """Its workers observe what stands in a file."""
    (folder / "isa").write_text("AVX2")
    (backend,) = named(str(mine(folder, observing=f"def facts(): return {{'isa': open({str(folder / 'isa')!r}).read()}}")))
    return backend


def test_what_was_observed_is_known_until_something_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change once made stays, so that each has to be seen beside those before it."""
    cache, backend = Cache(), observing(tmp_path)
    (tmp_path / "told").write_text("other")
    for name, value in [
        ("BOOT", tmp_path / "told"), ("ACCELERATORS", (str(tmp_path / "told"),)), ("DRIVER", tmp_path / "told"),
        ("instructions", lambda: "avx512f"), ("stamp", lambda python, packages: "built anew"), ("code", lambda *rooms: "another worker"),
    ]:  # fmt: skip
        keep(cache, backend, PLACE, SEEN)
        assert recalled(cache, backend, PLACE) == SEEN
        monkeypatch.setattr(observed, name, value)
        assert recalled(cache, backend, PLACE) is None, name
    keep(cache, backend, PLACE, SEEN)
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "7")
    assert recalled(cache, backend, PLACE) is None
    keep(cache, backend, PLACE, SEEN)
    assert recalled(cache, backend, {"cpu": "B"}) is None
    runtime = backend.runtime
    for change in ({"glue": "other"}, {"environment": {"A": "1"}}, {"batch_flags": {"A": "1"}}):
        assert recalled(cache, replace(backend, runtime=replace(runtime, **change)), PLACE) is None, change  # type: ignore[arg-type]
    for other in (replace(backend, python="/usr/bin/other"), replace(backend, name="mine:compile", mode=Mode(meaning="", name="compile"))):
        assert recalled(cache, other, PLACE) is None, other
    keep(cache, backend, PLACE, None)
    assert recalled(cache, backend, PLACE) is None


def test_nothing_is_known_where_a_restart_does_not_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache, backend = Cache(), observing(tmp_path)
    monkeypatch.setattr(observed, "BOOT", tmp_path / "no such file")
    keep(cache, backend, PLACE, SEEN)
    assert recalled(cache, backend, PLACE) is None


def test_of_a_file_of_the_users_nothing_is_known_on_disk(tmp_path: Path) -> None:
    cache, backend = Cache(tmp_path / "results.sqlite"), observing(tmp_path)
    keep(cache, backend, PLACE, SEEN)
    assert recalled(cache, backend, PLACE) is None


def test_a_worker_that_observes_otherwise_makes_the_run_begin_anew(tmp_path: Path) -> None:
    """What was taken from the cache under the old facts is run again, and the next run knows the new ones."""
    cache, backend = Cache(), observing(tmp_path)
    came = []
    for changed, isa in ((False, "AVX2"), (True, "AVX-512"), (False, "AVX-512")):
        if changed:
            (tmp_path / "isa").write_text("AVX-512")
        texts = [UPSAMPLE, OTHER] if changed else [UPSAMPLE]
        with Store.begun(tmp_path, Plan(backends=[], runtimes=["mine"], texts=texts), {"cpu": "A"}) as store:
            run = Run(list(map(parse_case, texts)), [backend], suite={}, known=[], cache=cache, store=store, cores=1)
            report = run.go()
            assert report.summary.exit == 0
            assert report.runtimes["mine"].facts["isa"] == isa
            told = store.told("mine")
            assert told
            assert told.facts["isa"] == isa
        came.append((run.ran["mine"].from_cache, starts(tmp_path)))
    assert came == [(0, 1), (0, 3), (1, 3)]


def test_a_second_command_loads_no_framework(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    begun: list[object] = []
    begin = Worker.begin
    monkeypatch.setattr(Worker, "begin", lambda *who, **how: begun.append(who) or begin(*who, **how))
    for times in (1, 1):
        ended = in_process("run", "--cache", "--backend", "torch", "--case", UPSAMPLE, "--out", tmp_path / "out")
        assert ended.returncode == 0, ended.stderr
        assert len(begun) == times
