"""Signing up: a stranger asks, and an address gets no letter until its owner confirms.

Asking does the same work whether the address is known, unknown or suppressed; whether a mail goes out is
decided later, from the queue. So neither the answer nor its time tells who reads a letter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select

from subscribers import consent, digest_names, hashes, mail_limits, own_mailbox, welcomes
from subscribers.addresses import clean_name, normalise
from subscribers.audience import lock_audience_shared
from subscribers.confirmations import (
    Confirmation,
    Purpose,
    State,
    answered,
    may_answer,
    put,
    waiting,
)
from subscribers.consent import Action
from subscribers.people import Status
from subscribers.subscribing import await_answer, begin, keep_person, let_back
from subscribers.tables import merged, subscriptions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection


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
    if not mail_limits.count_question(connection, hashes.mailbox(connection, email), network):
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
    return put(
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


def confirm(
    connection: Connection, confirmation: int, *, source: str, network_address: str | None = None
) -> Confirmation | None:
    """The owner of the mailbox says yes: what the question was about is done.

    The subscriptions of a sign-up become active, and what kept mail from the address is lifted: their own no,
    and a bounce, for the mail has arrived. Repeatable while what it began lasts. None when the question is
    gone or was dropped, when what it began was ended again since, or when the address is suppressed for
    another reason (a complaint, staff, a bounce after the mail). To erase is in pipeline/subscriptions/: it
    touches more than the list.
    """
    lock_audience_shared(connection)
    question = waiting(connection, confirmation)
    if question is None or question.state is State.DROPPED or not may_answer(connection, question):
        return None
    if question.purpose is not Purpose.SUBSCRIBE:
        return own_mailbox.confirm(connection, question, source, network_address)
    if question.state is State.CONFIRMED:
        # Opening an old mail again must not subscribe somebody who unsubscribed meanwhile.
        return question if _still_holds(connection, question) else None
    # Looked up again: the person who had this address may have moved since the question was asked. A name is
    # filled in but never replaced: a stranger may have asked, and the reader who says yes would be renamed.
    subscriber = keep_person(connection, question.email, question.name)
    _begin(connection, subscriber, question, source, network_address)
    return answered(connection, question, subscriber)


def _begin(
    connection: Connection, subscriber: int, question: Confirmation, source: str, network_address: str | None
) -> None:
    before = welcomes.active(connection, subscriber)
    let_back(connection, subscriber, question.email, question.digests, source)
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
    welcomes.put(connection, subscriber, [digest for digest in question.digests if digest not in before])


def _still_holds(connection: Connection, question: Confirmation) -> bool:
    active = select(func.count()).where(
        subscriptions.c.subscriber_id == question.subscriber,
        subscriptions.c.digest.in_(question.digests),
        subscriptions.c.status == Status.ACTIVE.value,
    )
    return connection.scalar(active) == len(question.digests)
