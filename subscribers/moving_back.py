"""Taking a move back, by the link in the mail that told the former mailbox of it.

Whoever moved away from an address without its owner's knowledge had the mailbox for a moment, and may move
on. So the former address counts more than all that came after it: the person is theirs again wherever they
are by now, and later questions and links of the same kind are good no longer. What somebody ended meanwhile
stays ended, and whoever has signed up at the new address by themselves stays a reader there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, exists, insert, literal, or_, select, update

from subscribers import clock, consent, suppression
from subscribers.confirmations import Confirmation, Purpose, answered, drop_open
from subscribers.consent import BY_MAIL, Action
from subscribers.leaving import lives_of, stopped_since
from subscribers.moving import MOVED_HERE, active_at, join
from subscribers.people import Status
from subscribers.subscribing import begin_as_agreed, end
from subscribers.suppression import Reason
from subscribers.tables import confirmations, consents, merged, subscribers, subscriptions

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection

_LATER = (Purpose.ALLOW_MOVE, Purpose.MOVE, Purpose.ERASE, Purpose.MOVED)


def move_back(
    connection: Connection, question: Confirmation, source: str, network_address: str | None
) -> Confirmation | None:
    """Give the person of the question the address back that they had before; None where it has a reader of
    its own by now, or the person is gone."""
    subscriber, former = question.subscriber, question.email
    known = connection.execute(select(subscribers.c.email).where(subscribers.c.id == subscriber)).first()
    joined = lives_of(connection, subscriber)[-1] != subscriber
    if known is None or (known.email == former and not joined):
        return None
    if known.email != former and not _can_return(connection, question):
        return None
    drop_open(connection, subscriber, _LATER, "the move was taken back", after=question.id)
    if joined:
        _part(connection, question, source, network_address)
    if known.email != former:
        _return(connection, question, known.email, source)
    if stopped_since(connection, former, question.asked_at):
        suppression.lift(connection, former, [Reason.UNSUBSCRIBED])
    consent.record(
        connection,
        subscriber,
        Action.MOVED,
        wording="back to the address before",
        source=source,
        network_address=network_address,
    )
    return answered(connection, question, subscriber)


def _part(connection: Connection, question: Confirmation, source: str, network_address: str | None) -> None:
    """Of a person who had joined another reader's address: each gets again what was their own."""
    subscriber = question.subscriber
    new = connection.scalar(select(merged.c.new_id).where(merged.c.old_id == subscriber))
    assert new is not None, "joined"
    running = active_at(connection, lives_of(connection, subscriber)[-1])
    own = _own(connection, new, question.asked_at)
    connection.execute(delete(merged).where(merged.c.old_id == subscriber))
    for digest in question.digests:
        if digest not in running:
            continue  # ended since, by whoever reads there: a no stays
        connection.execute(
            update(subscriptions)
            .where(subscriptions.c.subscriber_id == subscriber, subscriptions.c.digest == digest)
            .values(status=Status.ACTIVE.value, since=clock.now())
        )
        consent.record(
            connection,
            subscriber,
            Action.RESUBSCRIBED,
            digest=digest,
            source=source,
            network_address=network_address,
        )
    # What the other reader got by the move alone; what they chose since then began at another moment.
    moments = select(confirmations.c.asked_at).where(
        confirmations.c.subscriber_id == subscriber,
        confirmations.c.purpose == Purpose.MOVED.value,
        confirmations.c.id >= question.id,
    )
    by_it = select(subscriptions.c.digest).where(
        subscriptions.c.subscriber_id == new,
        subscriptions.c.status == Status.ACTIVE.value,
        subscriptions.c.since.in_(moments),
    )
    for digest in sorted({*connection.scalars(by_it)} - own):
        end(connection, new, digest)
        consent.record(connection, new, Action.UNSUBSCRIBED, digest=digest, source=source)


def _can_return(connection: Connection, question: Confirmation) -> bool:
    """Not where both mailboxes have signed up by themselves since: neither reads by the move any more."""
    there = connection.scalar(select(subscribers.c.id).where(subscribers.c.email == question.email))
    return (
        there is None
        or not _reads(connection, there)
        or not _own(connection, question.subscriber, question.asked_at)
    )


