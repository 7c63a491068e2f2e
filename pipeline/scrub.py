"""Making sure that what was erased is gone from the database's files, too."""

from __future__ import annotations

import mmap
import time
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from pipeline.database import BUSY_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from sqlalchemy import Connection

    from pipeline.database import Database

TRIES = 20
PAUSE = 0.1
"""Seconds: readers of the write-ahead log are done within moments."""

_TABLES = "subscribers, subscriptions, consents, confirmations, suppressions, recipients, events"


def scrub(database: Database, words: Collection[str]) -> bool:
    """Take deleted rows that held ``words`` off the disk; False when something stands in the way for now.

    SQLite overwrites what it deletes (`secure_delete`); what is left is the write-ahead log, which is copied
    and cut off, and now and then a copy in a page that was rearranged, which only writing the file anew
    (VACUUM) removes: slow for a large list, so it is done when such a copy is found. PostgreSQL frees the
    rows (VACUUM) and overwrites them as it goes on; its log and archives are the operator's to keep short.
    """
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        try:
            if database.path is None:
                connection.execute(text(f"VACUUM {_TABLES}"))
                return True
            if not _cut_log(connection):
                return False
            if _found(database.path, words):
                connection.execute(text("VACUUM"))
                return _cut_log(connection)
        except OperationalError:
            return False
    return True


def _cut_log(connection: Connection) -> bool:
    # sqlite.org/pragma.html#pragma_wal_checkpoint: the first column is 1 while somebody reads from the log.
    # Asked often rather than waited for: a reader that stays must not hold this up for BUSY_TIMEOUT.
    connection.execute(text("PRAGMA busy_timeout = 0"))
    try:
        for _ in range(TRIES):
            if connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).one()[0] == 0:
                return True
            time.sleep(PAUSE)
        return False
    finally:
        connection.execute(text(f"PRAGMA busy_timeout = {BUSY_TIMEOUT * 1000:.0f}"))


def _found(path: Path, words: Collection[str]) -> bool:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return any(content.find(word.encode()) >= 0 for word in words)
