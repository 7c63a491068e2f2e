"""The web process: it listens, says where, and ends when the work under way is done."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import threading
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any, cast

import uvicorn

from pipeline.core.errors import RapportError
from pipeline.core.signals import on_signals
from pipeline.core.unfinished import is_unfinished
from pipeline.core.words import sentence
from pipeline.schedule.scheduler import Scheduler
from pipeline.web.accepting import Acceptor, most_connections
from pipeline.web.app import make_app
from pipeline.web.connection import StrangersConnection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipeline.core.app import Installation
    from pipeline.core.sections.installation import Server
    from pipeline.core.signals import Stop

PATIENCE, LONGEST_WORK, LONGEST_END = 3.0, 8, 12.0
"""Seconds that clients have to send the rest of a request and to read their answer, once the process is told
to end; that requests at work have; and that anything has but what must be finished (core/unfinished.py)."""

_SLICE = 0.2
"""Seconds between two looks at whether it is time."""

log = logging.getLogger(__name__)


def run(
    installation: Installation, host: str, port: int, listening: Callable[[str], None], *, sends: bool
) -> None:
    """Serve until told to end; with ``sends`` also send letters when they are due.

    ``listening`` is called with the address once connections are accepted. Ends after the requests and the
    batch that are under way, and breaks off whatever else takes longer than LONGEST_END.
    """
    with on_signals() as stop, ended_in_time(stop):
        scheduler = Scheduler(installation, stop, sends=sends)
        # Before the address is told: this raises when the application cannot be served.
        app = make_app(installation, scheduler if sends else None, stop)
        with listen(host, port) as listener:
            shown = f"[{host}]" if ":" in host else host
            listening(f"http://{shown}:{listener.getsockname()[1]}")
            config = uvicorn.Config(app, **settings(installation.config.server))
            with scheduler:
                StrangersServer(config, listener, stop, scheduler).run()
        app.state.door.wait()
        app.state.writer.close()
        app.state.clicks.close()


@contextlib.contextmanager
def ended_in_time(stop: Stop, end: Callable[[int], object] = os._exit) -> Iterator[None]:
    """See to it that the process ends, by ``end`` with the status, when what is within goes on for
    LONGEST_END after ``stop`` was asked.

    A thread that waits for a name server, a connection or a lock cannot be told to stop. It is safe to break
    it off: what it has not committed is as if it had not been begun.
    """
    done = threading.Event()

    def watch() -> None:
        while not stop():
            if done.wait(_SLICE):
                return
        if done.wait(LONGEST_END):
            return
        while is_unfinished():
            if done.wait(_SLICE):
                return
        log.warning("Something was broken off, for it did not end by itself.")
        end(0)

    threading.Thread(target=watch, name="end", daemon=True).start()
    try:
        yield
    finally:
        done.set()


class StrangersServer(uvicorn.Server):
    """Ends when ``stop`` is asked, and lets the scheduler follow the clock."""

    def __init__(
        self, config: uvicorn.Config, listener: socket.socket, stop: Stop, scheduler: Scheduler
    ) -> None:
        super().__init__(config)
        self._listener = listener
        self._stop = stop
        self._scheduler = scheduler

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn would raise them again once it has ended, before the batch under way is done.
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        # Without a socket: asyncio would accept as many connections as come, and when the process may open
        # no more files log that thousands of times a second.
        await super().startup(sockets=[])
        open_ones = cast("set[StrangersConnection]", self.server_state.connections)
        proxies = [ip_network(one) for one in self.config.forwarded_allow_ips or ()]
        self._acceptor = Acceptor(
            self._listener,
            lambda: StrangersConnection(self.config, self.server_state, self.lifespan.state),
            open_ones,
            lambda address: any(ip_address(address.partition("%")[0]) in proxy for proxy in proxies),
            most_connections(),
        )

    async def on_tick(self, counter: int) -> bool:
        self._scheduler.follow_clock()
        self._acceptor.tick()
        return await super().on_tick(counter) or self._stop()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._acceptor.close()
        asyncio.get_running_loop().call_later(PATIENCE, self._acceptor.drop_waiting)
        await super().shutdown()


def listen(host: str, port: int) -> socket.socket:
    """A socket that accepts connections from now on. Raises RapportError when the address is not free."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named TCP, asyncio switches Nagle's algorithm off. Otherwise the second answer on a
    # connection would wait 40 ms for the client to acknowledge its headers.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        reason = error.strerror if isinstance(error, OSError) else error
        raise RapportError(
            sentence(f"{host}, port {port} cannot be listened on: {reason}"),
            "Name another --port, or end the process that has it.",
        ) from None
    # Not more: whoever is the last of the queue waits in a flood until all before were looked at.
    listener.listen(512)
    return listener


def settings(server: Server) -> dict[str, Any]:
    """The settings of uvicorn."""
    return {
        "http": StrangersConnection,
        "ws": "none",
        # Requests are not logged: the addresses of pages hold tokens. Nor is what a stranger can cause at
        # will: uvicorn warns of each that is no HTTP.
        "access_log": False,
        "log_level": "error",
        "log_config": None,  # ours is set up already (core/logs.py)
        "server_header": False,
        "lifespan": "off",
        "timeout_keep_alive": 5,
        "timeout_graceful_shutdown": LONGEST_WORK,
        # Without trusted proxies, anybody could write what a request says of where it came from.
        "proxy_headers": bool(server.trusted_proxies),
        "forwarded_allow_ips": server.trusted_proxies,
    }
