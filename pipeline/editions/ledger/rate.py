"""From when on the next mail may go, over all who hand over: `delivery.rate`, and what the provider asks.

A row for each. A wait longer than can be was written by a clock that was ahead, and counts for nothing.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from pipeline.core.tables.ledger import pace
from subscribers.sets import insert

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

LONGEST_TOLD = 900.0
"""Seconds that are waited at the most because a provider said so; then it is asked again."""

_RATE, _TOLD = "mail", "told"


def wait(connection: Connection, now: datetime, longest: float) -> float:
    """Seconds until the next mail may be handed over; nobody else is told so until this transaction ends.

    ``longest`` is what the largest batch costs.
    """
    connection.execute(insert(connection, pace).values(name=_RATE, free_at=now).on_conflict_do_nothing())
    row = select(pace.c.free_at).where(pace.c.name == _RATE).with_for_update()
    return _left(connection.execute(row).scalar_one(), now, longest)


def charge(connection: Connection, mails: int, rate: float, now: datetime) -> None:
    """Count mails that are about to be handed over at ``rate`` a second."""
    free_at = now + timedelta(seconds=mails / rate)
    connection.execute(update(pace).where(pace.c.name == _RATE).values(free_at=free_at))


def told(connection: Connection, now: datetime) -> float:
    """Seconds that are left of what the provider asked to wait."""
    free_at = connection.scalar(select(pace.c.free_at).where(pace.c.name == _TOLD))
    return _left(free_at, now, LONGEST_TOLD) if free_at is not None else 0.0


def hold(connection: Connection, seconds: float, now: datetime) -> None:
    """Have all who hand over wait, as the provider asked."""
    free_at = now + timedelta(seconds=min(seconds, LONGEST_TOLD))
    row = insert(connection, pace).values(name=_TOLD, free_at=free_at)
    connection.execute(row.on_conflict_do_update(index_elements=["name"], set_={"free_at": free_at}))


def _left(free_at: datetime, now: datetime, longest: float) -> float:
    left = (free_at - now).total_seconds()
    return left if 0 < left <= longest + 1 else 0.0
