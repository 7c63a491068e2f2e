"""How the feeds stand, as the last pulls left it: for staff who look."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select

from pipeline.core.tables.feeds import feeds, posts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection


class FeedStand(NamedTuple):
    """``id`` is None of a feed that was never asked. ``fetched``: when it was last read; ``failing``: since
    when it fails, with the ``error``; ``newest``: when its newest post came."""

    url: str
    id: int | None = None
    fetched: datetime | None = None
    failing: datetime | None = None
    error: str = ""
    newest: datetime | None = None
    gap: datetime | None = None


def stands(connection: Connection, urls: Sequence[str]) -> list[FeedStand]:
    """Of each of these feeds, in their order."""
    newest = select(func.max(func.coalesce(posts.c.published, posts.c.first_seen))).where(
        posts.c.feed_id == feeds.c.id
    )
    query = select(feeds, newest.scalar_subquery().label("newest")).where(feeds.c.url.in_(list(urls)))
    known = {
        row.url: FeedStand(
            row.url, row.id, row.fetched_at, row.failing_since, row.error or "", row.newest, row.gap_at
        )
        for row in connection.execute(query)
    }
    return [known.get(url, FeedStand(url)) for url in urls]
