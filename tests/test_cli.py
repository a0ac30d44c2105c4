"""The command line as a user runs it: what it prints, what it leaves behind, and the status it ends with."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from uuid import uuid4

import jsonschema
import pytest

from spec import parse_case
from tests.command import HOME, NUMPY, Ended, backend_file, concordant, in_process, needs, numpy_backend, refused, signals_reset, workers
from tests.tiers import sampled, slow
from verify.judge.reference import Reference
from verify.record import Report, json_schema, load

TRANSPOSE = "ConvTranspose(stride=(2,), crop=((0, 1),)) x=(2, 3, 5) w=(3, 2, 3) float32 seed=7"
CONV = "Conv(stride=(1,), padding=((1, -1),)) x=(2, 3, 5) w=(4, 3, 2) float64 seed=7"
UPSAMPLE = "Upsample(factor=(2,)) x=(1, 2, 3) float32 seed=7"
ESCAPE = "\x1b"


# ---- help ----


def test_backends_lists_every_runtime() -> None:
    said = concordant("backends").stdout
    for name in ("torch", "tensorflow", "jax", "keras-torch", "keras-tensorflow", "keras-jax", "onnxruntime"):
        assert re.search(rf"^{name} ", said, re.MULTILINE)


def test_no_arguments_is_a_question_for_help() -> None:
    ended = concordant()
    assert "Usage" in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr


# ---- a run in which everything agrees ----


@pytest.fixture(scope="module")
def agreed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ended, Path]:
    """Two cases to PyTorch and JAX."""
    if find_spec("torch") is None:
        pytest.skip("no torch")
    if find_spec("jax") is None:
        pytest.skip("no jax")
    out = tmp_path_factory.mktemp("agreed") / "not" / "yet there"
    return concordant("run", "--backend", "torch", "--backend", "jax", "--case", TRANSPOSE, "--case", CONV, "--out", out), out


def test_agreement_is_status_0(agreed: tuple[Ended, Path]) -> None:
    ended, out = agreed
    assert (ended.returncode, ended.stderr) == (0, "")
    assert re.search(r"^\s+torch\s+jax\s*$", ended.stdout, re.MULTILINE)
    assert re.search(r"^ConvTranspose\s+3/3\s+3/3\s*$", ended.stdout, re.MULTILINE)
    assert re.search(r"^all\s+6/6\s+6/6\s*$", ended.stdout, re.MULTILINE)
    assert "2 cases on 2 runtimes, 12 results: 12 agree." in ended.stdout
    assert "nothing unexpected" in ended.stdout
    assert ended.stdout.splitlines()[-1] == str(out / "report.json")


def test_what_is_no_terminal_gets_no_escapes(agreed: tuple[Ended, Path]) -> None:
    assert ESCAPE not in agreed[0].stdout


def test_the_report_is_one(agreed: tuple[Ended, Path]) -> None:
    """It is read back, follows its schema, and says what was asked of whom."""
    _, out = agreed
    report = load(out / "report.json")
    jsonschema.validate(json.loads((out / "report.json").read_bytes()), json_schema())
    assert sorted(path.name for path in out.iterdir()) == ["report.json", "run.sqlite"]
    asked = product((TRANSPOSE, CONV), ("y", "dx", "dw"), ("torch", "jax"), ("agree",))
    assert sorted((r.case, r.output, r.runtime, r.verdict) for r in report.records) == sorted(asked)
    assert all(f"conv_transpose{'1d' * (r.runtime == 'torch')}(" in r.native for r in report.records if r.case == TRANSPOSE)
    assert {runtime.status for runtime in report.runtimes.values()} == {"ran"}
    assert (report.summary.results, report.summary.exit, report.summary.interrupted) == (12, 0, False)


@slow
def test_asked_again_quietly_it_says_nothing_and_records_the_same(agreed: tuple[Ended, Path], tmp_path: Path) -> None:
    """Byte for byte, though the runtimes are named in another order."""
    ended = concordant("run", "--backend", "jax", "--backend", "torch", "--case", TRANSPOSE, "--case", CONV, "--out", tmp_path, "-q")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")

    def records(path: Path) -> list[object]:
        return sorted(json.loads(path.read_bytes())["records"], key=lambda record: record["id"])

    assert json.dumps(records(agreed[1] / "report.json")) == json.dumps(records(tmp_path / "report.json"))


# ---- a run in which something is wrong ----


MUTANT = """
    from dataclasses import replace

    from backends.torch import write as torch
    from backends.torch.write import IMPORTS

    RUNTIMES = {"mine": torch.RUNTIMES["torch"]}


    def conv(op, at):
        return torch.conv(replace(op, padding=tuple((-lo, -hi) for lo, hi in op.padding)), at)


    def conv_transpose(op, at):
        return torch.conv_transpose(replace(op, crop=tuple((hi, lo) for lo, hi in op.crop)), at)


    def upsample(op, at):
        return ["x = x.flip(1)", *torch.upsample(op, at)]
