"""A report on the terminal."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import structs
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column, Table

from backends import Backend
from backends.known import Known
from verify.conclude import Ran
from verify.explain.findings import HowFar
from verify.facts import not_offered, observed, repeated
from verify.grouping import (
    MOST_COLUMNS,
    WORDS,
    again,
    by_sort,
    counted,
    failures,
    headline,
    in_words,
    is_mode,
    matrix,
    outcome,
    sentence,
    totals,
    unexpected,
)
from verify.hazards import hazards
from verify.printable import printable, printable_report
from verify.record import Difference, Finding, KnownReport, Record, Report, TheoremOnRuntime, TheoremReport
from verify.report.hazards import first_screen
from verify.report.models import by_model
from verify.report.single import told
from verify.run import Run, Watch

MOST_SHOWN = 20
ADD = ". An operation is offered by a function of its name in the backend's file: backends/*/write.py, or your own"
MOST_ADDED = 3
SECONDS_BETWEEN_LINES = 30.0
"""Of progress, where there is no terminal."""
EVERY = 10.0
"""Seconds between two lines on what is minimised, where there is no terminal."""


@contextmanager
def progress(run: Run, console: Console, *, quiet: bool) -> Iterator[Watch]:
    """A line for each runtime, of many for those at work alone: what it is doing, done / all, time left; without a terminal one
    line for all, every 30 seconds. Of a few cases each runtime's results are printed as soon as it is done."""
    if quiet:
        yield lambda runtime, doing, done: None
        return
    if not console.is_terminal:
        with _lines(run, console) as watch:
            yield watch
        return
    name, doing = TextColumn("{task.description:<17}"), TextColumn("{task.fields[doing]:<10}")
    with Progress(name, doing, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console, transient=True) as bars:
        few = len(run.backends) <= MOST_COLUMNS
        tasks = {b.name: bars.add_task(b.name, total=run.total(b.name), doing="waiting", visible=few) for b in run.backends}

        def watch(runtime: str, doing: str, done: int) -> None:
            bars.update(tasks[runtime], completed=done, total=run.total(runtime), doing=doing, visible=few or doing != "done")
            if doing == "done" and len(run.cases) <= A_FEW:
                console.print(f"{runtime}: {came(run.ran[runtime])}", highlight=False, markup=False)

        yield watch


A_FEW = 3
"""Cases, of which the first results are printed while other runtimes still import."""


def came(ran: Ran) -> str:
    """`agree: y, dx; differ: dw`, before known deviations are looked up."""
    by_verdict: dict[str, list[str]] = {}
    for _, _, judged in ran.judged:
        by_verdict.setdefault(in_words(judged.verdict), []).append(judged.output)
    return "; ".join(f"{verdict}: {', '.join(dict.fromkeys(outputs))}" for verdict, outputs in by_verdict.items()) or "not offered"


@contextmanager
def _lines(run: Run, console: Console) -> Iterator[Watch]:
    doing, begun, over = {b.name: ("waiting", 0) for b in run.backends}, time.monotonic(), threading.Event()

    def watch(runtime: str, what: str, done: int) -> None:
        doing[runtime] = (what, done)

    def tell() -> None:
        while not over.wait(SECONDS_BETWEEN_LINES):
            now = doing.copy()
            left = [f"{name} {what} {done}/{run.total(name)}" for name, (what, done) in now.items() if what != "done"]
            where = ", ".join([*left, *([f"{len(now) - len(left)} of {len(now)} done"] if len(left) < len(now) else [])])
            console.print(f"{time.monotonic() - begun:.0f} s: {where}", highlight=False, markup=False, soft_wrap=True)

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        over.set()
        thread.join()


def table(report: Report, console: Console, *, quiet: bool, folder: Path = Path()) -> None:
    """Operation × runtime with agree / run, then the findings, then every other record that no known deviation covers."""
    counts(report, console, quiet=quiet)
    for one in report.findings:
        finding(one, report, console, folder)
    remaining(report, console, quiet=quiet)


