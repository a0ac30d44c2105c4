"""How each framework says each operation: one room a framework, whose `write.py` writes source text and computes nothing.

A backend file (a room's `write.py`, or a user's single file) has RUNTIMES (name → Runtime) and one function per operation, named after it
(`conv`, `conv_transpose`, …):

    def conv(op: Conv, at: Step) -> list[Statement] | str | Code

It returns the statements that turn `x` into the answer, as a fluent user of the framework would write them, or raises
Unsupported with a sentence. The files here return calls as data (backends/call.py); text is welcome too. `x` arrives as
(N, C, *space) and must leave so; where a framework keeps channels last, `ENTER` and `LEAVE` (rank → statement) do that
once around a whole program. `IMPORTS` is put above.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import inspect
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

import platformdirs

from backends import form as _form
from backends.call import BadCall, Call, Layer, Let, before, body
from backends.call import calls as _calls
from backends.cannot import Cannot
from spec import Case, Operation, Shape, operations
from spec.case import DTYPES

COUNTS = {"parameters"}
"""Functions of a backend file that count what a claim speaks of (spec.theorems.claims.Parameters), and translate no operation."""


class Unsupported(Exception):
    """The framework has no way to say this operation. The message is a sentence that says why.

    Raised with a sentence, or with a Cannot, which is a sentence with probes and needs no record of its own.
    """

    def __init__(self, why: str | Cannot) -> None:
        super().__init__(why.sentence if isinstance(why, Cannot) else why)
        self.why = why


class BadBackend(ValueError):
    """A backend that does not exist or does not follow the form above. The message says what to change."""


@dataclass(frozen=True)
class Code:
    """Statements, and those that come once before the function (a layer that is built)."""

    body: str
    before: str = ""


OUTPUTS = ("y", "dx", "dw")
"""The result, and the gradients with respect to x and to weights."""


@dataclass(frozen=True, kw_only=True)
class Mode:
    """How a runtime executes a case otherwise than by default: `torch:compile` is the runtime torch in its mode compile.

    meaning: what is done, as a phrase.
    decorator: what stands above `def f`, and before it.
    environment: variables set before the framework is imported, besides the runtime's own.
    expects: facts that a worker process must observe, or the mode did not take effect.
    glue: stands in place of the runtime's.
    outputs: those that it can give, if not the runtime's: ("y",) of a mode without gradients.
    dtypes: those it computes in, if not the runtime's.
    share: what it takes of a suite if nobody names it (verify.plan.suites.SHARES); empty if nothing.
    own_kernels: whether it runs kernels of its own, so that a wrong result of the runtime need not be wrong here.
    also: other words for it, which are answered with its name.
    name: set where a target is made.
    """

    meaning: str
    decorator: Code = Code("")
    environment: dict[str, str] = field(default_factory=dict)
    expects: dict[str, str] = field(default_factory=dict)
    glue: str = ""
    outputs: tuple[str, ...] = ()
    dtypes: tuple[str, ...] = ()
    share: str = ""
    own_kernels: bool = False
    also: tuple[str, ...] = ()
    name: str = ""


BY_DEFAULT = Mode(meaning="as it is written")


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """What a worker process needs to run a backend's texts, and what the framework offers.

    packages: the distributions whose versions matter, the one that must be installed first.
    glue: source the worker executes. It defines `array(a, dtype)`, `numpy(t)`, `dtype(t)`, `version()`, may define `facts()` (what can
      change a result: instruction set, threads, device, precision flags, as texts by name, observed and not guessed) and has either
      `answers(f, args, g)`, which yields y, then the gradients of ⟨g, y⟩ for each argument (not wanted if g is None), or
      `together(jobs)`, which prepares many (f, args, g) as one compilation and returns a function without arguments
      that answers a list of (outputs, error or None).
    environment: variables set before the framework is imported.
    batch_flags: further variables for batches; what is found so is run again individually without them.
    compiled: variables that make the framework keep in {folder} what it compiles, for the next run. They are set for batches alone, and not
      with --no-cache. Results are checked as always, and what is wrong runs again without these variables.
    modes: other ways to execute a case, by name.
    expects: facts that a worker process must observe.
    install: what pip installs for `NAME@VERSION`, with {version} in it: an environment of its own, which takes all else from this one.
    repeat_in: the mode in which a sample of what agreed in batches is run again individually, if users run it otherwise than batches do.

    What a runtime does not declare is not offered: it is counted, and is no failure.
    outputs: ("y", "dx", "dw"), or ("y",) of what has no gradients.
    dtypes: those it computes in.
    covers: the operations, by name; left out, those that the file has a function for.
    """

    packages: tuple[str, ...]
    glue: str
    environment: dict[str, str] = field(default_factory=dict)
    batch_flags: dict[str, str] = field(default_factory=dict)
    compiled: dict[str, str] = field(default_factory=dict)
    modes: dict[str, Mode] = field(default_factory=dict)
    expects: dict[str, str] = field(default_factory=dict)
    outputs: tuple[str, ...] = OUTPUTS
    dtypes: tuple[str, ...] = DTYPES
    covers: tuple[str, ...] | None = None
    install: tuple[str, ...] = ()
    repeat_in: str = ""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One operation of a case, as its translation sees it: shapes in spec's layout, and the names used in the text."""

    x: Shape
    w: tuple[Shape, ...]
    y: Shape
    dtype: str
    number: str
    native: tuple[Call, ...] = ()
    """Of a case that is a native call: the calls that are run, whatever the translation would be."""

    @property
    def k(self) -> Shape:
        """The kernel's lengths."""
        return self.w[0][2:]

    @property
    def empty(self) -> bool:
        """Whether the result has no pixel: a spatial axis of length 0, whatever the batch is."""
        return 0 in self.y[2:]

    @property
    def least(self) -> str:
        """The value that never is a maximum, for padding."""
        return {"uint8": "0", "int8": "-128", "int32": "-(2**31)"}.get(self.dtype, 'float("-inf")')

    @property
    def weight(self) -> str:
        return f"w{self.number}"

    @property
    def bias(self) -> str:
        return f"b{self.number}"

    @property
    def layer(self) -> str:
        return f"layer{self.number}"


