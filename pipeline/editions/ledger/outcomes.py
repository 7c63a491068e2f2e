"""The ledger: the one truth of who was handed over in an edition, and with what outcome.

A person is one row of ``recipients`` in exactly one batch, so what happened to a batch is written once,
whatever its size; a row says more only where a person fared otherwise (withheld, failed). Here it is read;
recipients.py makes the rows, claims.py moves them.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import String, and_, bindparam, case, exists, func, literal, or_, select, union_all, update

from pipeline.core.tables.editions import editions
from pipeline.core.tables.ledger import batches, recipients
from pipeline.editions.edition import UNDER_WAY, EditionStatus
from pipeline.editions.ledger.batch_states import APART, UNFINISHED, BatchState, RecipientState, told
from subscribers import times
from subscribers.tables import welcomes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import Connection, Exists

# As state.told() says it, in SQL.
told_state = func.coalesce(
    recipients.c.state,
    case(
        (batches.c.state == BatchState.SENDING, literal(RecipientState.UNCERTAIN, String)),
        else_=batches.c.state,
    ),
)
JOINED = recipients.join(
    batches, and_(batches.c.edition_id == recipients.c.edition_id, batches.c.number == recipients.c.batch)
)

OF_BATCH = and_(
    recipients.c.edition_id == batches.c.edition_id,
    # The range makes it a walk along the primary key; the number decides.
    recipients.c.subscriber_id.between(batches.c.first, batches.c.last),
    recipients.c.batch == batches.c.number,
)
"""The same from a few batches to their people."""

# Of who shares the batch's state, but was put off with words of their own, until the batch is claimed again.
OWN_WORDS = and_(
    recipients.c.state.is_(None),
    recipients.c.reason.is_not(None),
    batches.c.state == BatchState.WAITING,
    recipients.c.at >= batches.c.at,
)
told_at = case(
    (recipients.c.state.is_(None), batches.c.at), else_=func.coalesce(recipients.c.at, batches.c.at)
)
# Of who fared otherwise than the batch, its reason is not true.
_reason = case((or_(recipients.c.state.is_not(None), OWN_WORDS), recipients.c.reason), else_=batches.c.reason)

GIVEN_UP = "put off"
"""How the reason begins of who failed only because nobody would take the letter for too long."""

REFUSED_US = "no fault of the reader's"
"""How the reason begins of who waits because the server refuses us, and not them."""

RESENT_WITHIN = timedelta(days=7)
"""How long after an edition was sent a batch of it that nobody knows of may be sent again."""

IN_FLIGHT = timedelta(minutes=2)
"""A batch claimed longer ago has lost its owner, or waits for an answer that will not come any more."""

# The editions in a subquery: as a third table of the join SQLite reads the whole ledger for one person, 20 ms
# with 200,000 rows in it; so it is a look into the primary key for each edition that may be under way.
_IN_FLIGHT = (
    select(batches.c.number)
    .select_from(JOINED)
    .where(
        recipients.c.edition_id.in_(
            select(editions.c.id).where(
                or_(
                    *(editions.c.status == status for status in (*UNDER_WAY, EditionStatus.CANCELLED)),
                    # Of one that was sent a batch may be on its way again: delivery.on_uncertain.
                    and_(
                        editions.c.status == EditionStatus.SENT, editions.c.finished_at > bindparam("lately")
                    ),
                    editions.c.id.in_(
                        select(welcomes.c.edition_id).where(
                            welcomes.c.subscriber_id == bindparam("subscriber"),
                            welcomes.c.edition_id.is_not(None),
                        )
                    ),
                )
            )
        ),
        recipients.c.subscriber_id == bindparam("subscriber"),
        recipients.c.state.is_(None),
        batches.c.state == BatchState.SENDING,
        batches.c.at > bindparam("since"),
    )
    .limit(1)
)


def in_flight(connection: Connection, subscriber: int, at: datetime) -> bool:
    """Whether a batch that holds the person was claimed and its provider has not answered yet.

    Whoever leaves meanwhile is told so only after it, or after five seconds, which callers wait at most.
    """
    given = {"subscriber": subscriber, "since": at - IN_FLIGHT, "lately": at - RESENT_WITHIN - IN_FLIGHT}
    return connection.execute(_IN_FLIGHT, given).first() is not None


def forget(connection: Connection, subscriber: int) -> None:
    """Take the address out of every edition's ledger; that somebody was handed over stays counted."""
    every = select(editions.c.id)
    connection.execute(
        update(recipients)
        .where(recipients.c.edition_id.in_(every), recipients.c.subscriber_id == subscriber)
        .values(email=None)
    )


