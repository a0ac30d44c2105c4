"""The rooms: what stands where, and who may know whom."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("name", ["spec", "backends", "backends/known", "verify", "tests", "docs", "benchmarks"])
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


def test_the_host_needs_only_python_and_numpy() -> None:
    outside = _imports(ROOT / "verify/execute/worker.py") - set(sys.stdlib_module_names)
    assert outside == {"numpy"}


@pytest.mark.parametrize("room", ALLOWED)
def test_an_intruder_is_named(room: str, tmp_path: Path) -> None:
    """Another `spec`, `backends` or `verify` ahead on the path: one sentence, exit status 2."""
    (tmp_path / room).mkdir()
    (tmp_path / room / "__init__.py").write_text("")
    code = f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(ROOT)!r}]; import concordant"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2
    assert room in done.stderr
    assert str(tmp_path) in done.stderr
    assert "Traceback" not in done.stderr


def test_the_public_face() -> None:
    import concordant

    op = concordant.parse("Upsample(factor=(2,)) >> Conv(stride=(1,))")
    assert op.rank == 1
    assert set(concordant.__all__) <= set(dir(concordant))


def test_spec_names_no_compiler() -> None:
    """How a case is executed is a mode of a runtime, and no part of what is specified."""
    words = re.compile(r"\b(xla|jit|inductor|dynamo|onednn|aot_eager|compiled|jit_compile)\b", re.IGNORECASE)
    assert [path.name for path in (ROOT / "spec").rglob("*.py") if words.search(path.read_text())] == []
