"""No innocent is accused: right implementations, written without the definitions, agree (the long run: python -m tests.honest)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from spec import operations, parse_case
from spec.case import DTYPES
from tests.honest import Seen, answer, examined, searched, searched_page
from tests.implementations import IMPLEMENTATIONS, stored
from tests.random_cases import ADDED
from tests.tiers import slow
from verify.judge.judge import judge
from verify.judge.reference import Reference


@pytest.fixture(scope="module")
def seen() -> list[Seen]:
    return list(examined(300, seed=1))


def test_no_false_alarm(seen: list[Seen]) -> None:
    assert not [s.alarm for s in seen if s.alarm]


def test_every_implementation_was_asked_and_every_kind(seen: list[Seen]) -> None:
    assert {s.implementation for s in seen} == {i.name for i in IMPLEMENTATIONS}
    assert {s.kind for s in seen} == set(ADDED)
    assert Counter(s.verdict for s in seen)["agree"] > 0.95 * len(seen)


@pytest.fixture(scope="module")
def also() -> list[Seen]:
    return list(examined(350, 1, searched))


@slow
def test_no_false_alarm_in_what_the_search_makes_up(also: list[Seen]) -> None:
    """Every operation that it draws, also where windows are empty, norms 0 and greatest pixels equal."""
    assert not [s.alarm for s in also if s.alarm]
    assert {s.implementation for s in also} == {i.name for i in IMPLEMENTATIONS}
    assert {s.operation for s in also} >= set(operations()) - {"MaxUnpool"}
    assert {s.dtype for s in also} == set(DTYPES)
    assert "0 alarms" in searched_page(350, also)


def test_the_alarm_can_ring() -> None:
    """An implementation that adds in fewer bits than it promises is accused."""
    reference = Reference(parse_case("Conv(stride=(1,)) x=(2, 4, 9) w=(3, 4, 3) float32 normal seed=1"))
    for implementation in IMPLEMENTATIONS:
        given = answer(reference, implementation, {})
        corrupted = replace(given, outputs=tuple(replace(o, values=stored(o.values, "bfloat16")) for o in given.outputs))
        assert [j.verdict for j in judge(reference, given)] == ["agree"] * 3
        assert [j.verdict for j in judge(reference, corrupted)] == ["imprecise"] * 3


def test_bfloat16_is_rounded_to_nearest_even() -> None:
    a = np.array([1 + 2**-8, 1 + 3 * 2**-8, -1 - 2**-8 - 2**-20, np.inf, np.nan, 3.4e38], np.float32)
    np.testing.assert_array_equal(stored(a, "bfloat16"), np.array([1, 1 + 2**-6, -1 - 2**-7, np.inf, np.nan, np.inf], np.float32))