def touched(connection: Connection, edition: int) -> bool:
    """Whether any batch of the edition was ever handed over."""
    query = select(batches.c.number).where(
        batches.c.edition_id == edition,
        (batches.c.state != BatchState.WAITING) | batches.c.attempt.is_not(None),
    )
    return connection.execute(query).first() is not None


def unfinished(connection: Connection, edition: int) -> bool:
    """Whether some of the edition's batches wait or are under way."""
    return connection.execute(select(left(edition))).scalar_one()


def left(edition: int) -> Exists:
    """The same as a condition."""
    return exists().where(
        batches.c.edition_id == edition, batches.c.state.in_(UNFINISHED), ~batches.c.welcome
    )


# Built once: a page of editions counts each of them. And one statement: on PostgreSQL a second one could see
# a later state of the ledger.
_COUNTS = union_all(
    select(batches.c.state, literal(None, String), func.sum(batches.c.size))
    .where(batches.c.edition_id == bindparam("edition"))
    .group_by(batches.c.state),
    select(batches.c.state, recipients.c.state, func.count())
    .select_from(JOINED)
    .where(recipients.c.edition_id == bindparam("edition"), recipients.c.state.in_(APART))
    .group_by(batches.c.state, recipients.c.state),
)


def counts(connection: Connection, edition: int) -> dict[str, int]:
    """How many recipients an edition has, in all and in each state."""
    found = {state.value: 0 for state in RecipientState}
    for of_batch, own, people in connection.execute(_COUNTS, {"edition": edition}):
        if own is None:
            found[told(of_batch)] += int(people)
        else:
            found[told(of_batch)] -= int(people)
            found[own] += int(people)
    return {"total": sum(found.values()), **found}


def bounced(connection: Connection, edition: int) -> int:
    """How many of an edition were refused for good."""
    query = select(func.count()).where(
        recipients.c.edition_id == edition,
        recipients.c.state == RecipientState.FAILED,
        recipients.c.reason.not_like(f"{GIVEN_UP}%"),
    )
    return connection.execute(query).scalar_one()


def refused_us(connection: Connection, edition: int) -> frozenset[int]:
    """Who waits, or is being handed the letter again, after the server refused us for them.

    It reads the people of the batches that are not finished.
    """
    query = (
        select(recipients.c.subscriber_id)
        .select_from(batches.join(recipients, OF_BATCH))
        .where(
            batches.c.edition_id == edition,
            batches.c.state.in_(UNFINISHED),
            recipients.c.state.is_(None),
            recipients.c.reason.startswith(REFUSED_US),
        )
    )
    return frozenset(connection.scalars(query))


def people(connection: Connection, edition: int, state: str | None = None) -> Iterator[dict[str, Any]]:
    """Who an edition was for and what became of each, as `editions recipients` prints it."""
    query = (
        select(
            recipients.c.subscriber_id,
            recipients.c.email,
            told_state.label("state"),
            batches.c.attempt,
            batches.c.welcome,
            told_at.label("at"),
            _reason.label("reason"),
        )
        .select_from(JOINED)
        .where(recipients.c.edition_id == edition)
        .order_by(recipients.c.subscriber_id)
    )
    if state:
        query = query.where(told_state == state)
    for row in connection.execution_options(yield_per=1000).execute(query):
        yield {
            "subscriber": row.subscriber_id,
            "email": row.email,
            "state": row.state,
            "batch": row.attempt,
            "at": times.iso_or_none(row.at),
            "reason": row.reason,
            **({"welcome": True} if row.welcome else {}),
        }
