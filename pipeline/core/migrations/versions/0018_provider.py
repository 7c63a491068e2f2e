"""Which provider an edition was handed to: one that went to the outbox reached nobody, ever."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("editions", sa.Column("provider", sa.String(16)))
