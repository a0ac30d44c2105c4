"""docs/journeys.md shows what the commands print, and the table of published calls is what it says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from backends import Unsupported
from backends.porting import ported
from backends.reading import read
from tests.tiers import sampled
from tools.journeys import JOURNEYS, answer, command
from tools.ports import CALLS, FRAMEWORKS
from tools.recording import commands, recording

DOCS = Path(__file__).resolve().parent.parent / "docs"


def _shown() -> dict[str, str]:
    blocks = re.findall(r"```console\n\$ (.*?)\n(.*?)\n```", (DOCS / "journeys.md").read_text(), re.DOTALL)
    return dict(blocks)


def test_every_journey_is_on_the_page() -> None:
    assert list(_shown()) == [command(words) for _, words in JOURNEYS]
    assert len(JOURNEYS) >= 10


FORUM = next(title for title, _ in JOURNEYS if title.startswith("A forum's"))


@pytest.mark.parametrize("title", sampled([title for title, _ in JOURNEYS], FORUM))
def test_a_journey_prints_what_the_page_shows(title: str) -> None:
    words = dict(JOURNEYS)[title]
    assert answer(words) == _shown()[command(words)]


def test_no_answer_is_unverified() -> None:
    text = (DOCS / "journeys.md").read_text()
    for line in re.findall(r"^  checked +(.*)$", text, re.MULTILINE):
        assert "verified on" in line
    assert "differ on" not in text


def test_there_are_sixty_calls_of_published_models_and_each_is_read() -> None:
    calls = {call for _, call, _, _ in CALLS}
    assert len(calls) >= 60
    frameworks = {read(call, x, w).native.phrases.framework for _, call, x, w in CALLS}
    assert frameworks >= set(FRAMEWORKS)


def test_the_table_has_every_call_and_no_difference() -> None:
    text = (DOCS / "ports.md").read_text()
    rows = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith(("| model", "|--"))]
    assert len(rows) == len(CALLS)
    assert "differ" not in text
    assert "raised" not in text
    directions = {(read(call, x, w).native.phrases.framework, f) for _, call, x, w in CALLS for f in FRAMEWORKS}
    assert len(directions) >= len(FRAMEWORKS) * len(FRAMEWORKS)


def test_a_call_is_written_in_each_framework_with_every_weight() -> None:
    for _, call, x, w in CALLS[:8]:
        found = read(call, x, w)
        for framework in FRAMEWORKS:
            try:
                native, _ = ported(framework, found.op, found.x, found.w)
            except Unsupported:
                continue
            assert [weight.to_spec.result for weight in native.weights] == list(found.w)


def test_the_recording_shows_what_readme_shows() -> None:
    assert (DOCS / "recording.svg").read_text() == recording()
    assert len(commands()) == 3


def test_commands_are_typed_as_a_shell_reads_them() -> None:
    for _, words in JOURNEYS:
        assert shlex.split(command(words))[1:] == words
