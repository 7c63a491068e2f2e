"""Where editions are announced beside mail, and what became of each announcement."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

Moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "channels",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("since", Moment, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "announcements",
        sa.Column(
            "edition_id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), sa.ForeignKey("editions.id")
        ),
        sa.Column("channel", sa.String(32)),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("made_at", Moment, nullable=False),
        sa.Column("repeat_key", sa.String(64), nullable=False),
        sa.Column("content", sa.JSON),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("first_try", Moment),
        sa.Column("next_try", Moment),
        sa.Column("doubt", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("at", Moment, nullable=False),
        sa.Column("address", sa.Text, nullable=False, server_default=""),
        sa.Column("reason", sa.Text, nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("edition_id", "channel"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_announcements_state", "announcements", ["state"])
