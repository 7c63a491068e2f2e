"""The trial: editions that only went to the outbox, once letters go to readers.

While the provider is the outbox, an edition holds its posts as any other does. Once it is a real one, these
posts have reached nobody: they are free, for the first letters that readers get. As a first run does not mail
the archive, these do not either: what was older than the backlog when letters began to go to readers stays
where it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update

from pipeline.core.destination import is_mail
from pipeline.core.tables.editions import edition_posts, editions
from pipeline.core.tables.installation import marks
from pipeline.editions.edition import UNDER_WAY, EditionKind, EditionStatus

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import Connection

    from pipeline.core.config import Config

MAILING = "mailing"
"""The mark since when letters go to readers."""

_OVER = (EditionStatus.SENT, EditionStatus.CANCELLED)


@dataclass(frozen=True, slots=True)
class Trial:
    """A digest's editions that reached nobody, by id. ``until``: when its letters began to go to readers.
    ``alone``: none had gone to readers before them."""

    editions: frozenset[int]
    until: datetime
    alone: bool

    def covers(self, edition: int | None) -> bool:
        """Whether the backlog is counted anew for a post that is in this edition, or in none."""
        return self.alone or edition in self.editions


def trial_of(connection: Connection, config: Config, digest: str, at: datetime) -> Trial | None:
    """The trial of a digest; None while it lasts, and where there was none. An edition of which is not known
    where it went is taken for one that readers had."""
    if not config.mails:
        return None
    rows = connection.execute(
        select(editions.c.id, editions.c.provider, editions.c.status, editions.c.snapshot_at).where(
            editions.c.digest == digest,
            editions.c.status.in_((*UNDER_WAY, *_OVER)),
            editions.c.kind == EditionKind.POSTS,
        )
    ).all()
    written = frozenset(
        row.id for row in rows if row.status in _OVER and row.provider and not is_mail(row.provider)
    )
    if not written:
        return None
    until = _since(connection) or at
    had = (row.snapshot_at for row in rows if row.provider is None or is_mail(row.provider))
    return Trial(written, until, alone=not any(moment is not None and moment <= until for moment in had))


def end(connection: Connection, config: Config, at: datetime) -> bool:
    """Note that letters go to readers from now on; False when that was noted before, or they do not.

    Due times still to come, which letters to the outbox took, are free again."""
    if not config.mails or _since(connection) is not None:
        return False
    connection.execute(insert(marks).values(name=MAILING, value=config.delivery.provider, at=at))
    for digest in config.digests:
        if trial := trial_of(connection, config, digest.name, at):
            _free_due_times(connection, config, trial, at)
    return True


def begin(connection: Connection, config: Config) -> None:
    """Note that letters go to the outbox, before one does: it is a trial again."""
    if not config.mails:
        connection.execute(delete(marks).where(marks.c.name == MAILING))


def take_over(connection: Connection, trial: Trial | None, digest: str, posts: Iterable[int]) -> None:
    """Let posts of the trial be in another edition of their digest."""
    if trial is not None:
        connection.execute(
            delete(edition_posts).where(
                edition_posts.c.digest == digest,
                edition_posts.c.post_id.in_(list(posts)),
                edition_posts.c.edition_id.in_(trial.editions),
            )
        )


def _since(connection: Connection) -> datetime | None:
    found: datetime | None = connection.scalar(select(marks.c.at).where(marks.c.name == MAILING))
    return found


def _free_due_times(connection: Connection, config: Config, trial: Trial, at: datetime) -> None:
    ahead = select(editions.c.id, editions.c.finished_at).where(
        editions.c.id.in_(trial.editions), editions.c.due_at > at
    )
    for row in connection.execute(ahead).all():
        # Off the schedule, as that of `run --now`.
        went = row.finished_at.astimezone(config.newsletter.zone).replace(tzinfo=None)
        values = {"due": went.isoformat(timespec="microseconds"), "due_at": row.finished_at}
        connection.execute(update(editions).where(editions.c.id == row.id).values(values))
