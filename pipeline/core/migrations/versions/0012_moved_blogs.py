"""What a post of a blog that moved is known by, what was decided about a post, and when a feed was last
asked."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("feeds", sa.Column("tried_at", sa.DateTime(timezone=True)))
    op.add_column("feeds", sa.Column("gap_at", sa.DateTime(timezone=True)))
    op.add_column("feeds", sa.Column("gap_posts", sa.Integer()))
    op.add_column("posts", sa.Column("first_published", sa.DateTime(timezone=True)))
    op.add_column("posts", sa.Column("decision", sa.String(8)))
    op.add_column("posts", sa.Column("resembles", _ID))
    op.create_index(op.f("ix_posts_decision"), "posts", ["decision"])
    op.execute("UPDATE posts SET first_published = published")
