"""The operator's own mail server, by SMTP.

`connection.py` brings a connection to where it takes letters, `line.py` carries commands and replies and
knows how much had left when it ended, `dialogue.py` hands letters over on one connection, `round.py` keeps
what became of everyone in a batch. SMTP says at once, and of each reader, whether a letter was taken; later
it says nothing.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from pipeline.providers import Outcome, Result
from pipeline.providers.eml import Prepared, envelope_address
from pipeline.providers.smtp.batch import Halt, Round, Streak
from pipeline.providers.smtp.connection import connect
from pipeline.providers.smtp.protocol import Ended
from pipeline.providers.smtp.transaction import Dialogue
from subscribers import clock

if TYPE_CHECKING:
    from pipeline.providers import Batch, Message
    from pipeline.providers.smtp.connection import Connection, Server

GROUP = 20
"""Readers a connection and batch: as many are in doubt when a process is killed."""


class Smtp:
    """A Provider over kept connections to one server. For one thread: give each thread its own."""

    def __init__(self, server: Server, connections: int) -> None:
        self.max_batch = GROUP * connections
        self._server = server
        self._connections: list[Connection | None] = [None] * connections
        self._threads = _threads(connections)
        self._made: tuple[Message, Prepared, Streak] | None = None

    def send(self, message: Message, batch: Batch) -> Outcome:
        """Hand one batch over, up to GROUP readers a connection."""
        try:
            sender = envelope_address(message.from_email)
            prepared, streak = self._prepared(message, batch)
            round_ = Round(batch, prepared, clock.now(), streak)
        except ValueError as error:
            return Outcome(Result.STOP, f"no valid message can be made ({type(error).__name__})")
        lanes = min(len(self._connections), -(-len(batch.recipients) // GROUP))
        if lanes <= 1:
            self._work(0, sender, round_)
        else:
            self._work_side_by_side(lanes, sender, round_)
        return round_.outcome()

    def settle(self, message: Message, batch: Batch) -> None:
        """Never known: SMTP has no way of asking whether a letter was taken."""

    def close(self) -> None:
        """Close the connections; the next `send` would open others."""
        self._threads.shutdown()
        self._threads = _threads(len(self._connections))
        for lane, connection in enumerate(self._connections):
            self._connections[lane] = None
            if connection:
                connection.leave()

    def _prepared(self, message: Message, batch: Batch) -> tuple[Prepared, Streak]:
        tags: frozenset[str] = frozenset().union(*(reader.fields for reader in batch.recipients))
        if self._made is None or self._made[0] is not message or self._made[1].tags != tags:
            self._made = message, Prepared(message, tags), Streak()
        return self._made[1:]

    def _work_side_by_side(self, lanes: int, sender: bytes, round_: Round) -> None:
        working = [self._threads.submit(self._work, lane, sender, round_) for lane in range(lanes)]
        try:
            wait(working)
        except BaseException:
            # Told to stop: what is not begun stays so.
            round_.abandon()
            wait(working)
            raise
        for worker in working:
            worker.result()

    def _work(self, lane: int, sender: bytes, round_: Round) -> None:
        """What one connection does for a batch: all it can, over a new one where the old one ended."""
        while round_.waiting:
            try:
                round_.in_time()
                connection, fresh = self._connection(lane)
            except Halt as halt:
                round_.halt(halt)
                return
            dialogue = Dialogue(connection, sender, round_)
            try:
                dialogue.run()
                connection.used()
            except BaseException as error:
                # Half a transaction must not lie on a kept connection.
                self._connections[lane] = None
                connection.close()
                if isinstance(error, Halt):
                    round_.halt(error)
                    return
                if not isinstance(error, Ended):
                    raise
                # A server may close after so many letters, and a kept connection may have died unseen; one
                # that ends before it answered for a single letter will not do better the next time.
                if fresh and not dialogue.answered:
                    round_.halt(Halt(Result.REFUSED, error.reason))
                    return

    def _connection(self, lane: int) -> tuple[Connection, bool]:
        """The lane's connection, and whether it is new."""
        kept = self._connections[lane]
        if kept and kept.alive:
            return kept, False
        if kept:
            kept.close()
        connection = self._connections[lane] = connect(self._server)
        return connection, True


def _threads(number: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(number, thread_name_prefix="smtp")
