"""Open the ledger: one SQLite file, migrated to the newest schema, that survives a kill at any moment."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DatabaseError

from store.errors import LedgerError
from store.tables.schema import HEAD

PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000")


class Ledger:
    """The single source of truth. Reads and writes are transactions; a writer never waits for a reader."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writer = engine.execution_options(begin="BEGIN IMMEDIATE")

    @classmethod
    def view(cls, path: Path) -> Ledger:
        """Open the ledger read-only: SQLite itself then refuses every change.

        Raises LedgerError as `open` does.
        """
        cls.open(path).close()
        return cls(sqlite_engine(path, (*PRAGMAS, "query_only=ON")))

    @classmethod
    def open(cls, path: Path, *, create: bool = False) -> Ledger:
        """Open the ledger at `path`, migrating it if an older program wrote it.

        Raises LedgerError if it is absent (and `create` is not set), unreadable, or from a newer
        program.
        """
        if not create and not path.exists():
            raise LedgerError(
                f"no ledger at {path}", "run: retest start, or retest init for the built-in claims"
            )
        ledger = cls(sqlite_engine(path))
        try:
            ledger._bring_up_to_date()
        except (DatabaseError, sqlite3.Error) as error:
            ledger.close()
            raise LedgerError(
                f"cannot open the ledger {path}: {_cause(error)}",
                "check the file and its permissions, or restore a backup",
            ) from error
        except LedgerError:
            ledger.close()
            raise
        return ledger

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent view of the ledger."""
        with self.engine.begin() as db:
            yield db

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction: all of it is kept, or none."""
        with self._writer.begin() as db:
            yield db

    def close(self) -> None:
        """Release every connection."""
        self.engine.dispose()

    def _bring_up_to_date(self) -> None:
        if self._revision() == HEAD:
            return
        from store.tables.migrate import upgrade

        with self.write() as db:
            upgrade(db)

    def _revision(self) -> str | None:
        with self.read() as db:
            if not inspect(db).has_table("alembic_version"):
                return None
            return db.execute(text("SELECT version_num FROM alembic_version")).scalar()


def sqlite_engine(path: Path, pragmas: Sequence[str] = PRAGMAS) -> Engine:
    """An engine whose transactions begin and end where we say, with our pragmas set."""
    engine = create_engine(f"sqlite:///{path}")

    @event.listens_for(engine, "connect")
    def _configure(raw: Any, _record: object) -> None:
        raw.isolation_level = None
        try:
            for pragma in pragmas:
                raw.execute(f"PRAGMA {pragma}")
        except sqlite3.Error:
            raw.close()
            raise

    @event.listens_for(engine, "begin")
    def _begin(db: Connection) -> None:
        db.exec_driver_sql(db.get_execution_options().get("begin", "BEGIN"))

    return engine


def _cause(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error)
