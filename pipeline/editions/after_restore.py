"""What a restore makes doubtful: what was done after the backup is not known any more (promise 12).

So nothing that may have left already leaves by itself: what was on its way stops, what waited to go is held,
and so is the first letter of each digest that comes due, until staff have decided.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import and_, exists, func, insert, or_, select, update

from pipeline.core.tables.editions import editions
from pipeline.core.tables.installation import marks
from pipeline.core.tables.ledger import batches
from pipeline.editions import by_staff, numbers, states
from pipeline.editions.edition import EditionStatus
from pipeline.editions.ledger.batch_states import BatchState
from subscribers import times, welcomes

if TYPE_CHECKING:
    from sqlalchemy import Connection

_STOPPED = "restored from a backup"
_WAITED = "who waits may have been handed it since. Resume it only if that cannot be; else cancel it"
_HELD = "it may have been sent since. Approve it only if that cannot be; else cancel it"


class Restore(NamedTuple):
    """When the backup was made, and when it was restored."""

    made: datetime
    at: datetime


def doubt(connection: Connection, made: datetime, at: datetime) -> list[str]:
    """Stop and hold what is open in a database just restored from a backup of ``made``; the slugs.

    Staff decide with `rapport editions resume` (approve) or `cancel`.
    """
    since = f"{_STOPPED} of {times.utc(made)}"
    # `at` stays: whatever lies before the restore is not sent again by silence (doubt.again).
    waited = and_(
        batches.c.state == BatchState.WAITING,
        exists().where(editions.c.id == batches.c.edition_id, editions.c.status == EditionStatus.SENT),
    )
    connection.execute(
        update(batches)
        .where(or_(batches.c.state == BatchState.SENDING, waited))
        .values(
            state=BatchState.UNCERTAIN,
            owner=None,
            next_try=None,
            reason=f"{since}: it is not known whether it was handed over",
        )
    )
    # Its mail may have left since, and nothing here would tell.
    welcomes.drop_all(connection, f"{since}: it may have been handed over since")
    slugs = states.hold_after_restore(connection, midway=f"{since}: {_WAITED}", unsent=f"{since}: {_HELD}")
    by_staff.end_links(connection)
    given = numbers.perhaps_given(connection)
    connection.execute(marks.delete())  # also that it was about to be moved when the backup was made
    connection.execute(insert(marks).values(name="restored", value=made.isoformat(), at=at))
    numbers.leave_out(connection, given, at)
    return slugs


def last(connection: Connection) -> Restore | None:
    """The last restore of this database, if it was restored from a backup."""
    row = connection.execute(select(marks).where(marks.c.name == "restored")).one_or_none()
    return Restore(datetime.fromisoformat(row.value), row.at) if row is not None else None


def unanswered(connection: Connection, digest: str) -> str | None:
    """Why a digest's draft (or the next one) must wait for staff: nobody has decided on one of its letters
    since the restore. To go on with one that was on its way then says nothing of the next."""
    restore = last(connection)
    if restore is None:
        return None
    ended = and_(
        editions.c.status.in_((EditionStatus.CANCELLED, EditionStatus.SKIPPED)),
        editions.c.composed_at.is_not(None),  # else Rapport skipped a due time without posts by itself
        editions.c.finished_at > restore.at,
    )
    decided = select(editions.c.id).where(
        editions.c.digest == digest,
        func.coalesce(editions.c.snapshot_at, restore.at) >= restore.at,
        or_(editions.c.approved_at > restore.at, editions.c.judged_from > restore.at, ended),
    )
    if connection.execute(decided.limit(1)).first() is not None:
        return None
    return f"{_STOPPED} of {times.utc(restore.made)}: {_HELD}"
