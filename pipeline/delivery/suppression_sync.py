"""Takes over SendGrid's own suppression lists."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from pipeline.providers.choice import suppression_lists
from pipeline.providers.sendgrid.suppressions import LISTS
from subscribers.reports import Report, apply_reports
from subscribers.sets import among
from subscribers.suppression import Reason
from subscribers.tables import subscribers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

    from pipeline.core.app import Installation
    from pipeline.providers.sendgrid.suppressions import Listed


@dataclass(frozen=True, slots=True)
class Synced:
    """How many addresses the lists hold, by reason, and how many of them changed something here."""

    bounced: int
    complained: int
    unsubscribed: int
    new: int
    unreadable: int


def sync(installation: Installation, progress: Callable[[int, int], None] | None = None) -> Synced:
    """Suppress everyone whom SendGrid suppresses. Each page is a transaction of its own, and stays.

    ``progress`` is called with the number of lists done and of all. Raises ConfigError for another provider,
    and ProviderError when a list cannot be read completely.
    """
    counted: Counter[Reason] = Counter()
    new, unreadable = 0, 0
    with suppression_lists(installation.config) as lists:
        for number, (name, reason) in enumerate(LISTS.items()):
            if progress:
                progress(number, len(LISTS))
            for page in lists.pages(name):
                listed = [one for one in page if one is not None]
                counted[reason] += len(listed)
                unreadable += len(page) - len(listed)
                with installation.database.write() as connection:
                    new += _take(connection, listed, reason)
    if progress:
        progress(len(LISTS), len(LISTS))
    return Synced(
        bounced=counted[Reason.BOUNCED],
        complained=counted[Reason.COMPLAINED],
        unsubscribed=counted[Reason.UNSUBSCRIBED],
        new=new,
        unreadable=unreadable,
    )


def _take(connection: Connection, listed: Sequence[Listed], reason: Reason) -> int:
    query = select(subscribers.c.email, subscribers.c.id).where(
        among(connection, subscribers.c.email, [one.address for one in listed])
    )
    people = {row.email: row.id for row in connection.execute(query)}
    reports = [Report(one.address, people.get(one.address), reason, one.at, one.said) for one in listed]
    return len(apply_reports(connection, reports, "SendGrid"))
