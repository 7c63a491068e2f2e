"""What an error of the database means, by its type and code and never by the words of its text.

SQLite gives each error an extended result code (sqlite.org/rescode.html), PostgreSQL a SQLSTATE (appendix A
of its manual).
"""

from __future__ import annotations

import sqlite3
from enum import Enum, auto

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from pipeline.core.words import sentence

MOVED = "this database was moved"
"""The whole message of the triggers that refuse writes after a move (backup/move.py). SQLite gives every
trigger's refusal the same code, so there the message is compared with this one."""

MOVED_SQLSTATE = "RM001"
"""The code that these triggers give on PostgreSQL. No code of the standard or the server begins like it."""


class Fault(Enum):
    """What went wrong, as far as it makes a difference to what a person does."""

    MOVED = auto()
    FULL = auto()
    LOCKED = auto()
    READ_ONLY = auto()
    TAKEN = auto()
    """Somebody else wrote a row with the same key first."""
    OTHER = auto()


_SQLITE_TAKEN = {
    sqlite3.SQLITE_CONSTRAINT_UNIQUE,
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
    sqlite3.SQLITE_CONSTRAINT_ROWID,
}

_SQLITE = {
    sqlite3.SQLITE_FULL: Fault.FULL,
    sqlite3.SQLITE_BUSY: Fault.LOCKED,
    sqlite3.SQLITE_LOCKED: Fault.LOCKED,
    sqlite3.SQLITE_READONLY: Fault.READ_ONLY,
}
"""By primary code, the low byte of an extended one."""

_POSTGRESQL = {
    MOVED_SQLSTATE: Fault.MOVED,
    "53100": Fault.FULL,  # disk_full
    "55P03": Fault.LOCKED,  # lock_not_available
    "25006": Fault.READ_ONLY,  # read_only_sql_transaction
    "42501": Fault.READ_ONLY,  # insufficient_privilege
    "23505": Fault.TAKEN,  # unique_violation
}


def fault(error: SQLAlchemyError | sqlite3.Error) -> Fault:
    """What went wrong."""
    driver = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(driver, sqlite3.Error):
        return _of_sqlite(driver)
    return _POSTGRESQL.get(_sqlstate(driver), Fault.OTHER)


def cause(error: SQLAlchemyError | sqlite3.Error) -> str:
    """What the database said, for a message. The statement and its values stay out: they hold addresses."""
    driver = error.orig if isinstance(error, DBAPIError) else error
    said = "" if isinstance(driver, SQLAlchemyError) or driver is None else str(driver).strip()
    return (said or type(error).__name__).splitlines()[0].rstrip(".")


def explained(error: SQLAlchemyError | sqlite3.Error) -> tuple[str, str]:
    """What happened and the remedy, for people."""
    match fault(error):
        case Fault.MOVED:
            return (
                "This database takes nothing more: everything in it was moved to another, or is being moved.",
                "Set database.url to that one, and restart whatever still uses this.",
            )
        case Fault.FULL:
            return "The disk is full: the database took nothing more.", "Free some space and run it again."
        case Fault.LOCKED:
            return "The database stayed locked by another process.", "Wait for it to end and run it again."
        case Fault.READ_ONLY:
            return "The database may not be written.", "Check the permissions of its file and folder."
        case Fault.TAKEN:
            said = "another process wrote the same thing first"
        case Fault.OTHER:
            said = cause(error)
    return sentence(f"The database refused: {said}"), "Nothing was half done; run it again."


def _of_sqlite(error: sqlite3.Error) -> Fault:
    # Only an error that SQLite itself raised has a code, not one of Python's module.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
    if code == sqlite3.SQLITE_CONSTRAINT_TRIGGER and str(error) == MOVED:
        return Fault.MOVED
    if code in _SQLITE_TAKEN:
        return Fault.TAKEN
    return _SQLITE.get(code & 0xFF, Fault.OTHER)


def _sqlstate(error: BaseException | None) -> str:
    try:
        from psycopg import Error
    except ModuleNotFoundError:  # PostgreSQL's driver is an extra
        return ""
    return (error.sqlstate or "") if isinstance(error, Error) else ""
