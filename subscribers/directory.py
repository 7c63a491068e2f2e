"""What staff do with one person: add, unsubscribe, suppress, look up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from subscribers import consent, digest_names, staff_log, suppression, times
from subscribers.addresses import clean_name, normalise
from subscribers.audience import lock_audience_shared
from subscribers.consent import Action
from subscribers.errors import SubscriberError
from subscribers.leaving import leave
from subscribers.people import Person, Status, Subscription
from subscribers.subscribing import begin_as_agreed, keep_person
from subscribers.suppression import STAFFS, Reason
from subscribers.tables import subscribers, subscriptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

SELF_SERVICE = "They can sign up again themselves."
REMEDIES = {
    Reason.BOUNCED: (
        "Mail to it came back as undeliverable: ask the person for another address, or let them confirm anew "
        "(`rapport subscribers add ADDRESS --confirm`)."
    ),
    Reason.UNSUBSCRIBED: SELF_SERVICE,
    Reason.MANUAL: "Staff decided this by hand: ask them before you do anything.",
    Reason.COMPLAINED: "They reported a letter as spam: mailing them again would harm everyone's delivery.",
    Reason.FORGOTTEN: f"They asked to be erased. {SELF_SERVICE}",
}
"""What staff can do about someone who may not be added."""


@dataclass(frozen=True, slots=True)
class DigestCount:
    digest: str
    active: int
    pending: int
    unsubscribed: int


@dataclass(frozen=True, slots=True)
class Stats:
    digests: tuple[DigestCount, ...]
    suppressed: dict[Reason, int]


def add(
    connection: Connection,
    email: str,
    *,
    name: str = "",
    digests: Sequence[str],
    wording: str,
    source: str,
    actor: str = "",
) -> Person:
    """Add someone who agreed elsewhere: they are active at once, with that evidence.

    Of an active person it keeps the new evidence, too, and the name if there was none. Raises SubscriberError
    for someone who is suppressed or unsubscribed from one of ``digests``: only they can undo that.
    """
    email, wording = normalise(email), consent.evidence(wording)
    lock_audience_shared(connection)
    digests = digest_names.present(connection, digests)
    _refuse_suppressed(connection, email)
    _refuse_unsubscribed(connection, email, digests)
    subscriber_id = keep_person(connection, email, clean_name(name))
    for digest in digests:
        begin_as_agreed(connection, subscriber_id, digest)
        consent.record(connection, subscriber_id, Action.ADDED, digest=digest, wording=wording, source=source)
    staff_log.record(connection, "add", staff_log.subscriber(subscriber_id), actor=actor)
    return _person(connection, email)


def unsubscribe(
    connection: Connection,
    who: str | int,
    *,
    digests: Sequence[str] | None = None,
    source: str,
    actor: str | None = None,
) -> Person | None:
    """End subscriptions to ``digests``, or (None) all of them and all mail to the address. Repeatable.

    An address that is not on the list is suppressed, so that no later import mails it. None for an id that is
    no longer known. ``actor``: who of staff did it, None where none of them did.
    """
    subscriber_id, email = _found(connection, who)
    if email is None:
        return None
    if actor is not None:
        detail = "" if digests is None else ", ".join(digests)
        whom = staff_log.subscriber(subscriber_id)
        staff_log.record(connection, "unsubscribe", whom, detail=detail, actor=actor)
    if subscriber_id is None:
        suppression.suppress(connection, email, Reason.UNSUBSCRIBED, source)
        return _person(connection, email)
    for digest in (None,) if digests is None else digest_names.present(connection, digests):
        leave(connection, subscriber_id, digest=digest, source=source)
    return _person(connection, email)


def suppress(connection: Connection, email: str, *, reason: str, source: str, actor: str = "") -> Person:
    """Suppress an address by staff's decision, with their reason. Repeatable."""
    reason = consent.staffs_reason(reason)
    lock_audience_shared(connection)
    # The reason is kept with the suppression, too: an address that is not on the list has no history.
    new = suppression.suppress(connection, email, Reason.MANUAL, f"{source}: {reason}")
    person = _noted(connection, email, Action.SUPPRESSED if new else None, reason, source)
    staff_log.record(connection, "suppress", staff_log.subscriber(person.id), actor=actor)
    return person


