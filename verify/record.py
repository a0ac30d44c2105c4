"""What a run leaves behind: report.json, its types, its JSON Schema. Every view is a function of this file (docs/report.md)."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

if TYPE_CHECKING:
    from verify.report.table import Records

SCHEMA = 3
MOST_BYTES = 1 << 30
"""More than any run leaves; a file that is longer is not read."""

Verdict = Literal[
    "crashed", "timeout", "raised", "differ", "changed argument", "nondeterministic", "imprecise", "zero sign", "agree", "not offered",
    "vacuous",
]


FINE: tuple[Verdict, ...] = ("agree", "vacuous")
WRONG: tuple[Verdict, ...] = ("differ", "changed argument", "nondeterministic", "imprecise", "zero sign")
"""A result came and is wrong, the worst first."""
FATAL: tuple[Verdict, ...] = ("crashed", "timeout")
"""No result came: the process ended, or did not answer."""

Status = Literal["ran", "not installed", "failed"]

MOST_CELLS = 32
"""Along either side of a picture of where values are wrong."""

Row = Annotated[str, msgspec.Meta(pattern="^[0-9]*$", max_length=MOST_CELLS)]
Picture = Annotated[tuple[Row, ...], msgspec.Meta(max_length=MOST_CELLS)]


class Difference(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Where an answer departs from the definition. Values are written as Python writes them, so that NaN survives JSON."""

    count: int
    total: int
    first: tuple[int, ...] = ()
    expected: str = ""
    got: str = ""
    ratio: float | None = None
    """The greatest error divided by its rounding bound; None where it is infinite."""
    map: Picture = ()
    """Where the wrong values lie along the last two axes, the other axes laid over each other: a text for each row, a digit for each
    cell, from 0, none of its values is wrong, to 9, all of them."""


