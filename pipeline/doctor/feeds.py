"""The blog's feeds, fetched and parsed as `pull` does it. Nothing is kept."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit
from urllib.robotparser import RobotFileParser

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from pipeline.core.errors import FeedError, RapportError
from pipeline.core.finding import error, ok, warning
from pipeline.core.tables.feeds import feeds as table
from pipeline.core.tables.feeds import listings, posts
from pipeline.feeds.fetching import outage
from pipeline.feeds.fetching.address import shown
from pipeline.feeds.fetching.attempt import FetchRequest
from pipeline.feeds.fetching.fetch import fetch
from pipeline.feeds.fetching.http import get
from pipeline.feeds.overlap import MORE_ITEMS
from pipeline.feeds.parsing.sandbox import read
from subscribers import clock, times

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from pipeline.core.finding import Finding
    from pipeline.doctor.context import Context

SECONDS = 12.0
"""For all feeds."""

QUIET_DAYS = 60


GAP_SHOWN = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class _Before:
    """What the database knows of a feed: when it was last read, how many posts it listed then, when it last
    shared none with the time before, and how many posts wait for staff."""

    read: datetime | None = None
    listed: int = 0
    gap: datetime | None = None
    lost: int | None = None
    unsure: int = 0


def feeds(context: Context) -> Iterator[Finding]:
    end = time.monotonic() + SECONDS
    known = _known(context)
    for feed in context.config.feeds:
        before = known.get(feed.url, _Before())
        try:
            yield from _feed(feed.url, end, before)
        except RapportError as fault:
            yield error("feeds.feed", fault.message, fault.remedy)
        yield from _left_over(feed.url, before, context.config.newsletter.zone)


def _known(context: Context) -> dict[str, _Before]:
    """Nothing where there is no database, or one that cannot be read: that is told elsewhere."""
    if context.database is None:
        return {}
    listed = select(func.count()).where(listings.c.feed_id == table.c.id).scalar_subquery()
    waits = (posts.c.feed_id == table.c.id, posts.c.decision == "unsure")
    unsure = select(func.count()).where(*waits).scalar_subquery()
    query = select(table, listed.label("listed"), unsure.label("unsure"))
    try:
        with context.database.read() as connection:
            return {
                row.url: _Before(row.fetched_at, row.listed, row.gap_at, row.gap_posts, row.unsure)
                for row in connection.execute(query)
            }
    except (RapportError, DBAPIError):
        return {}


def _left_over(url: str, before: _Before, zone: ZoneInfo) -> Iterator[Finding]:
    if before.gap is not None and before.gap > clock.now() - GAP_SHOWN:
        lost = f"about {before.lost:,}" if before.lost else "some"
        yield warning(
            "feeds.gap",
            f"On {times.day(before.gap, zone)} the feed {shown(url)} shared no post with the time "
            f"before: {lost} of its posts may be lost.",
            MORE_ITEMS,
        )
    if before.unsure:
        what = (
            f"One post of {shown(url)} may be an old one under a new name; it is in no letter."
            if before.unsure == 1
            else f"{before.unsure:,} posts of {shown(url)} may be old ones under new names; "
            "they are in no letter."
        )
        yield warning(
            "feeds.unsure",
            what,
            "`rapport posts` lists them; `rapport posts let-in POST` or `keep-out POST` decides.",
        )


def _feed(url: str, end: float, before: _Before) -> Iterator[Finding]:
    fetched = None
    try:
        fetched = fetch(url, deadline=end)
        document = read(fetched.body or b"", url=fetched.url, content_type=fetched.content_type)
    except FeedError as fault:
        body = fetched.body if fetched else None
        raise outage.explained(fault, url, since=before.read, body=body) from None
    entries = document.entries
    if document.unread:
        yield warning(
            "feeds.unread",
            f"{document.unread:,} of the posts of {shown(url)} could not be read within the limits of time "
            "and memory, and are in no letter.",
            "Look which of the newest posts is missing from `rapport posts`, and show it to who runs the "
            "site: it is damaged, or made to do harm.",
        )
    if before.listed and not (entries or document.unread):
        raise outage.empty(url, before.listed)
    if fetched.moved_to:
        yield warning(
            "feeds.moved",
            f"The feed {shown(url)} has moved to {shown(fetched.moved_to)}.",
            "Write that into url under [[feeds]] in rapport.toml.",
        )
    dates = [entry.published for entry in entries if entry.published]
    days = (clock.now() - max(dates)).days if dates else None
    if not entries and not document.unread:
        yield warning(
            "feeds.feed",
            f"The feed {shown(url)} holds no post.",
            "Open it in a browser, and check url under [[feeds]] in rapport.toml.",
        )
    elif days is not None and days > QUIET_DAYS:
        yield warning(
            "feeds.feed",
            f"The newest post of {shown(url)} is {days} days old.",
            "See that url under [[feeds]] in rapport.toml is still the blog's; letters wait for new posts.",
        )
    else:
        age = "" if days is None else f", the newest {_plural(max(0, days), 'day')} old"
        yield ok("feeds.feed", f"{shown(url)}: {_plural(len(entries), 'post')}{age}.")


def _plural(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def robots(context: Context) -> Iterator[Finding]:
    """Whether the sites' robots.txt allows their feeds. Fetching does not ask: a feed is meant for
    machines."""
    end = time.monotonic() + SECONDS
    for url in dict.fromkeys(feed.url for feed in context.config.feeds):
        if not _allowed(url, end):
            yield warning(
                "feeds.robots",
                f"The robots.txt of {urlsplit(url).hostname} asks machines to leave the feed alone.",
                "Let the site allow it for the agent Rapport, lest its host blocks it one day.",
            )


def _allowed(url: str, end: float) -> bool:
    request = FetchRequest("file", FeedError, {}, "text/plain", SECONDS, SECONDS, 500_000, 1)
    try:
        fetched = get(request, urljoin(url, "/robots.txt"), deadline=end)
    except RapportError:
        return True  # none, which allows everything (RFC 9309, 2.3.1.3)
    if not fetched.content_type.lower().startswith("text/plain"):
        return True
    parser = RobotFileParser()
    parser.parse((fetched.body or b"").decode("utf-8", "replace").splitlines())
    return parser.can_fetch("Rapport", url)


CHECKS = (feeds, robots)
