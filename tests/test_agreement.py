"""Minimum agreement: each runtime stays above what was measured of it, for each operation and in each state."""

from __future__ import annotations

import pytest
from msgspec import structs

from backends import found
from backends.minimum import column, minimum, of_suite
from spec import operations
from tests.sample_reports import report
from verify.judge.agreement import below, shares, table
from verify.record import Record, Report, RuntimeReport, Verdict


def _answers(operation: str, runtime: str, right: int, of: int) -> list[Record]:
    verdicts: list[Verdict] = ["agree"] * right + ["raised"] * (of - right)
    return [
        Record(id=f"{i}", kind="case", case=f"{operation}(…) x=(1, 1, {i})", output="y", shape=(1,), dtype="float32", seed=i,
               runtime=runtime, verdict=verdict, known="a record")
        for i, verdict in enumerate(verdicts)
    ]  # fmt: skip


def test_every_operation_of_the_suites_has_a_floor_on_every_runtime() -> None:
    asked = set(operations()) - {"MaxUnpool"} | {"compositions"}
    plain = {name for _, name in minimum() if ":" not in name}
    assert plain == set(found())
    assert {op for op, _ in minimum()} == asked | {"all"}


@pytest.mark.parametrize("state", ["on", "off"])
def test_the_state_that_workers_observed_chooses_the_column(state: str) -> None:
    """oneDNN off by itself, as on CPUs without AVX-512, or by a variable: only the fact counts."""
    assert column("tensorflow", {"onednn": state}) == ("tensorflow" if state == "on" else "tensorflow:no-onednn")
    assert column("jax", {"onednn": state}) == "jax"


def test_less_is_wanted_where_onednn_is_off_and_only_there() -> None:
    off, on = (max(minimum()[op, column] for op in ("Conv", "all")) for column in ("tensorflow:no-onednn", "tensorflow"))
    assert off < on
    answers = _answers("Conv", "tensorflow", off, 100)
    assert below(answers, {"tensorflow": {"onednn": "off"}}, 0, found()) == []
    assert below(answers, {"tensorflow": {"onednn": "on"}}, 0, found())


def test_falling_below_is_told_known_or_not() -> None:
    least = minimum()["Conv", "torch"]
    assert least > 85
    assert below(_answers("Conv", "torch", least, 100), {}, 85, found()) == []
    sentence = f"torch agrees on {least - 1}% of its results for Conv, less than {least}%"
    assert below(_answers("Conv", "torch", least - 1, 100), {}, 85, found()) == [sentence]


def test_standard_has_minima_of_its_own() -> None:
    """It has more adaptive pools that JAX does not offer, which quick's minimum is not to be lowered for."""
    few = minimum()["AdaptiveMaxPool", "jax"] - 1
    answers = _answers("AdaptiveMaxPool", "jax", few, 100)
    missed = {suite: [s for s in below(answers, {}, 0, found(), suite) if "AdaptiveMaxPool" in s] for suite in ("quick", "standard")}
    assert missed == {"quick": ["jax agrees on 49% of its results for AdaptiveMaxPool, less than 50%"], "standard": []}
    least = of_suite("standard")
    assert {op for op, _ in least} == {op for op, _ in minimum()}
    assert below(_answers("Pad", "keras-jax", least["Pad", "keras-jax"] - 1, 100), {}, 0, found(), "standard")


def test_suites_with_few_cases_of_each_operation_have_a_minimum_over_everything_alone() -> None:
    """Lower than the suite's own share only for what was measured lower."""
    assert set(of_suite("models")) == {("all", "tensorflow:no-onednn")}
    assert below(_answers("Conv", "tensorflow", 80, 100), {"tensorflow": {"onednn": "off"}}, 85, found(), "models") == []
    for runtime, onednn, right in (("tensorflow", "off", 79), ("tensorflow", "on", 84), ("jax", "off", 84)):
        (missed,) = below(_answers("Conv", runtime, right, 100), {runtime: {"onednn": onednn}}, 85, found(), "models")
        assert missed.startswith(f"{runtime} agrees on {right}% of its results, less than 8")
    assert below(_answers("Conv", "jax", 50, 100), {}, 50, found(), "calls") == []
    assert below(_answers("Conv", "jax", 49, 100), {}, 50, found(), "calls")


def test_a_runtime_of_ones_own_has_none() -> None:
    assert below(_answers("Conv", "mine", 0, 100), {}, 0, found()) == []
    assert below(_answers("Conv", "mine", 84, 100), {}, 85, found()) == ["mine agrees on 84% of its results, less than 85%"]


def test_integers_and_theorems_are_not_everybodys() -> None:
    """They do not lower a share."""
    right = _answers("Conv", "torch", 3, 4)
    wrong = _answers("Conv", "torch", 0, 4)
    others = [structs.replace(r, **change) for r in wrong for change in ({"dtype": "int8"}, {"kind": "theorem"})]
    assert shares(right + others) == {("Conv", "torch"): 75, ("all", "torch"): 75}


def test_the_table_is_the_least_of_its_reports() -> None:
    one, other = _answers("Conv", "torch", 97, 100), _answers("Conv", "torch", 88, 100) + _answers("Pad", "torch", 1, 3)
    assert shares(other) == {("Conv", "torch"): 88, ("Pad", "torch"): 100 / 3, ("all", "torch"): 100 * 89 / 103}
    assert minimum(table(_report(one), _report(other))) == {("Conv", "torch"): 85, ("Pad", "torch"): 30, ("all", "torch"): 85}


def test_the_table_has_a_column_for_a_state() -> None:
    facts = {"torch": RuntimeReport(status="ran", facts={"onednn": "off"})}
    assert minimum(table(report(_answers("Conv", "torch", 8, 10), runtimes=facts)))["Conv", "torch:no-onednn"] == 80


def _report(records: list[Record]) -> Report:
    return report(records, runtimes={})
