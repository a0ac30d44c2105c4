"""What is installed, other versions beside it, and a new backend file."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from verify.commands.files import refuse


def backends() -> None:
    """List the backends: which are installed, in which version, and what is missing. Imports no framework."""
    from rich.console import Console

    from backends import found
    from verify.execute.environment import missing, versions
    from verify.report import terminal

    terminal.backends([(b, versions(b), missing(b)) for b in found().values()], Console(emoji=False))


def side_environments(
    remove: Annotated[list[str] | None, typer.Option(help="Remove this one.")] = None,
) -> None:
    """List the environments of other versions (--backend keras-torch@3.14.0), with their sizes, or remove some."""
    from backends import BadBackend, environments
    from verify.execute import side

    try:
        for name in remove or []:
            side.removed(name)
    except BadBackend as error:
        refuse(str(error))
    kept = side.kept()
    for name, size in kept.items():
        print(f"{name}  {size / 1e6:.0f} MB")
    print("\n" * bool(kept) + f"{len(kept)} in {environments()}")


def cached(
    clear: Annotated[bool, typer.Option("--clear", help="Delete it.")] = False,
) -> None:
    """Print where results of former runs and compiled programs are kept, and how much space they take. --clear deletes them."""
    from verify.cache import BadCache, Cache, default

    cache = Cache(default())
    try:
        count, size = cache.size
        if clear:
            cache.clear()
    except BadCache as error:
        refuse(str(error))
    print(f"{count:,} results, {size / 1e6:.1f} MB in {cache.path}{', deleted' if clear else ''}")


create = typer.Typer(no_args_is_help=True)


@create.callback()
def _create() -> None:
    """Write a template file."""


@create.command("backend")
def new_backend(
    name: Annotated[str, typer.Argument(help="What the runtime is called.")],
    out: Annotated[Path | None, typer.Option(help="The file to write. [default: NAME.py]")] = None,
) -> None:
    """Write a commented backend file that runs, for a framework that is not here yet."""
    from backends.new import file as backend_file

    path = out or Path(f"{name}.py")
    if path.suffix == ".py" and path.stem.isidentifier() and not path.exists() and find_spec(path.stem):
        refuse(f"{path.stem} is the name of an installed package, which {path} would hide; give another NAME or --out")
    try:
        text = backend_file(name)
        with open(path, "x", encoding="utf-8") as file:
            file.write(text)
    except ValueError as error:
        refuse(str(error))
    except FileExistsError:
        refuse(f"{path} is there already; give another NAME or --out")
    except OSError as error:
        refuse(f"{path} cannot be written: {error.strerror}")
    where = path if path.is_absolute() or path.parent != Path() else f"./{path}"
    print(f"{path}\nconcordant run --backend {where} --suite quick")
