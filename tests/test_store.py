"""A run that is killed, resumed, dealt out in shards, short of disk or of memory: nothing is lost, and the records stay the same."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from tests.command import HOME, NUMPY, Ended, backend_file, concordant, hosts, in_process, refused, signals_reset
from tests.tiers import sampled, slow
from verify.record import load
from verify.store import NAME, Store

CASES = [f"Upsample(factor=(2,)) x=(1, 2, {n}) float32 seed={n}" for n in range(2, 40)]
SLOWLY = "import time; time.sleep(0.015 * (abs(x).sum() > 1)); x = x.repeat(2, axis=2)"
"""x doubled after a while, but at once for the gradient's ones."""


def waiting(gate: Path, body: str = SLOWLY) -> str:
    """The same, but for the longer half of the cases not before a file is gone: a run with an end that does not depend on the machine."""
    return f"import os, time\nwhile x.shape[2] > 20 and os.path.exists({str(gate)!r}): time.sleep(0.02)\n{body}"


def backend(folder: Path, body: str = SLOWLY) -> Path:
    return backend_file(folder, f"{NUMPY}\n\ndef upsample(op, at):\n    return {body!r}\n")


def options(path: Path, cases: list[str] = CASES) -> list[str]:
    return ["--backend", str(path), *(word for case in cases for word in ("--case", case))]