def counts(report: Report, console: Console, *, quiet: bool) -> None:
    """What differs in silence or crashes, by cause, then operation × runtime with agree / run."""
    report = printable_report(report)
    if not quiet:
        single = report.suite.get("name") == "case"
        for line in told(report) if single else first_screen(hazards(report)):
            style = "" if line.startswith(" ") else "[bold]"
            console.print(f"{style}{escape(line)}", highlight=False, soft_wrap=True)
        names = [name for name, r in report.runtimes.items() if r.status != "not installed"]
        blocks = [[name for name in names if not is_mode(name)], [name for name in names if is_mode(name)]]
        for block in filter(None, blocks):
            (_matrix if len(block) <= MOST_COLUMNS else _lines_of_targets)(report, block, console)
        _models(report, [name for block in blocks for name in block], console)
        console.print(f"[dim]{LEGEND}[/]", highlight=False, soft_wrap=True)


def remaining(report: Report, console: Console, *, quiet: bool) -> None:
    """What no known deviation covers and no finding accounts for, what else the run fails for, and the last lines."""
    report = printable_report(report)
    shrunk = {id for finding in report.findings for id in finding.records}
    rest = [group for group in unexpected(report) if group[0].id not in shrunk]
    for records in rest[:MOST_SHOWN]:
        _group(records, report, console)
    if len(rest) > MOST_SHOWN:
        console.print(f"\n… and {counted(len(rest) - MOST_SHOWN, 'more kind')} in report.json", highlight=False)
    for id in report.summary.no_longer_occur:
        stale = report.known[id]
        console.print(
            f"[bold red]known deviation that no longer occurs[/]: {escape(id)}: {counted(stale.agreed, 'result')} it covers now agree; "
            "narrow or delete it in backends/*/known.py", highlight=False, soft_wrap=True,
        )  # fmt: skip
    for words in report.summary.below_minimum:
        console.print(f"[bold red]minimum agreement[/]: {escape(words)}", highlight=False)
    for words in report.summary.limits_gone:
        console.print(f"[bold red]works now[/]: {escape(words)}", highlight=False, soft_wrap=True)
    if not report.records and any(r.not_offered for r in report.runtimes.values()):
        lacking = (f"{name} offers none of this: {', '.join(r.not_offered)}" for name, r in report.runtimes.items() if r.not_offered)
        console.print(f"[bold red]no case was run[/]: {escape('; '.join(lacking))}{ADD}", highlight=False, soft_wrap=True)
    for name, r in report.runtimes.items():
        if r.status == "failed" or (r.status == "not installed" and not quiet):
            console.print(f"[bold red]{r.status}[/] {name}: {escape(r.reason)}", highlight=False, soft_wrap=True)
    if not quiet:
        _closing(report, console)


def found(
    report: Report, unshrunk: Sequence[list[Record]], agreeing: Mapping[str, str], console: Console, *, folder: Path = Path()
) -> None:
    """What one round of a search found, and which known deviations did not occur where they should, or which runtime did not run."""
    report = printable_report(report)
    for one in report.findings:
        finding(one, report, console, folder)
    for records in unshrunk:
        _group(records, report, console)
    for id, case in agreeing.items():
        words = f"[bold red]known deviation that does not occur[/] {escape(id)}: {escape(case)} agrees; narrow it in backends/*/known.py"
        console.print(words, highlight=False, soft_wrap=True)
    for name, r in report.runtimes.items():
        if r.status != "ran":
            console.print(f"[bold red]{r.status}[/] {name}: {escape(r.reason)}", highlight=False, soft_wrap=True)


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
    report = printable_report(report)
    shown = {name: t for name, t in report.theorems.items() if t.claim or not claims_only}
    for name, t in sorted(shown.items(), key=lambda item: (item[1].claim or 0)):
        _theorem(name, t, console)
    console.print("\n[dim]✓ n: in n cases the framework's own code gives, on both sides, what the definition says[/]", highlight=False)


