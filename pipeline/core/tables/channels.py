"""Where editions are announced beside mail: the channels that are known, and each announcement."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, false

from subscribers.tables import Id, Moment, metadata

channels = Table(
    "channels",
    metadata,
    # Since when a channel is known: what was sent before is not announced there.
    Column("name", String(32), primary_key=True),
    Column("since", Moment, nullable=False),
    sqlite_with_rowid=False,
)

announcements = Table(
    "announcements",
    metadata,
    # One row an edition and channel, so that no edition is announced twice (delivery/channels/ledger.py).
    Column("edition_id", Id, ForeignKey("editions.id"), primary_key=True),
    Column("channel", String(32), primary_key=True),
    # waiting → posting → posted | refused | uncertain; what was surely not posted goes back to waiting.
    Column("state", String(16), nullable=False),
    Column("made_at", Moment, nullable=False),
    # By what the service knows a repeat: Mastodon's Idempotency-Key, Bluesky's record key, a webhook's id.
    Column("repeat_key", String(64), nullable=False),
    # What is posted. It stays as it was when it was first tried.
    Column("content", JSON),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("first_try", Moment),
    Column("next_try", Moment),
    # Whether an attempt ended without an answer that says what became of it.
    Column("doubt", Boolean, nullable=False, server_default=false()),
    Column("at", Moment, nullable=False),
    Column("address", Text, nullable=False, server_default=""),
    Column("reason", Text, nullable=False, server_default=""),
    Index("ix_announcements_state", "state"),
    sqlite_with_rowid=False,
)
