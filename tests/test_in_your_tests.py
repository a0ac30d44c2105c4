"""`assert_agrees`, `check` and the pytest plugin, as users have them in tests of their own."""

from __future__ import annotations

import doctest
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import concordant
import concordant_testing
from concordant import Disagreement, assert_agrees, check
from tests.command import HOME, NUMPY, backend_file
from tests.command import concordant as command

Array = np.ndarray[Any, Any]
CONV = "Conv(stride=(2, 2), dilation=(2, 1), padding=((1, 2), (0, 1)), groups=2, bias='yes')"
SHAPES = "x=(2, 4, 9, 8) w=(6, 2, 3, 2) w=(1, 6, 1, 1)"


def conv(
    x: Array, w: Array, b: Array, *, pads: Any = ((1, 2), (0, 1)), stride: Any = (2, 2), dilation: Any = (2, 1), groups: int = 2,
    start: int = 0, sums: type = np.float64, biases: int = 1, mode: Any = "constant",
) -> Array:  # fmt: skip
    """A convolution written by hand, as a kernel's author would."""
    x = np.pad(x, [(0, 0), (0, 0), *pads], mode=mode)
    n, _, height, width = x.shape
    out, per, kh, kw = w.shape
    rows = (height - dilation[0] * (kh - 1) - 1) // stride[0] + 1
    columns = (width - dilation[1] * (kw - 1) - 1) // stride[1] + 1
    y = np.zeros((n, out, rows, columns), sums)
    for o in range(out):
        first = o // (out // groups) * per
        for i in range(kh):
            for j in range(kw):
                at = x[:, first : first + per, start + i * dilation[0] :: stride[0], j * dilation[1] :: stride[1]][:, :, :rows, :columns]
                here = np.zeros((n, per, rows, columns), x.dtype)
                here[:, :, : at.shape[2]] = at
                y[:, o] += (here * w[None, o, :, i, j, None, None]).sum(1, dtype=sums)
    return (y + biases * b).astype(x.dtype)


def _last_column_missing(x: Array, w: Array, b: Array) -> Array:
    y = conv(x, w, b)
    y[..., -1] = 0
    return y


MISTAKES: dict[str, tuple[Callable[..., Array], str]] = {
    "flipped kernel": (lambda x, w, b: conv(x, w[:, :, ::-1, ::-1], b), "kernel flipped"),
    "edges repeated instead of zeros": (partial(conv, mode="edge"), "edge"),
    "odd pad on the other side": (partial(conv, pads=((2, 1), (1, 0))), "pad"),
    "groups dealt in turn": (lambda x, w, b: conv(x[:, [0, 2, 1, 3]], w, b), "group"),
    "stride begins one later": (partial(conv, start=1), "all padding at the end"),
    "weights transposed": (lambda x, w, b: conv(x, w.transpose(1, 0, 2, 3).reshape(w.shape), b), "kernel"),
    "dilation ignored": (lambda x, w, b: conv(x, w, b, dilation=(1, 1))[:, :, :4], "dilation"),
    "bias added twice": (partial(conv, biases=2), "bias added twice"),
    "bias forgotten": (partial(conv, biases=0), "bias ignored"),
    "last column missing": (_last_column_missing, "last"),
}
"""Ten that a kernel's author makes, with a word that the message must have."""


def drawn(kind: str) -> list[Array]:
    generator = np.random.default_rng(5)
    shapes = (2, 4, 9, 8), (6, 2, 3, 2), (1, 6, 1, 1)
    if kind == "whole":
        return [generator.integers(-9, 10, shape).astype(np.float32) for shape in shapes]
    return [generator.normal(size=shape).astype(np.float32) for shape in shapes]


@pytest.mark.parametrize("kind", ["whole", "normal"])
def test_what_is_right_passes(kind: str) -> None:
    x, w, b = drawn(kind)
    assert_agrees(conv(x, w, b), CONV, x, w, b)


@pytest.mark.parametrize("kind", ["whole", "normal"])
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_wrong_result_is_named(mistake: str, kind: str) -> None:
    wrong, word = MISTAKES[mistake]
    x, w, b = drawn(kind)
    with pytest.raises(Disagreement, match="the result is wrong") as raised:
        assert_agrees(wrong(x, w, b), CONV, x, w, b)
    assert word in raised.value.matches, str(raised.value)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_wrong_function_is_named(mistake: str) -> None:
    wrong, word = MISTAKES[mistake]
    with pytest.raises(Disagreement) as raised:
        check(wrong, f"{CONV} {SHAPES}")
    assert word in raised.value.matches, str(raised.value)


