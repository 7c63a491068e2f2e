"""The tables of the ground floor: people, subscriptions, consent records, suppressions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    text,
)

if TYPE_CHECKING:
    from sqlalchemy import Dialect

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = BigInteger().with_variant(Integer, "sqlite")
"""A row's id. SQLite counts up by itself only in a column of type INTEGER."""


class Moment(TypeDecorator[datetime]):
    """A point in time: aware in Python, UTC in the database (SQLite keeps no time zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime has no place in the database")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


subscribers = Table(
    "subscribers",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    # Normalised (NFC, lower case, domain in IDNA): one person under two spellings is one row.
    Column("email", String(320), nullable=False, unique=True),
    Column("name", Text, nullable=False, server_default=""),
    Column("created_at", Moment, nullable=False),
    sqlite_autoincrement=True,  # an id is never given again: links that hold it work for ever
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("subscriber_id", Id, ForeignKey("subscribers.id"), primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("status", String(16), nullable=False),
    Column("since", Moment, nullable=False),
    Column("paused_until", Date),
    Index("ix_subscriptions_audience", "digest", "status", "subscriber_id", "paused_until"),
    sqlite_with_rowid=False,
)

_has_network = text("network_address IS NOT NULL")

consents = Table(
    "consents",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("subscriber_id", Id, ForeignKey("subscribers.id"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("action", String(32), nullable=False),
    Column("digest", String(64)),
    Column("wording", Text, nullable=False, server_default=""),
    Column("source", Text, nullable=False),
    Column("network_address", String(64)),
    # Holds all that is asked of how the list grows. Not the source: PostgreSQL's indexes take no long text.
    Index("ix_consents_action", "action", "at", "digest", "subscriber_id"),
    # Few rows have a network address, and not for long.
    Index("ix_consents_network", "at", sqlite_where=_has_network, postgresql_where=_has_network),
)

suppressions = Table(
    "suppressions",
    metadata,
    # One row for each reason: lifting one leaves the others.
    Column("email", String(320), primary_key=True),
    Column("reason", String(16), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("source", Text, nullable=False),
)

forgotten = Table(
    "forgotten",
    metadata,
    # The keyed hash of an erased address: one row for `forgotten` and for each other reason it has.
    Column("hash", String(64), primary_key=True),
    Column("reason", String(16), primary_key=True),
    Column("at", Moment, nullable=False),
    sqlite_with_rowid=False,
)

keys = Table(
    "keys",
    metadata,
    # Made once and never rotated: hashes made with a key must be recognised for ever.
    Column("name", String(32), primary_key=True),
    Column("value", String(64), nullable=False),
    sqlite_with_rowid=False,
)

confirmations = Table(
    "confirmations",
    metadata,
    # One question to a mailbox: "was this you?" It is kept until it is answered or erased.
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("purpose", String(16), nullable=False),
    Column("subscriber_id", Id, ForeignKey("subscribers.id"), nullable=False, index=True),
    Column("email", String(320), nullable=False),
    # Of a move: where it goes to, or comes from.
    Column("other_email", String(320)),
    Column("name", Text, nullable=False, server_default=""),
    Column("digests", JSON, nullable=False),
    Column("wording", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("network_address", String(64)),
    Column("asked_at", Moment, nullable=False),
    # queued → mailed → confirmed; or dropped: no mail is sent, for the reason.
    Column("state", String(16), nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_try", Moment),
    Column("reason", Text),
    # A keyed hash of the network that a stranger asked from, while mails are counted by it.
    Column("network", String(64)),
    # When the mail was last handed to the provider.
    Column("handed_at", Moment, index=True),
    Index("ix_confirmations_state", "state", "next_try"),
    sqlite_autoincrement=True,  # links hold an id, which must never mean somebody else
)

asked = Table(
    "asked",
    metadata,
    # Each time that a mailbox was asked a question, whoever typed the address. It outlasts the question.
    Column("id", Id, primary_key=True, autoincrement=True),
    # A keyed hash of the mailbox behind the address: a+1@ and a+2@ are one reader's. Empty: it was not asked,
    # for it had been too often.
    Column("mailbox", String(64), nullable=False),
    Column("at", Moment, nullable=False, index=True),
    # As in confirmations.
    Column("network", String(64)),
    Index("ix_asked_mailbox", "mailbox", "at"),
    Index("ix_asked_network", "network", "at"),
)

merged = Table(
    "merged",
    metadata,
    # Somebody moved to an address that was on the list already. Links with the old id go on working.
    Column("old_id", Id, primary_key=True, autoincrement=False),
    Column("new_id", Id, ForeignKey("subscribers.id"), nullable=False, index=True),
)

_is_queued = text("state = 'queued'")

welcomes = Table(
    "welcomes",
    metadata,
    # The welcome of somebody who confirmed, once a person and digest. The table is the queue, too.
    Column("subscriber_id", Id, ForeignKey("subscribers.id"), primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("at", Moment, nullable=False),
    # queued → handed, and then the ledger knows more; or dropped: nothing was handed over, for the reason.
    Column("state", String(16), nullable=False),
    Column("edition_id", Id),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_try", Moment),
    Column("reason", Text),
    Index("ix_welcomes_queued", "next_try", sqlite_where=_is_queued, postgresql_where=_is_queued),
    sqlite_with_rowid=False,
)

former_digests = Table(
    "former_digests",
    metadata,
    # What a digest was called before, with its present name. Forms, pages and programs that know the old name
    # go on meaning the same digest, until the old name is given to a new one.
    Column("name", String(64), primary_key=True),
    Column("present", String(64), nullable=False),
    Column("at", Moment, nullable=False),
    sqlite_with_rowid=False,
)

exports = Table(
    "exports",
    metadata,
    # Every export of the list or of a part of it.
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("at", Moment, nullable=False),
    Column("who", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("people", Integer),
)

staff_log = Table(
    "staff_log",
    metadata,
    # Who of staff decided what (staff_log.py). Triggers refuse to change or delete a row.
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("at", Moment, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", String(16), nullable=False),
    Column("about", Text, nullable=False),
    Column("detail", Text, nullable=False),
)
