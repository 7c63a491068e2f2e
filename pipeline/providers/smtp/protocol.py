"""SMTP commands and replies over a connected socket."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, NamedTuple

from pipeline.providers.sockets import WriteError, reason_of, seconds_left, write_all

if TYPE_CHECKING:
    import socket

PATIENCE = 4
"""How many times longer the answer to a whole message is waited for than any other answer: servers examine
the message first, and an answer that is not waited for is doubt (RFC 5321, 4.5.3.2.6)."""

_MOST_REPLY = 16 * 1024
_LAST_LINE = re.compile(rb"^([2-5][0-9]{2})(?: [^\r\n]*)?\r?\n", re.MULTILINE)
_MOMENT = 1.0


class ConnectionEnded(Exception):
    """The connection can no longer be used. ``reason`` is for staff; ``written`` is how many bytes had
    left."""

    def __init__(self, reason: str, written: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.written = written


class Reply(NamedTuple):
    """A server's answer (RFC 5321, 4.2)."""

    code: int
    lines: bytes

    @property
    def text(self) -> str:
        """What the server said, on one line and without the code."""
        said = self.lines.decode("utf-8", "replace").splitlines()
        return " ".join(line[4:].strip() for line in said)

    @property
    def fine(self) -> bool:
        return self.code < 300

    @property
    def closes(self) -> bool:
        """Whether the server ends the connection with it (RFC 5321, 3.8)."""
        return self.code == 421

    @property
    def for_good(self) -> bool:
        return self.code >= 500


class Transport:
    """A socket on which a server has greeted: commands out, replies in. Not for two threads at once."""

    def __init__(self, sock: socket.socket, timeout: float) -> None:
        self._sock = sock
        self._timeout = timeout
        self._read = b""

    def write(self, data: bytes) -> None:
        """Write all of it. Raises ConnectionEnded, which says how much the other end can have."""
        try:
            write_all(self._sock, data, self._timeout)
        except WriteError as error:
            reason = f"the connection broke while writing ({error.reason})"
            raise ConnectionEnded(reason, error.written) from None

    def reply(self, *, patience: float = 1) -> Reply:
        """The next reply. Raises ConnectionEnded where there is none."""
        end = time.monotonic() + self._timeout * patience
        try:
            while not (last := _LAST_LINE.search(self._read)):
                self._receive(end)
        except TimeoutError:
            raise ConnectionEnded("the server did not answer in time") from None
        except OSError as error:
            raise ConnectionEnded(f"the connection ended without an answer ({reason_of(error)})") from None
        said, self._read = self._read[: last.end()], self._read[last.end() :]
        if last.start() and not all(line.startswith(last[1]) for line in said.splitlines()):
            raise ConnectionEnded("an answer that is none of SMTP's")
        return Reply(int(last[1]), said)

    def early_reply(self) -> Reply | None:
        """The reply of a server that closed while a message was being written, if it sent one."""
        self.hurry()
        try:
            return self.reply()
        except ConnectionEnded:
            return None

    def hurry(self) -> None:
        """Wait no longer than a moment for what is still to come: nothing depends on it."""
        self._timeout = min(self._timeout, _MOMENT)

    def _receive(self, end: float) -> None:
        if len(self._read) > _MOST_REPLY:
            raise OSError(0, "an answer that is none of SMTP's")
        self._sock.settimeout(seconds_left(end))
        some = self._sock.recv(65536)
        if not some:
            raise OSError(0, "closed by the server")
        self._read += some
