"""The blog's feeds, fetched and parsed as `pull` does it. Nothing is kept."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit
from urllib.robotparser import RobotFileParser

from pipeline.core.errors import FeedError, RapportError
from pipeline.core.finding import error, ok, warning
from pipeline.feeds.address import shown
from pipeline.feeds.fetch import fetch
from pipeline.feeds.http import get
from pipeline.feeds.journey import Errand
from pipeline.feeds.sandbox import read
from subscribers import clock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.core.finding import Finding
    from pipeline.doctor.context import Context

SECONDS = 12.0
"""For all feeds."""

QUIET_DAYS = 60


def feeds(context: Context) -> Iterator[Finding]:
    end = time.monotonic() + SECONDS
    for feed in context.config.feeds:
        try:
            yield from _feed(feed.url, end)
        except RapportError as fault:
            yield error("feeds.feed", fault.message, fault.remedy)


def _feed(url: str, end: float) -> Iterator[Finding]:
    fetched = fetch(url, deadline=end)
    entries = read(fetched.body or b"", url=fetched.url, content_type=fetched.content_type).entries
    if fetched.moved_to:
        yield warning(
            "feeds.moved",
            f"The feed {shown(url)} has moved to {shown(fetched.moved_to)}.",
            "Write that into [[feeds]] url.",
        )
    dates = [entry.published for entry in entries if entry.published]
    days = (clock.now() - max(dates)).days if dates else None
    if not entries:
        yield warning("feeds.feed", f"The feed {shown(url)} holds no post.", "Check [[feeds]] url.")
    elif days is not None and days > QUIET_DAYS:
        yield warning(
            "feeds.feed",
            f"The newest post of {shown(url)} is {days} days old.",
            "Check that this is still the blog's feed; letters wait for new posts.",
        )
    else:
        age = "" if days is None else f", the newest {max(0, days)} days old"
        yield ok("feeds.feed", f"{shown(url)}: {len(entries)} posts{age}.")


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
    errand = Errand("file", FeedError, {}, "text/plain", SECONDS, SECONDS, 500_000, 1)
    try:
        fetched = get(errand, urljoin(url, "/robots.txt"), deadline=end)
    except RapportError:
        return True  # none, which allows everything (RFC 9309, 2.3.1.3)
    if not fetched.content_type.lower().startswith("text/plain"):
        return True
    parser = RobotFileParser()
    parser.parse((fetched.body or b"").decode("utf-8", "replace").splitlines())
    return parser.can_fetch("Rapport", url)


CHECKS = (feeds, robots)
