"""Our own pages, for somebody to examine over the network."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn

from pipeline.web.app import make_app
from pipeline.web.server import settings
from tests.doctor.conftest import SECRET
from tests.installations import installation
from tests.waiting import LONGEST

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.core.database import Database


@contextmanager
def served(
    database: Database, folder: Path, certificate: Path | None = None, **sendgrid: str
) -> Iterator[str]:
    """What `rapport serve` serves, in this process and on an address of its own; https with a certificate."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        scheme = "https" if certificate else "http"
        url = f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
        delivery = {"provider": "sendgrid", "sendgrid": sendgrid}
        newsletter = {"name": "Letter", "from_email": "letter@example.org", "public_url": url}
        made = installation(database, folder, "http://127.0.0.1:1/", newsletter=newsletter, delivery=delivery)
        made.environment = {"RAPPORT_SECRET": SECRET}
        app = make_app(made)
        tls = {"ssl_certfile": certificate} if certificate else {}
        server = uvicorn.Server(uvicorn.Config(app, **settings(made.config.server), **tls))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        yield url
        server.should_exit = True
        thread.join(timeout=LONGEST)
        app.state.writer.close()
