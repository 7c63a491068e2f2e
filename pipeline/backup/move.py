"""Moving everything to another database, so that nothing can be sent from the old one afterwards.

There are three commits: the old database is closed and marked `moving`; the new one has everything and is
marked `arrived`; the old one is marked `moved`. At no moment can letters be sent from both.
"""

from __future__ import annotations

from contextlib import ExitStack, suppress
from itertools import product
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, text, update

from pipeline.backup.copy import copy, is_empty, keep_writers_out, sums_of
from pipeline.core.database_errors import MOVED, MOVED_SQLSTATE
from pipeline.core.errors import RapportError, UsageError
from pipeline.core.schema import upgrade
from pipeline.core.signals import ended_by_signals
from pipeline.core.tables.editions import editions
from pipeline.core.tables.installation import marks
from pipeline.core.tables.ledger import batches
from pipeline.editions.edition import EditionStatus
from pipeline.editions.ledger.batch_states import BatchState
from pipeline.editions.lock import lock
from subscribers import clock, staff_log
from subscribers.tables import metadata

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import Connection, Row, Table

    from pipeline.backup.copy import Sums
    from pipeline.core.config import Config
    from pipeline.core.database import Database


def move(config: Config, source: Database, target: Database) -> Sums:
    """Copy everything to ``target``, verify it, and mark ``source`` as moved; the sums of what was copied.

    ``source`` is closed before anything is copied. So after a kill letters can be sent from one of them at
    most, and the same move again finishes it. Raises RapportError, and leaves both as they were, while
    anything is being sent (BusyError: another process is at it), when the target is not empty, or when the
    copy differs.
    """
    if source.name == target.name:
        raise UsageError(f"{target.name} is the database in use already.", "Name another one.")
    with ended_by_signals(), ExitStack() as locks:
        for digest in _digests(config, source):
            locks.enter_context(lock(source, digest))
        for name in ("confirmations", "import", "mailbox", "welcomes"):
            locks.enter_context(source.lock(name))
        upgrade(target)
        try:
            begun = _begin(source, target)
            sums = _bring(source, target, begun)
            _finish(source)
        except BaseException:
            with suppress(Exception):  # the first error is the one to tell; the same move again ends this one
                _settle(source, target)
            raise
    return sums


def _begin(source: Database, target: Database) -> datetime:
    """Close the old database; the time of closing. One that a move to ``target`` closed before stays so."""
    with source.write() as old:
        keep_writers_out(old)
        if (going := _mark(old, "moving")) is not None:
            if going.value != target.name:
                raise RapportError(
                    f"{source.name} is being moved to {going.value}.",
                    f"Run `rapport migrate --to` with the address of {going.value} again to end that.",
                )
            return going.at  # type: ignore[no-any-return]
        _must_rest(source, old)
        with target.write() as new:
            must_be_empty(target, new)
        at = clock.now()
        staff_log.record(old, "move", detail=f"everything, to {target.name}")  # copied with all else
        old.execute(insert(marks).values(name="moving", value=target.name, at=at))
        _refuse_writes(old, _WRITTEN)
        return at


def _bring(source: Database, target: Database, begun: datetime) -> Sums:
    """Copy everything, once: a mark of this move in the new database tells whether it was done."""
    with source.snapshot() as old, target.write() as new:
        keep_writers_out(new)
        if _arrived(new, begun):
            return sums_of(old)
        must_be_empty(target, new)
        sums = copy(old, new)
        new.execute(marks.delete().where(marks.c.name.in_(("moving", "arrived"))))
        new.execute(insert(marks).values(name="arrived", value=source.name, at=begun))
        return sums


def _finish(source: Database) -> None:
    with source.write() as old:
        old.execute(update(marks).where(marks.c.name == "moving").values(name="moved", at=clock.now()))
        _refuse_writes(old, [marks])


