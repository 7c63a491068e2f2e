"""What goes wrong after a letter left, by the command line against a strict SendGrid that tells of it."""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from pipeline.core.app import Installation
from tests.doubles.blog import Item
from tests.doubles.sendgrid import Answer, EventWebhook, StrictSendGrid, body_of
from tests.web.public.visitor import Visitor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.doubles.blog import Blog
    from tests.doubles.sendgrid import Delivery
    from tests.end_to_end.conftest import Project

NO_ANSWER = Answer(502, body=b"<html>Bad gateway</html>")


@pytest.fixture
def sendgrid() -> Iterator[StrictSendGrid]:
    with StrictSendGrid() as server:
        yield server
    assert server.problems == []


@pytest.fixture
def webhook() -> EventWebhook:
    return EventWebhook()


@pytest.fixture
def project(
    request: pytest.FixtureRequest, project: Project, sendgrid: StrictSendGrid, webhook: EventWebhook
) -> Project:
    """A practice that hears of events, with one new post; on PostgreSQL if the test is told so."""
    project.environment |= {"SENDGRID_API_KEY": sendgrid.key}
    if getattr(request, "param", "sqlite") == "postgresql":
        make: Callable[[], str] = request.getfixturevalue("new_postgresql_database")
        url, secret = make(), "a secret of this practice"
        project.environment |= {"RAPPORT_DATABASE__URL": url, "RAPPORT_SECRET": secret}
    configure(project, request.getfixturevalue("blog"), sendgrid, webhook)
    return project


def configure(
    project: Project,
    blog: Blog,
    sendgrid: StrictSendGrid,
    webhook: EventWebhook,
    delivery: str = "batch_size = 2\nconnections = 1\nprobe_public_url = false",
) -> None:
    more = (
        f'[delivery]\nprovider = "sendgrid"\n{delivery}\n'
        f'[delivery.sendgrid]\napi_url = "{sendgrid.url}"\nwebhook_public_key = "{webhook.public_key}"\n'
        '[staff]\nemails = ["editor@example.org"]\n'
    )
    project.configure(blog.url, more=more)
    blog.items = [Item("A calm morning", datetime.now(UTC) - timedelta(days=1))]


@contextmanager
def later(**delta: float) -> Iterator[None]:
    with time_machine.travel(datetime.now(UTC) + timedelta(**delta), tick=True):
        yield


def tell(
    project: Project, webhook: EventWebhook, told: Mapping[str, list[Delivery]], at: datetime | None = None
) -> None:
    """Post events of these kinds, of these deliveries, to the web process of the practice."""
    stamp = int((at or datetime.now(UTC)).timestamp())
    body = body_of(
        [
            {
                "event": kind, "email": one.address, "timestamp": stamp,
                "sg_event_id": f"{kind}-{one.batch}-{one.subscriber}",
                "edition": one.edition, "batch": one.batch, "subscriber": one.subscriber,
            }
            for kind, deliveries in told.items()
            for one in deliveries
        ]
    )  # fmt: skip
    with Installation.open(project.folder / "rapport.toml", project.environment) as installation:
        visitor = Visitor(installation)
        answer = visitor.ask("POST", "/webhooks/sendgrid", content=body, headers=webhook.signed(body))
        visitor.close()
    assert answer.status_code == 204, answer.text


def shown(project: Project, slug: str = "weekly-1") -> Any:
    return project.json("editions", "show", slug)["edition"]


def readers(sendgrid: StrictSendGrid) -> list[Delivery]:
    return [one for one in sendgrid.deliveries if one.edition == "weekly-1"]


def notices(sendgrid: StrictSendGrid) -> list[str]:
    return [
        one.subject.removeprefix("The Weekly Letter: ")
        for one in sendgrid.deliveries
        if one.subscriber == "0"
    ]


def test_doubt_is_shown_with_its_reason_and_settled_by_events(
    project: Project, sendgrid: StrictSendGrid, webhook: EventWebhook
) -> None:
    project.subscribe(4)
    sendgrid.faults.append(Answer(502, body=b"", accept=True))
    project.json("run", "--now")
    edition = shown(project)
    assert (edition["recipients"]["uncertain"], edition["recipients"]["sent"]) == (2, 2)
    ((reason, number),) = edition["reasons"]["uncertain"].items()
    assert (number, "502" in reason) == (2, True)
    assert f"2 uncertain: {reason}" in project.rapport("editions", "show", "weekly-1")
    tell(project, webhook, {"dropped": readers(sendgrid)[:1]})
    assert shown(project)["recipients"]["sent"] == 4
    assert shown(project)["reasons"] == {}


