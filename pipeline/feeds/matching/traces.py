"""The traces of a document's entries, and of the posts in the database."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, tuple_

from pipeline.core.tables.feeds import listings, post_keys, posts
from pipeline.feeds.matching.evidence import Known, Trace
from pipeline.feeds.matching.names import Key, canonical, is_weak, path, slug
from pipeline.feeds.matching.titles import folded

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from sqlalchemy import Connection

    from pipeline.feeds import Entry
    from pipeline.feeds.matching.names import Keys

SHORTEST_TEXT, LONGEST_TEXT = 40, 300
"""Characters of an excerpt: fewer may begin any post, more are not compared."""

AT_A_TIME = 200
"""Names in one query: SQLite takes a limited number of values."""


def of_entry(entry: Entry, names: Keys) -> Trace:
    guids = frozenset((names.guid.value,) if names.guid else ())
    links = frozenset((names.link.value,) if names.link else ())
    return Trace(
        guids=guids,
        links=links,
        title=folded(entry.title),
        published=entry.published,
        text=_text(entry.excerpt),
        weak=any(map(is_weak, guids)),
        date_only=entry.date_only,
        paths=(paths := _paths(guids | links)),
        slugs=_slugs(paths),
    )


def borne(connection: Connection, names: Iterable[Key]) -> dict[Key, set[int]]:
    """Which posts bear each of the names."""
    wanted = sorted(set(names))
    found: dict[Key, set[int]] = defaultdict(set)
    pair = tuple_(post_keys.c.kind, post_keys.c.value)
    for start in range(0, len(wanted), AT_A_TIME):
        query = select(post_keys).where(pair.in_(wanted[start : start + AT_A_TIME]))
        for row in connection.execute(query):
            found[Key(row.kind, row.value)].add(row.post_id)
    return found


def of_posts(connection: Connection, found: Mapping[Key, set[int]]) -> list[Known]:
    """The posts that bear these names, and of their names only these."""
    names = _by_post((key, post) for key, bearers in found.items() for post in bearers)
    numbers = sorted(names)
    rows = [
        row
        for start in range(0, len(numbers), AT_A_TIME)
        for row in connection.execute(_POSTS.where(posts.c.id.in_(numbers[start : start + AT_A_TIME])))
    ]
    return [_of_row(row, names[row.id]) for row in rows]


def of_all_posts(connection: Connection, listing: Collection[int], read: Collection[int]) -> list[Known]:
    """Every post that Rapport knows. ``listing`` are the feeds whose last document is compared with this one,
    ``read`` all that are configured."""
    names = _by_post((Key(row.kind, row.value), row.post_id) for row in connection.execute(select(post_keys)))
    here, there = set(), set()
    for row in connection.execute(select(listings)):
        if row.feed_id in listing:
            here.add(row.post_id)
        elif row.feed_id in read:
            there.add(row.post_id)
    return [
        _of_row(row, names[row.id], listed=row.id in here, elsewhere=row.id in there and row.id not in here)
        for row in connection.execute(_POSTS)
    ]


_POSTS = select(posts.c.id, posts.c.url, posts.c.title, posts.c.published, posts.c.date_only, posts.c.excerpt)


def _by_post(borne: Iterable[tuple[Key, int]]) -> dict[int, dict[str, set[str]]]:
    names: dict[int, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for key, post in borne:
        names[post][key.kind].add(key.value)
    return names


def _of_row(
    row: Any, names: Mapping[str, set[str]], *, listed: bool = False, elsewhere: bool = False
) -> Known:
    guids = frozenset(names.get("guid", ()))
    links = frozenset(names.get("link", ())) | ({canonical(row.url)} if row.url else frozenset())
    return Known(
        guids=guids,
        links=links,
        title=folded(row.title),
        published=row.published,
        text=_text(row.excerpt),
        date_only=row.date_only,
        id=row.id,
        listed=listed,
        elsewhere=elsewhere,
        paths=(paths := _paths(guids | links)),
        slugs=_slugs(paths),
    )


def _paths(names: frozenset[str]) -> frozenset[str]:
    return frozenset(filter(None, map(path, names)))


def _slugs(paths: frozenset[str]) -> frozenset[str]:
    return frozenset(filter(None, map(slug, paths)))


def _text(excerpt: str) -> str:
    text = folded(excerpt[: 2 * LONGEST_TEXT])[:LONGEST_TEXT] if len(excerpt) >= SHORTEST_TEXT else ""
    return text if len(text) >= SHORTEST_TEXT else ""
