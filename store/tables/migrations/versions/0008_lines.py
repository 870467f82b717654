"""Lines with categories of their own, and archived ones."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("lines", sa.Column("categories", sa.Text(), nullable=False, server_default=""))
    op.add_column("lines", sa.Column("archived", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("claims", sa.Column("archived_with", sa.String(80)))
