"""Feeds that are broken, silent for longer than usual, full of gaps, with posts that
pass the limits, or moved so that staff must decide."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, not_, or_, select

from pipeline.core.tables.feeds import feeds, posts
from pipeline.editions import decisions
from pipeline.schedule.alerts.alert import RECENT, Alert
from subscribers import times

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from pipeline.core.config import Config
    from pipeline.editions.decisions import Side, Waiting

BROKEN_FOR = timedelta(days=1)
"""Shorter outages end without anybody's help."""

SILENT_TIMES, SILENT_AT_LEAST = 3, timedelta(weeks=2)
"""How many times its usual gap a feed may be silent, and for how long in any case."""

LOOKED_AT = 21
SHOWN = 20
"""Posts that wait for staff, in one mail."""

FEWEST = 4
"""Posts whose dates say how long the usual gap is: at most, and at least."""


def alerts(connection: Connection, config: Config, now: datetime) -> Iterator[Alert]:
    configured, zone = [feed.url for feed in config.feeds], config.newsletter.zone
    for feed in connection.execute(select(feeds).where(feeds.c.url.in_(configured))):
        about = f"feed-{feed.id}"
        if feed.failing_since is not None:
            if feed.failing_since <= now - BROKEN_FOR:
                facts = {
                    "feed": feed.url,
                    "since": times.day_of(feed.failing_since, zone),
                    "reason": feed.error or "",
                }
                yield Alert("feed_broken", about, feed.failing_since, "feed_broken", facts)
        elif feed.fetched_at is not None:
            dates = _dates(connection, feed.id, now)
            # Silent until it was last read: nobody knows what came since.
            if dates and feed.fetched_at - dates[0] > _patience(dates):
                facts = {"feed": feed.url, "since": times.day_of(dates[0], zone)}
                yield Alert("feed_silent", about, dates[0], "feed_silent", facts)
        if feed.gap_at is not None and feed.gap_at > now - RECENT:
            facts = {"feed": feed.url, "lost": feed.gap_posts or 0}
            phrases = "feed_gap" if feed.gap_posts else "feed_gap_unknown"
            yield Alert("feed_gap", about, feed.gap_at, phrases, facts)
        if feed.unread_since is not None:
            since = times.day_of(feed.unread_since, zone)
            facts = {"feed": feed.url, "number": feed.unread, "since": since}
            yield Alert("feed_unread", about, feed.unread_since, "feed_unread", facts)
        yield from _unsure(connection, feed)


def _unsure(connection: Connection, feed: Row[Any]) -> Iterator[Alert]:
    """Told again when others come to wait."""
    waiting = decisions.waiting(connection, feed.id)
    if not waiting:
        return
    lines = [_both_sides(one) for one in waiting[:SHOWN]]
    if len(waiting) > SHOWN:
        lines.append(f"… + {len(waiting) - SHOWN:,}")
    facts = {"feed": feed.url, "posts": "\n\n".join(lines), "number": len(waiting)}
    since = max(one.post.first_seen for one in waiting)
    yield Alert("unsure", f"feed-{feed.id}", since, "unsure", facts)


def _both_sides(one: Waiting) -> str:
    known = f"\n≟ {_named(one.may_be)}" if one.may_be else ""
    return f"{one.post.id}: {_named(one.post)}{known}"


def _named(side: Side) -> str:
    parts = (
        f"“{side.title}”",
        f"{side.published:%Y-%m-%d}" if side.published else "",
        side.url,
        side.edition,
    )
    return ", ".join(filter(None, parts))


_date = func.coalesce(posts.c.published, posts.c.first_seen)

_DATES = (
    select(_date)
    # An undated post of the first pull may be of any age; some feeds have dates such as 2103.
    .where(
        posts.c.feed_id == bindparam("feed"),
        or_(posts.c.published.is_not(None), not_(posts.c.initial)),
        _date <= bindparam("now"),
    )
    .order_by(_date.desc())
    .limit(LOOKED_AT)
)


def _dates(connection: Connection, feed: int, now: datetime) -> list[datetime]:
    """When its last posts appeared, the newest first."""
    return list(connection.scalars(_DATES, {"feed": feed, "now": now}))


def _patience(dates: list[datetime]) -> timedelta:
    if len(dates) < FEWEST:
        return timedelta.max
    usual = (dates[0] - dates[-1]) / (len(dates) - 1)
    return max(SILENT_TIMES * usual, SILENT_AT_LEAST)
