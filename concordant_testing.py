"""One line in a test: hold a result, or a function, against the definition of an operation.

    from concordant import assert_agrees, check

    def test_my_convolution():
        check(my_conv, "Conv(stride=(2, 2)) x=(1, 3, 9, 9) w=(4, 3, 3, 3)")

The definition is computed in a process of its own: nothing of Concordant but this module is imported into yours, so your own packages may
be called spec, backends or verify.
"""

from __future__ import annotations

import atexit
import importlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

HOME = Path(__file__).resolve().parent


def beside(module: str, *arguments: str) -> list[str]:
    """The command that runs the `main` of a module of ours in a process of its own, where our packages come before the user's."""
    code = f"import sys; sys.path.insert(0, {str(HOME)!r}); from {module} import main; main(*sys.argv[1:])"
    return [sys.executable, "-P", "-c", code, *arguments]


class Sent(msgspec.Struct, frozen=True):
    """An array on its way. bfloat16, which NumPy lacks, travels as float32 under its own name."""

    dtype: str
    shape: tuple[int, ...]
    values: bytes
    kept: str
    """The dtype of `values`."""

    @classmethod
    def of(cls, a: npt.NDArray[Any], dtype: str = "") -> Sent:
        return cls(dtype or a.dtype.name, a.shape, np.ascontiguousarray(a).tobytes(), a.dtype.name)

    @property
    def array(self) -> npt.NDArray[Any]:
        """A copy that may be written into."""
        return np.frombuffer(self.values, self.kept).reshape(self.shape).copy()


class Judge(msgspec.Struct, frozen=True, tag=True):
    """Whether `result` is `output` of a program on x and weights, in the program's own layout. g: for a gradient, the
    gradient with respect to the result."""

    program: str
    x: Sent
    w: list[Sent]
    result: Sent
    output: str = "y"
    g: Sent | None = None


class Plan(msgspec.Struct, frozen=True, tag=True):
    """A program that a function should compute. x, w: shapes, where the program does not say them."""

    program: str
    x: tuple[int, ...] | None
    w: list[tuple[int, ...]]
    dtypes: list[str]
    data: list[str]
    seed: int


class Draws(msgspec.Struct, frozen=True, tag=True):
    """What the function is to be run on: for each case its text, and for each of its draws x and the weights."""

    cases: list[str]
    arrays: list[list[list[Sent]]]


class Came(msgspec.Struct, frozen=True):
    """What came of one draw: the first result, whether the second has the same bits, the names of arguments that are not as before."""

    result: Sent
    repeats: bool
    changed: list[str]


class Results(msgspec.Struct, frozen=True, tag=True):
    """What came of every draw of every case."""

    cases: list[list[Came]]


class Verdict(msgspec.Struct, frozen=True, tag=True):
    """What is right or wrong, as a text of a few lines. matches: the mistake that gives the wrong values, if one is known."""

    agrees: bool
    text: str
    verdict: str = "agree"
    matches: str = ""


class Refused(msgspec.Struct, frozen=True, tag=True):
    """Why a message cannot be answered, in one sentence."""

    sentence: str


Message = Judge | Plan | Results
Reply = Verdict | Draws | Refused


class Disagreement(AssertionError):
    """A result is wrong. `verdict`: differ, imprecise, nondeterministic, changed argument. `matches`: the mistake, if one is known."""

    __module__ = "concordant"  # where users find it

    def __init__(self, found: Verdict) -> None:
        super().__init__(found.text)
        self.verdict, self.matches = found.verdict, found.matches


