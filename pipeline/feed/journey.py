"""One attempt's way through redirects and connections, and what may stop it on the way."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipeline.feed.destination import refuse_peer

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Journey:
    """One attempt's way through the redirects."""

    url: str
    moved_to: str | None = None
    only_permanent: bool = True
    outside: bool = False
    """A stranger's server has been asked: from here on private addresses are refused."""
    sockets: list[Any] = field(default_factory=list)


class Watch:
    """httpcore's trace hook: sees each connection before the request is written to it."""

    def __init__(self, journey: Journey, configured: str, host: str) -> None:
        self.journey, self.configured, self.host = journey, configured, host
        self.direct = True

    def __call__(self, event: str, info: dict[str, Any]) -> None:
        if event == "connection.connect_tcp.started":
            # Behind a proxy the peer is the proxy, which the operator chose.
            self.direct = _bare(info.get("host")) == _bare(self.host)
        elif event == "connection.start_tls.complete":
            self.journey.sockets.append(info["return_value"].get_extra_info("socket"))
        elif event == "connection.connect_tcp.complete":
            stream = info["return_value"]
            self.journey.sockets.append(stream.get_extra_info("socket"))
            peer = stream.get_extra_info("server_addr")
            if self.journey.outside and self.direct and peer:
                refuse_peer(self.configured, str(peer[0]))


def _bare(host: object) -> str:
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    return text.strip("[]").lower()


@contextmanager
def ended_at(deadline: float, journey: Journey) -> Iterator[None]:
    """Shuts the attempt's sockets down at the deadline: a time-out for each read is no limit for a server
    that drips its headers."""

    def end() -> None:
        for connection in journey.sockets:
            # Not the method of SSLSocket, which would take the TLS object from under a read in progress.
            try:
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
            except (OSError, ValueError):
                continue

    timer = threading.Timer(max(0.0, deadline - time.monotonic()), end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
