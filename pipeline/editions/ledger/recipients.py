"""Who an edition is for: fixed when it starts to be sent, a page at a time so that others can write between.

One statement reads the list into a temporary table: one state of it, in which an address belongs to one
person (it is unique there) and a person stands once (the key of ``recipients``). So nobody gets into an
edition twice, whatever addresses are edited meanwhile. The edition is `approved` until the last page is in,
and `sending` with that one; what a process that died halfway left behind is thrown away by the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Column, MetaData, String, Table, delete, func, insert, literal, select, update

from pipeline.core.tables.editions import editions
from pipeline.core.tables.ledger import batches, recipients
from pipeline.editions.edition import Edition, EditionStatus
from pipeline.editions.ledger.batch_states import BatchState
from pipeline.editions.ledger.readers import readers_of
from subscribers.audience import mailable
from subscribers.sets import among
from subscribers.tables import Id, subscribers, subscriptions

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime

    from sqlalchemy import Connection

    from pipeline.core.database import Database, Session

PAGE = 10_000
"""About how many recipients a transaction takes: 20 ms on SQLite."""

_audience = Table(
    "audience",
    MetaData(),
    Column("place", Id, primary_key=True),  # from 1, in the order of ids
    Column("id", Id),
    Column("email", String(320)),
    prefixes=["TEMPORARY"],
)


def take(
    database: Database,
    edition: Edition,
    today: date,
    batch_size: int,
    at: datetime,
    begin: Callable[[Connection, int], None],
) -> bool:
    """Fix who the edition is for, in batches of ``batch_size``; False when others own that or have done it.

    Whoever put their mark ``at`` on the approved edition last owns it. ``begin`` is called with the edition's
    id in the transaction of the last page, and makes it `sending`.
    """
    with database.session() as session:
        try:
            return _taken(session, edition, today, batch_size, at, begin)
        finally:
            session.end()  # and the table of addresses with it


def _taken(
    session: Session,
    edition: Edition,
    today: date,
    batch_size: int,
    at: datetime,
    begin: Callable[[Connection, int], None],
) -> bool:
    with session.write() as connection:
        if not _own(connection, edition.id, at):
            return False
    with session.read() as connection:
        total = _look(connection, edition, today)
    each = max(1, PAGE // batch_size) * batch_size
    for first in range(1, max(total, 1) + 1, each):
        last = min(first + each - 1, total)
        with session.write() as connection:
            if not _still_ours(connection, edition.id, at):
                return False
            _take(connection, edition.id, first, last, batch_size)
            if last == total:
                begin(connection, edition.id)
    return True


def discard(connection: Connection, edition: int) -> None:
    """Throw away what was taken for an edition that is not being sent; who was at it takes no more."""
    connection.execute(update(editions).where(editions.c.id == edition).values(snapshot_at=None))
    connection.execute(delete(recipients).where(recipients.c.edition_id == edition))
    connection.execute(delete(batches).where(batches.c.edition_id == edition))


def _own(connection: Connection, edition: int, at: datetime) -> bool:
    approved = select(editions.c.id).where(
        editions.c.id == edition, editions.c.status == EditionStatus.APPROVED
    )
    if connection.execute(approved.with_for_update()).first() is None:
        return False
    discard(connection, edition)
    connection.execute(update(editions).where(editions.c.id == edition).values(snapshot_at=at))
    return True


def _still_ours(connection: Connection, edition: int, at: datetime) -> bool:
    query = select(editions.c.id).where(
        editions.c.id == edition, editions.c.status == EditionStatus.APPROVED, editions.c.snapshot_at == at
    )
    return connection.execute(query.with_for_update()).first() is not None


def _look(connection: Connection, edition: Edition, today: date) -> int:
    """Read who may be mailed, of a correction those who have what it corrects; how many they are."""
    _audience.create(connection)
    everybody = mailable(edition.digest, today)
    if edition.readers_of is not None:
        everybody = everybody.where(subscribers.c.id.in_(readers_of(edition.readers_of)))
    everybody = everybody.order_by(subscriptions.c.subscriber_id)
    connection.execute(insert(_audience).from_select(["id", "email"], everybody))
    return int(connection.execute(select(func.coalesce(func.max(_audience.c.place), 0))).scalar_one())


def _take(connection: Connection, edition: int, first: int, last: int, batch_size: int) -> None:
    """Make recipients, in their batches, of the places ``first`` to ``last``; both begin and end a batch."""
    number = (_audience.c.place - 1) // batch_size
    people = select(literal(edition), _audience.c.id, _audience.c.email, number)
    columns = ["edition_id", "subscriber_id", "email", "batch"]
    page = people.where(_audience.c.place.between(first, last))
    connection.execute(insert(recipients).from_select(columns, page))
    ends = [(start, min(start + batch_size - 1, last)) for start in range(first, last + 1, batch_size)]
    places = sorted({place for both in ends for place in both})
    found = select(_audience.c.place, _audience.c.id).where(among(connection, _audience.c.place, places))
    ids = {row.place: row.id for row in connection.execute(found)}
    made = [
        {
            "edition_id": edition,
            "number": (start - 1) // batch_size,
            "state": BatchState.WAITING,
            "first": ids[start],
            "last": ids[end],
            "size": end - start + 1,
        }
        for start, end in ends
    ]
    if made:
        connection.execute(insert(batches), made)
