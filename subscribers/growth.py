"""How the list grows: who joined and who left by month, from where they came. Numbers only, nobody's own."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import bindparam, distinct, func, select

from subscribers import clock
from subscribers.consent import Action
from subscribers.tables import consents

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

JOINED = (Action.ADDED, Action.IMPORTED, Action.CONFIRMED, Action.RESUBSCRIBED)
"""What makes somebody get letters."""

MOST_SOURCES = 12

_FAR = datetime.max.replace(tzinfo=UTC)

# A range of time of one action is one walk along ix_consents_action. To group by month instead takes three
# times as long with a hundred thousand readers: of each record the month is made of its time.
_WITHIN = (consents.c.at >= bindparam("since"), consents.c.at < bindparam("until"))
_PEOPLE = func.count(distinct(consents.c.subscriber_id))
_JOINED = select(_PEOPLE).where(consents.c.action.in_(JOINED), *_WITHIN)
_LEFT = select(_PEOPLE).where(consents.c.action == Action.UNSUBSCRIBED, *_WITHIN)
_LEFT_DIGEST = select(func.count()).where(
    consents.c.action == Action.UNSUBSCRIBED,
    consents.c.digest.is_(None) | (consents.c.digest == bindparam("digest")),
    *_WITHIN,
)


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
    found = []
    for begins, ends in itertools.pairwise(_month_starts(since)):
        joined, left = (
            connection.execute(query, {"since": begins, "until": ends}).scalar_one()
            for query in (_JOINED, _LEFT)
        )
        if joined or left:
            found.append(Month(f"{begins.astimezone(UTC):%Y-%m}", joined, left))
    return found


def joined_since(connection: Connection, since: datetime) -> int:
    """How many joined since then, whichever digest."""
    joined: int = connection.execute(_JOINED, {"since": since, "until": _FAR}).scalar_one()
    return joined


def sources(connection: Connection, since: datetime) -> list[Source]:
    """From where those came who joined since then, the most frequent first."""
    query = (
        select(consents.c.source, _PEOPLE)
        .where(consents.c.action.in_(JOINED), consents.c.at >= since)
        .group_by(consents.c.source)
        .order_by(_PEOPLE.desc(), consents.c.source)
        .limit(MOST_SOURCES)
    )
    return [Source(source, number) for source, number in connection.execute(query)]


def left_between(connection: Connection, digest: str, since: datetime, until: datetime | None) -> int:
    """How many left a digest from the one moment on and before the other; None: until now."""
    given = {"digest": digest, "since": since, "until": until or _FAR}
    left: int = connection.execute(_LEFT_DIGEST, given).scalar_one()
    return left


def _month_starts(since: datetime) -> Iterator[datetime]:
    """That moment and, in UTC, each first of a month after it, until one that lies ahead."""
    yield since
    now, begins = clock.now(), since.astimezone(UTC)
    while begins <= now:
        begins = datetime(begins.year + begins.month // 12, begins.month % 12 + 1, 1, tzinfo=UTC)
        yield begins
