"""What only the owner of a mailbox may do: move to another address, and be erased.

Letters get forwarded, and whoever has one has its link. So the present mailbox is asked first, by a mail with
a fresh link; then, of a move, the new one; and the former one is told, with a link that takes the move back.
A move is bound to the address that allowed it: what was asked at an address that the person has left since,
is good no longer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from subscribers import clock, hashes, mail_limits, moving_back
from subscribers.addresses import normalise
from subscribers.confirmations import (
    Confirmation,
    Purpose,
    State,
    answered,
    drop_open,
    put,
    waiting,
)
from subscribers.leaving import lives_of
from subscribers.moving import active_at, may_move, move
from subscribers.subscribing import let_back
from subscribers.tables import subscribers

if TYPE_CHECKING:
    from sqlalchemy import Connection


def ask_to_move(
    connection: Connection,
    subscriber: int,
    email: str,
    *,
    source: str,
    network_address: str | None = None,
) -> int | None:
    """Queue the mail that asks the present mailbox of ``subscriber`` whether letters may go to ``email``.

    The question's id; None when that mailbox has been asked as often as it may for now, or the person is
    gone. Raises SubscriberError (code ``address``) for an address that no mail reaches.
    """
    return _ask(connection, Purpose.ALLOW_MOVE, subscriber, normalise(email), source, network_address)


def ask_to_erase(
    connection: Connection, subscriber: int, *, source: str, network_address: str | None = None
) -> int | None:
    """Queue the mail that asks the present mailbox whether the person is to be erased; returns as above."""
    return _ask(connection, Purpose.ERASE, subscriber, None, source, network_address)


def confirm(
    connection: Connection, question: Confirmation, source: str, network_address: str | None
) -> Confirmation | None:
    """The owner of the mailbox says yes to such a question, which is open or was answered before; None where
    that is good no longer."""
    # One at a time: of two links that are pressed at once the second must see what came of the first.
    person = select(subscribers.c.id).where(subscribers.c.id == question.subscriber)
    connection.execute(person.with_for_update())
    now = waiting(connection, question.id)
    if now is None or now.state is State.DROPPED:
        return None
    question = now
    match question.purpose, question.state:
        case Purpose.MOVED, State.CONFIRMED:
            return None  # it works once
        case Purpose.MOVED, _:
            return moving_back.move_back(connection, question, source, network_address)
        case Purpose.MOVE, State.CONFIRMED:
            return question if address_of(connection, question.subscriber) == question.email else None
        case Purpose.MOVE, _:
            return _arrive(connection, question, source, network_address)
        case Purpose.ALLOW_MOVE, State.CONFIRMED:
            return question  # the new mailbox was asked already
        case Purpose.ALLOW_MOVE, _:
            return _allow(connection, question, network_address)
        case _:
            return None


def proven(connection: Connection, question: Confirmation | None) -> int | None:
    """Who is to be erased, by a yes to such a question from the mailbox that they have now; else None."""
    if question is None or question.purpose is not Purpose.ERASE or question.state is State.DROPPED:
        return None
    return question.subscriber if address_of(connection, question.subscriber) == question.email else None


def address_of(connection: Connection, subscriber: int) -> str | None:
    return connection.scalar(select(subscribers.c.email).where(subscribers.c.id == subscriber))


def _ask(
    connection: Connection,
    purpose: Purpose,
    subscriber: int,
    other: str | None,
    source: str,
    network_address: str | None,
) -> int | None:
    subscriber = lives_of(connection, subscriber)[-1]
    email = address_of(connection, subscriber)
    # Counted apart: strangers who type the address into the form must not keep its owner from leaving.
    network = mail_limits.network(connection, network_address)
    if email is None or not mail_limits.count_question(
        connection, hashes.mailbox(connection, email, kind="own"), network
    ):
        return None
    said = {"other_email": other, "source": source, "network_address": network_address, "network": network}
    return put(connection, purpose, subscriber, email, **said)


def _allow(
    connection: Connection, question: Confirmation, network_address: str | None
) -> Confirmation | None:
    """The present mailbox allows the move: the new one is asked, unless it was asked too often."""
    subscriber = question.subscriber
    if address_of(connection, subscriber) != question.email or not may_move(connection, subscriber):
        return None
    # Only the last one counts: a mistyped address must not stay valid.
    drop_open(connection, subscriber, [Purpose.MOVE], "another address was named after it")
    network = mail_limits.network(connection, network_address)
    if mail_limits.count_question(connection, hashes.mailbox(connection, question.other), network):
        said = {"other_email": question.email, "source": question.source, "network": network}
        put(connection, Purpose.MOVE, subscriber, question.other, **said, network_address=network_address)
    return answered(connection, question, subscriber)


def _arrive(
    connection: Connection, question: Confirmation, source: str, network_address: str | None
) -> Confirmation | None:
    """The new mailbox agrees: the person moves, and the former mailbox is told."""
    subscriber, former = question.subscriber, address_of(connection, question.subscriber)
    if not former or former != question.other or not may_move(connection, subscriber):
        return None
    at, digests = clock.now(), sorted(active_at(connection, subscriber))
    there = connection.scalar(select(subscribers.c.id).where(subscribers.c.email == question.email))
    let_back(connection, there or subscriber, question.email, digests, source)
    move(connection, subscriber, question.email, at=at, source=source, network_address=network_address)
    done = answered(connection, question, lives_of(connection, subscriber)[-1])
    bound = (Purpose.ALLOW_MOVE, Purpose.MOVE, Purpose.ERASE)
    drop_open(connection, subscriber, bound, "they have moved since")
    put(
        connection,
        Purpose.MOVED,
        subscriber,
        former,
        other_email=question.email,
        digests=digests,
        asked_at=at,
        source=source,
    )
    return done
