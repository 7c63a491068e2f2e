"""The ledger: the one truth of who was handed over in an edition, and with what outcome.

A person is one row of ``recipients`` in exactly one batch, so what happened to a batch is written once,
whatever its size; a row says more only where a person fared otherwise (withheld, failed). A batch is
handed over only by whoever moved it from ``waiting`` to ``sending``, one guarded UPDATE, committed
before the request: nobody is handed over twice. The outcome is written after it.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, case, exists, func, insert, literal, or_, select, update

from pipeline.tables import batches, editions, recipients
from subscribers.audience import fix, mailable, why_not
from subscribers.sets import among
from subscribers.tables import suppressions

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from datetime import date, datetime

    from sqlalchemy import Connection, Row

STATES = ("waiting", "sent", "failed", "uncertain", "withheld")

# A batch in `sending` was handed over and no answer is known: until one is, that is doubt.
_state = func.coalesce(
    recipients.c.state,
    case((batches.c.state == "sending", "uncertain"), else_=batches.c.state),
)
_joined = recipients.join(
    batches, and_(batches.c.edition_id == recipients.c.edition_id, batches.c.number == recipients.c.batch)
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A batch that is ours to hand over. ``members`` are subscriber id and address, withheld ones gone."""

    edition: int
    number: int
    attempt: str
    members: tuple[tuple[int, str], ...]