def steps(case: Case, native: tuple[Call, ...] = ()) -> Iterator[tuple[Operation, Step]]:
    """Each operation of a case with its shapes. native: the calls that are run for it, if the case does not say."""
    if case.call:
        from backends.called import calls_of

        native = calls_of(case.call)
    for i, (op, x, w, y) in enumerate(case.op.walk(case.x, case.w), start=1):
        number = str(i) if len(case.op.steps) > 1 else ""
        yield op, Step(x=x, w=tuple(w), y=y, dtype=case.dtype, number=number, native=native)


@dataclass(frozen=True)
class Backend:
    """A runtime in a mode, with the module that translates for it. Its name is the target's: `torch`, or `torch:compile`."""

    name: str
    runtime: Runtime
    module: ModuleType
    python: str | None = None
    asked: str = ""
    """What to say after --backend to get it again."""
    mode: Mode = BY_DEFAULT

    @property
    def base(self) -> str:
        """The name of its runtime."""
        return runtime_of(self.name)

    @property
    def offered(self) -> list[Backend]:
        """The same runtime in each of its other modes."""
        return [in_mode(self, name) for name in self.runtime.modes]

    @property
    def ours(self) -> bool:
        """Whether its file is one of those here. What is known of torch is not known of another file's runtime of that name."""
        return _is_ours(self.module)

    def native(self, case: Case) -> tuple[Call, ...]:
        """The calls that are run for a case instead of a translation, where the case does not say: none."""
        return ()

    @property
    def has_gradients(self) -> bool:
        """Whether it offers gradients."""
        return set(self.runtime.outputs) == set(OUTPUTS)

    def lacks(self, case: Case) -> str:
        """What a case needs and the runtime does not declare, in a few words; empty if it declares all, gradients aside."""
        covers = self.runtime.covers
        for op in case.op.steps if not case.call else ():
            if op.name not in covers if covers is not None else not hasattr(self.module, function_name(op.name)):
                return f"operation {op.name}"
        if case.dtype not in self.runtime.dtypes:
            return f"dtype {case.dtype}"
        return "inferred shapes" if case.check == "shape" and "def infer(" not in self.runtime.glue else ""

    def translate(self, case: Case) -> str:
        """Source that defines `f(x, *w)`: of a case with a native call, that call. Raises Unsupported."""
        if case.call:
            from backends.called import called

            return called(case, self)
        if case.check == "shape" and "def infer(" not in self.runtime.glue:
            raise Unsupported("its glue defines no `infer`, which says what shape the framework expects without running")
        decorator = self.mode.decorator
        head, inside, names = [getattr(self.module, "IMPORTS", ""), decorator.before], [], ["x"]
        rank = case.op.rank
        for op, step in steps(case):
            function = self._function(op)
            where = f"{getattr(self.module, '__file__', self.name)}: {function.__name__} for {op!r}"
            try:
                code = _code(said := function(op, step))
            except Unsupported:
                raise
            except Exception as error:
                raise BadBackend(f"{where} raised {type(error).__name__}: {error}") from error
            if code is None:
                raise BadBackend(f"{where} returned {said!r}, but it must return text, Code or a list of calls and statements")
            head.append(code.before)
            inside.append(code.body)
            names.extend(one.name + step.number for one in op.inputs())
        statements = [self._border("ENTER", rank), *inside, self._border("LEAVE", case.op.out_rank), "return x"]
        indented = "\n".join(f"    {line}" for s in statements for line in s.splitlines())
        opening = "\n".join(s for s in (decorator.body, f"def f({', '.join(names)}):") if s)
        return "\n".join(s for s in head if s) + f"\n\n\n{opening}\n{indented}\n"

    def _function(self, op: Operation) -> Callable[[Operation, Step], Any]:
        name = function_name(op.name)
        function = getattr(self.module, name, None)
        if function is None:
            raise Unsupported(f"{_place(self.module)} has no function `{name}`; write one to translate {op.name}")
        return function  # type: ignore[no-any-return]

    def _border(self, name: str, rank: int) -> str:
        border = getattr(self.module, name, None)
        try:
            statement = border(rank) if border else ""
        except Exception as error:
            file = getattr(self.module, "__file__", self.name)
            raise BadBackend(f"{file}: {name}({rank}) raised {type(error).__name__}: {error}") from error
        return str(statement)


