"""How the list grows: who joined and who left by month, from where they came. Numbers only, nobody's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import distinct, func, select

from subscribers.consent import Action
from subscribers.tables import consents

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection

JOINED = (Action.ADDED, Action.IMPORTED, Action.CONFIRMED, Action.RESUBSCRIBED)
"""What makes somebody get letters."""

MOST_SOURCES = 12


class Month(NamedTuple):
    """``name`` as in 2026-11, in UTC."""

    name: str
    joined: int
    left: int


class Source(NamedTuple):
    """Where people said yes: a form, a file, staff."""

    name: str
    people: int


def months(connection: Connection, since: datetime) -> list[Month]:
    """Each month since then in which anybody joined or left, the first first."""
    month = _month(connection)
    found: dict[str, dict[bool, int]] = {}
    for actions in (JOINED, (Action.UNSUBSCRIBED,)):
        query = (
            select(month, func.count(distinct(consents.c.subscriber_id)))
            .where(consents.c.action.in_(actions), consents.c.at >= since)
            .group_by(month)
        )
        for name, people in connection.execute(query):
            found.setdefault(name, {})[actions is JOINED] = people
    return [Month(name, of.get(True, 0), of.get(False, 0)) for name, of in sorted(found.items())]


def joined_since(connection: Connection, since: datetime) -> int:
    """How many joined since then, whichever digest."""
    query = select(func.count(distinct(consents.c.subscriber_id))).where(
        consents.c.action.in_(JOINED), consents.c.at >= since
    )
    return connection.scalar(query) or 0


def sources(connection: Connection, since: datetime) -> list[Source]:
    """From where those came who joined since then, the most frequent first."""
    people = func.count(distinct(consents.c.subscriber_id))
    query = (
        select(consents.c.source, people)
        .where(consents.c.action.in_(JOINED), consents.c.at >= since)
        .group_by(consents.c.source)
        .order_by(people.desc(), consents.c.source)
        .limit(MOST_SOURCES)
    )
    return [Source(source, number) for source, number in connection.execute(query)]


def left_between(connection: Connection, digest: str, moments: Sequence[datetime]) -> list[int]:
    """How many left a digest between each of these moments and the next, the last of them until now."""
    if not moments:
        return []
    query = select(consents.c.at).where(
        consents.c.action == Action.UNSUBSCRIBED,
        consents.c.at >= moments[0],
        consents.c.digest.is_(None) | (consents.c.digest == digest),
    )
    counted = [0] * len(moments)
    place = 0
    for at in sorted(connection.scalars(query)):
        while place + 1 < len(moments) and at >= moments[place + 1]:
            place += 1
        counted[place] += 1
    return counted


def _month(connection: Connection) -> ColumnElement[str]:
    if connection.dialect.name == "sqlite":
        return func.strftime("%Y-%m", consents.c.at)
    return func.to_char(func.timezone("UTC", consents.c.at), "YYYY-MM")
