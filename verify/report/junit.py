"""A report as JUnit XML, as CI viewers read it: a suite for each runtime, a test case for each group of cases."""

from __future__ import annotations

import re
from collections import defaultdict
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from verify.grouping import again, alike, because, failures, in_words, operation, standing
from verify.printable import for_people
from verify.record import Record, Report

MOST_SHOWN = 20
KILLED = ("crashed", "timeout")


@for_people
def junit(report: Report) -> str:
    """Cases of one operation, dtype and data (or check of shapes) are one test: failed by what no known deviation covers, skipped if all
    is known."""
    root = Element("testsuites", name="concordant")
    own: dict[str, list[Record]] = defaultdict(list)
    for r in report.records:
        own[r.runtime].append(r)
    for name in dict.fromkeys([*report.runtimes, *own]):
        suite = SubElement(root, "testsuite", name=_xml(name))
        groups: dict[tuple[str, str, str], list[Record]] = defaultdict(list)
        for r in own[name]:
            groups[operation(r), r.dtype, r.data if r.check == "values" else r.check].append(r)
        for key, records in groups.items():
            _case(suite, f"{name}.{key[0]}", " ".join(key), report, records)
        if (runtime := report.runtimes.get(name)) and runtime.status == "not installed":
            case = SubElement(suite, "testcase", classname=_xml(name), name="installed")
            SubElement(case, "skipped", message=_xml(runtime.reason or "not installed"))
    _whole(SubElement(root, "testsuite", name="the run"), failures(report))
    for suite in root:
        _count(suite)
        suite.set("skipped", str(len(list(suite.iter("skipped")))))
    _count(root)
    indent(root)
    return tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: Element, classname: str, name: str, report: Report, records: list[Record]) -> None:
    case = SubElement(suite, "testcase", classname=_xml(classname), name=_xml(name))
    new = [r for r in records if standing(r) == "new"]
    if new:
        groups = alike(new)
        worst = groups[0][0]
        told = SubElement(
            case, "error" if worst.verdict in KILLED else "failure", type=worst.verdict,
            message=_xml(f"{len(new)} of {len(records)} results: {in_words(worst.verdict)}, {because(groups[0])}"),
        )  # fmt: skip
        told.text = _xml("\n\n".join(_told(report, group) for group in groups[:MOST_SHOWN]))
        return
    known = sorted({r.known for r in records if standing(r) == "known" and r.known is not None})
    if known and not any(standing(r) == "agree" for r in records):
        SubElement(case, "skipped", message=_xml("known deviations: " + ", ".join(known)))
    elif known:
        SubElement(case, "system-out").text = _xml("known deviations: " + ", ".join(known))


def _told(report: Report, group: list[Record]) -> str:
    r = group[0]
    lines = [f"{r.output} {in_words(r.verdict)}: {r.reason}", r.case, because(group) if r.matches else "", again(report, r)]
    more = f"and {len(group) - 1} more like it" if len(group) > 1 else ""
    return "\n".join(line for line in [*lines, more] if line)


def _whole(suite: Element, sentences: list[str]) -> None:
    for i, sentence in enumerate(sentences, 1):
        case = SubElement(suite, "testcase", classname="concordant", name=f"{i}")
        SubElement(case, "failure", type="run", message=_xml(sentence))
    if not sentences:
        SubElement(suite, "testcase", classname="concordant", name="theorems, known deviations and minimum agreement")


def _count(suite: Element) -> None:
    """What both kinds of suite may count; Jenkins refuses a root that counts what was skipped."""
    for case in suite.iter("testcase"):
        case.set("time", "0")
    suite.set("tests", str(len(list(suite.iter("testcase")))))
    for attribute, tag in (("failures", "failure"), ("errors", "error")):
        suite.set(attribute, str(len(list(suite.iter(tag)))))
    suite.set("time", "0")


def _xml(text: str) -> str:
    """Characters that XML 1.0 has no way to say are replaced."""
    return re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\N{REPLACEMENT CHARACTER}", text)
