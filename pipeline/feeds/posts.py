"""Posts as Rapport keeps them: which entry of a document is new, and which is a post that is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import select

from pipeline.core.tables.feeds import feeds
from pipeline.feeds import PostImage
from pipeline.feeds.keeper import Keeper
from pipeline.feeds.matching import traces
from pipeline.feeds.matching.match import by_name, match
from pipeline.feeds.matching.names import keys
from pipeline.feeds.matching.recognise import Reading
from pipeline.feeds.matching.unknown_entries import Decision, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime, tzinfo

    from sqlalchemy import Connection, Row

    from pipeline.feeds import Entry
    from pipeline.feeds.matching.evidence import Trace
    from pipeline.feeds.matching.names import Key, Keys


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


class Configured(NamedTuple):
    """Of the whole configuration the feeds that it names (none: all that are known), the longest backlog of
    its digests, and the newsletter's time zone."""

    read: Collection[int] = ()
    backlog: timedelta = timedelta(days=7)
    zone: tzinfo = UTC


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
    unsure: int = 0
    archive: int = 0
    listed: tuple[Listed, ...] = ()


def store(
    connection: Connection,
    feed_id: int,
    entries: Sequence[Entry],
    *,
    at: datetime,
    initial: bool,
    configured: Configured = Configured(),  # noqa: B008  a value that nobody changes
) -> Stored:
    """Keep every entry: as a new post, or as an edit of the one it is (matching.match decides which).

    ``initial`` marks the first reading of a feed. The caller lets one transaction after another in
    (database.one_at_a_time): two pulls must not both find a post new.
    """
    named = [(entry, keys(entry, feed_id)) for entry in entries]
    first_place = _without_repeats(named)
    places = sorted(set(first_place))
    bearers = traces.borne(connection, (key for place in places for key in named[place][1].all()))
    shown = [traces.of_entry(*named[place]) for place in places]
    decided = _decide(connection, feed_id, shown, bearers, configured, initial=initial)
    keeper = Keeper(connection, feed_id, at, bearers, [one.post for one in decided])
    kept = {
        place: keeper.keep(*named[place], decision, place)
        for place, decision in zip(places, decided, strict=True)
    }
    listed = tuple(
        Listed(kept[first], entry.published) for first, (entry, _) in zip(first_place, named, strict=True)
    )
    return Stored(**keeper.counts, listed=listed)


def _without_repeats(named: Sequence[tuple[Entry, Keys]]) -> list[int]:
    """For each entry the place where the same one stands first: same link, title and date."""
    first: dict[tuple[Key, datetime | None], int] = {}
    return [
        first.setdefault((names.title, entry.published), place) for place, (entry, names) in enumerate(named)
    ]


def _decide(
    connection: Connection,
    feed_id: int,
    shown: list[Trace],
    bearers: Mapping[Key, set[int]],
    configured: Configured,
    *,
    initial: bool,
) -> list[Decision]:
    # Mostly every entry stands under its name, and then the other posts need not be looked at.
    plain = by_name(shown, traces.of_posts(connection, bearers))
    if len(plain) == len(shown):
        return [Decision(Verdict.KNOWN, plain[place]) for place in range(len(shown))]
    every = {row.id: row for row in connection.execute(select(feeds))}
    read = configured.read or [*every]
    gone = [number for number in every if number not in read]
    if not initial:
        before = [every[feed_id]]
        last_read = every[feed_id].fetched_at or every[feed_id].first_seen
    else:
        before = [every[number] for number in gone or every if number != feed_id]
        last_read = max((row.fetched_at for row in before if row.fetched_at), default=None)
    oldest = min(row.first_seen for row in (*before, every[feed_id]))
    known = traces.of_all_posts(connection, gone if initial else (feed_id,), read)
    return match(shown, known, Reading(initial, last_read, oldest - configured.backlog, configured.zone))
