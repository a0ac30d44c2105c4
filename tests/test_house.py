"""The rooms: what stands where, and who may know whom."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import backends
from backends import Backend, function_name
from backends.call import Layer, Let
from backends.known import everything
from spec import operations
from verify.fuzz import proposed

ROOT = Path(__file__).resolve().parent.parent
FRAMEWORKS = {"torch", "tensorflow", "keras", "jax", "jaxlib", "onnx", "onnxruntime", "flax"}
ALLOWED = {
    "spec": {"spec"},
    "backends": {"spec", "backends"},
    "verify": {"spec", "backends", "verify"},
}


def _imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module).split(".")[0])
    return names


@pytest.mark.parametrize("name", ["spec", "backends", "backends/torch", "verify", "tests", "docs", "benchmarks"])
def test_every_room_is_there(name: str) -> None:
    assert (ROOT / name).is_dir()


FILES = (
    "pyproject.toml", "README.md", "concordant.py", "Makefile", "constraints.txt", "LICENSE", "CONTRIBUTING.md", "CHANGELOG.md", ".ci/run",
)  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_there(name: str) -> None:
    assert (ROOT / name).is_file()


@pytest.mark.parametrize("room", ALLOWED)
def test_a_room_knows_only_those_below_it(room: str) -> None:
    ours = set(ALLOWED)
    for path in (ROOT / room).rglob("*.py"):
        assert _imports(path) & ours <= ALLOWED[room], path
        assert not _imports(path) & FRAMEWORKS, path


READERS = {"translate", "body", "before", "written", "getsource", "unparse"}
"""Names of what makes source text of calls."""


def _reads_source(source: str) -> list[str]:
    """The lines that look into generated source: that make text of calls, or look for a piece of text in something."""
    tree, found = ast.parse(source), []
    assigned = [node for node in ast.walk(tree) if isinstance(node, ast.Assign)]
    lists = {ast.unparse(node.targets[0]) for node in assigned if ".split(" in ast.unparse(node.value)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in READERS:
            found.append(ast.unparse(node))
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("backends"):
            found.extend(alias.name for alias in node.names if alias.name in READERS)
        if isinstance(node, ast.Call) and ast.unparse(node).startswith(("str(call)", "repr(call)")):
            found.append(ast.unparse(node))
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
            piece = isinstance(node.left, ast.Constant) and isinstance(node.left.value, str)
            if piece and not isinstance(node.comparators[0], ast.Tuple | ast.Set) and ast.unparse(node.comparators[0]) not in lists:
                found.append(ast.unparse(node))
        translates = isinstance(node, ast.Attribute) and node.attr in {function_name(name) for name in operations()}
        if translates and isinstance(node.value, ast.Name) and node.value.id in FRAMEWORKS:  # type: ignore[attr-defined]
            found.append(ast.unparse(node))
    return found


@pytest.mark.parametrize("path", sorted((ROOT / "backends").glob("*/known.py")), ids=lambda path: path.parent.name)
def test_no_predicate_reads_generated_source(path: Path) -> None:
    """A predicate looks at the operation, at calls (`function`, arguments), dtype, mode and facts."""
    assert _reads_source(path.read_text()) == []


@pytest.mark.parametrize("line", [
    "'\"VALID\"' in tensorflow.conv(op, at)", "text = torch.resize(op, at)", "backend.translate(q)", "str(call)",
    "from backends.call import body", "'F.interpolate' in text", "'bilinear\", antialias=True' in word",
    "'nearest' in _interpolation(op, at)",
])  # fmt: skip
def test_a_predicate_that_reads_source_is_seen(line: str) -> None:
    assert _reads_source(line) != []


def test_no_predicate_needs_the_source_of_a_statement(monkeypatch: pytest.MonkeyPatch) -> None:
    """In substance: nothing that a predicate asks for makes source of what a translation returned."""

    def forbidden(*_: object) -> str:
        raise AssertionError("a predicate read generated source")

    monkeypatch.setattr(Backend, "translate", forbidden)
    monkeypatch.setattr(Let, "__str__", forbidden)
    monkeypatch.setattr(Layer, "__str__", forbidden)
    for name in ("_code", "body", "before"):
        monkeypatch.setattr(backends, name, forbidden)
    cases = proposed((), 3, 150) + proposed(("Resize", "Lanczos", "ConvTranspose", "AveragePool"), 4, 150)
    assert len(cases) > 100
    covered = [known.id for case in cases for known in everything() if known.covers(case, {"onednn": "off"})]
    assert len(set(covered)) > 20


def test_no_key_of_a_backend_is_half_a_source_text() -> None:
    for path in (ROOT / "backends").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            keys = [*node.keys] if isinstance(node, ast.Dict) else [node.key] if isinstance(node, ast.DictComp) else []
            for key in keys:
                texts = [n.value for n in ast.walk(key) if isinstance(n, ast.Constant) and isinstance(n.value, str)] if key else []
                assert not any(c in text for text in texts for c in "\"'=("), f"{path.name}: {ast.unparse(key)}"


def test_the_host_needs_only_python_and_numpy() -> None:
    outside = _imports(ROOT / "verify/execute/worker.py") - set(sys.stdlib_module_names)
    assert outside == {"numpy"}


@pytest.mark.parametrize("room", ALLOWED)
def test_an_intruder_is_named(room: str, tmp_path: Path) -> None:
    """Another `spec`, `backends` or `verify` ahead on the path: one sentence, exit status 2; `check` is there none the less."""
    (tmp_path / room).mkdir()
    (tmp_path / room / "__init__.py").write_text("")
    code = f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(ROOT)!r}]; import concordant; concordant.check; concordant.Run"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2
    assert room in done.stderr
    assert str(tmp_path) in done.stderr
    assert "Traceback" not in done.stderr


def test_the_public_face() -> None:
    import concordant

    op = concordant.parse("Upsample(factor=(2,)) >> Conv(stride=(1,))")
    assert op.rank == 1
    assert all(getattr(concordant, name).__doc__ for name in concordant.__all__)
    assert set(concordant.PLACES) | {"main"} == set(concordant.__all__)
    with pytest.raises(AttributeError, match="no attribute 'no_such'"):
        _ = concordant.no_such


def test_spec_names_no_compiler() -> None:
    """How a case is executed is a mode of a runtime, and no part of what is specified."""
    words = re.compile(r"\b(xla|jit|inductor|dynamo|onednn|aot_eager|compiled|jit_compile)\b", re.IGNORECASE)
    assert [path.name for path in (ROOT / "spec").rglob("*.py") if words.search(path.read_text())] == []
