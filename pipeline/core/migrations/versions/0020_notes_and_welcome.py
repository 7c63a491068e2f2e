"""Editions that staff wrote, and those for the readers of another; the welcome of who confirmed."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_QUEUED = sa.text("state = 'queued'")


def upgrade() -> None:
    op.add_column("editions", sa.Column("kind", sa.String(8), nullable=False, server_default="posts"))
    op.add_column("editions", sa.Column("note", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("editions", sa.Column("readers_of", _ID))
    op.add_column("batches", sa.Column("welcome", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index(
        "ix_batches_welcome",
        "batches",
        ["state"],
        sqlite_where=sa.text("welcome = 1"),
        postgresql_where=sa.text("welcome"),
    )
    op.create_table(
        "welcomes",
        sa.Column("subscriber_id", _ID, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("edition_id", _ID),
        sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("next_try", sa.DateTime(timezone=True)),
        sa.Column("reason", sa.Text()),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscribers.id"], name=op.f("fk_welcomes_subscriber_id")
        ),
        sa.PrimaryKeyConstraint("subscriber_id", "digest", name=op.f("pk_welcomes")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_welcomes_queued", "welcomes", ["next_try"], sqlite_where=_QUEUED, postgresql_where=_QUEUED
    )
