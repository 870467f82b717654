"""Run the Alembic migrations on an open connection. Imported only when a ledger needs them."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import Connection

from store.errors import LedgerError


def upgrade(db: Connection) -> None:
    """Bring the schema to the newest revision, inside the caller's transaction.

    Raises LedgerError if the ledger was written by a newer program.
    """
    try:
        command.upgrade(configuration(db), "head")
    except CommandError as error:
        raise LedgerError(
            f"this ledger was written by a newer version of retest ({error})", "upgrade retest"
        ) from error


def configuration(db: Connection | None = None) -> Config:
    """Alembic's settings, without an ini file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = db
    return config
