"""Why people of an edition wait, failed, are uncertain or withheld: the ledger's reasons, counted."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, select

from pipeline.core.tables.ledger import batches, recipients
from pipeline.editions.ledger.batch_states import APART, BatchState, RecipientState, told
from pipeline.editions.ledger.outcomes import JOINED, OF_BATCH, OWN_WORDS, counts

if TYPE_CHECKING:
    from sqlalchemy import Connection

MOST_REASONS = 20
"""Reasons of one state that are told. A server may word each of its refusals differently."""

NOBODY = "nobody was handed it"
"""How the reason begins of an edition that is paused at its end, for it reached nobody."""

ALL_LEFT = "everyone whom it was for has left"
"""The reason of an edition that is skipped at its end."""

NO_ANSWER = "handed over; no answer yet"

Reasons = dict[str, dict[str, int]]
"""State, then reason, to a number of people, the most frequent first."""


def reasons(connection: Connection, edition: int) -> Reasons:
    """Why so many of an edition wait, failed, are uncertain or withheld. Who has no reason is not in it.

    It reads batches, and of the people those alone who fared otherwise than their batch.
    """
    found: dict[str, Counter[str]] = {
        state.value: Counter() for state in RecipientState if state != RecipientState.SENT
    }
    for state, reason, number in _of_batches(connection, edition):
        if why := (NO_ANSWER if state == BatchState.SENDING else reason):
            found[told(state)][why] += number
    for of_batch, own, number in _in_own_words(connection, edition):
        found[RecipientState.WAITING][of_batch] -= number
        found[RecipientState.WAITING][own] += number
    for state, counter in found.items():
        counter.update(_of_people(connection, edition, state))
    return {
        state: dict(sorted((+counter).items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_REASONS])
        for state, counter in found.items()
        if +counter
    }


def _of_batches(connection: Connection, edition: int) -> list[tuple[str, str | None, int]]:
    """State, reason and people of the batches that are not sent, without who fared otherwise."""
    columns = (batches.c.state, batches.c.reason)
    unsent = and_(batches.c.edition_id == edition, batches.c.state != BatchState.SENT)
    all_of_them = select(*columns, func.sum(batches.c.size)).where(unsent).group_by(*columns)
    apart = (
        select(*columns, func.count())
        .select_from(JOINED)
        .where(unsent, recipients.c.edition_id == edition, recipients.c.state.in_(APART))
        .group_by(*columns)
    )
    less = {(state, reason): number for state, reason, number in connection.execute(apart)}
    return [
        (state, reason, rest)
        for state, reason, number in connection.execute(all_of_them)
        if (rest := int(number) - less.get((state, reason), 0)) > 0
    ]


def _in_own_words(connection: Connection, edition: int) -> list[tuple[str, str, int]]:
    """Of people who were put off: the batch's reason, what was said of them, and how many they are."""
    query = (
        select(batches.c.reason, recipients.c.reason, func.count())
        .select_from(batches.join(recipients, OF_BATCH))
        # Not claimed since: only then the words are the last. And few batches are so.
        .where(batches.c.edition_id == edition, batches.c.attempt.is_(None), batches.c.at.is_not(None))
        .where(OWN_WORDS, recipients.c.reason != batches.c.reason)
        .group_by(batches.c.reason, recipients.c.reason)
    )
    return [(row[0], row[1], row[2]) for row in connection.execute(query)]


def nobody_has_it(connection: Connection, edition: int) -> str:
    """Why nobody was handed an edition, surely or perhaps; empty when somebody was, or it was for nobody."""
    numbers = counts(connection, edition)
    failed = numbers[RecipientState.FAILED]
    if not numbers["total"] or numbers[RecipientState.SENT] or numbers[RecipientState.UNCERTAIN]:
        return ""
    if not failed:
        return ALL_LEFT
    most = next(iter(reasons(connection, edition)[RecipientState.FAILED]), "")
    return f"{NOBODY}: {failed:,} of {numbers['total']:,} were refused, most of them so: {most}"


def _of_people(connection: Connection, edition: int, state: str) -> dict[str, int]:
    number = func.count().label("number")
    query = (
        select(recipients.c.reason, number)
        .where(
            recipients.c.edition_id == edition,
            recipients.c.state == state,
            recipients.c.reason.is_not(None),
        )
        .group_by(recipients.c.reason)
        .order_by(number.desc(), recipients.c.reason)
        .limit(MOST_REASONS)
    )
    return {row.reason: row.number for row in connection.execute(query)}
