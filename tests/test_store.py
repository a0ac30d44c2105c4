"""A run that is killed, resumed, split in shards, short of disk or of memory: nothing is lost, and the records stay the same."""

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
from msgspec import structs

from tests.command import HOME, NUMPY, Ended, backend_file, concordant, in_process, refused, signals_reset, workers
from tests.test_scheduler import KILLED
from tests.tiers import sampled, slow
from verify.record import load
from verify.store import FORMAT, NAME, Store

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
    while workers(marker) and time.monotonic() < until:
        time.sleep(0.05)
    return not workers(marker)


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
        begun_before = (out / NAME).exists() and readable(out)
        command = ["run", "--resume", out, "--backend", mine] if begun_before else ["run", *options(mine), "--out", out]
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
    """Every case leaves its length in a file."""
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
    assert concordant("run", "--resume", out, "--backend", mine, "--quiet").returncode == 0
    asked = {f"Upsample(factor=(2,)) x=(1, 2, {n}) float32 seed={n}" for n in set(log.read_text().split())}
    assert len(before) >= 4
    assert asked == set(CASES) - before


@pytest.mark.parametrize("number", sampled([signal.SIGTERM, signal.SIGINT], signal.SIGTERM))
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
    assert concordant("run", "--resume", tmp_path, "--backend", mine).returncode == 0
    assert (tmp_path / "report.json").read_bytes() == undisturbed


HOLDS_THE_LOCK = "import ctypes; ctypes.PyDLL(None).sleep(1000)"


@pytest.mark.parametrize("body", sampled(["import time; time.sleep(1000)", "while True: pass", HOLDS_THE_LOCK], HOLDS_THE_LOCK))
def test_no_host_outlives_its_parent(body: str, tmp_path: Path) -> None:
    """Not even one that hangs, in Python or in native code that holds its lock."""
    marker = uuid4().hex
    with begun("run", *options(backend(tmp_path, body), CASES[:1]), "--out", tmp_path, marker=marker) as process:
        until = time.monotonic() + 60
        while not any("worker.py" in line for line in workers(marker)) and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(0.5)
        assert any("worker.py" in line for line in workers(marker))
        killed(process)
    assert is_gone(marker)


# ---- shards and workers ----


@slow
@pytest.mark.parametrize("shards", [2, 3])
def test_shards_put_together_are_the_whole(shards: int, mine: Path, undisturbed: bytes, tmp_path: Path) -> None:
    parts = [tmp_path / str(i) for i in range(1, shards + 1)]
    for i, part in enumerate(parts, start=1):
        assert concordant("run", *options(mine), "--shard", f"{i}/{shards}", "--out", part).returncode == 0
    assert concordant("merge", *reversed(parts), "--out", tmp_path / "whole").returncode == 0
    assert (tmp_path / "whole" / "report.json").read_bytes() == undisturbed


@slow
def test_theorems_are_dealt_out_too(tmp_path: Path) -> None:
    """A suite asked whole: its minimum_agreement is that of the whole, and no theorem is torn apart."""
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
    assert all(part.theorems and part.summary.cases and part.summary.minimum_agreement == 0 for part in parts)


@slow
@pytest.mark.parametrize("cores", sampled(["1", "3"], "3"))
def test_the_number_of_hosts_changes_nothing(cores: str, mine: Path, undisturbed: bytes, tmp_path: Path) -> None:
    assert concordant("run", *options(mine), "--cores", cores, "--out", tmp_path).returncode == 0
    assert (tmp_path / "report.json").read_bytes() == undisturbed


@slow
def test_several_hosts_share_the_work(tmp_path: Path) -> None:
    """Each says who it is by being wrong."""
    mine = backend(tmp_path, "import os; x = x.repeat(2, axis=2) + os.getpid()")
    concordant("run", *options(mine), "--cores", "3", "--out", tmp_path, "--no-shrink")
    reasons = {r.difference.got for r in load(tmp_path / "report.json").records if r.difference}
    assert len(reasons) > 1


# ---- folders from outside ----

HOSTILE = """
from pathlib import Path
Path({marker!r}).touch()
"""


def hostile(folder: Path, tmp_path: Path, *names: str) -> Path:
    """A finished run's folder whose plan names other backends, with its digest as it was; and the marker they would leave."""
    with Store.opened(folder) as store:
        store._note("plan", structs.replace(store.plan, backends=list(names)))
    return tmp_path / "marker"


