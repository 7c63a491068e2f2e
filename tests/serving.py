"""An application that a thread of this process serves."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import uvicorn

from pipeline.web.server import listen
from tests.waiting import LONGEST

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator


def anywhere() -> socket.socket:
    """A socket at a port of its own. Connections wait from here on, whenever the thread comes to them."""
    return listen("127.0.0.1", 0)


def address_of(listener: socket.socket, scheme: str = "http") -> str:
    return f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def serving(app: Any, listener: socket.socket | None = None, **how: Any) -> Iterator[str]:
    """Serve it meanwhile; gives its address. ``how`` as `uvicorn.Config` takes it."""
    server = uvicorn.Server(uvicorn.Config(app, **{"log_config": None} | how))
    with listener or anywhere() as listening:
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        try:
            yield address_of(listening)
        finally:
            server.should_exit = True
            thread.join(timeout=LONGEST)
