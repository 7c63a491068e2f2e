"""The index of an audience holds all that decides who is in it."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_NAME = "ix_subscriptions_audience"


def upgrade() -> None:
    op.drop_index(_NAME, "subscriptions")
    op.create_index(_NAME, "subscriptions", ["digest", "status", "subscriber_id", "paused_until"])