@pytest.fixture
def attacks(tmp_path: Path) -> dict[str, str]:
    """What a plan may name, each of which leaves a marker once it is run."""
    marker = str(tmp_path / "marker")
    file, package, python = tmp_path / "evil.py", tmp_path / "evil", tmp_path / "python"
    file.write_text(HOSTILE.format(marker=marker) + NUMPY)
    package.mkdir()
    (package / "__init__.py").write_text(HOSTILE.format(marker=marker))
    (package / "module.py").write_text(NUMPY)
    python.write_text(f"#!/bin/sh\ntouch {marker}\nexec {sys.executable} \"$@\"\n")
    python.chmod(0o755)
    return {
        "file": str(file), "module": "evil.module", "interpreter": f"torch={python}", "both": f"{file}={python}",
        "ours by path": str(HOME / "backends" / "torch" / "write.py"), "not there": str(tmp_path / "nothing.py"),
    }  # fmt: skip


@pytest.mark.parametrize("kind", sampled(["file", "module", "interpreter", "both", "ours by path", "not there"], "file", "both"))
def test_a_folder_from_outside_runs_nothing(kind: str, attacks: dict[str, str], mine: Path, tmp_path: Path) -> None:
    """Its plan names a file, a module or an interpreter. `merge` asks for none of them; `--resume` only if the user names it too."""
    out = tmp_path / "part"
    assert concordant("run", *options(mine, CASES[:2]), "--out", out).returncode == 0
    marker = hostile(out, tmp_path, attacks[kind])
    merged = concordant("merge", out, "--out", tmp_path / "whole", PYTHONPATH=str(tmp_path))
    assert merged.returncode == 0, merged.stderr
    assert {r.runtime for r in load(tmp_path / "whole" / "report.json").records} == {"mine"}
    refused(concordant("run", "--resume", out, PYTHONPATH=str(tmp_path)), "only if you name it again", "--backend", attacks[kind])
    assert not marker.exists()


@slow
def test_what_the_user_names_again_must_be_what_was_run(attacks: dict[str, str], mine: Path, tmp_path: Path) -> None:
    """A file or module of another digest than the stored one is not run."""
    out = tmp_path / "part"
    assert concordant("run", *options(mine, CASES[:2]), "--out", out).returncode == 0
    for kind in ("file", "module", "both", "not there"):
        marker = hostile(out, tmp_path, attacks[kind])
        again = concordant("run", "--resume", out, "--backend", attacks[kind], PYTHONPATH=str(tmp_path))
        refused(again, "another version of concordant or of a backend file")
        assert not marker.exists()


@slow
def test_a_folder_whose_backends_have_other_names_runs_nothing(mine: Path, tmp_path: Path) -> None:
    """The plan says torch, the verdicts are on mine."""
    out = tmp_path / "part"
    assert concordant("run", *options(mine, CASES[:2]), "--out", out).returncode == 0
    hostile(out, tmp_path, "torch")
    refused(concordant("run", "--resume", out), "another version of concordant or of a backend file")


@slow
def test_a_plan_of_very_many_shards_costs_nothing(mine: Path, tmp_path: Path) -> None:
    out = tmp_path / "part"
    assert concordant("run", *options(mine, CASES[:2]), "--out", out).returncode == 0
    with Store.opened(out) as store:
        store._note("plan", structs.replace(store.plan, shard=(1, 1 << 60)))
    refused(concordant("merge", out, "--out", tmp_path / "whole"), "shard 2/", "and others", "is not there")


SOME_UNSAID = """
def upsample(op, at):
    if at.x[2] == 3:
        raise Unsupported("not of three pixels")
    if at.x[2] == 4:
        raise ZeroDivisionError("a fault of the backend file")
    return "x = x.repeat(2, axis=2)"
"""


@slow
def test_what_a_backend_cannot_say_is_stored_too(tmp_path: Path) -> None:
    """Merged and resumed reports are as they would be, though the backend file is there no more."""
    mine = backend_file(tmp_path, f"{NUMPY}\n{SOME_UNSAID}")
    assert concordant("run", *options(mine, CASES[:5]), "--out", tmp_path / "undivided").returncode == 1
    expected = (tmp_path / "undivided" / "report.json").read_bytes()
    assert {r.verdict for r in load(tmp_path / "undivided" / "report.json").records} == {"agree", "raised"}
    assert load(tmp_path / "undivided" / "report.json").runtimes["mine"].not_offered == {"not of three pixels": 1}
    parts = [tmp_path / str(i) for i in (1, 2)]
    for i, part in enumerate(parts, start=1):
        concordant("run", *options(mine, CASES[:5]), "--shard", f"{i}/2", "--out", part)
    assert concordant("run", "--resume", tmp_path / "undivided", "--backend", mine).returncode == 1
    assert (tmp_path / "undivided" / "report.json").read_bytes() == expected
    mine.unlink()
    assert concordant("merge", *parts, "--out", tmp_path / "whole").returncode == 1
    assert (tmp_path / "whole" / "report.json").read_bytes() == expected


