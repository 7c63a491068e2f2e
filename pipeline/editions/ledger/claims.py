"""A batch made somebody's to hand over, and what became of it: the moves of the ledger.

A batch is handed over only by whoever moved it from ``waiting`` to ``sending``, one guarded UPDATE that is
committed before the request: nobody is handed over twice. The outcome is written after it, by the attempt,
and only forward: what events have proven accepted stays so, whatever the answer said.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, bindparam, func, or_, select, update

from pipeline.core.tables.editions import editions
from pipeline.core.tables.ledger import batches, events
from pipeline.editions.edition import Edition, EditionStatus
from pipeline.editions.ledger import members
from pipeline.editions.ledger.batch_states import BatchState, RecipientState
from subscribers.audience import lock_audience

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date, datetime

    from sqlalchemy import ColumnElement, Connection


LATER = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240))
"""How long who was put off is left alone, the first time, the second …; after the last they are given up."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A batch that is ours to hand over. ``members`` are subscriber id and address, withheld ones gone."""

    edition: int
    number: int
    attempt: str
    members: Sequence[tuple[int, str]]
    owner: str = ""
    tries: int = 0


# What is asked for every batch is built once: to build it costs more than to run it.

_READY = (
    batches.c.state == BatchState.WAITING,
    or_(
        batches.c.next_try.is_(None),
        batches.c.next_try <= bindparam("now"),
        batches.c.next_try > bindparam("beyond"),  # written by a clock that was ahead
    ),
)
_SENDING = or_(
    editions.c.status == EditionStatus.SENDING,
    and_(editions.c.status == EditionStatus.SENT, editions.c.tripped_at.is_(None)),
)
"""In an edition that is `sent` a batch waits only when it is to be sent again (delivery.on_uncertain); not
when too many bounced or complained."""

_WAITING = (
    select(batches)
    .where(batches.c.edition_id == bindparam("edition"), *_READY)
    .order_by(batches.c.number)
    .limit(1)
    .with_for_update(skip_locked=True)
)
# Locked against a change: a cancel must not free the posts of an edition whose batch is being claimed.
_GOING = (
    select(editions.c.id).where(editions.c.id == bindparam("edition"), _SENDING).with_for_update(read=True)
)
_CLAIM = (
    update(batches)
    .where(
        batches.c.edition_id == bindparam("of"),
        batches.c.number == bindparam("its"),
        batches.c.state == BatchState.WAITING,
    )
    .values(
        state=BatchState.SENDING,
        attempt=bindparam("made_attempt"),
        owner=bindparam("made_owner"),
        at=bindparam("made_at"),
        reason=None,
    )
)


def claim(
    connection: Connection, edition: Edition, today: date, at: datetime, owner: str = ""
) -> Claim | None:
    """The next batch that may be handed over, made ours; None when there is none, or the edition is paused.

    Who may no longer be mailed is withheld in the same transaction: it comes right before every attempt,
    so that whoever left before it is not in the request.
    """
    lock_audience(connection)
    batch = connection.execute(_WAITING, {"edition": edition.id} | _ready_at(at)).one_or_none()
    if batch is None or connection.execute(_GOING, {"edition": edition.id}).first() is None:
        return None
    attempt = uuid.uuid4().hex
    made = {"made_attempt": attempt, "made_owner": owner, "made_at": at}
    ours = connection.execute(_CLAIM, {"of": edition.id, "its": batch.number} | made)
    if ours.rowcount != 1:
        return None
    people = members.to_hand_over(connection, edition, batch, today, at)
    return Claim(edition.id, batch.number, attempt, people, owner, batch.tries)


def next_try(connection: Connection, edition: int) -> datetime | None:
    """When the next of the batches that were put off may be tried again; None: there are none, or the edition
    is not being sent."""
    query = select(func.min(batches.c.next_try)).join(editions, editions.c.id == batches.c.edition_id)
    query = query.where(batches.c.edition_id == edition, batches.c.state == BatchState.WAITING, _SENDING)
    found: datetime | None = connection.execute(query).scalar()
    return found


