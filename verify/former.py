"""Reports of schema 1, and those of schema 2 from before diagnoses had fields, in the fields and words of today (docs/report.md)."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from backends import runtime_of, targets_called
from spec.case import FORMER_CHECKS
from spec.data import DATA
from verify.grouping import sentence
from verify.record import FINE, SCHEMA, Diagnosis, Finding, Record, Report

VERDICTS = {"refused": "raised", "unsupported": "not offered"}
THEOREMS = {"holds when": "holds if", "refuted": "false", "broken": "failing"}
FIELDS = {
    "records": {"question": "case", "numbers": "data"},
    "findings": {"question": "case"},
    "runtimes": {"asked": "backend", "survey": "batch_flags", "explained": "known_deviations"},
    "summary": {
        "questions": "cases", "asked": "results", "unexplained": "unexpected", "stale": "no_longer_occur", "broken": "failing",
        "floor": "minimum_agreement", "below_floor": "below_minimum",
    },
}  # fmt: skip
"""Part of a report → its field's name in schema 1 → in schema 2."""


WORDS = (
    (r"lo and hi of (\w+) were exchanged", r"lo and hi of \1 exchanged", ""),
    (r"(\w+) began one pixel (later|earlier), \((.+)\)", r"\1 shifted by one pixel \2", r"\3"),
    (r"(\w+) were (lo|hi) at both ends", r"\2 of \1 at both ends", ""),
    (r"(\w+) were one more at the end", r"\1 one larger at the end", "hi + 1"),
    (r"(\w+) were one less at the end", r"\1 one smaller at the end", "hi − 1"),
    (r"(\w+) were all at the (end|start)", r"all \1 at the \2", ""),
    (r"(?:the )?(padding|crop|stride|dilation) were (?:nothing|1)", r"\1 ignored", ""),
    (r"negative (\w+) were nothing", r"negative \1 ignored", ""),
    (r"(padding|crop) lost its sign", r"sign of \1 ignored", ""),
    (r"(stride) and dilation were exchanged", "stride and dilation exchanged", ""),
    (r"the (\w+) of the axes came in reverse order", r"\1 of the axes in reverse order", ""),
    (r"every axis had the (\w+) of (axis 0|the last axis)", r"\1 of \2 on every axis", ""),
)
"""Diagnoses that were words alone, about the field that is the first group: pattern, hypothesis, value. Others keep their words."""

Found = TypeVar("Found", Record, Finding)


def with_fields(report: Report) -> Report:
    """The same report, where diagnoses that are words alone have fields."""
    records, findings = [*map(_with_fields, report.records)], [*map(_with_fields, report.findings)]
    return msgspec.structs.replace(report, records=records, findings=findings)


def _with_fields(found: Found) -> Found:
    if found.matches or not found.diagnosis:
        return found
    matches = _diagnosis(found.diagnosis)
    return msgspec.structs.replace(found, matches=matches, diagnosis=sentence(matches))


@lru_cache
def _diagnosis(words: str) -> Diagnosis:
    """What the words that finished "answers as if …" say."""
    words, _, part = words.partition(", but only at ")
    step = re.fullmatch(r"(.+) \(in (\w{1,40}), step (\d{1,9})\)", words, re.DOTALL)
    words, where, number = (step[1], step[2], int(step[3])) if step else (words, "", None)
    only = re.fullmatch(r"all were right but (.+)", words, re.DOTALL)
    said = Diagnosis(f"only {only[1]} wrong" if only else words, "", "", number, where, part, bool(part or only))
    for pattern, hypothesis, value in WORDS:
        if found := re.fullmatch(pattern, words):
            return msgspec.structs.replace(said, hypothesis=found.expand(hypothesis), field=found[1], value=found.expand(value))
    return said


def of_schema_1(document: Any) -> Report:
    """The report that a document of schema 1 is. Raises msgspec.ValidationError where it breaks the rules of today."""
    if isinstance(document, dict):
        document = {name: _part(name, value) for name, value in document.items()} | {"schema": SCHEMA}
    return with_fields(_in_words_of_today(msgspec.convert(document, Report)))


def _part(name: str, value: Any) -> Any:
    """What is malformed stays as it is, for the schema to say so."""
    if name == "theorems" and isinstance(value, dict):
        return {key: _theorem(inner) for key, inner in value.items()}
    if name not in FIELDS:
        return value
    if name == "runtimes" and isinstance(value, dict):
        return {key: _renamed(name, inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_renamed(name, inner) for inner in value]
    return _renamed(name, value)


def _renamed(name: str, value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    renamed = {FIELDS[name].get(key, key): inner for key, inner in value.items()}
    if isinstance(renamed.get("verdict"), str):
        renamed["verdict"] = VERDICTS.get(renamed["verdict"], renamed["verdict"])
    if isinstance(renamed.get("verdicts"), dict):
        renamed["verdicts"] = {VERDICTS.get(key, key): count for key, count in renamed["verdicts"].items()}
    return renamed


def _theorem(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    own = value | {"verdict": _of_theorem(value.get("verdict"))}
    if isinstance(own.get("runtimes"), dict):
        own["runtimes"] = {name: _on_runtime(r) for name, r in own["runtimes"].items()}
    return own


def _on_runtime(value: Any) -> Any:
    return value | {"verdict": _of_theorem(value.get("verdict"))} if isinstance(value, dict) else value


def _of_theorem(verdict: Any) -> Any:
    return THEOREMS.get(verdict, verdict) if isinstance(verdict, str) else verdict


def _in_words_of_today(report: Report) -> Report:
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
            "verdicts": dict(Counter(r.verdict for r in own)),
            "known_deviations": sum(r.known is not None and r.verdict not in FINE for r in own),
        }  # fmt: skip
        base = runtimes.get(runtime_of(name))
        if name not in runtimes and base:
            counts["backend"] = name
        if base:
            runtimes[name] = msgspec.structs.replace(runtimes.get(name, base), **counts)
    findings = [_finding_of_today(f) for f in report.findings]
    return msgspec.structs.replace(report, suite=suite, records=records, runtimes=runtimes, findings=findings)


def _of_today(r: Record) -> Record:
    if r.data in DATA or not _is_former(r.data):
        return r
    case, target, check = _parts_of_today(r.case, r.data, r.runtime)
    return msgspec.structs.replace(r, case=case, runtime=target, check=check, data="integers")


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
