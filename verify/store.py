"""Every verdict of a run as it comes, in one SQLite file: so a run can go on after any death, and shards can be put together.

The file is DIR/run.sqlite (WAL). Whoever has it open has it alone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from backends import OUTPUTS
from verify.judge.judge import Judgement
from verify.plan.plan import Plan
from verify.record import Repeated

NAME = "run.sqlite"
FORMAT = 3
"""Kept as SQLite's user_version."""
TABLES = """
CREATE TABLE note (name TEXT PRIMARY KEY, json BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE verdict (runtime TEXT, asked TEXT, native TEXT NOT NULL, json BLOB NOT NULL, PRIMARY KEY (runtime, asked)) WITHOUT ROWID;
"""


class BadStore(ValueError):
    """A folder whose run cannot be read, resumed or written to. The message says why and what to do."""


class Told(msgspec.Struct, kw_only=True, frozen=True):
    """What was found of a runtime when a run began to ask it."""

    installed: dict[str, str]
    versions: dict[str, str]
    environment: dict[str, str]
    facts: dict[str, str] = {}
    """What its worker processes observed (verify.execute.process.Worker.facts)."""
    asked: str = ""
    """What was said after --backend. It is written into the report, and never loaded."""
    batch_flags: dict[str, str] = {}
    repeated: Repeated | None = None
    """What was repeated individually of what agreed in batches, once that is done."""
    outputs: tuple[str, ...] = OUTPUTS
    """Those that the runtime declares."""
    ours: bool = False
    """Whether the backend is one of Concordant's own, of which deviations are known."""


Kept = tuple[str, list[Judgement]]
"""The native text that was run (empty if there is none), and the verdicts."""


class Store:
    """The file of one run. Open it with `begun` or `opened`; a context manager. Every method raises BadStore."""

    def __init__(self, folder: Path, *, new: bool) -> None:
        self.folder, self.path = folder, folder / NAME
        if not new and not self.path.is_file():
            raise BadStore(f"there is no run in {folder}: it has no {NAME}; give a folder that `concordant run --out` wrote to")
        with self._clear():
            self._db = sqlite3.connect(self.path, isolation_level=None, timeout=0)
            try:
                self._db.executescript("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")
                self._db.execute("BEGIN EXCLUSIVE")
                self._db.execute("COMMIT")
            except BaseException:
                self._db.close()
                raise

    @classmethod
    def begun(cls, folder: Path, plan: Plan, machine: dict[str, Any]) -> Store:
        """A new run's, in place of one that was there."""
        store = cls(folder, new=True)
        with store._closed_if_bad(), store._clear():
            for part in folder.glob("*.part"):
                part.unlink()
            for kind, name in store._db.execute("SELECT type, name FROM sqlite_schema WHERE type IN ('table', 'view')").fetchall():
                store._db.execute(f'DROP {kind} "{name}"')
            store._db.executescript(TABLES + f"PRAGMA user_version = {FORMAT};")
            store.plan = plan
            store._note("plan", plan)
            store._note("machine", machine)
        return store

    @classmethod
    def opened(cls, folder: Path) -> Store:
        """That of a run begun before."""
        store = cls(folder, new=False)
        with store._closed_if_bad(), store._clear():
            (found,) = store._db.execute("PRAGMA user_version").fetchone()
            if found != FORMAT:
                raise BadStore(f"{store.path} has format {found}, but this version of concordant reads {FORMAT}; begin a new run")
            tables = {sql for (sql,) in store._db.execute("SELECT sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'")}
            if tables != {sql.strip() for sql in TABLES.split(";")} - {""}:
                what = f"{store.path} is no run of concordant's: it holds other tables, or views"
                raise BadStore(f"{what}; begin a new one with another --out")
            _ = store.plan
        return store

    @cached_property
    def plan(self) -> Plan:
        """What is to be run."""
        plan: Plan = self._noted("plan", Plan)
        return plan

    @property
    def machine(self) -> dict[str, Any]:
        """Where it began."""
        place: dict[str, Any] = self._noted("machine", dict[str, Any])
        return place

    def told(self, runtime: str) -> Told | None:
        """What was found of a runtime, if it was asked at all."""
        told: Told | None = self._noted(f"runtime {runtime}", Told | None)
        return told

    def tell(self, runtime: str, told: Told) -> None:
        """Keep what was found of a runtime."""
        self._note(f"runtime {runtime}", told)

    def forget(self, runtime: str) -> None:
        """Drop every verdict on a runtime, and what was found of it."""
        with self._clear():
            self._db.execute("DELETE FROM verdict WHERE runtime = ?", (runtime,))
            self._db.execute("DELETE FROM note WHERE name = ?", (f"runtime {runtime}",))

    def keep(self, runtime: str, asked: str, native: str, judged: list[Judgement]) -> None:
        """Keep the verdicts on one thing asked, with the text that was run."""
        with self._clear():
            self._db.execute("INSERT OR REPLACE INTO verdict VALUES (?, ?, ?, ?)", (runtime, asked, native, msgspec.json.encode(judged)))

    def kept(self, runtime: str) -> dict[str, Kept]:
        """Every verdict on a runtime, by what was asked."""
        with self._clear():
            rows = self._db.execute("SELECT asked, native, json FROM verdict WHERE runtime = ?", (runtime,))
            return {str(asked): (str(native), msgspec.json.decode(judged, type=list[Judgement])) for asked, native, judged in rows}

    def take(self, other: Store) -> None:
        """Every verdict and runtime of another one."""
        with self._clear():
            for table, places in (("note", "?, ?"), ("verdict", "?, ?, ?, ?")):
                self._db.execute("BEGIN")
                self._db.executemany(f"INSERT OR IGNORE INTO {table} VALUES ({places})", other._db.execute(f"SELECT * FROM {table}"))
                self._db.execute("COMMIT")

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with suppress(sqlite3.Error):
            self._db.close()

    def _note(self, name: str, value: Any) -> None:
        with self._clear():
            self._db.execute("INSERT OR REPLACE INTO note VALUES (?, ?)", (name, msgspec.json.encode(value)))

    def _noted(self, name: str, kind: Any) -> Any:
        with self._clear():
            row = self._db.execute("SELECT json FROM note WHERE name = ?", (name,)).fetchone()
            return msgspec.json.decode(row[0] if row else b"null", type=kind)

    @contextmanager
    def _closed_if_bad(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._db.close()
            raise

    @contextmanager
    def _clear(self) -> Iterator[None]:
        """Errors as sentences."""
        try:
            yield
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise BadStore(f"another run is writing to {self.folder}; wait for its end or give another folder") from None
            raise BadStore(f"{self.path} cannot be written: {error}; what was judged before is kept in it") from None
        except (sqlite3.Error, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise BadStore(f"{self.path} is no run of concordant's: {error}; begin a new one with another --out") from None
