"""By network, how often was asked and how many mails went; as keyed hashes, and for an hour."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("asked", sa.Column("network", sa.String(64)))
    op.create_index(op.f("ix_asked_network"), "asked", ["network", "at"])
    op.add_column("confirmations", sa.Column("network", sa.String(64)))
    op.add_column("confirmations", sa.Column("handed_at", sa.DateTime(timezone=True)))
    op.create_index(op.f("ix_confirmations_handed_at"), "confirmations", ["handed_at"])
