"""Alembic's entry: migrate over the connection we are handed, SQLite or PostgreSQL."""

from __future__ import annotations

from alembic import context

from store.tables.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
