"""What became of each announcement: one row an edition and channel.

A row is worked on by whoever holds the channel's lock, which ends with its process. So a row that is
`posting` when the lock was free belongs to a process that died, and nobody knows what became of its attempt.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from pipeline.core.tables.channels import announcements
from pipeline.core.tables.editions import editions
from pipeline.delivery.channels.announcement import UNFINISHED, Announcement, AnnouncementState
from pipeline.delivery.channels.keys import repeat_key
from subscribers import clock

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from sqlalchemy import Connection

    from pipeline.core.config import Config
    from pipeline.core.sections.channel import Channel

_FIRST_WAIT, _LONGEST_WAIT = 60.0, 3600.0
"""Seconds between two attempts; each wait is twice the one before."""


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


def again(connection: Connection, one: Announcement) -> Announcement:
    """How it is now."""
    found = find(connection, one.edition_id, one.channel)
    assert found is not None, "nothing deletes it"
    return found


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


def begin(
    connection: Connection, one: Announcement, content: Mapping[str, Any], now: datetime, *, doubt: bool
) -> None:
    """Before the request that can make it public: from now on a death leaves it in doubt.

    ``doubt``: whether an earlier attempt may have posted it. Only then does the first try count that was in
    doubt; the service knows nothing of one that it surely refused.
    """
    _change(
        connection,
        one,
        state=AnnouncementState.POSTING,
        content=dict(content),
        attempts=one.attempts + 1,
        first_try=one.first_try if doubt and one.first_try else now,
        doubt=doubt,
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
    due_at = connection.execute(select(editions.c.due_at).where(editions.c.id == one.edition_id)).scalar_one()
    now = clock.now()
    _change(
        connection,
        one,
        state=AnnouncementState.WAITING,
        repeat_key=repeat_key(config, channel, slug, due_at, one.attempts),
        content=None,
        made_at=now,
        first_try=None,
        next_try=None,
        doubt=False,
        at=now,
    )


def _change(connection: Connection, one: Announcement, **values: Any) -> None:
    connection.execute(update(announcements).where(*_row(one.edition_id, one.channel)).values(values))


def _row(edition_id: int, channel: str) -> tuple[Any, ...]:
    return announcements.c.edition_id == edition_id, announcements.c.channel == channel
