"""What people reported leads to what shows it."""

from __future__ import annotations

import pytest

from backends.known import everything
from backends.reported import REPORTED, Disagreement
from tools.disagreements import kind_of, page
from verify.record import Record

KNOWN = {known.id: known for known in everything()}


@pytest.mark.parametrize("reported", REPORTED, ids=lambda d: d.words[:40])
def test_everything_that_shows_it_is_there(reported: Disagreement) -> None:
    assert reported.shown
    assert {kind_of(name, KNOWN) for name in reported.shown} <= {"record", "theorem", "convention"}


def test_nothing_is_reported_twice() -> None:
    assert len({d.words for d in REPORTED}) == len(REPORTED)


def test_a_name_that_shows_nothing_is_refused() -> None:
    with pytest.raises(KeyError):
        kind_of("no-such-thing", KNOWN)


def test_the_page_shows_the_shortest_question_and_what_came_back() -> None:
    long, short = (
        Record(id=text, kind="case", case=text, output="y", shape=(1,), dtype="float32", seed=0, runtime="torch", verdict="differ",
               reason="wrong | all of it", known="torch-scale-ignored")
        for text in ("Resize(size=(30,)) x=(1, 1, 30)", "Resize(size=(3,)) x=(1, 1, 3)")
    )  # fmt: skip
    made = page([long, short])
    assert "`Resize(size=(3,)) x=(1, 1, 3)` torch: y differ, wrong \\| all of it" in made
    assert "size=(30,)" not in made
    assert all(d.words in made for d in REPORTED)
    assert made.count("without an upstream report") >= 1
