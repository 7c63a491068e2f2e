"""Which feed lists which post, and which posts were withdrawn."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("posts", sa.Column("withdrawn_at", sa.DateTime(timezone=True)))
    op.create_table(
        "listings",
        sa.Column("feed_id", _ID, nullable=False),
        sa.Column("post_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(["feed_id"], ["feeds.id"], name=op.f("fk_listings_feed_id_feeds")),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_listings_post_id_posts")),
        sa.PrimaryKeyConstraint("feed_id", "post_id", name=op.f("pk_listings")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_listings_post_id"), "listings", ["post_id"])
    # So that what is withdrawn right after this is noticed: the next document tells what is still there.
    op.execute("INSERT INTO listings (feed_id, post_id) SELECT feed_id, id FROM posts")
