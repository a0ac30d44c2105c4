"""Run what was planned, with its progress; find the smallest failing cases; print the rest."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NoReturn

import typer
from msgspec import structs
from rich.console import Console

from verify.commands.files import keep, refuse, save_report
from verify.explain.findings import Found, find
from verify.grouping import unexpected
from verify.record import Finding, Report
from verify.report import terminal
from verify.run import Run


def go(asked: Run, out: Path, *, quiet: bool) -> Report:
    """Run it, show how far it is on stderr, and write report.json into the folder."""
    console = Console(stderr=True)
    with terminal.progress(asked, console, quiet=quiet) as watch:
        asked.watch = watch
        report = asked.go()
    save_report(report, out)
    return report


def minimized(asked: Run, report: Report, out: Path, budget: float, *, quiet: bool) -> Report:
    """The report with its findings, each printed and written to a file as soon as it is found."""
    if asked.interrupted or not report.summary.unexpected:
        return report

    def tell(finding: Finding) -> None:
        keep([finding], out)
        terminal.finding(finding, report, Console(emoji=False), out)

    found, ended = Found(tell), f"after {budget:g} s; --minimize-budget SECONDS gives it more"
    try:
        with terminal.minimising(Console(stderr=True), quiet=quiet) as progress:
            try:
                find(
                    report, unexpected(report), asked.backends, asked.known, timeout=asked.timeout, budget=budget, found=found,
                    progress=progress,
                )  # fmt: skip
            except KeyboardInterrupt:
                ended = "as it was interrupted; what was found until then is kept"
    except OSError as error:
        refuse(f"{out / 'findings'} cannot be written: {error.strerror}")
    if found.left and not quiet:
        several = f"{found.left} mistakes" if found.left > 1 else "1 mistake"
        print(f"concordant: minimising ended before {several} {ended}", file=sys.stderr)
    report = structs.replace(report, findings=found.all)
    save_report(report, out)
    return report


def show(report: Report, out: Path, *, quiet: bool) -> NoReturn:
    """Print what the table does not say and where the report is, and end with the report's exit status."""
    terminal.remaining(report, Console(emoji=False), quiet=quiet)
    if not quiet:
        Console(emoji=False).print(f"\n{out / 'report.json'}", highlight=False, soft_wrap=True)
    raise typer.Exit(report.summary.exit)
