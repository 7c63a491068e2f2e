"""Signing up: a stranger asks, and an address gets no letter until its owner confirms.

Asking does the same work whether the address is known, unknown or suppressed; whether a mail goes out is
decided later, from the queue. So neither the answer nor its time tells who reads a letter.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, update

from subscribers import clock, consent, digest_names, mail_limits, suppression
from subscribers.addresses import clean_name, normalise
from subscribers.audience import lock_audience_shared
from subscribers.consent import Action
from subscribers.leaving import lives_of
from subscribers.moving import may_move, move
from subscribers.people import Status
from subscribers.subscribing import await_answer, begin, end, keep_person
from subscribers.suppression import OWN
from subscribers.tables import confirmations, merged, subscribers, subscriptions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection


class Purpose(StrEnum):
    SUBSCRIBE = "subscribe"
    MOVE = "address"


class State(StrEnum):
    """The state of a question. Only a queued one is still to be mailed."""

    QUEUED = "queued"
    MAILED = "mailed"
    CONFIRMED = "confirmed"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A question to a mailbox: did its owner ask for this?"""

    id: int
    purpose: Purpose
    subscriber: int
    email: str
    name: str
    digests: tuple[str, ...]
    wording: str
    source: str
    asked_at: datetime
    state: State
    tries: int


def ask(
    connection: Connection,
    email: str,
    *,
    name: str = "",
    digests: Sequence[str],
    wording: str,
    source: str,
    network_address: str | None = None,
    by_staff: bool = False,
) -> int | None:
    """Record that somebody asked for ``digests``, and queue the mail that asks them to confirm.

    The confirmation's id; None when the mailbox has got as many such mails as it may for now. Raises
    SubscriberError (code ``address``) for an address that no mail reaches.
    """
    email, wording = normalise(email), consent.evidence(wording)
    lock_audience_shared(connection)
    digests = digest_names.present(connection, digests)
    network = None if by_staff else mail_limits.network(connection, network_address)
    if not mail_limits.count_question(connection, suppression.mailbox(connection, email), network):
        return None
    # The name is kept with the question until that is answered: it may be a stranger's joke.
    subscriber = keep_person(connection, email)
    for digest in digests:
        await_answer(connection, subscriber, digest)
        consent.record(
            connection,
            subscriber,
            Action.REQUESTED,
            digest=digest,
            wording=wording,
            source=source,
            network_address=network_address,
        )
    return _put(
        connection,
        Purpose.SUBSCRIBE,
        subscriber,
        email,
        name=clean_name(name),
        digests=list(digests),
        wording=wording,
        source=source,
        network_address=network_address,
        network=network,
    )


def ask_to_move(
    connection: Connection,
    subscriber: int,
    email: str,
    *,
    source: str,
    network_address: str | None = None,
) -> int | None:
    """Queue the mail that asks the owner of another address whether ``subscriber``'s letters may go there.

    It works, returns and raises as `ask` does.
    """
    email = normalise(email)
    subscriber = lives_of(connection, subscriber)[-1]
    network = mail_limits.network(connection, network_address)
    if not mail_limits.count_question(connection, suppression.mailbox(connection, email), network):
        return None
    # Only the last one counts: a mistyped address must not stay valid for a month.
    connection.execute(
        update(confirmations)
        .where(
            confirmations.c.subscriber_id == subscriber,
            confirmations.c.purpose == Purpose.MOVE.value,
            confirmations.c.state != State.CONFIRMED.value,
        )
        .values(state=State.DROPPED.value, next_try=None, reason="another address was named after it")
    )
    return _put(
        connection,
        Purpose.MOVE,
        subscriber,
        email,
        digests=[],
        wording="",
        source=source,
        network_address=network_address,
        network=network,
    )


