"""Erasing: a person who asks for it, sign-ups that nobody confirmed, and data that was kept long enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import and_, bindparam, delete, exists, or_, select, update

from subscribers import clock, suppression
from subscribers.addresses import normalise
from subscribers.audience import lock_audience
from subscribers.confirmations import WEEK, Purpose, State
from subscribers.people import Status
from subscribers.sets import among
from subscribers.tables import confirmations, consents, merged, subscribers, subscriptions, welcomes

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection


class Erased(NamedTuple):
    """The ids of the people and of the questions they were asked: mails to them name both."""

    people: list[int]
    questions: list[int]


def erase(connection: Connection, email: str) -> Erased:
    """Erase a person and everything that is known of them here.

    A keyed hash of each address stays, so that nobody adds or imports it again. Ids are never given again, so
    the links in old letters belong to nobody from now on.
    """
    # Alone: whoever adds or imports the address at this moment finds the hash, or their row is found here.
    lock_audience(connection)
    people = _lives(connection, normalise(email))
    addresses = {normalise(email), *people.values()}
    for address in addresses:
        suppression.forget(connection, address)
    # Somebody else may have named the address as their new one.
    theirs = or_(
        confirmations.c.email.in_(addresses),
        confirmations.c.other_email.in_(addresses),
        confirmations.c.subscriber_id.in_(people),
    )
    questions = connection.scalars(delete(confirmations).where(theirs).returning(confirmations.c.id)).all()
    _remove(connection, list(people))
    return Erased(list(people), list(questions))


def addresses_of(connection: Connection, email: str) -> set[str]:
    """The address and the person's other ones: those they had before, and the one they moved to."""
    return {normalise(email), *_lives(connection, normalise(email)).values()}


def erase_unconfirmed(connection: Connection, before: datetime) -> Erased:
    """Erase the sign-ups of ``before`` that time that nobody confirmed."""
    moments = {"before": before, "week_ago": clock.now() - WEEK}
    people = sorted(set(connection.scalars(_UNANSWERED, moments)))
    questions = list(connection.scalars(_FORGET, moments))
    if not people:
        return Erased([], questions)
    asked_again = exists().where(confirmations.c.subscriber_id == subscriptions.c.subscriber_id)
    connection.execute(
        delete(subscriptions).where(
            among(connection, subscriptions.c.subscriber_id, people),
            subscriptions.c.status == Status.PENDING.value,
            ~asked_again,
        )
    )
    nothing_left = select(subscribers.c.id).where(
        among(connection, subscribers.c.id, people),
        ~exists().where(subscriptions.c.subscriber_id == subscribers.c.id),
        ~exists().where(confirmations.c.subscriber_id == subscribers.c.id),
        ~exists().where(or_(merged.c.old_id == subscribers.c.id, merged.c.new_id == subscribers.c.id)),
    )
    gone = list(connection.scalars(nothing_left))
    _remove(connection, gone)
    return Erased(gone, questions)


# Done every minute: making such a statement costs more than the look whether there is anything to do.
_OLD = and_(
    confirmations.c.asked_at < bindparam("before"),
    # A move can be taken back for a week, however short the time for sign-ups is.
    or_(
        confirmations.c.purpose != Purpose.MOVED.value,
        confirmations.c.asked_at < bindparam("week_ago"),
    ),
)
_UNANSWERED = select(confirmations.c.subscriber_id).where(
    _OLD, confirmations.c.state != State.CONFIRMED.value
)
_FORGET = delete(confirmations).where(_OLD).returning(confirmations.c.id)


def blank_networks(connection: Connection, before: datetime) -> None:
    """Delete the network addresses in records and questions of ``before`` that time."""
    for statement in _BLANK:
        connection.execute(statement, {"before": before})


_BLANK = tuple(
    update(table)
    .where(at < bindparam("before"), table.c.network_address.is_not(None))
    .values(network_address=None)
    for table, at in ((consents, consents.c.at), (confirmations, confirmations.c.asked_at))
)


def _lives(connection: Connection, email: str) -> dict[int, str]:
    """The ids and addresses of the person: the present one, and those from before they moved."""
    known = connection.scalar(select(subscribers.c.id).where(subscribers.c.email == email))
    ids = set() if known is None else {known}
    new = ids
    while new:
        tied = or_(merged.c.old_id.in_(new), merged.c.new_id.in_(new))
        both = connection.execute(select(merged.c.old_id, merged.c.new_id).where(tied)).all()
        new = {one for row in both for one in row} - ids
        ids = ids | new
    people = select(subscribers.c.id, subscribers.c.email).where(subscribers.c.id.in_(ids))
    return {row.id: row.email for row in connection.execute(people)}


def _remove(connection: Connection, ids: list[int]) -> None:
    for table, column in (
        (confirmations, confirmations.c.subscriber_id),
        (consents, consents.c.subscriber_id),
        (subscriptions, subscriptions.c.subscriber_id),
        (welcomes, welcomes.c.subscriber_id),
        (merged, merged.c.old_id),
        (merged, merged.c.new_id),
        (subscribers, subscribers.c.id),
    ):
        connection.execute(delete(table).where(among(connection, column, ids)))
