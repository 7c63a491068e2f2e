"""Erasing: a person who asks for it, sign-ups that nobody confirmed, and what was kept long enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, or_, select, update

from subscribers import suppression
from subscribers.addresses import normalise
from subscribers.audience import keep_from_being_fixed
from subscribers.people import Status
from subscribers.sets import among
from subscribers.signup import State
from subscribers.tables import confirmations, consents, merged, subscribers, subscriptions

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection


def erase(connection: Connection, email: str) -> list[int]:
    """Erase a person and all that is known of them here; the ids they had.

    What stays is a keyed hash of each address, so that nobody adds or imports it again. Ids are never given
    anew, so the links in old letters mean nobody from now on.
    """
    keep_from_being_fixed(connection)
    people = _lives(connection, normalise(email))
    for address in {normalise(email), *people.values()}:
        suppression.forget(connection, address)
        # Somebody else may have named the address as their new one.
        connection.execute(delete(confirmations).where(confirmations.c.email == address))
    _remove(connection, list(people))
    return list(people)


def addresses_of(connection: Connection, email: str) -> set[str]:
    """The address, and those the person had before they moved to it."""
    return {normalise(email), *_lives(connection, normalise(email)).values()}


def erase_unconfirmed(connection: Connection, before: datetime) -> int:
    """Erase the sign-ups asked ``before`` then that nobody confirmed; how many people they were."""
    old = confirmations.c.asked_at < before
    unanswered = select(confirmations.c.subscriber_id).where(
        old, confirmations.c.state != State.CONFIRMED.value
    )
    people = sorted(set(connection.scalars(unanswered)))
    connection.execute(delete(confirmations).where(old))
    if not people:
        return 0
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
    return len(gone)


def blank_networks(connection: Connection, before: datetime) -> None:
    """Take the network addresses out of what was written down ``before`` then."""
    for table, at in ((consents, consents.c.at), (confirmations, confirmations.c.asked_at)):
        connection.execute(
            update(table)
            .where(at < before, table.c.network_address.is_not(None))
            .values(network_address=None)
        )


def _lives(connection: Connection, email: str) -> dict[int, str]:
    """Id and address of the person, and of who they were before they moved here."""
    query = select(subscribers.c.id, subscribers.c.email)
    found = {row.id: row.email for row in connection.execute(query.where(subscribers.c.email == email))}
    new = found
    while new:
        former = query.join(merged, merged.c.old_id == subscribers.c.id).where(merged.c.new_id.in_(list(new)))
        new = {row.id: row.email for row in connection.execute(former) if row.id not in found}
        found |= new
    return found


def _remove(connection: Connection, ids: list[int]) -> None:
    for table, column in (
        (confirmations, confirmations.c.subscriber_id),
        (consents, consents.c.subscriber_id),
        (subscriptions, subscriptions.c.subscriber_id),
        (merged, merged.c.old_id),
        (merged, merged.c.new_id),
        (subscribers, subscribers.c.id),
    ):
        connection.execute(delete(table).where(among(connection, column, ids)))
