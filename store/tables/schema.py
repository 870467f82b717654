"""The main tables, in SQLAlchemy Core; `remark_tables` has the others. Migrations build them.

Lists and maps that are never searched live in JSON columns. Evidence, gate results, verdicts and
claim revisions are append-only: triggers in the migrations refuse UPDATE and DELETE.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    true,
)

HEAD = "0008"
"""The newest migration; a ledger at this revision opens without importing alembic."""

APPEND_ONLY = ("claim_revisions", "evidence", "gate_results", "verdicts", "verdict_evidence", "lapses",
               "source_checks", "overrides", "writings")  # fmt: skip

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

lines = Table(
    "lines",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("title", Text, nullable=False),
    Column("question", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("categories", Text, nullable=False, server_default=""),
    Column("archived", Boolean, nullable=False, server_default=false()),
)

claims = Table(
    "claims",
    metadata,
    Column("id", String(120), primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("retired", Boolean, nullable=False),
    Column("position", Integer, nullable=False),
    Column("archived_with", String(80)),
)

claim_revisions = Table(
    "claim_revisions",
    metadata,
    Column("claim_id", ForeignKey("claims.id"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("text", Text, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("as_of", String(7)),
    Column("sources", JSON, nullable=False),
    Column("provenance", JSON, nullable=False),
    Column("durable_question", Text, nullable=False),
    Column("perishable_limitation", Text, nullable=False),
    Column("scope", JSON, nullable=False),
    Column("atoms", JSON, nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("created_at", String(32), nullable=False),
)

claim_lines = Table(
    "claim_lines",
    metadata,
    Column("claim_id", ForeignKey("claims.id"), primary_key=True),
    Column("line_id", ForeignKey("lines.id"), primary_key=True),
)

runs = Table(
    "runs",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("started_at", String(32), nullable=False),
    Column("finished_at", String(32)),
    Column("as_of", String(10), nullable=False),
    Column("source", String(40), nullable=False),
    Column("judge", String(200), nullable=False),
    Column("settings", JSON, nullable=False),
    Column("health", String(20), nullable=False),
    Column("reasons", JSON, nullable=False),
    Column("counts", JSON, nullable=False),
)

papers = Table(
    "papers",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String(40), nullable=False, unique=True),
    Column("title", Text, nullable=False),
    Column("abstract", Text, nullable=False),
    Column("published", String(10), nullable=False, index=True),
    Column("version", Integer),
    Column("authors", JSON, nullable=False),
    Column("categories", JSON, nullable=False),
    Column("updated", String(10)),
    Column("comment", Text),
    Column("withdrawn", Boolean, nullable=False),
    Column("source", String(40), nullable=False),
    Column("first_run", ForeignKey("runs.id"), nullable=False),
)

texts = Table(
    "texts",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("paper_id", ForeignKey("papers.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("text", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("file_sha256", String(64), nullable=False, server_default=""),
    Column("hidden", Integer, nullable=False, server_default="0"),
    Column("note", Text, nullable=False, server_default=""),
    UniqueConstraint("paper_id", "version", "kind", "sha256"),
)

passages = Table(
    "passages",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("text_id", ForeignKey("texts.id"), nullable=False, index=True),
    Column("section", String(80), nullable=False),
    Column("page", Integer),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
)

screenings = Table(
    "screenings",
    metadata,
    Column("run_id", ForeignKey("runs.id"), primary_key=True),
    Column("claim_id", ForeignKey("claims.id"), primary_key=True),
    Column("paper_id", ForeignKey("papers.id"), primary_key=True),
    Column("rank", Integer, nullable=False),
    Column("dense", Float, nullable=False),
    Column("lexical", Float, nullable=False),
    Column("fused", Float, nullable=False),
    Column("kept", Boolean, nullable=False),
)

retests = Table(
    "retests",
    metadata,
    Column("run_id", ForeignKey("runs.id"), primary_key=True),
    Column("claim_id", ForeignKey("claims.id"), primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("source", String(40), nullable=False),
    Column("judge", String(200), nullable=False),
    Column("window_from", String(10)),
    Column("window_to", String(10), nullable=False),
    Column("seen_through", Integer, nullable=False),
    Column("screened", Integer, nullable=False),
    Column("relevant", Integer, nullable=False),
    Column("judged", Integer, nullable=False),
    Column("healthy", Boolean, nullable=False),
    Column("finished_at", String(32), nullable=False),
    Index("ix_retests_claim_id", "claim_id", "finished_at"),
)

calls = Table(
    "calls",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("run_id", ForeignKey("runs.id"), index=True),
    Column("kind", String(20), nullable=False),
    Column("model", String(200), nullable=False),
    Column("request", JSON, nullable=False),
    Column("response", JSON),
    Column("error", Text),
    Column("tokens_in", Integer, nullable=False),
    Column("tokens_out", Integer, nullable=False),
    Column("asked_at", String(32), nullable=False),
    Column("answered_at", String(32)),
)

evidence = Table(
    "evidence",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("claim_id", String(120), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("atom_id", String(120), nullable=False),
    Column("paper_id", ForeignKey("papers.id"), nullable=False, index=True),
    Column("version", Integer),
    Column("text_id", ForeignKey("texts.id"), nullable=False),
    Column("published", String(10), nullable=False),
    Column("stance", String(12), nullable=False),
    Column("quote", Text, nullable=False),
    Column("start", Integer),
    Column("end", Integer),
    Column("section", String(80), nullable=False),
    Column("scope_match", JSON, nullable=False),
    Column("condition", Text, nullable=False),
    Column("own_words", Boolean, nullable=False),
    Column("replication", Boolean, nullable=False),
    Column("strength", Float, nullable=False),
    Column("judge", String(200), nullable=False),
    Column("status", String(10), nullable=False),
    Column("run_id", ForeignKey("runs.id"), nullable=False),
    ForeignKeyConstraint(["claim_id", "revision"], ["claim_revisions.claim_id", "claim_revisions.revision"]),
    Index("ix_evidence_claim_id", "claim_id", "revision"),
)

gate_results = Table(
    "gate_results",
    metadata,
    Column("evidence_id", ForeignKey("evidence.id"), primary_key=True),
    Column("gate", String(20), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("passed", Boolean, nullable=False),
    Column("ran", Boolean, nullable=False, server_default=true()),
    Column("reason", Text, nullable=False),
    Column("settleable", Boolean, nullable=False),
)

lapses = Table(
    "lapses",
    metadata,
    Column("evidence_id", ForeignKey("evidence.id"), primary_key=True),
    Column("run_id", ForeignKey("runs.id"), nullable=False),
    Column("reason", Text, nullable=False),
    Column("noted_at", String(32), nullable=False),
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("claim_id", String(120), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("run_id", ForeignKey("runs.id"), nullable=False),
    Column("name", String(12)),
    Column("basis", String(12), nullable=False),
    Column("condition", Text, nullable=False),
    Column("confidence", Float),
    Column("contested", Boolean, nullable=False),
    Column("rule_version", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("decided_at", String(32), nullable=False),
    Column("open_leads", Integer, nullable=False, server_default="0"),
    ForeignKeyConstraint(["claim_id", "revision"], ["claim_revisions.claim_id", "claim_revisions.revision"]),
    UniqueConstraint("claim_id", "run_id"),
)

verdict_evidence = Table(
    "verdict_evidence",
    metadata,
    Column("verdict_id", ForeignKey("verdicts.id"), primary_key=True),
    Column("evidence_id", ForeignKey("evidence.id"), primary_key=True),
)