def waiting(connection: Connection, confirmation: int) -> Confirmation | None:
    """The question of an id, answered or not; None when it was erased."""
    row = connection.execute(select(confirmations).where(confirmations.c.id == confirmation)).first()
    if row is None:
        return None
    return Confirmation(
        row.id,
        Purpose(row.purpose),
        row.subscriber_id,
        row.email,
        row.name,
        tuple(row.digests),
        row.wording,
        row.source,
        row.asked_at,
        State(row.state),
        row.tries,
    )


def confirm(
    connection: Connection, confirmation: int, *, source: str, network_address: str | None = None
) -> Confirmation | None:
    """The owner of the mailbox says yes: the subscriptions become active, and their own suppressions are
    lifted.

    Repeatable while the subscriptions last. None when the question is gone or was dropped, when what it began
    was ended again since, or when the address is suppressed for a reason that is not the person's own (a
    bounce, a complaint, staff).
    """
    lock_audience_shared(connection)
    question = waiting(connection, confirmation)
    if question is None or question.state is State.DROPPED or not may_be_asked(connection, question.email):
        return None
    if question.state is State.CONFIRMED:
        # Opening an old mail again must not subscribe somebody who unsubscribed meanwhile.
        return question if _still_holds(connection, question) else None
    subscriber = question.subscriber
    if question.purpose is Purpose.MOVE:
        if not may_move(connection, subscriber):
            return None
        suppression.lift(connection, question.email, OWN)
        move(connection, subscriber, question.email, source=source, network_address=network_address)
        subscriber = lives_of(connection, subscriber)[-1]
    else:
        # Looked up again: the person who had this address may have moved since the question was asked.
        subscriber = keep_person(connection, question.email)
        _begin(connection, subscriber, question, source, network_address)
    connection.execute(
        update(confirmations)
        .where(confirmations.c.id == confirmation)
        .values(subscriber_id=subscriber, state=State.CONFIRMED.value, next_try=None)
    )
    return waiting(connection, confirmation)


def may_be_asked(connection: Connection, email: str) -> bool:
    """Whether a mail that asks for confirmation may go to the address."""
    return suppression.reasons(connection, email) <= OWN


def _begin(
    connection: Connection, subscriber: int, question: Confirmation, source: str, network_address: str | None
) -> None:
    if OWN & set(suppression.lift(connection, question.email, OWN)):
        # The suppression may have hidden active digests that nobody asks for now.
        active = select(subscriptions.c.digest).where(
            subscriptions.c.subscriber_id == subscriber,
            subscriptions.c.status == Status.ACTIVE.value,
            subscriptions.c.digest.not_in(question.digests),
        )
        for digest in connection.scalars(active).all():
            end(connection, subscriber, digest)
            consent.record(connection, subscriber, Action.UNSUBSCRIBED, digest=digest, source=source)
    # Whoever signs up at somebody's former address is a reader of their own.
    connection.execute(delete(merged).where(merged.c.old_id == subscriber))
    for digest in question.digests:
        begin(
            connection,
            subscriber,
            digest,
            wording=question.wording,
            source=source,
            network_address=network_address,
        )
    if question.name:
        connection.execute(
            update(subscribers).where(subscribers.c.id == subscriber).values(name=question.name)
        )


def _still_holds(connection: Connection, question: Confirmation) -> bool:
    if question.purpose is Purpose.MOVE:
        query = select(subscribers.c.id).where(subscribers.c.email == question.email)
        return connection.execute(query).first() is not None
    active = select(func.count()).where(
        subscriptions.c.subscriber_id == question.subscriber,
        subscriptions.c.digest.in_(question.digests),
        subscriptions.c.status == Status.ACTIVE.value,
    )
    return connection.scalar(active) == len(question.digests)


def _put(connection: Connection, purpose: Purpose, subscriber: int, email: str, **said: object) -> int:
    now = clock.now()
    made = connection.execute(
        confirmations.insert()
        .values(
            purpose=purpose.value,
            subscriber_id=subscriber,
            email=email,
            asked_at=now,
            state=State.QUEUED.value,
            next_try=now,
            **said,
        )
        .returning(confirmations.c.id)
    )
    return int(made.scalar_one())