"""


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ended, Report]:
    """Three cases to a PyTorch whose paddings are negated, whose crops are swapped and whose channels come in reverse."""
    if find_spec("torch") is None:
        pytest.skip("no torch")
    folder = tmp_path_factory.mktemp("wrong")
    cases = [word for case in (CONV, TRANSPOSE, UPSAMPLE) for word in ("--case", case)]
    ended = concordant("run", "--backend", backend_file(folder, MUTANT), *cases, "--out", folder)
    return ended, load(folder / "report.json")


@pytest.mark.parametrize("case", [CONV, TRANSPOSE, UPSAMPLE])
def test_a_mistake_is_shown(case: str, wrong: tuple[Ended, Report]) -> None:
    """Who was asked what, where it first differs, what was right, what came, what was run and how to run it again."""
    ended, report = wrong
    (record,) = [r for r in report.records if r.case == case and r.output == "y"]
    assert ended.returncode == report.summary.exit == 1
    assert (record.runtime, record.verdict) == ("mine", "differ")
    assert record.difference
    answer = Reference(parse_case(case)).outputs[0]
    where = record.difference.first
    assert record.difference.expected == str(int(answer[where]))
    assert record.difference.got != record.difference.expected
    assert "✗ mine y differ: " in ended.stdout
    assert f"\n  {case}\n" in ended.stdout
    assert f"\n  first at {list(where)}: expected {record.difference.expected}, got {record.difference.got}; worst " in ended.stdout
    assert all(f"│ {line}\n" in ended.stdout for line in record.native.splitlines() if line)
    assert f"--case {shlex.quote(case)}" in ended.stdout


def test_a_mistake_is_counted(wrong: tuple[Ended, Report]) -> None:
    ended, report = wrong
    unexpected = sum(r.verdict != "agree" for r in report.records)
    assert report.summary.unexpected == unexpected > 0
    assert f"{unexpected} unexpected" in ended.stdout


def again(ended: Ended, out: Path) -> Ended:
    """Run the first command that the output proposes, in another folder than runs/latest, which may be somebody's."""
    proposed = next(line for line in ended.stdout.splitlines() if line.strip().startswith("again: concordant "))
    words = shlex.split(proposed)[2:]
    return concordant(*words, "--out", out)


@slow
def test_the_command_that_is_proposed_shows_it_again(tmp_path: Path) -> None:
    """Also for a backend that is a file and an interpreter."""
    path = numpy_backend(tmp_path, "x = x.repeat(2, axis=2) + 1")
    first = concordant("run", "--backend", f"{path}={sys.executable}", "--case", UPSAMPLE, "--out", tmp_path)
    second = again(first, tmp_path / "again")
    assert (first.returncode, second.returncode, second.stderr) == (1, 1, "")
    assert first.stdout.splitlines()[:-1] == second.stdout.splitlines()[:-1]
    assert str(path) in second.stdout
    assert sys.executable in second.stdout


