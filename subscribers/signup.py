"""Signing up: a stranger asks, and nothing happens to an address until somebody confirms from there.

Asking does the same work whether the address is known, unknown or suppressed, and whether a mail goes out is
decided later, from the queue: so neither the answer nor its time tells who reads a letter.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, update

from subscribers import clock, consent, suppression
from subscribers.addresses import clean_name, normalise
from subscribers.audience import keep_from_being_fixed
from subscribers.consent import Action
from subscribers.leaving import lives_of
from subscribers.moving import may_move, move
from subscribers.people import Status
from subscribers.subscribing import await_answer, begin, end, keep_person
from subscribers.suppression import OWN
from subscribers.tables import asked, confirmations, merged, subscribers, subscriptions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

DAY, MONTH = timedelta(days=1), timedelta(days=30)
PATIENCE = ((DAY, 3), (MONTH, 6))
"""Most mails that one mailbox gets because somebody, anybody, typed an address of it into the form."""


class Purpose(StrEnum):
    SUBSCRIBE = "subscribe"
    MOVE = "address"


class State(StrEnum):
    """What became of the question. Only a queued one is still to be mailed."""

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
) -> int | None:
    """Write down that somebody asked for ``digests``, and queue the mail that asks them to confirm.

    Gives the confirmation's id; None when the mailbox had all the mails it is to get for now. Raises
    SubscriberError (code ``address``) for an address that no mail reaches.
    """
    email, wording = normalise(email), consent.evidence(wording)
    keep_from_being_fixed(connection)
    if not _patient(connection, suppression.mailbox(connection, email)):
        return None
    # The name stays with the question until it is answered: it may be a stranger's joke.
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
    )


def ask_to_move(
    connection: Connection,
    subscriber: int,
    email: str,
    *,
    source: str,
    network_address: str | None = None,
) -> int | None:
    """Queue the mail that asks the owner of another address whether ``subscriber``'s letters go there.

    As `ask`: the same work for any address, the id or None, SubscriberError for one that no mail reaches.
    """
    email = normalise(email)
    subscriber = lives_of(connection, subscriber)[-1]
    if not _patient(connection, suppression.mailbox(connection, email)):
        return None
    # The one asked last counts: a slip in an address must not stay good for a month.
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
    )


def waiting(connection: Connection, confirmation: int) -> Confirmation | None:
    """What a confirmation's id stands for, answered or not; None when it was erased."""
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
    """The owner of the mailbox says yes: their subscriptions are active, and what they undid is undone.

    Repeatable while it holds. None when the question is gone or was dropped, was answered and ended again
    since, or when the address gets nothing for a reason that is not the person's own (it bounced, complained,
    staff).
    """
    keep_from_being_fixed(connection)
    question = waiting(connection, confirmation)
    if question is None or question.state is State.DROPPED or not may_be_asked(connection, question.email):
        return None
    if question.state is State.CONFIRMED:
        # An old mail opened again must not bring back who left meanwhile.
        return question if _still_holds(connection, question) else None
    subscriber = question.subscriber
    if question.purpose is Purpose.MOVE:
        if not may_move(connection, subscriber):
            return None
        suppression.lift(connection, question.email, OWN)
        move(connection, subscriber, question.email, source=source, network_address=network_address)
        subscriber = lives_of(connection, subscriber)[-1]
    else:
        # Looked up again: the person who had this address may have moved to another since it was asked.
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
        # Under the lid there may be digests that nobody asked for now.
        active = select(subscriptions.c.digest).where(
            subscriptions.c.subscriber_id == subscriber,
            subscriptions.c.status == Status.ACTIVE.value,
            subscriptions.c.digest.not_in(question.digests),
        )
        for digest in connection.scalars(active).all():
            end(connection, subscriber, digest)
            consent.record(connection, subscriber, Action.UNSUBSCRIBED, digest=digest, source=source)
    # Who signs up at an address that somebody left behind is a reader in their own right.
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


def _patient(connection: Connection, mailbox: str) -> bool:
    """Whether the mailbox may be asked once more; counts it."""
    now = clock.now()
    for span, most in PATIENCE:
        before = select(func.count()).where(asked.c.mailbox == mailbox, asked.c.at > now - span)
        if (connection.scalar(before) or 0) >= most:
            return False
    connection.execute(asked.insert().values(mailbox=mailbox, at=now))
    return True


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
