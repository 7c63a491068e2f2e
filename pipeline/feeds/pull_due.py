"""Which feeds are to be read now: each at least `every` so often, whether or not a letter is due.

A feed shows its newest posts only. One that is read on Thursdays alone loses for ever what came and went
between two of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from pipeline.core.tables.feeds import feeds
from pipeline.feeds.due import is_due
from subscribers import clock

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from pipeline.core.config import Config
    from pipeline.core.database import Database
    from pipeline.feeds.pull import Pulled


def pull_due(database: Database, config: Config, now: datetime | None = None) -> list[Pulled]:
    """Read the feeds that are due. When none is, it costs one look into the database. Raises nothing."""
    with database.read() as connection:
        urls = due(connection, config, now or clock.now())
    if not urls:
        return []
    from pipeline.feeds.pull import pull  # httpx takes a tenth of a second to import

    return pull(database, config, urls)


def due(connection: Connection, config: Config, now: datetime) -> list[str]:
    """The addresses of the feeds that were last asked longer ago than their `every`, or never."""
    tried = {row.url: row.tried_at for row in connection.execute(select(feeds.c.url, feeds.c.tried_at))}
    return [feed.url for feed in config.feeds if is_due(feed, tried.get(feed.url), now)]
