"""Views of reports: hazards, exports, the difference of two."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from verify.commands.files import loaded, refuse, report_of, write
from verify.commands.options import FILE


def hazards(
    runs: Annotated[list[Path] | None, typer.Argument(help="Folders of runs, or their report.json. [default: what is shipped]")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print docs/hazards.md.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List what differs without an error between the frameworks, then crashes, errors and limits. Runs nothing. Always exits 0."""
    from msgspec import json

    from verify.hazards import hazards as found_in
    from verify.hazards import shipped, together
    from verify.printable import printable
    from verify.record import BadReport
    from verify.report import hazards as views

    try:
        found = found_in(together([loaded(run) for run in runs])) if runs else shipped()
    except BadReport as error:
        refuse(str(error))
    if as_json:
        print(printable(json.format(json.encode(found), indent=2).decode()))
    else:
        print(views.page(found) if markdown else views.whole(found), end="" if markdown else "\n")


def view(
    run: Annotated[Path, typer.Argument(help="The folder of a run, or its report.json.")] = Path("runs/latest"),
    form: Annotated[str, typer.Option("--format", help="html, md, junit, github, csv or parquet.")] = "html",
    out: Annotated[Path | None, typer.Option(help=f"{FILE} [default: a file beside the report; github: standard output]")] = None,
) -> None:
    """Export a report as HTML, Markdown, JUnit, GitHub annotations, CSV or Parquet. Always exits 0."""
    from spec import Impossible
    from verify.plan.plan import one_of
    from verify.record import BadReport
    from verify.report.formats import FORMATS, SUFFIXES
    from verify.report.parquet import NotWritten

    try:
        one_of("format", [form], FORMATS)
        content = FORMATS[form](loaded(run))
        if out is None and form in SUFFIXES:
            out = report_of(run).with_suffix(SUFFIXES[form])
            write(content, out)
            print(out)
        else:
            write(content, out)
    except (Impossible, BadReport, NotWritten) as error:
        refuse(str(error))


def diff(
    old: Annotated[Path, typer.Argument(help="The folder of a run, or its report.json.")],
    new: Annotated[Path, typer.Argument(help="Another run of the same suite.")],
    form: Annotated[str, typer.Option("--format", help="text, md, json or html.")] = "text",
    out: Annotated[Path | None, typer.Option(help=f"{FILE} [default: standard output]")] = None,
) -> None:
    """Compare two runs: meaning, precision, support, coverage. Exit status 0: nothing is worse; 1: something is; 2: not comparable."""
    from spec import Impossible
    from verify.plan.plan import one_of
    from verify.record import BadReport
    from verify.report.diff import FORMATS, Incomparable, compare

    try:
        one_of("format", [form], FORMATS)
        comparison = compare(loaded(old), loaded(new))
        write(FORMATS[form](comparison), out)
    except (Impossible, BadReport, Incomparable) as error:
        refuse(str(error))
    raise typer.Exit(int(comparison.regressions > 0))
