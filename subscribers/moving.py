"""Moving to another address, after its owner has confirmed it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import delete, exists, select, update

from subscribers import clock, consent, suppression, welcomes
from subscribers.audience import lock_audience_shared
from subscribers.consent import Action
from subscribers.people import Status
from subscribers.subscribing import begin, end
from subscribers.suppression import Reason
from subscribers.tables import merged, subscribers, subscriptions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from sqlalchemy import Column, Connection


MOVED_HERE = "Moved here from another address"


def may_move(connection: Connection, subscriber: int) -> bool:
    """Whether the person may move: not with an address that is suppressed by a complaint or by staff.

    An address that bounces is a reason to move.
    """
    email = connection.scalar(select(subscribers.c.email).where(subscribers.c.id == subscriber))
    kept = {Reason.COMPLAINED, Reason.MANUAL}
    return email is not None and not kept & suppression.reasons(connection, email)


def move(
    connection: Connection,
    subscriber: int,
    email: str,
    *,
    at: datetime,
    source: str,
    network_address: str | None = None,
) -> None:
    """Send ``subscriber``'s letters to ``email`` from now on, and nothing to the address they had.

    The id stays, and so old links go on working. An address that was on the list already keeps its own id and
    history and gets their digests; their old links then mean both. The former address is suppressed, or the
    next import of an old list would add it again. What begins by it began ``at`` that moment.
    """
    lock_audience_shared(connection)
    before = connection.scalar(select(subscribers.c.email).where(subscribers.c.id == subscriber))
    if before is None or before == email:
        return
    other = connection.scalar(select(subscribers.c.id).where(subscribers.c.email == email))
    if other is None:
        _take(connection, subscriber, email)
        _leave_behind(connection, subscriber, before)
    elif _was_theirs(connection, subscriber, other):
        # They move back: the two rows exchange their addresses, so that the history stays in one piece.
        connection.execute(update(subscribers).where(subscribers.c.id == other).values(email=f"{other}@"))
        _take(connection, subscriber, email)
        _take(connection, other, before)
    else:
        join(connection, subscriber, other, at=at, source=source, network_address=network_address)
    suppression.suppress(connection, before, Reason.UNSUBSCRIBED, source)
    consent.record(connection, subscriber, Action.MOVED, source=source, network_address=network_address)


def _take(connection: Connection, subscriber: int, email: str) -> None:
    connection.execute(update(subscribers).where(subscribers.c.id == subscriber).values(email=email))


def _leave_behind(connection: Connection, subscriber: int, email: str) -> None:
    """Keep whose the address was: it is suppressed, and must be erased together with the person."""
    made = connection.execute(
        subscribers.insert().values(email=email, name="", created_at=clock.now()).returning(subscribers.c.id)
    )
    connection.execute(merged.insert().values(old_id=made.scalar_one(), new_id=subscriber))


def _was_theirs(connection: Connection, subscriber: int, other: int) -> bool:
    """Whether ``other`` is only the former address of ``subscriber``."""
    left = exists().where(merged.c.old_id == other, merged.c.new_id == subscriber)
    had = exists().where(subscriptions.c.subscriber_id == other)
    return bool(connection.scalar(select(left & ~had)))


class Moves(NamedTuple):
    """The numbers and addresses that somebody had ``before``, and has ``now``, one step each way."""

    before: Sequence[Any]
    now: Sequence[Any]


def moves_of(connection: Connection, subscriber: int) -> Moves:
    """From which addresses somebody moved to the one of this number, and where from it they moved to."""

    def others(theirs: Column[Any], other: Column[Any]) -> Sequence[Any]:
        query = select(subscribers.c.id, subscribers.c.email).join(merged, other == subscribers.c.id)
        return connection.execute(query.where(theirs == subscriber).order_by(subscribers.c.id)).all()

    return Moves(others(merged.c.new_id, merged.c.old_id), others(merged.c.old_id, merged.c.new_id))


def join(
    connection: Connection,
    subscriber: int,
    other: int,
    *,
    at: datetime,
    source: str,
    network_address: str | None = None,
) -> None:
    """Let ``other`` get what ``subscriber`` gets, who gets nothing any more; their links mean ``other``."""
    had = active_at(connection, other)
    for digest, paused_until in sorted(active_at(connection, subscriber).items()):
        begin(
            connection,
            other,
            digest,
            wording=MOVED_HERE,
            source=source,
            network_address=network_address,
        )
        if digest not in had:
            connection.execute(
                update(subscriptions)
                .where(subscriptions.c.subscriber_id == other, subscriptions.c.digest == digest)
                .values(paused_until=paused_until, since=at)
            )
        end(connection, subscriber, digest)
        consent.record(connection, subscriber, Action.UNSUBSCRIBED, digest=digest, source=source)
    welcomes.follow(connection, subscriber, other)
    # Moving back must not make a circle: the id that is moved to is nobody's former one.
    connection.execute(delete(merged).where(merged.c.old_id.in_((subscriber, other))))
    connection.execute(merged.insert().values(old_id=subscriber, new_id=other))


def active_at(connection: Connection, subscriber: int) -> dict[str, date | None]:
    """The active digests, each with the day until which it is paused."""
    active = select(subscriptions.c.digest, subscriptions.c.paused_until).where(
        subscriptions.c.subscriber_id == subscriber, subscriptions.c.status == Status.ACTIVE.value
    )
    return {row.digest: row.paused_until for row in connection.execute(active)}
