"""Digests by name: those of configuration and database, and renaming one with all that is its own.

A digest is known by its name alone. So one that is only renamed in rapport.toml is a new one without
readers, until its readers, proof, editions and posts are taken along. Editions keep their slugs, which are in
mail that is out.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import delete, func, insert, select, update

from pipeline.core.errors import ConfigError, RapportError, UsageError
from pipeline.core.sections.digest import Digest
from pipeline.core.tables.editions import digests, edition_posts, editions, list_ids
from pipeline.core.tables.installation import marks, notices, runs
from pipeline.core.tables.ledger import batches
from pipeline.editions import store
from pipeline.editions.edition import OPEN, EditionKind, EditionStatus
from pipeline.editions.ledger.batch_states import BatchState
from pipeline.editions.lock import lock
from pipeline.feeds.first_seen import refuse_former
from subscribers import digest_names, directory, staff_log

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from pipeline.core.app import Installation
    from pipeline.core.config import Config

LIST = "List them with `rapport digests`."


class Known(NamedTuple):
    """A digest of configuration or database. ``former``: what it was called before, the first name first."""

    digest: str
    configured: bool
    active: int
    pending: int
    unsubscribed: int
    editions: int
    former: list[str]


def known(connection: Connection, config: Config) -> list[Known]:
    """Every digest: those of the configuration in their order, then those that only the database knows."""
    configured = [digest.name for digest in config.digests]
    made = {row[0]: row[1] for row in connection.execute(_EDITIONS)}
    seen = {*connection.scalars(select(digests.c.name)), *made} - set(configured)
    counted = directory.stats(connection, [*configured, *sorted(seen)]).digests
    former: dict[str, list[str]] = {}
    for name, present in digest_names.former(connection).items():
        former.setdefault(present, []).append(name)
    return [
        Known(
            one.digest,
            one.digest in configured,
            one.active,
            one.pending,
            one.unsubscribed,
            made.get(one.digest, 0),
            former.get(one.digest, []),
        )
        for one in counted
    ]


_EDITIONS = (
    select(editions.c.digest, func.count())
    .where(editions.c.kind != EditionKind.WELCOME)
    .group_by(editions.c.digest)
)


def left_behind(connection: Connection, config: Config) -> list[Known]:
    """The digests with readers or editions that only the database knows."""
    return [
        one
        for one in known(connection, config)
        if not one.configured and one.active + one.pending + one.unsubscribed + one.editions
    ]


def lost(connection: Connection, config: Config, digest: str) -> str:
    """Why a digest has no readers though there are some, under its new name or its former one; else empty."""
    try:
        refuse_former(connection, digest)
    except ConfigError as error:
        return f"{error.message} {error.remedy}"
    if digest in digest_names.readers(connection):
        return ""
    before = [one for one in left_behind(connection, config) if one.active]
    if not before:
        return ""
    readers = ", ".join(f"{one.digest} (active readers: {one.active:,})" for one in before)
    return (
        f"{digest} has no readers, and rapport.toml no longer has {readers}. If it was renamed: "
        f"`rapport digests rename {before[0].digest} {digest}`"
    )


def rename(installation: Installation, old: str, new: str) -> Known:
    """Give the digest ``old`` the name ``new``, with its readers, their proof, its editions and its posts.

    Raises UsageError for a name that a digest cannot have, BusyError while another process is at either, and
    RapportError, each with the remedy: when ``old`` is unknown, is being sent, or stands in the configuration
    beside ``new``; and when ``new`` has readers or editions of its own.
    """
    _check_name(new)
    if old == new:
        raise UsageError(f"{old} is called so already.", "Name the present name, then the new one.")
    database, config = installation.database, installation.config
    with ExitStack() as held:
        # An import and a run hold a digest by the name that they began with.
        held.enter_context(database.lock("import"))
        for name in sorted((old, new)):
            held.enter_context(lock(database, name))
        with database.write() as connection:
            before = {one.digest: one for one in known(connection, config)}
            _must_be_known(connection, old, before)
            _must_be_still(connection, old)
            _must_be_free(connection, new, before.get(new))
            if old in before and before[old].configured and new in before and before[new].configured:
                raise RapportError(
                    f"{old} and {new} are two digests of rapport.toml.",
                    f"Take {old} out of rapport.toml first; {new} is then its new name.",
                )
            _take_along(connection, old, new)
            digest_names.rename(connection, old, new, source="rapport digests rename")
            staff_log.record(connection, "rename", detail=f"{old} to {new}")
            return next(one for one in known(connection, config) if one.digest == new)


def _check_name(name: str) -> None:
    from pydantic import ValidationError

    try:
        Digest(name=name)
    except ValidationError:
        raise UsageError(
            f"{name!r} cannot be a digest's name.",
            "Small letters, digits, - and _ within, 49 at most, and no number behind a hyphen at the end.",
        ) from None


def _must_be_known(connection: Connection, old: str, before: dict[str, Known]) -> None:
    one = before.get(old)
    in_database = connection.scalar(select(digests.c.name).where(digests.c.name == old)) is not None
    if one is not None and (in_database or one.active + one.pending + one.unsubscribed + one.editions):
        return
    if (present := digest_names.former(connection).get(old)) is not None:
        raise RapportError(f"{old} was renamed before: it is called {present}.", LIST, code="unknown_digest")
    if one is not None:
        raise RapportError(
            f"{old} stands in rapport.toml alone: the database knows nothing of it yet.",
            "Write its new name there; nothing has to be taken along.",
            code="unknown_digest",
        )
    from pipeline.core.suggest import did_you_mean

    ask = did_you_mean(old, before)
    raise RapportError(f"There is no digest {old}.", f"{ask} {LIST}".lstrip(), code="unknown_digest")


def _must_be_still(connection: Connection, old: str) -> None:
    """Nothing of it may be on its way: whoever hands it over knows it by its old name."""
    query = select(editions.c.id, editions.c.slug, editions.c.status).where(editions.c.digest == old)
    for row in connection.execute(query.with_for_update()).all():
        if row.status == EditionStatus.SENDING:
            raise RapportError(
                f"{row.slug} is being sent.",
                f"Let it end (`rapport send {row.slug}`), or stop it: `rapport editions pause {row.slug}`.",
                code="sending",
            )
        under_way = select(batches.c.number).where(
            batches.c.edition_id == row.id, batches.c.state == BatchState.SENDING
        )
        if connection.execute(under_way.limit(1)).first() is not None:
            raise RapportError(
                f"A part of {row.slug} is being handed over.",
                "Try again when it has ended; `rapport run` settles what a process that died has left.",
                code="sending",
            )


def _aside(new: str) -> str:
    return f"Choose another name; or set those aside first: `rapport digests rename {new} {new}-before`."


def _must_be_free(connection: Connection, new: str, one: Known | None) -> None:
    if one is None:
        return
    if readers := one.active + one.pending + one.unsubscribed:
        raise RapportError(
            f"{new} has readers of its own: {readers:,}, with those who left.",
            _aside(new),
            code="taken",
        )
    e = editions.c
    own = select(e.slug, e.status, e.snapshot_at, e.kind).where(e.digest == new)
    for row in connection.execute(own).all():
        if row.status in OPEN and row.snapshot_at is None:
            raise RapportError(
                f"{new} has an open edition: {row.slug}.",
                f"Its posts are free again after `rapport editions skip {row.slug}`; then rename.",
                code="taken",
            )
        if row.snapshot_at is not None or row.kind == EditionKind.WELCOME:
            raise RapportError(
                f"{new} has editions of its own: {row.slug} was sent.",
                _aside(new),
                code="taken",
            )


def _take_along(connection: Connection, old: str, new: str) -> None:
    # Of ``new`` there are at most editions that reached nobody: their due times are those of ``old``.
    for edition in connection.scalars(select(editions.c.id).where(editions.c.digest == new)).all():
        store.discard(connection, edition)
    seen = connection.scalar(select(digests.c.first_seen).where(digests.c.name == old))
    if seen is not None:
        connection.execute(delete(digests).where(digests.c.name == new))
        connection.execute(insert(digests).values(name=new, first_seen=seen))
    for table in (runs, list_ids):
        connection.execute(delete(table).where(table.c.digest == new))
    for table in (editions, edition_posts, runs, list_ids):
        connection.execute(update(table).where(table.c.digest == old).values(digest=new))
    connection.execute(delete(digests).where(digests.c.name == old))
    _keep_told(connection, old, new)
    connection.execute(delete(marks).where(marks.c.name == "resting"))  # the next run looks again


def _keep_told(connection: Connection, old: str, new: str) -> None:
    """What staff were told of the digest they are not told again. A notice names it at either end."""
    connection.execute(delete(notices).where(notices.c.digest == new))
    for row in connection.execute(select(notices).where(notices.c.digest == old)).all():
        about = " ".join(new if word == old else word for word in row.about.split(" "))
        this = (notices.c.kind == row.kind, notices.c.about == row.about)
        connection.execute(update(notices).where(*this).values(about=about, digest=new))
