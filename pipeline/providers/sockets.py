"""The sockets of connections to providers: writing within a time, and errors in words."""

from __future__ import annotations

import socket
import ssl
import time


class WriteError(Exception):
    """Not all was written. ``reason`` is for staff; ``written`` is how many bytes the other end can have."""

    def __init__(self, reason: str, written: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.written = written


def write_all(sock: socket.socket, data: bytes, timeout: float) -> None:
    """Write all of ``data`` within ``timeout`` seconds. Raises WriteError."""
    end = time.monotonic() + timeout
    done = 0
    try:
        # sendall does not say how far it came. Here the last byte was not written when an error is raised.
        with memoryview(data) as rest:
            while done < len(data):
                sock.settimeout(seconds_left(end))
                done += sock.send(rest[done:])
    except OSError as error:
        raise WriteError(reason_of(error), done) from None


def seconds_left(end: float) -> float:
    """Seconds until a moment of time.monotonic(). Raises TimeoutError when there are none."""
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left


def is_idle(sock: socket.socket) -> bool:
    """Whether a kept connection is open and nothing has arrived on it. Else it must not be used again."""
    if isinstance(sock, ssl.SSLSocket) and sock.pending():
        return False
    sock.settimeout(0)
    try:
        # The socket's own recv, also under TLS: the question is whether anything at all has arrived.
        socket.socket.recv(sock, 1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def reason_of(error: Exception) -> str:
    """What a person can act on; never the error's own text where that may quote what was sent."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate: {error.verify_message}"
    if isinstance(error, TimeoutError):
        return "timed out"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, OSError) and str(error).startswith("Tunnel connection failed"):
        return "the proxy refused"
    return type(error).__name__
