"""Overrides, tags, and what a model wrote; a paid call need not belong to a run."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from store.tables.migrations.append_only import forbid_changes

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("calls") as calls:
        calls.alter_column("run_id", existing_type=sa.String(40), nullable=True)
    _overrides()
    op.create_table(
        "claim_tags",
        sa.Column("claim_id", sa.String(120), sa.ForeignKey("claims.id"), primary_key=True),
        sa.Column("tag", sa.String(80), primary_key=True),
    )
    _writings()
    forbid_changes("overrides")
    forbid_changes("writings")


def _overrides() -> None:
    op.create_table(
        "overrides",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("claim_id", sa.String(120), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("name", sa.String(12)),
        sa.Column("condition", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("over", sa.Integer, sa.ForeignKey("verdicts.id")),
        sa.Column("decided_at", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(
            ["claim_id", "revision"], ["claim_revisions.claim_id", "claim_revisions.revision"]
        ),
    )


def _writings() -> None:
    op.create_table(
        "writings",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("line_id", sa.String(80), sa.ForeignKey("lines.id"), nullable=False, index=True),
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("sentences", sa.JSON, nullable=False),
        sa.Column("left_out", sa.Integer, nullable=False),
        sa.Column("writer", sa.String(200), nullable=False),
        sa.Column("run_id", sa.String(40), sa.ForeignKey("runs.id")),
        sa.Column("written_at", sa.String(32), nullable=False),
    )
