"""Which editions a restore from a backup stopped: until now their reason said so."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("editions", sa.Column("restored", sa.Boolean(), nullable=False, server_default=sa.false()))
    editions = sa.table("editions", *map(sa.column, ("status", "reason", "restored")))
    stopped = editions.c.status.in_(("paused", "held"))
    by_it = editions.c.reason.startswith("restored from a backup")
    op.execute(editions.update().where(stopped, by_it).values(restored=sa.true()))