def test_sums_in_half_precision_are_no_sums_in_float32() -> None:
    """The bound promises an accumulator of float32; positive numbers show another."""
    generator = np.random.default_rng(5)
    x, w = (generator.uniform(0.5, 1, shape).astype(np.float16) for shape in ((1, 1, 30, 30), (2, 1, 25, 25)))

    def summed(sums: type) -> Array:
        b = np.zeros((1, 2, 1, 1), np.float16)
        return conv(x, w, b, pads=((0, 0), (0, 0)), stride=(1, 1), dilation=(1, 1), groups=1, sums=sums)

    assert_agrees(summed(np.float32), "Conv(stride=(1, 1))", x, w)
    with pytest.raises(Disagreement, match="sums kept in TF32 or float16") as raised:
        assert_agrees(summed(np.float16), "Conv(stride=(1, 1))", x, w)
    assert raised.value.verdict == "imprecise"


def test_a_function_must_repeat_itself_and_leave_its_arguments_alone() -> None:
    calls: list[int] = []

    def unsteady(x: Array) -> Array:
        calls.append(0)
        pairs = x.reshape(1, 2, 2, 3).transpose(3, 0, 1, 2)
        return sum(pairs if len(calls) % 2 else pairs[::-1])  # in this order, or in that

    def changing(x: Array) -> Array:
        y = x.repeat(2, axis=2)
        x[0] = 0
        return y

    with pytest.raises(Disagreement) as raised:
        check(unsteady, "SumPool(kernel=(3,), stride=(3,)) x=(1, 2, 6)", data="normal")
    assert raised.value.verdict == "nondeterministic"
    with pytest.raises(Disagreement, match="argument x was changed") as raised:
        check(changing, "Upsample(factor=(2,)) x=(1, 2, 5)")
    assert raised.value.verdict == "changed argument"


