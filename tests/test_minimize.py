"""Minimising comes after the table, within a budget, says what it does, and keeps what it found."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import pytest

from backends import named
from spec import parse_case
from tests.command import HOME, NUMPY, Ended, backend_file, concordant, workers
from tests.tiers import slow
from verify.explain.findings import LEAST, Found, find
from verify.explain.minimize import cost
from verify.explain.standalone import STATUSES
from verify.grouping import by_mistake, unexpected
from verify.record import Report, load
from verify.run import Run

PLUS_ONE = "Upsample(factor=(2,)) x=(2, 2, 5) float32 seed=7"
FLIPPED = ["Upsample(factor=(2, 2)) x=(1, 2, 3, 3) float32 seed=7", "Upsample(factor=(2, 2)) x=(1, 2, 3, 5) float32 seed=7"]
MISTAKES = """

def upsample(op, at):
    if op.rank == 2:
        return "x = x.repeat(2, axis=2).repeat(2, axis=3)[:, :, ::-1]"
    return "x = x.repeat(2, axis=2) + 1"
"""
HANGS_WHEN_SMALLER = """

def upsample(op, at):
    asked = at.x == (2, 2, 5)
    return "x = x.repeat(2, axis=2) + 1" if asked else "import time; time.sleep(1000)"
"""
SECOND_HANGS = """

def upsample(op, at):
    if op.rank == 2:
        return "x = x.repeat(2, axis=2).repeat(2, axis=3)[:, :, ::-1]"
    if at.x == (2, 2, 5):
        return "x = x.repeat(2, axis=2) + 1"
    return "import time; time.sleep(1000)" if at.x[2] == 5 else "raise ValueError('too small')"
"""
HANGS_ON_ZEROS = """

def upsample(op, at):
    return "import time; time.sleep(1000 * (x == 0).all())\\nx = x.repeat(2, axis=2) + 1"
"""

ZERO_INSERT = """

def zero_insert(op, at):
    return f"y = np.zeros({at.y}, x.dtype); y[..., ::2] = x; x = y + 1"
"""


def mistaken(folder: Path, text: str = MISTAKES) -> Path:
    return backend_file(folder, NUMPY + text)


def cases(*texts: str) -> list[str]:
    return [part for text in texts for part in ("--case", text)]


def together(arguments: list[str | Path], **environment: str) -> Ended:
    """Run it with both streams in one, in the order in which they were written."""
    command = [sys.executable, "-m", "concordant", *map(str, arguments)]
    return subprocess.run(
        command, cwd=HOME, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=200
    )  # fmt: skip


def test_the_table_comes_first_then_each_finding_most_frequent_first(tmp_path: Path) -> None:
    """The table once; what is being minimised is said although there is no terminal."""
    ended = together(["run", "--backend", mistaken(tmp_path), *cases(PLUS_ONE, *FLIPPED), "--out", tmp_path])
    assert ended.returncode == 1
    printed = ended.stdout
    assert printed.count("agree / run") == 1
    places = [printed.rindex(words) for words in ("agree / run", "minimising 1 of", "minimising 2 of", "✗ mine", " unexpected")]
    assert places == sorted(places)
    counts = [line.partition(", in ")[2].partition(" result")[0] for line in printed.splitlines() if line.startswith("minimising")]
    assert sorted(map(int, counts), reverse=True) == list(map(int, counts))
    report = load(tmp_path / "report.json")
    assert report.findings
    for finding in report.findings:
        assert printed.count(f"findings/{finding.id}.py") == 1
        assert (tmp_path / "findings" / f"{finding.id}.md").exists()


@slow
def test_a_budget_ends_minimising_and_keeps_the_program(tmp_path: Path) -> None:
    """One mistake, and every smaller case hangs: no silent minutes, and a program that nobody could try says so."""
    begun = time.monotonic()
    ended = together(
        ["run", "--minimize-budget", "4", "--backend", mistaken(tmp_path, HANGS_WHEN_SMALLER), *cases(PLUS_ONE), "--out", tmp_path]
    )
    assert time.monotonic() - begun < 60
    assert ended.returncode == 1
    assert ended.stdout.index("agree / run") < ended.stdout.index("minimising 1 of")
    assert "Traceback" not in ended.stdout
    report = load(tmp_path / "report.json")
    assert [finding.case for finding in report.findings] == [PLUS_ONE]
    assert "did not run this program: the time for minimising was over" in report.findings[0].script
    assert report.findings[0].script in report.findings[0].issue.replace("```\n", "\n")


@slow
@pytest.mark.parametrize("option", ["--minimize", "--shrink"])
def test_no_budget_is_no_minimising(option: str, tmp_path: Path) -> None:
    """What is not minimised is printed as it was met, and said to be left."""
    ended = concordant(
        "run", option, "--shrink", "--minimize-budget", "0", "--backend", mistaken(tmp_path), *cases(PLUS_ONE, *FLIPPED), "--out", tmp_path
    )
    assert ended.returncode == 1
    assert load(tmp_path / "report.json").findings == []
    assert "✗ mine" in ended.stdout
    assert "smallest:" not in ended.stdout
    assert "--minimize-budget" in ended.stderr


@slow
@pytest.mark.parametrize("option", ["--no-minimize", "--no-shrink"])
def test_minimising_can_be_switched_off(option: str, tmp_path: Path) -> None:
    ended = together(["run", option, "--backend", mistaken(tmp_path), *cases(PLUS_ONE), "--out", tmp_path])
    assert ended.returncode == 1
    assert "minimising 1 of" not in ended.stdout
    assert not (tmp_path / "findings").exists()


@slow
def test_quiet_says_nothing_of_how_far_it_is(tmp_path: Path) -> None:
    ended = concordant("run", "--shrink", "--quiet", "--backend", mistaken(tmp_path), *cases(PLUS_ONE), "--out", tmp_path)
    assert (ended.returncode, ended.stderr) == (1, "")
    assert "smallest:" in ended.stdout
    assert "agree / run" not in ended.stdout


@slow
def test_the_command_honours_the_budget(tmp_path: Path) -> None:
    begun = time.monotonic()
    path = mistaken(tmp_path, HANGS_WHEN_SMALLER)
    ended = concordant("shrink", PLUS_ONE, "--minimize-budget", "4", "--backend", path, "--out", tmp_path)
    assert time.monotonic() - begun < 60
    assert ended.returncode == 1
    assert "minimising 1 of" in ended.stderr


@pytest.mark.parametrize("budget", ["-1", "soon", "nan"])
def test_a_budget_is_a_number(budget: str, tmp_path: Path) -> None:
    ended = concordant("run", "--minimize-budget", budget, "--backend", mistaken(tmp_path), "--out", tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "--minimize-budget" in ended.stderr
    assert "Traceback" not in ended.stderr


@slow
def test_ctrl_c_keeps_what_was_found(tmp_path: Path) -> None:
    """The first mistake is found before: its program stays, as does the run's own exit status."""
    marker = uuid4().hex
    path = mistaken(tmp_path, SECOND_HANGS)
    command = [sys.executable, "-m", "concordant", "run", "--minimize-budget", "500", "--backend", str(path)]
    with subprocess.Popen(
        [*command, *cases(PLUS_ONE, *FLIPPED), "--out", str(tmp_path)], cwd=HOME, env=os.environ | {"CONCORDANT_TEST": marker},
        text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:  # fmt: skip
        assert process.stderr
        for line in process.stderr:
            if "minimising 2 of" in line:
                break
        time.sleep(2)
        begun = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)
        printed, said = process.communicate(timeout=60)
    assert time.monotonic() - begun < 30
    assert workers(marker) == []
    assert process.returncode == 1
    assert "Traceback" not in said
    report = load(tmp_path / "report.json")
    assert not report.summary.interrupted
    assert report.findings
    assert printed.count("agree / run") == 1
    assert " unexpected" in printed
    assert {path.stem for path in (tmp_path / "findings").glob("*.py")} == {finding.id for finding in report.findings}
    for finding in report.findings:
        assert (tmp_path / "findings" / f"{finding.id}.py").read_text() == finding.script
        assert f"findings/{finding.id}.py" in printed


