"""The web process itself: listens, says where, and ends in good order."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import uvicorn

from pipeline.errors import RapportError
from pipeline.web.app import make_app
from pipeline.web.background import keeping_up

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.config import Server
    from pipeline.installation import Installation


def run(installation: Installation, host: str, port: int, listening: Callable[[str], None]) -> None:
    """Serve until told to end; ``listening`` is called with the address once connections are taken."""
    app = make_app(installation)  # before the address is told: it may find that it cannot serve
    with listen(host, port) as listener:
        shown = f"[{host}]" if ":" in host else host
        listening(f"http://{shown}:{listener.getsockname()[1]}")
        config = uvicorn.Config(app, **settings(installation.config.server))
        with keeping_up(installation):
            uvicorn.Server(config).run(sockets=[listener])
        app.state.writer.close()


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections from now on. Raises RapportError when the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named TCP, or asyncio would leave Nagle's algorithm on, and the second answer on a connection would
    # wait 40 ms for the client's acknowledgement of its own headers.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        reason = error.strerror if isinstance(error, OSError) else error
        raise RapportError(
            f"{host}, port {port} cannot be listened on: {reason}.",
            "Name another --port, or end the process that has it.",
        ) from None
    listener.listen(2048)
    return listener


def settings(server: Server) -> dict[str, Any]:
    """How uvicorn serves us."""
    return {
        # Requests are not logged: the addresses of pages hold tokens.
        "access_log": False,
        "log_level": "warning",
        "log_config": None,  # ours is set up already (logs.py)
        "server_header": False,
        "lifespan": "off",
        # Without proxies to trust, what a request says of where it came from is anybody's word.
        "proxy_headers": bool(server.trusted_proxies),
        "forwarded_allow_ips": server.trusted_proxies,
    }
