"""On the day after: what became of a letter, in numbers, for staff who want to know (staff.day_after)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from pipeline.core.destination import OUTBOX
from pipeline.core.tables.editions import editions
from pipeline.core.tables.installation import notices
from pipeline.editions.edition import EditionKind, EditionStatus
from pipeline.schedule.alerts.alert import RECENT, Alert

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import Connection

    from pipeline.core.config import Config

KIND = "day_after"
AFTER = timedelta(days=1)
"""Most of what bounces, and of those who leave because of a letter, is known by then."""


def alerts(connection: Connection, config: Config, now: datetime) -> Iterator[Alert]:
    if not config.staff.day_after:
        return
    told = select(notices.c.about).where(notices.c.kind == KIND)
    query = (
        select(editions.c.slug, editions.c.digest, editions.c.finished_at)
        .where(
            editions.c.status == EditionStatus.SENT,
            editions.c.kind != EditionKind.WELCOME,
            editions.c.provider != OUTBOX,
            editions.c.finished_at.between(now - RECENT, now - AFTER),
            editions.c.slug.not_in(told),
        )
        .order_by(editions.c.id)
    )
    for slug, digest, finished in connection.execute(query).all():
        yield Alert(KIND, slug, None, KIND, _figures(connection, slug, finished), digest, urgent=False)


def _figures(connection: Connection, slug: str, finished: datetime) -> dict[str, str]:
    # Here and not above: once a week there is something to count.
    from pipeline.editions import became
    from subscribers import growth

    found = became.of(connection, slug)
    assert found is not None, "it was sent"
    figures = {
        "sent": found.people["sent"],
        "bounced": found.bounced,
        "doubtful": found.people["uncertain"],
        "complained": found.reported.get("spamreport", 0),
        "left": found.left,
        "joined": growth.joined_since(connection, finished),
    }
    return {name: f"{number:,}" for name, number in figures.items()}
