"""Posts dated by a day; several pictures of a post, thumbnails of one shape, and what is transparent."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("posts", sa.Column("date_only", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("posts", sa.Column("further_images", sa.JSON(), server_default="[]", nullable=False))
    op.add_column(
        "image_sources", sa.Column("transparent", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    # Without a foreign key: SQLite adds a column that has one only by copying the table.
    op.add_column("image_sources", sa.Column("thumbnail", sa.String(length=64)))
