"""How far editions are that go out: how many readers of how many, how fast, and how long the rest takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, select

from pipeline.core.tables.editions import editions
from pipeline.core.tables.ledger import batches, recipients
from pipeline.editions.edition import UNDER_WAY, EditionStatus
from pipeline.editions.ledger import outcomes
from pipeline.editions.ledger.batch_states import APART, UNFINISHED, BatchState, RecipientState

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection

WINDOW = timedelta(minutes=5)
"""Over how long the rate is measured. A batch of a thousand may take minutes, so less would jump."""


@dataclass(frozen=True, slots=True)
class Progress:
    """``people``: by state, without those ``in_flight``: they are in a request whose answer has not come yet.
    ``rate``: people a second lately; None while that cannot be said. ``provider``: who takes the letters."""

    slug: str
    status: EditionStatus
    provider: str | None
    total: int
    people: Mapping[str, int]
    in_flight: int
    rate: float | None

    @property
    def done(self) -> int:
        """Of how many it is settled what became of them."""
        return self.total - self.people[RecipientState.WAITING] - self.in_flight

    @property
    def stalled(self) -> bool:
        """Whether it is to go out, and nobody was handed it for as long as the rate is measured."""
        return self.status == EditionStatus.SENDING and self.rate == 0

    @property
    def seconds_left(self) -> float | None:
        """How long the rest takes at this rate; None while that cannot be said."""
        return (self.total - self.done) / self.rate if self.rate else None


def under_way(connection: Connection, now: datetime) -> list[Progress]:
    """Of every edition that is being sent or paused midway."""
    return _of(connection, now, editions.c.status.in_(UNDER_WAY))


def of(connection: Connection, slug: str, now: datetime) -> Progress:
    """Of the named edition, which there is."""
    (found,) = _of(connection, now, editions.c.slug == slug)
    return found


def _of(connection: Connection, now: datetime, which: ColumnElement[bool]) -> list[Progress]:
    columns = ("id", "slug", "status", "provider", "snapshot_at", "judged_from")
    query = select(*(editions.c[name] for name in columns)).where(which).order_by(editions.c.id)
    made = []
    for row in connection.execute(query).all():
        people = outcomes.counts(connection, row.id)
        in_flight = _in_flight(connection, row.id, now)
        people[RecipientState.UNCERTAIN] -= in_flight
        # From where on it is measured: it had not begun before, or staff let it go on then.
        moments = (now - WINDOW, row.snapshot_at, row.judged_from)
        since = max(moment for moment in moments if moment is not None)
        rate = None
        if row.status == EditionStatus.SENDING:
            rate = _rate(connection, row.id, since, now)
        total = people.pop("total")
        made.append(
            Progress(row.slug, EditionStatus(row.status), row.provider, total, people, in_flight, rate)
        )
    return made


def _rate(connection: Connection, edition: int, since: datetime, now: datetime) -> float | None:
    settled = select(func.coalesce(func.sum(batches.c.size), 0)).where(
        batches.c.edition_id == edition, batches.c.state.not_in(UNFINISHED), batches.c.at > since
    )
    people = int(connection.execute(settled).scalar_one())
    seconds = (now - since).total_seconds()
    whole = seconds >= WINDOW.total_seconds()
    return people / seconds if seconds >= 1 and (people or whole) else None


def _in_flight(connection: Connection, edition: int, now: datetime) -> int:
    """How many people are in batches that were claimed just now, and whose answer may still come."""
    lately = and_(
        batches.c.edition_id == edition,
        batches.c.state == BatchState.SENDING,
        batches.c.at > now - outcomes.IN_FLIGHT,
    )
    whole = int(
        connection.execute(select(func.coalesce(func.sum(batches.c.size), 0)).where(lately)).scalar_one()
    )
    if not whole:
        return 0
    apart = (
        select(func.count())
        .select_from(batches.join(recipients, outcomes.OF_BATCH))
        .where(lately, recipients.c.state.in_(APART))
    )
    return whole - connection.execute(apart).scalar_one()