@pytest.mark.parametrize("project", ["sqlite", "postgresql"], indirect=True)
def test_under_resend_what_never_arrived_goes_again_after_26_hours_of_silence(
    project: Project, sendgrid: StrictSendGrid, webhook: EventWebhook, blog: Blog
) -> None:
    resend = 'batch_size = 2\nconnections = 1\nprobe_public_url = false\non_uncertain = "resend"'
    configure(project, blog, sendgrid, webhook, resend)
    project.subscribe(6)
    sendgrid.faults.append(NO_ANSWER)
    project.json("run", "--now")
    assert len(readers(sendgrid)) == 4
    with later(hours=27):
        project.json("run")
        assert len(readers(sendgrid)) == 4, "nothing was heard of anybody: silence proves nothing"
    tell(project, webhook, {"delivered": readers(sendgrid)})
    with later(hours=25):
        project.json("run")
        assert len(readers(sendgrid)) == 4, "too early"
    project.rapport("subscribers", "unsubscribe", "reader1@example.net")
    with later(hours=27):
        project.json("run")
        project.json("run")
    addresses = [one.address for one in readers(sendgrid)]
    assert sorted(addresses) == [f"reader{n}@example.net" for n in range(2, 7)]
    edition = shown(project)
    assert (edition["status"], edition["recipients"]["sent"], edition["recipients"]["withheld"]) == (
        "sent",
        5,
        1,
    )


def test_too_many_bounces_pause_the_edition_hold_the_next_and_are_told(
    project: Project, sendgrid: StrictSendGrid, webhook: EventWebhook, blog: Blog
) -> None:
    configure(project, blog, sendgrid, webhook, "batch_size = 250\nconnections = 1\nprobe_public_url = false")
    project.subscribe(300)
    taken = Answer(202, accept=True, headers={"X-Message-Id": "first"})
    sendgrid.faults.extend([taken, Answer(401), Answer(401)])  # the last for the mail to staff
    assert project.json("run", "--now", status=1)["digests"][0]["outcome"] == "paused"
    project.rapport("editions", "resume", "weekly-1")
    first = readers(sendgrid)
    assert len(first) == 250
    tell(
        project,
        webhook,
        {"bounce": first[:20], "delivered": first[20:]},
        datetime.now(UTC) + timedelta(seconds=2),
    )
    edition = shown(project)
    assert edition["status"] == "paused"
    assert "20 of the 250 readers" in edition["reason"]
    run = project.json("run")["digests"][0]
    assert (run["outcome"], "20 of the 250" in run["reason"]) == ("paused", True)
    assert notices(sendgrid) == ["weekly-1 had too many bounces or complaints"]
    project.rapport("editions", "cancel", "weekly-1")
    blog.items.insert(
        0, Item("The second post", datetime.now(UTC) - timedelta(hours=1), guid="the-second-one")
    )
    project.rapport("pull")
    assert project.json("run", "--now", "--dry-run")["digests"][0]["outcome"] == "held"
    run = project.json("run", "--now")["digests"][0]
    assert (run["outcome"], "weekly-1" in run["reason"]) == ("held", True)
    project.rapport("editions", "approve", "weekly-2")
    assert project.json("run", "--now")["digests"][0]["outcome"] == "sent"
    assert len(readers(sendgrid)) == 250


def test_a_letter_whose_way_out_does_not_answer_stays_here(
    project: Project, sendgrid: StrictSendGrid, webhook: EventWebhook, blog: Blog
) -> None:
    configure(project, blog, sendgrid, webhook, "probe_public_url = true")
    file = project.folder / "rapport.toml"
    file.write_text(re.sub(r"(?m)^public_url = .*$", 'public_url = "http://127.0.0.1:1"', file.read_text()))
    project.subscribe(2)
    failed = project.json("run", "--now", status=1)["digests"][0]
    assert (failed["outcome"], failed["edition"]["status"]) == ("failed", "draft")
    assert "readers could not unsubscribe" in failed["reason"]
    project.rapport("editions", "approve", "weekly-1")
    assert "readers could not unsubscribe" in project.rapport("send", "weekly-1", status=1)
    assert shown(project)["status"] == "approved"
    assert readers(sendgrid) == []
    assert notices(sendgrid) == ["weekly could not be sent"]
