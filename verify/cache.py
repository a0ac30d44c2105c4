"""What former runs found, so that a run asks only what has changed since: verdicts, proofs of theorems, the cases of a suite.

A verdict follows from the program, its data, the framework and the code that judges. All of that is in the key under which it is kept:
whatever may change an answer and is not in the key would be a wrong verdict later. What did not end by itself, or not twice in the same
way, is never kept. Faults that show only now and then are found by running, so CI runs without a cache.
"""

from __future__ import annotations

import hashlib
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from time import time
from typing import Any, TypeVar

import msgspec
import numpy as np
import platformdirs

from backends import Backend
from verify.execute.environment import digest, instructions, variables
from verify.judge.judge import Judgement
from verify.record import Verdict

T = TypeVar("T")
K = TypeVar("K")
NEVER: frozenset[Verdict] = frozenset({"crashed", "timeout", "nondeterministic"})
"""Verdicts that the next run may not give."""
DAYS = 30
"""After so many days in which no run wanted it, a verdict is dropped."""
TABLE = "CREATE TABLE IF NOT EXISTS found (key BLOB PRIMARY KEY, json BLOB NOT NULL, day INTEGER NOT NULL) WITHOUT ROWID"
STAMP = """
import hashlib, importlib.util as u, os, sys
found = hashlib.sha256()
for name in sys.argv[1:]:
    spec = u.find_spec(name)
    for folder in sorted(spec.submodule_search_locations or () if spec else ()):
        for base, folders, files in os.walk(folder):
            folders.sort()
            for file in sorted(files):
                if file.endswith((".py", ".so", ".pyd", ".dll", ".dylib")) or ".so." in file:
                    stat = os.stat(os.path.join(base, file))
                    found.update(f"{base} {file} {stat.st_size} {stat.st_mtime_ns}\\n".encode())
print(found.hexdigest())
"""


class BadCache(Exception):
    """The file cannot be read or written. The message is a sentence."""


class Hit(msgspec.Struct, frozen=True):
    """A verdict that was kept: on each output, and the probability that a wrong answer was let through."""

    judged: list[Judgement]
    missed: float | None


