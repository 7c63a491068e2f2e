"""The tables of the pipeline: feeds, posts, editions, and the ledger of who was mailed."""

from __future__ import annotations

from typing import Any

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

import subscribers.staff.tables  # noqa: F401  so that `metadata` has every table
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

digests = Table(
    "digests",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("first_seen", Moment, nullable=False),
    sqlite_with_rowid=False,
)

_apart = text("state IS NOT NULL")
_only_apart: dict[str, Any] = {"sqlite_where": _apart, "postgresql_where": _apart}
# A digest has at most one edition that is not finished.
_is_open = text("status IN ('draft', 'approved', 'held', 'sending', 'paused')")

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
    UniqueConstraint("digest", "number", name="uq_editions_number"),
    UniqueConstraint("digest", "due", name="uq_editions_due"),
    Index("uq_editions_open", "digest", unique=True, sqlite_where=_is_open, postgresql_where=_is_open),
)

images = Table(
    "images",
    metadata,
    # Copies that are served under their hash. Never deleted: letters show them for years.
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
    # What is known of an image, by the address that the blog names.
    Column("url", Text, primary_key=True),
    # The address that answered: of a smaller copy at the same host, or the same as url.
    Column("address", Text, nullable=False),
    Column("checked_at", Moment, nullable=False),
    Column("etag", Text),
    Column("last_modified", Text),
    # Null until the image was fetched once and can be shown.
    Column("width", Integer),
    Column("height", Integer),
    Column("weight", Integer),
    Column("media_type", String(32), nullable=False, server_default=""),
    # Why some mail programs would not show it as it is; why it could not be fetched the last time.
    Column("flaw", Text, nullable=False, server_default=""),
    Column("problem", Text, nullable=False, server_default=""),
    # The copy that was made because of the flaw.
    Column("hash", String(64), ForeignKey("images.hash")),
    # A part of it, of the shape that all thumbnails have: the hash of a copy.
    Column("thumbnail", String(64)),
    # Whether the ground shows through it.
    Column("transparent", Boolean, nullable=False, server_default=false()),
    sqlite_with_rowid=False,
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

batches = Table(
    "batches",
    metadata,
    Column("edition_id", Id, ForeignKey("editions.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    # waiting → sending → sent | uncertain; a refusal goes back to waiting.
    Column("state", String(16), nullable=False),
    Column("first", Id, nullable=False),
    Column("last", Id, nullable=False),
    # How many rows of `recipients` it has: an edition is counted without reading them.
    Column("size", Integer, nullable=False),
    # New for every attempt. It is sent with the request, so that events can name it.
    Column("attempt", String(36), unique=True),
    # Whose attempt it is: the name of a lock that is free when its owner is dead.
    Column("owner", String(64)),
    Column("at", Moment),
    Column("reason", Text),
    # Of a batch of people who were put off: how often, and until when.
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_try", Moment),
    Index("ix_batches_state", "edition_id", "state", "number"),
    sqlite_with_rowid=False,
)

recipients = Table(
    "recipients",
    metadata,
    # One row a person and edition, in exactly one batch. Nobody is mailed twice: a batch is claimed only
    # while it is `waiting` (ledger/claims.py), and in the list that the snapshot is taken of, an address is
    # one person's (ledger/recipients.py). A unique index over addresses would triple the cost of a row.
    Column("edition_id", Id, ForeignKey("editions.id"), primary_key=True),
    Column("subscriber_id", Id, primary_key=True, autoincrement=False),
    Column("email", String(320)),
    Column("batch", Integer, nullable=False),
    # Null: the batch's state is this person's, too. Else what became of them, if it differs.
    Column("state", String(16)),
    Column("at", Moment),
    Column("reason", Text),
    # Holds all that is asked about those rows, so that no other row is read for it.
    Index("ix_recipients_apart", "edition_id", "state", "batch", "reason", **_only_apart),
    sqlite_with_rowid=False,
)

signers = Table(
    "signers",
    metadata,
    # The fingerprints of the secrets that signed the links of an edition: its links die with them.
    Column("edition_id", Id, ForeignKey("editions.id"), primary_key=True),
    Column("fingerprint", String(16), primary_key=True),
    Column("at", Moment, nullable=False),
    sqlite_with_rowid=False,
)

pace = Table(
    "pace",
    metadata,
    # When the next mail may be sent: `delivery.rate` holds for all processes together.
    Column("name", String(32), primary_key=True),
    Column("free_at", Moment, nullable=False),
    sqlite_with_rowid=False,
)

notices = Table(
    "notices",
    metadata,
    # What staff were told, by kind and subject, so that they are not told the same again and again.
    Column("kind", String(32), primary_key=True),
    Column("about", String(80), primary_key=True),
    # Staff are told of one kind and digest once an hour at most. Empty: it concerns no single digest.
    Column("digest", String(64), nullable=False, server_default=""),
    Column("at", Moment, nullable=False),
    sqlite_with_rowid=False,
)

runs = Table(
    "runs",
    metadata,
    # How the last run of each digest ended, when one last went well, and since when they fail.
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
    # What happened to this database as a whole: `restored` (from a backup made at `value`), `numbers` (those
    # of editions may have been given up to `value` after that backup), `moving` and `moved` (to `value`),
    # `arrived` (from `value`, by a move begun at `at`), `resting` (a run found nothing to do at `at`),
    # `mailing` (letters go to readers since `at`, first by `value`; none while they go to the outbox).
    Column("name", String(32), primary_key=True),
    Column("value", Text, nullable=False),
    Column("at", Moment, nullable=False),
    sqlite_with_rowid=False,
)

events = Table(
    "events",
    metadata,
    # The provider's own id of the event; where it has none, the hash of its content.
    Column("id", String(128), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("kind", String(32), nullable=False),
    # The person's id, never the address; `forget` looks for it.
    Column("subscriber_id", Id, index=True),
    Column("edition", String(80)),
    Column("batch", String(36), index=True),
    Column("reason", Text),
    # Of an event of an unknown kind: what it said, without anything about a person.
    Column("detail", JSON),
    Index("ix_events_edition", "edition", "kind"),
)
