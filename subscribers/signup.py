"""Signing up: a stranger asks, and nothing happens to an address until somebody confirms from there.

Asking does the same work whether the address is known, unknown or suppressed, and whether a mail goes out is
decided later, from the queue: so neither the answer nor its time tells who reads a letter.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from subscribers import clock, consent, suppression
from subscribers.addresses import clean_name, normalise
from subscribers.consent import Action
from subscribers.moving import may_move, move
from subscribers.people import Status
from subscribers.sets import insert
from subscribers.subscribing import await_answer, begin
from subscribers.suppression import OWN
from subscribers.tables import confirmations, subscribers, subscriptions

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
    mailbox = suppression.mailbox(connection, email)
    if not _patient(connection, mailbox):
        return None
    # The name stays with the question until it is answered: it may be a stranger's joke.
    subscriber = _kept(connection, email)
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
        mailbox,
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
    mailbox = suppression.mailbox(connection, email)
    if not _patient(connection, mailbox):
        return None
    return _put(
        connection,
        Purpose.MOVE,
        subscriber,
        email,
        mailbox,
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
    )


def confirm(
    connection: Connection, confirmation: int, *, source: str, network_address: str | None = None
) -> Confirmation | None:
    """The owner of the mailbox says yes: their subscriptions are active, and what they undid is undone.

    Repeatable while it holds. None when the question is gone, was answered and ended again since, or when
    the address gets nothing for a reason that is not the person's own (it bounced, complained, staff).
    """
    asked = waiting(connection, confirmation)
    if asked is None or not may_be_asked(connection, asked.email):
        return None
    if asked.state is State.CONFIRMED:
        # An old mail opened again must not bring back who left meanwhile.
        return asked if _still_holds(connection, asked) else None
    subscriber = asked.subscriber
    if asked.purpose is Purpose.MOVE:
        if not may_move(connection, subscriber):
            return None
        suppression.lift(connection, asked.email, OWN)
        move(connection, subscriber, asked.email, source=source, network_address=network_address)
    else:
        suppression.lift(connection, asked.email, OWN)
        # Looked up again: the person who had this address may have moved to another since it was asked.
        subscriber = _kept(connection, asked.email)
        _begin(connection, subscriber, asked, source, network_address)
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
    connection: Connection, subscriber: int, asked: Confirmation, source: str, network_address: str | None
) -> None:
    for digest in asked.digests:
        begin(
            connection,
            subscriber,
            digest,
            wording=asked.wording,
            source=source,
            network_address=network_address,
        )
    if asked.name:
        connection.execute(update(subscribers).where(subscribers.c.id == subscriber).values(name=asked.name))


def _still_holds(connection: Connection, asked: Confirmation) -> bool:
    if asked.purpose is Purpose.MOVE:
        query = select(subscribers.c.id).where(subscribers.c.email == asked.email)
        return connection.execute(query).first() is not None
    active = select(func.count()).where(
        subscriptions.c.subscriber_id == asked.subscriber,
        subscriptions.c.digest.in_(asked.digests),
        subscriptions.c.status == Status.ACTIVE.value,
    )
    return connection.scalar(active) == len(asked.digests)


def _patient(connection: Connection, mailbox: str) -> bool:
    now = clock.now()
    for span, most in PATIENCE:
        sent = select(func.count()).where(
            confirmations.c.mailbox == mailbox,
            confirmations.c.asked_at > now - span,
            confirmations.c.state != State.DROPPED.value,
        )
        if (connection.scalar(sent) or 0) >= most:
            return False
    return True


def _kept(connection: Connection, email: str) -> int:
    connection.execute(
        insert(connection, subscribers)
        .values(email=email, name="", created_at=clock.now())
        .on_conflict_do_nothing(index_elements=["email"])
    )
    return int(connection.execute(select(subscribers.c.id).where(subscribers.c.email == email)).scalar_one())


def _put(
    connection: Connection, purpose: Purpose, subscriber: int, email: str, mailbox: str, **said: object
) -> int:
    now = clock.now()
    made = connection.execute(
        confirmations.insert()
        .values(
            purpose=purpose.value,
            subscriber_id=subscriber,
            email=email,
            mailbox=mailbox,
            asked_at=now,
            state=State.QUEUED.value,
            next_try=now,
            **said,
        )
        .returning(confirmations.c.id)
    )
    return int(made.scalar_one())
