"""The rooms in substance: no circle between modules or between rooms, and no framework's name in spec/ and verify/ but where it is said."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NAMED = re.compile(r"(?<![a-z])(?:torch|pytorch(?!_half_pixel)|tensorflow|keras|jax|onnx|onnxruntime|flax)(?![a-z])", re.IGNORECASE)
"""`pytorch_half_pixel` is ONNX's word for a rule of coordinates, and spec's."""

MAY_NAME = {
    "spec/conventions/meant.py": "what the frameworks' words mean",
    "spec/conventions/padding.py": "what the frameworks' words mean",
    "spec/conventions/resize.py": "what the frameworks' words mean",
    "spec/families/founding.py": "the question that the project began with is about layers of frameworks",
    "spec/theorems/claims.py": "the claims are about layers of frameworks",
    "spec/theorems/pixels.py": "sources of statements",
    "spec/theorems/sources.py": "sources of statements",
    "verify/commands/native.py": "examples of targets in --help",
    "verify/commands/options.py": "examples of targets in --help",
    "verify/execute/environment.py": "beginnings of the names of environment variables",
    "verify/plan/call_values.py": "values of parameters",
    "verify/plan/calls.py": "functions that the suite of calls cannot call",
    "verify/plan/plan.py": "which packages to install",
    "verify/plan/suites.py": "the crops that frameworks' words mean",
    "verify/report/pages.py": "the answer to the question that the project began with",
}
"""Files of spec/ and verify/ whose code names a framework, and why. Comments and docstrings may name one anywhere."""


def _modules(*rooms: str) -> dict[str, Path]:
    paths = (path for room in rooms for path in (ROOT / room).rglob("*.py"))
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


@cache
def _imports() -> dict[str, set[str]]:
    """Each module and those it imports when it is imported: not under TYPE_CHECKING, not inside functions."""
    modules = _modules("spec", "backends", "verify")
    return {name: set(_imported(ast.parse(path.read_text()).body, modules)) for name, path in modules.items()}


def _imported(body: list[ast.stmt], modules: dict[str, Path]) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom) and node.module:
            full = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (name if name in modules else str(node.module) for name in full if str(node.module) in modules)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.unparse(node.test):
            yield from _imported([*node.body, *node.orelse], modules)


def _room(module: str) -> str:
    """verify.judge.reference → verify.judge; a module at the top of spec, backends or verify is a room of its own."""
    first, *rest = module.split(".")
    return ".".join([first, *rest[:1]])


def _circle(graph: dict[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_module_imports_itself_by_way_of_others() -> None:
    assert _circle({name: found - {name} for name, found in _imports().items() if name.startswith("verify")}) == []


def test_no_two_rooms_of_verify_import_each_other() -> None:
    rooms: dict[str, set[str]] = {}
    for module, found in _imports().items():
        if module.startswith("verify."):
            own = rooms.setdefault(_room(module), set())
            own |= {_room(other) for other in found if other.startswith("verify.")} - {_room(module)}
    assert len(rooms) > 8
    assert _circle(rooms) == []


def test_a_circle_is_seen() -> None:
    assert _circle({"a": {"b"}, "b": {"c"}, "c": {"a"}})
    assert _circle({"a": {"b"}, "b": {"c"}, "c": set()}) == []


def _code(path: Path) -> str:
    """The names and texts of a module, without docstrings and comments."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            body[:] = [one for one in body if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))] or [ast.Pass()]
    return ast.unparse(tree)


@pytest.mark.parametrize("room", ["spec", "verify"])
def test_no_framework_is_named(room: str) -> None:
    """A newcomer's framework touches backends/ alone."""
    naming = {str(path.relative_to(ROOT)) for path in _modules(room).values() if NAMED.search(_code(path))}
    assert naming == {name for name in MAY_NAME if name.startswith(room)}


def test_a_name_in_code_is_seen_and_one_in_a_docstring_is_not(tmp_path: Path) -> None:
    texts = {'"""As torch does."""\nx = 1  # keras\n': False, "if runtime == 'torch': pass": True, "keras_same = 1": True}
    for text, seen in texts.items():
        (tmp_path / "m.py").write_text(text)
        assert bool(NAMED.search(_code(tmp_path / "m.py"))) == seen


ROOMS = {
    "backends": {"flax", "jax", "keras", "onnx", "tensorflow", "torch"},
    "spec": {"conventions", "families", "ops", "rewriting", "theorems"},
    "verify": {"commands", "execute", "explain", "judge", "native", "plan", "report", "testing"},
}


@pytest.mark.parametrize("place", ROOMS)
def test_the_rooms_are_those_of_the_design(place: str) -> None:
    assert {path.parent.name for path in (ROOT / place).glob("*/__init__.py")} == ROOMS[place]
