"""Run again whenever a backend file changes."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

import typer

from verify.commands.files import refuse

EVERY = 0.2
"""Seconds between two looks at the files."""


def when_changed(names: Sequence[str], run: Callable[[], None]) -> NoReturn:
    """Run, and run again whenever one of the backend files named has changed, with what did not change from memory.

    Ends with exit status 130 after Ctrl-C, and 2 if no file is named. What a file imports is not watched.
    """
    from spec import Impossible
    from verify.cache import Cache, in_use

    try:
        files = _files(names)
    except Impossible as error:
        refuse(str(error))
    with in_use(Cache()):
        while True:
            seen = _stamps(files)
            try:
                run()
            except typer.Exit as ended:
                if ended.exit_code == 130:
                    raise
            try:
                print(f"watching {', '.join(map(str, files))}; Ctrl-C ends it", file=sys.stderr, flush=True)
                while _stamps(files) == seen:
                    time.sleep(EVERY)
            except KeyboardInterrupt:
                raise typer.Exit(130) from None


def _files(names: Sequence[str]) -> list[Path]:
    from backends import file_of
    from spec import Impossible

    outside = [name for name in names if "." in name.partition("=")[0].partition("@")[0]]  # ./mine.py, package.module
    files = [path for name in outside if (path := file_of(name))]
    if not files:
        raise Impossible("--watch runs again when a backend file changes, but none is named; add --backend FILE.py")
    return files


def _stamps(files: Sequence[Path]) -> list[tuple[int, int] | None]:
    """Size and time of each; None of one that is not there."""
    found: list[tuple[int, int] | None] = []
    for path in files:
        try:
            stat = path.stat()
            found.append((stat.st_size, stat.st_mtime_ns))
        except OSError:  # in the moment in which an editor replaces it
            found.append(None)
    return found
