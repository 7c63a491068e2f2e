"""Posts as Rapport keeps them: which entry is which post, what is new, what is edited."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import insert, select, tuple_, update
from sqlalchemy.exc import DBAPIError

from pipeline.core.tables import post_keys, posts
from pipeline.feeds import PostImage
from pipeline.feeds.identity import Key, Keys, canonical, keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from pipeline.feeds import Entry


log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Post:
    """One entry of a feed as Rapport keeps it. ``published`` is the day first seen where none was given."""

    id: int
    url: str | None
    title: str
    published: datetime
    author: str | None
    categories: tuple[str, ...]
    excerpt: str
    words: int
    image_url: str | None
    image_alt: str | None
    date_only: bool = False
    further_images: tuple[PostImage, ...] = ()

    @property
    def images(self) -> tuple[PostImage, ...]:
        """All of its pictures, the best first."""
        first = (PostImage(self.image_url, self.image_alt),) if self.image_url else ()
        return (*first, *self.further_images)

    @classmethod
    def of(cls, row: Row[Any]) -> Post:
        return cls(
            id=row.id,
            url=row.url,
            title=row.title,
            published=row.published or row.first_seen,
            author=row.author,
            categories=tuple(row.categories),
            excerpt=row.excerpt,
            words=row.words,
            image_url=row.image_url,
            image_alt=row.image_alt,
            date_only=row.date_only,
            further_images=tuple(PostImage(**image) for image in row.further_images),
        )


class Listed(NamedTuple):
    """One place of a document: the post that stands there (None: it could not be kept) and its date there."""

    post: int | None
    published: datetime | None


@dataclass(frozen=True, slots=True)
class Stored:
    """How many posts were what, and the document's places in its order."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    listed: tuple[Listed, ...] = ()


def store(
    connection: Connection, feed_id: int, entries: Sequence[Entry], *, at: datetime, initial: bool
) -> Stored:
    """Keep every entry: as a new post, or as an edit of the one it is.

    ``initial`` marks the first pull of a feed, whose older posts are its archive. The caller lets one
    transaction after another in (database.one_at_a_time): two pulls must not both find a post new.
    """
    named = [(entry, keys(entry, feed_id)) for entry in entries]
    known = _Known(connection, (key for _, names in named for key in names.all()))
    repeated = {key for key, n in Counter(key for _, names in named for key in names.all()).items() if n > 1}
    seen: set[int] = set()
    new: list[Row[Any]] = []
    newest_known: datetime | None = None
    counts: Counter[str] = Counter()
    listed: list[Listed] = []
    for position, (entry, names) in enumerate(named):
        row = _match(entry, names, known, repeated)
        listed.append(Listed(row.id if row is not None else None, entry.published))
        if row is not None and row.id in seen:
            continue  # the same post twice in one document
        try:
            with connection.begin_nested():
                if row is None:
                    values = {"feed_id": feed_id, "first_seen": at, "initial": initial, "position": position}
                    row = _insert(connection, values | _content(entry))
                    new.append(row)
                else:
                    newest_known = max(filter(None, (newest_known, row.published)), default=None)
                    counts["changed" if _update(connection, row, entry) else "unchanged"] += 1
                known.learn(connection, row, names)
        except (DBAPIError, UnicodeError) as error:
            # What this database cannot keep is this post's fault alone.
            log.warning("A post of feed %d could not be kept: %s", feed_id, type(error).__name__)
            continue
        listed[-1] = Listed(row.id, entry.published)
        seen.add(row.id)
    if initial and newest_known:
        _tell_from_archive(connection, new, newest_known)
    return Stored(new=len(new), listed=tuple(listed), **counts)


def _insert(connection: Connection, values: dict[str, Any]) -> Row[Any]:
    return connection.execute(insert(posts).values(values).returning(posts)).one()


def _update(connection: Connection, row: Row[Any], entry: Entry) -> bool:
    changes = _changes(row, entry)
    if changes:
        connection.execute(update(posts).where(posts.c.id == row.id).values(changes))
    return bool(changes)