@slow
def test_a_backend_file_with_two_runtimes_goes_on(tmp_path: Path) -> None:
    two = NUMPY.replace('"mine": Runtime(packages=("numpy",), glue=GLUE)', '"one": Runtime(packages=("numpy",), glue=GLUE), "two": '
                        'Runtime(packages=("numpy",), glue=GLUE, batch_flags={"MINE": "1"})')  # fmt: skip
    mine = backend_file(tmp_path, f"{two}\ndef upsample(op, at):\n    return 'x = x.repeat(2, axis=2)'\n")
    assert concordant("run", *options(mine, CASES[:3]), "--out", tmp_path / "out").returncode == 0
    expected = (tmp_path / "out" / "report.json").read_bytes()
    assert concordant("run", "--resume", tmp_path / "out", "--backend", mine).returncode == 0
    assert (tmp_path / "out" / "report.json").read_bytes() == expected
    assert concordant("merge", tmp_path / "out", "--out", tmp_path / "whole").returncode == 0
    assert (tmp_path / "whole" / "report.json").read_bytes() == expected


# ---- what goes wrong around it ----


@slow
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


@slow
def test_a_full_disk_loses_nothing(mine: Path, undisturbed: bytes, tmp_path: Path) -> None:
    """Files cannot grow over 64 KiB, as on a disk that is full; then there is room again."""
    with begun("run", *options(mine), "--out", tmp_path, limit=1 << 16) as process:
        refused(ended(process), str(tmp_path), "cannot be written", "what was judged before is kept")
    with Store.opened(tmp_path) as store:
        assert 0 < len(store.kept("mine")) < len(CASES)
    assert concordant("run", "--resume", tmp_path, "--backend", mine).returncode == 0
    assert (tmp_path / "report.json").read_bytes() == undisturbed


@slow
@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--seed", "3"], ("leave out --seed",)),
        (["--backend", "torch"], ("was begun with --backend", "not torch", "leave out --backend torch")),
        (["--max-work", "3"], ("leave out --max-work",)),
        (["--out", "elsewhere"], ("leave out --out",)),
    ],
)
def test_a_run_goes_on_as_it_was_begun(more: list[str], words: tuple[str, ...], mine: Path, tmp_path: Path) -> None:
    assert concordant("run", *options(mine, CASES[:1]), "--out", tmp_path).returncode == 0
    refused(in_process("run", "--resume", tmp_path, *more), *words)


def test_a_run_of_other_code_does_not_go_on(tmp_path: Path) -> None:
    assert concordant("run", *options(backend(tmp_path), CASES[:1]), "--out", tmp_path / "out").returncode == 0
    backend(tmp_path, "x = x.repeat(2, axis=2)")
    again = in_process("run", "--resume", tmp_path / "out", "--backend", tmp_path / "mine.py")
    refused(again, "another version of concordant or of a backend file", "begin a new run")


@slow
def test_a_run_in_another_environment_does_not_go_on(mine: Path, tmp_path: Path) -> None:
    assert concordant("run", *options(mine, CASES[:1]), "--out", tmp_path).returncode == 0
    again = concordant("run", "--resume", tmp_path, "--backend", mine, TF_ENABLE_ONEDNN_OPTS="another")
    refused(again, "TF_ENABLE_ONEDNN_OPTS", "begin a new run")


@slow
def test_verdicts_on_other_outputs_are_told(mine: Path, tmp_path: Path) -> None:
    """A store whose verdicts name what the case has not is not believed."""
    assert concordant("run", *options(mine, CASES[:2]), "--out", tmp_path).returncode == 0
    with sqlite3.connect(tmp_path / NAME) as db:
        db.execute("UPDATE verdict SET json = replace(json, '\"dx\"', '\"dw\"') WHERE asked = ?", (CASES[1],))
    db.close()
    again = concordant("run", "--resume", tmp_path, "--backend", mine)
    refused(again, f"holds verdicts on y, dw of {CASES[1]}, whose outputs are y, dx", "begin a new run")


