"""What a run leaves behind: report.json, its types, its JSON Schema. Every view is a function of this file (docs/report.md)."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from backends import runtime_of, targets_called
from spec.case import FORMER_CHECKS
from spec.data import DATA

if TYPE_CHECKING:
    from verify.report.table import Records

SCHEMA = 1
MOST_BYTES = 1 << 30
"""More than any run leaves; a file that is longer is not read."""

Verdict = Literal[
    "crashed", "timeout", "raised", "differ", "nondeterministic", "imprecise", "agree", "not offered", "vacuous"
]


FINE: tuple[Verdict, ...] = ("agree", "vacuous")

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


class Record(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """One output of one case answered by one target, and the verdict."""

    id: str
    kind: Literal["case", "theorem"]
    case: str
    output: str
    shape: tuple[int, ...]
    dtype: str
    numbers: str = "integers"
    """The data: which values were fed in (`spec.data.DATA`)."""
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
    diagnosis: str = ""
    """The neighbouring operation that gives exactly this wrong answer, in words that finish "answers as if …"."""
    known: str | None = None
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
    asked: str = ""
    """What to say after --backend to ask it again."""
    versions: dict[str, str] = {}
    environment: dict[str, str] = {}
    facts: dict[str, str] = {}
    """What its worker processes observed after they imported it: instruction set, oneDNN on or off, threads, device, precision flags."""
    batch_flags: dict[str, str] = {}
    """Further variables under which it was asked in batches; what was found so was asked again alone without them."""
    repeated: Repeated | None = None
    """None where batches have no flags of their own, or the run ended before."""
    not_offered: dict[str, int] = {}
    """What the runtime does not declare, or its own file says that it cannot, and for how many cases. Those have no record."""
    verdicts: dict[str, int] = {}
    explained: int = 0
    """How many of its records that are neither `agree` nor `vacuous` match a known record."""


class Counterexample(msgspec.Struct, kw_only=True, frozen=True):
    """The smallest sizes at which a statement fails, with both sides there."""

    sizes: str
    left: list[Any]
    right: list[Any]


class TheoremOnRuntime(msgspec.Struct, kw_only=True, frozen=True):
    """A theorem's cases run natively, both sides. Holds if at least one agrees and every other is vacuous or on record."""

    verdict: Literal["holds", "broken"]
    agree: int
    vacuous: int
    other: int


class TheoremReport(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A statement, what the definition says to it, and how each runtime answers both its sides."""

    statement: str
    source: str
    verdict: Literal["holds", "holds when", "refuted", "broken"]
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
    """How many records it speaks of that agreed all the same; more than 0 means stale."""


class Finding(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What one fault comes down to: the smallest case that shows it, and how many records it accounts for."""

    id: str
    runtime: str
    output: str
    verdict: Verdict
    reason: str
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


class Summary(msgspec.Struct, kw_only=True, frozen=True):
    """The count of everything, and what follows for the exit status."""

    cases: int
    asked: int
    verdicts: dict[str, int]
    unexpected: int
    stale: list[str]
    """Known records that matched a case which now agrees."""
    broken: list[str]
    """Theorems that are broken, by definition or on a runtime."""
    minimum_agreement: float
    """The least share of `agree` that the suite asks of every runtime."""
    below_minimum: list[str]
    """A sentence for each runtime, and for each operation on one (verify.judge.agreement), that agrees on less."""
    interrupted: bool
    exit: int


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
    """What nothing explains, shrunk; one for each fault."""

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
    text = msgspec.json.format(msgspec.json.encode(report), indent=1)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        temporary.write_bytes(text + b"\n")
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def load(path: Path | str) -> Report:
    """Read and validate. Unknown fields are ignored. Raises BadReport."""
    try:
        with open(path, "rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise BadReport(f"{path} cannot be read: {error.strerror}") from None
    if len(content) > MOST_BYTES:
        raise BadReport(f"{path} is no report: it is longer than {MOST_BYTES >> 20} MiB")
    try:
        schema = msgspec.json.decode(content, type=_Versioned).schema
        if schema != SCHEMA:
            raise BadReport(f"{path} has schema {schema}, but this version of concordant reads {SCHEMA}")
        return in_words_of_today(msgspec.json.decode(content, type=Report))
    except msgspec.ValidationError as error:
        raise BadReport(f"{path} is no report: {error}{_found(content, str(error))}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadReport(f"{path} is no report: {error}") from None


def in_words_of_today(report: Report) -> Report:
    """A report of before data, check and mode were three things: where its word for data says what was checked, or a mode."""
    suite = dict(report.suite)
    if "kinds" in suite:
        words = suite.pop("kinds") or []
        suite |= {"data": [w for w in words if w not in FORMER_CHECKS], "checks": [FORMER_CHECKS[w] for w in words if w in FORMER_CHECKS]}
    records = [_of_today(r) for r in report.records]
    if all(a is b for a, b in zip(records, report.records, strict=True)):
        return msgspec.structs.replace(report, suite=suite)
    runtimes = dict(report.runtimes)
    for name in dict.fromkeys(r.runtime for r in records):
        own = [r for r in records if r.runtime == name]
        counts: dict[str, Any] = {
            "verdicts": dict(Counter(r.verdict for r in own)), "explained": sum(r.known is not None and r.verdict not in FINE for r in own),
        }  # fmt: skip
        base = runtimes.get(runtime_of(name))
        if name not in runtimes and base:
            counts["asked"] = name
        if base:
            runtimes[name] = msgspec.structs.replace(runtimes.get(name, base), **counts)
    findings = [_finding_of_today(f) for f in report.findings]
    return msgspec.structs.replace(report, suite=suite, records=records, runtimes=runtimes, findings=findings)


def _of_today(r: Record) -> Record:
    if r.numbers in DATA or not _is_former(r.numbers):
        return r
    case, target, check = _parts_of_today(r.case, r.numbers, r.runtime)
    return msgspec.structs.replace(r, case=case, runtime=target, check=check, numbers="integers")


def _finding_of_today(f: Finding) -> Finding:
    (first, _, _), (case, target, _) = (_parts_of_today(text, _data_word(text), f.runtime) for text in (f.first, f.case))
    return msgspec.structs.replace(f, first=first, case=case, runtime=target)


def _data_word(text: str) -> str:
    found = re.search(r" [a-z]+\d+ ([a-z]+) seed=\d+$", text)
    return found[1] if found else "integers"


@lru_cache
def _is_former(word: str) -> bool:
    """Whether a word once stood for a check or a mode in the place of the data."""
    return word in FORMER_CHECKS or bool(targets_called(word))


def _parts_of_today(text: str, word: str, runtime: str) -> tuple[str, str, Any]:
    """The text of a case, the target and the check that a word for data stood for."""
    if word in DATA or not _is_former(word):
        return text, runtime, "values"
    check = FORMER_CHECKS.get(word, "values")
    rest = re.sub(rf" {re.escape(word)}( seed=\d+)$", r" check=shape\1" if check == "shape" else r"\1", text)
    named = (target for target in targets_called(word) if runtime_of(target) == runtime)
    return rest, runtime if check == "shape" else next(named, f"{runtime}:{word}"), check


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
