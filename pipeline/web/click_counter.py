"""Clicks counted in memory, and written every few seconds.

However many come, a transaction every PAUSE writes one row for each edition, link and day. It does not wait
in the queue of who leaves (web/writer.py), and nobody there waits for it. What a process that is killed had
not written is lost: a few seconds of an estimate.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from pipeline.editions import clicks
from pipeline.editions.clicks import Count

if TYPE_CHECKING:
    from pipeline.core.database import Database
    from pipeline.editions.clicks import Click

PAUSE = 5.0
"""Seconds between two writes."""

log = logging.getLogger(__name__)


class ClickCounter:
    """There is one in a web process. ``close`` it after the last request."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._counted: dict[Click, Count] = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def count(self, click: Click, *, scanner: bool) -> None:
        self._add({click: Count(1, int(scanner))})
        if self._thread is None:
            self._thread = threading.Thread(target=self._write_on, name="clicks", daemon=True)
            self._thread.start()

    def write(self) -> bool:
        """Write what was counted since; whether that could be done. Else it is kept for the next time,
        unless the database will never take it."""
        with self._lock:
            counted, self._counted = self._counted, {}
        if not counted:
            return True
        try:
            with self._database.write() as connection:
                clicks.add(connection, counted)
        except (SQLAlchemyError, OSError) as error:
            log.warning("Clicks could not be written: %s", type(error).__name__)
            if not isinstance(error, IntegrityError):  # else an edition is gone, and always will be
                self._add(counted)
            return False
        return True

    def close(self) -> None:
        """Write what was counted, and end."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        self.write()

    def _add(self, counted: dict[Click, Count]) -> None:
        with self._lock:
            for click, count in counted.items():
                self._counted[click] = self._counted.get(click, Count()) + count

    def _write_on(self) -> None:
        while not self._ended.wait(PAUSE):
            self.write()
