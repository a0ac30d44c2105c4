"""docs/theory.md shows what the commands print, and every statement under its verdict."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from spec.theorems.theorem import THEOREMS
from tests.tiers import sampled, slow
from tools.journeys import answer, command
from tools.theory import PICTURES, QUESTIONS, SUBJECTS, notes
from verify.plan.prove import prove_all
from verify.report.pages import cell

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "theory.md").read_text()


def _shown() -> dict[str, str]:
    return dict(re.findall(r"```console\n\$ (.*?)\n(.*?)\n```", PAGE, re.DOTALL))


def test_every_question_is_on_the_page() -> None:
    assert list(_shown()) == [command(words) for *_, words in QUESTIONS]
    assert len(QUESTIONS) >= 10


@slow
@pytest.mark.parametrize("title", sampled([title for title, *_ in QUESTIONS], QUESTIONS[0][0]))
def test_a_question_is_answered_as_the_page_shows(title: str) -> None:
    words = {title: words for title, _, _, words in QUESTIONS}[title]
    assert answer(words) == _shown()[command(words)]


def test_every_theorem_has_a_subject() -> None:
    assert {t.sides.__module__.rpartition(".")[2] for t in THEOREMS.values()} == set(SUBJECTS)


@slow
def test_every_statement_is_on_the_page_with_its_verdict() -> None:
    rows = {name: rest for name, rest in re.findall(r"^\| ([a-z0-9-]+) \| (.*) \|$", PAGE, re.MULTILINE) if name in THEOREMS}
    proofs = {proof.theorem.name: proof for proof in prove_all()}
    assert set(rows) == set(proofs)
    for name, proof in proofs.items():
        assert rows[name].startswith(f"{cell(proof.theorem.statement)} | **{proof.verdict}**"), name


def test_pictures_of_a_subject_are_in_the_gallery() -> None:
    headings = re.findall(r"^## (.*)$", (Path(__file__).resolve().parent.parent / "docs" / "gallery.md").read_text(), re.MULTILINE)
    assert {title for titles in PICTURES.values() for title in titles} <= set(headings)
    assert set(PICTURES) <= set(SUBJECTS)
    assert all(f"## {SUBJECTS[subject]}\n\n{notes(subject)}| name" in PAGE for subject in SUBJECTS)
