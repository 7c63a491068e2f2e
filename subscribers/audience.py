"""Who may get a digest now, and why someone may not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Select, and_, exists, or_, select, text

from subscribers import suppression
from subscribers.people import Status
from subscribers.suppression import Reason
from subscribers.tables import subscribers, subscriptions, suppressions

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import BindParameter, ColumnElement, Connection


_LEAVING = 7_267_706  # any number, the same for all: who fixes an audience, and who leaves one


def fix(connection: Connection) -> None:
    """Let nobody leave between the look at who may be mailed and the commit of who is; until that commit.

    On SQLite the one writer at a time sees to it. On PostgreSQL somebody's leaving could be committed, and
    answered, between a claim's SELECT and its COMMIT, and they would be mailed after it (promise 4).
    """
    if connection.dialect.name != "sqlite":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LEAVING})


def keep_from_being_fixed(connection: Connection) -> None:
    """The other side of `fix`: many may leave at once, none while an audience is being fixed."""
    if connection.dialect.name != "sqlite":
        connection.execute(text("SELECT pg_advisory_xact_lock_shared(:key)"), {"key": _LEAVING})


def mailable(digest: str, today: date) -> Select[tuple[int, str]]:
    """A select of (id, email) of everyone who may get ``digest`` now, to insert from or to join.

    Not ordered: SQLite walks ix_subscriptions_audience, which is in the order of ids, and asking for that
    order would only make other planners sort.
    """
    return (
        select(subscribers.c.id, subscribers.c.email)
        .join_from(subscriptions, subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
        .where(subscriptions.c.digest == digest, _gets_it(today), ~_is_suppressed(subscribers.c.email))
    )


def has_left(email: ColumnElement[str], today: BindParameter[date]) -> ColumnElement[bool]:
    """Whether somebody who was to be mailed at ``email`` may no longer be, for a select that joins their row
    of subscribers and of subscriptions, either of which may be gone.

    Whoever moved meanwhile may have shut off the address of then, or the present one. (Looked up person by
    person: for a select of everyone who may be mailed, SQLite would read the whole list for every batch.)
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
    """Why someone does not get ``digest`` now; empty for who does."""
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
        return f"paused until {held.paused_until.isoformat()}"
    return ""


def anyone(connection: Connection, digest: str, today: date) -> bool:
    """Whether there is anyone who may get ``digest`` now."""
    return connection.execute(mailable(digest, today).limit(1)).first() is not None
