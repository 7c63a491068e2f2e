"""The database: its schema, its version, and whether it is durable, sound and writable."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from pipeline.core.database_errors import Fault, cause, fault
from pipeline.core.errors import RapportError, as_rapport_error
from pipeline.core.finding import error, ok, warning
from pipeline.core.schema import HEAD, schema_state
from pipeline.core.words import sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.core.database import Database
    from pipeline.core.finding import Finding
    from pipeline.doctor.context import Context

OLDEST_SQLITE = (3, 35)
"""It brought UPDATE … RETURNING (sqlite.org/lang_returning.html)."""

OLDEST_POSTGRESQL = 130000
"""13, as the server counts. The workers' queue needs it."""

_BUSY_MS = 2000


def schema(context: Context) -> Iterator[Finding]:
    if context.database_fault:
        yield error("database.schema", context.database_fault.message, context.database_fault.remedy)
        return
    database = context.database
    if database is None:
        yield ok("database.schema", "There is no database yet: it is made at first use.")
        return
    try:
        found = schema_state(database)
    except RapportError as broken:
        yield error("database.schema", broken.message, broken.remedy)
        return
    if found.is_current:
        yield ok("database.schema", f"{database.name} has schema {HEAD}.")
    elif found.is_newer:
        yield error(
            "database.schema",
            f"{database.name} was made by a newer Rapport: schema {found.revision}, not {HEAD}.",
            "Install that version again: `pip install --upgrade rapport`.",
        )
    elif database.sqlite:
        yield ok(
            "database.schema", f"{database.name} has schema {found.revision}; the next command brings it up."
        )
    else:
        yield error(
            "database.schema",
            f"{database.name} has schema {found.revision or 'none'}; this version needs {HEAD}.",
            "Run `rapport migrate`.",
        )


def version(context: Context) -> Iterator[Finding]:
    database = context.database
    if database is None:
        return
    if database.sqlite:
        current = sqlite3.sqlite_version_info >= OLDEST_SQLITE
        shown, least = f"SQLite {sqlite3.sqlite_version}", ".".join(map(str, OLDEST_SQLITE))
    else:
        with database.read() as connection:
            number = int(connection.execute(text("SHOW server_version_num")).scalar_one())
        current = number >= OLDEST_POSTGRESQL
        shown, least = f"PostgreSQL {number // 10000}.{number % 10000}", str(OLDEST_POSTGRESQL // 10000)
    if current:
        yield ok("database.version", f"{shown}.")
    else:
        yield error("database.version", f"{shown} is older than {least}.", f"Upgrade it to {least} or newer.")


def durable(context: Context) -> Iterator[Finding]:
    """Whether commits survive a power cut: letters whose record is lost would be sent again."""
    database = context.database
    if database is None:
        return
    with database.read() as connection:
        if database.sqlite:
            journal = connection.execute(text("PRAGMA journal_mode")).scalar()
            synchronous = connection.execute(text("PRAGMA synchronous")).scalar()
            fine, shown = (
                (journal, synchronous) == ("wal", 2),
                f"journal {journal}, synchronous {synchronous}",
            )
        else:
            settings = ("fsync", "synchronous_commit", "full_page_writes")
            values = {name: connection.execute(text(f"SHOW {name}")).scalar() for name in settings}
            fine = "off" not in values.values()
            shown = ", ".join(f"{name} {value}" for name, value in values.items())
    if fine:
        yield ok("database.durable", f"What is committed is on the disk ({shown}).")
    else:
        yield error(
            "database.durable",
            f"A power cut could forget whom a letter was handed over for ({shown}).",
            "Keep SQLite's file on a disk of this machine; on PostgreSQL turn these settings on.",
        )


def sound(context: Context) -> Iterator[Finding]:
    database = context.database
    if database is None or not database.sqlite:
        return
    try:
        with database.read() as connection:
            said = str(connection.execute(text("PRAGMA quick_check(1)")).scalar())
    except Exception as broken:
        said = as_rapport_error(broken).message
    if said == "ok":
        yield ok("database.sound", "SQLite finds its file sound.")
    else:
        yield error(
            "database.sound",
            "SQLite finds its file damaged.",
            "Stop all of Rapport, copy the file aside, and restore the last backup.",
        )


def writable(context: Context) -> Iterator[Finding]:
    database = context.database
    if database is None or context.database_fault:
        return
    try:
        refusal = _refused_by_sqlite(database) if database.sqlite else _refused_by_postgresql(database)
    except OperationalError as broken:
        if fault(broken) is Fault.LOCKED:
            yield warning(
                "database.writable",
                "Another process is writing to the database at the moment.",
                "Run `rapport doctor` again later; if it stays so, `fuser` on the file says which process.",
            )
            return
        refusal = cause(broken)
    if refusal:
        yield error(
            "database.writable",
            sentence(f"It cannot be written: {refusal}"),
            "Let the user that Rapport runs as write its file and its folder: `chown` both to that user.",
        )
    else:
        yield ok("database.writable", "It can be written.")


def _refused_by_sqlite(database: Database) -> str:
    """Take the lock and the file as a write does, and write nothing. Raises OperationalError."""
    with database.session() as session:
        with session.read() as connection:
            connection.execute(text(f"PRAGMA busy_timeout = {_BUSY_MS}"))
        with session.write() as connection:
            # To set it to the value it has opens the file for writing; the lock alone does not.
            kept = connection.execute(text("PRAGMA user_version")).scalar()
            connection.execute(text(f"PRAGMA user_version = {int(kept or 0)}"))
    return ""


def _refused_by_postgresql(database: Database) -> str:
    """Why the server would refuse a write; empty where it would not."""
    with database.write() as connection:
        if connection.execute(text("SHOW transaction_read_only")).scalar() == "on":
            return "the server is read-only"
        allowed = text("SELECT has_table_privilege('batches', 'INSERT, UPDATE')")
        return "" if connection.execute(allowed).scalar() else "the user may not write to its tables"


CHECKS = (schema, version, durable, sound, writable)
