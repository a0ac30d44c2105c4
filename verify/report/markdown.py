"""A report as Markdown for a pull request or a job summary: what matters unfolded, the rest folded, never more than 60 KiB."""

from __future__ import annotations

import re
from collections import Counter
from itertools import chain

from verify.facts import not_offered
from verify.grouping import (
    MARKS,
    MOST_COLUMNS,
    again,
    because,
    by_sort,
    counted,
    failures,
    headline,
    interop,
    is_mode,
    matrix,
    outcome,
    sentence,
    standing,
    totals,
    unexpected,
)
from verify.printable import for_people
from verify.record import Finding, Record, Report

MOST_BYTES = 60 * 1024
LONGEST = 1500
"""Characters of one text that are shown."""


@for_people
def markdown(report: Report) -> str:
    """Whole blocks, worst first, for as long as they fit; what was left out is counted."""
    s, score = report.summary, interop(report)
    told = {id for f in report.findings for id in f.records}
    rest = [group for group in unexpected(report) if group[0].id not in told]
    verdict = f"**{outcome(report)}**" if s.unexpected else outcome(report)
    first = "\n".join([
        f"## Concordant: {score.share:.1%} interoperable\n\n{score}; {s.results} results, {verdict}.\n",
        *(f"- {one}" for one in by_sort(report)),
    ]).rstrip()
    blocks = chain(
        [first, "\n".join(f"- **✗** {text(sentence)}" for sentence in failures(report)[:50])],
        [_runtimes(report), "\n".join(f"- {text(line)}" for line in not_offered(report))],
        (_finding(f) for f in report.findings),
        (_group(report, group) for group in rest),
        [_matrix(report), _theorems(report), _known(report), _environment(report)],
    )
    kept, left, size = [], 0, MOST_BYTES - 100
    for block in filter(None, blocks):
        size_of = len(block.encode(errors="replace")) + 2
        if size_of > size:
            left += 1
            continue
        kept.append(block)
        size -= size_of
    if left:
        kept.append(f"… and {counted(left, 'more part')} that would not fit: see report.json.")
    return "\n\n".join(kept) + "\n"


def text(words: object) -> str:
    """Words on one line, with nothing that Markdown, HTML or GitHub would act upon; in a summary too, where backslashes do not work."""
    line = re.sub(r"\s+", " ", _clipped(str(words))).strip()
    return re.sub(r"[\\`*_\[\]#|~@$<>&!]|:(?=//)", lambda found: f"&#{ord(found[0])};", line)


def span(words: object) -> str:
    """One line of code."""
    line = text(words)
    return f"<code>{line}</code>" if line else ""


def fenced(words: str, language: str = "") -> str:
    """Code as it stands, in a fence longer than any in it."""
    body = _clipped(words.strip("\n"))
    longest = max((len(run) for run in re.findall(r"`{3,}", body)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{body}\n{fence}"


def folded(summary: str, body: str) -> str:
    """Details that open on demand, under an escaped summary."""
    return f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>"


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table. The caller escapes the cells."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _clipped(words: str) -> str:
    return words if len(words) <= LONGEST else words[: LONGEST - 1] + "…"


def _runtimes(report: Report) -> str:
    score = interop(report)
    rows = []
    for name, r in report.runtimes.items():
        stood = score.runtimes[name]
        counts = [str(n) for n in (stood.right, stood.own, stood.never)]
        state = r.status if r.status != "ran" else ", ".join(f"{k} {v}" for k, v in r.versions.items())
        rows.append([text(name), text(state), *counts])
    return table(["runtime", "versions", "cases right", "wrong where all others are right", "never run"], rows)


def _matrix(report: Report) -> str:
    cells, ran = matrix(report), [name for name, r in report.runtimes.items() if r.status != "not installed"]
    names = [name for name in ran if len(ran) <= MOST_COLUMNS or not is_mode(name)]
    rows = [[text(op), *(_cell(by.get(name, Counter())) for name in names)] for op, by in cells.items()]
    legend = (
        f"{MARKS['agree']} agree / run, {MARKS['known']} known deviations, {MARKS['new']} unexpected, or raised or not offered without a "
        "known deviation"
    )
    modes = [[text(name), _cell(total)] for name, total in totals(cells, [name for name in ran if name not in names]).items()]
    tables = [table(["", *map(text, names)], rows), *([table(["mode", "all operations"], modes)] if modes else []), legend]
    return folded("Operation by runtime", "\n\n".join(tables)) if rows else ""


def _cell(counts: Counter[tuple[str, str]]) -> str:
    by: Counter[str] = Counter()
    for (how, _), n in counts.items():
        by[how] += n
    words = [f"{MARKS['agree']} {by['agree']}/{by.total()}"] if by else []
    return " ".join(words + [f"{MARKS[what]} {by[what]}" for what in ("known", "new") if by[what]])


def _finding(f: Finding) -> str:
    why = sentence(f.matches) or f.reason
    parts = [f"Smallest case: {span(f.case)}", fenced(f.native, "python")]
    if f.instead:
        parts.append("This gives the right result (tried):\n\n" + fenced(f.instead, "python"))
    return folded(f"✗ {text(headline(f))}: {text(why)} ({counted(len(f.records), 'result')})", "\n\n".join(parts))


def _group(report: Report, group: list[Record]) -> str:
    r = group[0]
    summary = f"✗ {text(headline(r))}: {text(because(group))} ({counted(len(group), 'result')})"
    first = ""
    if (d := r.difference) and d.first:
        first = f"First at {span(list(d.first))}: expected {span(d.expected)}, got {span(d.got)}."
    parts = [span(r.case), text(r.reason), first, fenced(r.native, "python") if r.native else "", fenced(again(report, r), "sh")]
    return folded(summary, "\n\n".join(filter(None, parts)))


def _theorems(report: Report) -> str:
    rows = []
    for name, t in report.theorems.items():
        broken = [runtime for runtime, on in t.runtimes.items() if on.verdict == "failing"]
        rows.append([text(name), t.verdict, text(t.when), text(", ".join(broken)) or "none"])
    head = table(["theorem", "by definition", "when", "broken on"], rows)
    return folded(counted(len(rows), "theorem"), head) if rows else ""


def _known(report: Report) -> str:
    rows = [[text(id), text(k.reason), str(k.matched)] for id, k in report.known.items() if k.matched]
    answers = sum(standing(r) == "known" for r in report.records)
    return folded(f"{len(rows)} known deviations, {answers} results", table(["known deviation", "reason", "covers"], rows)) if rows else ""


def _environment(report: Report) -> str:
    rows = [[text(k), text(v)] for k, v in chain(report.tool.items(), report.suite.items(), report.environment.items())]
    rows += [[text(name), text(", ".join(f"{k} {v}" for k, v in (r.versions | r.facts).items()))] for name, r in report.runtimes.items()]
    return folded("Environment", table(["", ""], rows)) if rows else ""
