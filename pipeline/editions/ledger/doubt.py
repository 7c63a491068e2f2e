"""What a provider's events tell of doubt: that a batch was taken after all, or that it surely never was.

Whatever bears a batch's id proves that the request arrived: the id is made for one attempt and goes nowhere
else. Silence proves something only where other batches of the edition were heard of, and after longer than
SendGrid keeps trying to tell (24 hours; Event Webhook reference).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, exists, or_, select, true, update

from pipeline.core.locks import one_at_a_time
from pipeline.core.tables.editions import editions
from pipeline.core.tables.installation import marks
from pipeline.core.tables.ledger import batches, events
from pipeline.editions.edition import EditionStatus
from pipeline.editions.ledger import queue
from pipeline.editions.ledger.batch_states import UNFINISHED, BatchState
from pipeline.editions.ledger.outcomes import RESENT_WITHIN
from subscribers.sets import among

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection

SILENCE = timedelta(hours=26)
"""How old an attempt without an answer is before it may be made again: the 24 hours and a margin."""


def proven(connection: Connection, attempts: Collection[str], at: datetime) -> frozenset[int]:
    """Call the batches of these attempts sent, whatever was believed of them; the ids of their editions.

    Forward only: nothing that is `sent` changes. An event may come before the answer it belongs to; whoever
    then records that answer finds the batch no longer in `sending` and leaves it.
    """
    if not attempts:
        return frozenset()
    moved = connection.execute(
        update(batches)
        .where(
            among(connection, batches.c.attempt, sorted(attempts)),
            batches.c.state.in_((*UNFINISHED, BatchState.UNCERTAIN)),
        )
        .values(state=BatchState.SENT, at=at, reason=None, next_try=None)
        .returning(batches.c.edition_id)
    )
    return frozenset(moved.scalars())


def any_welcome(connection: Connection) -> bool:
    """Whether a welcome was claimed and has no outcome."""
    query = select(batches.c.number).where(batches.c.welcome, batches.c.state == BatchState.SENDING)
    return connection.execute(query.limit(1)).first() is not None


def again(connection: Connection, edition: int, now: datetime) -> int:
    """Let an edition's doubtful batches wait to be sent again, those that silence speaks against; how many.

    The attempt's id stays until the next one: an event that comes late still settles it. People who are
    uncertain one by one (SMTP, which has no events) are left as they are. The caller holds the digest's lock.
    """
    one_at_a_time(connection, "events")  # not between the look at what was told and the move
    other = batches.alias()
    others_heard = exists().where(
        and_(
            other.c.edition_id == edition,
            other.c.number != batches.c.number,
            events.c.batch == other.c.attempt,
        )
    )
    moved = connection.execute(
        update(batches)
        .where(
            batches.c.edition_id == edition,
            batches.c.state == BatchState.UNCERTAIN,
            ~batches.c.welcome,  # once for ever, and in other words than the letter's
            batches.c.at <= now - SILENCE,
            batches.c.attempt.is_not(None),
            ~exists().where(events.c.batch == batches.c.attempt),
            others_heard,
            # After a restore silence proves nothing: what was told meanwhile was told to the lost database.
            ~exists().where(marks.c.name == "restored", marks.c.at >= batches.c.at),
        )
        .values(
            state=BatchState.WAITING,
            owner=None,
            next_try=None,
            reason="no answer and no event: to be sent again",
        )
    )
    if moved.rowcount:
        queue.call(connection, edition)
    return moved.rowcount


def give_up(connection: Connection, edition: int, reason: str) -> None:
    """Leave in doubt, for now, who was to be sent again of this edition, if it is `sent`."""
    _give_up(connection, editions.c.id == edition, reason)


def give_up_for_good(connection: Connection, now: datetime, *, resends: bool) -> None:
    """The same of every edition of which nothing is sent again any more: it went out too long ago, or it
    tripped the breaker; of all, unless Rapport ``resends`` (delivery.on_uncertain)."""
    too_old = editions.c.finished_at <= now - RESENT_WITHIN
    over = true() if not resends else or_(too_old, editions.c.tripped_at.is_not(None))
    _give_up(connection, over, "no answer and no event; not sent again")


def _give_up(connection: Connection, which: ColumnElement[bool], reason: str) -> None:
    sent = select(editions.c.id).where(which, editions.c.status == EditionStatus.SENT)
    connection.execute(
        update(batches)
        .where(batches.c.edition_id.in_(sent), batches.c.state == BatchState.WAITING)
        .values(state=BatchState.UNCERTAIN, next_try=None, reason=reason)
    )
