"""What is to be announced where, and what became of it: one row an edition and channel.

A row is worked on by whoever holds the channel's lock, which ends with its process. So a row that is
`posting` when the lock was free belongs to a process that died, and nobody knows what became of its attempt.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update

from pipeline.core.destination import OUTBOX
from pipeline.core.tables.channels import announcements, channels
from pipeline.core.tables.editions import editions
from pipeline.core.tables.installation import marks
from pipeline.delivery.channels.keys import repeat_key
from pipeline.editions.edition import EditionKind, EditionStatus
from subscribers import clock
from subscribers.sets import insert

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from pipeline.core.config import Config
    from pipeline.core.sections.channel import Channel
    from pipeline.editions.edition import Edition

LATELY = timedelta(days=7)
"""What was sent longer ago is not announced by itself any more."""

PATIENCE = timedelta(days=3)
"""How long an announcement is tried; a webhook's receiver may be down over a weekend."""

_FIRST_WAIT, _LONGEST_WAIT = 60.0, 3600.0
"""Seconds between two attempts; each wait is twice the one before."""


class AnnouncementState(StrEnum):
    """Where an announcement stands, in the words of the database and of ``--json``."""

    WAITING = "waiting"
    POSTING = "posting"
    POSTED = "posted"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"


UNFINISHED = (AnnouncementState.WAITING, AnnouncementState.POSTING)


@dataclass(frozen=True, slots=True)
class Announcement:
    """One row of `announcements`. ``doubt``: an attempt ended without saying what became of it."""

    edition_id: int
    channel: str
    state: AnnouncementState
    made_at: datetime
    repeat_key: str
    content: Mapping[str, Any] | None
    attempts: int
    first_try: datetime | None
    next_try: datetime | None
    doubt: bool
    at: datetime
    address: str
    reason: str

    @classmethod
    def of(cls, row: Row[Any]) -> Announcement:
        values = {name: getattr(row, name) for name in cls.__slots__}
        return cls(**values | {"state": AnnouncementState(row.state)})

    @property
    def waits(self) -> bool:
        """Whether it is tried again by itself."""
        return self.state is AnnouncementState.WAITING

    def is_over(self, now: datetime) -> bool:
        """Whether it was tried for long enough."""
        return now - self.made_at > PATIENCE


def enlist(connection: Connection, config: Config, now: datetime) -> None:
    """Write down what was sent since each channel is known, and is not announced there yet."""
    _restored(connection)
    for channel in config.channels:
        known = insert(connection, channels).values(name=channel.name, since=now)
        connection.execute(known.on_conflict_do_nothing())
        since = connection.scalar(select(channels.c.since).where(channels.c.name == channel.name))
        for row in connection.execute(_to_announce(channel, max(since or now, now - LATELY))).all():
            # A note is announced where its file says so.
            if row.kind == EditionKind.POSTS or row.note.get("announce"):
                add(connection, config, channel, row, now)


def _to_announce(channel: Channel, since: datetime) -> Any:
    there = select(announcements.c.edition_id).where(
        announcements.c.edition_id == editions.c.id, announcements.c.channel == channel.name
    )
    e = editions.c
    query = select(e.id, e.slug, e.due_at, e.finished_at, e.kind, e.note).where(
        e.status == EditionStatus.SENT,
        e.finished_at >= since,
        e.kind != EditionKind.WELCOME,
        e.readers_of.is_(None),  # a correction is for who has what it corrects
        ~there.exists(),
    )
    if not channel.local:
        # As went_out says: then the world is told nothing either.
        query = query.where(func.coalesce(editions.c.provider, "") != OUTBOX)
    return query.order_by(editions.c.id)


def went_out(edition: Edition) -> bool:
    """Whether readers were handed it: a letter in the outbox left this machine for nobody."""
    return edition.provider != OUTBOX


def add(connection: Connection, config: Config, channel: Channel, edition: Any, now: datetime) -> None:
    """Write down that an edition is to be announced on a channel, unless that is written down already.

    What was sent before a backup that was restored here may have been announced by the machine that is gone.
    """
    restored = _restored(connection)
    lost = restored is not None and edition.finished_at is not None and edition.finished_at < restored
    connection.execute(
        insert(connection, announcements)
        .values(
            edition_id=edition.id,
            channel=channel.name,
            state=AnnouncementState.UNCERTAIN if lost else AnnouncementState.WAITING,
            doubt=lost,
            reason="it was sent before the backup that was restored here was made" if lost else "",
            made_at=now,
            at=now,
            repeat_key=repeat_key(config, channel, edition.slug, edition.due_at, 0),
        )
        .on_conflict_do_nothing()
    )


def due(connection: Connection, channel: str, now: datetime) -> list[Announcement]:
    """What the channel may be asked for now, the oldest first. For whoever holds the channel's lock."""
    query = select(announcements).where(
        announcements.c.channel == channel,
        announcements.c.state.in_(UNFINISHED),
        (announcements.c.next_try.is_(None)) | (announcements.c.next_try <= now),
    )
    return [Announcement.of(row) for row in connection.execute(query.order_by(announcements.c.edition_id))]


