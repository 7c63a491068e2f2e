"""Batches put into an edition behind all others: of people who wait once more, or who came too late."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import bindparam, func, insert, select, update

from pipeline.core.locks import one_at_a_time
from pipeline.core.tables.ledger import batches, recipients
from pipeline.editions.ledger.batch_states import BatchState
from subscribers.sets import among

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection


class Further(NamedTuple):
    """Somebody for a further batch. ``batch``: the one they are in; None: they are new to the edition."""

    subscriber: int
    email: str | None
    batch: int | None = None


def add(
    connection: Connection, edition: int, people: Sequence[Further], size: int, reason: str | None
) -> int:
    """Let ``people``, in the order of their ids, wait in new batches of ``size``; the last one's number.

    Who is in a batch already was not handed over in it, and leaves it. The key of ``recipients`` (edition and
    person) refuses whoever is put in a second time.
    """
    one_at_a_time(connection, f"batches-{edition}")  # else two would give the same number
    newest = select(func.max(batches.c.number)).where(batches.c.edition_id == edition)
    number: int = connection.execute(newest).scalar() or 0
    for start in range(0, len(people), size):
        number += 1
        some = people[start : start + size]
        ends = {"first": some[0].subscriber, "last": some[-1].subscriber, "size": len(some)}
        made = {"edition_id": edition, "number": number, "state": BatchState.WAITING, "reason": reason}
        connection.execute(insert(batches).values(made | ends))
        _move(connection, edition, number, [one for one in some if one.batch is not None])
        new = [
            {"edition_id": edition, "subscriber_id": one.subscriber, "email": one.email, "batch": number}
            for one in some
            if one.batch is None
        ]
        if new:
            connection.execute(insert(recipients), new)
    left = Counter(one.batch for one in people if one.batch is not None)
    if left:
        gone = [{"of": edition, "its": batch, "gone": people} for batch, people in left.items()]
        connection.execute(_LEFT, gone)
    return number


_LEFT = (
    update(batches)
    .where(batches.c.edition_id == bindparam("of"), batches.c.number == bindparam("its"))
    .values(size=batches.c.size - bindparam("gone"))
)


def _move(connection: Connection, edition: int, number: int, people: Sequence[Further]) -> None:
    if not people:
        return
    connection.execute(
        update(recipients)
        .where(
            recipients.c.edition_id == edition,
            recipients.c.subscriber_id.between(people[0].subscriber, people[-1].subscriber),
            among(connection, recipients.c.subscriber_id, [one.subscriber for one in people]),
        )
        .values(batch=number, state=None, reason=None, at=None)
    )
