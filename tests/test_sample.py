"""What agreed in batches, under flags that users do not have, is run again individually: a sample of it, and its share is printed."""

from __future__ import annotations

from pathlib import Path

from backends import named
from spec import parse_case
from tests.command import GLUE, backend_file, concordant
from tests.tiers import slow
from verify.facts import repeated
from verify.record import Repeated, load
from verify.run import Run
from verify.sample import LEAST, sampled

WRONG_AT_DEFAULT_SETTINGS = GLUE.replace("yield f(*args)", "yield f(*args) + (os.environ.get('CONCORDANT_TEST_BATCH') != 'yes')")
FILE = '''
from backends import Mode, Runtime
GLUE = """import os
{}"""
RUNTIMES = {{"mine": Runtime(packages=("numpy",), glue=GLUE{})}}

def upsample(op, at):
    return "x = x.repeat(2, axis=2)"
'''
FLAGS = ', batch_flags={"CONCORDANT_TEST_BATCH": "yes"}'
CASES = [f"Upsample(factor=(2,)) x=(1, 2, {n}) float64" for n in range(1, 61)]


def mine(folder: Path, glue: str = WRONG_AT_DEFAULT_SETTINGS, more: str = FLAGS) -> Path:
    return backend_file(folder, FILE.format(glue, more))


def test_a_fault_that_only_users_meet_is_found_in_a_sample(tmp_path: Path) -> None:
    made = Run(list(map(parse_case, CASES)), named(str(mine(tmp_path))), suite={}).go()
    assert made.runtimes["mine"].repeated == Repeated(agreed=60, repeated=LEAST, otherwise=LEAST)
    wrong = [r for r in made.records if r.verdict == "differ"]
    assert len({r.case for r in wrong}) == LEAST
    assert made.summary.exit == 1
    assert len(made.records) == 2 * len(CASES)
    share = "50 of 60 programs that agreed in batches (83%) were run again individually at default settings: 50 did not agree then"
    assert repeated(made) == [f"mine: {share}"]


def test_a_sample_is_run_in_the_mode_that_users_run(tmp_path: Path) -> None:
    """The fault shows neither in the batch nor individually in the batch's mode; the reason names the target that shows it."""
    shifted = GLUE.replace("yield f(*args)", "yield f(*args) + 1")
    path = mine(tmp_path, GLUE, f'{FLAGS}, modes={{"eager": Mode(meaning="as users do", glue={shifted!r})}}, repeat_in="eager"')
    made = Run(list(map(parse_case, CASES[:3])), named(str(path)), suite={}).go()
    assert made.runtimes["mine"].repeated == Repeated(agreed=3, repeated=3, otherwise=3, mode="eager")
    assert "default settings, as mine:eager: 3 did not agree then" in repeated(made)[0]
    assert {r.reason[:14] for r in made.records if r.verdict == "differ"} == {"as mine:eager:"}
    named_directly = Run(list(map(parse_case, CASES[:3])), named(f"{path}:eager"), suite={}).go()
    assert named_directly.runtimes["mine:eager"].repeated == Repeated(agreed=0, repeated=0, otherwise=0)


def test_what_is_right_everywhere_stays_right(tmp_path: Path) -> None:
    made = Run(list(map(parse_case, CASES)), named(str(mine(tmp_path, GLUE))), suite={}).go()
    assert made.runtimes["mine"].repeated == Repeated(agreed=60, repeated=LEAST, otherwise=0)
    assert made.summary.exit == 0


def test_without_flags_nothing_is_repeated(tmp_path: Path) -> None:
    """A batch is then run as users run it."""
    made = Run(list(map(parse_case, CASES[:3])), named(str(mine(tmp_path, GLUE, ""))), suite={}).go()
    assert made.runtimes["mine"].repeated is None
    assert repeated(made) == []


def test_the_sample_is_seeded_and_two_percent() -> None:
    keys = {i: f"case {i}" for i in range(5000)}
    assert len(sampled(keys, 0)) == 100
    assert len(sampled(dict(list(keys.items())[:1000]), 0)) == LEAST
    assert sampled(dict(list(keys.items())[:7]), 0) == list(range(7))
    assert sampled(keys, 0) == sampled(dict(reversed(keys.items())), 0) != sampled(keys, 1)
    in_another_order = dict(enumerate(sorted(keys.values())))
    assert {keys[i] for i in sampled(keys, 0)} == {in_another_order[i] for i in sampled(in_another_order, 0)}


@slow
def test_a_resumed_run_repeats_nothing_twice_and_parts_add_up(tmp_path: Path) -> None:
    path = mine(tmp_path, GLUE)
    options = ["--backend", str(path), *(word for case in CASES[:6] for word in ("--case", case))]
    done = concordant("run", *options, "--out", tmp_path / "whole")
    assert "mine: 6 of 6 programs that agreed in batches (100%) were run again individually at default settings: all agree" in done.stdout
    expected = (tmp_path / "whole" / "report.json").read_bytes()
    assert concordant("run", "--resume", tmp_path / "whole", "--backend", path).returncode == 0
    assert (tmp_path / "whole" / "report.json").read_bytes() == expected
    for i in (1, 2):
        concordant("run", *options, "--shard", f"{i}/2", "--out", tmp_path / f"{i}")
    concordant("merge", tmp_path / "1", tmp_path / "2", "--out", tmp_path / "both")
    assert load(tmp_path / "both" / "report.json").runtimes["mine"].repeated == Repeated(agreed=6, repeated=6, otherwise=0)
    assert (tmp_path / "both" / "report.json").read_bytes() == expected
