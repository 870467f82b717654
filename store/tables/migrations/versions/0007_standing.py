"""Gates that were not run, and the adverse leads that keep a claim open."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("gate_results", sa.Column("ran", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("verdicts", sa.Column("open_leads", sa.Integer(), nullable=False, server_default="0"))