@pytest.mark.parametrize(
    ("body", "verdict", "said"),
    [
        (r"raise ValueError('no pixels \x1b[31mhere')", "raised", "ValueError: no pixels here"),
        ("x = x.repeat(2, axis=2) * np.nan", "differ", "got nan; worst infinitely far outside the rounding bound"),
        pytest.param("x = x.repeat(2, axis=2) * np.inf", "differ", "inf; worst infinitely far outside the rounding bound", marks=slow),
        pytest.param("x = x.repeat(2, axis=2).astype('float64')", "differ", "dtype float64 instead of float32", marks=slow),
        pytest.param("x = x.repeat(2, axis=2).astype(object)", "differ", "dtype object instead of float32", marks=slow),
        pytest.param("x = x.repeat(2, axis=2)[..., 1:]", "differ", "shape (1, 2, 5) instead of (1, 2, 6)", marks=slow),
        pytest.param("x = x.sum()", "differ", "shape () instead of (1, 2, 6)", marks=slow),
        ("x = x.repeat(2, axis=2) + np.random.rand()", "differ", "a second run on the same data gave another result"),
        ("import os; os._exit(3)", "crashed", "the worker ended with status 3"),
        ("import time; time.sleep(100)", "timeout", "the worker sent no output for 1 s"),
        pytest.param("x = [", "raised", "SyntaxError", marks=slow),
        ("x = x.nothing  # :m: [bold]b[/bold] \\", "raised", "│     x = x.nothing  # :m: [bold]b[/bold] \\\n"),
    ],
)  # fmt: skip
def test_whatever_goes_wrong_is_status_1(body: str, verdict: str, said: str, tmp_path: Path) -> None:
    path = numpy_backend(tmp_path, body)
    patience = "1" if verdict == "timeout" else "60"
    ended = concordant("run", "--backend", path, "--case", UPSAMPLE, "--timeout", patience, "--out", tmp_path, "--quiet")
    assert (ended.returncode, ended.stderr) == (1, "")
    assert f"\n{'mine raised' if verdict == 'raised' else f'✗ mine y {verdict}'}: " in ended.stdout
    assert said in ended.stdout
    assert ESCAPE not in ended.stdout
    report = load(tmp_path / "report.json")
    assert [(r.output, r.verdict) for r in report.records][:1] == [("y", verdict)]
    assert len(report.records) == 2


def test_a_backend_that_agrees_is_status_0(tmp_path: Path) -> None:
    """The control of the tests above."""
    path = numpy_backend(tmp_path, "x = x.repeat(2, axis=2)")
    ended = concordant("run", "--backend", path, "--case", UPSAMPLE, "--out", tmp_path, "--quiet")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_a_backend_that_offers_nothing_of_what_was_asked_is_status_1(tmp_path: Path) -> None:
    """Its sentence is shown, and so is the operation it does not have; zero cases are no success."""
    path = backend_file(tmp_path, f"{NUMPY}\n\ndef upsample(op, at):\n    raise Unsupported('no pixels here')\n")
    ended = concordant("run", "--backend", path, "--case", UPSAMPLE, "--case", CONV, "--out", tmp_path)
    assert (ended.returncode, ended.stderr) == (1, "")
    assert "\nnot offered by mine: no pixels here (1 case), operation Conv (1 case)\n" in ended.stdout
    assert "no case was run: mine offers none of this: no pixels here, operation Conv" in ended.stdout
    assert "a function of its name in the backend's file" in ended.stdout
    assert "2 cases on 1 runtime, 0 results: 0 agree." in ended.stdout
    assert "\nnothing unexpected, but the run fails: see above\n" in ended.stdout


def test_a_backend_whose_host_does_not_start_is_status_1(tmp_path: Path) -> None:
    path = backend_file(tmp_path, NUMPY.replace("import numpy as np\n\ndef array", "raise OSError('no device')\n\ndef array"))
    path.write_text(path.read_text() + "\n\ndef upsample(op, at):\n    return ''\n")
    ended = concordant("run", "--backend", path, "--case", UPSAMPLE, "--out", tmp_path)
    assert (ended.returncode, ended.stderr) == (1, "")
    assert "failed mine: OSError: no device" in ended.stdout
    assert "1 of 1 cases were not run" in ended.stdout
    assert load(tmp_path / "report.json").records == []


def test_two_runtimes_of_one_name_are_not_mixed_up(tmp_path: Path) -> None:
    """A copy of backends/torch/write.py is also called torch. Nothing is dropped in silence."""
    path = backend_file(tmp_path, NUMPY.replace('"mine"', '"torch"'))
    ended = concordant("run", "--backend", "torch", "--backend", path, "--case", UPSAMPLE, "--out", tmp_path)
    assert ended.returncode == 2
    assert "torch" in ended.stderr


def test_a_question_asked_twice_is_one(tmp_path: Path) -> None:
    """However it is written."""
    spaced = UPSAMPLE.replace("(2,)", "( 2, )").replace(" seed", "   seed")
    path = numpy_backend(tmp_path, "x = x.repeat(2, axis=2)")
    assert concordant("run", "--backend", path, "--case", UPSAMPLE, "--case", spaced, "--out", tmp_path).returncode == 0
    ids = [r.id for r in load(tmp_path / "report.json").records]
    assert len(ids) == len(set(ids)) == 2