def run(folder: Path, text: str, *texts: str) -> tuple[Report, Run]:
    (backend,) = named(str(mistaken(folder, text)))
    asked = Run([parse_case(t) for t in texts], [backend], suite={}, known=[], timeout=20)
    return asked.go(), asked


@slow
def test_the_smallest_so_far_is_kept(tmp_path: Path) -> None:
    """Minimising ends with a small case and hangs on its plainer numbers, until the time is over."""
    report, asked = run(tmp_path, HANGS_ON_ZEROS, PLUS_ONE)
    wrong = [group for group in unexpected(report) if group[0].output == "y"]
    (finding,) = find(report, wrong, asked.backends, [], timeout=60, budget=15)
    assert cost(parse_case(finding.case)) < cost(parse_case(PLUS_ONE))
    assert finding.script.count(STATUSES) == 1
    assert "the time for minimising was over" in finding.script


@slow
def test_mistakes_take_turns_by_how_often_they_were_made(tmp_path: Path) -> None:
    """One that takes all the time there is does not take it from one that is more frequent."""
    report, asked = run(tmp_path, SECOND_HANGS, PLUS_ONE, *FLIPPED)
    groups = [group for group in unexpected(report) if group[0].output == "y"]
    assert sorted(len(group) for group in groups) == [1, 4]  # y and a gradient of each flipped one: one mistake
    groups.sort(key=len)
    told: list[str] = []
    found = Found(lambda finding: told.append(finding.native))
    find(report, groups, asked.backends, [], timeout=20, budget=LEAST + 2, found=found)
    assert "::-1" in told[0]
    assert len(found.all) == len(told) == 2
    assert found.left == 0


def test_alike_mistakes_of_two_operations_are_minimised_once(tmp_path: Path) -> None:
    """Their groups differ in a table, but not in what they come down to."""
    both = MISTAKES + ZERO_INSERT
    report, _ = run(tmp_path, both, PLUS_ONE, "ZeroInsert(factor=(2,)) x=(2, 2, 5) float32 seed=7")
    groups = [group for group in unexpected(report) if group[0].output == "y"]
    assert len(groups) == 2
    assert [len(group) for group in by_mistake(groups)] == [2]


TWO_ERRORS = """

def upsample(op, at):
    if at.x[2] < 3:
        return "raise ValueError(f'window of {x.shape} is larger than the input')"
    return "raise ValueError(f'bad thing at {x.shape}')"
"""


def test_an_error_stays_the_same_error(tmp_path: Path) -> None:
    """A smaller case that raises something else shows another fault."""
    report, asked = run(tmp_path, TWO_ERRORS, PLUS_ONE)
    (finding,) = find(report, unexpected(report), asked.backends, [], timeout=60, budget=15)
    assert " x=(1, 1, 3) " in finding.case
    assert "bad thing" in finding.reason
