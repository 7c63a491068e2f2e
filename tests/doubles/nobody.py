"""Addresses of this machine at which nobody answers: for good, or until a test's program does."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from random import SystemRandom
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def nobody() -> Iterator[str]:
    """``host:port``. The port is taken all the while: a free one could be given to another test meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # and does not listen: whoever connects is refused
        yield f"127.0.0.1:{held.getsockname()[1]}"


def free_port() -> int:
    """For a program that must be told its port. No other test is given it meanwhile: it lies below those that
    the system hands out."""
    random = SystemRandom()
    while True:
        port = random.randrange(15_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
