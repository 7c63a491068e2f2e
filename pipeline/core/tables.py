"""The tables of the pipeline: feeds, posts, editions and the ledger of who was handed over."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

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
    Column("first_seen", Moment, nullable=False),
    # Came with the first pull of its feed: part of the archive unless recent (promise 7).
    Column("initial", Boolean, nullable=False),
    # Its place in the feed when first seen; 0 is the top. Orders the posts that have no date.
    Column("position", Integer, nullable=False),
    Column("author", Text),
    Column("categories", JSON, nullable=False),
    Column("excerpt", Text, nullable=False),
    Column("words", Integer, nullable=False),
    Column("image_url", Text),
    Column("image_alt", Text),
    # When its feed was seen to have it no longer, though it reaches past it (withdrawal.py).
    Column("withdrawn_at", Moment),
    # `unsure` and `archive` are decided when it comes (feeds/verdict.py), `out` and `in` by staff.
    Column("decision", String(8), index=True),
    # Of one that came as unsure: the post that it may be.
    Column("resembles", Id),
)

listings = Table(
    "listings",
    metadata,
    # Which feed lists which post, as far as is known: of one that it ceased to list it is judged why.
    Column("feed_id", Id, ForeignKey("feeds.id"), primary_key=True),
    Column("post_id", Id, ForeignKey("posts.id"), primary_key=True, index=True),
    sqlite_with_rowid=False,
)

post_keys = Table(
    "post_keys",
    metadata,
    # What a post is known by. A key that several posts share identifies none of them.
    Column("kind", String(8), primary_key=True),
    Column("value", Text, primary_key=True),
    Column("post_id", Id, ForeignKey("posts.id"), primary_key=True),
    sqlite_with_rowid=False,
)

digests = Table(
    "digests",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("first_seen", Moment, nullable=False),
    sqlite_with_rowid=False,
)

OPEN = ("draft", "approved", "held", "sending", "paused")
"""Statuses of an edition that is not finished. A digest has at most one such edition."""

_is_open = text("status IN ('draft', 'approved', 'held', 'sending', 'paused')")

editions = Table(
    "editions",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("digest", String(64), ForeignKey("digests.name"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("slug", String(80), nullable=False, unique=True),
    Column("status", String(16), nullable=False),
    Column("reason", Text),
    # The due time as the wall clock shows it: what a daylight-saving Sunday cannot double.
    Column("due", String(32), nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("subject", Text, nullable=False, server_default=""),
    Column("preheader", Text, nullable=False, server_default=""),
    Column("html", Text, nullable=False, server_default=""),
    Column("text", Text, nullable=False, server_default=""),
    # What staff wrote above the posts of this one edition, in Markdown.
    Column("intro", Text, nullable=False, server_default=""),
    # What else they changed in it: letter/edits.py says how.
    Column("edits", JSON, nullable=False, server_default="{}"),
    # Why this call to action and no other: for staff.
    Column("cta_reason", Text, nullable=False, server_default=""),
    Column("posts", JSON, nullable=False),
    Column("left_out", JSON, nullable=False),
    # One entry a post that has an image: {post, src, width, height, alt, weight, media_type, problem}.
    Column("pictures", JSON, nullable=False, server_default="[]"),
    Column("composed_at", Moment),
    # When `run` put the draft up: the hold window counts from here.
    Column("announced_at", Moment),
    Column("approved_at", Moment),
    # The fingerprint of what was approved: nothing else is handed over.
    Column("approved", String(32)),
    Column("snapshot_at", Moment),
    Column("finished_at", Moment),
    # When its bounces or complaints passed the limits, and from when on they count (staff let it go on).
    Column("tripped_at", Moment),
    Column("judged_from", Moment),
    # Whether it was stopped because it may have gone out after the backup that this database is made of.
    Column("restored", Boolean, nullable=False, server_default=false()),
    UniqueConstraint("digest", "number", name="uq_editions_number"),
    UniqueConstraint("digest", "due", name="uq_editions_due"),
    Index("uq_editions_open", "digest", unique=True, sqlite_where=_is_open, postgresql_where=_is_open),
)

images = Table(
    "images",
    metadata,
    # Copies that are served under their hash. Never deleted: letters that were sent show them for years.
    Column("hash", String(64), primary_key=True),
    Column("media_type", String(32), nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("weight", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),
)

image_sources = Table(
    "image_sources",
    metadata,
    # What is known of an image by the address that the blog gives.
    Column("url", Text, primary_key=True),
    # The address that answered: a smaller copy by the same host, or url itself.
    Column("address", Text, nullable=False),
    Column("checked_at", Moment, nullable=False),
    Column("etag", Text),
    Column("last_modified", Text),
    # Null until it was once seen to be an image that can be shown.
    Column("width", Integer),
    Column("height", Integer),
    Column("weight", Integer),
    Column("media_type", String(32), nullable=False, server_default=""),
    # What some readers would not see of it as it is; why it could not be had when last tried.
    Column("flaw", Text, nullable=False, server_default=""),
    Column("problem", Text, nullable=False, server_default=""),
    # The copy made because of the flaw.
    Column("hash", String(64), ForeignKey("images.hash")),
    sqlite_with_rowid=False,
)

edition_posts = Table(
    "edition_posts",
    metadata,
    # The key is the promise: a post is in one edition of a digest. Freeing a post deletes its row.
    Column("digest", String(64), primary_key=True),
    Column("post_id", Id, ForeignKey("posts.id"), primary_key=True),
    Column("edition_id", Id, ForeignKey("editions.id"), nullable=False, index=True),
    sqlite_with_rowid=False,
)

batches = Table(
    "batches",
    metadata,
    Column("edition_id", Id, ForeignKey("editions.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    # waiting → sending → sent | uncertain; a refusal goes back to waiting.
    Column("state", String(16), nullable=False),
    Column("first", Id, nullable=False),
    Column("last", Id, nullable=False),
    # How many rows of `recipients` it has, so that counting an edition does not read them.
    Column("size", Integer, nullable=False),
    # New for every attempt; goes out with the request, so that events can name it.
    Column("attempt", String(36), unique=True),
    # Whose attempt it is: the name of a lock that is free once they are gone.
    Column("owner", String(64)),
    Column("at", Moment),
    Column("reason", Text),
    # Of a batch whose people were put off one by one: how often, and until when.
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_try", Moment),
    Index("ix_batches_state", "edition_id", "state", "number"),
    sqlite_with_rowid=False,
)

_apart = text("state IS NOT NULL")

recipients = Table(
    "recipients",
    metadata,
    # One row a person and edition, in exactly one batch. So nobody is handed over twice while a batch is
    # claimed only out of `waiting` (claims.py), and the snapshot is of one state of the list, in which an
    # address is one person's (snapshot.py). An index over the addresses would triple what a row costs.
    Column("edition_id", Id, ForeignKey("editions.id"), primary_key=True),
    Column("subscriber_id", Id, primary_key=True, autoincrement=False),
    Column("email", String(320)),
    Column("batch", Integer, nullable=False),
    # Null: what became of the batch became of this person. Else what became of them apart from it.
    Column("state", String(16)),
    Column("at", Moment),
    Column("reason", Text),
    # All that is asked of who fared otherwise than their batch, so that nobody else's row is read for it.
    Index(
        "ix_recipients_apart",
        "edition_id",
        "state",
        "batch",
        "reason",
        sqlite_where=_apart,
        postgresql_where=_apart,
    ),
    sqlite_with_rowid=False,
)

signers = Table(
    "signers",
    metadata,
    # Which secrets signed the links of an edition, by their fingerprints: what would die with one of them.
    Column("edition_id", Id, ForeignKey("editions.id"), primary_key=True),
    Column("fingerprint", String(16), primary_key=True),
    Column("at", Moment, nullable=False),
    sqlite_with_rowid=False,
)

pace = Table(
    "pace",
    metadata,
    # From when on the next mail may be handed over: `delivery.rate` holds over all processes.
    Column("name", String(32), primary_key=True),
    Column("free_at", Moment, nullable=False),
    sqlite_with_rowid=False,
)

notices = Table(
    "notices",
    metadata,
    # What staff were told last, of what kind and about what, so that they are not told it again and again.
    Column("kind", String(32), primary_key=True),
    Column("about", String(80), primary_key=True),
    # One kind about one digest is told once an hour at the most; empty: it concerns no digest alone.
    Column("digest", String(64), nullable=False, server_default=""),
    Column("at", Moment, nullable=False),
    sqlite_with_rowid=False,
)

runs = Table(
    "runs",
    metadata,
    # How the last run of each digest ended, the last that was good, and since when they are not.
    Column("digest", String(64), primary_key=True),
    Column("run", String(32), nullable=False),
    Column("at", Moment, nullable=False),
    Column("outcome", String(32), nullable=False),
    Column("reason", Text, nullable=False),
    Column("good_at", Moment),
    Column("failing_since", Moment),
    sqlite_with_rowid=False,
)

marks = Table(
    "marks",
    metadata,
    # What befell this database as a whole: `restored` (from a backup made at `value`), `numbers` (those of
    # editions may have been given up to `value` before that), `moving`, `moved` (to `value`), `arrived`
    # (from `value`, by a move begun at `at`).
    Column("name", String(32), primary_key=True),
    Column("value", Text, nullable=False),
    Column("at", Moment, nullable=False),
    sqlite_with_rowid=False,
)

events = Table(
    "events",
    metadata,
    # The provider's own id of the event; one that has none is known by the hash of its content.
    Column("id", String(128), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("kind", String(32), nullable=False),
    # No address: the person's id, which `forget` looks for.
    Column("subscriber_id", Id, index=True),
    Column("edition", String(80)),
    Column("batch", String(36), index=True),
    Column("reason", Text),
    # What was said, without what tells of a person: of kinds that are not known yet.
    Column("detail", JSON),
    Index("ix_events_edition", "edition", "kind"),
)