@contextmanager
def begun(*arguments: str | Path, marker: str = "", limit: int | None = None) -> Iterator[subprocess.Popen[str]]:
    """A command that has begun and has not been waited for."""

    def before_it_starts() -> None:
        signals_reset()
        if limit:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    command = [sys.executable, "-m", "concordant", *map(str, arguments)]
    with subprocess.Popen(
        command, cwd=HOME, env=os.environ | {"CONCORDANT_TEST": marker}, text=True, preexec_fn=before_it_starts,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def ended(process: subprocess.Popen[str]) -> Ended:
    out, err = process.communicate(timeout=60)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def has_kept(folder: Path, verdicts: int) -> None:
    """Wait until so many are in the write-ahead log, which can be looked at while it is written."""
    wal, until = folder / f"{NAME}-wal", time.monotonic() + 60
    while not (wal.exists() and wal.stat().st_size > 4096 * (verdicts + 12)) and time.monotonic() < until:
        time.sleep(0.01)


def killed(process: subprocess.Popen[str]) -> int:
    process.kill()
    return process.wait()


def is_gone(marker: str) -> bool:
    until = time.monotonic() + 10
    while hosts(marker) and time.monotonic() < until:
        time.sleep(0.05)
    return not hosts(marker)


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mine")
    return backend(folder, waiting(folder / "gate"))


@pytest.fixture
def gate(mine: Path) -> Iterator[Path]:
    """A file that holds up the longer half of the cases for as long as it is there."""
    path = mine.parent / "gate"
    path.touch()
    yield path
    path.unlink(missing_ok=True)


@pytest.fixture(scope="module")
def undisturbed(mine: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The report of a run that nothing happened to."""
    out = tmp_path_factory.mktemp("undisturbed")
    assert concordant("run", *options(mine), "--out", out).returncode == 0
    return (out / "report.json").read_bytes()


# ---- killed, and gone on with ----


@pytest.mark.parametrize("kills", [2, pytest.param(6, marks=slow), pytest.param(60, marks=pytest.mark.soak)])
def test_a_run_that_is_killed_ends_with_the_same_report(kills: int, mine: Path, undisturbed: bytes, tmp_path: Path) -> None:
    """SIGKILL at random moments: while it starts, asks, writes."""
    chance, marker, out = random.Random(kills), uuid4().hex, tmp_path / "out"
    command = ["run", *options(mine), "--out", out]
    for _ in range(kills):
        with begun(*command, marker=marker) as process:
            time.sleep(chance.uniform(0.6, 1.6))
            killed(process)
        assert is_gone(marker)
        if (out / "report.json").exists():
            assert (out / "report.json").read_bytes() == undisturbed
            shutil.rmtree(out)
        command = ["run", "--resume", out] if (out / NAME).exists() and readable(out) else ["run", *options(mine), "--out", out]
    done = concordant(*command)
    assert done.returncode == 0, done.stderr
    assert (out / "report.json").read_bytes() == undisturbed
    assert not [path for path in out.iterdir() if path.name not in (NAME, "report.json")]


def readable(folder: Path) -> bool:
    """Whether the plan had been written."""
    try:
        with Store.opened(folder):
            return True
    except ValueError:
        return False


def test_what_was_answered_is_not_asked_again(tmp_path: Path) -> None:
    """Every question leaves its length in a file."""
    log, out, gate = tmp_path / "log", tmp_path / "out", tmp_path / "gate"
    mine = backend(tmp_path, waiting(gate, f"open({str(log)!r}, 'a').write(str(x.shape[2]) + ' '); {SLOWLY}"))
    gate.touch()
    with begun("run", *options(mine), "--out", out) as process:
        has_kept(out, 12)
        killed(process)
    gate.unlink()
    with Store.opened(out) as store:
        before = set(store.kept("mine"))
    log.unlink()
    assert concordant("run", "--resume", out, "--quiet").returncode == 0
    asked = {f"Upsample(factor=(2,)) x=(1, 2, {n}) float32 seed={n}" for n in set(log.read_text().split())}
    assert len(before) >= 4
    assert asked == set(CASES) - before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_leaves_a_report_and_the_run_can_go_on(
    number: int, mine: Path, undisturbed: bytes, gate: Path, tmp_path: Path
) -> None:
    """Also where the test itself was started by a background shell, which ignores SIGINT."""
    marker = uuid4().hex
    inherited = signal.signal(number, signal.SIG_IGN)
    try:
        with begun("run", *options(mine), "--out", tmp_path, marker=marker) as process:
            has_kept(tmp_path, 8)
            process.send_signal(number)
            stopped = ended(process)
    finally:
        signal.signal(number, inherited)
    gate.unlink()
    assert (stopped.returncode, stopped.stderr) == (130, "")
    assert is_gone(marker)
    report = load(tmp_path / "report.json")
    assert report.summary.interrupted
    assert 0 < len(report.records) < 2 * len(CASES)
    assert concordant("run", "--resume", tmp_path).returncode == 0
    assert (tmp_path / "report.json").read_bytes() == undisturbed


@pytest.mark.parametrize("body", ["import time; time.sleep(1000)", "while True: pass", "import ctypes; ctypes.PyDLL(None).sleep(1000)"])
def test_no_host_outlives_its_parent(body: str, tmp_path: Path) -> None:
    """Not even one that hangs, in Python or in native code that holds its lock."""
    marker = uuid4().hex
    with begun("run", *options(backend(tmp_path, body), CASES[:1]), "--out", tmp_path, marker=marker) as process:
        until = time.monotonic() + 60
        while not any("host.py" in line for line in hosts(marker)) and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(0.5)
        assert any("host.py" in line for line in hosts(marker))
        killed(process)
    assert is_gone(marker)


# ---- shards and hosts ----


@pytest.mark.parametrize("shards", sampled([2, 3], 2))
def test_shards_put_together_are_the_whole(shards: int, mine: Path, undisturbed: bytes, tmp_path: Path) -> None:
    parts = [tmp_path / str(i) for i in range(1, shards + 1)]
    for i, part in enumerate(parts, start=1):
        assert concordant("run", *options(mine), "--shard", f"{i}/{shards}", "--out", part).returncode == 0
    assert concordant("merge", *reversed(parts), "--out", tmp_path / "whole").returncode == 0
    assert (tmp_path / "whole" / "report.json").read_bytes() == undisturbed


@slow
def test_theorems_are_dealt_out_too(tmp_path: Path) -> None:
    """A suite asked whole: its floor is that of the whole, and no theorem is torn apart."""
    text = f"{NUMPY}\n\ndef upsample(op, at):\n    raise Unsupported('not today')\n"
    mine = backend_file(tmp_path, text)
    whole = ["run", "--backend", str(mine), "--suite", "quick", "--quiet"]
    assert concordant(*whole, "--out", tmp_path / "undealt").returncode == 1
    for i in (1, 2):
        assert concordant(*whole, "--shard", f"{i}/2", "--out", tmp_path / str(i)).returncode == 1
    assert concordant("merge", tmp_path / "1", tmp_path / "2", "--out", tmp_path / "dealt").returncode == 1
    assert (tmp_path / "dealt" / "report.json").read_bytes() == (tmp_path / "undealt" / "report.json").read_bytes()
    parts = [load(tmp_path / str(i) / "report.json") for i in (1, 2)]
    assert not set(parts[0].theorems) & set(parts[1].theorems)
    assert all(part.theorems and part.summary.questions and part.summary.floor == 0 for part in parts)


@pytest.mark.parametrize("cores", sampled(["1", "3"], "3"))
def test_the_number_of_hosts_changes_nothing(cores: str, mine: Path, undisturbed: bytes, tmp_path: Path) -> None:
    assert concordant("run", *options(mine), "--cores", cores, "--out", tmp_path).returncode == 0
    assert (tmp_path / "report.json").read_bytes() == undisturbed


def test_several_hosts_share_the_work(tmp_path: Path) -> None:
    """Each says who it is by being wrong."""
    mine = backend(tmp_path, "import os; x = x.repeat(2, axis=2) + os.getpid()")
    concordant("run", *options(mine), "--cores", "3", "--out", tmp_path, "--no-shrink")
    reasons = {r.difference.got for r in load(tmp_path / "report.json").records if r.difference}
    assert len(reasons) > 1


# ---- what goes wrong around it ----


def test_two_runs_do_not_disturb_each_other(tmp_path: Path) -> None:
    """Not even if they are sent to one folder: the second is turned away."""
    slow = options(backend(tmp_path, SLOWLY.replace("0.015", "1")))
    with begun("run", *slow, "--out", tmp_path / "out") as process:
        has_kept(tmp_path / "out", 1)
        for command in (["run", *slow, "--out", tmp_path / "out"], ["run", "--resume", tmp_path / "out"], ["merge", tmp_path / "out"]):
            refused(in_process(*command), "another run is writing to", str(tmp_path / "out"))
        assert process.poll() is None
        killed(process)
    with Store.opened(tmp_path / "out") as store:
        assert store.kept("mine")


def test_a_full_disk_loses_nothing(mine: Path, undisturbed: bytes, tmp_path: Path) -> None:
    """Files cannot grow over 64 KiB, as on a disk that is full; then there is room again."""
    with begun("run", *options(mine), "--out", tmp_path, limit=1 << 16) as process:
        refused(ended(process), str(tmp_path), "cannot be written", "what was judged before is kept")
    with Store.opened(tmp_path) as store:
        assert 0 < len(store.kept("mine")) < len(CASES)
    assert concordant("run", "--resume", tmp_path).returncode == 0
    assert (tmp_path / "report.json").read_bytes() == undisturbed


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--seed", "3"], ("leave out --seed",)),
        (["--backend", "torch"], ("leave out --backend",)),
        (["--out", "elsewhere"], ("leave out --out",)),
    ],
)
def test_a_run_goes_on_as_it_was_begun(more: list[str], words: tuple[str, ...], mine: Path, tmp_path: Path) -> None:
    assert concordant("run", *options(mine, CASES[:1]), "--out", tmp_path).returncode == 0
    refused(in_process("run", "--resume", tmp_path, *more), *words)


def test_a_run_of_other_code_does_not_go_on(tmp_path: Path) -> None:
    assert concordant("run", *options(backend(tmp_path), CASES[:1]), "--out", tmp_path / "out").returncode == 0
    backend(tmp_path, "x = x.repeat(2, axis=2)")
    refused(in_process("run", "--resume", tmp_path / "out"), "another version of concordant or of a backend file", "begin a new run")


def test_a_run_in_another_environment_does_not_go_on(mine: Path, tmp_path: Path) -> None:
    assert concordant("run", *options(mine, CASES[:1]), "--out", tmp_path).returncode == 0
    refused(concordant("run", "--resume", tmp_path, TF_ENABLE_ONEDNN_OPTS="0"), "TF_ENABLE_ONEDNN_OPTS", "begin a new run")


def test_verdicts_on_other_outputs_are_told(mine: Path, tmp_path: Path) -> None:
    """A store whose verdicts name what the case has not is not believed."""
    assert concordant("run", *options(mine, CASES[:2]), "--out", tmp_path).returncode == 0
    with sqlite3.connect(tmp_path / NAME) as db:
        db.execute("UPDATE verdict SET json = replace(json, '\"dx\"', '\"dw\"') WHERE asked = ?", (CASES[1],))
    db.close()
    refused(concordant("run", "--resume", tmp_path), f"holds verdicts on y, dw of {CASES[1]}, whose outputs are y, dx", "begin a new run")


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE verdict RENAME TO other; CREATE VIEW verdict AS SELECT * FROM other",
        "ALTER TABLE note RENAME TO other; CREATE VIEW note AS SELECT * FROM other",
        "CREATE TRIGGER more AFTER INSERT ON verdict BEGIN DELETE FROM verdict; END",
        "DROP TABLE verdict",
        "DROP TABLE verdict; CREATE TABLE verdict (runtime, asked, json)",
    ],
)
def test_a_store_with_other_tables_is_told(change: str, mine: Path, tmp_path: Path) -> None:
    """Views, triggers, tables of another form."""
    assert concordant("run", *options(mine, CASES[:1]), "--out", tmp_path / "1").returncode == 0
    with sqlite3.connect(tmp_path / "1" / NAME) as db:
        db.executescript(change)
    db.close()
    for command in (["run", "--resume", tmp_path / "1"], ["merge", tmp_path / "1", "--out", tmp_path / "merged"]):
        refused(concordant(*command), "is no run of concordant's: it holds other tables, or views", "begin a new one")


@pytest.mark.parametrize("content", [b"", b"no database at all, and longer than its header would be" * 9, None, "empty", "newer", "notes"])
def test_what_is_no_run_is_told(content: bytes | str | None, tmp_path: Path) -> None:
    path = tmp_path / NAME
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content:
        with sqlite3.connect(path) as db:
            db.executescript(
                {
                    "empty": "CREATE TABLE other (x)",
                    "newer": "PRAGMA user_version = 99",
                    "notes": "CREATE TABLE note (name, json); INSERT INTO note VALUES ('plan', '[3]'); PRAGMA user_version = 1",
                }[content]
            )
        db.close()
    for command in (["run", "--resume", tmp_path], ["merge", tmp_path, "--out", tmp_path / "merged"]):
        refused(in_process(*command), str(tmp_path))


def test_a_new_run_takes_the_place_of_whatever_was_there(mine: Path, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / NAME) as db:
        db.executescript("CREATE TABLE verdict (x); CREATE VIEW note AS SELECT 1; CREATE TABLE third (x)")
    db.close()
    (tmp_path / "report.json.123.part").write_text("half")
    assert concordant("run", *options(mine, CASES[:2]), "--out", tmp_path).returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.json", NAME]


def test_shards_that_do_not_make_one_run_are_told(mine: Path, tmp_path: Path) -> None:
    for i in (1, 2):
        concordant("run", *options(mine, CASES[:4]), "--shard", f"{i}/2", "--out", tmp_path / str(i))
    concordant("run", *options(mine, CASES[:4]), "--seed", "5", "--shard", "2/2", "--out", tmp_path / "other")
    first, second, out = tmp_path / "1", tmp_path / "2", tmp_path / "whole"
    refused(in_process("merge", first, "--out", out), "shard 2/2 is not there")
    refused(in_process("merge", first, first, "--out", out), "another run")
    refused(in_process("merge", first, second, "--out", first), "another run")
    refused(in_process("merge", first, tmp_path / "other", "--out", out), "of another run")
    assert concordant("merge", first, second, "--out", out).returncode == 0


@pytest.mark.usefixtures("gate")
def test_a_shard_that_was_not_finished_is_told(mine: Path, tmp_path: Path) -> None:
    with begun("run", *options(mine), "--shard", "1/1", "--out", tmp_path / "1") as process:
        has_kept(tmp_path / "1", 6)
        killed(process)
    said = f"of {len(CASES)} questions to mine have no answer"
    refused(in_process("merge", tmp_path / "1", "--out", tmp_path / "whole"), said, "--resume")


@pytest.mark.parametrize("shard", ["0/2", "3/2", "1", "a/b", "1/0", "-1/2", "1/2/3"])
def test_a_shard_that_is_none(shard: str, mine: Path, tmp_path: Path) -> None:
    refused(in_process("run", *options(mine), "--shard", shard, "--out", tmp_path), "--shard is", shard)


def test_a_shard_of_nothing(mine: Path, tmp_path: Path) -> None:
    refused(in_process("run", *options(mine, CASES[:2]), "--shard", "3/3", "--out", tmp_path), "no question is left")


# ---- memory ----


def test_a_host_that_wants_all_memory_costs_one_question(tmp_path: Path) -> None:
    body = "x = x.repeat(2, axis=2) if x.shape[2] != 5 else np.ones((1 << 36,))"
    ran = concordant("run", *options(backend(tmp_path, body), CASES[:8]), "--memory", "1", "--out", tmp_path)
    assert ran.returncode == 1
    records = load(tmp_path / "report.json").records
    bad = [r for r in records if r.verdict != "agree"]
    assert len(records) == 16
    assert {(r.question, r.verdict) for r in bad} == {(CASES[3], "refused")}
    assert "Unable to allocate" in bad[0].reason


def test_noise_without_end_fills_no_disk(tmp_path: Path) -> None:
    """What a host prints goes into a file that may not grow over 128 MiB."""
    body = "import os; [os.write(1, b'n' * (1 << 22)) for _ in range(64)] if x.shape[2] == 5 else None; x = x.repeat(2, axis=2)"
    ran = concordant("run", *options(backend(tmp_path, body), CASES[:6]), "--out", tmp_path)
    assert ran.returncode == 1
    bad = {(r.question, r.verdict) for r in load(tmp_path / "report.json").records if r.verdict != "agree"}
    assert bad == {(CASES[3], "refused")}
