"""Welcomes in the ledger: somebody who confirmed gets an edition alone, in a batch of their own.

The batch is made and claimed in one transaction. What surely was not taken leaves no trace, and the queue
(subscribers/welcomes.py) tries again; all else is as for any batch, and the key of ``recipients`` keeps the
letter from whoever has it.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import delete, func, select, update

from pipeline.core.tables.ledger import batches, recipients
from pipeline.editions.ledger import further
from pipeline.editions.ledger.batch_states import BatchState
from pipeline.editions.ledger.claims import Claim
from pipeline.editions.ledger.further import Further

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection


class Orphan(NamedTuple):
    """A welcome without an outcome whose process is gone."""

    claim: Claim
    subscriber: int
    email: str


def claim(
    connection: Connection, edition: int, subscriber: int, email: str, at: datetime, owner: str
) -> Claim:
    """A batch for one person, ours to hand over."""
    number = further.add(connection, edition, [Further(subscriber, email)], 1, None)
    attempt = uuid.uuid4().hex
    connection.execute(
        update(batches)
        .where(batches.c.edition_id == edition, batches.c.number == number)
        .values(state=BatchState.SENDING, attempt=attempt, owner=owner, at=at, welcome=True)
    )
    return Claim(edition, number, attempt, [(subscriber, email)], owner)


def returned(connection: Connection, claim: Claim) -> bool:
    """Surely not taken: the batch and its person leave the edition. False when events say otherwise."""
    ours = (batches.c.edition_id == claim.edition, batches.c.number == claim.number)
    gone = connection.execute(
        delete(batches).where(
            *ours, batches.c.attempt == claim.attempt, batches.c.state == BatchState.SENDING
        )
    )
    if gone.rowcount != 1:
        return False
    connection.execute(
        delete(recipients).where(
            recipients.c.edition_id == claim.edition,
            recipients.c.subscriber_id == claim.members[0][0],
            recipients.c.batch == claim.number,
        )
    )
    return True


def orphans(connection: Connection) -> list[Orphan]:
    """Every welcome that was claimed and has no outcome. Of who hands them over there is one at a time: when
    that one asks, nobody is at these any more."""
    query = (
        select(batches, recipients.c.subscriber_id, recipients.c.email)
        .join(
            recipients,
            (recipients.c.edition_id == batches.c.edition_id)
            & (recipients.c.subscriber_id == batches.c.first)
            & (recipients.c.batch == batches.c.number),
        )
        .where(batches.c.welcome, batches.c.state == BatchState.SENDING)
    )
    return [
        Orphan(
            Claim(
                row.edition_id,
                row.number,
                row.attempt,
                [(row.subscriber_id, row.email or "")],
                row.owner or "",
            ),
            row.subscriber_id,
            row.email or "",
        )
        for row in connection.execute(query)
    ]


def count(connection: Connection, edition: int) -> int:
    """How many were handed the edition as a welcome, or are being handed it."""
    query = select(func.count()).where(batches.c.edition_id == edition, batches.c.welcome)
    return connection.execute(query).scalar_one()
