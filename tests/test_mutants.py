"""The verifier is attacked: every mutant is caught and named, and the honest backend it was made from is not."""

from __future__ import annotations

import pytest

from tests.bank import DIAGNOSED_AT_LEAST, Examined, examined, honest, pool
from tests.mutants import MUTANTS
from verify.record import FINE

pytest.importorskip("torch")

ASKED = list(MUTANTS)
NAMED = [name for name in ASKED if MUTANTS[name].named]


@pytest.fixture(scope="module")
def bank() -> dict[str, Examined]:
    """All mutants, each on a few questions of `quick`, in one run."""
    return examined(pool("quick"), 8)


def test_the_bank_is_large() -> None:
    assert len(ASKED) >= 64


def test_no_two_are_alike() -> None:
    told_apart = {(m.wrap, m.change, m.when) for m in MUTANTS.values()}
    assert len(told_apart) == len(MUTANTS)


def test_the_honest_backend_agrees() -> None:
    innocent = honest(pool("quick"), 60)
    assert innocent.records
    assert not innocent.wrong


@pytest.mark.parametrize("name", ASKED)
def test_caught(name: str, bank: dict[str, Examined]) -> None:
    assert bank[name].caught, bank[name].records


@pytest.mark.parametrize("name", NAMED)
def test_named(name: str, bank: dict[str, Examined]) -> None:
    assert bank[name].named, bank[name].words


def test_most_are_named(bank: dict[str, Examined]) -> None:
    wrong = [name for name, e in bank.items() if e.can_be_named]
    assert len(NAMED) >= DIAGNOSED_AT_LEAST * len(wrong)


GRADIENTS = {
    "input-gradient-doubled": {"y", "dw"},
    "input-gradient-of-the-flipped-kernel": {"y", "dw"},
    "weight-gradient-transposed": {"y", "dx"},
    "weight-gradient-misses-the-last-window": {"y", "dx"},
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_only_the_wrong_gradient_is_blamed(name: str, bank: dict[str, Examined]) -> None:
    assert {r.verdict for r in bank[name].records if r.output in GRADIENTS[name]} <= set(FINE)


@pytest.mark.parametrize("name", ["dies", "hangs"])
def test_a_fault_costs_one_question(name: str, bank: dict[str, Examined]) -> None:
    """All mutants share one process: that one of them ends it is not held against another."""
    verdict = MUTANTS[name].expected
    assert [other for other, e in bank.items() if any(r.verdict == verdict for r in e.records)] == [name]
