"""A report on the terminal."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column, Table

from backends import Backend
from backends.known import Known
from verify.findings import HowFar, alike
from verify.groups import again, matrix
from verify.record import Difference, Finding, KnownReport, Record, Report, TheoremOnRuntime, TheoremReport
from verify.run import Run, Watch

MOST_SHOWN = 20
EVERY = 10.0
"""Seconds between two lines on what is minimised, where there is no terminal."""


@contextmanager
def progress(run: Run, console: Console, *, quiet: bool) -> Iterator[Watch]:
    """A line for each host: what it is doing, done / asked, time left."""
    if quiet:
        yield lambda runtime, doing, done: None
        return
    name, doing = TextColumn("{task.description:<17}"), TextColumn("{task.fields[doing]:<10}")
    with Progress(name, doing, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console, transient=True) as bars:
        tasks = {b.name: bars.add_task(b.name, total=len(run.asks), doing="waiting") for b in run.backends}
        yield lambda runtime, doing, done: bars.update(tasks[runtime], completed=done, total=len(run.asks), doing=doing)


def table(report: Report, console: Console, *, quiet: bool) -> None:
    """Operation × runtime with agree / asked, then the findings, then every other record that nothing explains."""
    counts(report, console, quiet=quiet)
    for one in report.findings:
        finding(one, report, console)
    remaining(report, console, quiet=quiet)


def counts(report: Report, console: Console, *, quiet: bool) -> None:
    """Operation × runtime with agree / asked."""
    if not quiet:
        _matrix(report, [name for name, r in report.runtimes.items() if r.status != "not installed"], console)


def remaining(report: Report, console: Console, *, quiet: bool) -> None:
    """What nothing explains and no finding accounts for, what else the run fails for, and the last lines."""
    shrunk = {id for finding in report.findings for id in finding.records}
    rest = [group for group in alike(report) if group[0].id not in shrunk]
    for records in rest[:MOST_SHOWN]:
        _group(records, report, console)
    if len(rest) > MOST_SHOWN:
        console.print(f"\n… and {len(rest) - MOST_SHOWN} more kinds in report.json", highlight=False)
    for id in report.summary.stale:
        stale = report.known[id]
        console.print(
            f"[bold red]stale[/] known record {escape(id)}: {stale.agreed} answers it speaks of now agree; "
            "narrow or delete it in backends/known/", highlight=False, soft_wrap=True,
        )  # fmt: skip
    for sentence in report.summary.below_floor:
        console.print(f"[bold red]below the floor[/] {escape(sentence)}", highlight=False)
    for name, r in report.runtimes.items():
        if r.status == "failed" or (r.status == "not installed" and not quiet):
            console.print(f"[bold red]{r.status}[/] {name}: {escape(r.reason)}", highlight=False, soft_wrap=True)
    if not quiet:
        _closing(report, console)


@contextmanager
def minimising(console: Console, *, quiet: bool) -> Iterator[HowFar]:
    """What is minimised and how far it is: one line that changes on a terminal, else a line now and then."""
    if quiet:
        yield lambda what, how_far: None
    elif console.is_terminal:
        with console.status("minimising") as status:
            yield lambda what, how_far: status.update(escape(f"{what}: {how_far}"))
    else:
        printed: dict[str, float] = {}

        def line(what: str, how_far: str) -> None:
            if time.monotonic() - printed.get(what, -math.inf) >= EVERY:
                printed[what] = time.monotonic()
                console.print(f"{what}: {how_far}", markup=False, highlight=False, soft_wrap=True)

        yield line


def theorems(report: Report, console: Console, *, claims_only: bool = False) -> None:
    """Each statement with its verdict, its counterexample, and how many of its cases each runtime answers natively on both sides."""
    shown = {name: t for name, t in report.theorems.items() if t.claim or not claims_only}
    for name, t in sorted(shown.items(), key=lambda item: (item[1].claim or 0)):
        _theorem(name, t, console)
    console.print("\n[dim]✓ n: in n cases the framework's own code gives, on both sides, what the definition says[/]", highlight=False)


def backends(rows: list[tuple[Backend, dict[str, str], str]], console: Console) -> None:
    """What was found, what is installed, why not."""
    grid = Table("runtime", "file", "installed", box=None, pad_edge=False)
    for backend, versions, why in rows:
        file = f"backends/{backend.module.__name__.split('.')[-1]}.py"
        grid.add_row(backend.name, file, escape(why) or ", ".join(f"{k} {v}" for k, v in versions.items()))
    console.print(grid)


def known(records: list[Known], met: dict[str, KnownReport], console: Console) -> None:
    """Every record: what it explains in a report, whether it is stale, or that nothing it speaks of was asked."""
    for k in records:
        seen = met.get(k.id)
        state = "[dim]nothing it speaks of was asked[/]"
        if seen:
            state = f"explains {seen.matched}" + (f", [bold red]stale: {seen.agreed} agree[/]" if seen.agreed else "")
        versions = ", ".join(f"{name} {which}" for name, which in k.versions.items())
        lines = (
            f"[bold]{escape(k.id)}[/]  {state}",
            f"{escape(k.reason)}",
            f"[dim]{k.verdict} · {escape(', '.join(k.runtimes))} · {escape(versions)} · {escape(k.link)}[/]",
        )
        console.print()
        for i, line in enumerate(lines):
            console.print(Padding(line, (0, 0, 0, 3 if i else 0)), highlight=False)


def _matrix(report: Report, ran: list[str], console: Console) -> None:
    cells = matrix(report)
    total = {name: sum((row[name] for row in cells.values()), Counter()) for name in ran}
    names = (escape(name.replace("-", "-\n")) for name in ran)
    grid = Table(Column("", no_wrap=True), *names, box=None, header_style="bold", padding=(0, 1, 0, 0))
    for name, row in cells.items():
        grid.add_row(name.replace("Adaptive", "Adaptive\n"), *(_cell(row[runtime]) for runtime in ran))
    grid.add_row("[bold]all[/]", *(_cell(total[name]) for name in ran))
    console.print(grid)
    console.print("[dim]agree / asked; known: deviations on record in backends/known/; ✗: unexplained[/]", highlight=False, soft_wrap=True)


def _cell(verdicts: Counter[tuple[str, str]]) -> str:
    counts: Counter[str] = Counter()
    for (standing, _), n in verdicts.items():
        counts[standing] += n
    text = f"{counts['agree']}/{sum(counts.values())}"
    if counts["known"]:
        text += f"\n[yellow]{counts['known']} known[/]"
    if counts["new"]:
        text += f"\n[bold red]✗ {counts['new']}[/]"
    return text


def _theorem(name: str, t: TheoremReport, console: Console) -> None:
    number = f"{t.claim}. " if t.claim else ""
    lines = [f"[bold]{number}{escape(t.statement)}[/]", verdict_in_words(t)]
    if t.counterexample:
        c = t.counterexample
        lines.append(f"[dim]{escape(f'smallest counterexample, {c.sizes}: {c.left} ≠ {c.right}')}[/]")
    lines.append("  ".join(f"{escape(runtime)}\N{NO-BREAK SPACE}{_on(r)}" for runtime, r in t.runtimes.items()))
    lines.append(f"[dim]{escape(name)} · {escape(t.source)}{escape(' · see ' + ', '.join(t.see)) if t.see else ''}[/]")
    console.print()
    for i, line in enumerate(lines):
        console.print(Padding(line, (0, 0, 0, 3 if i else 0)), highlight=False)


def verdict_in_words(t: TheoremReport) -> str:
    """What the definition says to a statement."""
    if t.verdict == "holds":
        return f"[bold green]true[/]: all {t.equal} cases"
    if t.verdict == "holds when":
        tried = f"{t.equal} cases; otherwise {t.outside_unequal} of {t.outside} fail"
        return f"[bold yellow]true when[/] {escape(t.when)}: {tried}"
    if t.verdict == "refuted":
        return f"[bold red]false[/]: {t.unequal} of {t.unequal + t.equal} cases fail"
    return f"[bold red]broken[/]: {escape(t.reason)}"


def _on(r: TheoremOnRuntime) -> str:
    if r.verdict == "broken":
        return f"[bold red]✗\N{NO-BREAK SPACE}{r.agree} of {r.agree + r.vacuous + r.other}[/]"
    vacuous = f"[dim] ({r.vacuous} vacuous)[/]".replace(" ", "\N{NO-BREAK SPACE}") if r.vacuous else ""
    return f"[green]✓\N{NO-BREAK SPACE}{r.agree}[/]{vacuous}"


def finding(f: Finding, report: Report, console: Console) -> None:
    """One finding, with the names of its files."""
    more = f" (and {len(f.records) - 1} more like it)" if len(f.records) > 1 else ""
    instead = [f"  [dim]│[/] {escape(line)}" for line in _body(f.instead)]
    lines = [
        f"\n[bold red]✗ {escape(f.runtime)}[/] {f.output} {f.verdict}: {escape(f.reason)}{more}",
        f"  smallest: {escape(f.question)}",
        *_where(f.difference),
        *_explained(f.verdict, f.diagnosis),
        *(f"  [dim]│[/] {escape(line + ' ')[:-1]}" for line in _body(f.native)),
        *(["  this gives what was asked:", *instead] if instead else []),
        f"  program, issue text: findings/{f.id}.py, findings/{f.id}.md",
        f"  again: {escape(again(report, f))}",
    ]
    console.print("\n".join(lines), highlight=False, soft_wrap=True)


def _group(group: list[Record], report: Report, console: Console) -> None:
    record = group[0]
    more = f" (and {len(group) - 1} more like it)" if len(group) > 1 else ""
    lines = [
        f"\n[bold red]✗ {escape(record.runtime)}[/] {record.output} {record.verdict}: {escape(record.reason)}{more}",
        f"  {escape(record.question)}",
    ]
    lines.extend(_where(record.difference))
    lines.extend(_explained(record.verdict, record.diagnosis))
    lines.extend(f"  [dim]│[/] {escape(line + ' ')[:-1]}" for line in record.native.splitlines() if line)
    lines.append(f"  again: {escape(again(report, record))}")
    console.print("\n".join(lines), highlight=False, soft_wrap=True)


def _where(d: Difference | None) -> list[str]:
    if d is None or not d.first:
        return []
    ratio = "infinitely far outside the rounding bound" if d.ratio is None else f"{d.ratio:.3g} of the rounding bound"
    return [f"  first at {escape(str(list(d.first)))}: expected {d.expected}, got {escape(d.got)}; worst {ratio}"]


def _explained(verdict: str, diagnosis: str) -> list[str]:
    if diagnosis:
        return [f"  answers as if {escape(diagnosis)}"]
    return ["  no neighbouring operation explains it"] if verdict == "differ" else []


def _body(native: str) -> list[str]:
    return [line for line in native.splitlines() if line]


def certainty(report: Report) -> list[str]:
    """How sure the verdicts on meaning are, and how near the honest answers to real numbers come to their bounds."""
    lines = []
    missed = {r.question: r.missed_probability for r in report.records if r.missed_probability is not None}
    asked = 2.0 ** -int(report.suite.get("confidence", 0))
    if missed:
        reached = {q: p for q, p in missed.items() if p <= asked}
        rest = max(missed.values())
        lines.append(f"whole numbers: P(a wrong answer passed) ≤ 2^{_log2(asked)} for {len(reached)} of {len(missed)} questions" + (
            f", 2^{_log2(rest)} for the worst" if len(reached) < len(missed) else ""
        ))
    honest = [r for r in report.records if r.verdict == "agree" and r.rounding and r.rounding.ratio is not None]
    if honest:
        worst = max(honest, key=lambda r: r.rounding.ratio if r.rounding and r.rounding.ratio else 0.0)
        assert worst.rounding
        lines.append(
            f"real numbers: {len(honest)} answers within their rounding bound, the nearest at {worst.rounding.ratio:.2g} of it "
            f"({worst.runtime}, {worst.dtype}, {worst.rounding.terms} terms)"
        )
    return lines


def _log2(p: float) -> str:
    return "−∞" if p <= 0 else f"{math.log2(p):.0f}".replace("-", "−")


def _why_broken(t: TheoremReport) -> str:
    return t.reason or "on " + ", ".join(name for name, r in t.runtimes.items() if r.verdict == "broken")


def _closing(report: Report, console: Console) -> None:
    s = report.summary
    counts = ", ".join(f"{n} {verdict}" for verdict, n in sorted(s.verdicts.items(), key=lambda item: -item[1]))
    runtimes = sum(r.status == "ran" for r in report.runtimes.values())
    console.print(f"\n{s.questions} questions to {runtimes} runtimes, {s.asked} answers: {counts}.", highlight=False, soft_wrap=True)
    for line in certainty(report):
        console.print(line, highlight=False, soft_wrap=True)
    if s.interrupted:
        console.print("[bold]Interrupted:[/] what was not asked is not in the report.", highlight=False)
    verdict = "[bold red]" + f"{s.unexplained} unexplained[/]" if s.unexplained else "[bold green]nothing unexplained[/]"
    if report.theorems:
        held = Counter(t.verdict for t in report.theorems.values())
        words = ", ".join(f"{n} {v}" for v, n in held.items())
        console.print(f"{len(report.theorems)} theorems: {words}.", highlight=False)
    for name in s.broken:
        console.print(f"[bold red]broken[/] theorem {escape(name)}: {escape(_why_broken(report.theorems[name]))}", highlight=False)
    console.print(f"{verdict}, {sum(k.matched for k in report.known.values())} known", highlight=False)
