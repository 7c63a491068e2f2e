"""The writes of many requests in one transaction; each request is answered only after the commit.

On the morning when a letter goes out, thousands may leave within a minute. One thread writes for all of them:
the requests that arrive while it is busy share its next transaction. So the flush of the disk is paid once
for many, and nobody waits unfairly long for SQLite's single write lock.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy.exc import OperationalError, SQLAlchemyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from pipeline.core.database import Database

T = TypeVar("T")

MOST = 200
"""Requests in one transaction, at most."""

_SPELL, _REST = 0.4, 0.1
"""Seconds of writing, and of leaving SQLite's write lock free after it. The lock has no queue: whoever waits
tries again every 100 ms (sqliteDefaultBusyCallback in SQLite's main.c). A thread that takes it again at once
would keep the sending waiting for seconds, and with it everybody whose answer waits for a batch under way."""


class NotWrittenError(Exception):
    """It could not be written. The answer is 503, never 200."""


@dataclass(frozen=True, slots=True)
class _Job:
    work: Callable[[Connection], Any]
    answer: asyncio.Future[Any]

    def resolve(self, result: Any) -> None:
        self._tell(lambda: self.answer.set_result(result))

    def fail(self, error: BaseException) -> None:
        self._tell(lambda: self.answer.set_exception(error))

    def _tell(self, what: Callable[[], None]) -> None:
        def unless_gone() -> None:
            if not self.answer.done():
                what()

        loop = self.answer.get_loop()
        if not loop.is_closed():
            loop.call_soon_threadsafe(unless_gone)


class Writer:
    """There is one in a web process. ``close`` it after the last request."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    async def run(self, work: Callable[[Connection], T]) -> T:
        """The result of ``work``, once it is committed. It may be called twice, so its only effect must be on
        the database.

        Raises NotWrittenError when it could not be committed, and whatever ``work`` itself raises.
        """
        if self._thread is None:
            self._thread = threading.Thread(target=self._write_on, name="writer", daemon=True)
            self._thread.start()
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._jobs.put(_Job(work, answer))
        return await answer

    def close(self) -> None:
        """Write what still waits, and end."""
        if self._thread is not None:
            self._jobs.put(None)
            self._thread.join()

    def _write_on(self) -> None:
        rested = time.monotonic()
        while (first := self._jobs.get()) is not None:
            jobs = [first]
            ended = False
            while len(jobs) < MOST and not ended and not self._jobs.empty():
                job = self._jobs.get()
                if job is None:
                    ended = True
                else:
                    jobs.append(job)
            self._write(jobs)
            if ended:
                return
            if self._database.sqlite and time.monotonic() - rested > _SPELL:
                time.sleep(_REST)
                rested = time.monotonic()

    def _write(self, jobs: list[_Job]) -> None:
        try:
            with self._database.write() as connection:
                results = [job.work(connection) for job in jobs]
        except Exception as error:
            # One of them failed and rolled all of them back, so each is tried alone. But when the database is
            # locked, full or gone, each of them would fail too, and each after the same wait.
            if len(jobs) > 1 and not isinstance(error, OperationalError | OSError):
                for job in jobs:
                    self._write([job])
                return
            told = NotWrittenError() if isinstance(error, (SQLAlchemyError, OSError)) else error
            for job in jobs:
                job.fail(told)
            return
        for job, result in zip(jobs, results, strict=True):
            job.resolve(result)