@slow
def test_parts_of_unequal_machines_are_not_merged(mine: Path, tmp_path: Path) -> None:
    """Which known deviations apply follows from facts, which are then not those of the whole."""
    for n in (1, 2):
        assert concordant("run", *options(mine, CASES[:4]), "--shard", f"{n}/2", "--out", tmp_path / str(n)).returncode == 0
    with sqlite3.connect(tmp_path / "2" / NAME) as db:
        db.execute("UPDATE note SET json = replace(json, '\"cpu_isa\":\"', '\"cpu_isa\":\"other ') WHERE name = 'runtime mine'")
    db.close()
    merged = concordant("merge", tmp_path / "1", tmp_path / "2", "--out", tmp_path / "whole")
    refused(merged, "2 was run on another machine than", "cpu_isa is other", "run all parts on equal machines")


@pytest.mark.parametrize(
    "change",
    sampled([
        "ALTER TABLE verdict RENAME TO other; CREATE VIEW verdict AS SELECT * FROM other",
        "ALTER TABLE note RENAME TO other; CREATE VIEW note AS SELECT * FROM other",
        "CREATE TRIGGER more AFTER INSERT ON verdict BEGIN DELETE FROM verdict; END",
        "DROP TABLE verdict",
        "DROP TABLE verdict; CREATE TABLE verdict (runtime, asked, json)",
    ], "DROP TABLE verdict"),
)  # fmt: skip
def test_a_store_with_other_tables_is_told(change: str, mine: Path, tmp_path: Path) -> None:
    """Views, triggers, tables of another form."""
    assert concordant("run", *options(mine, CASES[:1]), "--out", tmp_path / "1").returncode == 0
    with sqlite3.connect(tmp_path / "1" / NAME) as db:
        db.executescript(change)
    db.close()
    for command in (["run", "--resume", tmp_path / "1", "--backend", mine], ["merge", tmp_path / "1", "--out", tmp_path / "merged"]):
        refused(concordant(*command), "is no run of concordant's: it holds other tables, or views", "begin a new one")


NO_DATABASE = b"no database at all, and longer than its header would be" * 9


