"""Posts one-click unsubscribes as mailbox providers do, over kept connections.

Raw asyncio streams: it shares its processors with what it measures, so it must cost little.
"""

from __future__ import annotations

import asyncio
import itertools
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

FORMS = (
    ("application/x-www-form-urlencoded", b"List-Unsubscribe=One-Click"),
    (
        "multipart/form-data; boundary=a-provider",
        b'--a-provider\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n'
        b"--a-provider--\r\n",
    ),
)
"""RFC 8058, section 3.2, has them send the second and lets them send the first."""


@dataclass(frozen=True, slots=True)
class Answered:
    """``began`` and ``at``: when it was asked and when all of it was there, in the event loop's seconds."""

    status: int
    head: bytes
    body: bytes
    began: float
    at: float


class Poster:
    """``post`` from within `posting`; the first connection that is free takes what came in first."""

    def __init__(self) -> None:
        self._forms = itertools.cycle(FORMS)
        self._waiting: asyncio.Queue[tuple[str, asyncio.Future[Answered]]] = asyncio.Queue()

    def post(self, path: str) -> asyncio.Future[Answered]:
        """The answer, once it is there; each post in the other of the two forms."""
        answer: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait((path, answer))
        return answer

    async def work(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: request, answer, request, for ever."""
        now = asyncio.get_running_loop().time
        while True:
            path, answer = await self._waiting.get()
            try:
                began = now()
                writer.write(_request(path, *next(self._forms)))
                head = await reader.readuntil(b"\r\n\r\n")
                body = await reader.readexactly(_length(head))
                answer.set_result(Answered(int(head[9:12]), head, body, began, now()))
            except (OSError, EOFError, ValueError, asyncio.LimitOverrunError) as error:
                answer.set_exception(error)
                return


@asynccontextmanager
async def posting(address: str, connections: int) -> AsyncIterator[Poster]:
    """A poster with so many connections to ``address``, for as long as this lasts."""
    poster = Poster()
    host = urlsplit(address)
    pairs = [await asyncio.open_connection(host.hostname, host.port) for _ in range(connections)]
    workers = [asyncio.create_task(poster.work(*pair)) for pair in pairs]
    try:
        yield poster
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        for _, writer in pairs:
            writer.close()


def _request(path: str, kind: str, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: letter.example.org\r\nContent-Type: {kind}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name == b"content-length":
            return int(value)
    raise ValueError("an answer without a length")
