"""The welcome of who confirmed: once a person and digest, for ever. The table says so, and is the queue, too.

A row is written in the transaction that confirms, so that none is lost, and is never deleted but with its
person. One that is `handed` stays so: who leaves and comes back, moves, or confirms twice gets no second. One
of which nothing was handed over (they left before) waits again when they confirm anew.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import bindparam, select, update

from subscribers import clock
from subscribers.people import Status
from subscribers.sets import insert
from subscribers.tables import merged, subscribers, subscriptions, welcomes

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection

FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=1)

JUST = timedelta(hours=1)

MOST = 100


class State(StrEnum):
    """Where a welcome stands. Of one that is `handed` the ledger of its edition knows more."""

    QUEUED = "queued"
    HANDED = "handed"
    DROPPED = "dropped"


class Welcome(NamedTuple):
    """One that waits, with the person's present address."""

    subscriber: int
    email: str
    digest: str
    at: datetime
    tries: int


def active(connection: Connection, subscriber: int) -> set[str]:
    """The digests that the person gets now."""
    return set(
        connection.scalars(
            select(subscriptions.c.digest).where(
                subscriptions.c.subscriber_id == subscriber, subscriptions.c.status == Status.ACTIVE.value
            )
        )
    )


def put(connection: Connection, subscriber: int, digests: Collection[str]) -> None:
    """Queue the welcome of somebody to whom these digests are new."""
    now = clock.now()
    waits: dict[str, Any] = {"at": now, "state": State.QUEUED, "tries": 0, "next_try": now, "reason": None}
    for digest in digests:
        connection.execute(
            insert(connection, welcomes)
            .values(subscriber_id=subscriber, digest=digest, **waits)
            .on_conflict_do_update(
                index_elements=["subscriber_id", "digest"],
                set_=waits,
                where=welcomes.c.state == State.DROPPED,
            )
        )


def follow(connection: Connection, subscriber: int, other: int) -> None:
    """Somebody goes on under another id: what waits for them waits there, unless that one has its own."""
    waiting = connection.scalars(
        select(welcomes.c.digest).where(
            welcomes.c.subscriber_id == subscriber, welcomes.c.state == State.QUEUED
        )
    ).all()
    put(connection, other, waiting)
    for digest in waiting:
        dropped(connection, subscriber, digest, "moved to another address")


def next_ones(connection: Connection, now: datetime) -> list[Welcome]:
    """Those that are due, the longest waiting first, a hundred at most."""
    query = (
        select(
            welcomes.c.subscriber_id,
            subscribers.c.email,
            welcomes.c.digest,
            welcomes.c.at,
            welcomes.c.tries,
        )
        .join(subscribers, subscribers.c.id == welcomes.c.subscriber_id)
        .where(welcomes.c.state == State.QUEUED, welcomes.c.next_try <= now)
        .order_by(welcomes.c.next_try, welcomes.c.subscriber_id, welcomes.c.digest)
        .limit(MOST)
    )
    return [Welcome(*row) for row in connection.execute(query)]


def is_due(connection: Connection, now: datetime) -> bool:
    """Whether one is due."""
    return connection.execute(_IS_DUE, {"now": now}).first() is not None


_IS_DUE = (
    select(welcomes.c.digest)
    .where(welcomes.c.state == State.QUEUED, welcomes.c.next_try <= bindparam("now"))
    .limit(1)
)


def waits(connection: Connection, subscriber: int, digest: str) -> bool:
    """Whether the person's welcome is still to be handed over."""
    return _state(connection, subscriber, digest) == State.QUEUED


def is_at(connection: Connection, subscriber: int, email: str) -> bool:
    """Whether that is the person's present address."""
    return connection.scalar(select(subscribers.c.email).where(subscribers.c.id == subscriber)) == email


def was_just_handed(connection: Connection, subscriber: int, digest: str, now: datetime) -> bool:
    """Whether the welcome was handed over to somebody who confirmed within the hour."""
    return _state(connection, subscriber, digest, welcomes.c.at > now - JUST) == State.HANDED


def _state(connection: Connection, subscriber: int, digest: str, *which: ColumnElement[bool]) -> str | None:
    query = select(welcomes.c.state).where(
        welcomes.c.subscriber_id == subscriber, welcomes.c.digest == digest, *which
    )
    found: str | None = connection.scalar(query)
    return found


def was_welcomed(connection: Connection, lives: Collection[int], digest: str) -> bool:
    """Whether a welcome was handed over to one of these ids."""
    query = select(welcomes.c.digest).where(
        welcomes.c.subscriber_id.in_(lives), welcomes.c.digest == digest, welcomes.c.state == State.HANDED
    )
    return connection.execute(query.limit(1)).first() is not None


def former_ids(connection: Connection, subscriber: int) -> set[int]:
    """The ids that the person had before they moved to this one."""
    found, new = set[int](), {subscriber}
    while new:
        older = set(connection.scalars(select(merged.c.old_id).where(merged.c.new_id.in_(new))))
        new = older - found - {subscriber}
        found |= new
    return found


def handed(connection: Connection, subscriber: int, digest: str, edition: int) -> None:
    """It is being handed over, in this edition."""
    _set(connection, subscriber, digest, state=State.HANDED, edition_id=edition, next_try=None, reason=None)


def dropped(connection: Connection, subscriber: int, digest: str, reason: str) -> None:
    """Nothing is handed over."""
    _set(connection, subscriber, digest, state=State.DROPPED, next_try=None, reason=reason)


def put_off(connection: Connection, one: Welcome, now: datetime, reason: str) -> None:
    """It is tried again after `FIRST_WAIT`, then after twice as long each time, up to `LONGEST_WAIT`."""
    wait = min(FIRST_WAIT * 2 ** min(one.tries, 20), LONGEST_WAIT)
    values = {"state": State.QUEUED, "edition_id": None, "tries": one.tries + 1, "next_try": now + wait}
    _set(connection, one.subscriber, one.digest, **values, reason=reason)


def drop_all(connection: Connection, reason: str) -> None:
    """Drop every one that waits."""
    connection.execute(
        update(welcomes)
        .where(welcomes.c.state == State.QUEUED)
        .values(state=State.DROPPED, next_try=None, reason=reason)
    )


def of_person(connection: Connection, subscriber: int) -> list[Any]:
    """A person's welcomes as they stand."""
    query = select(welcomes).where(welcomes.c.subscriber_id == subscriber).order_by(welcomes.c.digest)
    return list(connection.execute(query))


def _set(connection: Connection, subscriber: int, digest: str, **values: Any) -> None:
    connection.execute(
        update(welcomes)
        .where(welcomes.c.subscriber_id == subscriber, welcomes.c.digest == digest)
        .values(values)
    )
