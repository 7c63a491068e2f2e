"""The web process: it listens, says where, and ends when the work under way is done."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING, Any

import uvicorn

from pipeline.core.errors import RapportError
from pipeline.core.signals import on_signals
from pipeline.schedule.scheduler import Scheduler
from pipeline.web.app import make_app

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipeline.core.app import Installation
    from pipeline.core.config import Server
    from pipeline.core.signals import Stop


def run(
    installation: Installation, host: str, port: int, listening: Callable[[str], None], *, sends: bool
) -> None:
    """Serve until told to end; with ``sends`` also send letters when they are due.

    ``listening`` is called with the address once connections are accepted. Ends after the requests and the
    batch that are under way.
    """
    with on_signals() as stop:
        scheduler = Scheduler(installation, stop, sends=sends)
        # Before the address is told: this raises when the application cannot be served.
        app = make_app(installation, scheduler if sends else None)
        with listen(host, port) as listener:
            shown = f"[{host}]" if ":" in host else host
            listening(f"http://{shown}:{listener.getsockname()[1]}")
            config = uvicorn.Config(app, **settings(installation.config.server))
            with scheduler:
                _Server(config, stop, scheduler).run(sockets=[listener])
        app.state.writer.close()


class _Server(uvicorn.Server):
    """Ends when ``stop`` is asked, and lets the scheduler follow the clock."""

    def __init__(self, config: uvicorn.Config, stop: Stop, scheduler: Scheduler) -> None:
        super().__init__(config)
        self._stop = stop
        self._scheduler = scheduler

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn would raise them again once it has ended, before the batch under way is done.
        yield

    async def on_tick(self, counter: int) -> bool:
        self._scheduler.follow_clock()
        return await super().on_tick(counter) or self._stop()


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
            f"{host}, port {port} cannot be listened on: {reason}.",
            "Name another --port, or end the process that has it.",
        ) from None
    listener.listen(2048)
    return listener


def settings(server: Server) -> dict[str, Any]:
    """The settings of uvicorn."""
    return {
        # Requests are not logged: the addresses of pages hold tokens.
        "access_log": False,
        "log_level": "warning",
        "log_config": None,  # ours is set up already (core/logs.py)
        "server_header": False,
        "lifespan": "off",
        # Without trusted proxies, anybody could write what a request says of where it came from.
        "proxy_headers": bool(server.trusted_proxies),
        "forwarded_allow_ips": server.trusted_proxies,
    }
