"""One attempt's way through redirects and connections, and what may stop it on the way."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipeline.core import private_networks
from pipeline.feeds.fetching.address import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipeline.core.errors import RapportError


@dataclass(frozen=True, slots=True)
class FetchRequest:
    """What is to be fetched: how far it may go, and how its failures are told."""

    noun: str
    error: type[RapportError]
    remedies: Mapping[int | str, str]
    """By status, or by the word that ``failed`` is asked with below."""
    accept: str
    step_seconds: float
    """For connecting, and for each silence while reading."""
    total_seconds: float
    """For the whole fetch, redirects and further attempts included: a server may drip a byte a second."""
    most_bytes: int
    """Of the unpacked body."""
    attempts: int = 3
    outside: bool = False
    """A stranger gave the address: private ones are refused from the start, not only after a redirect."""

    def failed(self, url: str, what: str, remedy: int | str, otherwise: str = "") -> RapportError:
        text = self.remedies.get(remedy) or self.remedies.get(otherwise, "")
        return self.error(f"The {self.noun} {shown(url)} {what}.", text)


@dataclass
class Attempt:
    """One attempt's way through the redirects."""

    request: FetchRequest
    start: str
    """What was asked for: the address that messages name."""
    deadline: float
    url: str
    moved_to: str | None = None
    only_permanent: bool = True
    sockets: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.outside = self.request.outside
        """A stranger's server has been asked: from here on private addresses are refused."""


def private_address(attempt: Attempt) -> RapportError:
    verb = "is at" if attempt.url == attempt.start else "redirects to"
    what = f"{verb} a private network address; Rapport does not follow it"
    return attempt.request.failed(attempt.start, what, "private")


class ConnectionWatch:
    """httpcore's trace hook: sees each connection before the request is written to it."""

    def __init__(self, attempt: Attempt, host: str) -> None:
        self.attempt, self.host = attempt, host
        self.direct = True

    def __call__(self, event: str, info: dict[str, Any]) -> None:
        if event == "connection.connect_tcp.started":
            # Behind a proxy the peer is the proxy, which the operator chose.
            self.direct = _bare(info.get("host")) == _bare(self.host)
        elif event == "connection.start_tls.complete":
            self.attempt.sockets.append(info["return_value"].get_extra_info("socket"))
        elif event == "connection.connect_tcp.complete":
            stream = info["return_value"]
            self.attempt.sockets.append(stream.get_extra_info("socket"))
            peer = stream.get_extra_info("server_addr")
            # The name may resolve otherwise than a moment before.
            if self.attempt.outside and self.direct and peer and not private_networks.is_public(str(peer[0])):
                raise private_address(self.attempt)


def _bare(host: object) -> str:
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    return text.strip("[]").lower()


@contextmanager
def ended_at(attempt: Attempt) -> Iterator[None]:
    """Shuts the attempt's sockets down at the deadline: a time-out for each read is no limit for a server
    that drips its headers."""

    def end() -> None:
        for connection in attempt.sockets:
            # Not the method of SSLSocket, which would take the TLS object from under a read in progress.
            try:
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
            except (OSError, ValueError):
                continue

    timer = threading.Timer(max(0.0, attempt.deadline - time.monotonic()), end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
