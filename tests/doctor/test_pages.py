"""The public address: our own application behind it, or somebody else's."""

from __future__ import annotations

from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.delivery import probe
from pipeline.doctor import pages
from pipeline.editions.clicks import by_day
from tests.doctor.conftest import found, levels, only
from tests.doctor.serving import served
from tests.doubles.local_server import LocalServer
from tests.doubles.sendgrid import EventWebhook
from tests.installations import subscribe
from tests.ledgers import handed_over
from tests.web.public.visitor import everything

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.core.database import Database
    from pipeline.core.finding import Finding
    from tests.doctor.conftest import Make


@contextmanager
def answering(get: int, post: int = 200) -> Iterator[str]:
    """A server that is not ours and says the same to everything."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(get if self.command == "GET" else post)
            self.send_header("Location", "https://www.example.org/")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_GET

        def log_message(self, *arguments: Any) -> None:
            pass

    server = LocalServer(Handler)
    server.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.stop()


def test_our_own_pages_are_well_and_are_left_as_they_were(
    make: Make, sqlite_database: Database, tmp_path: Path
) -> None:
    key = EventWebhook().public_key
    subscribe(sqlite_database, 2)
    before = everything(sqlite_database)
    with served(sqlite_database, tmp_path, webhook_public_key=key) as url:
        delivery = {"provider": "sendgrid", "sendgrid": {"webhook_public_key": key}}
        context = make(newsletter={"public_url": url}, delivery=delivery)
        assert levels(found(pages.unsubscribe, context)) == ["ok", "ok"]
        assert only(pages.webhook, context).level == "ok"
        without = make(newsletter={"public_url": url})
        assert "another delivery.sendgrid.webhook_public_key" in only(pages.webhook, without).message
    assert everything(sqlite_database) == before


def test_a_web_process_without_a_key_takes_no_events(
    make: Make, sqlite_database: Database, tmp_path: Path
) -> None:
    with served(sqlite_database, tmp_path) as url:
        assert only(pages.webhook, make(newsletter={"public_url": url})).level == "warning"


def test_another_secret_is_named_and_no_token_is(
    make: Make, sqlite_database: Database, tmp_path: Path
) -> None:
    with served(sqlite_database, tmp_path) as url:
        other = make({"RAPPORT_SECRET": "a secret of another installation"}, newsletter={"public_url": url})
        finding = only(pages.unsubscribe, other)
    assert finding.level == "error"
    assert "RAPPORT_SECRET" in finding.remedy
    assert "/unsubscribe/" not in finding.message + finding.remedy


@pytest.mark.parametrize(
    ("get", "said"), [(200, "not Rapport's pages"), (301, "a redirect"), (403, "403"), (502, "502")]
)
def test_pages_of_somebody_else_are_no_pages(make: Make, get: int, said: str) -> None:
    with answering(get) as url:
        assert said in only(pages.unsubscribe, make(newsletter={"public_url": url})).message


@pytest.mark.parametrize(("post", "said"), [(302, "a redirect"), (403, "answered 403")])
def test_a_cdn_that_lets_no_post_through(
    make: Make, monkeypatch: pytest.MonkeyPatch, post: int, said: str
) -> None:
    # A stranger's page in the middle that passes GETs on: the forged link is refused as ours refuses it.
    asked = probe.fault

    def passing(url: str, method: str = "GET", **more: Any) -> tuple[str, str] | None:
        return ("is missing", "") if url.endswith("A") and method == "GET" else asked(url, method, **more)

    monkeypatch.setattr(probe, "fault", passing)
    with answering(200, post) as url:
        context = make(newsletter={"public_url": url})
        first, second = found(pages.unsubscribe, context)
    assert (first.level, second.level) == ("ok", "error")
    assert said in second.message


def test_the_links_of_the_offer_are_followed_to_see_whether_they_lead_on(
    make: Make, sqlite_database: Database, tmp_path: Path
) -> None:
    def look(url: str) -> Finding:
        match = {"url": "https://example.org/get-matched", "count_clicks": True}
        return only(pages.clicks, make(newsletter={"public_url": url}, match=match))

    with served(sqlite_database, tmp_path) as url:
        assert found(pages.clicks, make(newsletter={"public_url": url})) == []
        assert "from the next letter on" in look(url).message
        with answering(200, 404) as elsewhere:  # before any letter is out whose offer would be dead
            assert "offer of the next letter" in look(elsewhere).message
            assert look(elsewhere).level == "warning"
        for number, address in ((1, url), (2, f"{url}/elsewhere")):
            link = {"name": "offer", "address": f"{address}/go/weekly-{number}/offer", "target": "https://x"}
            with sqlite_database.write() as connection:
                handed_over(connection, number, links=[link])
            finding = look(url)
            assert finding.level == ("ok" if number == 1 else "error")
        assert "answered 404" in finding.message
        with sqlite_database.read() as connection:
            assert by_day(connection, 1) == []
    assert "cannot be reached" in look(url).message


def test_an_offer_that_no_redirect_leads_to_is_not_said_to_be_counted(
    make: Make, sqlite_database: Database
) -> None:
    match = {"url": "mailto:hello@example.org", "count_clicks": True}
    finding = only(pages.clicks, make(match=match))
    assert finding.level == "warning"
    assert "mailto:hello@example.org" in finding.message
    assert "count_clicks = false" in finding.remedy


def test_nobody_there(make: Make) -> None:
    context = make(newsletter={"public_url": "http://127.0.0.1:1"})
    assert "cannot be reached" in only(pages.unsubscribe, context).message
    assert "cannot be reached" in only(pages.webhook, context).message
    assert only(pages.https, context).level == "warning"


@pytest.mark.parametrize(
    ("url", "level"), [("https://letter.example.org", "ok"), ("http://letter.example.org", "error")]
)
def test_one_click_is_over_https_only(make: Make, url: str, level: str) -> None:
    assert only(pages.https, make(newsletter={"public_url": url})).level == level


def test_who_serves_no_pages_needs_none(make: Make) -> None:
    hosted = {"provider": "sendgrid", "sendgrid": {"unsubscribe": "sendgrid"}}
    for context in (
        make(delivery=hosted),
        make(newsletter={"public_url": ""}, delivery={"provider": "outbox"}),
    ):
        assert set(levels([finding for check in pages.CHECKS for finding in check(context)])) <= {"ok"}


def test_with_the_outbox_missing_pages_are_a_warning(make: Make) -> None:
    context = make(newsletter={"public_url": "http://127.0.0.1:1"}, delivery={"provider": "outbox"})
    assert only(pages.unsubscribe, context).level == "warning"
