"""Tables for what is recorded about lines, claims and runs; see `store.remarks`."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, ForeignKeyConstraint, Integer, String, Table, Text

from store.tables.schema import metadata

notes = Table(
    "notes",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("line_id", ForeignKey("lines.id"), nullable=False, index=True),
    Column("kind", String(20), nullable=False),
    Column("text", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("place", String(60), nullable=False),
    Column("claim_id", String(120), nullable=False),
    Column("created_at", String(32), nullable=False),
)

source_checks = Table(
    "source_checks",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("claim_id", String(120), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("state", String(40), nullable=False),
    Column("reason", Text, nullable=False),
    Column("quotes", JSON, nullable=False),
    Column("judge", String(200), nullable=False),
    Column("checked_at", String(32), nullable=False),
    ForeignKeyConstraint(["claim_id", "revision"], ["claim_revisions.claim_id", "claim_revisions.revision"]),
)

overrides = Table(
    "overrides",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("claim_id", String(120), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("name", String(12)),
    Column("condition", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("over", ForeignKey("verdicts.id")),
    Column("decided_at", String(32), nullable=False),
    ForeignKeyConstraint(["claim_id", "revision"], ["claim_revisions.claim_id", "claim_revisions.revision"]),
)

claim_tags = Table(
    "claim_tags",
    metadata,
    Column("claim_id", ForeignKey("claims.id"), primary_key=True),
    Column("tag", String(80), primary_key=True),
)

writings = Table(
    "writings",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("kind", String(20), nullable=False),
    Column("line_id", ForeignKey("lines.id"), nullable=False, index=True),
    Column("about", Text, nullable=False),
    Column("sentences", JSON, nullable=False),
    Column("left_out", Integer, nullable=False),
    Column("writer", String(200), nullable=False),
    Column("run_id", ForeignKey("runs.id")),
    Column("written_at", String(32), nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("run_id", ForeignKey("runs.id"), primary_key=True),
    Column("channel", String(40), primary_key=True),
    Column("times", Integer, nullable=False),
    Column("error", Text, nullable=False),
    Column("at", String(32), nullable=False),
)