def backends(rows: list[tuple[Backend, dict[str, str], str]], console: Console) -> None:
    """What was found, what is installed, why not."""
    grid = Table("target", "file", "installed", box=None, pad_edge=False)
    for backend, versions, why in rows:
        file = backend.module.__name__.replace(".", "/") + ".py"
        grid.add_row(backend.name, file, escape(printable(why or ", ".join(f"{k} {v}" for k, v in versions.items()))))
        for name, mode in backend.runtime.modes.items():
            grid.add_row(f"{backend.name}:{name}", "", f"[dim]{escape(printable(mode.meaning))}[/]")
    console.print(grid)


def known(records: list[Known], met: dict[str, KnownReport], console: Console) -> None:
    """Every known deviation: how many results of a report it covers, whether it no longer occurs, or that no case it covers was run."""
    for k in records:
        seen = met.get(k.id)
        state = "[dim]no case it covers was run[/]"
        if seen:
            state = f"covers {seen.matched}" + (f", [bold red]no longer occurs: {seen.agreed} agree[/]" if seen.agreed else "")
        versions = ", ".join(f"{name} {which}" for name, which in k.versions.items())
        lines = (
            f"[bold]{escape(k.id)}[/]  {state}",
            f"{escape(k.reason)}",
            f"[dim]{k.verdict} · {escape(', '.join(k.runtimes))} · {escape(versions)} · {escape(k.link)}[/]",
        )
        console.print()
        for i, line in enumerate(lines):
            console.print(Padding(line, (0, 0, 0, 3 if i else 0)), highlight=False)


LEGEND = (
    "agree / run; known: known deviations, listed in backends/*/known.py; ✗: wrong and unexpected; raised, not offered: without a known "
    "deviation"
)


def _matrix(report: Report, ran: list[str], console: Console) -> None:
    cells = {name: row for name, row in matrix(report).items() if any(row.get(runtime) for runtime in ran)}
    total = totals(cells, ran)
    grid = Table(Column("", no_wrap=True), *map(_runtime_column, ran), box=None, header_style="bold", padding=(0, 1, 0, 0))
    for name, row in cells.items():
        grid.add_row(name.replace("Adaptive", "Adaptive\n"), *(_cell(row[runtime]) for runtime in ran))
    grid.add_row("[bold]all[/]", *(_cell(total[name]) for name in ran))
    console.print(grid)


def _lines_of_targets(report: Report, ran: list[str], console: Console) -> None:
    """Where there are too many for columns: a line for each, with the operations in which something is unexpected."""
    cells = matrix(report)
    new = {name: [op for op, row in cells.items() if any(how == "new" for how, _ in row.get(name, ()))] for name in ran}
    grid = Table(Column("", no_wrap=True), Column("agree", justify="right"), "", box=None, header_style="bold", padding=(0, 1, 0, 0))
    for name, total in totals(cells, ran).items():
        agree, of, others = _counts(total)
        grid.add_row(escape(name), f"{agree}/{of}", " ".join([*others, *([f"in {', '.join(new[name])}"] if new[name] else [])]))
    console.print(grid)


def _runtime_column(name: str) -> Column:
    """Nothing of it is cut off, however narrow the terminal."""
    return Column(escape(name.replace("-", "-\n").replace(":", ":\n")), overflow="fold")


def _models(report: Report, ran: list[str], console: Console) -> None:
    """Architecture × runtime, counted in distinct layers."""
    rows = by_model(report)
    if not rows:
        return
    names = [name for name in ran if any(name in row.cells for row in rows)]
    columns = (Column("", no_wrap=True), Column("distinct\nlayers"), *map(_runtime_column, names))
    grid = Table(*columns, box=None, header_style="bold", padding=(0, 1, 0, 0))
    for row in rows:
        grid.add_row(row.title, str(row.layers), *(_cell(row.cells[name]) if name in row.cells else "[dim]never run[/]" for name in names))
    console.print(grid)


NARROW = 1000
"""Two numbers below it share a line of a column."""


def _cell(verdicts: Counter[tuple[str, str]]) -> str:
    agree, of, others = _counts(verdicts)
    return "\n".join([f"{agree}/{of}" if of < NARROW else f"{agree}\nof {of}", *others])


