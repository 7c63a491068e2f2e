"""What a restore makes doubtful: what was done after the backup is not known any more (promise 12).

So nothing that may have left already leaves by itself: what was on its way stops, what waited to go is held,
and so is the first letter of each digest that comes due, until staff have decided.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import and_, case, exists, func, insert, or_, select, update

from pipeline.core.tables import batches, editions, marks
from pipeline.editions.edition import EditionStatus
from pipeline.editions.ledger import recipients

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

UNKNOWN_NUMBERS = 1000
"""More editions than any digest gets between a backup and its restore."""

_NUMBERS = "numbers"

_STOPPED = "restored from a backup"
_WAITED = "who waits may have been handed it since. Resume it only if that cannot be; else cancel it"
_HELD = "it may have been sent since. Approve it only if that cannot be; else cancel it"


class Restore(NamedTuple):
    """When the backup was made, and when it was restored."""

    made: str
    at: datetime


def doubt(connection: Connection, made: datetime, at: datetime) -> list[str]:
    """Stop and hold what is open in a database just restored from a backup of ``made``; the slugs.

    Staff decide with `rapport editions resume` (approve) or `cancel`.
    """
    since = f"{_STOPPED} of {made:%Y-%m-%d %H:%M} UTC"
    # `at` stays: whatever lies before the restore is not sent again by silence (settling.again).
    waited = and_(
        batches.c.state == "waiting",
        exists().where(editions.c.id == batches.c.edition_id, editions.c.status == EditionStatus.SENT),
    )
    connection.execute(
        update(batches)
        .where(or_(batches.c.state == "sending", waited))
        .values(
            state="uncertain",
            owner=None,
            next_try=None,
            reason=f"{since}: it is not known whether it was handed over",
        )
    )
    going = editions.c.status == EditionStatus.SENDING
    reason = case(
        (
            going,
            f"{since}: {_WAITED}",
        ),
        else_=f"{since}: {_HELD}",
    )
    stopped = connection.execute(
        update(editions)
        .where(editions.c.status.in_((EditionStatus.SENDING, EditionStatus.DRAFT, EditionStatus.APPROVED)))
        .values(status=case((going, "paused"), else_="held"), reason=reason, restored=True)
        .returning(editions.c.id, editions.c.slug, editions.c.status)
    ).all()
    # Paused before already, but what waits in it may have been handed over just the same.
    paused = connection.execute(
        update(editions)
        .where(editions.c.status == EditionStatus.PAUSED, editions.c.id.not_in([row.id for row in stopped]))
        .values(reason=f"{since}: {_WAITED}", restored=True)
        .returning(editions.c.slug)
    ).scalars()
    slugs = sorted({row.slug for row in stopped} | set(paused))
    for row in stopped:
        if row.status == EditionStatus.HELD:
            recipients.discard(connection, row.id)  # somebody was at it
    highest = connection.scalar(select(func.max(editions.c.number))) or 0
    numbers = max(highest, last_number(connection)) + UNKNOWN_NUMBERS
    connection.execute(marks.delete())  # also that it was about to be moved when the backup was made
    connection.execute(insert(marks).values(name="restored", value=made.isoformat(), at=at))
    connection.execute(insert(marks).values(name=_NUMBERS, value=str(numbers), at=at))
    return slugs


def last(connection: Connection) -> Restore | None:
    """The last restore of this database, if it was restored from a backup."""
    row = connection.execute(select(marks).where(marks.c.name == "restored")).one_or_none()
    return Restore(row.value, row.at) if row is not None else None


def last_number(connection: Connection) -> int:
    """The highest number of an edition that may have been given before a restore; 0 if there was none.

    None up to it is given again: slug and Message-ID are made of it. Events of a letter that the backup does
    not know would be taken for another's, and mail programs could take that one for the mail they have.
    """
    return int(connection.scalar(select(marks.c.value).where(marks.c.name == _NUMBERS)) or 0)


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
    return f"{_STOPPED} of {restore.made[:16].replace('T', ' ')} UTC: {_HELD}"
