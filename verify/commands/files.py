"""What commands read, write, and refuse."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from verify.streams import write_bytes

if TYPE_CHECKING:
    from verify.execute.patience import Say
    from verify.record import Finding, Report

STANDARD_OUTPUT = Path("-")


def loaded(run: Path) -> Report:
    """The report of a run: of its folder, or of its report.json. Raises BadReport."""
    from verify.record import BadReport, load

    path = report_of(run)
    if path != run and not path.exists():
        raise BadReport(f"there is no report.json in {run}; give a folder that `concordant run --out` wrote to")
    return load(path)


def report_of(run: Path) -> Path:
    """The file, where the folder of a run is given."""
    return run / "report.json" if run.is_dir() else run


def save_report(report: Report, out: Path) -> None:
    """Write report.json into a folder; exit status 2 where it cannot be written."""
    from verify.printable import printable_report
    from verify.record import save

    try:
        save(printable_report(report), out / "report.json")
    except OSError as error:
        refuse(f"{out / 'report.json'} cannot be written: {error.strerror}")


def keep(findings: list[Finding], out: Path) -> None:
    """Write the program and the issue text of each finding into a folder. Raises OSError."""
    from verify.printable import printable

    for finding in findings:
        (out / "findings").mkdir(exist_ok=True)
        (out / "findings" / f"{finding.id}.py").write_text(printable(finding.script), encoding="utf-8")
        (out / "findings" / f"{finding.id}.md").write_text(printable(finding.issue), encoding="utf-8")


def write(view: str | bytes, out: Path | None) -> None:
    """Write a view of a report to a file, or to standard output; bytes never to a terminal."""
    if out == STANDARD_OUTPUT:
        out = None
    if not out and isinstance(view, str):
        print(view, end="")
        return
    if not out and sys.stdout.isatty():
        refuse("this format is not for a terminal; name a file with --out")
    content = view.encode(errors="replace") if isinstance(view, str) else view
    if not out:
        write_bytes(content)
        return
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(content)
    except OSError as error:
        refuse(f"--out {out} cannot be written: {error.strerror}")


def writable(folder: Path) -> None:
    """Make the folder. Raises Impossible where nothing can be written there."""
    from spec import Impossible

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Impossible(f"--out {folder} cannot be made: {error.strerror}") from None
    if not os.access(folder, os.W_OK):
        raise Impossible(f"--out {folder} is not writable")


def say_on_stderr(*, quiet: bool) -> Say:
    """Prints one line on stderr, also without a terminal."""
    return lambda sentence: None if quiet else print(f"concordant: {sentence}", file=sys.stderr, flush=True)


def refuse(sentence: str) -> NoReturn:
    """Print one sentence about bad input, and end with exit status 2."""
    from verify.printable import printable

    print(f"concordant: {printable(' '.join(sentence.split()))}", file=sys.stderr)
    raise typer.Exit(2)