def _counts(verdicts: Counter[tuple[str, str]]) -> tuple[int, int, list[str]]:
    """How many agree, of how many, and in words how many do not."""
    counts: Counter[str] = Counter()
    for (how, verdict), n in verdicts.items():
        counts[WORDS.get(verdict, "✗") if how == "new" else how] += n
    others = [f"[yellow]{counts['known']} known[/]"] if counts["known"] else []
    others += [f"[bold red]✗ {counts['✗']}[/]"] if counts["✗"] else []
    others += [f"[red]{counts[words]} {words}[/]" for words in WORDS.values() if counts[words]]
    return counts["agree"], sum(counts.values()), others


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
        return "[bold green]holds[/]: " + ("its 1 case" if t.equal == 1 else f"all {t.equal} cases")
    if t.verdict == "holds if":
        tried = f"{counted(t.equal, 'case')}; otherwise {t.outside_unequal} of {t.outside} fail"
        return f"[bold yellow]holds if[/] {escape(t.when)}: {tried}"
    if t.verdict == "false":
        return f"[bold red]false[/]: {t.unequal} of {t.unequal + t.equal} cases fail"
    return f"[bold red]failing[/]: {escape(t.reason)}"


def _on(r: TheoremOnRuntime) -> str:
    if r.verdict == "failing":
        return f"[bold red]✗\N{NO-BREAK SPACE}{r.agree} of {r.agree + r.vacuous + r.other}[/]"
    vacuous = f"[dim] ({r.vacuous} vacuous)[/]".replace(" ", "\N{NO-BREAK SPACE}") if r.vacuous else ""
    return f"[green]✓\N{NO-BREAK SPACE}{r.agree}[/]{vacuous}"


def finding(f: Finding, report: Report, console: Console, folder: Path = Path()) -> None:
    """One finding, with the names of its files."""
    report = printable_report(structs.replace(report, findings=[f]))
    (f,) = report.findings
    more = _more(f.verdict, [r for r in report.records if r.id in f.records])
    files = folder / "findings" / f.id
    instead = [f"  [dim]│[/] {escape(line)}" for line in _body(f.instead)]
    lines = [
        f"\n{_headline(f)}: {escape(f.reason)}{more}",
        f"  smallest: {escape(f.case)}",
        *_where(f.difference),
        *_explained(f),
        *(f"  [dim]│[/] {escape(line + ' ')[:-1]}" for line in _body(f.native)),
        *(["  this gives the right result:", *instead] if instead else []),
        f"  program, issue text: {escape(f'{files}.py, {files}.md')}",
        f"  again: {escape(again(report, f))}",
    ]
    console.print("\n".join(lines), highlight=False, soft_wrap=True)


def _group(group: list[Record], report: Report, console: Console) -> None:
    record = group[0]
    more = _more(record.verdict, group)
    lines = [
        f"\n{_headline(record)}: {escape(record.reason)}{more}",
        f"  {escape(record.case)}",
    ]
    lines.extend(_where(record.difference))
    lines.extend(_explained(record))
    lines.extend(f"  [dim]│[/] {escape(line + ' ')[:-1]}" for line in record.native.splitlines() if line)
    lines.append(f"  again: {escape(again(report, record))}")
    console.print("\n".join(lines), highlight=False, soft_wrap=True)


def _headline(record: Record | Finding) -> str:
    mark = "" if record.verdict in WORDS else "✗ "
    return f"[bold red]{mark}{escape(headline(record))}[/]"


def _more(verdict: str, alike: list[Record]) -> str:
    """What is raised or not offered is so for all outputs of a case: there the cases are counted, else the results."""
    n = len({r.case for r in alike}) if verdict in WORDS else len(alike)
    return f" (and {n - 1} more like it)" if n > 1 else ""


def _where(d: Difference | None) -> list[str]:
    if d is None or not d.first:
        return []
    ratio = "infinitely far outside the rounding bound" if d.ratio is None else f"{d.ratio:.3g} of the rounding bound"
    return [f"  first at {escape(str(list(d.first)))}: expected {d.expected}, got {escape(d.got)}; worst {ratio}"]


def _explained(wrong: Record | Finding) -> list[str]:
    if wrong.matches:
        return [f"  {escape(sentence(wrong.matches))}"]
    return ["  matches no hypothesis"] if wrong.verdict == "differ" else []