class Rounding(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """How much of its derived bound the error of a real-valued answer takes."""

    ratio: float | None
    """The greatest; None where it is infinite."""
    at: tuple[int, ...] = ()
    terms: int = 0
    """How many products are added there."""


class Diagnosis(msgspec.Struct, frozen=True, omit_defaults=True):
    """The mistake that gives exactly the values that came. `verify.grouping.sentence` puts it into words."""

    hypothesis: str
    """A noun phrase that finishes "matches: …", such as "crop shifted by one pixel later"."""
    field: str = ""
    """The field of the operation that it is about, if it is about one."""
    value: str = ""
    """Amounts, such as "lo + 1, hi − 1"."""
    step: int | None = None
    """Of a composition the step in which the mistake is made, from 1."""
    where: str = ""
    """The operation of that step."""
    part: str = ""
    """The part of the output that holds all wrong values, such as "the last channel", if the hypothesis explains that part alone."""
    located: bool = False
    """Whether it says only which values are wrong, or explains only a part of them."""


class Record(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """One output of one case answered by one target, and the verdict."""

    id: str
    kind: Literal["case", "theorem"]
    case: str
    operations: tuple[str, ...] = ()
    """The names of its steps, in order; none of a theorem, nor in a report of a version that did not keep them."""
    output: str
    shape: tuple[int, ...]
    dtype: str
    data: str = "integers"
    """Which values were fed in (`spec.data.DATA`)."""
    check: str = "values"
    """What was compared: values, or shapes alone (`spec.case.CHECKS`)."""
    seed: int
    runtime: str
    """The target: a runtime, or a runtime in a mode (`torch:compile`)."""
    verdict: Verdict
    reason: str = ""
    native: str = ""
    missed_probability: float | None = None
    difference: Difference | None = None
    rounding: Rounding | None = None
    matches: Diagnosis | None = None
    """The mistake that gives exactly this wrong result, if one was found."""
    diagnosis: str = ""
    """The same as a sentence, for readers of the file; views write their own."""
    known: str | None = None
    call: str = ""
    """The native call that was run, with the shapes it was given, if the case is one."""
    reduced_from: str = ""
    """The case that was to be run, if this is a smaller form of it that the run added: one whose results are exact."""


class Repeated(msgspec.Struct, kw_only=True, frozen=True):
    """Of what agreed in batches, under flags that only batches have: how many programs were run again individually at default settings."""

    agreed: int
    repeated: int
    otherwise: int
    """How many of those repeated do not agree individually; their records say what came then."""
    mode: str = ""
    """The mode in which they were repeated, if it is another than the batches'."""


class RuntimeReport(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """One runtime: whether it ran, what it is, how it did."""

    status: Status
    reason: str = ""
    not_run: int = 0
    """How many cases were not run, and so have no record, because it failed."""
    backend: str = ""
    """What to say after --backend to run it again."""
    versions: dict[str, str] = {}
    environment: dict[str, str] = {}
    facts: dict[str, str] = {}
    """What its worker processes observed after they imported it: instruction set, oneDNN on or off, threads, device, precision flags."""
    batch_flags: dict[str, str] = {}
    """Further variables under which it was asked in batches; what was found so was run again individually without them."""
    repeated: Repeated | None = None
    """None where batches have no flags of their own, or the run ended before."""
    not_offered: dict[str, int] = {}
    """What the runtime does not declare, or its own file says that it cannot, and for how many cases. Those have no record."""
    verdicts: dict[str, int] = {}
    known_deviations: int = 0
    """How many of its records that are neither `agree` nor `vacuous` are covered by a known deviation."""


class Counterexample(msgspec.Struct, kw_only=True, frozen=True):
    """The smallest sizes at which a statement fails, with both sides there."""

    sizes: str
    left: list[Any]
    right: list[Any]


class TheoremOnRuntime(msgspec.Struct, kw_only=True, frozen=True):
    """A theorem's cases run natively, both sides. Holds if at least one agrees and every other is vacuous or a known deviation."""

    verdict: Literal["holds", "failing"]
    agree: int
    vacuous: int
    other: int


class TheoremReport(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A statement, what the definition says to it, and how each runtime answers both its sides."""

    statement: str
    source: str
    verdict: Literal["holds", "holds if", "false", "failing"]
    reason: str = ""
    when: str = ""
    claim: int | None = None
    see: tuple[str, ...] = ()
    equal: int
    unequal: int
    vacuous: int
    outside: int
    """Cases tried outside the condition, and how many of those fail."""
    outside_unequal: int
    counterexample: Counterexample | None = None
    runtimes: dict[str, TheoremOnRuntime] = {}


class KnownReport(msgspec.Struct, kw_only=True, frozen=True):
    """A known deviation that this run had to do with."""

    reason: str
    link: str
    matched: int
    """How many records it explains."""
    agreed: int
    """How many records it speaks of that agreed all the same; more than 0: it no longer occurs."""


class Finding(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What one fault comes down to: the smallest case that shows it, and how many records it accounts for."""

    id: str
    runtime: str
    output: str
    verdict: Verdict
    reason: str
    matches: Diagnosis | None = None
    diagnosis: str = ""
    records: tuple[str, ...]
    """The ids of the records of this run that are alike."""
    first: str
    """The case it was first seen in."""
    case: str
    """The smallest one; its text can be pasted after `concordant run --case`."""
    native: str = ""
    difference: Difference | None = None
    instead: str = ""
    """Native code that gives what was asked on this runtime, tried; empty if none was found."""
    known: str | None = None
    script: str = ""
    """A program that needs only the framework and NumPy. It prints FAULT SHOWN and ends with 10, or prints FAULT GONE and ends with 0; with
    any other exit status it did not run."""
    issue: str = ""
    """A text to report it with, in Markdown."""


class Summary(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """The count of everything, and what follows for the exit status."""

    cases: int
    results: int
    verdicts: dict[str, int]
    unexpected: int
    no_longer_occur: list[str]
    """Known records that matched a case which now agrees."""
    failing: list[str]
    """Theorems that are broken, by definition or on a runtime."""
    minimum_agreement: float
    """The least share of `agree` that the suite asks of every runtime."""
    below_minimum: list[str]
    """A sentence for each runtime, and for each operation on one (verify.judge.agreement), that agrees on less."""
    interrupted: bool
    exit: int
    limits_gone: tuple[str, ...] = ()
    """Probes that show that a framework can do what it is said to be unable to do (`concordant known --probe`)."""


class Report(msgspec.Struct, kw_only=True, frozen=True):
    """The whole of report.json."""

    schema: int
    tool: dict[str, str]
    suite: dict[str, Any]
    environment: dict[str, Any]
    runtimes: dict[str, RuntimeReport]
    known: dict[str, KnownReport]
    theorems: dict[str, TheoremReport]
    records: list[Record]
    summary: Summary
    findings: list[Finding] = []
    """Unexpected failures, minimised; one for each mistake."""

    @property
    def answers(self) -> Records:
        """The records, to filter, to group and to lay out as a table."""
        from verify.report.table import Records

        return Records(tuple(self.records))


class _Versioned(msgspec.Struct):
    schema: int


class BadReport(ValueError):
    """A file that is no report. The message says where and why."""


def save(report: Report, path: Path) -> None:
    """Write atomically: the old file or the new one, never half of one. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with open(temporary, "wb") as file:
            file.writelines(_lines(report))
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _lines(report: Report) -> Iterator[bytes]:
    """The text of report.json in pieces, one for each record, so that it is never in memory as a whole."""
    before, records, after = _text(msgspec.structs.replace(report, records=[])).partition(b'\n "records": []')
    yield before + records[:-1]
    for i, record in enumerate(report.records):
        yield (b",\n  " if i else b"\n  ") + _text(record).replace(b"\n", b"\n  ")
    yield (b"\n ]" if report.records else b"]") + after + b"\n"


def _text(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=1)


def load(path: Path | str) -> Report:
    """Read and validate. Unknown fields are ignored. Raises BadReport."""
    try:
        with open(path, "rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise BadReport(f"{path} cannot be read: {error.strerror}; give the folder of a run, or its report.json") from None
    if len(content) > MOST_BYTES:
        raise BadReport(f"{path} is no report: it is longer than {MOST_BYTES >> 20} MiB")
    try:
        schema = msgspec.json.decode(content, type=_Versioned).schema
        from verify.former import of_schema_1, with_fields

        if schema == 1:
            return of_schema_1(msgspec.json.decode(content))
        if schema not in (2, SCHEMA):
            raise BadReport(f"{path} has schema {schema}, but this version of concordant reads 1 to {SCHEMA}")
        return with_fields(msgspec.structs.replace(msgspec.json.decode(content, type=Report), schema=SCHEMA))
    except msgspec.ValidationError as error:
        raise BadReport(f"{path} is no report: {error}{_found(content, str(error))}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadReport(f"{path} is no report: {error}") from None


def _found(content: bytes, sentence: str) -> str:
    """What stands at the path that a sentence ends with, if the path leads to one place and not to a whole structure."""
    try:
        places = [msgspec.json.decode(content)]
        for name, index in re.findall(r"\.([^.\[\]`]+)|\[(\d+|\.{3})\]", sentence.rpartition("`$")[2]):
            if index == "...":
                places = [inner for place in places for inner in place.values()]
            else:
                places = [place[int(index)] if index else place[name] for place in places]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    except (LookupError, TypeError, AttributeError):  # the path is of another member of the same name
        return ""
    if len(places) != 1 or isinstance(places[0], dict | list):
        return ""
    text = repr(places[0])
    return f", where {text if len(text) <= 60 else text[:59] + '…'} stands"


def json_schema() -> dict[str, Any]:
    """The JSON Schema of report.json, as kept in docs/report.schema.json."""
    return msgspec.json.schema(Report)


if __name__ == "__main__":
    print(json.dumps(json_schema(), indent=1))
