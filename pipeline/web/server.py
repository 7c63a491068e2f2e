"""The web process itself: listens, says where, and ends in good order."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import uvicorn

from pipeline.errors import RapportError
from pipeline.web.app import make_app

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.installation import Installation


def run(installation: Installation, host: str, port: int, listening: Callable[[str], None]) -> None:
    """Serve until told to end; ``listening`` is called with the address once connections are taken."""
    app = make_app(installation)  # before the address is told: it may find that it cannot serve
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except (OSError, OverflowError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise RapportError(
                f"{host}, port {port} cannot be listened on: {reason}.",
                "Name another --port, or end the process that has it.",
            ) from None
        listener.listen(2048)
        shown = f"[{host}]" if ":" in host else host
        listening(f"http://{shown}:{listener.getsockname()[1]}")
        # Requests are not logged: the addresses of later pages hold tokens.
        config = uvicorn.Config(
            app, access_log=False, log_level="warning", server_header=False, lifespan="off"
        )
        uvicorn.Server(config).run(sockets=[listener])
