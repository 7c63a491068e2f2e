"""Indexes that hold all that is asked of them: who is in an audience, who fared otherwise than a batch."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_AUDIENCE = "ix_subscriptions_audience"
_APART = "ix_recipients_apart"


def upgrade() -> None:
    op.drop_index(_AUDIENCE, "subscriptions")
    op.create_index(_AUDIENCE, "subscriptions", ["digest", "status", "subscriber_id", "paused_until"])
    op.drop_index(_APART, "recipients")
    op.create_index(
        _APART,
        "recipients",
        ["edition_id", "state", "batch", "reason"],
        sqlite_where=sa.text("state IS NOT NULL"),
        postgresql_where=sa.text("state IS NOT NULL"),
    )
