"""The search makes up questions of every kind, goes where it was least, and keeps what it saw."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from spec import operations
from spec.question import DTYPES
from tests.command import concordant, refused
from tests.mutants import MUTANTS
from verify.fuzz import Search, proposed, region, rounds
from verify.reference import Reference


def test_what_is_made_up_can_be_asked() -> None:
    questions = proposed((), 1, 300)
    assert len(questions) >= 60
    for q in questions:
        assert Reference(q).radius >= 0
        assert max(q.x) <= 18


def test_every_operation_dtype_and_kind_comes_up() -> None:
    questions = [q for seed in range(4) for q in proposed((), seed, 300)]
    made = {step.name for q in questions for step in q.op.steps}
    assert made >= set(operations()) - {"MaxUnpool", "Parameters"}
    assert {q.op.rank for q in questions} == {1, 2, 3}
    assert len({q.kind for q in questions}) >= 10
    assert {q.dtype for q in questions} == set(DTYPES)
    assert any(len(q.op.steps) > 1 for q in questions)


def test_only_what_is_wanted() -> None:
    assert {step.name for q in proposed(("Conv",), 0, 100) for step in q.op.steps} == {"Conv"}


def test_the_same_seed_makes_up_the_same() -> None:
    assert [repr(q) for q in proposed((), 5, 60)] == [repr(q) for q in proposed((), 5, 60)]


def test_the_least_seen_region_comes_first(tmp_path: Path) -> None:
    search = Search(tmp_path)
    first = search.round((), 0, 40)
    assert max(Counter(region(q) for q in first).values()) <= 2
    search.seen.update({region(q): 100 for q in first})
    second = search.round((), 0, 20)
    assert not {region(q) for q in second} & {region(q) for q in first} or len(second) < 20


def test_a_search_goes_on_from_where_it_was(tmp_path: Path) -> None:
    search = Search(tmp_path)
    search.round((), 0, 10)
    search.save()
    assert Search.resumed(tmp_path).seen == search.seen


@pytest.mark.parametrize(
    "content",
    [
        b"[1, 2]", b"[" * 100_000, b'{"a":' * 100_000, b"\x80", b"{", b'{"a": true}', b'{"a": -1}', b'{"a": 1.5}',
        b'{"a": %b}' % (b"9" * 5000),
    ],
    ids=lambda content: str(content[:12]),
)  # fmt: skip
def test_what_is_no_record_of_a_search_is_told(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "seen.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"seen\.json is no record of a search; delete it, or give another --out"):
        Search.resumed(tmp_path)


def test_a_record_that_cannot_be_read_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "seen.json").mkdir()
    ended = concordant("fuzz", "--backend", "torch", "--op", "ZeroInsert", "--minutes", "0.02", "--out", tmp_path)
    refused(ended, "seen.json cannot be read: Is a directory")


def test_a_mutant_is_found_and_reported_once(tmp_path: Path) -> None:
    """Two rounds see the same mistake; the second adds no finding for it."""
    pytest.importorskip("torch")
    search, mutant = Search(tmp_path), MUTANTS["crop-shifted"]
    reports = rounds(search, [mutant], ops=["ConvTranspose"], minutes=5, seed=0, timeout=20, watch=lambda words: None, most=2, seconds=3)
    first = next(reports)
    assert any("crop began one pixel later" in f.diagnosis or "exchanged" in f.diagnosis for f in first.findings)
    second = next(reports)
    reports.close()
    assert not {f.diagnosis for f in second.findings} & {f.diagnosis for f in first.findings if f.diagnosis}
    assert search.asked > 100


def test_the_command(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    words = [sys.executable, "-m", "concordant", "fuzz", "--backend", "torch", "--op", "ZeroInsert", "--minutes", "0.02"]
    words += ["--out", str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    assert "regions" in done.stdout
    assert (tmp_path / "seen.json").exists()
    bad = subprocess.run([*words, "--op", "Convv"], capture_output=True, text=True)
    assert bad.returncode == 2
    assert "Traceback" not in bad.stderr