def test_an_error_of_the_function_is_its_own() -> None:
    with pytest.raises(ZeroDivisionError) as raised:
        check(lambda x: x / (1 // 0), "Upsample(factor=(2,)) x=(1, 2, 5)")
    assert "while it was checked on Upsample" in raised.value.__notes__[0]


def test_numbers_that_the_results_dtype_does_not_hold_are_said() -> None:
    """Random numbers are float64 in NumPy, and a framework rounds them on their way in."""
    x = np.random.default_rng(5).normal(size=(1, 2, 6))
    y = x.astype(np.float32).repeat(2, axis=2)
    assert_agrees(y, "Upsample(factor=(2,))", x.astype(np.float32))
    with pytest.raises(Disagreement, match="x holds numbers that float32 does not: if they were rounded first"):
        assert_agrees(y, "Upsample(factor=(2,))", x)


def test_a_fork_leaves_the_process_of_its_parent_alone() -> None:
    code = (
        "import os, numpy as np, concordant_testing as c\n"
        "ask = lambda: c.assert_agrees(np.ones((1, 1, 4)), 'Upsample(factor=(2,))', np.ones((1, 1, 2)))\n"
        "ask()\n"
        "pid = c._process._running.pid\n"
        "child = os.fork()\n"
        "ask()\n"
        "if child: assert os.waitpid(child, 0)[1] == 0; ask(); assert c._process._running.pid == pid\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=HOME, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_gradients() -> None:
    x, w, b = drawn("whole")
    g = np.arange(2 * 6 * 4 * 4, dtype=np.float32).reshape(2, 6, 4, 4) % 5
    bias = g.sum((0, 2, 3), keepdims=True)
    assert_agrees(bias, CONV, x, w, b, output="dw1", g=g)
    with pytest.raises(Disagreement, match="the gradient dw1 is wrong"):
        assert_agrees(bias + np.eye(6, dtype=np.float32)[0].reshape(1, 6, 1, 1), CONV, x, w, b, output="dw1", g=g)
    for told, words in (({"output": "dw1"}, "give g"), ({"output": "dw7", "g": g}, "dw1"), ({"output": "dx", "g": g[:1]}, "has the shape")):
        with pytest.raises(ValueError, match=words):
            assert_agrees(bias, CONV, x, w, b, **told)


def test_native_calls_have_their_own_layout() -> None:
    """Keras keeps channels last, in images and kernels."""
    x, w, b = drawn("whole")
    w = np.ascontiguousarray(w[:, :, :, :2])
    program = "keras.layers.Conv2D(6, (3, 2), groups=2)"
    y = conv(x, w, b, pads=((0, 0), (0, 0)), stride=(1, 1), dilation=(1, 1))
    last, kernel = x.transpose(0, 2, 3, 1), w.transpose(2, 3, 1, 0)
    assert_agrees(y.transpose(0, 2, 3, 1), program, last, kernel, b.reshape(6))
    wrong = y.transpose(0, 2, 3, 1).copy()
    wrong[0, 1, 2, 3] += 1
    with pytest.raises(Disagreement, match=r"first at \[0, 1, 2, 3\]"):
        assert_agrees(wrong, program, last, kernel, b.reshape(6))

    def mine(x: Array, w: Array, b: Array) -> Array:
        plain = partial(conv, pads=((0, 0), (0, 0)), stride=(1, 1), dilation=(1, 1))
        return plain(x.transpose(0, 3, 1, 2), w.transpose(3, 2, 0, 1), b.reshape(1, -1, 1, 1)).transpose(0, 2, 3, 1)

    assert "agrees" in check(mine, program, input=(2, 9, 8, 4))
    with pytest.raises(Disagreement):
        check(lambda x, w, b: mine(x, w[::-1], b), program, input=(2, 9, 8, 4))


def test_arrays_of_pytorch() -> None:
    torch = pytest.importorskip("torch")
    x, w = torch.randn(1, 3, 9, 9, requires_grad=True), torch.randn(4, 3, 3, 3)
    y = torch.nn.functional.conv2d(x, w, stride=2)
    assert_agrees(y, "F.conv2d(x, w, stride=2)", x, w)
    half = torch.nn.functional.conv2d(x.bfloat16(), w.bfloat16(), stride=2)
    assert_agrees(half, "Conv(stride=(2, 2))", x.bfloat16(), w.bfloat16())
    with pytest.raises(Disagreement):
        assert_agrees(y.flip(-1), "F.conv2d(x, w, stride=2)", x, w)
    small = "Conv(stride=(1, 1)) x=(1, 2, 5, 5) w=(3, 2, 2, 2)"
    assert "agrees" in check(lambda x, w: torch.nn.functional.conv2d(x, w), small, to=torch.from_numpy)


BAD: tuple[tuple[Callable[[], Any], str], ...] = (
    (lambda: check(abs, "Upsampl(factor=(2,)) x=(1, 2, 5)"), "did you mean 'Upsample'"),
    (lambda: check(abs, "Upsample(factor=(2,))"), r"write it behind: Upsample\(factor=\(2,\)\) x=\(1, 3, 8\)"),
    (lambda: check(abs, "nn.Upsample(scale_factor=2)"), r"give it in the call's own layout: input="),
    (lambda: check(abs, "Upsample(factor=(2,)) x=(1, 2, 5)", dtype="float23"), "float23"),
    (lambda: check(abs, "Upsample(factor=(2,)) x=(1, 2, 5)", data="nromal"), "did you mean 'normal'"),
    (lambda: check(abs, "Conv(stride=(1,)) x=(1, 2, 5)"), "1 more shape of weights"),
    (lambda: check(lambda x: "text", "Upsample(factor=(2,)) x=(1, 2, 5)"), "the result has dtype"),
    (lambda: assert_agrees(np.ones((1, 1, 4)), CONV, np.ones((1, 1, 4))), "rank|axes|shape"),
    (lambda: assert_agrees(np.ones((1, 1, 4)), "Conv(stride=(1,))", np.ones((1, 1, 5)), np.ones((1, 2, 2))), "channels"),
    (lambda: assert_agrees(np.ones((1, 1, 4), complex), "Upsample(factor=(2,))", np.ones((1, 1, 2))), "complex"),
    (lambda: assert_agrees(np.ones((1, 1, 4)), "Upsample(factor=(2,))", np.full((1, 1, 2), np.nan)), "NaN or infinity"),
    (lambda: assert_agrees(np.ones((1, 1, 4)), "Upsample(factor=(2,))", np.ones((1, 1, 2)), np.ones((1, 1, 2))), "weights"),
    (lambda: assert_agrees(np.ones((1, 1, 4)), "nn.Conv1d(1, 1, 2)", np.ones((1, 1, 5)), np.ones((1, 1, 3)), np.ones(1)), "in that order"),
    (lambda: assert_agrees(object(), "Upsample(factor=(2,))", np.ones((1, 1, 2))), "the result"),
)


@pytest.mark.parametrize(("asked", "words"), BAD, ids=[words for _, words in BAD])
def test_bad_input_gets_one_sentence(asked: Callable[[], Any], words: str) -> None:
    with pytest.raises(ValueError, match=words) as raised:
        asked()
    assert "\n" not in str(raised.value)


def test_a_wrong_shape_is_wrong_and_no_error() -> None:
    with pytest.raises(Disagreement, match="shape"):
        assert_agrees(np.ones((1, 1, 5)), "Upsample(factor=(2,))", np.ones((1, 1, 2)))


def test_examples_in_docstrings() -> None:
    assert doctest.testmod(concordant_testing).failed == 0


def test_a_process_that_died_is_said_and_started_again() -> None:
    x = np.ones((1, 1, 2))
    assert_agrees(np.ones((1, 1, 4)), "Upsample(factor=(2,))", x)
    running = concordant_testing._process._running
    assert running
    running.kill()
    running.wait()
    assert_agrees(np.ones((1, 1, 4)), "Upsample(factor=(2,))", x)


MINE = '''
import numpy as np
import pytest
import spec, verify, backends
from concordant import assert_agrees

def test_ours():
    assert (spec.NAME, verify.NAME, backends.NAME) == ("mine", "mine", "mine")
    x = np.ones((1, 1, 2))
    assert_agrees(spec.up(x), "Upsample(factor=(2,))", x)

@pytest.mark.concordant("Upsample(factor=(2,)) x=(1, 2, 5)", "Upsample(factor=(3,)) x=(1, 2, 5)")
def test_marked(agrees):
    agrees(spec.up)

def test_unmarked(agrees):
    pass
'''


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Of a user, who has packages called as ours are."""
    for name in ("spec", "verify", "backends"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("NAME = 'mine'\n\ndef up(x):\n    return x.repeat(2, axis=2)\n")
    (tmp_path / "test_mine.py").write_text(MINE)
    (tmp_path / "conftest.py").write_text("pytest_plugins = ['concordant_pytest']\n")
    return tmp_path


def _pytest(project: Path, *arguments: str) -> str:
    ours = str(Path(concordant.__file__).parent)
    environment = os.environ | {"PYTHONPATH": f"{project}{os.pathsep}{ours}"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short", *arguments], cwd=project, env=environment,
        capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout + done.stderr


def test_a_project_with_packages_of_the_same_names(project: Path) -> None:
    said = _pytest(project)
    assert "2 passed, 1 failed, 1 error" in said or "1 failed, 2 passed, 1 error" in said, said
    assert "test_marked[Upsample(factor=(3,)) x=(1, 2, 5)]" in said
    assert "the result is wrong" in said
    assert "say what to check: @pytest.mark.concordant" in said


def test_a_backend_file_is_tested_operation_by_operation(tmp_path: Path) -> None:
    path = backend_file(tmp_path, NUMPY + "\n\ndef upsample(op, at):\n    return 'x = x'\n\ndef sum_pool(op, at):\n    return 'x = x'\n")
    said = _pytest(tmp_path, "--concordant-backend", str(path), "-p", "concordant_pytest", "-k", "Upsample")
    assert "1 failed" in said
    assert "1 deselected" in said
    assert "matches: x returned unchanged" in said
    assert "mine.py::Upsample" in said
    said = _pytest(tmp_path, "--concordant-backend", "no_such.py", "-p", "concordant_pytest")
    assert "there is no such file" in said


def test_from_the_shell(project: Path) -> None:
    program = ("--op", "Upsample(factor=(2,)) x=(1, 2, 5)")
    right = command("check", "spec:up", *program, cwd=project)
    assert (right.returncode, right.stderr) == (0, "")
    assert right.stdout.startswith("spec:up: agrees with the definition on ")
    assert command("check", "spec:up", "--op", "nn.Upsample(scale_factor=2)", "--input", "(1, 2, 5)", cwd=project).returncode == 0
    wrong = command("check", "spec:up", "--op", "Upsample(factor=(3,)) x=(1, 2, 5)", cwd=project)
    assert wrong.returncode == 1
    assert "spec:up: the result is wrong" in wrong.stdout
    for function, words in (("spec", "MODULE:FUNCTION"), ("spec:down", "has no attribute 'down'"), ("spec:NAME", "is a str")):
        bad = command("check", function, *program, cwd=project)
        assert (bad.returncode, bad.stdout, bad.stderr.count("\n")) == (2, "", 1)
        assert words in bad.stderr
    bad = command("check", "spec:up", "--op", "nn.Upsample(scale_factor=2)", "--input", "1,x", cwd=project)
    assert (bad.returncode, "--input is '1,x'" in bad.stderr) == (2, True)


PAGE = """
import doctest, sys
from pathlib import Path
runner, page = doctest.DocTestRunner(), Path(sys.argv[1])
runner.run(doctest.DocTestParser().get_doctest(page.read_text().replace("```", ""), {}, page.name, str(page), 0))
sys.exit(bool(runner.failures) or runner.tries < 10)
"""


def test_the_page_is_as_it_is_run() -> None:
    """In a process of its own: JAX warns in every later fork of a process that imported it."""
    for package in ("torch", "jax"):
        if find_spec(package) is None:
            pytest.skip(f"no {package}")
    done = subprocess.run([sys.executable, "-c", PAGE, str(HOME / "docs/in-your-tests.md")], cwd=HOME, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