def _settle(source: Database, target: Database) -> None:
    """End a move that failed: forwards if the new database has everything, else backwards. As long as the new
    one cannot be asked, the old one stays closed."""
    with source.read() as old:
        going = _mark(old, "moving")
    if going is None or going.value != target.name:
        return
    with target.write() as new:
        keep_writers_out(new)  # a commit whose answer was lost may still be under way
        arrived = _arrived(new, going.at)
    if arrived:
        _finish(source)
    else:
        _open_again(source)


def _mark(connection: Connection, name: str) -> Row[Any] | None:
    return connection.execute(select(marks).where(marks.c.name == name)).one_or_none()


def _arrived(connection: Connection, begun: datetime) -> bool:
    mark = _mark(connection, "arrived")
    return mark is not None and mark.at == begun


def must_be_empty(target: Database, connection: Connection) -> None:
    """Raise RapportError if anybody has used the database. Others cannot write to it from then on."""
    keep_writers_out(connection)
    if not is_empty(connection):
        raise not_empty(target)


def not_empty(target: Database) -> RapportError:
    """The error for a database that somebody has used."""
    return RapportError(
        f"{target.name} is not empty, and nothing in it is overwritten.",
        "Name a new database; or, if nobody needs what is in that one, remove it first.",
    )


def _digests(config: Config, source: Database) -> list[str]:
    with source.read() as connection:
        known = connection.execute(select(metadata.tables["digests"].c.name)).scalars()
        return sorted({digest.name for digest in config.digests} | set(known))


def _must_rest(source: Database, connection: Connection) -> None:
    going = connection.scalar(
        select(editions.c.slug).where(editions.c.status == EditionStatus.SENDING).limit(1)
    )
    if slug := going or _under_way(source, connection):
        raise RapportError(
            f"{slug} is being sent: its ledger must stay in one place.",
            f"Let `rapport run` finish it, or stop it with `rapport editions pause {slug}`, and move then.",
        )


def _under_way(source: Database, connection: Connection) -> str | None:
    """An edition of which a living process has a batch under way. The batches of dead ones, in an edition
    that was paused or cancelled, are in doubt here as they will be there. On SQLite nobody else is alive, for
    this process holds the digests' locks."""
    left = select(editions.c.slug, batches.c.owner).join(batches).where(batches.c.state == BatchState.SENDING)
    for slug, owner in connection.execute(left).all():
        if not source.sqlite and owner and source.is_held(owner):
            return str(slug)
    return None


_WRITTEN = [table for table in metadata.sorted_tables if table is not marks]

_VERBS = ("INSERT", "UPDATE", "DELETE")


def _refuse_writes(connection: Connection, tables: Iterable[Table]) -> None:
    """Make the database refuse every later write itself. No check at the start of a command would stop a
    `serve` or a worker that opened it before."""
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:
        body = f"BEGIN SELECT RAISE(ABORT, '{MOVED}'); END"
    else:
        body = "FOR EACH STATEMENT EXECUTE FUNCTION refuse_moved()"
        connection.execute(
            text(
                "CREATE OR REPLACE FUNCTION refuse_moved() RETURNS trigger LANGUAGE plpgsql AS "
                f"$$ BEGIN RAISE EXCEPTION '{MOVED}' USING ERRCODE = '{MOVED_SQLSTATE}'; END $$"
            )
        )
    for table, verb in product(tables, _VERBS):
        name = _trigger(table, verb)
        connection.execute(text(f"CREATE TRIGGER {name} BEFORE {verb} ON {table.name} {body}"))


def _open_again(source: Database) -> None:
    with source.write() as old:
        for table, verb in product(_WRITTEN, _VERBS):
            where = "" if source.sqlite else f" ON {table.name}"
            old.execute(text(f"DROP TRIGGER {_trigger(table, verb)}{where}"))
        if not source.sqlite:
            old.execute(text("DROP FUNCTION refuse_moved()"))
        old.execute(marks.delete().where(marks.c.name == "moving"))


def _trigger(table: Table, verb: str) -> str:
    return f"moved_{table.name}_{verb.lower()}"
