"""What a covering array promises."""

from __future__ import annotations

from itertools import combinations, product

import pytest

from verify.plan.covering import Grid, rows

GRIDS: list[Grid] = [
    {"a": [1, 2, 3], "b": [1, 2, 3], "c": [1, 2, 3], "d": [1, 2]},
    {"a": list(range(7)), "b": list(range(6)), "c": list(range(5)), "d": list(range(4)), "e": [0]},
    {"a": [0, 0, 1], "b": ["x", "y"], "c": [1, 2, 3, 4]},
    {name: [1, 2] for name in "abcdefgh"},
]


@pytest.mark.parametrize("grid", GRIDS, ids=range(len(GRIDS)))
@pytest.mark.parametrize("strength", [1, 2, 3])
def test_every_combination_of_so_many_values_is_there(grid: Grid, strength: int) -> None:
    made = list(rows(grid, strength))
    for names in combinations(grid, strength):
        assert {tuple(row[name] for name in names) for row in made} == set(product(*(grid[name] for name in names)))


@pytest.mark.parametrize("grid", GRIDS, ids=range(len(GRIDS)))
def test_once_each_takes_no_more_rows_than_the_longest_field_has_values(grid: Grid) -> None:
    assert len(list(rows(grid, 1))) == max(map(len, grid.values()))


def test_fields_of_one_length_do_not_go_hand_in_hand() -> None:
    made = list(rows({name: list(range(5)) for name in "abcd"}, 1))
    for one, other in combinations("abcd", 2):
        assert len({(row[one] - row[other]) % 5 for row in made}) > 1