def _place(module: ModuleType) -> str:
    """The file of a module: its name, with its room's."""
    file = Path(str(module.__file__))
    return f"{file.parent.name}/{file.name}" if _is_ours(module) else file.name


def _is_ours(module: ModuleType) -> bool:
    return module.__name__.startswith(f"{__name__}.")


def calls(module: ModuleType, op: Operation, at: Step) -> tuple[Call, ...]:
    """The native calls by which a file here writes an operation, each followed by those among its arguments; none of an operation that it
    has no function for, or writes by a call without a signature (`Backend.translate` says so). Raises Unsupported."""
    found, why = _written(module, op, at)
    if why:
        raise Unsupported(why)
    return found


@lru_cache(maxsize=4096)
def _written(module: ModuleType, op: Operation, at: Step) -> tuple[tuple[Call, ...], str | Cannot | None]:
    function = getattr(module, function_name(op.name), None)
    try:
        return (tuple(_calls(function(op, at))) if function else ()), None
    except Unsupported as cannot:
        return (), cannot.why
    except BadCall:
        return (), None


def _code(said: object) -> Code | None:
    """What a translation returned, as source; None if it is nothing of the kind."""
    if isinstance(said, Code):
        return said if isinstance(said.body, str) else None
    if isinstance(said, str):
        return Code(said)
    if isinstance(said, list | tuple) and all(isinstance(one, Call | Let | Layer | str) for one in said):
        return Code(body(said), before(said))
    return None


def runtime_of(target: str) -> str:
    """`torch:compile` → `torch`, `keras-torch@3.14.0` → `keras-torch`."""
    return target.partition(":")[0].partition("@")[0]


