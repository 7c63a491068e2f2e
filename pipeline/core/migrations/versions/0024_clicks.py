"""Links of a letter whose clicks are counted, and how many there were by link and day."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("editions", sa.Column("links", sa.JSON(), nullable=False, server_default="[]"))
    op.create_table(
        "clicks",
        sa.Column("edition_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("link", sa.String(16), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("counted", sa.Integer(), nullable=False),
        sa.Column("scanners", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["editions.id"], name=op.f("fk_clicks_edition_id_editions")),
        sa.PrimaryKeyConstraint("edition_id", "link", "day", name=op.f("pk_clicks")),
        sqlite_with_rowid=False,
    )