def snapshot(connection: Connection, edition: Row[Any], today: date, batch_size: int, at: datetime) -> bool:
    """Fix who the edition is for, in this one transaction; False when that was done before.

    Only the move from ``approved`` to ``sending`` owns it: no changed row means someone else has it.
    """
    moved = connection.execute(
        update(editions)
        .where(editions.c.id == edition.id, editions.c.status == "approved")
        .values(status="sending", snapshot_at=at)
    )
    if moved.rowcount != 1:
        return False
    people = mailable(edition.digest, today).subquery()
    place = func.row_number().over(order_by=people.c.id) - 1
    chosen = select(literal(edition.id), people.c.id, people.c.email, place // batch_size)
    connection.execute(
        insert(recipients).from_select(["edition_id", "subscriber_id", "email", "batch"], chosen)
    )
    grouped = (
        select(
            recipients.c.edition_id,
            recipients.c.batch,
            literal("waiting"),
            func.min(recipients.c.subscriber_id),
            func.max(recipients.c.subscriber_id),
            func.count(),
        )
        .where(recipients.c.edition_id == edition.id)
        .group_by(recipients.c.edition_id, recipients.c.batch)
    )
    connection.execute(
        insert(batches).from_select(["edition_id", "number", "state", "first", "last", "size"], grouped)
    )
    return True


def claim(connection: Connection, edition: Row[Any], today: date, at: datetime) -> Claim | None:
    """The next waiting batch, made ours; None when there is none or the edition is no longer being sent.

    Who may no longer be mailed is withheld in the same transaction: it comes right before every attempt,
    so that whoever left before it is not in the request.
    """
    fix(connection)
    waiting = (
        select(batches)
        .where(batches.c.edition_id == edition.id, batches.c.state == "waiting")
        .order_by(batches.c.number)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    # Locked against a change: a cancel must not free the posts of an edition whose batch is being claimed.
    going = select(editions.c.status).where(editions.c.id == edition.id).with_for_update(read=True)
    batch = connection.execute(waiting).one_or_none()
    if batch is None or connection.execute(going).scalar() != "sending":
        return None
    attempt = uuid.uuid4().hex
    ours = connection.execute(
        update(batches)
        .where(_is(edition.id, batch.number), batches.c.state == "waiting")
        .values(state="sending", attempt=attempt, at=at, reason=None)
    )
    if ours.rowcount != 1:
        return None
    return Claim(edition.id, batch.number, attempt, _members(connection, edition, batch, today, at))


def _members(
    connection: Connection, edition: Row[Any], batch: Row[Any], today: date, at: datetime
) -> tuple[tuple[int, str], ...]:
    people = mailable(edition.digest, today).subquery()
    # By the address of the snapshot as well: whoever moved meanwhile may have shut the old one off.
    shut = exists().where(suppressions.c.email == recipients.c.email, recipients.c.email != people.c.email)
    query = (
        select(recipients.c.subscriber_id, recipients.c.email, case((shut, None), else_=people.c.id))
        .outerjoin(people, people.c.id == recipients.c.subscriber_id)
        .where(*_members_of(edition.id, batch), recipients.c.state.is_(None))
        .order_by(recipients.c.subscriber_id)
    )
    members = []
    for subscriber, email, still in connection.execute(query).all():
        if still is None or email is None:
            reason = why_not(connection, subscriber, edition.digest, today) or "moved to another address"
            _set(connection, edition.id, subscriber, state="withheld", reason=reason, at=at)
        else:
            members.append((subscriber, email))
    return tuple(members)


def orphans(connection: Connection, edition: int) -> list[Claim]:
    """Batches whose owner died before it wrote an outcome. Call it only while holding the digest's lock."""
    rows = connection.execute(
        select(batches).where(batches.c.edition_id == edition, batches.c.state == "sending")
    ).all()
    return [Claim(edition, row.number, row.attempt, tuple(_untold(connection, row))) for row in rows]


def _untold(connection: Connection, batch: Row[Any]) -> Iterator[tuple[int, str]]:
    query = select(recipients.c.subscriber_id, recipients.c.email).where(
        *_members_of(batch.edition_id, batch), recipients.c.state.is_(None)
    )
    for subscriber, email in connection.execute(query):
        yield subscriber, email or ""


def record(connection: Connection, claim: Claim, state: str, at: datetime, reason: str | None = None) -> None:
    """Write what became of a batch we own: ``sent``, ``uncertain``, or ``waiting`` for another try."""
    connection.execute(
        update(batches)
        .where(
            _is(claim.edition, claim.number), batches.c.attempt == claim.attempt, batches.c.state == "sending"
        )
        .values(state=state, at=at, reason=reason)
    )


def set_aside(connection: Connection, claim: Claim, reasons: Mapping[int, str], at: datetime) -> None:
    """People the provider will not take: ``failed``, each with its reason."""
    for subscriber, reason in reasons.items():
        _set(connection, claim.edition, subscriber, state="failed", reason=reason, at=at)


def found_sent(connection: Connection, claim: Claim, people: Iterable[int], at: datetime) -> None:
    """People of an orphaned batch who were surely handed over."""
    for subscriber in people:
        _set(connection, claim.edition, subscriber, state="sent", reason=None, at=at)


def halve(connection: Connection, claim: Claim, at: datetime) -> bool:
    """Split a batch that was too large into two that wait; False when it holds one person only."""
    if len(claim.members) < 2:
        return False
    middle = claim.members[len(claim.members) // 2][0]
    newest = select(func.max(batches.c.number)).where(batches.c.edition_id == claim.edition)
    number = (connection.execute(newest).scalar() or 0) + 1
    old = connection.execute(select(batches).where(_is(claim.edition, claim.number))).one()
    connection.execute(
        insert(batches).values(
            edition_id=claim.edition, number=number, state="waiting", first=middle, last=old.last, size=0
        )
    )
    moved = connection.execute(
        update(recipients)
        .where(*_members_of(claim.edition, old), recipients.c.subscriber_id >= middle)
        .values(batch=number)
    )
    connection.execute(update(batches).where(_is(claim.edition, number)).values(size=moved.rowcount))
    connection.execute(
        update(batches)
        .where(_is(claim.edition, claim.number))
        .values(last=middle - 1, size=batches.c.size - moved.rowcount)
    )
    record(connection, claim, "waiting", at, "too large for one request: halved")
    return True


IN_FLIGHT = timedelta(minutes=2)
"""A batch claimed longer ago has lost its owner, or waits for an answer that will not come any more."""


# The editions in a subquery: as a third table of the join SQLite reads the whole ledger for one person, 20 ms
# with 200,000 rows in it; so it is a look into the primary key for each edition that may be under way.
_IN_FLIGHT = (
    select(batches.c.number)
    .select_from(_joined)
    .where(
        recipients.c.edition_id.in_(
            select(editions.c.id).where(
                or_(*(editions.c.status == status for status in ("sending", "paused", "cancelled")))
            )
        ),
        recipients.c.subscriber_id == bindparam("subscriber"),
        recipients.c.state.is_(None),
        batches.c.state == "sending",
        batches.c.at > bindparam("since"),
    )
    .limit(1)
)


def in_flight(connection: Connection, subscriber: int, at: datetime) -> bool:
    """Whether a batch that holds the person was claimed and its provider has not answered yet.

    Whoever leaves meanwhile is told so only after it: then no batch is handed over after the answer.
    """
    given = {"subscriber": subscriber, "since": at - IN_FLIGHT}
    return connection.execute(_IN_FLIGHT, given).first() is not None


def forget(connection: Connection, subscriber: int) -> None:
    """Take the address out of every edition's ledger; that somebody was handed over stays counted."""
    every = select(editions.c.id)
    connection.execute(
        update(recipients)
        .where(recipients.c.edition_id.in_(every), recipients.c.subscriber_id == subscriber)
        .values(email=None)
    )


def unfinished(connection: Connection, edition: int) -> bool:
    """Whether some of the edition's recipients still wait or are in flight."""
    query = select(batches.c.number).where(
        batches.c.edition_id == edition, batches.c.state.in_(("waiting", "sending"))
    )
    return connection.execute(query).first() is not None


def touched(connection: Connection, edition: int) -> bool:
    """Whether any batch of the edition was ever handed over."""
    query = select(batches.c.number).where(
        batches.c.edition_id == edition, (batches.c.state != "waiting") | batches.c.attempt.is_not(None)
    )
    return connection.execute(query).first() is not None


def counts(connection: Connection, edition: int) -> dict[str, int]:
    """How many recipients an edition has, in all and in each state."""
    query = (
        select(_state.label("state"), func.count())
        .select_from(_joined)
        .where(recipients.c.edition_id == edition)
        .group_by(_state)
    )
    found: dict[str, int] = {row[0]: row[1] for row in connection.execute(query)}
    return {"total": sum(found.values()), **{state: found.get(state, 0) for state in STATES}}


def people(connection: Connection, edition: int, state: str | None = None) -> Iterator[dict[str, Any]]:
    """Who an edition was for and what became of each, as `editions recipients` prints it."""
    query = (
        select(
            recipients.c.subscriber_id,
            recipients.c.email,
            _state.label("state"),
            batches.c.attempt,
            func.coalesce(recipients.c.at, batches.c.at).label("at"),
            func.coalesce(recipients.c.reason, batches.c.reason).label("reason"),
        )
        .select_from(_joined)
        .where(recipients.c.edition_id == edition)
        .order_by(recipients.c.subscriber_id)
    )
    if state:
        query = query.where(_state == state)
    for row in connection.execution_options(yield_per=1000).execute(query):
        yield {
            "subscriber": row.subscriber_id,
            "email": row.email,
            "state": row.state,
            "batch": row.attempt,
            "at": row.at.isoformat(timespec="seconds") if row.at else None,
            "reason": row.reason,
        }


def of_subscriber(connection: Connection, subscriber: int) -> list[dict[str, Any]]:
    """The editions a person was a recipient of, newest first."""
    query = (
        select(
            editions.c.slug, _state.label("state"), func.coalesce(recipients.c.at, batches.c.at).label("at")
        )
        .select_from(_joined.join(editions, editions.c.id == recipients.c.edition_id))
        .where(recipients.c.subscriber_id == subscriber)
        .order_by(editions.c.id.desc())
    )
    return [
        {"slug": row.slug, "state": row.state, "at": row.at.isoformat(timespec="seconds") if row.at else None}
        for row in connection.execute(query)
    ]


def handed_over(
    connection: Connection, people: Collection[int], since: Collection[str]
) -> dict[int, list[str]]:
    """The editions that each person was handed over in, oldest first, from the oldest of ``since`` on.

    By edition, for that is how recipients are found: looked for by the person alone, all of them are read.
    """
    oldest = select(func.min(editions.c.id)).where(among(connection, editions.c.slug, sorted(since)))
    recent = list(connection.scalars(select(editions.c.id).where(editions.c.id >= oldest.scalar_subquery())))
    query = (
        select(recipients.c.subscriber_id, editions.c.slug)
        .select_from(_joined.join(editions, editions.c.id == recipients.c.edition_id))
        .where(
            among(connection, recipients.c.edition_id, recent),
            among(connection, recipients.c.subscriber_id, sorted(people)),
            _state.in_(("sent", "uncertain")),
        )
        .order_by(editions.c.id)
    )
    found: dict[int, list[str]] = {}
    for person, slug in connection.execute(query):
        found.setdefault(person, []).append(slug)
    return found


def _is(edition: int, number: int) -> Any:
    return and_(batches.c.edition_id == edition, batches.c.number == number)


def _members_of(edition: int, batch: Row[Any]) -> tuple[Any, ...]:
    # The range makes it a walk along the primary key; the number decides.
    return (
        recipients.c.edition_id == edition,
        recipients.c.subscriber_id.between(batch.first, batch.last),
        recipients.c.batch == batch.number,
    )


def _set(connection: Connection, edition: int, subscriber: int, **values: Any) -> None:
    connection.execute(
        update(recipients)
        .where(recipients.c.edition_id == edition, recipients.c.subscriber_id == subscriber)
        .values(values)
    )
