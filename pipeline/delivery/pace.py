"""`delivery.rate`, over all processes that hand over: one row says from when on the next mail may go."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from pipeline.tables import pace
from subscribers.sets import insert

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

_NAME = "mail"


def wait(connection: Connection, now: datetime) -> float:
    """Seconds until the next mail may be handed over; nobody else is told so until this transaction ends."""
    connection.execute(insert(connection, pace).values(name=_NAME, free_at=now).on_conflict_do_nothing())
    row = select(pace.c.free_at).where(pace.c.name == _NAME).with_for_update()
    free_at: datetime = connection.execute(row).scalar_one()
    return max(0.0, (free_at - now).total_seconds())


def charge(connection: Connection, mails: int, rate: float, now: datetime) -> None:
    """Count mails that are about to be handed over at ``rate`` a second."""
    free_at = now + timedelta(seconds=mails / rate)
    connection.execute(update(pace).where(pace.c.name == _NAME).values(free_at=free_at))
