"""Posts of an edition that may not go out any more: withdrawn by the blog, kept out by staff or by a
category."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select

from pipeline.core.tables.editions import edition_posts
from pipeline.core.tables.feeds import feeds, posts
from pipeline.editions.eligibility import Candidate, barred
from pipeline.feeds.matching.names import canonical

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from pipeline.core.config import Config
    from pipeline.core.sections.digest import Digest
    from pipeline.editions.edition import Edition


TAKEN_BACK = "taken back"
"""How the reason begins of an edition that was held for a post of it."""


class TakenBack(NamedTuple):
    """``reason`` goes behind the title."""

    title: str
    reason: str


def taken_back(connection: Connection, config: Config, edition: Edition) -> list[TakenBack]:
    """The posts of an edition that were taken back since it was composed. Of a digest that is configured no
    more, no category keeps a post out."""
    digest = _digest(config, edition)
    found = []
    for one in _posts_of(connection, config, edition):
        if reason := barred(one, digest):
            found.append(TakenBack(one.post.title, f"was {reason.text}"))
    return found


def is_outdated(connection: Connection, config: Config, edition: Edition) -> bool:
    """Whether a draft is to be composed anew before it goes out by itself: something of it was taken back, or
    a post has another address by now."""
    digest = _digest(config, edition)
    said = {post["id"]: post["url"] for post in edition.posts if "id" in post}
    for one in _posts_of(connection, config, edition):
        if barred(one, digest) or _elsewhere(said.get(one.post.id), one.post.url):
            return True
    return False


def _elsewhere(said: str | None, now: str | None) -> bool:
    # Not by the query alone: some blogs give every link a new one at each reading, and no letter would go.
    return said is not None and now is not None and _page(said) != _page(now)


def _page(address: str) -> str:
    return canonical(address).partition("?")[0]


def _digest(config: Config, edition: Edition) -> Digest | None:
    return next((one for one in config.digests if one.name == edition.digest), None)


def _posts_of(connection: Connection, config: Config, edition: Edition) -> list[Candidate]:
    query = (
        select(posts, feeds.c.first_seen.label("feed_first_seen"))
        .join(feeds, feeds.c.id == posts.c.feed_id)
        .join(edition_posts, edition_posts.c.post_id == posts.c.id)
        .where(edition_posts.c.edition_id == edition.id)
    )
    zone = config.newsletter.zone
    return sorted((Candidate.of(row, zone) for row in connection.execute(query)), key=lambda one: one.rank)
