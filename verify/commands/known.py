"""Known deviations, and whether what a framework cannot do still fails."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from verify.commands.files import loaded, refuse
from verify.commands.options import BACKEND

if TYPE_CHECKING:
    from backends import Backend

PROBE = "Try again what the installed frameworks are said to be unable to do, in a worker process each. Needs no report."


def known(
    run: Annotated[Path, typer.Argument(help="The folder of a run, or its report.json.")] = Path("runs/latest"),
    markdown: Annotated[bool, typer.Option("--markdown", help="Print docs/known.md, which needs no report.")] = False,
    probe: Annotated[bool, typer.Option("--probe", help=PROBE)] = False,
    backend: Annotated[list[str] | None, typer.Option(help=f"With --probe. {BACKEND}")] = None,
    timeout: Annotated[float, typer.Option(help="With --probe: seconds after which a worker process is given up.", min=0.1)] = 60.0,
) -> None:
    """List the known deviations, with the number of results each covers. Exit status 1 if one no longer occurs, or if something listed as
    missing works now."""
    from rich.console import Console

    from backends.known import everything
    from verify.record import BadReport
    from verify.report import terminal
    from verify.report.pages import known_page

    if markdown:
        print(known_page(everything()), end="")
        raise typer.Exit(0)
    if probe:
        _probe(backend, timeout)
    try:
        met = loaded(run).known
    except BadReport as error:
        refuse(str(error))
    terminal.known(everything(), met, Console(emoji=False))
    raise typer.Exit(int(any(k.agreed for k in met.values())))


def _probe(names: list[str] | None, timeout: float) -> NoReturn:
    """Print a line for each probe. Exit status 1 if one shows that something works, or proves nothing."""
    import asyncio

    from backends import BadBackend
    from backends.known import records
    from spec import Impossible
    from verify.execute.process import WorkerFailed
    from verify.plan.plan import NothingToAsk, chosen
    from verify.printable import printable
    from verify.probes import tried

    async def all_of(backend: Backend) -> list[str]:
        outcomes: list[str] = []
        async for one in tried(backend, records(backend), timeout):
            print(printable(one.sentence), flush=True)
            outcomes.append(one.outcome)
        return outcomes

    try:
        outcomes = [outcome for backend in chosen(names) for outcome in asyncio.run(all_of(backend))]
    except (Impossible, BadBackend, NothingToAsk, WorkerFailed) as error:
        refuse(str(error))
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    if not outcomes:
        refuse("there is no probe for these runtimes in their installed versions")
    print(", ".join(f"{outcomes.count(outcome)} {outcome}" for outcome in dict.fromkeys(outcomes)))
    raise typer.Exit(int(set(outcomes) != {"holds"}))
