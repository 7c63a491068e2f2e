"""The welcome by a strict SendGrid: the request for one person, doubt, and what is told of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from pipeline.core.app import Installation
from pipeline.core.tables.ledger import batches
from pipeline.delivery.events import take
from pipeline.providers.events import Event, Kind
from pipeline.subscriptions.welcome import send_welcomes
from subscribers import clock, signup
from tests.doubles.blog import Item
from tests.doubles.sendgrid import Answer, Reset, StrictSendGrid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.doubles.blog import Blog
    from tests.end_to_end.conftest import Project

YESTERDAY = datetime.now(UTC) - timedelta(days=1)
ADA = "ada@example.org"


@pytest.fixture
def sendgrid() -> Iterator[StrictSendGrid]:
    with StrictSendGrid() as server:
        yield server


@pytest.fixture
def project(project: Project, blog: Blog, sendgrid: StrictSendGrid) -> Project:
    """weekly-1 was sent to two readers."""
    more = (
        '[delivery]\nprovider = "sendgrid"\nprobe_public_url = false\n'
        f'[delivery.sendgrid]\napi_url = "{sendgrid.url}"\n'
    )
    project.configure(blog.url, more=more)
    project.environment["SENDGRID_API_KEY"] = sendgrid.key
    blog.items = [Item("A calm morning", YESTERDAY)]
    project.subscribe(2)
    assert project.json("run", "--now")["digests"][0]["outcome"] == "sent"
    return project


@pytest.fixture
def opened(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    monkeypatch.setenv("SENDGRID_API_KEY", project.environment["SENDGRID_API_KEY"])
    with Installation.open(project.folder / "rapport.toml", project.environment) as installation:
        yield installation


def confirm(opened: Installation) -> None:
    with opened.database.write() as connection:
        asked = signup.ask(connection, ADA, digests=["weekly"], wording="yes", source="form", by_staff=True)
        assert asked is not None
        signup.confirm(connection, asked, source="mail")


def told(project: Project) -> list[dict[str, object]]:
    held = project.json("subscribers", "show", ADA)["subscriber"]["editions"]
    return [{key: one[key] for key in ("slug", "state", "welcome")} for one in held]


def test_it_is_a_request_for_one_with_the_editions_name(
    project: Project, opened: Installation, sendgrid: StrictSendGrid
) -> None:
    confirm(opened)
    assert send_welcomes(opened) == 1
    delivery = sendgrid.deliveries[-1]
    assert (delivery.address, delivery.subject) == (ADA, "A calm morning")
    assert delivery.custom_args["edition"] == "weekly-1"
    assert len(sendgrid.payloads[-1]["personalizations"]) == 1
    assert delivery.text.startswith("Welcome, and thank you for signing up.")
    assert delivery.text.isascii() or max(delivery.text) > "\xff"
    assert "%%" not in delivery.text + delivery.html
    assert told(project) == [{"slug": "weekly-1", "state": "sent", "welcome": True}]
    edition = project.json("editions", "show", "weekly-1")["edition"]
    assert (edition["welcomes"], edition["recipients"]["total"]) == (1, 3)
    assert "weekly-1: sent, with the words of welcome" in project.rapport("subscribers", "show", ADA)


def test_what_had_no_answer_is_in_doubt_until_an_event_tells(
    project: Project, opened: Installation, sendgrid: StrictSendGrid
) -> None:
    confirm(opened)
    sendgrid.faults.append(Reset(accept=True))
    assert send_welcomes(opened) == 1
    assert told(project) == [{"slug": "weekly-1", "state": "uncertain", "welcome": True}]
    assert send_welcomes(opened) == 0
    with opened.database.write() as connection:
        attempt = connection.scalar(select(batches.c.attempt).where(batches.c.welcome))
        event = Event(id="e1", kind=Kind.DELIVERED, at=clock.now(), edition="weekly-1", batch=attempt)
        take(connection, [event], "sendgrid", opened.config.delivery)
    assert told(project) == [{"slug": "weekly-1", "state": "sent", "welcome": True}]


def test_what_is_refused_for_now_waits_for_a_later_run(
    project: Project, opened: Installation, sendgrid: StrictSendGrid
) -> None:
    confirm(opened)
    before = len(sendgrid.deliveries)
    sendgrid.faults.append(Answer(503, {"Retry-After": "0"}))
    assert send_welcomes(opened) == 0
    assert told(project) == []
    assert "welcome to weekly: queued" in project.rapport("subscribers", "show", ADA)
    with opened.database.write() as connection:
        from subscribers.tables import welcomes

        connection.execute(welcomes.update().values(next_try=clock.now()))
    assert send_welcomes(opened) == 1
    assert len(sendgrid.deliveries) == before + 1
