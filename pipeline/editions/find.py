"""Editions read from the database, and which due times have one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, select

from pipeline.core.cron import moment_of, next_due
from pipeline.core.errors import RapportError
from pipeline.core.tables.editions import editions
from pipeline.editions.edition import FINISHED, HANDED_OVER, OPEN, Edition, EditionKind, EditionStatus

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from sqlalchemy import ColumnElement, Connection

    from pipeline.core.sections.digest import Digest


def by_slug(connection: Connection, slug: str, *, for_update: bool = False) -> Edition:
    """The named edition; ``for_update``: nobody else changes it until this transaction ends.

    Raises RapportError when there is none.
    """
    query = select(editions).where(editions.c.slug == slug)
    row = connection.execute(query.with_for_update() if for_update else query).one_or_none()
    if row is None:
        raise _unknown(connection, slug)
    return Edition.of(row)


def _unknown(connection: Connection, slug: str) -> RapportError:
    from pipeline.core.suggest import did_you_mean

    known = connection.execute(select(editions.c.slug)).scalars()
    ask = did_you_mean(slug, known)
    return RapportError(f"There is no edition {slug}.", f"{ask} List them with `rapport editions`.".lstrip())


def by_id(connection: Connection, edition: int) -> Edition:
    """The edition of that number, which exists."""
    return Edition.of(connection.execute(select(editions).where(editions.c.id == edition)).one())


def one(connection: Connection, *which: ColumnElement[bool]) -> Edition | None:
    """The edition for which all that holds, if there is one. No two can be asked for."""
    row = connection.execute(select(editions).where(*which)).one_or_none()
    return Edition.of(row) if row is not None else None


def open_one(connection: Connection, digest: str) -> Edition | None:
    """The digest's edition that is not finished, if it has one."""
    row = connection.execute(_OPEN_ONE, {"name": digest}).one_or_none()
    return Edition.of(row) if row is not None else None


# Asked in every run: making such a query costs more than its answer.
_OPEN_ONE = select(editions).where(editions.c.digest == bindparam("name"), editions.c.status.in_(OPEN))


def newest_first(connection: Connection) -> list[Edition]:
    """Every edition, newest first, but for what new readers get before a digest's first."""
    query = select(editions).where(editions.c.kind != EditionKind.WELCOME)
    return _all(connection, query.order_by(editions.c.id.desc()))


def newest(connection: Connection, most: int, *which: ColumnElement[bool]) -> list[Edition]:
    """The newest editions for which all that holds."""
    return _all(connection, select(editions).where(*which).order_by(editions.c.id.desc()).limit(most))


def put_up(connection: Connection, digests: Collection[str]) -> list[Edition]:
    """The drafts of these digests that `run` put up for staff."""
    return _all(
        connection,
        select(editions).where(
            editions.c.status == EditionStatus.DRAFT,
            editions.c.announced_at.is_not(None),
            editions.c.digest.in_(digests),
        ),
    )


def handed_over_since(connection: Connection, digest: str, moment: datetime) -> list[Edition]:
    """The digest's editions that are being sent, or were since then, oldest first."""
    ended = func.coalesce(editions.c.finished_at, editions.c.snapshot_at)
    which = (editions.c.digest == digest, editions.c.status.in_(HANDED_OVER), ended >= moment)
    return _all(connection, select(editions).where(*which).order_by(editions.c.id))


def _all(connection: Connection, query: Any) -> list[Edition]:
    return [Edition.of(row) for row in connection.execute(query)]


def providers(connection: Connection, slugs: Collection[str]) -> dict[str, str | None]:
    """To which provider each of these editions was handed, by its slug."""
    query = select(editions.c.slug, editions.c.provider).where(editions.c.slug.in_(slugs))
    return {row.slug: row.provider for row in connection.execute(query)}


def newest_stand(connection: Connection) -> list[tuple[Any, ...]]:
    """What of the newest editions is another once anybody composes, edits, decides about or sends one."""
    e = editions.c
    query = select(e.id, e.status, e.decision, e.composed_at, e.finished_at).order_by(e.id.desc()).limit(20)
    return [tuple(row) for row in connection.execute(query)]


def due_times(connection: Connection, digest: str) -> frozenset[str]:
    """The due times that have their edition already. That of a note is when it was written: it takes none."""
    return frozenset(connection.scalars(_DUE_TIMES, {"name": digest}))


_DUE_TIMES = select(editions.c.due).where(
    editions.c.digest == bindparam("name"), editions.c.kind == EditionKind.POSTS
)


def free_moment(connection: Connection, digest: str, zone: ZoneInfo, at: datetime) -> str:
    """A time for an edition that is for no due time: this moment, in the form of those off the schedule, or
    the next that no edition has."""
    taken = set(connection.scalars(select(editions.c.due).where(editions.c.digest == digest)))
    local = at.astimezone(zone).replace(tzinfo=None)
    while (due := local.isoformat(timespec="microseconds")) in taken:
        local += timedelta(microseconds=1)
    return due


def next_free_due(connection: Connection, digest: Digest, zone: ZoneInfo, at: datetime) -> str:
    """The first due time after a moment that has no edition yet."""
    return next_due(digest.schedule, zone, at, due_times(connection, digest.name))


def next_letter(connection: Connection, digest: Digest, zone: ZoneInfo, at: datetime) -> datetime:
    """When the next letter of a digest is due: the first due time that is not over already, as one is for
    which a letter went out ahead of it."""
    over = select(editions.c.due).where(
        editions.c.digest == digest.name, editions.c.status.in_(FINISHED), editions.c.due_at > at
    )
    taken = frozenset(connection.execute(over).scalars())
    return moment_of(next_due(digest.schedule, zone, at, taken), zone)


def of_due(connection: Connection, digest: str, since: datetime) -> dict[str, tuple[str, str]]:
    """The slug and the status of the edition of each due time of a digest since that moment."""
    query = select(editions.c.due, editions.c.slug, editions.c.status).where(
        editions.c.digest == digest, editions.c.due_at >= since
    )
    return {row.due: (row.slug, row.status) for row in connection.execute(query)}
