"""Whole papers: the file a text was read from, what was left out of it, and evidence that lapsed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from store.tables.migrations.append_only import forbid_changes

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("texts", sa.Column("file_sha256", sa.String(64), nullable=False, server_default=""))
    op.add_column("texts", sa.Column("hidden", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("texts", sa.Column("note", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "lapses",
        sa.Column("evidence_id", sa.String(length=64), nullable=False),
        sa.Column("run_id", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("noted_at", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["evidence_id"], ["evidence.id"], name=op.f("fk_lapses_evidence_id")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_lapses_run_id")),
        sa.PrimaryKeyConstraint("evidence_id", name=op.f("pk_lapses")),
    )
    forbid_changes("lapses")


def downgrade() -> None:
    raise NotImplementedError("evidence that lapsed would count again")