def unfinished(connection: Connection, names: Iterable[str]) -> bool:
    """Whether anything waits to be announced on one of these channels."""
    query = select(announcements.c.edition_id).where(
        announcements.c.channel.in_(list(names)), announcements.c.state.in_(UNFINISHED)
    )
    return connection.execute(query.limit(1)).first() is not None


def find(connection: Connection, edition_id: int, channel: str) -> Announcement | None:
    query = select(announcements).where(*_row(edition_id, channel))
    row = connection.execute(query).one_or_none()
    return None if row is None else Announcement.of(row)


def of_edition(connection: Connection, edition_id: int) -> list[Announcement]:
    """What became of an edition's announcements, by channel."""
    query = select(announcements).where(announcements.c.edition_id == edition_id)
    return [Announcement.of(row) for row in connection.execute(query.order_by(announcements.c.channel))]


def latest(connection: Connection, channel: str, most: int) -> list[tuple[str, Announcement]]:
    """The channel's latest announcements with the slug of each edition, the newest first."""
    query = (
        select(editions.c.slug, announcements)
        .join(editions, editions.c.id == announcements.c.edition_id)
        .where(announcements.c.channel == channel)
        .order_by(announcements.c.edition_id.desc())
        .limit(most)
    )
    return [(row.slug, Announcement.of(row)) for row in connection.execute(query)]


def troubles(connection: Connection, since: datetime) -> list[tuple[str, Announcement]]:
    """What ended otherwise than posted since that moment, with the slug of each edition."""
    bad = (AnnouncementState.REFUSED, AnnouncementState.UNCERTAIN)
    query = (
        select(editions.c.slug, announcements)
        .join(editions, editions.c.id == announcements.c.edition_id)
        .where(announcements.c.state.in_(bad), announcements.c.at >= since)
    )
    return [(row.slug, Announcement.of(row)) for row in connection.execute(query)]


def begin(connection: Connection, one: Announcement, content: Mapping[str, Any], now: datetime) -> None:
    """Before the request that can make it public: from now on a death leaves it in doubt."""
    _change(
        connection,
        one,
        state=AnnouncementState.POSTING,
        content=dict(content),
        attempts=one.attempts + 1,
        first_try=one.first_try or now,
        at=now,
    )


def posted(connection: Connection, one: Announcement, address: str) -> None:
    _change(
        connection,
        one,
        state=AnnouncementState.POSTED,
        address=address,
        reason="",
        doubt=False,
        at=clock.now(),
    )


def ended(connection: Connection, one: Announcement, reason: str, *, doubt: bool) -> None:
    """Nothing more is tried. In doubt it may have been posted; else it surely was not."""
    state = AnnouncementState.UNCERTAIN if doubt else AnnouncementState.REFUSED
    _change(connection, one, state=state, reason=reason, doubt=doubt, at=clock.now())


def put_off(connection: Connection, one: Announcement, reason: str, wait: float, *, doubt: bool) -> None:
    """It waits for another attempt."""
    now = clock.now()
    rest = min(_FIRST_WAIT * 2 ** min(one.attempts, 10), _LONGEST_WAIT)
    _change(
        connection,
        one,
        state=AnnouncementState.WAITING,
        reason=reason,
        doubt=doubt,
        next_try=now + timedelta(seconds=max(wait, rest)),
        at=now,
    )


def wait_again(
    connection: Connection, config: Config, channel: Channel, one: Announcement, slug: str
) -> None:
    """Staff want another attempt, of what was refused or of what they found was not posted. It is made under
    a key of its own, for the service may know the old one."""
    due_at = connection.scalar(select(editions.c.due_at).where(editions.c.id == one.edition_id))
    now = clock.now()
    _change(
        connection,
        one,
        state=AnnouncementState.WAITING,
        repeat_key=repeat_key(config, channel, slug, due_at or now, one.attempts),
        content=None,
        made_at=now,
        first_try=None,
        next_try=None,
        doubt=False,
        at=now,
    )


def _restored(connection: Connection) -> datetime | None:
    """When the database was restored from a backup, if it was.

    What had no end when the backup was made may have been posted by the machine that is gone: from now on it
    is in doubt.
    """
    restored = connection.scalar(select(marks.c.at).where(marks.c.name == "restored"))
    if restored is not None:
        _doubt_since(connection, restored)
    return restored


def _doubt_since(connection: Connection, restored: datetime) -> None:
    connection.execute(
        update(announcements)
        .where(announcements.c.state.in_(UNFINISHED), announcements.c.at < restored)
        .values(
            state=AnnouncementState.UNCERTAIN,
            doubt=True,
            reason="it had no end yet when the backup was made that was restored here",
        )
    )


def _change(connection: Connection, one: Announcement, **values: Any) -> None:
    connection.execute(update(announcements).where(*_row(one.edition_id, one.channel)).values(values))


def _row(edition_id: int, channel: str) -> tuple[Any, ...]:
    return announcements.c.edition_id == edition_id, announcements.c.channel == channel
