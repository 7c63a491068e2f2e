"""The pictures of a letter: fetched side by side when need be, and given from what is remembered."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import select

from pipeline.core.tables.feeds import feeds
from pipeline.core.tables.feeds import posts as posts_table
from pipeline.feeds.posts import Post
from pipeline.letter.images import BANNER, LONGEST, Picture, Thumbnail, store
from pipeline.letter.images.fetch import Wanted, fetch_image
from subscribers import clock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from pipeline.core.app import Installation
    from pipeline.core.config import Config
    from pipeline.feeds import PostImage
    from pipeline.letter.images.store import Seen
    from pipeline.letter.note import Image

SIDE_BY_SIDE = 6
TOTAL_SECONDS = 60.0
"""For all images of a letter: whatever is not there by then, the letter goes without."""
FRESH = timedelta(hours=12)
"""So long an image is taken for what it was: a preview composes again with every keystroke."""
RETRY = timedelta(minutes=5)
"""The same for one that could not be had."""


def pictures(installation: Installation, posts: Sequence[Post]) -> dict[int, Picture]:
    """The picture of each post that has one, by the post's id, fetched where what is known is too old."""
    refresh(installation, posts)
    with installation.database.read() as connection:
        return known(connection, installation.config, posts)


def of_note(images: Sequence[Image]) -> list[Post]:
    """Posts in whose place the pictures of a note stand; their ids are those of none."""
    at = clock.now()
    return [
        Post(-number, None, image.alt, at, None, (), "", 0, image.src, image.alt or None)
        for number, image in enumerate(images, 1)
    ]


def refresh(installation: Installation, posts: Sequence[Post]) -> None:
    """Find out what the posts' pictures are now. Takes as long as their hosts do: call it in no transaction.

    Of each post the best is asked for, and where that cannot be had, or is no more than a logo, the next one.
    The practice's own logos come along: pages show copies of them.
    """
    at = clock.now()
    deadline = time.monotonic() + TOTAL_SECONDS
    asked: set[str] = set()
    while True:
        with installation.database.read() as connection:
            wanted = _wanted(connection, installation.config, posts, at, asked)
        if not wanted or time.monotonic() >= deadline:
            return
        asked |= {one.url for one in wanted}
        with ThreadPoolExecutor(max_workers=SIDE_BY_SIDE) as pool:
            found = list(pool.map(lambda one: fetch_image(one, deadline), wanted))
        with installation.database.write() as connection:
            before = store.remembered(connection, (one.url for one in wanted))
            for one, seen in zip(wanted, found, strict=True):
                _keep(connection, one.url, before.get(one.url), seen, at)


def _wanted(
    connection: Connection, config: Config, posts: Sequence[Post], at: datetime, asked: set[str]
) -> list[Wanted]:
    """Of each post the first picture of which too little is known, unless one before it is good."""
    rows = store.remembered(connection, (image.url for post in posts for image in post.images))
    copying = is_hosting(config)
    query = select(posts_table.c.id, feeds.c.url).join(feeds, feeds.c.id == posts_table.c.feed_id)
    homes = {row.id: row.url for row in connection.execute(query.where(posts_table.c.id.in_(_ids(posts))))}
    wanted: dict[str, Wanted] = {}
    for post in posts:
        for image in post.images:
            row = rows.get(image.url)
            # Linked until now, and to be hosted from now on: the bytes are needed once more.
            lacks_copy = row is not None and row.width is not None and copying and not row.thumbnail
            if image.url not in asked and (row is None or lacks_copy or _is_due(row, at)):
                usable = row is not None and row.width is not None and not lacks_copy
                home = homes.get(post.id, "")
                wanted.setdefault(image.url, Wanted(image.url, home, row if usable else None, copying))
                break
            if row is not None and _is_good(row):
                break
    for one in _wanted_logos(connection, config, at, asked):
        wanted.setdefault(one.url, one)
    return list(wanted.values())


def _wanted_logos(connection: Connection, config: Config, at: datetime, asked: set[str]) -> Iterator[Wanted]:
    rows = store.remembered(connection, logos(config))
    for address in logos(config):
        row = rows.get(address)
        # Linked until now, or a picture of a post, too.
        lacks_copy = row is not None and not row.hash and row.width and row.media_type in store.ENDINGS
        if address not in asked and (row is None or lacks_copy or _is_due(row, at)):
            known = row if row is not None and row.hash else None
            # Named by the operator: it may be on a network of theirs.
            yield Wanted(address, address, known, copying=True, whole=True)


def logos(config: Config) -> list[str]:
    """The practice's logos that lie at another address than its pages, where copies may be shown."""
    named = dict.fromkeys((config.theme.logo, config.theme.logo_dark))
    ours = f"{config.newsletter.pages}/"
    return [one for one in named if one and not one.startswith(ours)] if is_hosting(config) else []


class Hosted(NamedTuple):
    """A copy that is served from here, by its path."""

    src: str
    width: int
    height: int


def hosted_logos(connection: Connection, config: Config) -> dict[str, Hosted]:
    """The copies that there are of `logos`, by the address of each."""
    rows = store.remembered(connection, logos(config))
    return {
        address: Hosted(
            f"images/{store.file_name(row.hash, row.copy_media_type)}", row.copy_width, row.copy_height
        )
        for address, row in rows.items()
        if row.hash
    }


def _ids(posts: Sequence[Post]) -> list[int]:
    return [post.id for post in posts if post.images]


def _is_good(row: Row[Any]) -> bool:
    """Whether it can fill the letter's column: what is smaller, or much wider than high, is a logo or a
    portrait, and better than none."""
    return row.width is not None and BANNER <= row.width <= LONGEST * row.height


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
    rows = store.remembered(connection, (image.url for post in posts for image in post.images))
    return {post.id: _picture(config, post, rows) for post in posts if post.images}


def _picture(config: Config, post: Post, rows: dict[str, Row[Any]]) -> Picture:
    image = _best(post, rows)
    row = rows.get(image.url)
    alt = image.alt or ""
    if row is None or row.width is None:
        problem = row.problem if row is not None else "The image has not been fetched yet"
        return Picture("", None, None, alt, None, "", problem)
    thumbnail = None
    if row.thumbnail and is_hosting(config):
        small = _served(config, row.thumbnail, row.thumbnail_media_type)
        thumbnail = Thumbnail(small, row.thumbnail_width, row.thumbnail_height)
    if row.hash and is_hosting(config):
        src = _served(config, row.hash, row.copy_media_type)
        size = (row.copy_width, row.copy_height)
        return Picture(src, *size, alt, row.copy_weight, row.copy_media_type, "", row.transparent, thumbnail)
    flaw = f"The image {row.flaw}" if row.flaw else ""
    problem = "; ".join(part for part in (row.problem, flaw) if part)
    return Picture(
        row.address,
        row.width,
        row.height,
        alt,
        row.weight,
        row.media_type,
        problem,
        row.transparent,
        thumbnail,
    )


def _best(post: Post, rows: dict[str, Row[Any]]) -> PostImage:
    """The first that is good, else the largest that can be shown, else the first."""
    seen = [(image, rows[image.url]) for image in post.images if image.url in rows]
    good = (image for image, row in seen if _is_good(row))
    shown = [(row.width * row.height, image) for image, row in seen if row.width is not None]
    largest = max(shown, key=lambda pair: pair[0], default=(0, post.images[0]))[1]
    return next(good, largest)


def _served(config: Config, digest: str, media_type: str) -> str:
    return f"{config.newsletter.pages}/images/{store.file_name(digest, media_type)}"
