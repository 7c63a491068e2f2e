"""What staff changed in an edition, and a fingerprint of what was approved."""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("editions", sa.Column("edits", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("editions", sa.Column("approved", sa.String(length=32)))
    # What was approved before goes out as it stands.
    columns = ("id", "status", "subject", "html", "text", "approved_at", "approved")
    editions = sa.table("editions", *map(sa.column, columns))
    unfinished = editions.c.status.in_(("approved", "held", "sending", "paused"))
    query = sa.select(editions).where(unfinished, editions.c.approved_at.is_not(None))
    for row in op.get_bind().execute(query).all():
        seen = hashlib.blake2b(digest_size=16)
        for part in (row.subject, row.html, row.text):
            content = part.encode()
            seen.update(len(content).to_bytes(8) + content)
        op.execute(editions.update().where(editions.c.id == row.id).values(approved=seen.hexdigest()))