@slow
def test_a_mistake_is_shrunk_and_kept(tmp_path: Path) -> None:
    """An unexpected failure is printed in its smallest form; the program beside the report shows it, by its words and its status."""
    path = numpy_backend(tmp_path, "x = x.repeat(2, axis=2) + 1")
    ended = concordant("run", "--shrink", "--backend", path, "--case", UPSAMPLE, "--out", tmp_path)
    assert ended.returncode == 1
    assert "smallest: Upsample(factor=(2,)) x=(1, " in ended.stdout
    programs = sorted((tmp_path / "findings").glob("*.py"))
    assert programs
    for program in programs:
        assert f"findings/{program.name}" in ended.stdout
        shown = subprocess.run([sys.executable, str(program)], capture_output=True, text=True)
        assert shown.returncode == 10
        assert "\nFAULT SHOWN: " in shown.stdout
    shrunk = concordant("shrink", UPSAMPLE, "--backend", path, "--out", tmp_path / "again")
    assert shrunk.returncode == 1
    assert all(line.startswith("minimising ") for line in shrunk.stderr.splitlines())
    assert {p.name for p in (tmp_path / "again" / "findings").glob("*.py")} == {p.name for p in programs}


@slow
@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"PYTHONIOENCODING": "ascii"}, {"TERM": "dumb", "COLUMNS": "20"}], ids=str)
def test_any_terminal_will_do(environment: dict[str, str], tmp_path: Path) -> None:
    """No colours where none are wanted, no failure where ✗ cannot be written, no word lost where it is narrow."""
    path = numpy_backend(tmp_path, "x = x.repeat(2, axis=2) + 1")
    ended = concordant("run", "--backend", path, "--case", UPSAMPLE, "--out", tmp_path, **environment)
    assert (ended.returncode, ended.stderr) == (1, "")
    assert ESCAPE not in ended.stdout
    assert f"\n  {UPSAMPLE}\n" in ended.stdout


