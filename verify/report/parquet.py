"""A report as a Parquet file: the table of the CSV file with its types, and what the report says beside its records as metadata."""

from __future__ import annotations

import msgspec

from verify.printable import for_people
from verify.record import Report
from verify.report.table import COLUMNS

TYPES = {
    "shape": "list<int64>", "first_wrong": "list<int64>", "seed": "int64", "rounding_terms": "int64", "wrong_values": "int64",
    "values": "int64", "missed_probability": "float64", "rounding_ratio": "float64", "difference_ratio": "float64",
}  # fmt: skip
"""Of the columns that are not text."""


class NotWritten(ValueError):
    """Why a report cannot be written in a format, in one sentence."""


@for_people
def parquet(report: Report) -> bytes:
    """What was not measured is null. Raises NotWritten."""
    try:
        import pyarrow as pa
        from pyarrow.parquet import write_table
    except ImportError:
        raise NotWritten("--format parquet needs pyarrow, which is not installed; pip install 'concordant[parquet]'") from None
    types = {"int64": pa.int64(), "float64": pa.float64(), "list<int64>": pa.list_(pa.int64())}
    columns = {}
    for name, column in COLUMNS.items():
        kind = types.get(TYPES.get(name, ""), pa.string())
        values = [column(r) for r in report.records]
        try:
            columns[name] = pa.array(values, kind)
        except (OverflowError, UnicodeError, pa.ArrowException) as error:
            raise NotWritten(f"column {name!r} holds what Parquet's {kind} cannot: {error}") from None
    whole = msgspec.json.encode(msgspec.structs.replace(report, records=[]))
    sink = pa.BufferOutputStream()
    write_table(pa.table(columns).replace_schema_metadata({"concordant": whole}), sink)
    return bytes(sink.getvalue())
