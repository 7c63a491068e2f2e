"""The ledger: who was handed over in which edition, and what the provider said of it later."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, false, text

from subscribers.tables import Id, Moment, metadata

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
    # Of one person who joined after the edition: with the words of welcome above the letter.
    Column("welcome", Boolean, nullable=False, server_default=false()),
    Index("ix_batches_state", "edition_id", "state", "number"),
    # Few are welcomes, and who looks for those without an outcome looks every minute.
    Index("ix_batches_welcome", "state", sqlite_where=text("welcome = 1"), postgresql_where=text("welcome")),
    sqlite_with_rowid=False,
)

_apart = text("state IS NOT NULL")
_only_apart: dict[str, Any] = {"sqlite_where": _apart, "postgresql_where": _apart}

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
    # Holds the person, too, so that people are counted without a look at each of their events.
    Index("ix_events_edition", "edition", "kind", "subscriber_id"),
)