def lift(connection: Connection, who: str, *, reason: str, source: str, actor: str = "") -> Person:
    """Lift the suppressions that staff may lift: a bounce, a complaint, their own decision.

    ``who`` is an address, or a person's number. Raises SubscriberError when there is none: what people did
    themselves only they can undo.
    """
    reason, email = consent.staffs_reason(reason), _address(connection, who)
    lifted = suppression.lift(connection, email, STAFFS)
    if not lifted:
        found = suppression.reason_for(connection, email)
        raise SubscriberError(
            f"Nothing that staff can lift keeps this address from mail{f': {found}' if found else ''}.",
            REMEDIES[found] if found else "Look at `rapport subscribers show`.",
            code="suppressed",
        )
    told = f"{', '.join(lifted)}: {reason}"
    person = _noted(connection, email, Action.LIFTED, told, source)
    whom = staff_log.subscriber(person.id)
    staff_log.record(connection, "lift", whom, detail=", ".join(lifted), actor=actor)
    return person


def person(connection: Connection, who: str) -> Person | None:
    """What is known of an address, or of the person with that number; None if nothing is."""
    found = _person(connection, _address(connection, who))
    return None if found.id is None and found.suppression is None else found


def stats(connection: Connection, digests: Iterable[str]) -> Stats:
    """How many people each of ``digests`` has, and any other digest with people; and each suppression."""
    found: dict[str, dict[str, int]] = {digest: {} for digest in digests}
    by_status = (
        select(subscriptions.c.digest, subscriptions.c.status, func.count())
        .group_by(subscriptions.c.digest, subscriptions.c.status)
        .order_by(subscriptions.c.digest)
    )
    for digest, status, number in connection.execute(by_status):
        found.setdefault(digest, {})[status] = number
    counted = (
        DigestCount(digest, *(n.get(s, 0) for s in (Status.ACTIVE, Status.PENDING, Status.UNSUBSCRIBED)))
        for digest, n in found.items()
    )
    return Stats(tuple(counted), suppression.counts(connection))


def _noted(connection: Connection, email: str, action: Action | None, reason: str, source: str) -> Person:
    person = _person(connection, normalise(email))
    if person.id is not None and action is not None:
        consent.record(connection, person.id, action, wording=reason, source=source)
        return _person(connection, person.email)
    return person


def _refuse_suppressed(connection: Connection, email: str) -> None:
    found = suppression.find(connection, email)
    if found is not None:
        raise SubscriberError(
            f"This address gets no mail since {times.day(found.at)}: {found.reason}.",
            REMEDIES[found.reason],
            code="suppressed",
        )


def _refuse_unsubscribed(connection: Connection, email: str, digests: Sequence[str]) -> None:
    row = connection.execute(
        select(subscriptions.c.digest, subscriptions.c.since)
        .join_from(subscribers, subscriptions, subscribers.c.id == subscriptions.c.subscriber_id)
        .where(
            subscribers.c.email == email,
            subscriptions.c.digest.in_(digests),
            subscriptions.c.status == Status.UNSUBSCRIBED.value,
        )
    ).first()
    if row is not None:
        raise SubscriberError(
            f"This person unsubscribed from {row.digest} on {times.day(row.since)}.",
            SELF_SERVICE,
            code="unsubscribed",
        )


def _address(connection: Connection, who: str) -> str:
    """The address that staff mean, who know people by their numbers, too: notices name no address."""
    if who.isdecimal() and len(who) < 19:
        known = select(subscribers.c.email).where(subscribers.c.id == int(who))
        email: str | None = connection.scalar(known)
        if email is None:
            raise SubscriberError(
                f"There is no subscriber {who}.", "Name an address, or a number of the list.", code="unknown"
            )
        return email
    return normalise(who)


def _found(connection: Connection, who: str | int) -> tuple[int | None, str | None]:
    if isinstance(who, str):
        email = normalise(who)
        return connection.scalar(select(subscribers.c.id).where(subscribers.c.email == email)), email
    return who, connection.scalar(select(subscribers.c.email).where(subscribers.c.id == who))


def _person(connection: Connection, email: str) -> Person:
    reason = suppression.reason_for(connection, email)
    row = connection.execute(select(subscribers).where(subscribers.c.email == email)).first()
    if row is None:
        return Person(None, email, "", reason, (), ())
    kept = connection.execute(
        select(subscriptions).where(subscriptions.c.subscriber_id == row.id).order_by(subscriptions.c.digest)
    )
    return Person(
        id=row.id,
        email=row.email,
        name=row.name,
        suppression=reason,
        subscriptions=tuple(Subscription(s.digest, Status(s.status), s.since, s.paused_until) for s in kept),
        consent=consent.history(connection, row.id),
    )
