"""The command line. Bad input gets one sentence and exit status 2; everything printed is drawn from the report."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from verify.commands import checking, installed, known, native, rewriting, run, search, statements, views

app = typer.Typer(
    no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip


def _version(wanted: bool) -> None:
    if wanted:
        from verify.execute.environment import own_version

        print(f"concordant {own_version()}")
        raise typer.Exit(0)


@app.callback()
def about(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_version)] = False,
) -> None:
    """Find where PyTorch, TensorFlow, Keras, JAX and ONNX Runtime give other results for the same layer."""


COMMANDS: dict[str, Callable[..., None]] = {
    "explain": native.explain, "port": native.port, "compare": native.compare, "rewrite": rewriting.rewrite,
    "run": run.run, "merge": run.merge, "shrink": run.shrink, "fuzz": search.fuzz,
    "check": checking.check,
    "theorems": statements.theorems, "claims": statements.claims, "known": known.known,
    "hazards": views.hazards, "report": views.view, "diff": views.diff,
    "backends": installed.backends, "environments": installed.side_environments,
    "cache": installed.cached,
}  # fmt: skip

for name, command in COMMANDS.items():
    app.command(name)(command)
app.add_typer(installed.create, name="new", help="Write a template file.")
