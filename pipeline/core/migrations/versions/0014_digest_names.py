"""What digests were called before; the List-Id of each; the addresses that letters went out with; questions
that name a second address."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "former_digests",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("present", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_former_digests")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "list_ids",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("value", sa.String(255), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_list_ids")),
        sa.UniqueConstraint("value", name=op.f("uq_list_ids_value")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "link_addresses",
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("first_sent", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_sent", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("url", name=op.f("pk_link_addresses")),
        sqlite_with_rowid=False,
    )
    op.add_column("confirmations", sa.Column("other_email", sa.String(320)))
