"""POST /webhooks/sendgrid, over real HTTP."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from sqlalchemy import select

from pipeline.core.errors import ConfigError
from pipeline.core.tables.ledger import events
from pipeline.web.app import make_app
from pipeline.web.webhooks import MOST_BODY
from subscribers import clock, suppression
from subscribers.suppression import Reason
from tests.doubles.sendgrid import EventWebhook, body_of
from tests.faults import full_disk
from tests.installations import installation, subscribe
from tests.serving import serving
from tests.waiting import LONGEST

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.core.database import Database

PATH = "/webhooks/sendgrid"
NOW = int(clock.now().timestamp())


@pytest.fixture(scope="module")
def sender() -> EventWebhook:
    return EventWebhook()


@contextmanager
def served(database: Database, folder: Path, key: str) -> Iterator[httpx.Client]:
    """A client of the application, which runs in a thread of this process."""
    delivery = {"sendgrid": {"webhook_public_key": key}}
    app = make_app(installation(database, folder, "https://example.org/feed", delivery=delivery))
    with serving(app, lifespan="off") as url, httpx.Client(base_url=url, timeout=LONGEST) as client:
        yield client


def event(word: str, number: int, **more: Any) -> dict[str, Any]:
    return {
        "event": word,
        "email": f"reader{number}@example.net",
        "timestamp": NOW,
        "sg_event_id": f"{word}-{number}",
        "subscriber": str(number),
        "edition": "weekly-1",
        "batch": "b1",
    } | more


def post(client: httpx.Client, sender: EventWebhook, *items: Any) -> int:
    body = body_of(items)
    return client.post(PATH, content=body, headers=sender.signed(body)).status_code


def kinds(database: Database) -> list[str]:
    with database.read() as connection:
        return sorted(connection.scalars(select(events.c.kind)))


def test_signed_events_are_kept_and_heeded_before_the_answer(
    database: Database, tmp_path: Path, sender: EventWebhook
) -> None:
    subscribe(database, 2)
    bounce = event("bounce", 1, type="bounce", status="5.1.1", reason="550 reader1@example.net unknown")
    items = [bounce, event("spamreport", 2), "no event", event("teleported", 2, to="reader2@example.net")]
    with served(database, tmp_path, sender.public_key) as client:
        assert post(client, sender, *items) == 204
        with database.read() as connection:
            assert suppression.reason_for(connection, "reader1@example.net") == Reason.BOUNCED
            assert suppression.reason_for(connection, "reader2@example.net") == Reason.COMPLAINED
            kept = connection.execute(select(events)).all()
        assert "example.net" not in str(kept)
        assert post(client, sender, *items) == 204
    assert kinds(database) == ["bounce", "malformed", "spamreport", "unknown"]


def test_posts_that_nobody_signed_change_nothing(
    sqlite_database: Database, tmp_path: Path, sender: EventWebhook
) -> None:
    subscribe(sqlite_database, 1)
    body = body_of([event("bounce", 1, type="bounce")])
    signed = sender.signed(body)
    forged = [
        {name: value for name, value in signed.items() if not name.endswith("Signature")},
        {name: value for name, value in signed.items() if not name.endswith("Timestamp")},
        EventWebhook().signed(body),
        sender.signed(body.strip()),
        sender.signed(body, clock.now() - timedelta(hours=26)),
        sender.signed(body, clock.now() + timedelta(hours=1)),
    ]
    with served(sqlite_database, tmp_path, sender.public_key) as client:
        for headers in forged:
            assert client.post(PATH, content=body, headers=headers).status_code == 401
        assert client.get(PATH, headers=signed).status_code == 405
        assert kinds(sqlite_database) == []
        late = sender.signed(body, clock.now() - timedelta(hours=23, minutes=50))
        assert client.post(PATH, content=body, headers=late).status_code == 204
    assert kinds(sqlite_database) == ["bounce"]


def test_thousands_of_events_in_one_post_are_taken_and_more_than_sendgrid_sends_is_not(
    sqlite_database: Database, tmp_path: Path, sender: EventWebhook
) -> None:
    subscribe(sqlite_database, 1)
    many = [event("delivered", 1, sg_event_id=f"d{n}", response="250 OK " * 20) for n in range(3000)]
    with served(sqlite_database, tmp_path, sender.public_key) as client:
        assert post(client, sender, *many) == 204
        too_long = b"[" + b" " * MOST_BODY + b"]"
        headers = sender.signed(too_long)
        assert client.post(PATH, content=too_long, headers=headers).status_code == 413
        chunks = (too_long[at : at + 1_000_000] for at in range(0, len(too_long), 1_000_000))
        assert client.post(PATH, content=chunks, headers=headers).status_code == 413
    assert len(kinds(sqlite_database)) == 3000


@pytest.mark.parametrize("body", [b"", b"not JSON", b'{"event": "bounce"}'])
def test_a_signed_body_that_is_no_array_is_refused(
    sqlite_database: Database, tmp_path: Path, sender: EventWebhook, body: bytes
) -> None:
    with served(sqlite_database, tmp_path, sender.public_key) as client:
        assert client.post(PATH, content=body, headers=sender.signed(body)).status_code == 400


def test_what_could_not_be_written_is_asked_for_again(
    sqlite_database: Database, tmp_path: Path, sender: EventWebhook, caplog: pytest.LogCaptureFixture
) -> None:
    subscribe(sqlite_database, 1)
    # More of them than the pages that the file has could hold.
    bounces = [event("bounce", 1, type="bounce", sg_event_id=f"bounce-{number}") for number in range(300)]
    with served(sqlite_database, tmp_path, sender.public_key) as client:
        with full_disk(sqlite_database):
            assert post(client, sender, *bounces) == 503
        assert kinds(sqlite_database) == []
        assert post(client, sender, *bounces) == 204
        with sqlite_database.read() as connection:
            assert suppression.reason_for(connection, "reader1@example.net") == Reason.BOUNCED
    assert "The disk is full" in caplog.text
    assert "example.net" not in caplog.text


def test_without_a_key_nothing_is_taken(
    sqlite_database: Database, tmp_path: Path, sender: EventWebhook
) -> None:
    with served(sqlite_database, tmp_path, "") as client:
        assert post(client, sender, event("bounce", 1)) == 503
    assert kinds(sqlite_database) == []


def test_a_wrong_key_in_the_configuration_keeps_it_from_serving(
    sqlite_database: Database, tmp_path: Path
) -> None:
    with (
        pytest.raises(ConfigError, match="webhook_public_key"),
        served(sqlite_database, tmp_path, "not a key"),
    ):
        pass