def waits(connection: Connection, edition: int, at: datetime) -> bool:
    """Whether a batch of the edition could be claimed now."""
    query = select(batches.c.number).join(editions, editions.c.id == batches.c.edition_id)
    query = query.where(batches.c.edition_id == edition, *_READY, _SENDING).limit(1)
    return connection.execute(query, _ready_at(at)).first() is not None


def _ready_at(at: datetime) -> dict[str, datetime]:
    return {"now": at, "beyond": at + LATER[-1]}


def _under_way(edition: int) -> tuple[ColumnElement[bool], ...]:
    # A welcome is handed over, and settled, by others (ledger/welcome.py).
    return (
        batches.c.edition_id == edition,
        batches.c.state == BatchState.SENDING,
        ~batches.c.welcome,
    )


def owners(connection: Connection, edition: int) -> list[str]:
    """Whose the batches are that were claimed and have no outcome yet."""
    query = select(batches.c.owner).where(*_under_way(edition))
    return [owner or "" for owner in connection.scalars(query.distinct())]


def under_way(connection: Connection, edition: int) -> list[Claim]:
    """The batches of an edition that were claimed and have no outcome yet."""
    rows = connection.execute(select(batches).where(*_under_way(edition))).all()
    return [
        Claim(edition, row.number, row.attempt, members.untold(connection, row), row.owner or "", row.tries)
        for row in rows
    ]


def sent(connection: Connection, claim: Claim, at: datetime) -> bool:
    """It was taken. False when that, or another outcome, was written already."""
    return _close(connection, claim, BatchState.SENT, at, None, also=BatchState.UNCERTAIN)


def uncertain(connection: Connection, claim: Claim, at: datetime, reason: str) -> None:
    """Handed over, and no answer; or `sent`, when its events came before the answer did not."""
    proven = select(events.c.id).where(events.c.batch == claim.attempt).limit(1)
    if connection.execute(proven).first() is not None:
        sent(connection, claim, at)
    else:
        _close(connection, claim, BatchState.UNCERTAIN, at, reason)


def refused(connection: Connection, claim: Claim, at: datetime, reason: str | None) -> bool:
    """Surely not taken: it waits for another try. False when events say otherwise."""
    return _close(connection, claim, BatchState.WAITING, at, reason)


def set_aside(
    connection: Connection,
    claim: Claim,
    people: Mapping[int, str],
    at: datetime,
    state: RecipientState = RecipientState.FAILED,
) -> None:
    """People who fared otherwise than their batch (`failed`, `uncertain`), each with the reason."""
    for subscriber, reason in people.items():
        members.fared(connection, claim.edition, subscriber, state=state, reason=reason, at=at)


def found_sent(connection: Connection, claim: Claim, people: Collection[int], at: datetime) -> None:
    """People of a batch without an outcome who were surely handed over."""
    for subscriber in people:
        members.fared(connection, claim.edition, subscriber, state=RecipientState.SENT, reason=None, at=at)


_CLOSE = (
    update(batches)
    .where(
        batches.c.edition_id == bindparam("of"),
        batches.c.number == bindparam("its"),
        batches.c.attempt == bindparam("very"),
        or_(batches.c.state == BatchState.SENDING, batches.c.state == bindparam("before")),
    )
    .values(state=bindparam("to"), at=bindparam("when"), reason=bindparam("why"))
)


def _close(
    connection: Connection,
    claim: Claim,
    state: BatchState,
    at: datetime,
    reason: str | None,
    also: BatchState = BatchState.SENDING,
) -> bool:
    """Write an outcome of this very attempt, if its batch is still `sending`, or in the state ``also``."""
    which = {"of": claim.edition, "its": claim.number, "very": claim.attempt, "before": also}
    return connection.execute(_CLOSE, which | {"to": state, "when": at, "why": reason}).rowcount == 1
