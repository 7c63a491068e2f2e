"""Unsubscribing: at once, any number of times, and until the person says otherwise."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, exists, func, or_, select, update

from subscribers import clock, consent, suppression
from subscribers.audience import lock_audience_shared
from subscribers.consent import Action
from subscribers.people import Status
from subscribers.subscribing import end
from subscribers.suppression import Reason
from subscribers.tables import consents, merged, subscribers, subscriptions, suppressions

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import Connection

UNDO, UNDO_AGAIN = timedelta(minutes=10), timedelta(days=30)
"""How long after the press of a button its mistake can be undone, and how long after that the next can."""

_PRESSED_TWICE, _SECOND = timedelta(seconds=10), timedelta(seconds=1)
"""How much earlier than the answer to a press something ended that the press counts for, and how exact the
time of the press is. When the button is pressed twice, the page that is seen answers the second press, after
the first has already ended everything."""

# Compiled once: that takes longer than running it, and thousands unsubscribe on the day of a letter.
_MOVED = select(merged.c.new_id).where(merged.c.old_id == bindparam("subscriber"))


def leave(
    connection: Connection, subscriber: int, *, digest: str | None, source: str, reason: str = ""
) -> bool:
    """End somebody's subscription to ``digest``, or (None) all of them and all mail to the address.

    False if there was nothing to end. ``reason`` is what the person says of it, of which
    `consent.reason_to_keep` says how much is kept. Somebody who moved to an
    address that was on the list already is unsubscribed there, too: the link in an old letter means the
    person.
    """
    lock_audience_shared(connection)
    ended = False
    for one in lives_of(connection, subscriber):
        ended |= _leave(connection, one, digest, source, reason)
    return ended


def undo(
    connection: Connection,
    subscriber: int,
    *,
    presses: Collection[datetime],
    source: str,
    network_address: str | None = None,
) -> list[str]:
    """Restore the subscriptions that the person ended by mistake, by ``presses`` of the button, each given by
    the time of its answer; the digests restored.

    Only their own unsubscribing is undone: an address that bounced or complained stays suppressed. Whoever
    has a letter that was forwarded can press the button and undo that, too. So that they never undo the no of
    somebody else: a press counts for minutes, and only for what it ended itself, and not where all mail was
    stopped by another one; and who ends and undoes all the time undoes only once.
    """
    # Only at the present address: what they had at a former one was ended by moving, and not by mistake.
    one = lives_of(connection, subscriber)[-1]
    email, now = _email(connection, one), clock.now()
    fresh = [press for press in presses if now - UNDO <= press <= now]
    if email is None or not fresh or _has_undone(connection, one, now, source):
        return []

    spans = [(press - _PRESSED_TWICE, press + _SECOND) for press in fresh]
    stopped = suppression.since(connection, email, Reason.UNSUBSCRIBED)
    if stopped is not None and not any(start <= stopped <= end for start, end in spans):
        return []
    # Only what was active: neither a sign-up that nobody confirmed, nor a digest that they never had.
    agreed = exists().where(
        consents.c.subscriber_id == one,
        consents.c.digest == subscriptions.c.digest,
        consents.c.action.in_([action.value for action in consent.AGREED]),
    )
    ended = update(subscriptions).where(
        subscriptions.c.subscriber_id == one,
        subscriptions.c.status == Status.UNSUBSCRIBED.value,
        or_(*(subscriptions.c.since.between(*span) for span in spans)),
        agreed,
    )
    restored = ended.values(status=Status.ACTIVE.value, since=clock.now())
    digests = sorted(connection.scalars(restored.returning(subscriptions.c.digest)))
    for digest in digests:
        said = {"digest": digest, "source": source, "network_address": network_address}
        consent.record(connection, one, Action.RESUBSCRIBED, **said)
    if digests and stopped is not None:
        suppression.lift(connection, email, [Reason.UNSUBSCRIBED])
    return digests


def lives_of(connection: Connection, subscriber: int) -> list[int]:
    """The id in a link, and the ids that the person moved to since, the oldest first."""
    lives = [subscriber]
    while (new := _moved_to(connection, lives[-1])) is not None and new not in lives:
        lives.append(new)
    return lives


def _leave(connection: Connection, subscriber: int, digest: str | None, source: str, reason: str) -> bool:
    reason = consent.reason_to_keep(connection, subscriber, reason)
    said = {"source": source, "wording": reason}
    if digest is not None:
        ended = end(connection, subscriber, digest)
        # A reason that is given after unsubscribing is kept, too.
        if ended or (reason and _email(connection, subscriber) is not None):
            consent.record(connection, subscriber, Action.UNSUBSCRIBED, digest=digest, **said)
        return ended
    email = _email(connection, subscriber)
    if email is None:
        return False
    anything = False
    for one in _digests_of(connection, subscriber):
        if end(connection, subscriber, one):
            anything = True
            consent.record(connection, subscriber, Action.UNSUBSCRIBED, digest=one, source=source)
    stopped = suppression.suppress(connection, email, Reason.UNSUBSCRIBED, source)
    if stopped or reason:
        anything |= stopped
        consent.record(connection, subscriber, Action.UNSUBSCRIBED, **said)
    return anything


def _has_undone(connection: Connection, subscriber: int, now: datetime, source: str) -> bool:
    query = select(consents.c.id).where(
        consents.c.subscriber_id == subscriber,
        consents.c.action == Action.RESUBSCRIBED.value,
        consents.c.source == source,
        consents.c.at > now - UNDO_AGAIN,
    )
    return connection.execute(query.limit(1)).first() is not None


def _moved_to(connection: Connection, subscriber: int) -> int | None:
    return connection.scalar(_MOVED, {"subscriber": subscriber})


def _email(connection: Connection, subscriber: int) -> str | None:
    return connection.scalar(select(subscribers.c.email).where(subscribers.c.id == subscriber))


def stopped_since(connection: Connection, email: str, since: datetime) -> bool:
    """Whether the person stopped all mail to the address since that time."""
    query = select(func.count()).where(
        suppressions.c.email == email,
        suppressions.c.reason == Reason.UNSUBSCRIBED.value,
        suppressions.c.at >= since,
    )
    return bool(connection.scalar(query))


def _digests_of(connection: Connection, subscriber: int) -> list[str]:
    return list(
        connection.scalars(
            select(subscriptions.c.digest)
            .where(subscriptions.c.subscriber_id == subscriber)
            .order_by(subscriptions.c.digest)
        )
    )
