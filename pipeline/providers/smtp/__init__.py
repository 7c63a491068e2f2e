"""The operator's own mail server, by SMTP.

`connection.py` opens a connection and logs in; `protocol.py` writes commands and reads replies;
`transaction.py` sends letters on one connection; `batch.py` records what became of everyone in a batch. SMTP
says at once, and of each reader, whether a letter was taken; later it says nothing.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from pipeline.providers import BatchResult, Result
from pipeline.providers.eml import Prepared, envelope_address
from pipeline.providers.smtp.batch import BatchProgress, Halt, Streak
from pipeline.providers.smtp.connection import connect
from pipeline.providers.smtp.protocol import ConnectionEnded
from pipeline.providers.smtp.transaction import Transactions
from subscribers import clock

if TYPE_CHECKING:
    from pipeline.providers import Batch, Message
    from pipeline.providers.smtp.connection import Connection, Server

GROUP = 20
"""Readers of a batch for each connection: so many are in doubt when a process is killed."""


class Smtp:
    """A Provider over kept connections to one server, for one thread. A batch is spread over all of them."""

    parallel = 1

    def __init__(self, server: Server, connections: int) -> None:
        self.max_batch = GROUP * connections
        self._server = server
        self._connections: list[Connection | None] = [None] * connections
        self._threads = _threads(connections)
        self._made: tuple[Message, Prepared, Streak] | None = None

    def send(self, message: Message, batch: Batch) -> BatchResult:
        """Hand one batch over, up to GROUP readers a connection."""
        try:
            sender = envelope_address(message.from_email)
            prepared, streak = self._prepared(message, batch)
            progress = BatchProgress(batch, prepared, clock.now(), streak)
        except ValueError as error:
            return BatchResult(Result.STOP, f"no valid message can be made ({type(error).__name__})")
        number = min(len(self._connections), -(-len(batch.recipients) // GROUP))
        if number <= 1:
            self._work(0, sender, progress)
        else:
            self._work_in_parallel(number, sender, progress)
        return progress.result()

    def settle(self, message: Message, batch: Batch) -> None:
        """It cannot be known: SMTP has no way to ask whether a letter was taken."""

    def close(self) -> None:
        """Close the connections; the next `send` opens others."""
        self._threads.shutdown()
        self._threads = _threads(len(self._connections))
        for place, connection in enumerate(self._connections):
            self._connections[place] = None
            if connection:
                connection.leave()

    def _prepared(self, message: Message, batch: Batch) -> tuple[Prepared, Streak]:
        tags: frozenset[str] = frozenset().union(*(reader.fields for reader in batch.recipients))
        if self._made is None or self._made[0] is not message or self._made[1].tags != tags:
            self._made = message, Prepared(message, tags), Streak()
        return self._made[1:]

    def _work_in_parallel(self, number: int, sender: bytes, progress: BatchProgress) -> None:
        working = [self._threads.submit(self._work, place, sender, progress) for place in range(number)]
        try:
            wait(working)
        except BaseException:
            # Told to stop: letters that were not begun stay so.
            progress.abandon()
            wait(working)
            raise
        for worker in working:
            worker.result()

    def _work(self, place: int, sender: bytes, progress: BatchProgress) -> None:
        """Send letters of a batch while any waits; where the connection ends, over a new one."""
        while progress.waiting:
            try:
                progress.check_time()
                connection, fresh = self._connection(place)
            except Halt as halt:
                progress.halt(halt)
                return
            transactions = Transactions(connection, sender, progress)
            try:
                transactions.run()
                connection.used()
            except BaseException as error:
                # A kept connection must not hold half a transaction.
                self._connections[place] = None
                connection.close()
                if isinstance(error, Halt):
                    progress.halt(error)
                    return
                if not isinstance(error, ConnectionEnded):
                    raise
                # A server may close after so many letters, and a kept connection may have ended unnoticed.
                # But a new one that ends before an answer for a single letter will do no better the next
                # time.
                if fresh and not transactions.answered:
                    progress.halt(Halt(Result.REFUSED, error.reason))
                    return

    def _connection(self, place: int) -> tuple[Connection, bool]:
        """The connection of that number, and whether it is new."""
        kept = self._connections[place]
        if kept and kept.alive:
            return kept, False
        if kept:
            kept.close()
        connection = self._connections[place] = connect(self._server)
        return connection, True


def _threads(number: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(number, thread_name_prefix="smtp")