def test_a_reader_that_leaves_is_no_disaster() -> None:
    """`concordant backends | head -0`."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed:
        command = [sys.executable, "-m", "concordant", "backends"]
        ended = subprocess.run(command, cwd=HOME, stdout=closed, stderr=subprocess.PIPE, text=True, timeout=60)
    assert "Traceback" not in ended.stderr


def test_a_dataclass_may_be_defined_in_a_backend_file(tmp_path: Path) -> None:
    """Such a file is a module like any other."""
    more = "\nfrom dataclasses import dataclass\n\n@dataclass\nclass _Layout:\n    axes: str\n"
    text = f"from __future__ import annotations\n{NUMPY}{more}\n\ndef upsample(op, at):\n    return 'x = x.repeat(2, axis=2)'\n"
    ended = concordant("run", "--backend", backend_file(tmp_path, text), "--case", UPSAMPLE, "--out", tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")


# ---- bad input ----


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--backend", "torhc"), ("'torhc'", "did you mean 'torch'?")),
        (("--backend", "caffe"), ("'caffe'", "keras-jax")),
        (("--backend", ""), ("''",)),
        (("--backend", "no.such.module"), ("no.such.module", "No module named 'no'")),
        (("--backend", "json.decoder"), ("RUNTIMES",)),
        (("--backend", "no/such/file.py"), ("no/such/file.py", "no such file")),
        (("--backend", "torch=/no/such/python"), ("/no/such/python",)),
        (("--backend", f"torch={HOME / 'pyproject.toml'}"), ("pyproject.toml",)),
        (("--suite", "fast"), ("'fast'", "quick, standard, full")),
        (("--op", "conv"), ("'conv'", "ConvTranspose")),
        (("--dtype", "float8"), ("'float8'", "float32, float64")),
        (("--case", ""), ("''",)),
        (("--case", "Conv"), ("'Conv'", "x=(2, 3, 5)")),
        (("--case", "Cnov(stride=(1,)) x=(1, 1, 4) w=(1, 1, 3)"), ("'Cnov'", "did you mean 'Conv'?")),
        (("--case", "Conv(strides=(1,)) x=(1, 1, 4) w=(1, 1, 3)"), ("'strides'", "did you mean 'stride'?")),
        (("--case", "Conv(stride=(1,)) x=(1, 2, 4) w=(1, 1, 3)"), ("Conv(stride=(1,)",)),
        (("--case", "Conv(stride=(1,)) x=(1, 1, 4)"), ("0 weight arrays",)),
        (("--case", "Upsample(factor=(2,)) x=(1, 1, 4) float8"), ("'float8'",)),
        (("--case", "Upsample(factor=(2,)) x=(1, 1, 4) float32 seed=9223372036854775808"), ("seed",)),
        (("--case", "Upsample(factor=(2,)) x=(1, 1, 100000000)"), ("200000000 elements",)),
        (("--case", "Upsample(factor=(10**9,)) x=(1, 1, 4)"), ("Upsample",)),
        (("--case", "SumPool(kernel=(40000000,)) x=(1, 1, 40000000)"), ("40000000 taps",)),
        (("--case", "Resize(size=(60000,), mode='linear') x=(1, 1, 1000)"), ("480000000 elements",)),
        (("--case", "Conv(stride=(1,)) x=(1, 1, 17000000) w=(1, 1, 1)"), ("too many products",)),
        (("--case", f"Upsample(factor=({'(' * 3000}2{')' * 3000},)) x=(1, 1, 4)"), ()),
        (("--out", "/proc/nothing"), ("/proc/nothing", "No such file or directory")),
        (("--out", HOME / "pyproject.toml"), ("pyproject.toml", "File exists")),
        (("--out", HOME / "pyproject.toml" / "deeper"), ("Not a directory",)),
    ],
    ids=lambda value: " ".join(map(str, value))[:60] if isinstance(value, tuple) else None,
)  # fmt: skip
def test_bad_input_gets_one_sentence(arguments: tuple[str, ...], words: tuple[str, ...], tmp_path: Path) -> None:
    """It says what was given, and what to give instead."""
    refused(in_process("run", "--backend", "torch", "--out", tmp_path, *arguments), *words)


def test_an_unknown_theorem_gets_one_sentence(tmp_path: Path) -> None:
    ended = in_process("theorems", "convolutions-compse", "--backend", "torch", "--out", tmp_path)
    refused(ended, "'convolutions-compse'", "convolutions-compose")


@pytest.mark.parametrize("case", ["Conv", "MaxPool(kernel=(2,)) x=(1, 1, 4) normal", "Upsample(factor=(2,)) x=(1, 1, 100000000)"])
def test_what_cannot_be_asked_is_not_shrunk(case: str, tmp_path: Path) -> None:
    refused(in_process("shrink", case, "--backend", "torch", "--out", tmp_path))


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_is_read_only(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    refused(concordant("run", "--out", tmp_path), "not writable")


@pytest.mark.parametrize(
    "arguments",
    [("--seed", "-1"), ("--seed", "x"), ("--seed", str(1 << 63)), ("--timeout", "0"), ("--timeout", "nan"), ("--speed", "9"), ("extra",)],
    ids=" ".join,
)
def test_bad_usage_is_status_2(arguments: tuple[str, ...], tmp_path: Path) -> None:
    """The options' own parser speaks, and names the option."""
    path = numpy_backend(tmp_path, "x = x.repeat(2, axis=2)")
    ended = in_process("run", *arguments, "--backend", path, "--out", tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert arguments[0] in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def (", ("SyntaxError",)),
        ("import no_such_framework", ("ModuleNotFoundError", "no_such_framework")),
        ("1 / 0", ("ZeroDivisionError",)),
        ("raise SystemExit('bye')", ("SystemExit", "bye")),
        ("\0", ()),
        ("", ("has no RUNTIMES",)),
        ("RUNTIMES = {}", ("has no RUNTIMES",)),
        ("RUNTIMES = {'mine': 'numpy'}", ("has no RUNTIMES",)),
        (f"{NUMPY}\ndef convtranspose(op, at): return ''", ("convtranspose is no operation", "did you mean conv_transpose?")),
        (f"{NUMPY}\ndef helper(): return ''", ("helper is no operation", "begin helpers with _")),
        (f"{NUMPY}\ndef conv(op): return ''", ("conv(op)", "(op, at)")),
    ],
    ids=lambda value: value[-60:].strip() if isinstance(value, str) else None,
)  # fmt: skip
def test_a_bad_backend_file_gets_one_sentence(text: str, words: tuple[str, ...], tmp_path: Path) -> None:
    """It names the file, and what to change in it."""
    path = backend_file(tmp_path, text)
    refused(in_process("run", "--backend", path, "--case", UPSAMPLE, "--out", tmp_path), "mine.py", *words)


NOT_A_TEXT = {"return op.no_such_field": "no_such_field", "pass": "None", "return 5": "5"}


@pytest.mark.parametrize("statement", sampled(NOT_A_TEXT, "pass"))
def test_a_translation_that_fails_is_told(statement: str, tmp_path: Path) -> None:
    """Which function of which file, and how; nothing of how we came there."""
    path = backend_file(tmp_path, f"{NUMPY}\n\ndef upsample(op, at):\n    {statement}\n")
    ended = concordant("run", "--backend", path, "--case", UPSAMPLE, "--out", tmp_path)
    said = ended.stdout + ended.stderr
    assert ended.returncode in (1, 2)
    assert "Traceback" not in said
    assert all(part in said for part in ("mine.py", "upsample", NOT_A_TEXT[statement]))


