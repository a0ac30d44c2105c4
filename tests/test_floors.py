"""Each runtime stays above what was measured of it, for each operation."""

from __future__ import annotations

from msgspec import structs

from backends import found
from spec import operations
from verify.floors import below, floors, shares, table
from verify.record import Record, Verdict


def _answers(operation: str, runtime: str, right: int, of: int) -> list[Record]:
    verdicts: list[Verdict] = ["agree"] * right + ["refused"] * (of - right)
    return [
        Record(id=f"{i}", kind="case", question=f"{operation}(…) x=(1, 1, {i})", output="y", shape=(1,), dtype="float32", seed=i,
               runtime=runtime, verdict=verdict, known="a record")
        for i, verdict in enumerate(verdicts)
    ]  # fmt: skip


def test_every_operation_of_the_suites_has_a_floor_on_every_runtime() -> None:
    asked = set(operations()) - {"MaxUnpool", "Parameters"} | {"compositions"}
    assert set(floors()) == {(op, runtime) for op in asked for runtime in found()}


def test_falling_below_is_told_known_or_not() -> None:
    least = floors()["Conv", "torch"]
    assert least > 50
    assert below(_answers("Conv", "torch", least, 100)) == []
    assert below(_answers("Conv", "torch", least - 1, 100)) == [f"torch agrees on {least - 1}% of its results of Conv, less than {least}%"]


def test_a_runtime_of_ones_own_has_none() -> None:
    assert below(_answers("Conv", "mine", 0, 100)) == []


def test_integers_compilers_and_theorems_are_not_everybodys() -> None:
    """They do not lower a share."""
    right = _answers("Conv", "torch", 3, 4)
    wrong = _answers("Conv", "torch", 0, 4)
    others = [structs.replace(r, **change) for r in wrong for change in ({"dtype": "int8"}, {"numbers": "xla"}, {"kind": "theorem"})]
    assert shares(right + others) == {("Conv", "torch"): 75}


def test_the_table_is_the_least_of_its_reports() -> None:
    one, other = _answers("Conv", "torch", 97, 100), _answers("Conv", "torch", 88, 100) + _answers("Pad", "torch", 1, 3)
    assert shares(other) == {("Conv", "torch"): 88, ("Pad", "torch"): 100 / 3}
    assert floors(table(one, other)) == {("Conv", "torch"): 85, ("Pad", "torch"): 30}
