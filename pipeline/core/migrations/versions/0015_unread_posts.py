"""Since when a feed holds posts that pass the limits of reading, and how many."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("feeds", sa.Column("unread", sa.Integer(), server_default="0", nullable=False))
    op.add_column("feeds", sa.Column("unread_since", sa.DateTime(timezone=True)))
