"""Records to filter, to group and to lay out as a table. One set of column names serves these, the CSV file and the Parquet file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

from verify.grouping import operation, sentence, standing
from verify.record import Record

COLUMNS: dict[str, Callable[[Record], Any]] = {
    "id": lambda r: r.id,
    "kind": lambda r: r.kind,
    "operation": operation,
    "case": lambda r: r.case,
    "output": lambda r: r.output,
    "shape": lambda r: r.shape,
    "dtype": lambda r: r.dtype,
    "data": lambda r: r.data,
    "check": lambda r: r.check,
    "seed": lambda r: r.seed,
    "runtime": lambda r: r.runtime,
    "verdict": lambda r: r.verdict,
    "standing": standing,
    "known": lambda r: r.known,
    "reason": lambda r: r.reason,
    "diagnosis": lambda r: sentence(r.matches),
    "hypothesis": lambda r: r.matches and r.matches.hypothesis,
    "hypothesis_field": lambda r: r.matches and (r.matches.field or None),
    "hypothesis_value": lambda r: r.matches and (r.matches.value or None),
    "missed_probability": lambda r: r.missed_probability,
    "rounding_ratio": lambda r: r.rounding and _ratio(r.rounding.ratio),
    "rounding_terms": lambda r: r.rounding and r.rounding.terms,
    "wrong_values": lambda r: r.difference and r.difference.count,
    "values": lambda r: r.difference and r.difference.total,
    "first_wrong": lambda r: r.difference and r.difference.first,
    "expected": lambda r: r.difference and r.difference.expected,
    "got": lambda r: r.difference and r.difference.got,
    "difference_ratio": lambda r: r.difference and _ratio(r.difference.ratio),
    "native": lambda r: r.native,
    "reduced_from": lambda r: r.reduced_from or None,
}
"""Name and value of every column: None where nothing was measured, inf for a ratio that is infinite."""


@dataclass(frozen=True, repr=False)
class Records(Sequence[Record]):
    """Some records of a report, in its order; docs/report.md shows what to do with them."""

    records: tuple[Record, ...]

    def filter(self, test: Callable[[Record], bool] | None = None, **wanted: Any) -> Records:
        """Those whose columns have these values (a set: one of them), and that pass the test if there is one."""
        checks = [(_column(name), value if isinstance(value, set | frozenset) else (value,)) for name, value in wanted.items()]
        kept = (r for r in self if all(column(r) in values for column, values in checks))
        return Records(tuple(r for r in kept if test is None or test(r)))

    def group(self, *names: str) -> dict[Any, Records]:
        """By the value of a column, or by a tuple of the values of several, in the order in which they first come."""
        columns, groups = [_column(name) for name in names], defaultdict(list)
        for r in self:
            values = tuple(column(r) for column in columns)
            groups[values[0] if len(values) == 1 else values].append(r)
        return {key: Records(tuple(records)) for key, records in groups.items()}

    def table(self, *names: str) -> list[dict[str, Any]]:
        """A row for each record with these columns, or with all: what `pandas.DataFrame` and `pyarrow.Table.from_pylist` take."""
        columns = {name: _column(name) for name in names or COLUMNS}
        return [{name: column(r) for name, column in columns.items()} for r in self]

    @overload
    def __getitem__(self, at: int) -> Record: ...
    @overload
    def __getitem__(self, at: slice) -> Records: ...
    def __getitem__(self, at: int | slice) -> Record | Records:
        return Records(self.records[at]) if isinstance(at, slice) else self.records[at]

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    def __len__(self) -> int:
        return len(self.records)

    def __repr__(self) -> str:
        return "1 record" if len(self) == 1 else f"{len(self)} records"


def _column(name: str) -> Callable[[Record], Any]:
    if name not in COLUMNS:
        raise ValueError(f"records have no column {name!r}; there are {', '.join(COLUMNS)}")
    return COLUMNS[name]


def _ratio(ratio: float | None) -> float:
    return float("inf") if ratio is None else ratio
