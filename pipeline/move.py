"""Moving everything to another database, and leaving the old one so that nothing can be sent from it."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from sqlalchemy import insert, select, text

from pipeline.copying import copy, is_empty, keep_writers_out
from pipeline.database import HEAD, Database, migrate, refuse_moved, revision
from pipeline.errors import RapportError, UsageError
from pipeline.tables import batches, editions, marks
from subscribers import clock
from subscribers.tables import metadata

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from pipeline.config import Config
    from pipeline.copying import Sums


def move(config: Config, source: Database, target: Database) -> Sums:
    """Copy all to ``target``, verify it, and mark ``source`` as moved; what was copied.

    Raises RapportError, and both are as they were, while anything is being sent (BusyError: somebody else is
    at it), when the target is not empty, or when the copy is not the same.
    """
    if source.name == target.name:
        raise UsageError(f"{target.name} is the database in use already.", "Name another one.")
    with ExitStack() as locks:
        for digest in _digests(config, source):
            locks.enter_context(source.lock(f"digest-{digest}"))
        for name in ("confirmations", "import", "mailbox"):
            locks.enter_context(source.lock(name))
        prepare(target)
        with source.write() as old:
            keep_writers_out(old)
            _must_rest(source, old)
            with target.write() as new:
                must_be_empty(target, new)
                sums = copy(old, new)
            # From here on both hold everything. Killed before the next commit, the old one is in use still,
            # and a second attempt says that the new one is not empty: nothing can be sent from both unknown.
            _close(old, target.name)
    return sums


def prepare(target: Database) -> None:
    """Give an empty database the schema. Raises RapportError when it is of another age, or moved away."""
    found = revision(target)
    if found is not None:
        refuse_moved(target)
    if found is not None and found > HEAD:
        raise RapportError(f"{target.name} was made by a newer Rapport: schema {found}.", "Upgrade Rapport.")
    if found != HEAD:
        with target.lock("migrate", wait=True):
            migrate(target)


def must_be_empty(target: Database, connection: Connection) -> None:
    """Raise RapportError unless nobody has used the database. Nobody else writes to it from then on."""
    keep_writers_out(connection)
    if not is_empty(connection):
        raise RapportError(
            f"{target.name} is not empty, and nothing in it is overwritten.",
            "Name a new database; or, if nobody needs what is in that one, remove it first.",
        )


def _digests(config: Config, source: Database) -> list[str]:
    with source.read() as connection:
        known = connection.execute(select(metadata.tables["digests"].c.name)).scalars()
        return sorted({digest.name for digest in config.digests} | set(known))


def _must_rest(source: Database, connection: Connection) -> None:
    going = connection.scalar(select(editions.c.slug).where(editions.c.status == "sending").limit(1))
    if slug := going or _under_way(source, connection):
        raise RapportError(
            f"{slug} is being sent: its ledger must stay in one place.",
            f"Let `rapport run` finish it, or stop it with `rapport editions pause {slug}`, and move then.",
        )


def _under_way(source: Database, connection: Connection) -> str | None:
    """An edition of which somebody who lives has a batch under way. What the dead left in one that was paused
    or cancelled is in doubt here as it will be there. On SQLite the digests' locks, which are ours, say that
    nobody lives."""
    left = select(editions.c.slug, batches.c.owner).join(batches).where(batches.c.state == "sending")
    for slug, owner in connection.execute(left).all():
        if not source.sqlite and owner and source.is_held(owner):
            return str(slug)
    return None


def _close(connection: Connection, to: str) -> None:
    """Mark the database, and let it refuse every later write by itself: also of a `serve` or a worker that
    opened it before, which no check at the start of a command would stop."""
    connection.execute(insert(marks).values(name="moved", value=to, at=clock.now()))
    sqlite = connection.dialect.name == "sqlite"
    if not sqlite:
        connection.execute(
            text(
                "CREATE FUNCTION refuse_moved() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE EXCEPTION 'this database was moved'; END $$"
            )
        )
    for table in metadata.sorted_tables:
        for verb in ("INSERT", "UPDATE", "DELETE"):
            body = (
                "BEGIN SELECT RAISE(ABORT, 'this database was moved'); END"
                if sqlite
                else "FOR EACH STATEMENT EXECUTE FUNCTION refuse_moved()"
            )
            name = f"moved_{table.name}_{verb.lower()}"
            connection.execute(text(f"CREATE TRIGGER {name} BEFORE {verb} ON {table.name} {body}"))
