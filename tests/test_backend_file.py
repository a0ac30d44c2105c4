"""A backend file with a part of the wrong form: one sentence that names the file, what was received and what to write."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from backends import BadBackend, calls, found, named, steps
from spec import parse_case
from tests.command import GLUE, NUMPY, backend_file, concordant, refused
from verify.record import load

UPSAMPLE = "Upsample(factor=(2,)) x=(1, 2, 3) float32 seed=7"
BODY = "\n\ndef upsample(op, at):\n    return 'x = x.repeat(2, axis=2)'\n"


def runtime(**parts: str) -> str:
    """A backend file whose Runtime has these parts, as source text."""
    given = {"packages": "('numpy',)", "glue": "GLUE", **parts}
    return NUMPY.rpartition("RUNTIMES")[0] + f"RUNTIMES = {{'mine': Runtime({', '.join(f'{k}={v}' for k, v in given.items())})}}{BODY}"


def glue(name: str, text: str) -> str:
    """A backend file in whose glue this function is replaced."""
    head, _, rest = GLUE.partition(f"def {name}(")
    _, _, tail = rest.partition("\ndef ")
    return NUMPY.replace(GLUE, f"{head}{dedent(text).strip()}\n{tail and chr(10) + 'def ' + tail}") + BODY


RECEIVED = {
    "ENTER = 'x = x'": ("ENTER is 'x = x' (str)", "def ENTER(rank)"),
    "LEAVE = {1: ''}": ("LEAVE is {1: ''} (dict)", "def LEAVE(rank)"),
    "def ENTER(): return ''": ("ENTER does not take one argument",),
    "def LEAVE(rank): return rank": ("LEAVE(1) returned 1 (int)", "a statement as a string"),
    "IMPORTS = ['import numpy']": ("IMPORTS is ['import numpy'] (list)",),
    "RUNTIMES = {7: RUNTIMES['mine']}": ("the name 7 (int)",),
    "RUNTIMES = {'my torch\\x1b[2J': RUNTIMES['mine']}": ("the name 'my torch\\x1b[2J' (str)", "letters, digits"),
    "RUNTIMES = {'a=b': RUNTIMES['mine']}": ("the name 'a=b'",),
    "RUNTIMES = {'a:b': RUNTIMES['mine']}": ("the name 'a:b'",),
}
PARTS = {
    "packages": {"'numpy'": "packages is 'numpy' (str), but it must be a tuple of strings", "['numpy']": "(list)", "(1,)": "(tuple)"},
    "environment": {"['A=1']": "environment is ['A=1'] (list)", "{'A': 1}": "environment is {'A': 1} (dict)", "{'A=': '1'}": "{'A=': '1'}"},
    "batch_flags": {"{1: '1'}": "batch_flags is {1: '1'} (dict)", "None": "batch_flags is None (NoneType)"},
    "modes": {
        "{'compile': '@jit'}": "modes is {'compile': '@jit'} (dict), but it must be a dictionary such as {'compile': Mode(",
        "{'a:b': Mode(meaning='x')}": "modes['a:b']: a mode's name is letters, digits",
        "{'a': Mode(meaning='')}": "modes['a']: meaning is '' (str)",
        "{'a': Mode(meaning='x', decorator='@jit')}": "modes['a']: decorator is '@jit' (str)",
        "{'a': Mode(meaning='x', environment={'A': 1})}": "modes['a']: environment is {'A': 1} (dict)",
        "{'a': Mode(meaning='x', share='all')}": "modes['a']: share is 'all' (str)",
        "{'a': Mode(meaning='x', dtypes=('float8',))}": "modes['a']: dtypes names 'float8', which there is not",
        "{'a': Mode(meaning='x', dtypes=['float32'])}": "modes['a']: dtypes is ['float32'] (list), but it must be a tuple of strings",
        "{'a': Mode(meaning='x', glue='x = 1')}": "modes['a']: glue defines no `answers`",
    },
    "repeat_in": {"'eager'": "repeat_in is 'eager' (str), but it must be one of modes"},
    "outputs": {"('y', 'dx')": "outputs is ('y', 'dx') (tuple), but it must be", "'y'": "outputs is 'y' (str)"},
    "dtypes": {"('float23',)": "dtypes names 'float23', which there is not; did you mean 'float32'?", "()": "dtypes is () (tuple)"},
    "covers": {
        "('upsample',)": "covers names 'upsample', which there is not; did you mean 'Upsample'?", "['Conv']": "covers is ['Conv'] (list)",
        "('Conv',)": "covers names Conv, but the file has no function `conv`",
    },
    "glue": {"None": "glue is None (NoneType)", "'def ('": "glue is not Python: ", "'x = 1'": "glue defines no `answers`"},
}
GLUES = {
    "answers(f, args, g): return": ("answers", "def answers(f, args, g):\n    return f(*args)", ("has `return f(*args)`", "must yield")),
    "answers(f, args, g): pass": ("answers", "def answers(f, args, g):\n    pass", ("has no `yield`", "must yield")),
    "answers(f, args)": ("answers", "def answers(f, args):\n    yield f(*args)", ("called as answers(f, args, g)",)),
    "an inner yield": ("answers", "def answers(f, args, g):\n    def inner(): yield 1\n    return inner()", ("must yield",)),
    "async": ("answers", "async def answers(f, args, g):\n    yield f(*args)", ("`answers` is asynchronous",)),
    "no answers": ("answers", "", ("defines no `answers`", "def answers(f, args, g)")),
    "no array": ("array", "", ("defines no `array`", "def array(a, dtype)")),
    "t.dtype": ("dtype", "def dtype(t):\n    return t.dtype", ("dtype(t) returns t.dtype", "such as 'float32'")),
    "a lambda": ("dtype", "dtype = lambda t: t.dtype", ("dtype(t) returns t.dtype",)),
    "nothing": ("dtype", "def dtype(t):\n    str(t.dtype)", ("dtype(t) returns nothing",)),
    "text": ("version", "def version():\n    return '1.0'", ("version() returns '1.0'", "a dictionary of strings")),
    "a list": ("version", "def version():\n    return ['numpy', '1']", ("version() returns ['numpy', '1']",)),
}


def sentence(folder: Path, text: str) -> str:
    """What is said of a backend file when it is loaded."""
    with pytest.raises(BadBackend) as refusal:
        named(str(backend_file(folder, text)))
    assert "\n" not in str(refusal.value)
    assert str(folder / "mine.py") in str(refusal.value)
    return str(refusal.value)


@pytest.mark.parametrize(("line", "words"), RECEIVED.items(), ids=RECEIVED)
def test_a_part_of_the_file_is_of_the_wrong_type(line: str, words: tuple[str, ...], tmp_path: Path) -> None:
    said = sentence(tmp_path, f"{NUMPY}{BODY}\n{line}\n")
    assert all(word in said for word in words), said


@pytest.mark.parametrize(("part", "value", "word"), [(p, v, w) for p, values in PARTS.items() for v, w in values.items()])
def test_a_part_of_a_runtime_is_of_the_wrong_type(part: str, value: str, word: str, tmp_path: Path) -> None:
    said = sentence(tmp_path, runtime(**{part: value}))
    assert "RUNTIMES['mine']: " in said
    assert word in said


@pytest.mark.parametrize(("name", "text", "words"), GLUES.values(), ids=GLUES)
def test_a_function_of_the_glue_is_wrong(name: str, text: str, words: tuple[str, ...], tmp_path: Path) -> None:
    said = sentence(tmp_path, glue(name, text))
    assert all(word in said for word in words), said


RIGHT = {
    "as it stands": ("version", "def version():\n    return {'numpy': np.__version__}"),
    "yield from": ("answers", "def answers(f, args, g):\n    yield from each(f, args, g)"),
    "imported": ("dtype", "from elsewhere import dtype"),
    "in a branch": ("dtype", "if True:\n    def dtype(t):\n        return str(t.dtype)"),
    "in a try": ("dtype", "try:\n    from elsewhere import dtype\nexcept ImportError:\n    dtype = None"),
    "a default": ("array", "def array(a, dtype='float32'):\n    return a"),
    "a star": ("array", "from elsewhere import *"),
    "assigned": ("numpy", "numpy = np.asarray"),
    "exec": ("numpy", "exec('numpy = np.asarray')"),
    "decorated": ("answers", "@generator\ndef answers(f, args, g):\n    return f(*args)"),
}


@pytest.mark.parametrize(("name", "text"), RIGHT.values(), ids=RIGHT)
def test_a_right_glue_is_let_through(name: str, text: str, tmp_path: Path) -> None:
    """Whatever way it defines its functions."""
    assert [b.name for b in named(str(backend_file(tmp_path, glue(name, text))))] == ["mine"]


def test_every_backend_here_is_let_through() -> None:
    assert len(found()) == 7


@pytest.mark.parametrize("what", [".", "..", "./", "/", ".mine", "a..b", "json.", "-x.y z", "a" * 5000])
def test_what_is_no_backend_gets_a_sentence(what: str) -> None:
    with pytest.raises(BadBackend) as refusal:
        named(what)
    assert "\n" not in str(refusal.value)


def test_a_module_that_does_not_import_gets_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_package").mkdir()
    (tmp_path / "broken_package" / "__init__.py").touch()
    (tmp_path / "broken_package" / "mine.py").write_text("1 / 0")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(BadBackend, match=r"broken_package\.mine: it does not import: ZeroDivisionError"):
        named("broken_package.mine")


# ---- from the command line ----


@pytest.mark.parametrize("what", [".", ".."])
def test_a_folder_as_backend_is_bad_input(what: str, tmp_path: Path) -> None:
    refused(concordant("run", "--backend", what, "--case", UPSAMPLE, "--out", tmp_path), f"--backend {what} is a folder", ".py file")


def test_return_instead_of_yield_is_bad_input(tmp_path: Path) -> None:
    path = backend_file(tmp_path, glue(*GLUES["answers(f, args, g): return"][:2]))
    refused(concordant("run", "--backend", path, "--case", UPSAMPLE, "--out", tmp_path), "mine.py", "must yield")


HIDDEN = {
    "dtype": ("def dtype(t):\n    return getattr(t, 'dtype')", {"raised"}, "dtype(t) returned dtype('float32')"),
    "answers": ("def given(f, args, g):\n    return f(*args)\n\nanswers = given", {"raised"}, "answers(f, args, g) returned array("),
    "version": ("def version():\n    return dict(numpy=1)", set(), "version() returned {'numpy': 1} (dict)"),
    "numpy": ("exec('')", set(), "the glue defines no function `numpy`"),
}


@pytest.mark.parametrize(("name", "text", "verdicts", "words"), [(name, *rest) for name, rest in HIDDEN.items()], ids=HIDDEN)
def test_what_only_running_shows_is_a_sentence_too(name: str, text: str, verdicts: set[str], words: str, tmp_path: Path) -> None:
    """Said by the worker process, of the file it was started for. A worker that does not start leaves no results."""
    path = backend_file(tmp_path, glue(name, text))
    ended = concordant("run", "--backend", path, "--case", UPSAMPLE, "--out", tmp_path)
    assert (ended.returncode, ended.stderr) == (1, "")
    assert f"{path}: {words}" in ended.stdout
    assert {r.verdict for r in load(tmp_path / "report.json").records} == verdicts


def test_a_call_without_a_signature_gets_one_sentence(tmp_path: Path) -> None:
    text = 'from backends.call import Call, X\n\ndef upsample(op, at):\n    return [Call.of("np.no_such_function", X)]\n'
    (backend,) = named(str(backend_file(tmp_path, f"{NUMPY}\n{text}")))
    with pytest.raises(BadBackend) as refusal:
        backend.translate(parse_case(UPSAMPLE))
    assert "mine.py: upsample for Upsample(factor=(2,))" in str(refusal.value)
    assert "has no np.no_such_function; add its parameters there" in str(refusal.value)
    ((op, step),) = steps(parse_case(UPSAMPLE))
    assert calls(backend.module, op, step) == ()


def test_an_operation_without_a_function_has_no_calls(tmp_path: Path) -> None:
    """A known deviation looks at calls; it does not end a run that has a case of such an operation."""
    (backend,) = named(str(backend_file(tmp_path, NUMPY)))
    ((op, step),) = steps(parse_case(UPSAMPLE))
    assert calls(backend.module, op, step) == ()
