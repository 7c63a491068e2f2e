"""Locks by name: of a file on SQLite, advisory on PostgreSQL. A lock ends with the process that holds it."""

from __future__ import annotations

import fcntl
import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import text

from pipeline.core.errors import BusyError
from subscribers import private

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection, Engine


@contextmanager
def file_lock(path: Path, name: str, *, wait: bool) -> Iterator[None]:
    """Hold the operating system's lock on the file ``path``; ``name`` is what messages call it."""
    with open(path, "w", opener=private.opener) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise _busy(name) from None
        yield


@contextmanager
def advisory_lock(engine: Engine, name: str, *, wait: bool) -> Iterator[None]:
    """Hold PostgreSQL's advisory lock ``name`` on a connection of its own."""
    # Outside any transaction: the lock must outlive commits, and a transaction must not stay open over the
    # network for as long as the lock is held.
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        take(connection, name, wait=wait)
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _key(name)})


def take(connection: Connection, name: str, *, wait: bool) -> None:
    """Take the advisory lock ``name`` for as long as the connection lasts (PostgreSQL)."""
    function = "pg_advisory_lock" if wait else "pg_try_advisory_lock"
    got = connection.execute(text(f"SELECT {function}(:key)"), {"key": _key(name)}).scalar()
    if got is False:
        raise _busy(name)


def is_taken(connection: Connection, name: str) -> bool:
    """Whether a living process holds the advisory lock ``name`` (PostgreSQL)."""
    query = text("SELECT pg_try_advisory_xact_lock(:key)")
    return not connection.execute(query, {"key": _key(name)}).scalar()


def one_at_a_time(connection: Connection, name: str) -> None:
    """Let only one transaction at a time past this point; the next one waits for its commit.

    On SQLite ``BEGIN IMMEDIATE`` has done so already.
    """
    if connection.dialect.name != "sqlite":
        key = {"key": _key(f"transaction:{name}")}
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), key)


def _busy(name: str) -> BusyError:
    return BusyError(f"Another process is at {name}.", "Wait for it to end, then try again.")


def _key(name: str) -> int:
    digest = hashlib.blake2b(f"rapport:{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
