"""Who an edition is for: fixed when it starts to be sent, a page at a time so that others can write between.

The edition is `approved` until the last page is in, and `sending` with that one; what a process that died
halfway left behind is thrown away by the next. A person of a page already taken may leave meanwhile (the
claim of the batch sees to it) or move to another address (theirs is the one that was taken).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, literal, select, true, update

from pipeline.tables import batches, editions, recipients
from subscribers import sets
from subscribers.audience import mailable
from subscribers.tables import subscriptions

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime

    from sqlalchemy import Connection, Row, Select, Subquery

    from pipeline.database import Writing

PAGE = 10_000
"""About how many recipients a transaction takes: 30 ms on SQLite."""


def take(
    writing: Writing,
    edition: Row[Any],
    today: date,
    batch_size: int,
    at: datetime,
    with_the_last: Callable[[Connection], None] = lambda connection: None,
) -> bool:
    """Fix who the edition is for, in batches of ``batch_size``; False when others own it or have done so.

    Whoever moved the edition last out of "nobody takes its snapshot" owns it: ``at`` is their mark.
    ``with_the_last`` is called in the transaction that makes it `sending`.
    """
    with writing() as connection:
        if not _own(connection, edition.id, at):
            return False
    each = max(1, PAGE // batch_size)
    number, last = 0, 0
    while True:
        with writing() as connection:
            if not _still_ours(connection, edition.id, at):
                return False
            people = _behind(edition.digest, today, last, each * batch_size).subquery()
            reached = _page(connection, edition.id, people, number, batch_size)
            if reached is None:
                begun = update(editions).where(editions.c.id == edition.id).values(status="sending")
                connection.execute(begun)
                with_the_last(connection)
                return True
        number, last = number + each, reached


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


def _behind(digest: str, today: date, last: int, most: int) -> Select[tuple[int, str]]:
    walked = subscriptions.c.subscriber_id
    return mailable(digest, today).where(walked > last).order_by(walked).limit(most)


def _page(connection: Connection, edition: int, people: Subquery, number: int, batch_size: int) -> int | None:
    """Take people into batches from ``number`` on; the id of the last one, None when there are none."""
    ends = select(func.min(people.c.id), func.max(people.c.id))
    first, last = connection.execute(ends).one()
    if last is None:
        return None
    place = func.row_number().over(order_by=people.c.id) - 1
    chosen = select(literal(edition), people.c.id, people.c.email, number + place // batch_size).where(true())
    columns = ["edition_id", "subscriber_id", "email", "batch"]
    # A conflict: somebody has taken over the address of one who was in an earlier page.
    taken = sets.insert(connection, recipients).from_select(columns, chosen).on_conflict_do_nothing()
    connection.execute(taken)
    grouped = (
        select(
            recipients.c.edition_id,
            recipients.c.batch,
            literal("waiting"),
            func.min(recipients.c.subscriber_id),
            func.max(recipients.c.subscriber_id),
            func.count(),
        )
        .where(recipients.c.edition_id == edition, recipients.c.subscriber_id.between(first, last))
        .group_by(recipients.c.edition_id, recipients.c.batch)
    )
    made = insert(batches).from_select(["edition_id", "number", "state", "first", "last", "size"], grouped)
    connection.execute(made)
    return int(last)