def _return(connection: Connection, question: Confirmation, present: str, source: str) -> None:
    """Give the person their former address, and leave ``present`` to whoever has signed up there."""
    subscriber = question.subscriber
    own = _own(connection, subscriber, question.asked_at)
    there = connection.scalar(select(subscribers.c.id).where(subscribers.c.email == question.email))
    if there is not None and _reads(connection, there):
        # Somebody has asked for the letter at the former address meanwhile: it goes on from there.
        join(connection, subscriber, there, at=clock.now(), source=source)
        return
    if there is not None:
        _take(connection, there, f"{there}@")
    _take(connection, subscriber, question.email)
    if own:
        if there is None:
            there = _new(connection, present)
        _settle(connection, question, there, own, source)
    if there is not None:
        _take(connection, there, present)
    since = select(subscribers.c.id).where(subscribers.c.created_at >= question.asked_at)
    cut = delete(merged).where(merged.c.new_id == subscriber, merged.c.old_id.in_(since))
    _forget_bare(connection, list(connection.scalars(cut.returning(merged.c.old_id))))


def _settle(connection: Connection, question: Confirmation, there: int, own: set[str], source: str) -> None:
    """Make whoever signed up at the new address by themselves a reader of their own, with their proof."""
    subscriber = question.subscriber
    columns = ["at", "action", "digest", "wording", "source", "network_address"]
    theirs = select(
        literal(there, consents.c.subscriber_id.type), *(consents.c[name] for name in columns)
    ).where(_by_themselves(subscriber, question.asked_at))
    connection.execute(consents.insert().from_select(["subscriber_id", *columns], theirs))
    for digest in sorted(own):
        begin_as_agreed(connection, there, digest)
        if digest not in question.digests:  # theirs alone
            end(connection, subscriber, digest)
            consent.record(connection, subscriber, Action.UNSUBSCRIBED, digest=digest, source=source)
    asked = select(confirmations.c.name).where(
        confirmations.c.subscriber_id == subscriber,
        confirmations.c.purpose == Purpose.SUBSCRIBE.value,
        confirmations.c.id > question.id,
        confirmations.c.name != "",
    )
    for name in connection.scalars(asked).all():
        connection.execute(update(subscribers).where(subscribers.c.id == there).values(name=name))
        mixed = (subscribers.c.id == subscriber, subscribers.c.name == name)
        connection.execute(update(subscribers).where(*mixed).values(name=""))
    connection.execute(
        update(confirmations)
        .where(
            confirmations.c.subscriber_id == subscriber, confirmations.c.purpose == Purpose.SUBSCRIBE.value
        )
        .where(confirmations.c.id > question.id)
        .values(subscriber_id=there)
    )


def _by_themselves(subscriber: int, since: datetime) -> ColumnElement[bool]:
    """The records of who agreed after that moment from a mailbox of their own, or on paper: not by a link in
    a letter, and not by moving."""
    return and_(
        consents.c.subscriber_id == subscriber,
        consents.c.at > since,
        or_(
            consents.c.action.in_([Action.ADDED.value, Action.IMPORTED.value]),
            and_(
                consents.c.action == Action.CONFIRMED.value,
                consents.c.source == BY_MAIL,
                consents.c.wording != MOVED_HERE,
            ),
        ),
    )


def _own(connection: Connection, subscriber: int, since: datetime) -> set[str]:
    """The digests that somebody at the new address agreed to by themselves, and still gets."""
    agreed = select(consents.c.digest).where(_by_themselves(subscriber, since))
    return set(connection.scalars(agreed)) & set(active_at(connection, subscriber))


def _reads(connection: Connection, subscriber: int) -> bool:
    held = select(subscriptions.c.digest).where(subscriptions.c.subscriber_id == subscriber)
    return connection.execute(held.limit(1)).first() is not None


def _new(connection: Connection, email: str) -> int:
    made = (
        insert(subscribers).values(email=email, name="", created_at=clock.now()).returning(subscribers.c.id)
    )
    return int(connection.execute(made).scalar_one())


def _take(connection: Connection, subscriber: int, email: str) -> None:
    connection.execute(update(subscribers).where(subscribers.c.id == subscriber).values(email=email))


def _forget_bare(connection: Connection, ids: list[int]) -> None:
    """Erase the addresses that stood here for the move alone."""
    tables = (subscriptions, consents, confirmations)
    connection.execute(
        delete(subscribers).where(
            subscribers.c.id.in_(ids),
            *(~exists().where(table.c.subscriber_id == subscribers.c.id) for table in tables),
            ~exists().where(or_(merged.c.old_id == subscribers.c.id, merged.c.new_id == subscribers.c.id)),
        )
    )
