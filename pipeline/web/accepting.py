"""Which connections are accepted, and which must make room.

There are fewer than the process may open files, so that the database, the log, feeds and mail still can. When
all are taken, those go that keep us waiting: half a request, an idle connection, an answer that is not read.
Whoever has sent a whole request is answered. When all are at work, new ones wait in the system's queue.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import Counter
from typing import TYPE_CHECKING, cast

from pipeline.web.connection import Phase
from pipeline.web.public.network import network_of
from subscribers import clock

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterable

    from pipeline.web.connection import StrangersConnection

MOST = 512
"""Connections at most, if the process may open twice as many files. A page takes milliseconds."""

_SHARE = 4
"""One network has a quarter of them: any more, and its own must make room. Not the trusted proxies."""

_BATCH = 4
"""A quarter of them is accepted, or closed to make room, before other work has its turn: with fewer, whoever
waits behind a flood in the system's queue waits for as many rounds of that work."""

_GRACE = 0.25
"""Seconds in which nobody need make room: a client sends its request with the connection's last step, and we
may have not come to read it yet."""

_REST = 1.0
"""Seconds without accepting after the system refused to."""

_TELL = 60.0
"""Seconds between two lines of the log."""

log = logging.getLogger(__name__)


def most_connections() -> int:
    """How many connections this process may have."""
    import resource

    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if files == resource.RLIM_INFINITY else max(1, min(MOST, files // 2))


class Acceptor:
    """Accepts connections of ``listener`` in the running event loop until ``close``.

    ``open_ones``: those that are open, of uvicorn; ``trusted``: whether an address is a proxy's.
    """

    def __init__(
        self,
        listener: socket.socket,
        make: Callable[[], asyncio.Protocol],
        open_ones: set[StrangersConnection],
        trusted: Callable[[str], bool],
        most: int,
    ) -> None:
        self._listener = listener
        self._make = make
        self._open = open_ones
        self._trusted = trusted
        self._most = most
        self._batch = max(1, most // _BATCH)
        self._loop = asyncio.get_running_loop()
        self._beginning: set[asyncio.Task[object]] = set()
        self._listens = False
        self._rests_until = -math.inf
        self._told = -math.inf
        listener.setblocking(False)

    def tick(self) -> None:
        """End what takes too long, and accept again what had to wait. To be called every now and then."""
        now = clock.uptime()
        for one in [one for one in self._open if one.is_overdue(now)]:
            one.drop()
        if not self._listens and now >= self._rests_until:
            self._loop.add_reader(self._listener, self._accept)
            self._listens = True

    def close(self) -> None:
        """Accept no more."""
        self._pause()
        self._rests_until = math.inf
        self._listener.close()

    def drop_waiting(self) -> None:
        """End every connection that waits for its client."""
        self._drop(self._waiting())

    def _accept(self) -> None:
        for _ in range(self._batch):
            if not self._has_room():
                self._pause()
                return
            try:
                accepted, (address, *_more) = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:  # no file, no memory (accept(2)): the connection goes on waiting
                self._tell("No connection can be accepted: %s.", error.strerror)
                self._make_room(self._waiting())
                self._rests_until = clock.uptime() + _REST
                self._pause()
                return
            self._share(address)
            accepted.setblocking(False)
            task = self._loop.create_task(self._begin(accepted))
            self._beginning.add(task)
            task.add_done_callback(self._beginning.discard)

    async def _begin(self, accepted: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._make, accepted)
        except OSError:
            accepted.close()  # gone again

    def _has_room(self) -> bool:
        if len(self._open) + len(self._beginning) < self._most:
            return True
        self._tell(
            "%d connections are open, the most there may be: those that keep us waiting must make room.",
            self._most,
        )
        return self._make_room(self._waiting())

    def _share(self, address: str) -> None:
        """Have the network's own connections make room when it has too many."""
        network = network_of({"client": (address, 0)})
        theirs = [one for one in self._open if one.network == network]
        if len(theirs) >= max(1, self._most // _SHARE) and not self._trusted(address):
            self._make_room([one for one in self._waiting() if one.network == network])

    def _make_room(self, waiting: list[StrangersConnection]) -> bool:
        """Drop some, first of the network that has the most of them, and there the oldest; whether any was
        old enough."""
        crowd = Counter(one.network for one in waiting)
        waiting.sort(key=lambda one: (-crowd[one.network], one.since))
        before = clock.uptime() - _GRACE
        old = [one for one in waiting[: self._batch] if one.since <= before]
        self._drop(old)
        return bool(old)

    def _waiting(self) -> list[StrangersConnection]:
        now = clock.uptime()
        return [one for one in self._open if one.look(now) is not Phase.WORK]

    def _drop(self, some: Iterable[StrangersConnection]) -> None:
        for one in some:
            one.drop()

    def _pause(self) -> None:
        if self._listens:
            self._loop.remove_reader(self._listener)
            self._listens = False

    def _tell(self, *line: object) -> None:
        if (now := clock.uptime()) - self._told >= _TELL:
            self._told = now
            log.warning(*cast("tuple[str]", line))
