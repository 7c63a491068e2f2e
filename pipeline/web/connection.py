"""One connection of somebody who may be anybody: uvicorn's, and what it leaves open.

uvicorn limits neither the time that a client takes for a request nor the time it takes to read the answer,
and h11 neither the number of headers nor that of the pieces a body comes in. Nor do we rely on the proxy in
front for any of it.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from pipeline.web.public.network import network_of
from subscribers import clock

if TYPE_CHECKING:
    import asyncio

HEAD = 16 * 1024
"""Bytes of a request's line and headers. That it is exceeded is noticed within as many again."""

_PIECES, _PIECE = 500, 256
"""A body comes in so many pieces, and in one more for each so many bytes. h11 needs about 30 µs for one, so
that 40 MB in chunks of a byte would keep a core busy for twenty minutes."""

HEAD_TIME = 10.0
"""Seconds for the whole head of a request, from the connection's or the last answer's end on. (When nothing
at all comes after an answer, uvicorn ends the connection after timeout_keep_alive.)"""

BODY_TIME, BODY_RATE, LONGEST_BODY = 20.0, 16 * 1024, 300.0
"""Seconds for a whole body, and one more for each so many bytes that came, up to the last. (Apache's
mod_reqtimeout has 20 seconds, too.)"""

_UNREAD = 64 * 1024
"""Bytes of a body that may still come when it was refused unread. When the connection is closed before, the
client may find it broken instead of the answer."""

ANSWER_TIME = 120.0
"""Seconds from an answer's beginning until the client has taken it whole."""


class Phase(Enum):
    """What a connection waits for."""

    HEAD = auto()
    BODY = auto()
    WORK = auto()
    """For us. All the others are waits for the client."""
    ANSWER = auto()


class StrangersConnection(H11Protocol):
    """Refuses what is no request; knows for how long it has waited for what."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.conn = _Requests(h11.SERVER, HEAD)
        self.network = "unknown"
        self._phase, self._request = Phase.HEAD, self.cycle
        self.since = clock.uptime()
        """When the phase began, as `clock.uptime` tells it; as far as `look` has seen."""
        self._came = self._came_before = 0
        self._refused = 0
        """What had come when an answer was given before the body had; 0: none was. No request is empty."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.network = network_of({"client": self.client})

    def data_received(self, data: bytes) -> None:
        self._came += len(data)
        # Otherwise the whole read, up to 256 KB, would be taken for a head, and made into thousands of
        # headers, before anybody looked at its size.
        for start in range(0, len(data), HEAD):
            if not self.transport.is_closing():
                super().data_received(data[start : start + HEAD])
        if self._refused and self._came > self._refused + _UNREAD:
            self.transport.close()

    def look(self, now: float) -> Phase:
        """What it waits for now."""
        phase = self._now()
        if (phase, self.cycle) != (self._phase, self._request):
            self._phase, self._request = phase, self.cycle
            self.since, self._came_before = now, self._came
        return phase

    def is_overdue(self, now: float) -> bool:
        """Whether the client has taken too long."""
        taken = now - self.since
        match self.look(now):
            case Phase.HEAD:
                return taken > HEAD_TIME
            case Phase.BODY:
                more = (self._came - self._came_before) / BODY_RATE
                return taken > min(BODY_TIME + more, LONGEST_BODY)
            case Phase.ANSWER:
                return taken > ANSWER_TIME
            case Phase.WORK:
                return False

    def drop(self) -> None:
        """End it now. Whoever reads the body in the application finds the client gone."""
        self.connections.discard(self)
        self.transport.abort()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, unless an answer has begun: then it can only be broken off."""
        if self.cycle is not None:
            self.cycle.disconnected = True  # what the application answers, it answers to nobody
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
        else:
            self.transport.close()

    def on_response_complete(self) -> None:
        if self.conn.their_state is h11.SEND_BODY:
            self._refused = self._came
        super().on_response_complete()

    def _now(self) -> Phase:
        if self.transport.get_write_buffer_size():
            return Phase.ANSWER
        if self.cycle is None or self.cycle.response_complete:
            return Phase.HEAD
        if self.cycle.response_started:
            return Phase.ANSWER
        return Phase.BODY if self.cycle.more_body else Phase.WORK


class _Requests(h11.Connection):
    """Raises RemoteProtocolError for more than h11 does."""

    def __init__(self, role: type[h11.SERVER], most: int) -> None:
        super().__init__(role, most)
        self._pieces = self._bytes = 0

    def next_event(self) -> Any:
        event = super().next_event()
        if isinstance(event, h11.Request):
            self._pieces = self._bytes = 0
            _refuse_two_lengths(event)
        elif isinstance(event, h11.Data):
            self._pieces += 1
            self._bytes += len(event.data)
            if self._pieces > _PIECES + self._bytes // _PIECE:
                raise h11.RemoteProtocolError("a body in crumbs", error_status_hint=400)
        return event


def _refuse_two_lengths(request: h11.Request) -> None:
    """A request with Transfer-Encoding and Content-Length, or of HTTP/1.0 with the former, has no certain
    end: whoever stands in front may take a part of it for another request (RFC 9112, 6.1 and 11.2)."""
    names = {name for name, _ in request.headers}
    if b"transfer-encoding" in names and (b"content-length" in names or request.http_version < b"1.1"):
        raise h11.RemoteProtocolError("two lengths", error_status_hint=400)
