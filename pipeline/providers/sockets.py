"""What every connection to a provider asks of its socket."""

from __future__ import annotations

import socket
import ssl
import time


def left(end: float) -> float:
    """Seconds until a moment of time.monotonic(). Raises TimeoutError when there are none."""
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left


def quiet(sock: socket.socket) -> bool:
    """Whether a kept connection is open and empty. Closed, or with bytes nobody asked for, it goes."""
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


def why(error: Exception) -> str:
    """What a person can act on, never an exception's own text where that may quote bytes."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate: {error.verify_message}"
    if isinstance(error, TimeoutError):
        return "timed out"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, OSError) and str(error).startswith("Tunnel connection failed"):
        return "the proxy refused"
    return type(error).__name__
