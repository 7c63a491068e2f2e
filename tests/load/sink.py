"""A SendGrid that takes everything, when it is told to, and notes when each request had wholly arrived."""

from __future__ import annotations

import asyncio
import json
import math
import re
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


@dataclass
class Arrival:
    """A request to hand over; ``at`` its last byte and ``answered``: seconds of the event loop's clock."""

    at: float
    body: bytes
    answered: float = math.inf

    @cached_property
    def people(self) -> list[int]:
        """The ids of the subscribers in it. Read when asked for: meanwhile others are being timed."""
        parts = json.loads(self.body)["personalizations"]
        return [int(part["custom_args"]["subscriber"]) for part in parts]


@dataclass
class Sink:
    """``hold`` is awaited before each answer, with the number of the request, from 0."""

    hold: Callable[[int], Awaitable[None]]
    url: str = ""
    arrivals: list[Arrival] = field(default_factory=list)

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of the sender."""
        now = asyncio.get_running_loop().time
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = _LENGTH.search(head)
                assert length
                arrival = Arrival(now(), await reader.readexactly(int(length[1])))
                arrival.at = now()
                self.arrivals.append(arrival)
                await self.hold(len(self.arrivals) - 1)
                arrival.answered = now()
                writer.write(b"HTTP/1.1 202 Accepted\r\nX-Message-Id: taken\r\nContent-Length: 0\r\n\r\n")
        except (OSError, EOFError):
            writer.close()


@asynccontextmanager
async def sink(hold: Callable[[int], Awaitable[None]]) -> AsyncIterator[Sink]:
    """A sink that listens at its ``url`` for as long as this lasts."""
    made = Sink(hold)
    server = await asyncio.start_server(made.take, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        server.close()
