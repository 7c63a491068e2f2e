"""Who is in a batch: whom to hand over now that some have left, and what is said of one of them alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import and_, bindparam, func, select, update

from pipeline.core.tables.ledger import recipients
from pipeline.editions.ledger.batch_states import RecipientState
from subscribers.audience import has_left, why_not
from subscribers.tables import subscribers, subscriptions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from sqlalchemy import Connection, Row

    from pipeline.editions.edition import Edition

# What is asked for every batch is built once: to build it costs more than to run it.

_OF_BATCH = (
    recipients.c.edition_id == bindparam("edition"),
    # The range makes it a walk along the primary key; the number decides.
    recipients.c.subscriber_id.between(bindparam("first"), bindparam("last")),
    recipients.c.batch == bindparam("batch"),
    recipients.c.state.is_(None),
)
# Asked apart from who is in it: hardly ever anybody, and a thousand answers of "still there" cost more.
_LEFT = (
    select(recipients.c.subscriber_id)
    .outerjoin(
        subscriptions,
        and_(
            subscriptions.c.subscriber_id == recipients.c.subscriber_id,
            subscriptions.c.digest == bindparam("digest"),
        ),
    )
    .outerjoin(subscribers, subscribers.c.id == recipients.c.subscriber_id)
    .where(*_OF_BATCH, has_left(recipients.c.email, bindparam("today")))
)
_MEMBERS = (
    select(recipients.c.subscriber_id, recipients.c.email)
    .where(*_OF_BATCH)
    .order_by(recipients.c.subscriber_id)
)


# In one answer: SQLite makes JSON of a thousand rows in a third of the time that Python's rows of them take.
_each = _MEMBERS.subquery()
_MEMBERS_AT_ONCE = select(func.json_group_array(_each.c.subscriber_id), func.json_group_array(_each.c.email))


def to_hand_over(
    connection: Connection, edition: Edition, batch: Row[Any], today: date, at: datetime
) -> Sequence[tuple[int, str]]:
    """Subscriber id and address of whoever of a batch may still be mailed; the others are withheld."""
    of = {"edition": edition.id, "first": batch.first, "last": batch.last, "batch": batch.number}
    left = connection.scalars(_LEFT, of | {"digest": edition.digest, "today": today})
    for subscriber in left.all():
        reason = why_not(connection, subscriber, edition.digest, today) or "moved to another address"
        fared(connection, edition.id, subscriber, state=RecipientState.WITHHELD, reason=reason, at=at)
    if connection.dialect.name == "sqlite":
        who, addresses = map(orjson.loads, connection.execute(_MEMBERS_AT_ONCE, of).one())
        return list(zip(who, addresses, strict=True))
    return [(subscriber, email or "") for subscriber, email in connection.execute(_MEMBERS, of)]


def untold(connection: Connection, batch: Row[Any]) -> Sequence[tuple[int, str]]:
    """Everyone of a batch of whom nothing else is known than of the batch."""
    query = (
        select(recipients.c.subscriber_id, recipients.c.email)
        .where(*_in(batch), recipients.c.state.is_(None))
        .order_by(recipients.c.subscriber_id)
    )
    return [(subscriber, email or "") for subscriber, email in connection.execute(query)]


def _in(batch: Row[Any]) -> tuple[Any, ...]:
    # The range makes it a walk along the primary key; the number decides.
    return (
        recipients.c.edition_id == batch.edition_id,
        recipients.c.subscriber_id.between(batch.first, batch.last),
        recipients.c.batch == batch.number,
    )


def fared(connection: Connection, edition: int, subscriber: int, **values: Any) -> None:
    """Write down of one person what is not true of their batch."""
    connection.execute(
        update(recipients)
        .where(recipients.c.edition_id == edition, recipients.c.subscriber_id == subscriber)
        .values(values)
    )
