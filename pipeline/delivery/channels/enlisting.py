"""What is to be announced: each edition that readers were handed since a channel is known, once on each."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update

from pipeline.core.destination import OUTBOX
from pipeline.core.tables.channels import announcements, channels
from pipeline.core.tables.editions import editions
from pipeline.core.tables.installation import marks
from pipeline.delivery.channels.announcement import UNFINISHED, AnnouncementState
from pipeline.delivery.channels.keys import repeat_key
from pipeline.editions.edition import EditionKind, EditionStatus
from subscribers.sets import insert

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from pipeline.core.config import Config
    from pipeline.core.sections.channel import Channel
    from pipeline.editions.edition import Edition

LATELY = timedelta(days=7)
"""What was sent longer ago is not announced by itself any more."""


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