def in_mode(backend: Backend, name: str) -> Backend:
    """A runtime in one of its modes. Raises BadBackend."""
    modes = backend.runtime.modes
    if name not in modes:
        raise BadBackend(f"{backend.name} has no mode {name!r}{_mode_meant(backend, name)}")
    mode, runtime = replace(modes[name], name=name), backend.runtime
    changed = replace(
        runtime, glue=mode.glue or runtime.glue, environment=runtime.environment | mode.environment,
        expects=runtime.expects | mode.expects, outputs=mode.outputs or runtime.outputs, dtypes=mode.dtypes or runtime.dtypes,
    )  # fmt: skip
    return replace(backend, name=f"{backend.name}:{name}", runtime=replace(changed, repeat_in=""), mode=mode)


def _mode_meant(backend: Backend, name: str) -> str:
    modes = backend.runtime.modes
    if not modes:
        return f"; it runs in its default mode only: --backend {backend.name}"
    words = {word: mode for mode, m in modes.items() for word in (mode, *m.also)}
    near = difflib.get_close_matches(name, words, 1)
    hint = f"did you mean {backend.name}:{words[near[0]]}? " if near else ""
    return f"; {hint}its modes are {', '.join(f'{backend.name}:{mode}' for mode in modes)}"


def targets_called(word: str) -> list[str]:
    """The targets whose mode is called so, or by another word for it, the shortest name first."""
    modes = [(f"{name}:{mode}", m.also) for name, backend in found().items() for mode, m in backend.runtime.modes.items()]
    return sorted((target for target, also in modes if target.endswith(f":{word}") or word in also), key=len)


def function_name(operation: str) -> str:
    """ConvTranspose → conv_transpose."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()


def found() -> dict[str, Backend]:
    """Every runtime of every room in backends/, by name, in its default mode."""
    return dict(_found())


@cache
def _found() -> dict[str, Backend]:
    rooms = sorted(path.parent.name for path in Path(__file__).parent.glob("*/write.py"))
    modules = (importlib.import_module(f"backends.{room}.write") for room in rooms)
    return {backend.name: backend for module in modules for backend in _runtimes(module)}


def named(name: str) -> list[Backend]:
    """The targets meant by a name on the command line: `torch`, `keras` (all its engines), `./mine.py`, `package.module`,
    any of these with `:mode`, and with `=/path/to/python`; a runtime here with `@version`, whose interpreter is in an environment of its
    own, made when it is first used (verify.execute.side). Raises BadBackend."""
    target, _, python = name.partition("=")
    what, _, mode = target.rpartition(":") if ":" in target else (target, "", "")
    if "@" in what and not what.endswith(".py"):
        return [_of_version(b, what.partition("@")[2], mode, name) for b in named(what.partition("@")[0])]
    if python and not Path(python).is_file():
        raise BadBackend(f"--backend {name}: there is no interpreter at {python}; give the path of a python executable")
    chosen, ours = _chosen(what), found()
    asked = {b.name: b.name if ours.get(b.name) == b else what for b in chosen}
    if ":" in target:
        having = [b for b in chosen if mode in b.runtime.modes]
        chosen = [in_mode(b, mode) for b in having or chosen[:1]]
    suffix = f"={python}" if python else ""
    interpreter = os.path.abspath(python) if python else None  # not resolved: an environment's python is a link
    return [
        replace(b, python=interpreter, asked=asked[b.base] + (f":{b.mode.name}" if b.mode.name else "") + suffix) for b in chosen
    ]


VERSION = re.compile(r"[0-9][0-9A-Za-z.+-]{0,30}", re.ASCII)


def _of_version(backend: Backend, version: str, mode: str, asked: str) -> Backend:
    """A runtime in another version of its framework. Raises BadBackend."""
    if not backend.runtime.install:
        other = f"other versions of {backend.name} are not installed for you"
        raise BadBackend(f"--backend {asked}: {other}; name an interpreter: {backend.name}=PYTHON")
    if not VERSION.fullmatch(version):
        raise BadBackend(f"--backend {asked}: {version!r} is no version; write one such as {backend.name}@3.14.0")
    install = tuple(text.format(version=version) for text in backend.runtime.install)
    name = f"{backend.name}@{version}"
    python = str(environments() / name / "bin" / "python")
    made = replace(backend, name=name, runtime=replace(backend.runtime, install=install), python=python)
    return replace(in_mode(made, mode) if mode else made, asked=asked)


def environments() -> Path:
    """The folder of the environments of other versions, in the user's cache."""
    return Path(platformdirs.user_cache_dir("concordant")) / "environments"


