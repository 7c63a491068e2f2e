"""Who an edition is for: fixed when it starts to be sent, a page at a time so that others can write between.

All pages are of one consistent view of the list, in which an address belongs to one person (it is unique
there) and a person stands once (the key of ``recipients``): nobody gets into an edition twice, whatever
addresses are edited meanwhile. The edition is `approved` until the last page is in, and `sending` with that
one; what a process that died halfway left behind is thrown away by the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update

from pipeline.tables import batches, editions, recipients
from subscribers import sets
from subscribers.audience import mailable
from subscribers.tables import subscriptions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date, datetime

    from sqlalchemy import Connection, Row

    from pipeline.database import Database

PAGE = 10_000
"""About how many recipients a transaction takes: 30 ms on SQLite."""


def take(
    database: Database,
    edition: Row[Any],
    today: date,
    batch_size: int,
    at: datetime,
    with_the_last: Callable[[Connection], None] = lambda connection: None,
) -> bool:
    """Fix who the edition is for, in batches of ``batch_size``; False when others own that or have done it.

    Whoever put their mark ``at`` on the approved edition last owns it. ``with_the_last`` is called in the
    transaction that makes it `sending`.
    """
    with database.write() as connection:
        if not _own(connection, edition.id, at):
            return False
    each = max(1, PAGE // batch_size)
    number = 0
    walked = subscriptions.c.subscriber_id
    everybody = mailable(edition.digest, today).order_by(walked)
    with database.view() as looking:
        people = looking.execution_options(yield_per=each * batch_size).execute(everybody)
        for page in people.partitions():
            with database.write() as connection:
                if not _still_ours(connection, edition.id, at):
                    return False
                _take(connection, edition.id, page, number, batch_size)
            number += each
    with database.write() as connection:
        if not _still_ours(connection, edition.id, at):
            return False
        connection.execute(update(editions).where(editions.c.id == edition.id).values(status="sending"))
        with_the_last(connection)
    return True


def discard(connection: Connection, edition: int) -> None:
    """Throw away what was taken for an edition that is not being sent; who was at it takes no more."""
    connection.execute(update(editions).where(editions.c.id == edition).values(snapshot_at=None))
    connection.execute(delete(recipients).where(recipients.c.edition_id == edition))
    connection.execute(delete(batches).where(batches.c.edition_id == edition))


def _own(connection: Connection, edition: int, at: datetime) -> bool:
    approved = select(editions.c.id).where(editions.c.id == edition, editions.c.status == "approved")
    if connection.execute(approved.with_for_update()).first() is None:
        return False
    discard(connection, edition)
    connection.execute(update(editions).where(editions.c.id == edition).values(snapshot_at=at))
    return True


def _still_ours(connection: Connection, edition: int, at: datetime) -> bool:
    query = select(editions.c.id).where(
        editions.c.id == edition, editions.c.status == "approved", editions.c.snapshot_at == at
    )
    return connection.execute(query.with_for_update()).first() is not None


def _take(
    connection: Connection, edition: int, page: Sequence[Row[tuple[int, str]]], number: int, size: int
) -> None:
    """People, by id and address in the order of ids, into batches from ``number`` on."""
    made = []
    for batch, start in enumerate(range(0, len(page), size), start=number):
        people = page[start : start + size]
        ends = {"first": people[0][0], "last": people[-1][0], "size": len(people)}
        made.append({"edition_id": edition, "number": batch, "state": "waiting"} | ends)
        rows = [(edition, subscriber, email, batch) for subscriber, email in people]
        sets.pour(connection, recipients, ("edition_id", "subscriber_id", "email", "batch"), rows)
    connection.execute(insert(batches), made)
