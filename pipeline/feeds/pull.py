"""Fetching every feed, side by side; a broken one is set aside with its reason."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from pipeline.core.errors import RapportError, as_rapport_error
from pipeline.core.locks import one_at_a_time
from pipeline.core.tables import feeds
from pipeline.feeds import Document, posts, withdrawal
from pipeline.feeds.fetch import fetch
from pipeline.feeds.first_seen import register
from pipeline.feeds.sandbox import read, warm_up
from subscribers import clock

if TYPE_CHECKING:
    from sqlalchemy import Row

    from pipeline.core.config import Config
    from pipeline.core.database import Database
    from pipeline.feeds import Fetched

SIDE_BY_SIDE = 8


@dataclass(frozen=True, slots=True)
class Pulled:
    """What became of one feed. ``outcome`` is fetched, not_modified or failed."""

    url: str
    outcome: str
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    withdrawn: int = 0
    moved_to: str | None = None
    error: str | None = None
    remedy: str | None = None

    def document(self) -> dict[str, Any]:
        return asdict(self)


def pull(database: Database, config: Config) -> list[Pulled]:
    """Fetch every feed of the configuration and keep its posts. Raises nothing for a feed's fault."""
    with database.write() as connection:
        register(connection, config, clock.now())
        known = {row.url: row for row in connection.execute(select(feeds))}
        urls = list(dict.fromkeys(feed.url for feed in config.feeds))
        withdrawal.forget_feeds(connection, [known[url].id for url in urls])
    if any(not (known[url].etag or known[url].last_modified) for url in urls):
        warm_up()  # a document will come: the child starts while it is on its way
    with ThreadPoolExecutor(max_workers=SIDE_BY_SIDE) as pool:
        return list(pool.map(lambda url: _pull_one(database, known[url]), urls))


def _pull_one(database: Database, feed: Row[Any]) -> Pulled:
    try:
        fetched = fetch(feed.url, etag=feed.etag, last_modified=feed.last_modified)
        if fetched.body is None:
            document = Document((), sound=False)
        else:
            document = read(fetched.body, url=fetched.url, content_type=fetched.content_type)
        return _keep(database, feed, fetched, document)
    except Exception as error:  # whatever it is, the other feeds go on
        told = as_rapport_error(error)
        _note_failure(database, feed, told)
        return Pulled(feed.url, "failed", error=told.message, remedy=told.remedy)


def _keep(database: Database, feed: Row[Any], fetched: Fetched, document: Document) -> Pulled:
    at = clock.now()
    # The validators are kept in the transaction that keeps the posts: a crash between the two would
    # have the next pull told "not modified" about posts that were never stored.
    with database.write() as connection:
        one_at_a_time(connection, "pull")
        first = connection.execute(select(feeds.c.first_fetched_at).where(feeds.c.id == feed.id)).scalar()
        stored = posts.store(connection, feed.id, document.entries, at=at, initial=first is None)
        gone = withdrawal.note(connection, feed.id, stored.listed, sound=document.sound, at=at)
        connection.execute(
            update(feeds)
            .where(feeds.c.id == feed.id)
            .values(
                etag=fetched.etag,
                last_modified=fetched.last_modified,
                first_fetched_at=first or at,
                fetched_at=at,
                failing_since=None,
                error=None,
            )
        )
    outcome = "not_modified" if fetched.body is None else "fetched"
    counts = (stored.new, stored.changed, stored.unchanged, gone)
    return Pulled(feed.url, outcome, *counts, moved_to=fetched.moved_to)


def _note_failure(database: Database, feed: Row[Any], error: RapportError) -> None:
    with database.write() as connection:
        connection.execute(
            update(feeds)
            .where(feeds.c.id == feed.id)
            .values(failing_since=feed.failing_since or clock.now(), error=error.message)
        )