def assert_agrees(result: Any, program: str, x: Any, *w: Any, output: str = "y", g: Any = None) -> None:
    """Raise Disagreement unless a result is what a program gives on x and weights w.

    result, x, w: arrays of any framework, or anything that NumPy takes; finite numbers, in the layout of the program.
    program: an operation, such as "Conv(stride=(2, 2))", several with >>, or a native call, such as "nn.Conv2d(3, 8, 3, stride=2)".
    output: "y", or which gradient the result is: "dx", "dw", of several weights "dw0", "dw1" …
    g: for a gradient, the gradient with respect to the result, as in y.backward(g).

    Whole numbers so small that every sum is exact are compared bit for bit. For other numbers, the allowed error is what rounding can
    cause in the dtype of the result, whatever the order of the sums (docs/judging.md). There is no tolerance to choose. Raises ValueError
    for bad input.

    >>> import numpy as np
    >>> x, w = np.arange(4.0).reshape(1, 1, 4), np.ones((1, 1, 2))
    >>> assert_agrees(np.array([[[1.0, 3.0, 5.0]]]), "Conv(stride=(1,))", x, w)
    >>> assert_agrees(np.array([[[1.0, 3.0, 9.0]]]), "Conv(stride=(1,))", x, w)
    Traceback (most recent call last):
    concordant.Disagreement: the result is wrong: 1 of 3 values are wrong
      first at [0, 0, 2]: expected 5, got 9
      of Conv(stride=(1,)) x=(1, 1, 4) w=(1, 1, 2) float64
    """
    arrived = None if g is None else _sent(g, "g")
    given, weights = _sent(x, "x"), [_sent(a, "a weight") for a in w]
    _settled(_process.ask(Judge(program, given, weights, _sent(result, "the result"), output, arrived)))


def check(
    function: Callable[..., Any], program: str, *, input: Sequence[int] | None = None, weights: Sequence[Sequence[int]] = (),
    dtype: str | Sequence[str] = "float32", data: str | Sequence[str] = (), to: Callable[[Any], Any] = np.asarray, seed: int = 0,
) -> str:  # fmt: skip
    """Run a function on numbers that tell mistakes apart, and raise Disagreement unless it computes a program. Returns what was asked.

    function: takes x and the weights, and returns the result. It is run twice on the same numbers: the results must have the same bits,
    and the arguments must be as before.
    program: as for `assert_agrees`, with the shapes of x and the weights: "Conv(stride=(1,)) x=(2, 3, 9) w=(4, 3, 3)". The shape of a
    native call's input is given as `input`, in its own layout. If the call takes arrays beside x, their shapes are given as `weights`.
    dtype: one or several of float16, bfloat16, float32, float64, uint8, int8, int32.
    data: the values that are fed in, if not whole numbers and normal ones: such as "nan" (`concordant run --help` lists them).
    to: turns a NumPy array into what the function takes: torch.from_numpy, jax.numpy.asarray.

    >>> import numpy as np
    >>> check(lambda x: x.repeat(2, axis=2), "Upsample(factor=(2,)) x=(1, 2, 5)")
    'agrees with the definition on 3 draws (float32 integers, float32 normal); P(a wrong function passed) ≤ 4e-15'
    """
    dtypes, named = [dtype] if isinstance(dtype, str) else list(dtype), [data] if isinstance(data, str) else list(data)
    plan = Plan(program, None if input is None else tuple(input), [tuple(shape) for shape in weights], dtypes, named, seed)
    with _process.alone:
        draws = _process.ask(plan)
        cases = zip(draws.cases, draws.arrays, strict=True)
        came = [[_ran(function, [to(_typed(sent)) for sent in given], case) for given in arrays] for case, arrays in cases]
        return _settled(_process.ask(Results(came))).text


def _ran(function: Callable[..., Any], given: list[Any], case: str) -> Came:
    """Run it twice on the same arrays."""
    before = [_sent(a, "an argument").values for a in given]
    try:
        first = _sent(function(*given), "the result")
        second = _sent(function(*given), "the result")
    except Exception as error:
        error.add_note(f"while it was checked on {case}")
        raise
    names = ["x", *(["w"] if len(given) == 2 else [f"w{i}" for i in range(len(given) - 1)])]
    after = [_sent(a, "an argument").values for a in given]
    return Came(first, first == second, [name for name, a, b in zip(names, before, after, strict=True) if a != b])


