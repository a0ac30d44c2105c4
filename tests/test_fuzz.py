"""The search makes up cases of every kind, goes where it was least, and keeps what it saw."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from spec import LpPool, operations
from spec.case import DTYPES
from tests.command import NUMPY, backend_file, concordant, needs, refused
from tests.mutants import MUTANTS
from tests.tiers import slow
from verify.fuzz import PROPOSED, Search, proposed, region, rounds
from verify.judge.reference import Reference


def test_what_is_made_up_can_be_asked() -> None:
    cases = proposed((), 1, 300)
    assert len(cases) >= 60
    for q in cases:
        assert Reference(q).radius >= 0
        assert max(q.x) <= 18


@slow
def test_every_operation_dtype_and_data_comes_up() -> None:
    cases = [q for seed in range(6) for q in proposed((), seed, 300)]
    made = {step.name for q in cases for step in q.op.steps}
    assert made >= set(operations())
    assert {q.op.rank for q in cases} == {1, 2, 3}
    assert len({q.data for q in cases}) >= 10
    assert {q.dtype for q in cases} == set(DTYPES)
    assert {q.check for q in cases} == {"values", "shape"}
    assert any(len(q.op.steps) > 1 for q in cases)
    assert {step.p for q in cases for step in q.op.steps if isinstance(step, LpPool)} == {1, 2, 3}


def test_only_what_is_wanted() -> None:
    assert {step.name for q in proposed(("Conv",), 0, 100) for step in q.op.steps} == {"Conv"}


def test_the_same_seed_makes_up_the_same() -> None:
    assert [repr(q) for q in proposed((), 5, 60)] == [repr(q) for q in proposed((), 5, 60)]


def test_the_least_seen_region_comes_first(tmp_path: Path) -> None:
    search = Search(tmp_path)
    first = search.round((), 0, 40)
    assert max(Counter(region(q) for q in first).values()) <= 2
    seen = {region(q) for q in first}
    search.seen.update(dict.fromkeys(seen, 100))
    second = search.round((), 1, 20)
    fresh = {repr(q) for q in proposed((), 1, 20 * PROPOSED) if region(q) not in seen}
    assert len(fresh) > 5
    chosen = {repr(q) for q in second}
    assert fresh <= chosen if len(fresh) < 20 else chosen <= fresh


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


@slow
@needs("torch")
def test_a_mutant_is_found_and_reported_once(tmp_path: Path) -> None:
    """Two rounds see the same mistake; the second adds no finding for it."""
    search, mutant = Search(tmp_path), MUTANTS["crop-shifted"]
    reports = rounds(search, [mutant], ops=["ConvTranspose"], minutes=5, seed=0, timeout=20, watch=lambda words: None, most=2, seconds=3)
    first = next(reports).report
    second = next(reports).report
    reports.close()
    mistakes = [{f.matches.hypothesis for f in report.findings if f.matches} for report in (first, second)]
    assert mistakes[0] & {"crop shifted by one pixel later", "lo and hi of crop exchanged"}
    assert not mistakes[0] & mistakes[1]
    assert search.asked > 100


@slow
@needs("torch")
def test_the_command(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "concordant", "fuzz", "--backend", "torch", "--op", "ZeroInsert", "--minutes", "0.02"]
    words += ["--out", str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    assert "regions" in done.stdout
    assert (tmp_path / "seen.json").exists()
    bad = subprocess.run([*words, "--op", "Convv"], capture_output=True, text=True)
    assert bad.returncode == 2
    assert "Traceback" not in bad.stderr




MIXED = NUMPY + """

def upsample(op, at):
    return "\\n".join(f"x = np.repeat(x, {f}, {axis})" for axis, f in enumerate(op.factor, 2))


def sum_pool(op, at):
    return "raise RuntimeError('there is no kernel')"


def zero_insert(op, at):
    raise Unsupported("there is no such layer")


def depth_to_space(op, at):
    return f"x = np.ones({at.y}, x.dtype)"
"""
MIXED_OPERATIONS = ("Upsample", "SumPool", "ZeroInsert", "DepthToSpace")


def test_wrong_values_are_reported_and_the_rest_is_counted(tmp_path: Path) -> None:
    """Neither what raises an error nor what cannot be written is a finding, however often it comes up."""
    mine, ops = backend_file(tmp_path, MIXED), [word for op in MIXED_OPERATIONS for word in ("--op", op)]
    done = concordant("fuzz", "--backend", mine, *ops, "--minutes", "0.05", "--out", tmp_path / "out")
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    *above, closing = done.stdout.strip().splitlines()
    reported = [line for line in above if line.startswith("✗")]
    assert reported
    assert all(line.startswith("✗ mine") and " differ: " in line for line in reported)
    assert "no such layer" not in done.stdout
    assert "no kernel" not in done.stdout
    asked, found, unsupported, raised = map(int, re.fullmatch(CLOSING, closing).groups())  # type: ignore[union-attr]
    assert asked > found == len(reported) > 0
    assert unsupported > 10 < raised


CLOSING = r"(\d+) cases in \d+ regions: (\d+) findings?; not reported: (\d+) not offered, (\d+) raised an error"


@slow
def test_what_is_only_raised_or_unsupported_is_no_finding(tmp_path: Path) -> None:
    mine = backend_file(tmp_path, MIXED)
    done = concordant("fuzz", "--backend", mine, "--op", "SumPool", "--op", "ZeroInsert", "--minutes", "0.02", "--out", tmp_path / "out")
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 1), done.stdout
    assert " 0 findings; not reported: " in done.stdout


@slow
def test_a_runtime_that_does_not_run_is_not_a_search_without_findings(tmp_path: Path) -> None:
    mine = backend_file(tmp_path, MIXED.replace("import numpy as np\n\ndef array", "raise OSError('a library is missing')\n\ndef array"))
    done = concordant("fuzz", "--backend", mine, "--op", "Upsample", "--minutes", "5", "--out", tmp_path / "out")
    assert done.returncode == 1
    assert "failed mine: " in done.stdout
    assert "a library is missing" in done.stdout
