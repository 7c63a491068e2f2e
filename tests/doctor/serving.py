"""Our own pages, for somebody to examine over the network."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from pipeline.web.app import make_app
from pipeline.web.server import settings
from tests.doctor.conftest import SECRET
from tests.installations import installation
from tests.serving import address_of, anywhere, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.core.database import Database


@contextmanager
def served(
    database: Database, folder: Path, certificate: Path | None = None, **sendgrid: str
) -> Iterator[str]:
    """What `rapport serve` serves, in this process and on an address of its own; https with a certificate."""
    listener = anywhere()
    url = address_of(listener, "https" if certificate else "http")
    delivery = {"provider": "sendgrid", "sendgrid": sendgrid}
    newsletter = {"name": "Letter", "from_email": "letter@example.org", "public_url": url}
    made = installation(database, folder, "http://127.0.0.1:1/", newsletter=newsletter, delivery=delivery)
    made.environment = {"RAPPORT_SECRET": SECRET}
    app = make_app(made)
    tls = {"ssl_certfile": certificate} if certificate else {}
    with serving(app, listener, **settings(made.config.server), **tls):
        yield url
    app.state.writer.close()
