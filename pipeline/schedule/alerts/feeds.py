"""Feeds that are broken, or silent for longer than usual for them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, not_, or_, select

from pipeline.core.tables import feeds, posts
from pipeline.schedule.alerts.alert import Alert

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import Connection

    from pipeline.core.config import Config

BROKEN_FOR = timedelta(days=1)
"""Shorter outages end without anybody's help."""

SILENT_TIMES, SILENT_AT_LEAST = 3, timedelta(weeks=2)
"""How many times its usual gap a feed may be silent, and for how long in any case."""

LOOKED_AT = 21
FEWEST = 4
"""Posts whose dates say how long the usual gap is: at most, and at least."""


def alerts(connection: Connection, config: Config, now: datetime) -> Iterator[Alert]:
    configured = [feed.url for feed in config.feeds]
    for feed in connection.execute(select(feeds).where(feeds.c.url.in_(configured))):
        about = f"feed-{feed.id}"
        if feed.failing_since is not None:
            if feed.failing_since <= now - BROKEN_FOR:
                facts = {
                    "feed": feed.url,
                    "since": f"{feed.failing_since:%Y-%m-%d}",
                    "reason": feed.error or "",
                }
                yield Alert("feed_broken", about, feed.failing_since, "feed_broken", facts)
        elif feed.fetched_at is not None:
            dates = _dates(connection, feed.id, now)
            # Silent until it was last read: nobody knows what came since.
            if dates and feed.fetched_at - dates[0] > _patience(dates):
                facts = {"feed": feed.url, "since": f"{dates[0]:%Y-%m-%d}"}
                yield Alert("feed_silent", about, dates[0], "feed_silent", facts)


def _dates(connection: Connection, feed: int, now: datetime) -> list[datetime]:
    """When its last posts appeared, the newest first."""
    date = func.coalesce(posts.c.published, posts.c.first_seen)
    query = (
        select(date)
        # An undated post of the first pull may be of any age; some feeds have dates such as 2103.
        .where(
            posts.c.feed_id == feed, or_(posts.c.published.is_not(None), not_(posts.c.initial)), date <= now
        )
        .order_by(date.desc())
        .limit(LOOKED_AT)
    )
    return list(connection.scalars(query))


def _patience(dates: list[datetime]) -> timedelta:
    if len(dates) < FEWEST:
        return timedelta.max
    usual = (dates[0] - dates[-1]) / (len(dates) - 1)
    return max(SILENT_TIMES * usual, SILENT_AT_LEAST)
