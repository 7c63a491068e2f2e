"""The whole job against a strict SendGrid over real HTTP, by the command line."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.doubles.blog import Item
from tests.doubles.sendgrid import Answer, Reset, StrictSendGrid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.doubles.blog import Blog
    from tests.end_to_end.conftest import Project

YESTERDAY = datetime.now(UTC) - timedelta(days=1)
LINK = re.compile(r"https://letter\.example\.org/unsubscribe/[\w-]+")


@pytest.fixture
def sendgrid() -> Iterator[StrictSendGrid]:
    with StrictSendGrid() as server:
        yield server


@pytest.fixture
def project(project: Project, blog: Blog, sendgrid: StrictSendGrid) -> Project:
    more = (
        '[delivery]\nprovider = "sendgrid"\nprobe_public_url = false\n'
        f'[delivery.sendgrid]\napi_url = "{sendgrid.url}"\n'
    )
    project.configure(blog.url, more=more)
    project.environment["SENDGRID_API_KEY"] = sendgrid.key
    blog.items = [
        Item("A calm morning — 心", YESTERDAY),
        Item("Tea & “toast”", YESTERDAY - timedelta(hours=3)),
    ]
    return project


@pytest.mark.installed
def test_2500_subscribers_are_three_requests_and_each_person_once(
    project: Project, sendgrid: StrictSendGrid
) -> None:
    project.subscribe(2500)
    edition = project.json("run", "--now")["digests"][0]["edition"]
    assert edition["recipients"]["sent"] == 2500
    assert sendgrid.requests == sendgrid.attempts == 3
    assert sendgrid.connections <= 3
    delivered = sendgrid.deliveries
    assert sorted(d.address for d in delivered) == sorted(f"reader{n}@example.net" for n in range(1, 2501))
    assert {d.subject for d in delivered} == {"A calm morning — 心"}
    links = set()
    for delivery in delivered:
        header = LINK.search(delivery.headers["List-Unsubscribe"])
        assert header
        assert delivery.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert LINK.findall(delivery.html) == LINK.findall(delivery.text) == [header[0]]
        assert "%%" not in delivery.html + delivery.text
        links.add(header[0])
    assert len(links) == 2500
    assert {d.edition for d in delivered} == {"weekly-1"}
    assert len({d.batch for d in delivered}) == 3
    assert {d.html_charset for d in delivered} == {"us-ascii"}
    assert {d.text_charset for d in delivered} == {"utf-8"}


def test_running_twice_sends_once(project: Project, sendgrid: StrictSendGrid) -> None:
    project.subscribe(3)
    project.rapport("run", "--now")
    project.rapport("run", "--now")
    project.rapport("send", "weekly-1")
    assert sendgrid.requests == 1


def test_a_refusal_that_passes_is_tried_again(project: Project, sendgrid: StrictSendGrid) -> None:
    project.subscribe(3)
    sendgrid.faults.append(Answer(429, headers={"Retry-After": "0"}))
    assert project.json("run", "--now")["digests"][0]["edition"]["recipients"]["sent"] == 3
    assert len(sendgrid.deliveries) == 3


def test_a_request_without_an_answer_is_uncertain_and_never_sent_again(
    project: Project, sendgrid: StrictSendGrid
) -> None:
    project.subscribe(3)
    sendgrid.faults.append(Reset(accept=True))
    edition = project.json("run", "--now")["digests"][0]["edition"]
    assert (edition["recipients"]["uncertain"], edition["recipients"]["sent"]) == (3, 0)
    project.rapport("send", "weekly-1")
    project.rapport("run", "--now")
    assert len(sendgrid.deliveries) == 3


def test_a_refused_key_pauses_the_edition_and_loses_nobody(
    project: Project, sendgrid: StrictSendGrid
) -> None:
    project.subscribe(3)
    project.environment["SENDGRID_API_KEY"] = "SG.wrong-key-of-another-account.0000000000000000000000"
    failed = project.json("run", "--now", status=1)["digests"][0]
    assert failed["outcome"] == "paused"
    assert "key" in failed["reason"]
    assert "SG." not in str(failed)
    assert project.json("editions", "show", "weekly-1")["edition"]["status"] == "paused"
    project.environment["SENDGRID_API_KEY"] = sendgrid.key
    project.rapport("editions", "resume", "weekly-1")
    assert project.json("run")["digests"][0]["edition"]["recipients"]["sent"] == 3
    assert len(sendgrid.deliveries) == 3


def test_a_missing_key_is_a_configuration_error(project: Project) -> None:
    project.subscribe(1)
    del project.environment["SENDGRID_API_KEY"]
    project.environment["SENDGRID_API_KEY"] = ""
    assert "SENDGRID_API_KEY" in project.json("run", "--now", status=1)["digests"][0]["reason"]


def test_a_test_copy_goes_to_staff_alone(project: Project, sendgrid: StrictSendGrid) -> None:
    project.subscribe(3)
    project.rapport("preview", "--out", "seen")
    project.rapport("send", "weekly-1", "--test", "editor@example.org")
    (copy,) = sendgrid.deliveries
    assert (copy.address, copy.subject) == ("editor@example.org", "[Test] A calm morning — 心")
    # With links that do nothing, so that what becomes of the headers on the way can be looked at.
    assert copy.headers["List-Unsubscribe"] == "<https://letter.example.org/unsubscribe/preview>"
