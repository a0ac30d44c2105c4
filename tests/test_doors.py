"""What a user meets first: help, versions, names that are nearly right, output that is closed, full or not a terminal, folders."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import pytest
from msgspec import structs
from rich.console import Console

from backends import BadBackend
from spec import parse_case
from tests.command import HOME, NUMPY, Ended, backend_file, concordant, numpy_backend, refused
from tests.sample_reports import full, record, report
from tests.test_report_formats import run
from tests.tiers import sampled, slow
from verify.plan import plan
from verify.record import load, save
from verify.report import terminal
from verify.run import Run

UPSAMPLE = "Upsample(factor=(2,)) x=(1, 2, 3) float32 seed=7"
COMMANDS = ("run", "merge", "shrink", "fuzz", "theorems", "claims", "known", "report", "diff", "backends")


# ---- help and names ----


def test_the_version() -> None:
    ended = concordant("--version")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert re.fullmatch(r"concordant \d+\.\d+\.\d+\n", ended.stdout)


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_has_a_short_name_and_no_default_twice(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a default stands, nothing else says another, or that there is none."""
    monkeypatch.setenv("COLUMNS", "300")
    short, long = (run(capsys, *command.split(), option) for option in ("-h", "--help"))
    assert short == long
    assert short[0] == 0
    lines = re.split(r"\n(?=  \S)", short[1])
    assert len(lines) > 2
    for line in lines:
        assert line.count("[default") + line.count("[required]") <= 1, line