def _body(native: str) -> list[str]:
    return [line for line in native.splitlines() if line]


def certainty(report: Report) -> list[str]:
    """How sure the verdicts on meaning are, and how near correct results of real numbers come to their bounds."""
    lines = []
    missed = {r.case: r.missed_probability for r in report.records if r.missed_probability is not None}
    asked = 2.0 ** -int(report.suite.get("confidence", 0))
    if missed:
        others = [p for p in missed.values() if p > asked]
        share = f"{len(missed) - len(others)} of {counted(len(missed), 'case')}"
        line = f"whole numbers: P(a wrong result passed) ≤ 2^{_log2(asked)} for {share}"
        if others and min(others) == 1:
            line += "; the others add too many products to be exact in their dtype"
        elif others:
            line += f", 2^{_log2(max(others))} for the others at worst"
        lines.append(line)
    honest = [r for r in report.records if r.verdict == "agree" and r.rounding and r.rounding.ratio is not None]
    if honest:
        worst = max(honest, key=lambda r: r.rounding.ratio if r.rounding and r.rounding.ratio else 0.0)
        assert worst.rounding
        lines.append(
            f"real numbers: {counted(len(honest), 'result')} within their rounding bound, largest error {worst.rounding.ratio:.2g} × bound "
            f"({worst.runtime}, {worst.dtype}, {worst.rounding.terms} terms)"
        )
    return lines


def _added(report: Report) -> list[str]:
    """Which cases a run added, and why."""
    added = {r.case: r.reduced_from for r in report.records if r.reduced_from}
    lines = [
        f"added a smaller case: {small}\n  since {whole} adds too many products to be exact"
        for small, whole in list(added.items())[:MOST_ADDED]
    ]
    return lines + ([f"… and {counted(len(added) - MOST_ADDED, 'more smaller form')}"] if len(added) > MOST_ADDED else [])


def _log2(p: float) -> str:
    return "−∞" if p <= 0 else f"{math.log2(p):.0f}".replace("-", "−")


def _why_failing(t: TheoremReport) -> str:
    return t.reason or "on " + ", ".join(name for name, r in t.runtimes.items() if r.verdict == "failing")


def _closing(report: Report, console: Console) -> None:
    s = report.summary
    fine = ", ".join(f"{s.verdicts.get(verdict, 0)} {verdict}" for verdict in ("agree", "vacuous") if verdict in ("agree", *s.verdicts))
    ran = [name for name, r in report.runtimes.items() if r.status == "ran"]
    modes = sum(map(is_mode, ran))
    targets = counted(len(ran) - modes, "runtime") if modes < len(ran) or not ran else ""
    targets += " and " * bool(targets and modes) + (counted(modes, "mode") if modes else "")
    asked = f"{counted(s.cases, 'case')} on {targets}, {counted(s.results, 'result')}"
    empty = " (no value to compare)" if "vacuous" in s.verdicts else ""
    console.print(f"\n{asked}: {fine}{empty}.", highlight=False, soft_wrap=True)
    for one in by_sort(report):
        console.print(str(one), highlight=False, soft_wrap=True)
    for line in _added(report):
        console.print(escape(line), highlight=False, soft_wrap=True)
    for line in (*not_offered(report), *certainty(report), *repeated(report), *observed(report)):
        console.print(escape(line), highlight=False, soft_wrap=True)
    if s.interrupted:
        console.print("[bold]Interrupted:[/] what was not run is not in the report.", highlight=False)
    if report.theorems:
        held = Counter(t.verdict for t in report.theorems.values())
        words = ", ".join(f"{n} {v}" for v, n in held.items())
        console.print(f"{counted(len(report.theorems), 'theorem')}: {words}.", highlight=False)
    for name in s.failing:
        console.print(f"[bold red]failing[/] theorem {escape(name)}: {escape(_why_failing(report.theorems[name]))}", highlight=False)
    fails = ", but the run fails: see above" if failures(report) else ""
    console.print(f"[bold {'red' if s.unexpected or fails else 'green'}]{outcome(report)}{fails}[/]", highlight=False)
