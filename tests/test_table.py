"""A report from Python: the page that shows how, and what is run for wrongly."""

from __future__ import annotations

import doctest
import io
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.sample_reports import full, record, report
from verify import cli
from verify.record import Report, Rounding
from verify.report.parquet import NotWritten, parquet
from verify.report.table import COLUMNS, Records

ROOT = Path(cli.__file__).parent.parent


def test_what_the_page_shows_is_what_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    failed, tried = doctest.testfile(str(ROOT / "docs/report.md"), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert (failed, tried) == (0, 7)


def test_a_filter_asks_every_column() -> None:
    answers = full().answers
    assert answers.filter() == answers
    assert [r.runtime for r in answers.filter(operation="Upsample")] == ["left", "right"]
    assert [r.verdict for r in answers.filter(standing="new", runtime={"left", "right"})] == ["differ", "crashed", "imprecise"]
    assert answers.filter(lambda r: r.seed > 7, runtime="right") == Records(())
    assert len(answers.filter(shape=(1, 2, 6), wrong_values=3)) == 1


def test_groups_share_out_all() -> None:
    answers = full().answers
    groups = answers.group("runtime", "verdict")
    assert sum(map(len, groups.values())) == len(answers)
    assert all({(r.runtime, r.verdict) for r in some} == {key} for key, some in groups.items())
    assert list(answers.group("runtime")) == ["left", "right", "plain"]


def test_a_table_has_a_row_for_each() -> None:
    made = full()
    rows = made.answers.table()
    assert [list(row) for row in rows] == [list(COLUMNS)] * len(made.records)
    assert [row["case"] for row in rows] == [r.case for r in made.records]
    assert (rows[1]["wrong_values"], rows[1]["difference_ratio"], rows[0]["wrong_values"]) == (3, float("inf"), None)
    assert made.answers[1:3].table("output", "verdict") == [{"output": "y", "verdict": "differ"}, {"output": "y", "verdict": "raised"}]


@pytest.mark.parametrize("ask", [lambda a: a.filter(colour="red"), lambda a: a.group("colour"), lambda a: a.table("colour")])
def test_another_column_is_told(ask: object) -> None:
    assert callable(ask)
    with pytest.raises(ValueError, match="records have no column 'colour'; there are id, kind, operation, case"):
        ask(full().answers)


# ---- Parquet, read by pyarrow ----


def read(made: Report) -> pa.Table:
    return pq.read_table(io.BytesIO(parquet(made)))


def test_parquet_is_the_table() -> None:
    made = full("two\nlines, ☃")
    table = read(made)
    rows = [{name: list(value) if isinstance(value, tuple) else value for name, value in row.items()} for row in made.answers.table()]
    assert table.to_pylist() == rows
    assert table.schema.field("shape").type == pa.list_(pa.int64())
    assert table.schema.field("difference_ratio").type == pa.float64()


def test_parquet_keeps_its_types_when_nothing_was_measured() -> None:
    assert read(report([])).schema.equals(read(full()).schema)
    assert read(report([record()])).column("rounding_ratio").to_pylist() == [None]
    assert read(report([record(rounding=Rounding(ratio=None))])).column("rounding_ratio").to_pylist() == [float("inf")]


def test_parquet_carries_the_rest_of_the_report() -> None:
    made = full()
    rest = msgspec.json.decode(read(made).schema.metadata[b"concordant"], type=Report)
    assert rest == msgspec.structs.replace(made, records=[])


def test_what_parquet_cannot_hold_is_told() -> None:
    with pytest.raises(NotWritten, match="column 'seed' holds what Parquet's int64 cannot"):
        parquet(report([record(seed=1 << 64)]))
