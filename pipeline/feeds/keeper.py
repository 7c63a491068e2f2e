"""Writing down the posts of a document as it was decided what they are: new rows, edits, and their names."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update
from sqlalchemy.exc import DBAPIError

from pipeline.core.tables.feeds import post_keys, posts
from pipeline.feeds.matching.unknown_entries import Decision, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from pipeline.feeds import Entry
    from pipeline.feeds.matching.names import Key, Keys

log = logging.getLogger(__name__)


class Keeper:
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
