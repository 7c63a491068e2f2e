"""The blogs' feeds, their posts, and by what a post is known again."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Integer, String, Table, Text, false

from subscribers.tables import Id, Moment, metadata

feeds = Table(
    "feeds",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("url", Text, nullable=False, unique=True),
    Column("first_seen", Moment, nullable=False),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("first_fetched_at", Moment),
    Column("fetched_at", Moment),
    # When it was last asked, whatever came of it.
    Column("tried_at", Moment),
    Column("failing_since", Moment),
    Column("error", Text),
    # When a document shared no post with the one before, and how many may be lost between them (null: nobody
    # can tell).
    Column("gap_at", Moment),
    Column("gap_posts", Integer),
    # How many posts of its last document passed the limits of reading, and since when it has any.
    Column("unread", Integer, nullable=False, server_default="0"),
    Column("unread_since", Moment),
)

posts = Table(
    "posts",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("feed_id", Id, ForeignKey("feeds.id"), nullable=False, index=True),
    Column("url", Text),
    Column("title", Text, nullable=False),
    Column("published", Moment),
    # The date that it first had: a post of the archive that is dated anew stays in the archive.
    Column("first_published", Moment),
    # Whether that is a day without a time; then it is the day's midnight in UTC.
    Column("date_only", Boolean, nullable=False, server_default=false()),
    Column("first_seen", Moment, nullable=False),
    # Came with the first pull of its feed: part of the archive unless recent (promise 7).
    Column("initial", Boolean, nullable=False),
    # Its place in the feed when first seen, from 0 at the top. It orders the posts that have no date.
    Column("position", Integer, nullable=False),
    Column("author", Text),
    Column("categories", JSON, nullable=False),
    Column("excerpt", Text, nullable=False),
    Column("words", Integer, nullable=False),
    Column("image_url", Text),
    Column("image_alt", Text),
    # Its other pictures, the best first: {url, alt} each.
    Column("further_images", JSON, nullable=False, server_default="[]"),
    # When it was first missing from its feed, though the feed still lists older ones (feeds/withdrawal.py).
    Column("withdrawn_at", Moment),
    # `unsure` and `archive` are decided when it comes (feeds/matching), `out` and `in` by staff.
    Column("decision", String(8), index=True),
    # Of one that came as unsure: the post that it may be.
    Column("resembles", Id),
)

listings = Table(
    "listings",
    metadata,
    # Which feed listed which post when it was last read, so that one that disappears is noticed.
    Column("feed_id", Id, ForeignKey("feeds.id"), primary_key=True),
    Column("post_id", Id, ForeignKey("posts.id"), primary_key=True, index=True),
    sqlite_with_rowid=False,
)

post_keys = Table(
    "post_keys",
    metadata,
    # By what a post is recognised. A key that several posts share identifies none of them.
    Column("kind", String(8), primary_key=True),
    Column("value", Text, primary_key=True),
    Column("post_id", Id, ForeignKey("posts.id"), primary_key=True),
    sqlite_with_rowid=False,
)
