"""An address of this machine at which nobody answers, for as long as it is needed."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def nobody() -> Iterator[str]:
    """``host:port``. The port is taken all the while: a free one could be given to another test meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # and does not listen: whoever connects is refused
        yield f"127.0.0.1:{held.getsockname()[1]}"
