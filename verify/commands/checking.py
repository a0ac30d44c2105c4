"""Check a function of the user's own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Annotated, Any

import typer

from verify.commands.native import shape
from verify.commands.options import VALUES

FUNCTION = "MODULE:FUNCTION, imported from the working folder or from what is installed. It takes x and the weights."
PROGRAM = "What it should compute: 'Conv(stride=(2, 2)) x=(1, 3, 9, 9) w=(4, 3, 3, 3)', or a native call with --input."
TO = "MODULE:FUNCTION that turns a NumPy array into what the function takes."
RUN = "import sys; from concordant_testing import from_the_shell; sys.exit(from_the_shell(*sys.argv[1:]))"


def check(
    function: Annotated[str, typer.Argument(help=FUNCTION)],
    op: Annotated[str, typer.Option(help=PROGRAM)],
    input: Annotated[str, typer.Option(help="The shape of a native call's input, in its framework's own layout: 1,3,32,32.")] = "",
    weights: Annotated[list[str] | None, typer.Option(help="The shape of an array that a native function is given beside x.")] = None,
    dtype: Annotated[list[str] | None, typer.Option(help="float32 and others, once for each. [default: float32]")] = None,
    data: Annotated[list[str] | None, typer.Option(help=VALUES.replace("all", "integers, normal"))] = None,
    to: Annotated[str, typer.Option(help=TO)] = "",
) -> None:
    """Check a function of your own against the definition. Exit status 0: it agrees; 1: it gives other values; 2: bad input."""
    said: dict[str, Any] = {"dtype": dtype or ["float32"], "data": data or []}
    said |= {"input": shape("--input", input) if input else None, "weights": [shape("--weights", text) for text in weights or ()]}
    # in a process of its own, where nothing stands before the user's modules
    command = [sys.executable, "-c", RUN, function, op, to, json.dumps(said)]
    raise typer.Exit(subprocess.run(command).returncode)
