"""The ledger by person: what somebody was handed, and who was handed what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select

from pipeline.core.tables.editions import editions
from pipeline.core.tables.ledger import batches, recipients
from pipeline.editions.edition import EditionKind
from pipeline.editions.ledger.batch_states import NOT_HANDED, RecipientState
from pipeline.editions.ledger.outcomes import JOINED, told_at, told_state
from subscribers import times
from subscribers.sets import among
from subscribers.tables import merged

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection, Select


def of_subscriber(connection: Connection, subscriber: int) -> list[dict[str, Any]]:
    """The editions a person was a recipient of, newest first."""
    query = (
        select(editions.c.slug, told_state.label("state"), told_at.label("at"), batches.c.welcome)
        .select_from(JOINED.join(editions, editions.c.id == recipients.c.edition_id))
        # By edition, for that is how recipients are found: by the person alone, all of them would be read.
        .where(recipients.c.edition_id.in_(select(editions.c.id)), recipients.c.subscriber_id == subscriber)
        .order_by(editions.c.id.desc())
    )
    return [
        {
            "slug": row.slug,
            "state": row.state,
            "at": times.iso_or_none(row.at),
            "welcome": row.welcome,
        }
        for row in connection.execute(query)
    ]


def has_had(connection: Connection, lives: Collection[int], digest: str) -> bool:
    """Whether a letter of the digest's posts went, goes or perhaps went to one of these ids."""
    query = select(recipients.c.edition_id).where(
        recipients.c.edition_id.in_(
            select(editions.c.id).where(editions.c.digest == digest, editions.c.kind == EditionKind.POSTS)
        ),
        recipients.c.subscriber_id.in_(lives),
        or_(recipients.c.state.is_(None), recipients.c.state.not_in(NOT_HANDED)),
    )
    return connection.execute(query.limit(1)).first() is not None


def is_in(connection: Connection, subscriber: int, edition: int) -> bool:
    """Whether the person stands in the edition's ledger, whatever became of them."""
    query = select(recipients.c.subscriber_id).where(
        recipients.c.edition_id == edition, recipients.c.subscriber_id == subscriber
    )
    return connection.execute(query).first() is not None


def readers_of(edition: int) -> Select[tuple[int]]:
    """A select of who was handed an edition, surely or perhaps, by every id that they moved to since."""
    handed = select(recipients.c.subscriber_id.label("id")).select_from(JOINED)
    reached = handed.where(
        recipients.c.edition_id == edition, told_state.in_((RecipientState.SENT, RecipientState.UNCERTAIN))
    ).cte("reached", recursive=True)
    moved = select(merged.c.new_id).join(reached, merged.c.old_id == reached.c.id)
    return select(reached.union(moved).c.id)


def handed_over(
    connection: Connection, people: Collection[int], since: Collection[str]
) -> dict[int, list[str]]:
    """The editions that each person was handed over in, oldest first, from the oldest of ``since`` on.

    By edition, for that is how recipients are found: looked for by the person alone, all of them are read.
    """
    oldest = select(func.min(editions.c.id)).where(among(connection, editions.c.slug, sorted(since)))
    recent = list(connection.scalars(select(editions.c.id).where(editions.c.id >= oldest.scalar_subquery())))
    query = (
        select(recipients.c.subscriber_id, editions.c.slug)
        .select_from(JOINED.join(editions, editions.c.id == recipients.c.edition_id))
        .where(
            among(connection, recipients.c.edition_id, recent),
            among(connection, recipients.c.subscriber_id, sorted(people)),
            told_state.in_((RecipientState.SENT, RecipientState.UNCERTAIN)),
        )
        .order_by(editions.c.id)
    )
    found: dict[int, list[str]] = {}
    for person, slug in connection.execute(query):
        found.setdefault(person, []).append(slug)
    return found
