"""Images as letters show them; an edition's pictures, intro and why its call to action was chosen."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "images",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.String(length=32), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_images")),
    )
    op.create_table(
        "image_sources",
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("weight", sa.Integer(), nullable=True),
        sa.Column("media_type", sa.String(length=32), server_default="", nullable=False),
        sa.Column("flaw", sa.Text(), server_default="", nullable=False),
        sa.Column("problem", sa.Text(), server_default="", nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["hash"], ["images.hash"], name=op.f("fk_image_sources_hash")),
        sa.PrimaryKeyConstraint("url", name=op.f("pk_image_sources")),
        sqlite_with_rowid=False,
    )
    # Added in place, not by copying the table: SQLite would drop `editions` under its foreign keys.
    op.add_column("editions", sa.Column("intro", sa.Text(), server_default="", nullable=False))
    op.add_column("editions", sa.Column("cta_reason", sa.Text(), server_default="", nullable=False))
    op.add_column("editions", sa.Column("pictures", sa.JSON(), server_default="[]", nullable=False))
