"""Which letters come: the due times of all digests within a month, each with the edition there is for it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from pipeline.core.cron import due_between, moment_of
from pipeline.editions import find

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from pipeline.core.config import Config

MONTH = timedelta(days=31)

MOST = 40
"""Due times that are told: a letter that goes out every minute would have 44,640."""


class Due(NamedTuple):
    """``status``: of the edition that there is for it; empty before there is one."""

    at: datetime
    digest: str
    edition: str
    status: str


def coming(connection: Connection, config: Config, now: datetime) -> list[Due]:
    """The due times of a month, of all digests, the next first."""
    zone = config.newsletter.zone
    found = []
    for digest in config.digests:
        taken = find.of_due(connection, digest.name, now)
        for due in due_between(digest.schedule, zone, now, now + MONTH, MOST):
            slug, status = taken.get(due, ("", ""))
            found.append(Due(moment_of(due, zone), digest.name, slug, status))
    return sorted(found)[:MOST]
