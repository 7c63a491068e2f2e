"""Digests, their editions, which posts are in which, and what the public knows them by."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from subscribers.tables import Id, Moment, metadata

digests = Table(
    "digests",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("first_seen", Moment, nullable=False),
    sqlite_with_rowid=False,
)

list_ids = Table(
    "list_ids",
    metadata,
    # The List-Id of a digest, without brackets. Made with the first letter that is handed over, and never
    # changed: readers' mail programs sort by it (RFC 2919, 5).
    Column("digest", String(64), primary_key=True),
    Column("value", String(255), nullable=False, unique=True),
    sqlite_with_rowid=False,
)

link_addresses = Table(
    "link_addresses",
    metadata,
    # The public addresses that links in letters name: each must answer for as long as such letters are kept.
    Column("url", Text, primary_key=True),
    Column("first_sent", Moment, nullable=False),
    Column("last_sent", Moment, nullable=False),
    sqlite_with_rowid=False,
)

# A digest has at most one edition that is not finished.
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
    # The due time as the wall clock shows it, which no change of daylight saving can double.
    Column("due", String(32), nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("subject", Text, nullable=False, server_default=""),
    Column("preheader", Text, nullable=False, server_default=""),
    Column("html", Text, nullable=False, server_default=""),
    Column("text", Text, nullable=False, server_default=""),
    # What staff wrote above the posts, in Markdown; what else they changed (letter/edits.py).
    Column("intro", Text, nullable=False, server_default=""),
    Column("edits", JSON, nullable=False, server_default="{}"),
    Column("cta_reason", Text, nullable=False, server_default=""),  # why this call to action: for staff
    Column("posts", JSON, nullable=False),
    Column("left_out", JSON, nullable=False),
    # One entry a post that has an image: {post, src, width, height, alt, weight, media_type, problem}.
    Column("pictures", JSON, nullable=False, server_default="[]"),
    Column("composed_at", Moment),
    # When `run` put the draft up, or staff changed it after that: the hold window begins then.
    Column("announced_at", Moment),
    Column("approved_at", Moment),
    # The fingerprint of what was approved: nothing else is sent.
    Column("approved", String(32)),
    Column("snapshot_at", Moment),
    Column("finished_at", Moment),
    # When its bounces or complaints passed the limits; since when they count, after staff let it go on.
    Column("tripped_at", Moment),
    Column("judged_from", Moment),
    # Whether it was stopped because it may have been sent after the backup that was restored here.
    Column("restored", Boolean, nullable=False, server_default=false()),
    # Made anew by each decision of staff: a link from before it does nothing (editions/by_staff.py).
    Column("decision", String(16)),
    # The pages that it was held for. Staff who let it go after that know of them.
    Column("gone", JSON, nullable=False, server_default="[]"),
    # What delivery.provider was when readers were first handed it (delivery/handed_to.py).
    Column("provider", String(16)),
    # `posts`, `note` or `welcome` (editions/edition.py). The text of a note stands in `intro`.
    Column("kind", String(8), nullable=False, server_default="posts"),
    # Of a note: what its file is called, whether it has the offer, whether it is announced.
    Column("note", JSON, nullable=False, server_default="{}"),
    # Of a correction: the edition whose readers it is for.
    Column("readers_of", Id),
    # One entry a link of the letter whose clicks are counted: {name, address, target} (letter/clicks.py).
    Column("links", JSON, nullable=False, server_default="[]"),
    UniqueConstraint("digest", "number", name="uq_editions_number"),
    UniqueConstraint("digest", "due", name="uq_editions_due"),
    Index("uq_editions_open", "digest", unique=True, sqlite_where=_is_open, postgresql_where=_is_open),
)

edition_posts = Table(
    "edition_posts",
    metadata,
    # The primary key keeps the promise that a post is in one edition of a digest. Freeing a post deletes its
    # row.
    Column("digest", String(64), primary_key=True),
    Column("post_id", Id, ForeignKey("posts.id"), primary_key=True),
    Column("edition_id", Id, ForeignKey("editions.id"), nullable=False, index=True),
    sqlite_with_rowid=False,
)

edit_steps = Table(
    "edit_steps",
    metadata,
    # What an edition said before each change by staff (editions/undo.py): its edits, intro and posts then.
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("edition_id", Id, ForeignKey("editions.id"), nullable=False, index=True),
    # Of the change; of one that was typed, when it went on last.
    Column("at", Moment, nullable=False),
    Column("actor", Text, nullable=False),
    Column("what", String(16), nullable=False),
    Column("edits", JSON, nullable=False),
    Column("intro", Text, nullable=False),
    Column("posts", JSON, nullable=False),
)
