"""Posts as Rapport keeps them: what is new, what is edited, and every name that a post ever had."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import insert, select, update
from sqlalchemy.exc import DBAPIError

from pipeline.core.tables.feeds import feeds, post_keys, posts
from pipeline.feeds import PostImage
from pipeline.feeds.matching import traces
from pipeline.feeds.matching.match import by_name, match
from pipeline.feeds.matching.names import keys
from pipeline.feeds.matching.recognise import Reading
from pipeline.feeds.matching.unknown_entries import Decision, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from pipeline.feeds import Entry
    from pipeline.feeds.matching.evidence import Trace
    from pipeline.feeds.matching.names import Key, Keys

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
    read: Collection[int] = (),
    backlog: timedelta = timedelta(days=7),
) -> Stored:
    """Keep every entry: as a new post, or as an edit of the one it is (matching.match decides which).

    ``initial`` marks the first reading of a feed, ``read`` are the feeds that are configured (none: all), and
    ``backlog`` is the longest of any digest. The caller lets one transaction after another in
    (database.one_at_a_time): two pulls must not both find a post new.
    """
    named = [(entry, keys(entry, feed_id)) for entry in entries]
    first_place = _without_repeats(named)
    places = sorted(set(first_place))
    bearers = traces.borne(connection, (key for place in places for key in named[place][1].all()))
    shown = [traces.of_entry(*named[place]) for place in places]
    decided = _decide(connection, feed_id, shown, bearers, initial=initial, read=read, backlog=backlog)
    keeper = _Keeper(connection, feed_id, at, bearers, [one.post for one in decided])
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
    *,
    initial: bool,
    read: Collection[int],
    backlog: timedelta,
) -> list[Decision]:
    # Mostly every entry stands under its name, and then the other posts need not be looked at.
    plain = by_name(shown, traces.of_posts(connection, bearers))
    if len(plain) == len(shown):
        return [Decision(Verdict.KNOWN, plain[place]) for place in range(len(shown))]
    every = {row.id: row for row in connection.execute(select(feeds))}
    gone = [number for number in every if read and number not in read]
    if not initial:
        before = [every[feed_id]]
        last_read = every[feed_id].fetched_at or every[feed_id].first_seen
    else:
        before = [every[number] for number in gone or every if number != feed_id]
        last_read = max((row.fetched_at for row in before if row.fetched_at), default=None)
    oldest = min(row.first_seen for row in (*before, every[feed_id]))
    known = traces.of_all_posts(connection, gone if initial else (feed_id,), read or list(every))
    return match(shown, known, Reading(initial, last_read, oldest - backlog))


class _Keeper:
    """Writes down what was decided, and counts it."""

    def __init__(
        self,
        connection: Connection,
        feed_id: int,
        at: datetime,
        bearers: Mapping[Key, set[int]],
        decided: Iterable[int | None],
    ) -> None:
        self._connection, self._feed_id, self._at, self._bearers = connection, feed_id, at, bearers
        numbers = sorted({post for post in decided if post is not None})
        self._rows = {
            row.id: row
            for start in range(0, len(numbers), 200)
            for row in connection.execute(select(posts).where(posts.c.id.in_(numbers[start : start + 200])))
        }
        self.counts: Counter[str] = Counter()

    def keep(self, entry: Entry, names: Keys, decision: Decision, place: int) -> int | None:
        """The post's id; None where this database cannot keep it, which is that post's fault alone."""
        try:
            with self._connection.begin_nested():
                if decision.verdict is Verdict.KNOWN and decision.post is not None:
                    post, counted = decision.post, self._edited(decision.post, entry)
                else:
                    post, counted = self._made(entry, decision, place), _COUNTED[decision.verdict]
                self._learn(post, names)
        except (DBAPIError, UnicodeError) as error:
            log.warning("A post of feed %d could not be kept: %s", self._feed_id, type(error).__name__)
            return None
        self.counts[counted] += 1
        return post

    def _edited(self, post: int, entry: Entry) -> str:
        if changes := _changes(self._rows[post], entry):
            self._connection.execute(update(posts).where(posts.c.id == post).values(changes))
        return "changed" if changes else "unchanged"

    def _made(self, entry: Entry, decision: Decision, place: int) -> int:
        verdict = decision.verdict
        values = {
            "feed_id": self._feed_id,
            "first_seen": self._at,
            "first_published": entry.published,
            "initial": verdict in (Verdict.FIRST, Verdict.ARCHIVE),
            "position": place,
            "decision": verdict.value if verdict in (Verdict.UNSURE, Verdict.ARCHIVE) else None,
            "resembles": decision.post,
        }
        made = insert(posts).values(values | _content(entry)).returning(posts.c.id)
        number: int = self._connection.execute(made).scalar_one()
        return number

    def _learn(self, post: int, names: Keys) -> None:
        for key in names.all():
            if post not in self._bearers.get(key, ()):
                values = {"kind": key.kind, "value": key.value, "post_id": post}
                self._connection.execute(insert(post_keys).values(values))


_COUNTED = {Verdict.FIRST: "new", Verdict.NEW: "new", Verdict.UNSURE: "unsure", Verdict.ARCHIVE: "archive"}


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
