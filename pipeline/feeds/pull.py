"""Fetching every feed, side by side; a broken one is set aside with its reason."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, func, select, update

from pipeline.core.errors import FeedError, RapportError, as_rapport_error
from pipeline.core.locks import one_at_a_time
from pipeline.core.tables.feeds import feeds, listings
from pipeline.core.tables.feeds import posts as posts_table
from pipeline.feeds import Document, overlap, posts, withdrawal
from pipeline.feeds.fetching import outage
from pipeline.feeds.fetching.fetch import fetch
from pipeline.feeds.first_seen import register
from pipeline.feeds.parsing.sandbox import read, warm_up
from subscribers import clock

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from pipeline.core.config import Config
    from pipeline.core.database import Database
    from pipeline.feeds import Fetched
    from pipeline.feeds.overlap import Gap

SIDE_BY_SIDE = 8


@dataclass(frozen=True, slots=True)
class Pulled:
    """What became of one feed. ``outcome`` is fetched, not_modified or failed.

    ``unread`` are posts that passed the limits of time or memory, and were left aside. ``overlaps`` is false
    where a document shares no post with the one before; ``may_be_lost`` is how many posts may have come and
    gone between the two, as far as anybody can tell."""

    url: str
    outcome: str
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    withdrawn: int = 0
    unsure: int = 0
    archive: int = 0
    unread: int = 0
    overlaps: bool = True
    may_be_lost: int | None = None
    moved_to: str | None = None
    error: str | None = None
    remedy: str | None = None

    def document(self) -> dict[str, Any]:
        return asdict(self)


def pull(database: Database, config: Config, urls: Collection[str] | None = None) -> list[Pulled]:
    """Fetch the feeds of the configuration, or those of ``urls``, and keep their posts. Raises nothing for a
    feed's fault."""
    with database.write() as connection:
        register(connection, config, clock.now())
        known = {row.url: row for row in connection.execute(select(feeds))}
    configured = list(dict.fromkeys(feed.url for feed in config.feeds))
    wanted = [url for url in configured if urls is None or url in urls]
    settings = posts.Configured(
        read=frozenset(known[url].id for url in configured),
        backlog=max(digest.backlog for digest in config.digests),
        zone=config.newsletter.zone,
    )
    if any(not (known[url].etag or known[url].last_modified) for url in wanted):
        warm_up()  # a document will come: the child starts while it is on its way
    with ThreadPoolExecutor(max_workers=SIDE_BY_SIDE) as pool:
        return list(pool.map(lambda url: _pull_one(database, known[url], settings), wanted))


def _pull_one(database: Database, feed: Row[Any], settings: posts.Configured) -> Pulled:
    try:
        fetched = _fetched(feed)
        if fetched.body is None:
            return _unchanged(database, feed, fetched)
        return _keep(database, feed, fetched, _read(feed, fetched), settings)
    except Exception as error:  # whatever it is, the other feeds go on
        told = as_rapport_error(error)
        _note_failure(database, feed, told)
        return Pulled(feed.url, "failed", error=told.message, remedy=told.remedy)


def _fetched(feed: Row[Any]) -> Fetched:
    try:
        return fetch(feed.url, etag=feed.etag, last_modified=feed.last_modified)
    except FeedError as error:
        raise outage.explained(error, feed.url, since=feed.fetched_at) from None


def _read(feed: Row[Any], fetched: Fetched) -> Document:
    try:
        return read(fetched.body or b"", url=fetched.url, content_type=fetched.content_type)
    except FeedError as error:
        raise outage.explained(error, feed.url, since=feed.fetched_at, body=fetched.body) from None


def _unchanged(database: Database, feed: Row[Any], fetched: Fetched) -> Pulled:
    with database.write() as connection:
        _note_success(connection, feed, fetched, clock.now())
    return Pulled(feed.url, "not_modified", moved_to=fetched.moved_to)


def _keep(
    database: Database, feed: Row[Any], fetched: Fetched, document: Document, settings: posts.Configured
) -> Pulled:
    at = clock.now()
    # The validators are kept in the transaction that keeps the posts: a crash between the two would have the
    # next pull told "not modified" about posts that were never stored.
    with database.write() as connection:
        one_at_a_time(connection, "pull")
        before = set(connection.scalars(select(listings.c.post_id).where(listings.c.feed_id == feed.id)))
        if before and not (document.entries or document.unread):
            raise outage.empty(feed.url, len(before))
        stored = posts.store(
            connection,
            feed.id,
            document.entries,
            at=at,
            initial=_is_first_reading(connection, feed.id),
            configured=settings,
        )
        came = stored.new or stored.unsure or stored.archive
        gap = overlap.gap(connection, before, stored.listed) if came else None
        withdrawn = withdrawal.note(
            connection,
            feed.id,
            stored.listed,
            sound=document.sound,
            moved=stored.unsure > 0 or (gap is not None and stored.archive > 0),
            at=at,
            read=settings.read,
        )
        _note_success(connection, feed, fetched, at)
        _note_document(connection, feed.id, at, document.unread, gap)
    return Pulled(
        feed.url,
        "fetched",
        new=stored.new,
        changed=stored.changed,
        unchanged=stored.unchanged,
        withdrawn=withdrawn,
        unsure=stored.unsure,
        archive=stored.archive,
        unread=document.unread,
        overlaps=gap is None,
        may_be_lost=gap.lost if gap else None,
        moved_to=fetched.moved_to,
    )


def _is_first_reading(connection: Connection, feed: int) -> bool:
    """Also of a feed that had no post until now."""
    return not connection.scalar(select(exists().where(posts_table.c.feed_id == feed))) and not (
        connection.scalar(select(exists().where(listings.c.feed_id == feed)))
    )


def _note_success(connection: Connection, feed: Row[Any], fetched: Fetched, at: datetime) -> None:
    values = {
        "etag": fetched.etag,
        "last_modified": fetched.last_modified,
        "first_fetched_at": feed.first_fetched_at or at,
        "fetched_at": at,
        "tried_at": at,
        "failing_since": None,
        "error": None,
    }
    connection.execute(update(feeds).where(feeds.c.id == feed.id).values(values))


def _note_document(connection: Connection, feed: int, at: datetime, unread: int, gap: Gap | None) -> None:
    """What staff are told of a document that was read: each trouble from when it began."""
    since = func.coalesce(feeds.c.unread_since, at) if unread else None
    values: dict[str, Any] = {"unread": unread, "unread_since": since}
    if gap is not None:
        values |= {"gap_at": at, "gap_posts": gap.lost}
    connection.execute(update(feeds).where(feeds.c.id == feed).values(values))


def _note_failure(database: Database, feed: Row[Any], error: RapportError) -> None:
    at = clock.now()
    values = {"failing_since": feed.failing_since or at, "error": error.message, "tried_at": at}
    with database.write() as connection:
        connection.execute(update(feeds).where(feeds.c.id == feed.id).values(values))
