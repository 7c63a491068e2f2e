"""One kept HTTP connection that tells whether a request was written whole.

A request ends in one of three ways: in an HttpAnswer, whatever its status; in NotSent, when it never left
whole, so surely nobody acted on it; in NoAnswer, when its last byte was written and what came of it is not
known.

Connecting, writing and reading may take `timeout` seconds each, in all and not per byte: an answer that
trickles in does not hold a worker.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import math
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from pipeline.core.errors import ConfigError
from pipeline.providers import proxy
from pipeline.providers.sockets import WriteError, is_idle, reason_of, seconds_left, write_all
from subscribers import clock

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping
    from email.message import Message

IDLE_SECONDS = 20.0
"""A connection unused for longer is opened anew: servers close theirs after a minute or so, and a request
that is written in the moment of closing is in doubt."""

MOST_BODY = 64 * 1024
"""Bytes of an answer that are read, unless the caller wants more."""

_EARLY_ANSWER = 1.0
"""Seconds to wait for the answer of a server that closed while a request was being written."""


class NotSent(Exception):
    """The request was not written whole. The text is for staff and holds nothing of the request."""


class NoAnswer(Exception):
    """The whole request was written, and no answer came that can be read."""


@dataclass(frozen=True)
class HttpAnswer:
    """What came back, in the shape that python_http_client's Response takes."""

    status: int
    headers: Message
    body: bytes

    def getcode(self) -> int:
        return self.status

    def read(self) -> bytes:
        return self.body

    def info(self) -> Message:
        return self.headers


class Connection:
    """The connection to one server, opened when it is needed. Not for two threads at once.

    ``server`` is what messages call it. Raises ConfigError, with ``remedy``, where ``url``, which stands at
    ``key`` in the configuration, is not a web address.
    """

    def __init__(
        self, url: str, timeout: float, most_body: int = MOST_BODY, *, server: str, key: str, remedy: str
    ) -> None:
        self._timeout = timeout
        self._most_body = most_body
        self._server = server
        self._url = _checked(url, key, remedy)
        self._proxy = proxy.for_server(self._url)
        self._tls = ssl.create_default_context() if self._url.scheme == "https" else None
        self._connection: http.client.HTTPConnection | None = None
        self._last_used = 0.0
        self.start_by = math.inf
        """The last moment, on clock.uptime, at which a request may be begun."""

    def exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> HttpAnswer:
        """Write one request and read its answer; raise NotSent or NoAnswer."""
        request = self._head(method, url, headers, len(body)) + body
        sock = self._socket()
        # Now and not before connecting, which may take long.
        if clock.uptime() > self.start_by:
            raise NotSent("it was claimed too long ago to be begun now")
        try:
            return self._exchange(sock, request)
        except BaseException:
            # Also when the process is told to stop: a kept connection must not hold half a request.
            self.close()
            raise

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _exchange(self, sock: socket.socket, request: bytes) -> HttpAnswer:
        try:
            write_all(sock, request, self._timeout)
        except WriteError as error:
            return self._early_answer(sock, error)
        try:
            return self._read(sock, self._timeout)
        except TimeoutError:
            raise NoAnswer(f"{self._server} did not answer within {self._timeout:g} seconds") from None
        except Exception as error:
            # Any error: the last byte was written, so whatever goes wrong from here on is doubt.
            raise NoAnswer(
                f"the connection to {self._server} ended without an answer ({reason_of(error)})"
            ) from None

    def _early_answer(self, sock: socket.socket, error: WriteError) -> HttpAnswer:
        # A server that will not take a request (too large, say) answers and closes while we still write.
        try:
            answer = self._read(sock, min(_EARLY_ANSWER, self._timeout))
        except Exception:
            raise NotSent(
                f"the connection to {self._server} broke before the request was written ({error.reason})"
            ) from None
        if answer.status < 300:
            raise NoAnswer(f"{self._server} answered {answer.status} to a request it had not had whole")
        if answer.status >= 500:
            raise NotSent(f"{self._server} answered {answer.status} before the request was written")
        self.close()
        return answer

    def _read(self, sock: socket.socket, timeout: float) -> HttpAnswer:
        incoming = _BoundedReader(sock, time.monotonic() + timeout)
        response = http.client.HTTPResponse(incoming, method="POST")  # type: ignore[arg-type]
        try:
            response.begin()
            if incoming.ended:
                # http.client takes a head that was cut off for a whole one.
                raise http.client.IncompleteRead(b"")
            body = b""
            # The status counts even if the body is cut off.
            with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
                body = response.read(self._most_body)
            if response.will_close or not response.isclosed():
                self.close()
            self._last_used = time.monotonic()
            return HttpAnswer(response.status, response.headers, body)
        finally:
            response.close()

    def _socket(self) -> socket.socket:
        if self._connection is not None:
            sock: socket.socket = self._connection.sock
            if time.monotonic() - self._last_used < IDLE_SECONDS and is_idle(sock):
                return sock
            self.close()
        try:
            self._connection = self._connect()
        except Exception as error:
            # No byte of a request was written yet, so whatever it was, nothing was sent.
            raise NotSent(f"could not connect to {self._server} ({reason_of(error)})") from None
        connected: socket.socket = self._connection.sock
        return connected

    def _connect(self) -> http.client.HTTPConnection:
        far = (self._url.hostname or "", self._url.port or (443 if self._tls else 80))
        near = (self._proxy.hostname or "", self._proxy.port or 80) if self._proxy else far
        connection: http.client.HTTPConnection
        if self._tls:
            connection = http.client.HTTPSConnection(*near, timeout=self._timeout, context=self._tls)
            if self._proxy:
                connection.set_tunnel(*far, headers=proxy.login(self._proxy))
        else:
            connection = http.client.HTTPConnection(*near, timeout=self._timeout)
        try:
            connection.connect()
        except BaseException:
            connection.close()
            raise
        return connection

    def _head(self, method: str, url: str, headers: Mapping[str, str], length: int) -> bytes:
        parts = urlsplit(url)
        through = self._proxy is not None and self._tls is None
        target = url if through else parts.path + (f"?{parts.query}" if parts.query else "")
        lines = {"Host": parts.netloc.rpartition("@")[2], **headers, "Content-Length": str(length)}
        if through and self._proxy:
            lines.update(proxy.login(self._proxy))
        text = f"{method} {target} HTTP/1.1\r\n" + "".join(
            f"{name}: {value}\r\n" for name, value in lines.items()
        )
        return (text + "\r\n").encode("ascii")


class _BoundedReader(io.RawIOBase):
    """Reads a socket until the time for the whole answer is up, then raises TimeoutError."""

    def __init__(self, sock: socket.socket, end: float) -> None:
        self._sock = sock
        self._end = end
        self.ended = False

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(seconds_left(self._end))
        count = self._sock.recv_into(buffer)
        self.ended = count == 0
        return count


def _checked(url: str, key: str, remedy: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and parts.hostname and url.isascii() and parts.port != 0
    except ValueError:
        valid = False
    if not valid or parts.query or parts.fragment or not url.isprintable() or " " in url:
        raise ConfigError(f"{key} is not a web address.", remedy)
    return parts
