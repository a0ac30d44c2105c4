"""What must be right in a backend file before a worker process is started: the types of its parts, and the functions of its glue.

The glue is looked at as a syntax tree and never run here. Each function yields sentences that say what was received and what to write.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from types import ModuleType
from typing import Any

from spec import operations
from spec.case import DTYPES

NAME = re.compile(r"[A-Za-z0-9][\w.+-]{0,39}", re.ASCII)
"""What a runtime may be called: it is printed, and typed after --backend."""

SHARES = ("", "small", "large", "narrow")
"""What a mode may take of a suite if nobody names it, nothing at first; verify.plan.suites says how much that is."""

SIGNATURES = {"array": "array(a, dtype)", "numpy": "numpy(t)", "dtype": "dtype(t)", "version": "version()"}
ANSWERS = "answers(f, args, g)"
DYNAMIC = {"exec", "eval", "globals", "vars", "setattr", "__import__"}
"""A glue that calls one of these may define names that its syntax tree does not show."""


def faults(module: ModuleType, runtimes: dict[Any, Any]) -> Iterator[str]:
    """What is wrong with the parts of a backend file that are not translations."""
    imports = getattr(module, "IMPORTS", "")
    if not isinstance(imports, str):
        yield f"IMPORTS is {_received(imports)}, but it must be a string of import statements"
    for name in ("ENTER", "LEAVE"):
        yield from _border(name, getattr(module, name, None))
    for name, runtime in runtimes.items():
        if not isinstance(name, str) or not NAME.fullmatch(name):
            yield f"RUNTIMES has the name {_received(name)}, but a runtime's name is letters, digits and . _ - +, such as 'mine'"
        else:
            yield from (f"RUNTIMES[{name!r}]: {fault}" for fault in _runtime(module, runtime))


def _runtime(module: ModuleType, runtime: Any) -> Iterator[str]:
    packages = runtime.packages
    if not isinstance(packages, tuple) or not all(isinstance(p, str) and p for p in packages):
        yield f"packages is {_received(packages)}, but it must be a tuple of strings, such as ('numpy',)"
    for name in ("environment", "batch_flags", "compiled"):
        variables = getattr(runtime, name)
        if not isinstance(variables, dict) or not all(_is_variable(*item) for item in variables.items()):
            yield f"{name} is {_received(variables)}, but it must be a dictionary of strings, such as {{'OMP_NUM_THREADS': '1'}}"
    modes = runtime.modes
    if not isinstance(modes, dict) or not all(isinstance(k, str) and hasattr(v, "decorator") for k, v in modes.items()):
        form = "{'compile': Mode(meaning='compiled', decorator=Code('@compile'))}"
        yield f"modes is {_received(modes)}, but it must be a dictionary such as {form}"
    else:
        yield from (f"modes[{name!r}]: {fault}" for name, mode in modes.items() for fault in _mode(name, mode))
    if runtime.repeat_in and (not isinstance(modes, dict) or runtime.repeat_in not in modes):
        yield f"repeat_in is {_received(runtime.repeat_in)}, but it must be one of modes, or empty"
    yield from _declared(module, runtime)
    yield from _glue(runtime.glue)


def _declared(module: ModuleType, runtime: Any) -> Iterator[str]:
    """What the runtime says that it offers."""
    if runtime.outputs not in (("y",), ("y", "dx", "dw")):
        yield f'outputs is {_received(runtime.outputs)}, but it must be ("y",) or ("y", "dx", "dw")'
    for name, allowed in (("dtypes", DTYPES), ("covers", operations())):
        given = getattr(runtime, name)
        if name == "covers" and given is None:
            continue
        if wrong := _words(name, given, allowed):
            yield wrong
        elif name == "covers" and (bare := [word for word in given if not hasattr(module, _snake(word))]):
            yield f"covers names {bare[0]}, but the file has no function `{_snake(bare[0])}`"


def _words(name: str, given: Any, allowed: Iterable[str]) -> str:
    """What is wrong with a declaration of some of the words that there are; empty if nothing."""
    if not isinstance(given, tuple) or not given or not all(isinstance(word, str) for word in given):
        return f"{name} is {_received(given)}, but it must be a tuple of strings, such as {tuple(allowed)[:2]}"
    if not (wrong := [word for word in given if word not in allowed]):
        return ""
    near = get_close_matches(wrong[0], allowed, 1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"{name} names {wrong[0]!r}, which there is not; {hint}there are {', '.join(allowed)}"


def _snake(operation: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()


def _mode(name: str, mode: Any) -> Iterator[str]:
    if not NAME.fullmatch(name):
        yield "a mode's name is letters, digits and . _ - +, such as 'compile'"
    if not isinstance(mode.meaning, str) or not mode.meaning:
        yield f"meaning is {_received(mode.meaning)}, but it must be a phrase that says how a case is executed"
    if not all(isinstance(getattr(mode.decorator, part, None), str) for part in ("before", "body")):
        yield f"decorator is {_received(mode.decorator)}, but it must be Code, such as Code('@compile')"
    for part in ("environment", "expects"):
        variables = getattr(mode, part)
        if not isinstance(variables, dict) or not all(_is_variable(*item) for item in variables.items()):
            yield f"{part} is {_received(variables)}, but it must be a dictionary of strings"
    if mode.outputs not in ((), ("y",), ("y", "dx", "dw")):
        yield f'outputs is {_received(mode.outputs)}, but it must be ("y",), ("y", "dx", "dw"), or left out'
    if mode.dtypes != () and (wrong := _words("dtypes", mode.dtypes, DTYPES)):
        yield wrong
    if mode.share not in SHARES:
        yield f"share is {_received(mode.share)}, but it must be one of {', '.join(map(repr, SHARES))}"
    if mode.glue:
        yield from _glue(mode.glue)


def _is_variable(name: object, value: object) -> bool:
    texts = isinstance(name, str) and isinstance(value, str)
    return texts and bool(name) and "=" not in str(name) and "\0" not in f"{name}{value}"


def _border(name: str, border: object) -> Iterator[str]:
    """ENTER or LEAVE. What raises is left to the translation of a case of that rank."""
    form = f"define def {name}(rank), which returns a statement as a string"
    if border is None:
        return
    if not callable(border):
        yield f"{name} is {_received(border)}; {form}"
        return
    for rank in (1, 2, 3):
        try:
            inspect.signature(border).bind(rank)
        except TypeError:
            yield f"{name} does not take one argument; {form}"
            return
        except ValueError:  # a builtin without a signature
            pass
        try:
            statement = border(rank)
        except Exception:
            continue
        if not isinstance(statement, str):
            yield f"{name}({rank}) returned {_received(statement)}; {form}"
            return


@dataclass
class _Function:
    """A function of the glue, as far as its text shows."""

    arguments: ast.arguments
    returns: list[ast.expr | None]
    yields: bool
    plain: bool
    """Neither asynchronous nor decorated."""

    def takes(self, count: int) -> bool:
        """Whether it can be called with so many arguments."""
        most = len(self.arguments.posonlyargs) + len(self.arguments.args)
        keywords = any(default is None for default in self.arguments.kw_defaults)
        return most - len(self.arguments.defaults) <= count and (count <= most or self.arguments.vararg is not None) and not keywords


def _glue(glue: object) -> Iterator[str]:
    if not isinstance(glue, str):
        yield f"glue is {_received(glue)}, but it must be a string of Python source"
        return
    try:
        tree = ast.parse(glue)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        yield f"glue is not Python: {error}"
        return
    defined = _defined(tree.body)
    if not (_is_dynamic(tree) or {"answers", "together"} & defined.keys()):
        yield f"glue defines no `answers`; define def {ANSWERS}, which yields y, then one gradient for each of args"
    for name, signature in (*SIGNATURES.items(), ("answers", ANSWERS), ("together", "together(functions)")):
        if name in SIGNATURES and name not in defined and not _is_dynamic(tree):
            yield f"glue defines no `{name}`; define def {signature}"
        function = defined.get(name)
        if function and function.plain and not function.takes(0 if signature.endswith("()") else signature.count(",") + 1):
            yield f"glue: `{name}` is called as {signature}, but it takes other arguments"
        if function and function.plain:
            yield from _body(name, function)
        elif function and name in (*SIGNATURES, "answers") and function.arguments is ASYNCHRONOUS:
            yield f"glue: `{name}` is asynchronous; write def instead of async def"


def _body(name: str, function: _Function) -> Iterator[str]:
    given = [value for value in function.returns if value is not None]
    texts = [ast.unparse(value) for value in given]
    if name == "answers" and not function.yields:
        has = f"has `return {texts[0][:60]}`" if texts else "has no `yield`"
        yield f"glue: {ANSWERS} {has}, but it must yield: first `yield y`, then `yield` one gradient for each of args"
    if name in ("version", "dtype") and not given and not function.yields:
        yield f"glue: {SIGNATURES[name]} returns nothing; {MUST_RETURN[name]}"
    for value, text in zip(given, texts, strict=True):
        number = isinstance(value, ast.Constant) and not isinstance(value.value, str)
        if name == "dtype" and (number or (isinstance(value, ast.Attribute) and value.attr == "dtype")):
            yield f"glue: dtype(t) returns {text[:60]}, which is not a string; {MUST_RETURN[name]}"
        if name == "version" and isinstance(value, ast.Constant | ast.JoinedStr | ast.List | ast.Tuple | ast.Set):
            yield f"glue: version() returns {text[:60]}, which is not a dictionary; {MUST_RETURN[name]}"


MUST_RETURN = {
    "dtype": "return a string, such as 'float32'", "version": "return a dictionary of strings, such as {'numpy': numpy.__version__}",
}  # fmt: skip
ASYNCHRONOUS = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])


def _is_dynamic(tree: ast.Module) -> bool:
    """Whether names may be defined that the text does not show."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
            return True
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in DYNAMIC:
            return True
    return False


