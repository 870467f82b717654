"""Source checks: does the cited paper state the claim?"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from store.tables.migrations.append_only import forbid_changes

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "source_checks",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("claim_id", sa.String(length=120), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("quotes", sa.JSON(), nullable=False),
        sa.Column("judge", sa.String(length=200), nullable=False),
        sa.Column("checked_at", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["claim_id", "revision"],
            ["claim_revisions.claim_id", "claim_revisions.revision"],
            name=op.f("fk_source_checks_claim_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source_checks")),
    )
    forbid_changes("source_checks")


def downgrade() -> None:
    raise NotImplementedError("the checks would be lost")
