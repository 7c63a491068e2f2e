"""Making sure that what was erased is also gone from the database's files."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from pipeline.core.database import BUSY_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from pipeline.core.database import Database

TRIES = 20
PAUSE = 0.1
"""Seconds between two tries. Whoever reads the write-ahead log is done within moments."""

_TABLES = "subscribers, subscriptions, welcomes, consents, confirmations, suppressions, recipients, events"


def scrub(database: Database, words: Collection[str]) -> bool:
    """Remove deleted rows that held ``words`` from the disk; False when something prevents it for now.

    SQLite overwrites what it deletes (`secure_delete`). Two things are left. One is the write-ahead log,
    which is copied into the file and truncated. The other is, now and then, a copy in a page that was
    rearranged; only rewriting the file (VACUUM) removes it, which is slow for a large list, so it is done
    only when such a copy is found. PostgreSQL frees the rows (VACUUM) and overwrites them as it goes on; how
    long its log and archives are kept is up to the operator.
    """
    try:
        if database.path is None:
            with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text(f"VACUUM {_TABLES}"))
            return True
        # Not through the engine, which always begins a transaction: VACUUM allows none.
        with closing(sqlite3.connect(database.path, BUSY_TIMEOUT, isolation_level=None)) as file:
            if not _cut_log(file):
                return False
            if _found(database.path, words):
                file.execute("VACUUM")
                return _cut_log(file)
    except (OperationalError, sqlite3.OperationalError):
        # Locked, or no space for the copy that VACUUM makes. The person is erased all the same.
        return False
    return True


def _cut_log(file: sqlite3.Connection) -> bool:
    # sqlite.org/pragma.html#pragma_wal_checkpoint: the first column is 1 while somebody reads from the log.
    # Tried often instead of waiting once: a reader that stays must not hold this up for BUSY_TIMEOUT.
    file.execute("PRAGMA busy_timeout = 0")
    try:
        for _ in range(TRIES):
            if file.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0:
                return True
            time.sleep(PAUSE)
        return False
    finally:
        file.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT * 1000:.0f}")


_LOOK = """
import mmap, sys
words = [word.encode() for word in sys.stdin.read().split("\\n")]
with open(sys.argv[1], "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
    sys.exit(any(content.find(word) >= 0 for word in words))
"""


def _found(path: Path, words: Collection[str]) -> bool:
    """Whether the file holds any of the words.

    Another process looks. If this one, which has the database open in SQLite, opened the file once more and
    closed it, the system would drop all locks that this process holds on it (sqlite.org/howtocorrupt.html,
    2.2); the next program to close the database would then delete the write-ahead log that we still use.
    """
    if not words:
        return False
    look = [sys.executable, "-I", "-c", _LOOK, str(path)]
    # Addresses go through a pipe: everyone on the machine can read a command line.
    return subprocess.run(look, input="\n".join(words), text=True).returncode != 0  # noqa: S603
