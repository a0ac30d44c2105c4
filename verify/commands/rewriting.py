"""`concordant rewrite`."""

from __future__ import annotations

from typing import Annotated

import typer

from verify.commands.files import refuse
from verify.commands.native import CALL, INPUT, JSON, WEIGHTS, one_sentence, printed, shape, text_of

MOST = "How many programs to print: one for each sequence of operations, those with the fewest multiply-adds first."


def rewrite(
    program: Annotated[str, typer.Argument(help=CALL + " Or a program in the syntax of reports: 'Upsample(factor=(2,)) x=(1, 1, 8)'.")],
    input: Annotated[str, typer.Option(help=INPUT)] = "",
    weights: Annotated[list[str] | None, typer.Option(help=WEIGHTS)] = None,
    to: Annotated[str, typer.Option(help="The frameworks to write the programs in, separated by commas; the call's own if left out.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help=JSON)] = False,
    most: Annotated[int, typer.Option(min=1, help=MOST)] = 5,
    everything: Annotated[bool, typer.Option("--all", help="Print every program that was found.")] = False,
    run: Annotated[bool, typer.Option("--run/--no-run", help="Run the programs and time them; --no-run only proves them.")] = True,
) -> None:
    """Find other programs that compute the same: proven exactly, run, and timed against the call.

    Times are ratios of CPU times: in one process, forward, float32, each program in turn. Multiply-adds are counted from shapes; a number
    that a pool compares counts as one. Exit status 0: all that was run gave the same values, or nothing was found; 1: a framework gives
    other values; 2: bad input.
    """
    from verify.native import rewritten
    from verify.native.rewrite import rewrite as search

    with one_sentence():
        x, shapes = shape("--input", input) if input else None, [shape("--weights", text) for text in weights or ()]
        names = [name.strip() for name in to.split(",")] if to else []
        if to and not all(names):
            refuse(f"--to is {to!r}, but it must be names of frameworks, separated by commas")
        found = search(text_of(program), x, shapes, names, run=run, most=None if everything else most)
    printed(found.data if as_json else rewritten.told(found))
    raise typer.Exit(int(not found.fine))