@dataclass
class Cache:
    """One SQLite file, or this process's memory if there is none. Raises BadCache."""

    path: Path | None = None

    @cached_property
    def _db(self) -> sqlite3.Connection:
        if self.path:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(self.path or ":memory:", isolation_level=None, timeout=5)
        db.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; {TABLE}")
        db.execute("DELETE FROM found WHERE day < ?", (_today() - DAYS,))
        return db

    def takes(self, backend: Backend) -> bool:
        """Whether a backend's verdicts are kept. A file of the user's calls what may have changed without a trace in it, so that its
        verdicts live as long as this process, which watches it."""
        return backend.ours or self.path is None

    def hit(self, key: bytes) -> Hit | None:
        """The verdicts that are kept under a key."""
        found: Hit | None = self.get(key, Hit)
        return found

    def keep(self, key: bytes, judged: Sequence[Judgement], missed: float | None) -> None:
        """Keep the verdicts on all outputs of a program, if another run would give the same."""
        if judged and not NEVER & {j.verdict for j in judged}:
            self.put(key, Hit(list(judged), missed))

    def get(self, key: bytes, kind: Any) -> Any:
        """What is kept under a key, None if nothing is."""
        with self._clear("read"):
            row = self._db.execute("SELECT json, day FROM found WHERE key = ?", (key,)).fetchone()
            if row and row[1] < _today():
                self._db.execute("UPDATE found SET day = ? WHERE key = ?", (_today(), key))
            return msgspec.json.decode(row[0], type=kind) if row else None

    def put(self, key: bytes, value: Any) -> None:
        """Keep something under a key."""
        with self._clear("written"):
            self._db.execute("INSERT OR REPLACE INTO found VALUES (?, ?, ?)", (key, msgspec.json.encode(value), _today()))

    @property
    def size(self) -> tuple[int, int]:
        """How many results are here, and the bytes of the files."""
        with self._clear("read"):
            (count,) = self._db.execute("SELECT count(*) FROM found").fetchone()
            return int(count), sum(file.stat().st_size for file in (*self._files, *self._compiled) if file.is_file())

    @property
    def compiled(self) -> Path | None:
        """The folder for programs that frameworks compile, one for each kind of processor; None if this cache is in memory."""
        return self.path and self.path.parent / "compiled" / instructions()

    def clear(self) -> None:
        """Delete the files."""
        with self._clear("deleted"):
            self._db.close()
            del self._db
            for file in (*self._files, *self._compiled):
                file.unlink(missing_ok=True)

    @property
    def _files(self) -> list[Path]:
        return [self.path.with_name(self.path.name + end) for end in ("", "-wal", "-shm")] if self.path else []

    @property
    def _compiled(self) -> list[Path]:
        return [file for file in self.path.parent.glob("compiled/**/*") if file.is_file()] if self.path else []

    @contextmanager
    def _clear(self, done: str) -> Iterator[None]:
        """Errors as sentences."""
        try:
            yield
        except (OSError, sqlite3.Error, msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BadCache(f"{self.path} cannot be {done}: {error}") from None


NOW: ContextVar[Cache | None] = ContextVar("NOW", default=None)
"""Where `remembered` looks."""


@contextmanager
def in_use(cache: Cache | None) -> Iterator[Cache | None]:
    """With this cache, or with none."""
    before = NOW.set(cache)
    try:
        yield cache
    finally:
        NOW.reset(before)


def remembered(make: Callable[[], T], kind: type[K], *told: object, put: Callable[[T], K], got: Callable[[K], T]) -> T:
    """What a function returns that depends on nothing but our code and on what is told; found in the cache, if one is in use.

    kind: what is kept of it. put, got: make that of the value, and the value of that.
    """
    cache = NOW.get()
    if cache is None:
        return make()
    key = _pure(told)
    with suppress(BadCache):
        if (found := cache.get(key, kind)) is not None:
            return got(found)
    made = make()
    with suppress(BadCache):
        cache.put(key, put(made))
    return made


def _pure(told: tuple[object, ...]) -> bytes:
    from importlib.metadata import version

    said = code("spec", "backends", "verify"), np.__version__, version("covertable"), sys.version, *told
    return hashlib.sha256(repr(said).encode()).digest()


class Notebook:
    """Many small results by name, of functions that depend on nothing but our code and on what is told. Read and kept as one."""

    def __init__(self, kind: Any, *told: object) -> None:
        self._cache, self._changed = NOW.get(), False
        self._key = _pure(told) if self._cache else b""
        self._known: dict[str, Any] = {}
        if self._cache:
            with suppress(BadCache):
                self._known = self._cache.get(self._key, dict[str, kind]) or {}

    def of(self, name: str, make: Callable[[], T]) -> T:
        """What is written under a name; made if nothing is."""
        if name not in self._known:
            self._known[name], self._changed = make(), True
        found: T = self._known[name]
        return found

    def keep(self) -> None:
        """Keep what was made."""
        if self._cache and self._changed:
            with suppress(BadCache):
                self._cache.put(self._key, self._known)
            self._changed = False


def default() -> Path:
    """The file in the user's cache folder."""
    return Path(platformdirs.user_cache_dir("concordant")) / "results.sqlite"


def setting(
    backend: Backend, versions: Mapping[str, str], facts: Mapping[str, str], place: Mapping[str, Any], *limits: float
) -> str:  # fmt: skip
    """A digest of all that may change a runtime's verdicts beside the program: how it is asked, what its worker processes observed, the
    framework's files, the machine, the limits of the run, the code that asks and judges. Not in it: how a backend writes an operation,
    which is the program."""
    runtime = backend.runtime
    said = (
        code("spec", "verify"), stamp(backend.python or sys.executable, runtime.packages), backend.base, backend.mode.name, runtime.glue,
        runtime.environment, runtime.batch_flags, runtime.repeat_in, runtime.outputs, runtime.modes.get(runtime.repeat_in),
        dict(versions), dict(facts), {name: place[name] for name in place if name != "cores"}, variables(), limits,
    )  # fmt: skip
    return hashlib.sha256(repr(said).encode()).hexdigest()


def key(setting: str, asked: str, text: str, *, individually: bool) -> bytes:
    """Of one program: what is asked, its text, and whether it was run again individually, as a sample of what agreed is."""
    return hashlib.sha256("\0".join((setting, asked, text, str(individually))).encode("utf-8", "backslashreplace")).digest()


@lru_cache
def code(*rooms: str) -> str:
    """A digest of some of our three packages."""
    return digest((), rooms)


@lru_cache
def stamp(python: str, packages: tuple[str, ...]) -> str:
    """A digest of the files of installed packages: a framework that was built anew may have the version that it had. Imports nothing."""
    try:
        return subprocess.run([python, "-I", "-c", STAMP, *packages], capture_output=True, text=True, timeout=60, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise BadCache(f"the files of {', '.join(packages)} cannot be listed: {error}") from None


def _today() -> int:
    return int(time() // 86400)
