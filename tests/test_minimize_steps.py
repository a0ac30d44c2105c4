"""What is tried to find the smallest counterexample: only possible cases, each smaller, and an end."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

import numpy as np
import pytest

from spec import Case, parse_case
from tests.random_cases import cases
from verify.explain.minimize import cost, plainer_numbers, smaller, weight

ASKED = list(islice(cases(seed=3), 40))


@pytest.mark.parametrize("q", ASKED, ids=repr)
def test_only_possible_questions_that_cost_less(q: Case) -> None:
    found = smaller(q)
    assert found == sorted(found, key=cost)
    for other in found:
        assert cost(other) < cost(q)
        assert parse_case(repr(other)) == other


@pytest.mark.parametrize("choose", [0, -1], ids=["smallest", "largest"])
@pytest.mark.parametrize("q", ASKED[:12], ids=repr)
def test_it_ends(q: Case, choose: int) -> None:
    for _ in range(3000):
        found = smaller(q)
        if not found:
            break
        q = found[choose]
    assert not smaller(q)
    assert len(q.op.steps) == q.op.rank == 1
    assert (q.dtype, q.data, q.check, q.seed) == ("float32", "integers", "values", 0)


CONV = "Conv(stride=(2, 3), padding=((2, -1), (0, 1)), dilation=(2, 2), groups=2, bias='yes') x=(3, 4, 9, 9) w=(6, 2, 2, 3) w=(1, 6, 1, 1) "
POOL = "AveragePool(kernel=(3, 2), stride=(2, 2), padding=((1, 0), (0, 1)), overhang=(1, 0), counted='padded', divisor=5) x=(2, 3, 6, 6) "
SHRINKS: dict[str, Callable[[Case, Case], bool]] = {
    "seed": lambda q, o: o.seed == 0,
    "dtype": lambda q, o: o.dtype == "float32",
    "data": lambda q, o: o.data == "integers",
    "check": lambda q, o: o.check == "values" != q.check,
    "an axis": lambda q, o: o.op.rank == 1,
    "the batch": lambda q, o: o.x[0] < q.x[0],
    "channels": lambda q, o: o.x[1] < q.x[1],
    "a length": lambda q, o: o.x[2] < q.x[2] and o.op == q.op,
}


@pytest.mark.parametrize("text", [CONV, POOL])
@pytest.mark.parametrize("what", SHRINKS)
def test_every_part_of_a_question_can_shrink(what: str, text: str) -> None:
    q = parse_case(f"{text} float64 normal check=shape seed=9")
    assert any(SHRINKS[what](q, other) for other in smaller(q))


ENDS = {
    f"{CONV} float64 wide seed=5": "Conv(stride=(1,)) x=(1, 1, 1) w=(1, 1, 1)",
    f"{POOL} float16 normal": "AveragePool(kernel=(1,)) x=(1, 1, 1)",
    "MaxPool(kernel=(2, 3), padding=((1, 0), (1, 1)), ties='last') x=(2, 1, 4, 6) ties": "MaxPool(kernel=(1,)) x=(1, 1, 1)",
    "ConvTranspose(stride=(3,), crop=((0, -2),), groups=2) x=(1, 4, 4) w=(4, 1, 3)": "ConvTranspose(stride=(1,)) x=(1, 1, 1) w=(1, 1, 1)",
    "ZeroInsert(factor=(2,), trailing=(3,)) x=(1, 2, 4)": "ZeroInsert(factor=(1,)) x=(1, 1, 1)",
}


@pytest.mark.parametrize("text", ENDS)
def test_every_field_shrinks_to_its_plainest(text: str) -> None:
    q = parse_case(text)
    while found := smaller(q):
        q = found[-1]
    assert q == parse_case(ENDS[text])


def test_a_kernel_and_a_step_can_shrink() -> None:
    q = parse_case("Upsample(factor=(2,)) >> Conv(stride=(1,), padding=((2, 2),)) x=(1, 2, 4) w=(3, 2, 9)")
    assert any(other.w and other.w[0][2] < 9 for other in smaller(q))
    assert {"Upsample", "Conv"} <= {other.op.name for other in smaller(q)}


GIVEN = (np.array([[3.0, np.nan, -2.0, 0.0]]), None, np.array([[-1.0, 5.0]]))


def test_plainer_numbers_keep_what_is_no_number_and_what_is_not_asked() -> None:
    for x, g, w in plainer_numbers(GIVEN):
        assert x is not None
        assert w is not None
        assert np.isnan(x).tolist() == [[False, True, False, False]]
        assert g is None
        assert np.isfinite(w).all()


def test_plainer_numbers_come_lightest_first_and_lead_to_nothing() -> None:
    given = GIVEN
    for _ in range(100):
        plainer = plainer_numbers(given)
        assert [weight(p) for p in plainer] == sorted(map(weight, plainer))
        lighter = [p for p in plainer if weight(p) < weight(given)]
        if not lighter:
            break
        given = lighter[-1]
    x, _, w = given
    np.testing.assert_array_equal(x, [[0, np.nan, 0, 0]])
    np.testing.assert_array_equal(w, [[0, 0]])


def test_what_is_given_is_left_alone() -> None:
    before = [None if a is None else a.copy() for a in GIVEN]
    plainer_numbers(GIVEN)
    for a, b in zip(GIVEN, before, strict=True):
        np.testing.assert_array_equal(a, b)  # type: ignore[arg-type]


FIRST_GROUPS = {
    "Conv(stride=(1,), groups=3) x=(1, 6, 4) w=(9, 2, 3)": "Conv(stride=(1,)) x=(1, 2, 4) w=(3, 2, 3)",
    "ConvTranspose(stride=(1,), groups=3) x=(1, 6, 4) w=(6, 3, 3)": "ConvTranspose(stride=(1,)) x=(1, 2, 4) w=(2, 3, 3)",
    "Upsample(factor=(2,)) >> Conv(stride=(1,), groups=2) x=(1, 4, 3) w=(2, 2, 3)":
        "Upsample(factor=(2,)) >> Conv(stride=(1,)) x=(1, 2, 3) w=(1, 2, 3)",
    "Conv(stride=(1,)) >> Conv(stride=(1,), groups=2) x=(1, 5, 4) w=(6, 5, 1) w=(4, 3, 2)":
        "Conv(stride=(1,)) >> Conv(stride=(1,)) x=(1, 5, 4) w=(3, 5, 1) w=(2, 3, 2)",
}  # fmt: skip


@pytest.mark.parametrize("text", FIRST_GROUPS)
def test_only_the_first_group_is_left_with_the_channels_that_it_has(text: str) -> None:
    """Those of x, or those that an earlier step gives."""
    assert parse_case(FIRST_GROUPS[text]) in smaller(parse_case(text))
