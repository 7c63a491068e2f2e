"""Since when a feed holds posts that cannot be read; the pages that staff know to be gone."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("feeds", sa.Column("unread", sa.Integer(), server_default="0", nullable=False))
    op.add_column("feeds", sa.Column("unread_since", sa.DateTime(timezone=True)))
    op.add_column("editions", sa.Column("gone", sa.JSON(), server_default="[]", nullable=False))
