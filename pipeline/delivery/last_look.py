"""The last look before a letter leaves: whether the blog still has its posts (promise 15).

What staff approved on Monday may have been taken down by Thursday. So the feeds that list an edition's posts
are read once more, and each post's page is asked for, right before the first reader is handed anything: also
of an edition that was stopped before that and resumed. Once somebody has it, all others get the same.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from pipeline.core.tables.editions import edition_posts
from pipeline.core.tables.feeds import feeds, listings
from pipeline.editions import course, find, states, store
from pipeline.editions.edition import EditionStatus
from pipeline.editions.taken_back import TAKEN_BACK, TakenBack, taken_back
from pipeline.letter.ask import GONE, ask, places
from subscribers import clock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from pipeline.core.app import Installation
    from pipeline.core.config import Config
    from pipeline.editions.edition import Edition

RECENT = timedelta(minutes=5)
"""A feed that was read so lately need not be read again."""

SECONDS = 30.0
"""For all pages together. A blog that is slow or down keeps no letter back."""


def hold_if_taken_back(installation: Installation, edition: Edition) -> Edition:
    """The edition, held with the reason if a post of it is gone; else as it is.

    Only an answer that says so counts: 404 or 410, a feed that reaches past the post, or staff. A blog that
    is down, or that refuses robots, is no reason to keep a letter back. Staff who let it go after it was held
    for a page have decided: it is not held for that page again."""
    pages = _pages_gone(installation.config, edition)
    gone = _gone(installation, edition, pages)
    if not gone:
        return edition
    told = "; ".join(f"“{one.title}” {one.reason}" for one in gone)
    with installation.database.write() as connection:
        now = find.by_id(connection, edition.id)
        reason = f"{TAKEN_BACK}: {told}"
        store.change(connection, edition.id, gone=[*edition.gone, *pages])
        if now.status == EditionStatus.APPROVED:
            return states.hold(connection, edition.slug, reason=reason)
        # `sending`: it was stopped before its first reader, and resumed. In any other status staff have
        # decided by now, and this changes nothing.
        course.pause_sending(connection, edition.id, reason)
        return find.by_id(connection, edition.id)


def _gone(installation: Installation, edition: Edition, pages: Mapping[str, TakenBack]) -> list[TakenBack]:
    config, database = installation.config, installation.database
    _read_feeds(installation, edition)
    with database.read() as connection:
        found = taken_back(connection, config, edition)
    said = {one.title for one in found}
    return [*found, *(one for one in pages.values() if one.title not in said)]


def _read_feeds(installation: Installation, edition: Edition) -> None:
    with installation.database.read() as connection:
        urls = _feeds_of(connection, edition)
    configured = {feed.url for feed in installation.config.feeds}
    if wanted := [url for url in urls if url in configured]:
        from pipeline.feeds.pull import pull

        pull(installation.database, installation.config, wanted)


def _feeds_of(connection: Connection, edition: Edition) -> list[str]:
    query = (
        select(feeds.c.url, feeds.c.tried_at)
        .join(listings, listings.c.feed_id == feeds.c.id)
        .join(edition_posts, edition_posts.c.post_id == listings.c.post_id)
        .where(edition_posts.c.edition_id == edition.id)
        .distinct()
    )
    lately = clock.now() - RECENT
    return [row.url for row in connection.execute(query) if row.tried_at is None or row.tried_at < lately]


def _pages_gone(config: Config, edition: Edition) -> dict[str, TakenBack]:
    """By their addresses the pages that are gone, those left out of which staff know."""
    pages = {
        post["url"]: post["title"]
        for post in edition.posts
        if post["url"] and post["url"] not in edition.gone
    }
    answers = ask(pages, _trusted(config), seconds=SECONDS)
    return {
        url: TakenBack(title, f"is gone from {url}, which answers {answer.status}")
        for url, title in pages.items()
        if (answer := answers.get(url)) is not None and answer.status in GONE
    }


def _trusted(config: Config) -> set[tuple[str, int]]:
    """A blog of the operator's own network is named by its feed."""
    return places(feed.url for feed in config.feeds)
