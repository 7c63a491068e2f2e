"""Indexes by which the dashboard counts: how the list grows, and what was reported of an edition."""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_EDITION = "ix_events_edition"


def upgrade() -> None:
    op.create_index("ix_consents_action", "consents", ["action", "at", "digest", "subscriber_id"])
    op.drop_index(_EDITION, "events")
    op.create_index(_EDITION, "events", ["edition", "kind", "subscriber_id"])