@pytest.mark.parametrize(("name", "form"), [("spec", "package"), ("backends", "package"), ("verify", "package"), ("spec", "module")])
def test_a_package_that_takes_our_name_gets_one_sentence(name: str, form: str, tmp_path: Path) -> None:
    """Another `spec`, `backends` or `verify` earlier on the path is not imported by mistake."""
    if form == "module":
        (tmp_path / f"{name}.py").touch()
    else:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
    ended = concordant("backends", cwd=Path("/"), PYTHONPATH=str(tmp_path))
    refused(ended, f"{name!r}", "install concordant in an environment of its own")
    assert str(tmp_path) in ended.stderr


def test_a_folder_of_our_name_that_is_no_package_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "spec").mkdir()
    ended = concordant("backends", cwd=Path("/"), PYTHONPATH=str(tmp_path))
    assert (ended.returncode, ended.stderr) == (0, "")


# ---- interrupted ----


def interrupted(arguments: list[str | Path], when: Callable[[], bool], marker: str) -> Ended:
    """Start it, press Ctrl-C as soon as something is so, wait for its end."""
    command = [sys.executable, "-m", "concordant", "run", *map(str, arguments)]
    with subprocess.Popen(
        command, cwd=HOME, env=os.environ | {"CONCORDANT_TEST": marker}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, preexec_fn=signals_reset,
    ) as process:  # fmt: skip
        until = time.monotonic() + 60
        while not when() and time.monotonic() < until:
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    return subprocess.CompletedProcess(command, process.returncode, out, err)


@pytest.fixture
def in_the_background() -> Iterator[None]:
    """As a background job of a shell: what is started inherits an ignored SIGINT."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGINT, before)


@slow
@pytest.mark.usefixtures("in_the_background")
@needs("torch")
def test_ctrl_c_leaves_a_report_and_no_process(tmp_path: Path) -> None:
    """In the middle of the real thing."""
    marker, log = uuid4().hex, tmp_path / "run.sqlite-wal"
    arguments: list[str | Path] = ["--suite", "quick", "--backend", "torch", "--no-cache", "--out", tmp_path]
    ended = interrupted(arguments, lambda: log.exists() and b"runtime torch" in log.read_bytes(), marker)
    assert workers(marker) == []
    assert (ended.returncode, ended.stderr) == (130, "")
    assert "Interrupted" in ended.stdout
    report = load(tmp_path / "report.json")
    jsonschema.validate(json.loads((tmp_path / "report.json").read_bytes()), json_schema())
    assert (report.summary.interrupted, report.summary.exit) == (True, 130)
    assert report.summary.results == len(report.records) < 3 * report.summary.cases


@slow
@pytest.mark.usefixtures("in_the_background")
@needs("torch")
def test_ctrl_c_while_cases_are_made_leaves_no_process(tmp_path: Path) -> None:
    """A worker of the runtime has begun by then."""
    marker = uuid4().hex
    arguments: list[str | Path] = ["--suite", "standard", "--backend", "torch", "--no-cache", "--out", tmp_path]
    ended = interrupted(arguments, lambda: any("worker.py" in command for command in workers(marker)), marker)
    assert workers(marker) == []
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("in_the_background")
def test_ctrl_c_while_a_text_hangs(tmp_path: Path) -> None:
    """What was answered before is kept, what hangs is not waited for."""
    marker, path, hangs = uuid4().hex, tmp_path / "mine.py", tmp_path / "hangs"
    hang = f"import time; open({str(hangs)!r}, 'w'); time.sleep(1000)"
    body = f"'x = x.repeat(2, axis=2)' if at.x[2] == 3 else {hang!r}"
    path.write_text(f"{NUMPY}\n\ndef upsample(op, at):\n    return {body}\n")
    cases = ["--case", UPSAMPLE, "--case", UPSAMPLE.replace("3)", "4)"), "--cores", "1"]
    ended = interrupted(["--backend", path, *cases, "--out", tmp_path], hangs.exists, marker)
    assert workers(marker) == []
    assert (ended.returncode, ended.stderr) == (130, "")
    assert [(r.case, r.verdict) for r in load(tmp_path / "report.json").records] == [(UPSAMPLE, "agree")] * 2
