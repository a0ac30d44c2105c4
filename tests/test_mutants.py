"""The verifier is attacked: every mutant is caught and named, and the honest backend it was made from is not."""

from __future__ import annotations

import re
from collections import defaultdict

import pytest

from backends import Unsupported
from spec import Case, parse_case
from tests.bank import DIAGNOSED_AT_LEAST, Examined, examined, honest, pool, sizes
from tests.command import needs
from tests.mutants import HONEST, MUTANTS, OF_SIZES, Mutant
from tests.tiers import slow
from verify.record import FINE

pytestmark = needs("torch")

ASKED = list(MUTANTS)
NAMED = [name for name in ASKED if MUTANTS[name].named]


SMALL = (
    "Conv(stride=(2,), padding=((1, 0),), bias='yes') x=(2, 3, 7) w=(4, 3, 3) w=(1, 4, 1) float32",
    "ConvTranspose(stride=(2, 1), crop=((0, 1), (1, 1))) x=(2, 3, 2, 5) w=(3, 2, 2, 3) bfloat16",
    "MaxPool(kernel=(2, 3), stride=(1, 2)) x=(1, 2, 3, 7) float32 distinct",
    "AveragePool(kernel=(3,), stride=(2,)) x=(2, 3, 7) float64",
    "Upsample(factor=(2,)) x=(2, 3, 4) float32",
)
"""Where no kernel changes its path."""


@pytest.fixture(scope="module")
def bank() -> dict[str, Examined]:
    """All mutants, each on a few cases of `quick` or of its sizes, in one run."""
    return examined(pool("quick"), 8)


def test_a_sample_is_caught_and_named() -> None:
    """Every twenty-sixth, and one that kills its worker process."""
    some = [MUTANTS[name] for name in (*ASKED[::26], "dies")]
    seen = examined(pool("quick", 5), 8, some)
    assert [m.name for m in some if not seen[m.name].caught] == []
    assert [m.name for m in some if m.named and not seen[m.name].named] == []


CHANGED = {"x-changed-in-place": "x", "weight-changed-in-place": "w", "cotangent-changed-in-place": "g"}


def test_a_changed_argument_is_named() -> None:
    seen = examined(pool("quick", 5), 4, [MUTANTS[name] for name in CHANGED])
    for name, argument in CHANGED.items():
        words = {r.reason for r in seen[name].wrong if r.verdict == "changed argument"}
        assert words
        assert all(re.fullmatch(rf"arguments? {argument}.* (was|were) changed", reason) for reason in words), words


def test_the_bank_is_large() -> None:
    assert len(ASKED) - len(OF_SIZES) >= 64
    assert len(OF_SIZES) >= 100


@pytest.mark.parametrize("text", SMALL)
def test_a_mutant_of_sizes_is_honest_on_small_cases(text: str) -> None:
    case = parse_case(text)
    assert [name for name, mutant in OF_SIZES.items() if mutant.translate(case) != HONEST.translate(case)] == []


def test_no_two_are_alike() -> None:
    """Each mutant writes, for some case, what neither the honest backend nor another mutant writes."""
    alike: list[list[Mutant]] = [[HONEST, *MUTANTS.values()]]
    for case in (*sizes(), *pool("quick")):
        alike = [group for old in alike for group in _told_apart(old, case) if len(group) > 1]
    assert [[m.name for m in group] for group in alike] == []


def _told_apart(mutants: list[Mutant], case: Case) -> list[list[Mutant]]:
    """Those that write the same, together."""
    by_text: dict[str, list[Mutant]] = defaultdict(list)
    for mutant in mutants:
        try:
            text = mutant.translate(case)
        except Unsupported as why:
            text = f"not offered: {why}"
        by_text[text].append(mutant)
    return list(by_text.values())


@slow
def test_the_honest_backend_agrees() -> None:
    innocent = honest(pool("quick", 5), 60)
    assert innocent.records
    assert not innocent.wrong


@slow
@pytest.mark.parametrize("name", ASKED)
def test_caught(name: str, bank: dict[str, Examined]) -> None:
    assert bank[name].caught, bank[name].records


@slow
@pytest.mark.parametrize("name", NAMED)
def test_named(name: str, bank: dict[str, Examined]) -> None:
    assert bank[name].named, bank[name].words


@slow
def test_most_are_named(bank: dict[str, Examined]) -> None:
    wrong = [name for name, e in bank.items() if e.can_be_named]
    assert len(NAMED) >= DIAGNOSED_AT_LEAST * len(wrong)


GRADIENTS = {
    "input-gradient-doubled": {"y", "dw"},
    "input-gradient-of-the-flipped-kernel": {"y", "dw"},
    "weight-gradient-transposed": {"y", "dx"},
    "weight-gradient-misses-the-last-window": {"y", "dx"},
}


@slow
@pytest.mark.parametrize("name", GRADIENTS)
def test_only_the_wrong_gradient_is_blamed(name: str, bank: dict[str, Examined]) -> None:
    verdicts = {r.verdict for r in bank[name].records if r.output in GRADIENTS[name]}
    assert "agree" in verdicts
    assert verdicts <= set(FINE)


@slow
@pytest.mark.parametrize("name", ["dies", "hangs"])
def test_a_fault_costs_one_question(name: str, bank: dict[str, Examined]) -> None:
    """All mutants share one process: that one of them ends it is not held against another."""
    verdict = MUTANTS[name].expected
    assert [other for other, e in bank.items() if any(r.verdict == verdict for r in e.records)] == [name]
