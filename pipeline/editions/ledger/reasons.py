"""Why people of an edition are not simply sent: the reasons that the ledger gives, counted."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, select

from pipeline.core.tables import batches, recipients
from pipeline.editions.ledger.outcomes import APART

if TYPE_CHECKING:
    from sqlalchemy import Connection

MOST = 20
"""Reasons of one state that are told. A server may word each of its refusals differently."""

STATES = ("waiting", "failed", "uncertain", "withheld")

NO_ANSWER = "handed over; no answer yet"

Reasons = dict[str, dict[str, int]]
"""State, then reason, to a number of people, the most frequent first."""


def reasons(connection: Connection, edition: int) -> Reasons:
    """Why so many of an edition wait, failed, are uncertain or withheld. Who has no reason is not in it.

    It reads batches, and of the people those alone who fared otherwise than their batch.
    """
    found: dict[str, Counter[str]] = {state: Counter() for state in STATES}
    for state, reason, number in _of_batches(connection, edition):
        if told := (NO_ANSWER if state == "sending" else reason):
            found["uncertain" if state == "sending" else state][told] += number
    for state, counter in found.items():
        counter.update(_of_people(connection, edition, state))
    return {
        state: dict(sorted(counter.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST])
        for state, counter in found.items()
        if counter
    }


def _of_batches(connection: Connection, edition: int) -> list[tuple[str, str | None, int]]:
    """State, reason and people of the batches that are not sent, without who fared otherwise."""
    columns = (batches.c.state, batches.c.reason)
    unsent = and_(batches.c.edition_id == edition, batches.c.state != "sent")
    all_of_them = select(*columns, func.sum(batches.c.size)).where(unsent).group_by(*columns)
    apart = (
        select(*columns, func.count())
        .join_from(
            recipients,
            batches,
            and_(batches.c.edition_id == recipients.c.edition_id, batches.c.number == recipients.c.batch),
        )
        .where(unsent, recipients.c.edition_id == edition, recipients.c.state.in_(APART))
        .group_by(*columns)
    )
    less = {(state, reason): number for state, reason, number in connection.execute(apart)}
    return [
        (state, reason, left)
        for state, reason, number in connection.execute(all_of_them)
        if (left := int(number) - less.get((state, reason), 0)) > 0
    ]


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
        .limit(MOST)
    )
    return {row.reason: row.number for row in connection.execute(query)}
