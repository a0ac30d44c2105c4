"""README shows what the commands print: its `concordant` commands are run, and their output compared."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from backends.known import everything
from tests.tiers import sampled
from verify.report.pages import known_page

ROOT = Path(__file__).resolve().parent.parent
PROSE = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def _shown() -> list[tuple[str, str]]:
    """Each `$ concordant …` of a console block in README.md, with the output shown below it."""
    blocks = re.findall(r"```console\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    parts = [part for block in blocks for part in block.split("$ ")[1:]]
    return [(command, output.strip()) for command, _, output in (part.partition("\n") for part in parts)]


COMMANDS = [(command, output) for command, output in _shown() if command.startswith("concordant")]


def test_readme_shows_commands() -> None:
    assert COMMANDS
    assert any(command == "make verify" for command, _ in _shown())


FIRST = COMMANDS[0][0]


@pytest.mark.parametrize("command", sampled([command for command, _ in COMMANDS], FIRST))
def test_a_command_prints_what_readme_shows(command: str, tmp_path: Path) -> None:
    output = dict(COMMANDS)[command]
    words = shlex.split(command)[1:]
    done = subprocess.run([sys.executable, str(ROOT / "concordant.py"), *words], capture_output=True, text=True, cwd=tmp_path)
    printed = "\n".join(line.rstrip() for line in done.stdout.strip().splitlines())
    assert printed == output
    assert done.returncode in (0, 1)


@pytest.mark.parametrize("path", PROSE, ids=lambda p: p.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
        assert target.startswith("https://") or (path.parent / target).exists(), target


def test_make_test_is_the_test_command() -> None:
    assert "make test" in (ROOT / "README.md").read_text()
    assert "make test" in (ROOT / ".ci/run").read_text()


def test_the_page_of_deviations_is_that_of_the_records() -> None:
    """`make docs` was run since a record changed."""
    assert (ROOT / "docs" / "known.md").read_text() == known_page(everything())


def test_every_test_is_in_one_tier() -> None:
    """`make test` and `make test-slow` together run each test once, but for what `make soak` runs; CI calls both."""
    default = re.search(r"-m '(.*?)'", (ROOT / "pyproject.toml").read_text())
    rest = re.search(r'^test-slow:.*\n.*-m "(.*?)"', (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert default
    assert rest
    assert (default[1], rest[1]) == ("not slow and not soak", "slow and not soak")
    assert "\ntest-all: test test-slow\n" in (ROOT / "Makefile").read_text()
    assert re.findall(r"^make (test\S*)$", (ROOT / ".ci/run").read_text(), re.MULTILINE) == ["test", "test-slow"]