def _typed(sent: Sent) -> Any:
    if sent.dtype != "bfloat16":
        return sent.array
    try:
        import ml_dtypes
    except ImportError:
        raise ValueError("bfloat16 needs ml_dtypes, since NumPy has no such dtype; pip install ml_dtypes") from None
    return sent.array.astype(ml_dtypes.bfloat16)


def _sent(a: Any, name: str) -> Sent:
    """An array of any framework. Raises ValueError."""
    dtype = getattr(a, "dtype", None)
    word = getattr(dtype, "name", None) or str(dtype).rpartition(".")[2]
    if hasattr(a, "detach"):  # PyTorch: neither a gradient's tape nor another device
        a = a.detach().cpu()
        a = a.float() if word == "bfloat16" else a
    try:
        array = np.asarray(a)
        array = array.astype(np.float32) if array.dtype.name == "bfloat16" else array
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"{name} is a {type(a).__name__}, of which NumPy makes no array ({error}); give an array") from None
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{name} has dtype {array.dtype}, but it must hold real numbers")
    return Sent.of(array, word if dtype is not None else "")


def _settled(found: Any) -> Verdict:
    if not found.agrees:
        raise Disagreement(found)
    verdict: Verdict = found
    return verdict


def from_the_shell(function: str, program: str, to: str, keywords: str) -> int:
    """Check MODULE:FUNCTION and print one verdict. Returns the exit status: 0 agrees, 1 wrong, 2 bad input.

    to: MODULE:FUNCTION, or nothing. keywords: the others of `check`, as JSON.
    """
    try:
        text = check(_named(function), program, to=_named(to) if to else np.asarray, **msgspec.json.decode(keywords))
    except Disagreement as wrong:
        print(f"{function}: {wrong}")
        return 1
    except ValueError as bad:
        print(f"concordant: {bad}", file=sys.stderr)
        return 2
    print(f"{function}: {text}")
    return 0


def _named(place: str) -> Callable[..., Any]:
    """The function at MODULE:NAME, whose module is imported from the working folder or from what is installed. Raises ValueError."""
    module, colon, name = place.partition(":")
    if not (colon and module and name):
        raise ValueError(f"{place!r} names no function; write MODULE:FUNCTION, such as kernels:my_conv")
    try:
        found = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except Exception as error:
        raise ValueError(f"{place} cannot be imported: {type(error).__name__}: {error}") from None
    if not callable(found):
        raise ValueError(f"{place} is a {type(found).__name__}, but it must be a function")  # noqa: TRY004
    return found


class _Process:
    """The process that judges: started when it is first asked, ended with this one; a forked process starts its own."""

    def __init__(self) -> None:
        self.alone = threading.RLock()
        self._running: subprocess.Popen[bytes] | None = None

    def ask(self, message: Any) -> Any:
        """The reply. Raises ValueError with its sentence if it refuses."""
        with self.alone:
            process = self._started()
            said = msgspec.msgpack.encode(message)
            try:
                assert process.stdin
                assert process.stdout
                process.stdin.write(len(said).to_bytes(8, "little") + said)
                process.stdin.flush()
                length = int.from_bytes(process.stdout.read(8), "little")
                reply = msgspec.msgpack.decode(process.stdout.read(length), type=Reply)
            except (OSError, msgspec.DecodeError):
                self._running = None
                raise RuntimeError(f"the process that judges ended with status {process.wait()}; its last words are above") from None
        if isinstance(reply, Refused):
            raise ValueError(reply.sentence)  # noqa: TRY004
        return reply

    def _started(self) -> subprocess.Popen[bytes]:
        if self._running is None or self._running.poll() is not None:
            self._running = subprocess.Popen(beside("verify.testing.server"), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            atexit.register(self._running.kill)
        return self._running

    def forget(self) -> None:
        """Of a fork: the process is its parent's."""
        self.__init__()  # type: ignore[misc]


_process = _Process()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_process.forget)
