"""The pictures of a letter: fetched side by side when need be, and given from what is remembered."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from pipeline.core.tables import feeds
from pipeline.core.tables import posts as posts_table
from pipeline.letter.images import Picture, store
from pipeline.letter.images.fetch import Wanted, fetch_image
from subscribers import clock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from pipeline.core.app import Installation
    from pipeline.core.config import Config
    from pipeline.feeds.posts import Post
    from pipeline.letter.images.store import Seen

SIDE_BY_SIDE = 6
TOTAL_SECONDS = 60.0
"""For all images of a letter: whatever is not there by then, the letter goes without."""
FRESH = timedelta(hours=12)
"""So long an image is taken for what it was: a preview composes again with every keystroke."""
RETRY = timedelta(minutes=5)
"""The same for one that could not be had."""


def pictures(installation: Installation, posts: Sequence[Post]) -> dict[int, Picture]:
    """The lead image of each post that has one, by the post's id, fetched where what is known is too old."""
    refresh(installation, posts)
    with installation.database.read() as connection:
        return known(connection, installation.config, posts)


def refresh(installation: Installation, posts: Sequence[Post]) -> None:
    """Find out what the posts' images are now. Takes as long as their hosts do: call it in no transaction."""
    at = clock.now()
    with installation.database.read() as connection:
        wanted = _wanted(connection, installation.config, posts, at)
    if not wanted:
        return
    deadline = time.monotonic() + TOTAL_SECONDS
    with ThreadPoolExecutor(max_workers=SIDE_BY_SIDE) as pool:
        found = list(pool.map(lambda one: fetch_image(one, deadline), wanted))
    with installation.database.write() as connection:
        before = store.remembered(connection, (one.url for one in wanted))
        for one, seen in zip(wanted, found, strict=True):
            _keep(connection, one.url, before.get(one.url), seen, at)


def _wanted(connection: Connection, config: Config, posts: Sequence[Post], at: datetime) -> list[Wanted]:
    urls = {post.image_url: post.id for post in posts if post.image_url}
    before = store.remembered(connection, urls)
    copying = is_hosting(config)
    query = select(posts_table.c.id, feeds.c.url).join(feeds, feeds.c.id == posts_table.c.feed_id)
    homes = {row.id: row.url for row in connection.execute(query.where(posts_table.c.id.in_(urls.values())))}
    wanted = []
    for url, post in urls.items():
        row = before.get(url)
        # Linked until now, and to be hosted from now on: the bytes are needed once more.
        lacks_copy = row is not None and copying and bool(row.flaw) and not row.hash
        if row is None or lacks_copy or _is_due(row, at):
            usable = row is not None and row.width is not None and not lacks_copy
            wanted.append(Wanted(url, homes.get(post, ""), row if usable else None, copying))
    return wanted


def _is_due(row: Row[Any], at: datetime) -> bool:
    # Not in the future either: a clock that was put back must not keep an image for years.
    age = at - row.checked_at
    return not timedelta(0) <= age < (RETRY if row.problem else FRESH)


def _keep(connection: Connection, url: str, before: Row[Any] | None, seen: Seen | None, at: datetime) -> None:
    if seen is None:
        store.still_the_same(connection, url, at)
    elif seen.width is None and before is not None and before.width is not None:
        store.still_the_same(connection, url, at, seen.problem)
    else:
        store.keep(connection, seen, at)


def is_hosting(config: Config) -> bool:
    """Whether letters may show copies that are served from here: where nobody reaches us, none can."""
    served = bool(config.newsletter.public_url) and not config.delivery.hosted_unsubscribe
    return config.theme.images == "host" and served


def known(connection: Connection, config: Config, posts: Sequence[Post]) -> dict[int, Picture]:
    """The same from what is remembered, without any fetching."""
    rows = store.remembered(connection, (post.image_url for post in posts if post.image_url))
    return {post.id: _picture(config, post, rows.get(post.image_url)) for post in posts if post.image_url}


def _picture(config: Config, post: Post, row: Row[Any] | None) -> Picture:
    # Never empty, even where the title stands beside it: the image is a link to the post, and a link needs
    # a name (WCAG 2.4.4, failure F89); with images blocked it is what says where the gap leads.
    alt = post.image_alt or post.title
    if row is None or row.width is None:
        problem = row.problem if row is not None else "The image has not been fetched yet"
        return Picture("", None, None, alt, None, "", problem)
    if row.hash and is_hosting(config):
        src = f"{config.newsletter.pages}/images/{store.file_name(row.hash, row.copy_media_type)}"
        return Picture(src, row.copy_width, row.copy_height, alt, row.copy_weight, row.copy_media_type, "")
    flaw = f"The image {row.flaw}" if row.flaw else ""
    problem = "; ".join(part for part in (row.problem, flaw) if part)
    return Picture(row.address, row.width, row.height, alt, row.weight, row.media_type, problem)
