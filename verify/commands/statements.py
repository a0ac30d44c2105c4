"""Theorems and claims, on the specification and natively."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from verify.commands.files import refuse, writable
from verify.commands.options import BACKEND


def theorems(
    name: Annotated[list[str] | None, typer.Argument(help="Names of theorems. [default: all]")] = None,
    backend: Annotated[list[str] | None, typer.Option(help=BACKEND)] = None,
    out: Annotated[Path, typer.Option(help="The folder for report.json.")] = Path("runs/theorems"),
    markdown: Annotated[bool, typer.Option("--markdown", help="Print docs/theorems.md.")] = False,
) -> None:
    """Check each theorem on the specification, then natively on every runtime. Exit status as for `run`."""
    _prove(name or [], backend, out, claims_only=False, markdown=markdown)


def claims(
    backend: Annotated[list[str] | None, typer.Option(help=BACKEND)] = None,
    out: Annotated[Path, typer.Option(help="The folder for report.json.")] = Path("runs/claims"),
    markdown: Annotated[bool, typer.Option("--markdown", help="Print docs/claims.md.")] = False,
) -> None:
    """Check ten claims about upsampling and transposed convolution: holds, holds if …, or false. Exit status as for `run`."""
    _prove([], backend, out, claims_only=True, markdown=markdown)


def _prove(names: list[str], backend: list[str] | None, out: Path, *, claims_only: bool, markdown: bool) -> None:
    from rich.console import Console

    from backends import BadBackend
    from spec import Impossible
    from verify.commands.running import go
    from verify.plan.plan import NothingToAsk, chosen
    from verify.plan.prove import prove_all
    from verify.report import terminal
    from verify.report.pages import claims_page, theorems_page
    from verify.run import Run

    try:
        writable(out)
        suite: dict[str, object] = {"name": "claims" if claims_only else "theorems"}
        proofs = prove_all(names, claims_only=claims_only)
        asked = Run([], chosen(backend), suite, prove=lambda: proofs)
    except (Impossible, BadBackend, NothingToAsk) as error:
        refuse(str(error))
    report = go(asked, out, quiet=False)
    if markdown:
        print((claims_page if claims_only else theorems_page)(report), end="")
    else:
        terminal.theorems(report, Console(emoji=False), claims_only=claims_only)
        terminal.table(report, Console(emoji=False), quiet=True)
    raise typer.Exit(report.summary.exit)
