"""Serving the preview: its port on loopback, and an orderly end."""

from __future__ import annotations

import contextlib
import signal
import socket
from typing import TYPE_CHECKING

import uvicorn

from pipeline.core.errors import RapportError
from pipeline.web.dashboard.application import on_loopback
from pipeline.web.dashboard.watch import Watcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipeline.web.dashboard.preview import PreviewSession

HOST = "127.0.0.1"

FIRST_PULL = 3.0
"""Seconds that the first pull may take. After them the preview starts with what the last pull brought."""


def listen(port: int, otherwise: int | None = None) -> socket.socket:
    """A socket that listens on the port, or on the other one when the first is taken. 0 is any free port.

    Raises RapportError with the remedy.
    """
    # With the protocol named TCP, asyncio switches Nagle's algorithm off: an answer's body would wait 40 ms.
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((HOST, port))
        made.listen(64)
    except OSError as error:
        made.close()
        if otherwise is not None:
            return listen(otherwise)
        raise RapportError(
            f"The preview cannot listen on {HOST}, port {port}: {(error.strerror or str(error)).lower()}.",
            f"Choose another with --port {port + 1} (--port 0: any free one), or end what listens there.",
        ) from None
    return made


def serve(session: PreviewSession, listening: socket.socket, ready: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM. ``ready`` is told the address."""
    watch = Watcher(session)
    watch.start(FIRST_PULL)
    config = uvicorn.Config(
        on_loopback(session),
        loop="asyncio",
        http="h11",
        ws="none",
        lifespan="off",
        log_level="critical",
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    address = f"http://{HOST}:{listening.getsockname()[1]}"
    try:
        _Server(config, lambda: ready(address), session.reload.close).run(sockets=[listening])
    finally:
        watch.stop()


class _Server(uvicorn.Server):
    def __init__(
        self, config: uvicorn.Config, started: Callable[[], None], ended: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._started, self._ended = started, ended

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Each open page holds a connection, and uvicorn would wait until they are closed.
        self._ended()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn raises the signal again at the end, but Ctrl-C is the normal way to end this command.
        handled = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self.handle_exit) for number in handled}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
