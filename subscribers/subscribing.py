"""One subscription's three states, each a guarded write: pending, active, unsubscribed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Date, String, literal, select

from subscribers import clock, consent
from subscribers.consent import Action
from subscribers.people import Status
from subscribers.sets import insert
from subscribers.tables import Moment, subscribers, subscriptions

if TYPE_CHECKING:
    from sqlalchemy import Connection


def await_answer(connection: Connection, subscriber: int, digest: str) -> None:
    """Let a digest wait for the person's answer, if they never had it."""
    connection.execute(
        insert(connection, subscriptions)
        .values(subscriber_id=subscriber, digest=digest, status=Status.PENDING.value, since=clock.now())
        .on_conflict_do_nothing(index_elements=["subscriber_id", "digest"])
    )


def begin(
    connection: Connection,
    subscriber: int,
    digest: str,
    *,
    wording: str,
    source: str,
    network_address: str | None = None,
) -> None:
    """Make a subscription active because the person wants it, whatever it was, with the evidence."""
    active = {"status": Status.ACTIVE.value, "since": clock.now(), "paused_until": None}
    connection.execute(
        insert(connection, subscriptions)
        .values(subscriber_id=subscriber, digest=digest, **active)
        .on_conflict_do_update(
            index_elements=["subscriber_id", "digest"],
            set_=active,
            where=subscriptions.c.status != Status.ACTIVE.value,
        )
    )
    consent.record(
        connection,
        subscriber,
        Action.CONFIRMED,
        digest=digest,
        wording=wording,
        source=source,
        network_address=network_address,
    )


def end(connection: Connection, subscriber: int, digest: str) -> bool:
    """Whether there was something to end. A "no" to a digest never had is kept too: imports heed it."""
    ended = {"status": Status.UNSUBSCRIBED.value, "since": clock.now(), "paused_until": None}
    # From the person's row, so that nothing is written for one who is gone; one statement, for many leave at
    # once on the day a letter goes out.
    person = select(
        subscribers.c.id,
        literal(digest, String()),
        literal(ended["status"], String()),
        literal(ended["since"], Moment()),
        literal(None, Date()),
    ).where(subscribers.c.id == subscriber)
    statement = (
        insert(connection, subscriptions)
        .from_select(["subscriber_id", "digest", "status", "since", "paused_until"], person)
        .on_conflict_do_update(
            index_elements=["subscriber_id", "digest"],
            set_=ended,
            where=subscriptions.c.status != Status.UNSUBSCRIBED.value,
        )
        .returning(subscriptions.c.digest)
    )
    return connection.execute(statement).first() is not None