@pytest.mark.parametrize("content", [b"", NO_DATABASE, None, "empty", "older", "newer", "notes"])
def test_what_is_no_run_is_told(content: bytes | str | None, tmp_path: Path) -> None:
    path = tmp_path / NAME
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content:
        with sqlite3.connect(path) as db:
            db.executescript(
                {
                    "empty": "CREATE TABLE other (x)",
                    "older": "PRAGMA user_version = 1",
                    "newer": "PRAGMA user_version = 99",
                    "notes": f"CREATE TABLE note (name, json); INSERT INTO note VALUES ('plan', '[3]'); PRAGMA user_version = {FORMAT}",
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


@slow
def test_shards_that_do_not_make_one_run_are_told(mine: Path, tmp_path: Path) -> None:
    for i in (1, 2):
        concordant("run", *options(mine, CASES[:4]), "--shard", f"{i}/2", "--out", tmp_path / str(i))
    concordant("run", *options(mine, CASES[:4]), "--seed", "5", "--shard", "2/2", "--out", tmp_path / "other")
    first, second, out = tmp_path / "1", tmp_path / "2", tmp_path / "whole"
    refused(in_process("merge", first, "--out", out), "shard 2/2 is not there")
    refused(in_process("merge", first, first, "--out", out), "another run")
    refused(in_process("merge", first, second, "--out", first), "another run")
    refused(in_process("merge", first, tmp_path / "other", "--out", out), "have other options or versions")
    assert concordant("merge", first, second, "--out", out).returncode == 0


@pytest.mark.usefixtures("gate")
def test_a_shard_that_was_not_finished_is_told(mine: Path, tmp_path: Path) -> None:
    with begun("run", *options(mine), "--shard", "1/1", "--out", tmp_path / "1") as process:
        has_kept(tmp_path / "1", 6)
        killed(process)
    said = f"of {len(CASES)} cases to mine have no answer"
    refused(in_process("merge", tmp_path / "1", "--out", tmp_path / "whole"), said, "--resume")


@pytest.mark.parametrize("shard", ["0/2", "3/2", "1", "a/b", "1/0", "-1/2", "1/2/3"])
def test_a_shard_that_is_none(shard: str, mine: Path, tmp_path: Path) -> None:
    refused(in_process("run", *options(mine), "--shard", shard, "--out", tmp_path), "--shard is", shard)


def test_a_shard_of_nothing(mine: Path, tmp_path: Path) -> None:
    refused(in_process("run", *options(mine, CASES[:2]), "--shard", "3/3", "--out", tmp_path), "no case is left")


# ---- workers that die while they start ----


def killed_starting(folder: Path, times: int) -> Path:
    """The backend of the others, whose worker is killed so many times while it starts."""
    begin = KILLED.format(path=str(folder / "count"), times=times)
    text = NUMPY.replace('GLUE = """\n', f'GLUE = """\n{begin}', 1)
    assert text != NUMPY
    return backend_file(folder, text + f"\n\ndef upsample(op, at):\n    return {SLOWLY!r}\n")


def test_a_worker_killed_while_it_starts_costs_one_restart(tmp_path: Path) -> None:
    """As the system does when it is out of memory: the records are those of a run that nothing happened to."""
    reports = []
    for times in (0, 1):
        (tmp_path / "count").unlink(missing_ok=True)
        mine = killed_starting(tmp_path, times)
        assert concordant("run", *options(mine, CASES[:5]), "--cores", "1", "--out", tmp_path / "out").returncode == 0
        assert len((tmp_path / "count").read_text()) == times + 1
        reports.append((tmp_path / "out" / "report.json").read_bytes())
    assert reports[0] == reports[1]


@slow
def test_a_worker_that_never_starts_fails_its_runtime_in_one_sentence(tmp_path: Path) -> None:
    """Its cases were not run: there is no record of them, and nothing agrees."""
    mine = killed_starting(tmp_path, 99)
    ran = concordant("run", *options(mine, CASES[:5]), "--cores", "1", "--out", tmp_path / "out")
    report = load(tmp_path / "out" / "report.json")
    assert (ran.returncode, report.summary.exit, report.records) == (1, 1, [])
    runtime = report.runtimes["mine"]
    assert (runtime.status, runtime.not_run, runtime.verdicts) == ("failed", 5, {})
    said = "the worker process died 3 times while it started: the worker was ended by signal SIGKILL; 5 of 5 cases were not run"
    assert runtime.reason == said
    assert ran.stdout.count("SIGKILL") == 1
    assert "agree 5" not in ran.stdout
    refused(concordant("merge", tmp_path / "out", "--out", tmp_path / "whole"), "5 of 5 cases to mine have no answer", "--resume")
    (tmp_path / "count").write_text("." * 100)  # now it starts
    assert concordant("run", "--resume", tmp_path / "out", "--backend", mine).returncode == 0
    assert len(load(tmp_path / "out" / "report.json").records) == 10


def test_what_was_run_before_no_worker_starts_is_kept(tmp_path: Path) -> None:
    """The third case ends the only worker that ever starts, and what that leaves open is not run."""
    mine = killed_starting(tmp_path, 99)
    begin = "len(count.read_text()) <= 99"
    text = mine.read_text().replace(begin, "len(count.read_text()) > 1").replace(repr(SLOWLY), repr(
        "import os; x = x.repeat(2, axis=2) if x.shape[2] != 4 else os.abort()"
    ))  # fmt: skip
    mine.write_text(text)
    ran = concordant("run", *options(mine, CASES[:5]), "--cores", "1", "--out", tmp_path / "out")
    report = load(tmp_path / "out" / "report.json")
    assert ran.returncode == 1
    assert {r.verdict for r in report.records} == {"agree"}
    asked = {r.case for r in report.records}
    assert CASES[2] not in asked
    assert report.runtimes["mine"].not_run == 5 - len(asked)


# ---- memory ----


def test_a_host_that_wants_all_memory_costs_one_question(tmp_path: Path) -> None:
    body = "x = x.repeat(2, axis=2) if x.shape[2] != 5 else np.ones((1 << 36,))"
    ran = concordant("run", *options(backend(tmp_path, body), CASES[:8]), "--memory", "1", "--out", tmp_path)
    assert ran.returncode == 1
    records = load(tmp_path / "report.json").records
    bad = [r for r in records if r.verdict != "agree"]
    assert len(records) == 16
    assert {(r.case, r.verdict) for r in bad} == {(CASES[3], "raised")}
    assert "Unable to allocate" in bad[0].reason


def test_noise_without_end_fills_no_disk(tmp_path: Path) -> None:
    """What a worker prints goes into a file that may not grow over 128 MiB."""
    body = "import os; [os.write(1, b'n' * (1 << 22)) for _ in range(64)] if x.shape[2] == 5 else None; x = x.repeat(2, axis=2)"
    ran = concordant("run", *options(backend(tmp_path, body), CASES[:6]), "--out", tmp_path)
    assert ran.returncode == 1
    bad = {(r.case, r.verdict) for r in load(tmp_path / "report.json").records if r.verdict != "agree"}
    assert bad == {(CASES[3], "raised")}
