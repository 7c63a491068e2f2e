"""Who was refused in an edition waits once more, after the reason was mended."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sqlalchemy import and_, bindparam, exists, func, insert, or_, select, update

from pipeline.core.locks import one_at_a_time
from pipeline.core.tables.installation import marks
from pipeline.core.tables.ledger import batches, events, recipients
from pipeline.editions.ledger.batch_states import BatchState, RecipientState
from subscribers.sets import among

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from pipeline.editions.edition import Edition

REASON = "refused before; to be handed over again"


def wait_again(connection: Connection, edition: Edition, size: int) -> int:
    """Let who is `failed` wait again, in new batches of ``size`` behind all others; how many they are.

    A refusal proves that they were not handed the letter, and two things speak against it: an event of theirs
    in this edition, and a restore since, for the lost database may have handed it over. Those stay as they
    are. Whoever left meanwhile is withheld when the batch is claimed. The caller holds the digest's lock and
    locked the audience.
    """
    failed = _failed(connection, edition)
    one_at_a_time(connection, f"batches-{edition.id}")  # else two would give the same number
    newest = select(func.max(batches.c.number)).where(batches.c.edition_id == edition.id)
    number = connection.execute(newest).scalar() or 0
    moved: Counter[int] = Counter()
    for start in range(0, len(failed), size):
        number += 1
        some = failed[start : start + size]
        people = [who for who, _ in some]
        connection.execute(
            insert(batches).values(
                edition_id=edition.id,
                number=number,
                state=BatchState.WAITING,
                first=people[0],
                last=people[-1],
                size=len(people),
                reason=REASON,
            )
        )
        connection.execute(
            update(recipients)
            .where(
                recipients.c.edition_id == edition.id,
                recipients.c.subscriber_id.between(people[0], people[-1]),
                recipients.c.state == RecipientState.FAILED,
                among(connection, recipients.c.subscriber_id, people),
            )
            .values(batch=number, state=None, reason=None, at=None)
        )
        moved.update(batch for _, batch in some)
    if moved:
        left = [{"of": edition.id, "its": batch, "gone": people} for batch, people in moved.items()]
        connection.execute(_LEFT, left)
    return len(failed)


_LEFT = (
    update(batches)
    .where(batches.c.edition_id == bindparam("of"), batches.c.number == bindparam("its"))
    .values(size=batches.c.size - bindparam("gone"))
)


def _failed(connection: Connection, edition: Edition) -> list[tuple[int, int]]:
    """Who surely was not handed the letter: subscriber and batch, in the order of subscribers."""
    query = (
        select(recipients.c.subscriber_id, recipients.c.batch)
        .where(
            recipients.c.edition_id == edition.id,
            recipients.c.state == RecipientState.FAILED,
            ~exists().where(
                and_(events.c.edition == edition.slug, events.c.subscriber_id == recipients.c.subscriber_id)
            ),
            ~exists().where(
                marks.c.name == "restored",
                or_(recipients.c.at.is_(None), recipients.c.at <= marks.c.at),
            ),
        )
        .order_by(recipients.c.subscriber_id)
    )
    return [(row[0], row[1]) for row in connection.execute(query)]
