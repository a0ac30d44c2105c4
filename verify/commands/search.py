"""Search beyond the suites."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from verify.commands.files import keep, refuse, writable
from verify.commands.options import BACKEND, WORK
from verify.limits import MAX_WORK


def fuzz(
    backend: Annotated[list[str] | None, typer.Option(help=BACKEND)] = None,
    minutes: Annotated[float, typer.Option(help="How long to search.", min=0.01)] = 5.0,
    op: Annotated[list[str] | None, typer.Option(help="Only these operations. [default: all]")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the generated cases.", min=0, max=1 << 31)] = 0,
    out: Annotated[Path, typer.Option(help="The folder for findings/ and the regions covered; the next search continues there.")] = Path(
        "runs/fuzz"
    ),
    timeout: Annotated[float, typer.Option(help="Seconds of silence after which a worker is stopped.", min=0.1)] = 60.0,
    max_work: Annotated[float, typer.Option(help=WORK)] = MAX_WORK,
) -> None:
    """Generate cases beyond the suites, the least covered regions first, and report wrong values, crashes, nondeterminism and imprecision.

    Exit status 1 if something is found or a runtime did not run."""
    from rich.console import Console

    from backends import BadBackend
    from spec import Impossible, operations
    from verify.fuzz import Search, rounds
    from verify.plan.plan import NothingToAsk, chosen, one_of
    from verify.report import terminal

    console, found, lacking = Console(emoji=False), 0, set[str]()
    try:
        writable(out)
        one_of("op", op or [], operations())
        search, backends = Search.resumed(out), chosen(backend)
        with Console(stderr=True).status("fuzzing") as status:
            for each in rounds(
                search, backends, ops=op or [], minutes=minutes, seed=seed, timeout=timeout, max_work=max_work,
                watch=lambda words: status.update(words),
            ):  # fmt: skip
                keep(each.report.findings, out)
                terminal.found(each.report, each.unshrunk, each.agreeing, console, folder=out)
                found += len(each.report.findings) + len(each.unshrunk)
                lacking |= {name for name, r in each.report.runtimes.items() if r.status != "ran"}
    except (Impossible, BadBackend, NothingToAsk, ValueError) as error:
        refuse(str(error))
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    console.print(search.closing(found), highlight=False, soft_wrap=True)
    raise typer.Exit(int(found > 0 or bool(lacking)))
