"""Past editions, as everybody may read them: which they are, and what each says.

Only what readers were really handed has a page: drafts, held, skipped and cancelled editions have none. A
correction opens only by the link in its letter, and stands in no list. One
that is on its way has its page already, for the first readers follow the link in their letter; it joins the
list when it is `sent`. Where letters go to the outbox, those that were written there count, so that a trial
and the demo show what the archive will be; once letters go to readers, these are in it no more.
"""

from __future__ import annotations

import re
import statistics
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import false, func, select

from pipeline.core.destination import OUTBOX
from pipeline.core.errors import LetterError
from pipeline.core.phrases import Phrases
from pipeline.core.tables.editions import editions
from pipeline.editions.edition import HANDED_OVER, EditionKind, EditionStatus
from pipeline.letter.archived import Shown, article
from pipeline.letter.clicks import direct_html
from pipeline.letter.images import store
from pipeline.letter.shown import WORDS_A_MINUTE, day
from subscribers.tokens import Purpose

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row

    from pipeline.core.app import Installation
    from pipeline.letter.archived import Article

LATEST = 3
"""Letters by which the next are judged: how long they take to read."""


class Past(NamedTuple):
    """A past edition in a list. ``at``: when readers were handed it."""

    slug: str
    digest: str
    title: str
    summary: str
    at: datetime


class Issue(NamedTuple):
    """A past edition with what it says. Its pictures are named by their path here, `images/…`."""

    past: Past
    article: Article


def key_of(installation: Installation, slug: str, *, secret: bool = False) -> str:
    """What opens the page of an edition for whoever has its letter; empty where all may read it. ``secret``:
    it was for some readers only, and so is its page.

    It is the same in every copy and names no person.
    """
    if installation.config.archive.public and not secret:
        return ""
    return installation.tokens.key(Purpose.ARCHIVE, slug)


class Archive:
    """The archive of one installation."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self.public = installation.config.archive.public
        # What went out never changes, so it is read once.
        self._read: dict[tuple[Any, ...], Article] = {}

    def newest(self, connection: Connection, most: int | None = None) -> list[Past]:
        """Those that were sent, the newest first."""
        query = (
            select(*_LISTED)
            .where(*self._were(EditionStatus.SENT), _FOR_ALL)
            .order_by(_AT.desc(), editions.c.id.desc())
            .limit(most)
        )
        return [self._past(row) for row in connection.execute(query)]

    def issues(self, connection: Connection, most: int, place: str) -> list[Issue]:
        """The newest with what they say. ``place``: where their pictures are, with a slash at its end."""
        query = (
            select(*_LISTED, *_SAID)
            .where(*self._were(EditionStatus.SENT), _FOR_ALL)
            .order_by(_AT.desc(), editions.c.id.desc())
            .limit(most)
        )
        return [self._issue(connection, row, place) for row in connection.execute(query).all()]

    def issue(self, connection: Connection, slug: str, key: str, place: str) -> Issue | None:
        """The edition of that name, if whoever asks may read it."""
        query = select(*_LISTED, *_SAID).where(*self._readable(slug, key))
        row = connection.execute(query).one_or_none()
        return None if row is None else self._issue(connection, row, place)

    def past(self, connection: Connection, slug: str, key: str) -> Past | None:
        """The same without what it says."""
        query = select(*_LISTED).where(*self._readable(slug, key))
        row = connection.execute(query).one_or_none()
        return None if row is None else self._past(row)

    def minutes(self, connection: Connection) -> int | None:
        """How long the latest letters take to read; None while there is none."""
        counted = [issue.article.words for issue in self.issues(connection, LATEST, "")]
        return max(1, round(statistics.median(counted) / WORDS_A_MINUTE)) if any(counted) else None

    def _readable(self, slug: str, key: str) -> Iterator[ColumnElement[bool]]:
        yield editions.c.slug == slug
        yield from self._were(*HANDED_OVER)
        if not self._installation.tokens.opens(Purpose.ARCHIVE, slug, key):
            yield _FOR_ALL if self.public else false()

    def _were(self, *statuses: EditionStatus) -> Iterator[ColumnElement[bool]]:
        yield editions.c.status.in_(statuses)
        yield editions.c.kind != EditionKind.WELCOME
        if self._installation.config.mails:
            # Of one from before providers were kept nobody knows; it is taken for one that readers had.
            yield func.coalesce(editions.c.provider, "") != OUTBOX

    def _issue(self, connection: Connection, row: Row[Any], place: str) -> Issue:
        key = (row.slug, row.approved, place)
        if key not in self._read:
            if len(self._read) >= _MOST_KEPT:
                self._read.clear()
            self._read[key] = self._article(connection, row, place)
        return Issue(self._past(row), self._read[key])

    def _past(self, row: Row[Any]) -> Past:
        # A link needs a name (WCAG 2.4.4), also to a letter that had no subject.
        title = row.subject or self._installation.config.newsletter.name
        return Past(row.slug, row.digest, title, row.preheader, row.at)

    def _article(self, connection: Connection, row: Row[Any], place: str) -> Article:
        thumbnails = {
            picture["src"]: picture["thumbnail"]["src"]
            for picture in row.pictures
            if picture.get("src") and picture.get("thumbnail")
        }

        def hosted(address: str) -> Shown | None:
            # No page of ours has its reader's browser ask another host for anything, also not the blog's.
            # Of a picture that the letter shows from there a part may be here.
            part = thumbnails.get(address, "")
            return _hosted(connection, address, place) or _hosted(connection, part, place)

        zone = self._installation.config.newsletter.zone
        date = day(row.due_at.astimezone(zone), self._installation.config)
        html = direct_html(row.html, row.links)
        return article(html, row.subject, row.slug, hosted, (*self._framed, date))

    @cached_property
    def _framed(self) -> tuple[str, ...]:
        """Paragraphs of a letter that its page says anyway, or that speak to those who were mailed it."""
        newsletter = self._installation.config.newsletter
        try:
            phrases = Phrases(self._installation.templates, "letter", newsletter)
            to_readers = [phrases.say("why"), phrases.say("reply")]
        except LetterError:
            to_readers = []
        said = (newsletter.name, newsletter.sender, newsletter.postal_address, *to_readers)
        return tuple(filter(None, said))


_FOR_ALL = editions.c.readers_of.is_(None)
"""A correction is for who has what it corrects. To all others it would be news of a mistake."""

_AT = func.coalesce(editions.c.snapshot_at, editions.c.finished_at, editions.c.due_at)
_LISTED: tuple[Any, ...] = (
    editions.c.slug,
    editions.c.digest,
    editions.c.subject,
    editions.c.preheader,
    _AT.label("at"),
)
_SAID: tuple[Any, ...] = (
    editions.c.html,
    editions.c.links,
    editions.c.pictures,
    editions.c.due_at,
    editions.c.approved,
)
_MOST_KEPT = 128


_COPY = re.compile(r"/images/([0-9a-f]{64}\.(?:jpg|png))$")


def _hosted(connection: Connection, address: str, place: str) -> Shown | None:
    """The copy that an address means, if it is one of ours, under whatever public_url the letter was made."""
    match = _COPY.search(address)
    size = store.size_of(connection, match[1]) if match else None
    return Shown(f"{place}images/{match[1]}", *size) if match and size else None