def file_of(name: str) -> Path | None:
    """The file that a name after --backend stands for, found without running any of it. None if it is not found."""
    what = name.partition("=")[0]
    what = what.rpartition(":")[0] or what
    if what.endswith(".py"):
        return Path(what)
    first, *rest = what.split(".")
    try:
        spec = importlib.util.find_spec(first)  # of a name without a dot nothing is imported
        for i in range(len(rest)):
            spec = spec and PathFinder.find_spec(f"{first}.{'.'.join(rest[: i + 1])}", spec.submodule_search_locations)
    except (ImportError, ValueError):
        return None
    return Path(spec.origin) if spec and spec.origin and spec.has_location else None


def _chosen(what: str) -> list[Backend]:
    if what.endswith(".py"):
        return _runtimes(_from_path(Path(what)))
    known = found()
    if what in known:
        return [known[what]]
    family = [b for b in known.values() if b.module.__name__ == f"backends.{what}.write"]
    if family:
        return family
    if what and os.path.isdir(what):
        raise BadBackend(f"--backend {what} is a folder; give the path of a .py file, a module or one of {', '.join(known)}")
    if "." in what and all(part.isidentifier() for part in what.split(".")):
        return _runtimes(_from_module(what, known))
    near = difflib.get_close_matches(what, known, 1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise BadBackend(f"there is no backend {what!r}; {hint}there are {', '.join(known)}, or give the path of a .py file")


def _from_module(name: str, known: Iterable[str]) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise BadBackend(f"--backend {name}: {error}; give a module on the path, a .py file or one of {', '.join(known)}") from None
    except (Exception, SystemExit) as error:
        raise BadBackend(f"--backend {name}: it does not import: {type(error).__name__}: {error}") from None


def _from_path(path: Path) -> ModuleType:
    if not os.path.isfile(path):
        raise BadBackend(f"--backend {path}: there is no such file")
    module = ModuleType(str(path))
    sys.modules[module.__name__] = module
    module.__file__ = str(path)
    try:
        exec(compile(path.read_text(), str(path), "exec"), vars(module))
    except (Exception, SystemExit) as error:
        raise BadBackend(f"--backend {path}: it does not import: {type(error).__name__}: {error}") from None
    return module


def _runtimes(module: ModuleType) -> list[Backend]:
    runtimes: Any = getattr(module, "RUNTIMES", None)
    if not isinstance(runtimes, dict) or not runtimes or not all(isinstance(r, Runtime) for r in runtimes.values()):
        raise BadBackend(f"{module.__file__} has no RUNTIMES; define RUNTIMES = {{'name': backends.Runtime(packages=…, glue=…)}}")
    # reading the glues of the files here takes as long as importing NumPy: tests/test_start.py does it
    if not _is_ours(module) and (fault := next(_form.faults(module, runtimes), None)):
        raise BadBackend(f"{module.__file__}: {fault}")
    known = {function_name(name) for name in operations()}
    for name, function in inspect.getmembers(module, inspect.isfunction):
        if function.__module__ != module.__name__ or name.startswith("_") or name in ("ENTER", "LEAVE"):
            continue
        if name not in known | COUNTS:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise BadBackend(f"{module.__file__}: {name} is no operation; {hint}there are {', '.join(sorted(known))}; begin helpers with _")
        if len(inspect.signature(function).parameters) != 2:
            raise BadBackend(f"{module.__file__}: {name}{inspect.signature(function)} must take (op, at), an operation and a Step")
    return [Backend(name, runtime, module) for name, runtime in runtimes.items()]