def _tell_from_archive(connection: Connection, new: list[Row[Any]], newest_known: datetime) -> None:
    """A first pull that brings posts we know is a feed that moved: what is newer than those is no archive."""
    newer = [row.id for row in new if row.published and row.published > newest_known]
    if newer:
        connection.execute(update(posts).where(posts.c.id.in_(newer)).values(initial=False))


class _Known:
    """The posts that already bear some of the names at hand."""

    def __init__(self, connection: Connection, wanted: Iterable[Key]) -> None:
        self._rows: dict[Key, dict[int, Row[Any]]] = defaultdict(dict)
        wanted = list(set(wanted))
        pair = tuple_(post_keys.c.kind, post_keys.c.value)
        for start in range(0, len(wanted), 200):
            query = (
                select(post_keys.c.kind, post_keys.c.value, posts)
                .join(posts, posts.c.id == post_keys.c.post_id)
                .where(pair.in_(wanted[start : start + 200]))
            )
            for row in connection.execute(query):
                self._rows[Key(row.kind, row.value)][row.id] = row

    def by(self, key: Key | None) -> list[Row[Any]]:
        return list(self._rows[key].values()) if key else []

    def learn(self, connection: Connection, row: Row[Any], names: Keys) -> None:
        for key in names.all():
            if row.id not in self._rows[key]:
                values = {"kind": key.kind, "value": key.value, "post_id": row.id}
                connection.execute(insert(post_keys).values(values))
                self._rows[key][row.id] = row


def _match(entry: Entry, names: Keys, known: _Known, repeated: set[Key]) -> Row[Any] | None:
    """The post an entry is: by guid, else by link, else by title.

    A name that several posts bear, or that stands twice in the document, identifies none of them: there
    are feeds whose items all share one guid, and feeds whose items all link to the home page.
    """
    guid = [] if names.guid in repeated else known.by(names.guid)
    if len(guid) == 1 and not _altogether_different(entry, guid[0], names):
        return guid[0]
    trusted_guid = names.guid is not None and names.guid not in repeated and len(guid) < 2
    link = [] if names.link in repeated else known.by(names.link)
    if len(link) == 1 and not trusted_guid and not (_retitled(entry, link[0]) and _redated(entry, link[0])):
        return link[0]
    # A blog that moved to another platform has new guids on old posts: same link, same title.
    same = [row for row in known.by(names.title) if not _redated(entry, row)]
    return same[0] if same else None


def _altogether_different(entry: Entry, row: Row[Any], names: Keys) -> bool:
    """Whether only the guid is the same: then it is a guid used again, and no edit."""
    moved = names.link is not None and row.url is not None and not _same_page(entry.link, row.url)
    return moved and _retitled(entry, row) and _redated(entry, row)


def _same_page(a: str | None, b: str) -> bool:
    return a is not None and canonical(a) == canonical(b)


def _retitled(entry: Entry, row: Row[Any]) -> bool:
    return bool(entry.title != row.title)


def _redated(entry: Entry, row: Row[Any]) -> bool:
    return bool(entry.published and row.published and entry.published != row.published)


def _content(entry: Entry) -> dict[str, Any]:
    return {
        "url": entry.link,
        "title": entry.title,
        "published": entry.published,
        "author": entry.author,
        "categories": list(entry.categories),
        "excerpt": entry.excerpt,
        "words": entry.words,
        "image_url": entry.image_url,
        "image_alt": entry.image_alt,
        "date_only": entry.date_only,
        "further_images": [asdict(image) for image in entry.further_images],
    }


def _changes(row: Row[Any], entry: Entry) -> dict[str, Any]:
    content = _content(entry)
    if entry.published is None:
        # A date once given is not lost with an edit that drops it.
        del content["published"], content["date_only"]
    return {name: value for name, value in content.items() if value != getattr(row, name)}
