"""Before a letter leaves: whether its readers could get off the list, asked over real HTTP."""

from __future__ import annotations

import socket
import ssl
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.core.errors import ProviderError
from pipeline.delivery import probe
from pipeline.delivery.probe import must_answer
from pipeline.editions.find import by_id
from pipeline.web.app import make_app
from subscribers.tokens import Purpose
from tests.certificate import write_certificate
from tests.doubles.local_server import LocalServer
from tests.installations import installation
from tests.ledgers import handed_over
from tests.serving import address_of, anywhere, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.core.app import Installation
    from pipeline.core.database import Database
    from pipeline.editions.edition import Edition

NEWSLETTER = {"name": "Letter", "from_email": "letter@example.org"}


def practice(database: Database, folder: Path, url: str, **delivery: Any) -> Installation:
    newsletter = NEWSLETTER | {"public_url": url}
    mailed = {"provider": "sendgrid"} | delivery
    return installation(database, folder, "https://example.org/feed", newsletter=newsletter, delivery=mailed)


@pytest.fixture
def edition(sqlite_database: Database) -> Edition:
    with sqlite_database.write() as connection:
        handed_over(connection, status="approved")
        return by_id(connection, 1)


@pytest.fixture
def address(sqlite_database: Database, tmp_path: Path) -> Iterator[str]:
    """Where the practice's own pages are served."""
    listener = anywhere()
    app = make_app(practice(sqlite_database, tmp_path, address_of(listener)))
    with serving(app, listener, lifespan="off") as url:
        yield url


@contextmanager
def answering(
    status: int, headers: dict[str, str] | None = None, certificate: ssl.SSLContext | None = None
) -> Iterator[str]:
    """A server that is not ours."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = LocalServer(Handler)
    if certificate:
        server.socket = certificate.wrap_socket(server.socket, server_side=True)
    server.start()
    yield f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_port}"
    server.stop()


def refused(installed: Installation, edition: Edition) -> str:
    with pytest.raises(ProviderError) as caught:
        must_answer(installed, edition)
    error = caught.value
    assert "readers could not unsubscribe" in error.message
    assert "probe_public_url" in error.remedy
    said = f"{error.message} {error.remedy}"
    assert "/unsubscribe/" not in said, "a token stands behind it"
    return said


def test_our_own_pages_answer(
    sqlite_database: Database,
    tmp_path: Path,
    edition: Edition,
    address: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    real = probe.fault
    monkeypatch.setattr(probe, "fault", lambda url: asked.append(url) or real(url))
    must_answer(practice(sqlite_database, tmp_path, address), edition)
    ((page, _, token),) = [url.rpartition("/") for url in asked]
    assert page == f"{address}/unsubscribe"
    claim = practice(sqlite_database, tmp_path, address).tokens.read(Purpose.LETTER, token)
    assert claim == (0, edition.id), "it is signed like a reader's, and nobody's"


def test_another_secret_is_named(
    sqlite_database: Database, tmp_path: Path, edition: Edition, address: str
) -> None:
    other = practice(sqlite_database, tmp_path, address)
    other.environment = {"RAPPORT_SECRET": "a secret that the web process lacks"}
    assert "$RAPPORT_SECRET" in refused(other, edition)


@pytest.mark.parametrize(
    ("status", "headers", "said"),
    [
        (300, {}, "answered 300, a redirect"),
        (301, {"Location": "https://www.example.org/"}, "a redirect"),
        (399, {}, "answered 399, a redirect"),
        (400, {}, "answered 400. "),
        (401, {}, "answered 401"),
        (502, {}, "answered 502"),
        (204, {}, "answered 204"),
    ],
)
def test_anything_else_keeps_the_letter_here(
    sqlite_database: Database,
    tmp_path: Path,
    edition: Edition,
    status: int,
    headers: dict[str, str],
    said: str,
) -> None:
    with answering(status, headers) as url:
        assert said in refused(practice(sqlite_database, tmp_path, url), edition)


def test_a_certificate_that_nobody_signed_is_named(
    sqlite_database: Database, tmp_path: Path, edition: Edition
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(write_certificate(tmp_path / "server.pem"))
    with answering(200, certificate=context) as url:
        said = refused(practice(sqlite_database, tmp_path, url), edition)
    assert "has no valid TLS certificate" in said
    assert "Mend the certificate" in said


def test_by_smtp_the_page_is_asked_for_as_well(
    sqlite_database: Database, tmp_path: Path, edition: Edition
) -> None:
    by_smtp = practice(sqlite_database, tmp_path, "http://127.0.0.1:1", provider="smtp")
    assert "cannot be reached" in refused(by_smtp, edition)


def test_nobody_there(sqlite_database: Database, tmp_path: Path, edition: Edition) -> None:
    assert "cannot be reached" in refused(practice(sqlite_database, tmp_path, "http://127.0.0.1:1"), edition)


def test_a_silent_server_is_not_waited_for(
    sqlite_database: Database, tmp_path: Path, edition: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "TIMEOUT", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert "did not answer" in refused(practice(sqlite_database, tmp_path, url), edition)


def test_where_clicks_are_counted_our_pages_matter_also_when_the_page_is_the_providers(
    sqlite_database: Database, tmp_path: Path, edition: Edition
) -> None:
    hosted = {"sendgrid": {"unsubscribe": "sendgrid"}}
    installed = practice(sqlite_database, tmp_path, "http://127.0.0.1:1", **hosted)
    counted = replace(edition, links=[{"name": "offer", "address": "http://x", "target": "https://y"}])
    with pytest.raises(ProviderError, match="readers could not follow its offer"):
        must_answer(installed, counted)


@pytest.mark.parametrize(
    "delivery",
    [{"provider": "outbox"}, {"probe_public_url": False}, {"sendgrid": {"unsubscribe": "sendgrid"}}],
    ids=["to the outbox", "turned off", "the page is the provider's"],
)
def test_where_no_page_of_ours_matters_nobody_is_asked(
    sqlite_database: Database, tmp_path: Path, edition: Edition, delivery: dict[str, Any]
) -> None:
    must_answer(practice(sqlite_database, tmp_path, "http://127.0.0.1:1", **delivery), edition)
