"""A server as `rapport serve` runs it, over a small application, and clients that keep it waiting."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING, Any, cast

import uvicorn

from pipeline.core.sections.installation import Server
from pipeline.core.signals import Stop
from pipeline.web.server import StrangersServer, listen, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipeline.schedule.scheduler import Scheduler
    from pipeline.web.connection import Phase, StrangersConnection

SOON = 60.0
"""Seconds within which everything here happens, with much to spare."""

LARGE = b"x" * 30_000_000


class App:
    """Answers with the size of the body. /unread reads none, /large answers with much, and /work is at it
    until ``done``; ``at_work`` is on how many of them it is."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.at_work = 0

    async def __call__(self, scope: dict[str, Any], receive: Callable[[], Any], send: Any) -> None:
        import asyncio

        answer = b""
        match scope["path"]:
            case "/large":
                answer = LARGE
            case "/work":
                self.at_work += 1
                while not self.done.is_set():
                    await asyncio.sleep(0.02)
            case "/unread":
                pass
            case _:
                size, more = 0, True
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return
                    size += len(message["body"])
                    more = message["more_body"]
                answer = b"%d" % size
        headers = [(b"content-length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})


class _NoScheduler:
    def follow_clock(self) -> None:
        pass


class Serving:
    """A server that runs in a thread; ``stop`` it as a signal does."""

    def __init__(self, listener: socket.socket, trusted: tuple[str, ...] = ()) -> None:
        self.app, self.stop = App(), Stop()
        self.address: tuple[str, int] = listener.getsockname()
        config = uvicorn.Config(cast("Any", self.app), **settings(Server(trusted_proxies=list(trusted))))
        self._server = StrangersServer(config, listener, self.stop, cast("Scheduler", _NoScheduler()))
        self.thread = threading.Thread(target=self._server.run, daemon=True)
        self.thread.start()

    def has(self, connection: socket.socket) -> bool:
        """Whether the server has accepted it, and not ended it."""
        ours = connection.getsockname()
        return any(one.client == ours for one in list(self._server.server_state.connections))

    def phase(self, connection: socket.socket) -> Phase | None:
        """What the server waits for there; None where it has not accepted it, or has ended it."""
        ours = connection.getsockname()
        found = cast("list[StrangersConnection]", list(self._server.server_state.connections))
        return next((one._now() for one in found if one.client == ours), None)

    def connect(self, sent: bytes = b"", source: str = "127.0.0.1") -> socket.socket:
        made = socket.create_connection(self.address, timeout=SOON, source_address=(source, 0))
        made.sendall(sent)
        return made

    def ask(self, sent: bytes, source: str = "127.0.0.1") -> bytes:
        """All that is answered until the server ends the connection."""
        with self.connect(source=source) as connection:
            with contextlib.suppress(ConnectionError):
                connection.sendall(sent)
            return rest_of(connection)


@contextlib.contextmanager
def serving(listener: socket.socket | None = None, trusted: tuple[str, ...] = ()) -> Iterator[Serving]:
    made = Serving(listener or listen("127.0.0.1", 0), trusted)
    try:
        yield made
    finally:
        made.app.done.set()
        made.stop.ask()
        made.thread.join(SOON)
        assert not made.thread.is_alive()


def get(path: bytes, headers: bytes = b"Connection: close\r\n") -> bytes:
    return b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n"


def rest_of(connection: socket.socket) -> bytes:
    """All that comes until the other end closes the connection, in whatever way."""
    read = bytearray()
    with contextlib.suppress(ConnectionError):
        while more := connection.recv(65536):
            read += more
    return bytes(read)


def drip(connection: socket.socket, every: float = 0.05) -> float:
    """Send a byte now and then; the seconds until the other end had enough."""
    began = time.monotonic()
    connection.settimeout(every)
    with contextlib.suppress(ConnectionError):
        while time.monotonic() - began < SOON:
            connection.sendall(b"a")
            with contextlib.suppress(TimeoutError):
                if not connection.recv(65536):
                    break
    return time.monotonic() - began