def _defined(body: list[ast.stmt]) -> dict[str, _Function | None]:
    """The names that statements bind at the top level of a module; None for what is no plain text of a function."""
    found: dict[str, _Function | None] = {}
    for node in body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = _function(node.args, node.body, plain=not node.decorator_list)
        elif isinstance(node, ast.AsyncFunctionDef):
            found[node.name] = _Function(ASYNCHRONOUS, [], yields=False, plain=False)
        elif isinstance(node, ast.ClassDef):
            found[node.name] = None
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found.update({(alias.asname or alias.name).partition(".")[0]: None for alias in node.names})
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and isinstance(node.value, ast.Lambda):
            found[node.targets[0].id] = _Function(node.value.args, [node.value.body], yields=False, plain=True)
        else:
            stored = (n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
            found.update(dict.fromkeys(stored))
            for inner in ast.iter_child_nodes(node):
                blocks = [inner] if isinstance(inner, ast.stmt) else list(getattr(inner, "body", ())) if _is_block(inner) else []
                found.update(dict.fromkeys(_defined([s for s in blocks if isinstance(s, ast.stmt)])))
    return found


def _is_block(node: ast.AST) -> bool:
    return isinstance(node, ast.ExceptHandler | ast.match_case)


def _function(arguments: ast.arguments, body: list[ast.stmt], *, plain: bool) -> _Function:
    """With what its own statements return and yield, not those of functions within."""
    returns: list[ast.expr | None] = []
    yields, waiting = False, list[ast.AST](body)
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            continue
        if isinstance(node, ast.Return):
            returns.append(node.value)
        yields = yields or isinstance(node, ast.Yield | ast.YieldFrom)
        waiting.extend(ast.iter_child_nodes(node))
    return _Function(arguments, returns, yields, plain)


def _received(value: object) -> str:
    text = repr(value)
    return f"{text if len(text) <= 80 else text[:79] + '…'} ({type(value).__name__})"
