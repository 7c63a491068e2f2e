"""The audience of a digest: who may get it now, and why someone may not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Select, and_, exists, func, or_, select, text

from subscribers import suppression, times
from subscribers.people import Status
from subscribers.suppression import Reason
from subscribers.tables import subscribers, subscriptions, suppressions

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import BindParameter, ColumnElement, Connection


_LEAVING = 7_267_706  # the number of the lock, the same for both functions below


def lock_audience(connection: Connection) -> None:
    """Let nobody unsubscribe between the query of who may be mailed and the commit of who will be.

    On SQLite there is one writer at a time. On PostgreSQL somebody's unsubscribing could be committed, and
    answered, between a claim's SELECT and its COMMIT, and they would be mailed after it (promise 4).
    """
    if connection.dialect.name != "sqlite":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LEAVING})


def lock_audience_shared(connection: Connection) -> None:
    """The other side of `lock_audience`: many may unsubscribe at once, but none while it is held."""
    if connection.dialect.name != "sqlite":
        connection.execute(text("SELECT pg_advisory_xact_lock_shared(:key)"), {"key": _LEAVING})


def mailable(digest: str, today: date) -> Select[tuple[int, str]]:
    """A select of (id, email) of everyone who may get ``digest`` now, to insert from or to join.

    It has no ORDER BY: SQLite reads ix_subscriptions_audience, which is in the order of ids, and other
    planners would sort for it.
    """
    return (
        select(subscribers.c.id, subscribers.c.email)
        .join_from(subscriptions, subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
        .where(subscriptions.c.digest == digest, _gets_it(today), ~_is_suppressed(subscribers.c.email))
    )


def has_left(email: ColumnElement[str], today: BindParameter[date]) -> ColumnElement[bool]:
    """Whether somebody in a snapshot, there with ``email``, may no longer be mailed. For a select that joins
    their row of subscribers and of subscriptions; either may be gone.

    Somebody who moved meanwhile may have blocked the address of then or the present one. (This is asked for
    each person: for a select of everyone who may be mailed, SQLite would read the whole list for every
    batch.)
    """
    present = subscribers.c.email
    moved_badly = and_(present.is_distinct_from(email), or_(present.is_(None), _is_suppressed(present)))
    return or_(
        subscriptions.c.status.is_distinct_from(Status.ACTIVE.value),
        subscriptions.c.paused_until > today,
        email.is_(None),
        _is_suppressed(email),
        moved_badly,
    )


def _gets_it(today: date) -> ColumnElement[bool]:
    paused = subscriptions.c.paused_until
    return and_(subscriptions.c.status == Status.ACTIVE.value, or_(paused.is_(None), paused <= today))


def _is_suppressed(email: ColumnElement[str]) -> ColumnElement[bool]:
    return exists().where(suppressions.c.email == email)


def why_not(connection: Connection, subscriber_id: int, digest: str, today: date) -> str:
    """Why someone does not get ``digest`` now; empty for someone who does."""
    email = connection.scalar(select(subscribers.c.email).where(subscribers.c.id == subscriber_id))
    held = connection.execute(
        select(subscriptions.c.status, subscriptions.c.paused_until).where(
            subscriptions.c.subscriber_id == subscriber_id, subscriptions.c.digest == digest
        )
    ).first()
    if email is None or held is None:
        return "removed"
    reason = suppression.reason_for(connection, email)
    if held.status == Status.UNSUBSCRIBED or reason == Reason.UNSUBSCRIBED:
        return "unsubscribed"
    if reason is not None:
        return f"suppressed: {reason}"
    if held.status == Status.PENDING:
        return "not confirmed"
    if held.paused_until is not None and held.paused_until > today:
        return f"paused until {times.day(held.paused_until)}"
    return ""


def how_many(connection: Connection, digest: str, today: date) -> int:
    """How many may get ``digest`` now."""
    people = mailable(digest, today).subquery()
    return connection.execute(select(func.count()).select_from(people)).scalar_one()


def anyone(connection: Connection, digest: str, today: date) -> bool:
    """Whether there is anyone who may get ``digest`` now."""
    return connection.execute(mailable(digest, today).limit(1)).first() is not None