def test_completion_is_offered() -> None:
    """bash asks what goes on after `concordant ba`."""
    asked = {"_CONCORDANT_COMPLETE": "complete_bash", "COMP_WORDS": "concordant ba", "COMP_CWORD": "1"}
    code = "import sys; sys.argv[0] = 'concordant'; from concordant import main; main()"
    ended = subprocess.run([sys.executable, "-c", code], cwd=HOME, env=os.environ | asked, capture_output=True, text=True, timeout=60)
    assert ended.stdout.split() == ["backends"], ended.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "--op", "conv"), ("'conv'", "did you mean 'Conv'?")),
        (("run", "--op", "ConvTransposed"), ("did you mean 'ConvTranspose'?",)),
        (("run", "--suite", "qick"), ("'qick'", "quick, standard, full", "did you mean 'quick'?")),
        (("run", "--dtype", "float23"), ("did you mean 'float32'?",)),
        (("run", "--case", "Upsample(factor=(2,)) x=(1, 1, 3) float"), ("'float' is no dtype; did you mean 'float",)),
        (("run", "--case", "Upsample(factor=(2,)) x=(1, 1, 3) float32 integer"), ("did you mean 'integers'?",)),
        (("run", "--data", "integer"), ("did you mean 'integers'?",)),
        (("run", "--data", "compiled"), ("compiled is a mode: --backend torch:compile",)),
        (("run", "--data", "inference"), ("inference is a check: --check shape",)),
        (("run", "--check", "shapes"), ("did you mean 'shape'?",)),
        (("fuzz", "--op", "maxpool"), ("did you mean 'MaxPool'?",)),
        (("report", "--format", "htm"), ("did you mean 'html'?",)),
        (("theorems", "convolutions-compse"), ("did you mean 'convolutions-compose'",)),
        (("theorems", "nothing-like-it-at-all-zzz"), ("`concordant theorems` without a name prints them all",)),
    ],
    ids=lambda value: " ".join(value),
)
def test_a_name_that_is_nearly_right_is_named(
    arguments: tuple[str, ...], words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, printed, err = run(capsys, *arguments, "--out", tmp_path)
    assert (status, printed) == (2, "")
    assert err.count("\n") == 1
    assert len(err) < 700
    assert all(word in err for word in words), err


# ---- from anywhere ----


@pytest.mark.parametrize("names", [(), ("spec", "backends", "verify", "numpy", "rich")], ids=str)
def test_the_module_runs_from_anywhere(names: tuple[str, ...], tmp_path: Path) -> None:
    """Also from a folder in which others' packages have our names."""
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('not this one')")
    ended = subprocess.run([sys.executable, "-m", "concordant", "backends"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "keras-jax" in ended.stdout


# ---- standard output ----


def at(command: str, folder: Path) -> Ended:
    """A line of a shell that knows what a pipe's first program ended with."""
    line = command.format(f"{sys.executable} -m concordant", folder)
    return subprocess.run(["bash", "-c", line], cwd=HOME, capture_output=True, text=True, timeout=120)


LEFT = {
    "a reader that leaves": ("{} known --markdown | head -1; exit ${{PIPESTATUS[0]}}", {0, 141}, ""),
    "a reader that never reads": ("{} backends | true; exit ${{PIPESTATUS[0]}}", {0, 141}, ""),
    "a view without a reader": ("{} report {} --out - | head -c 1; exit ${{PIPESTATUS[0]}}", {0, 141}, ""),
    "bytes without a reader": ("{} report {} --format parquet --out - | head -c 1; exit ${{PIPESTATUS[0]}}", {0, 141}, ""),
    "closed": ("{} backends >&-", {0}, ""),
    "all closed": ("{} backends <&- >&- 2>&-", {0}, ""),
    "full": ("{} backends >/dev/full", {141}, "concordant: standard output cannot be written: No space left on device\n"),
    "full, at once": ("PYTHONUNBUFFERED=1 {} backends >/dev/full", {141}, "No space left on device\n"),
    "full, bytes": ("{} report {} --format parquet --out - >/dev/full", {141}, "No space left on device\n"),
    "full, errors too": ("{} backends >/dev/full 2>/dev/full", {141}, ""),
    "full errors": ("{} backends 2>/dev/full", {0}, ""),
    "help": ("{} --help >/dev/full", {141}, "No space left on device\n"),
    "the version": ("{} --version | true; exit ${{PIPESTATUS[0]}}", {0, 141}, ""),
}


@pytest.mark.parametrize("left", sampled(LEFT, "a view without a reader", "full"))
def test_output_that_cannot_be_written(left: str, tmp_path: Path) -> None:
    """Never status 1, which says that a framework is wrong, and no traceback."""
    command, statuses, said = LEFT[left]
    save(full(), tmp_path / "report.json")
    ended = at(command, tmp_path)
    assert ended.returncode in statuses, ended.stderr
    assert ended.stderr.endswith(said)
    assert ended.stderr.count("\n") == said.count("\n")


@slow
def test_a_run_without_output_leaves_its_files(tmp_path: Path) -> None:
    """With descriptor 1 closed no file is taken for it: the store and the report are whole."""
    path = numpy_backend(tmp_path, "x = x.repeat(2, axis=2)")
    for i, (closed, status) in enumerate([(">&-", 0), ("<&- >&- 2>&-", 0), (">/dev/full", 141)]):
        out = tmp_path / str(i)
        ended = at(f"{{}} run --backend {path} --case '{UPSAMPLE}' --out {out} {closed}", tmp_path)
        assert ended.returncode == status
        assert [r.verdict for r in load(out / "report.json").records] == ["agree", "agree"]
        assert concordant("run", "--resume", out, "--backend", path, "--quiet").returncode == 0


def test_a_wrong_answer_is_status_1_even_if_nobody_reads(tmp_path: Path) -> None:
    path = numpy_backend(tmp_path, "x = x.repeat(2, axis=2) + 1")
    ended = at(f"{{}} run --no-shrink --backend {path} --case '{UPSAMPLE}' --out {tmp_path} >&-", tmp_path)
    assert (ended.returncode, ended.stderr) == (1, "")


def test_without_a_terminal_a_line_of_progress_comes_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "SECONDS_BETWEEN_LINES", 0.05)
    from backends import named

    console = Console(file=io.StringIO(), width=40)
    runs = Run([parse_case(UPSAMPLE)], named(str(numpy_backend(tmp_path, ""))), suite={})
    with terminal.progress(runs, console, quiet=False) as watch:
        watch("mine", "running", 1)
        time.sleep(0.3)
    said = console.file.getvalue()  # type: ignore[attr-defined]
    assert re.fullmatch(r"(0 s: mine running 1/1\n){2,6}", said)
    time.sleep(0.2)
    assert console.file.getvalue() == said  # type: ignore[attr-defined]
    with terminal.progress(runs, console, quiet=False) as watch:
        watch("mine", "done", 1)
        time.sleep(0.3)
    assert re.fullmatch(r"(0 s: 1 of 1 done\n){2,6}", console.file.getvalue().removeprefix(said))  # type: ignore[attr-defined]
    said = console.file.getvalue()  # type: ignore[attr-defined]
    with terminal.progress(runs, console, quiet=True):
        time.sleep(0.2)
    assert console.file.getvalue() == said  # type: ignore[attr-defined]


def test_a_line_every_thirty_seconds() -> None:
    assert terminal.SECONDS_BETWEEN_LINES == 30


@slow
def test_a_long_run_says_so_where_there_is_no_terminal(tmp_path: Path) -> None:
    """From the command line, with a shorter time between lines."""
    path = numpy_backend(tmp_path, "import time; time.sleep(0.5 * (abs(x).sum() > 1)); x = x.repeat(2, axis=2)")
    code = "from verify.report import terminal; terminal.SECONDS_BETWEEN_LINES = 0.2; import concordant; concordant.main()"
    words = [sys.executable, "-c", code, "run", "--backend", str(path), "--case", UPSAMPLE, "--out", str(tmp_path)]
    for quiet in ([], ["--quiet"]):
        ended = subprocess.run([*words, *quiet], cwd=HOME, capture_output=True, text=True, timeout=60)
        assert ended.returncode == 0
        assert bool(re.match(r"0 s: mine \w+ 0/1\n", ended.stderr)) == (not quiet), ended.stderr


def test_one_is_singular(tmp_path: Path) -> None:
    """In a run of one case and in a theorem of one case."""
    path = numpy_backend(tmp_path, "x = x.repeat(2, axis=2)")
    assert " 1 runtime, " in concordant("run", "--backend", path, "--case", UPSAMPLE, "--out", tmp_path).stdout
    made = full()
    one = structs.replace(made.theorems["plain"], equal=1)
    console = Console(file=io.StringIO(), width=200)
    terminal.theorems(structs.replace(made, theorems={"plain": one, "other": structs.replace(one, verdict="holds")}), console)
    terminal.table(structs.replace(made, theorems={"plain": one}), console, quiet=False)
    said = console.file.getvalue()  # type: ignore[attr-defined]
    found = re.findall(r"plain: 1 case; otherwise|its 1 case|\b1 theorem: ", said)
    assert found == ["plain: 1 case; otherwise", "its 1 case", "1 theorem: "]
    assert not re.search(r"\b1 (cases|theorems|runtimes|cases|answers)\b", said)


# ---- folders and files ----


@pytest.mark.parametrize("command", [("known", "{}"), ("report", "{}"), ("diff", "{}", "{}")], ids=" ".join)
def test_a_folder_without_a_report_gets_a_sentence(command: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, printed, err = run(capsys, *(word.format(tmp_path) for word in command))
    assert (status, printed) == (2, "")
    assert err == f"concordant: there is no report.json in {tmp_path}; give a folder that `concordant run --out` wrote to\n"


def test_known_takes_a_folder_or_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(report([record()]), tmp_path / "report.json")
    folder, file = run(capsys, "known", tmp_path), run(capsys, "known", tmp_path / "report.json")
    assert folder == file
    assert folder[0] == 0
    assert "torch-empty-convolution" in folder[1]


@pytest.mark.parametrize(("form", "name"), [("html", "report.html"), ("md", "report.md"), ("junit", "report.xml"), ("csv", "report.csv"),
                                            ("parquet", "report.parquet")])  # fmt: skip
def test_a_view_is_written_beside_its_report(form: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And its path printed, and nothing else."""
    save(full(), tmp_path / "report.json")
    assert run(capsys, "report", tmp_path, "--format", form) == (0, f"{tmp_path / name}\n", "")
    first = (tmp_path / name).read_bytes()
    shutil.copy(tmp_path / "report.json", tmp_path / "older.json")
    other = str(tmp_path / name).replace("report", "older")
    assert run(capsys, "report", tmp_path / "older.json", "--format", form) == (0, f"{other}\n", "")
    assert first
    assert Path(other).read_bytes() == first or form == "parquet"


@slow
def test_shrink_prints_paths_that_exist(tmp_path: Path) -> None:
    """Of the program and the text, for `run` as well."""
    path = numpy_backend(tmp_path, "x = x.repeat(2, axis=2) + 1")
    for words in (["shrink", UPSAMPLE], ["run", "--shrink", "--case", UPSAMPLE]):
        ended = concordant(*words, "--backend", path, "--out", tmp_path / "out")
        assert ended.returncode == 1
        printed = re.findall(r"program, issue text: (.*)", ended.stdout)
        assert printed
        assert all(Path(path).is_file() for line in printed for path in line.split(", "))


# ---- what is installed ----


def test_no_framework_names_the_command_that_installs_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "missing", lambda backend: "torch is not installed")
    monkeypatch.setattr(plan, "not_probed", lambda backend: "")
    with pytest.raises(BadBackend) as refusal:
        plan.chosen(None)
    assert f"{sys.executable} -m pip install torch" in str(refusal.value)


PROBES = {
    "killed": ("kill -9 $$", "numpy could not be probed: killed by SIGKILL"),
    "stopped": ("echo broken >&2; exit 3", "numpy could not be probed: it ended with status 3: broken"),
    "nonsense": ("echo hello", "numpy could not be probed: "),
    "a list": ("echo []", "numpy could not be probed: "),
}


@pytest.mark.parametrize("kind", sampled(PROBES, "killed"))
def test_a_probe_that_fails_is_not_called_not_installed(kind: str, tmp_path: Path) -> None:
    line, words = PROBES[kind]
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{line}\n")
    python.chmod(0o755)
    path = numpy_backend(tmp_path, "x = x.repeat(2, axis=2)")
    ended = concordant("run", "--backend", f"{path}={python}", "--case", UPSAMPLE, "--out", tmp_path)
    refused(ended, words)
    assert "not installed" not in ended.stderr


def test_a_runtime_that_could_not_be_probed_is_not_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where none is named, those that are not installed are left out in silence, and only those."""
    monkeypatch.setattr(plan, "missing", lambda b: "torch could not be probed: killed by SIGKILL" if b.name == "torch" else "absent")
    monkeypatch.setattr(plan, "not_probed", lambda b: "torch could not be probed: killed by SIGKILL" if b.name == "torch" else "")
    with pytest.raises(BadBackend, match="torch could not be probed: killed by SIGKILL"):
        plan.chosen(None)


@pytest.mark.parametrize(
    ("name", "text"),
    [("spec", "from .parsing import load\n"), ("backends", ""), ("verify", '"""Verify signatures."""\n'), ("spec", "raise OSError('no')")],
)
def test_a_package_that_another_was_written_over(name: str, text: str, tmp_path: Path) -> None:
    """`pip install spec` into our environment puts its `spec/__init__.py` in the place of ours."""
    for part in ("spec", "backends", "verify"):
        shutil.copytree(HOME / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(HOME / "concordant.py", tmp_path)
    (tmp_path / name / "__init__.py").write_text(text)
    command = [sys.executable, str(tmp_path / "concordant.py"), "backends"]
    ended = subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=60)
    refused(ended, str(tmp_path / name / "__init__.py"), "written over ours", "install concordant anew")


def test_a_damaged_or_lacking_package_gets_one_sentence(tmp_path: Path) -> None:
    for part in ("spec", "backends", "verify"):
        shutil.copytree(HOME / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(HOME / "concordant.py", tmp_path)
    program = [sys.executable, "-S", str(tmp_path / "concordant.py")]  # -S: no editable install supplies the lacking file
    environment = os.environ | {"PYTHONPATH": sysconfig.get_path("purelib")}

    def ended(command: str = "backends") -> Ended:
        return subprocess.run([*program, command], cwd="/", env=environment, capture_output=True, text=True, timeout=60)

    (tmp_path / "spec" / "ops" / "pad.py").unlink()
    refused(ended(), "spec.ops.pad", "install concordant anew")
    shutil.copy(HOME / "spec" / "ops" / "pad.py", tmp_path / "spec" / "ops")
    (tmp_path / "msgspec.py").write_text("raise ModuleNotFoundError(\"No module named 'msgspec'\", name='msgspec')")
    refused(ended(), "needs msgspec", "-m pip install msgspec")
    (tmp_path / "msgspec.py").unlink()
    (tmp_path / "flint.py").write_text("raise ModuleNotFoundError(\"No module named 'flint'\", name='flint')")
    refused(ended("compare"), "needs flint", "-m pip install python-flint")


def test_a_package_of_another_name_is_left_alone(tmp_path: Path) -> None:
    """The control of the two above."""
    path = backend_file(tmp_path, f"{NUMPY}\n\ndef upsample(op, at):\n    return 'x = x.repeat(2, axis=2)'\n")
    assert concordant("run", "--backend", path, "--case", UPSAMPLE, "--out", tmp_path / "out", cwd=tmp_path).returncode == 0
