"""The whole job against a strict SMTP server on loopback, by the command line."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.doubles.blog import Item
from tests.doubles.smtp import Fault, StrictSmtp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.doubles.blog import Blog
    from tests.end_to_end.conftest import Project

YESTERDAY = datetime.now(UTC) - timedelta(days=1)
LINK = re.compile(r"https://letter\.example\.org/unsubscribe/[\w-]+")


@pytest.fixture
def server() -> Iterator[StrictSmtp]:
    with StrictSmtp() as strict:
        yield strict
    assert strict.violations == []


@pytest.fixture
def project(project: Project, blog: Blog, server: StrictSmtp) -> Project:
    delivery = '[delivery]\nprovider = "smtp"\nprobe_public_url = false\n'
    more = f"{delivery}[delivery.smtp]\nport = {server.port}\nconnections = 2\n"
    project.configure(blog.url, more=more)
    blog.items = [Item("A calm morning — 心", YESTERDAY)]
    return project


def test_each_reader_gets_one_letter_with_links_of_their_own(project: Project, server: StrictSmtp) -> None:
    project.subscribe(90)
    edition = project.json("run", "--now")["digests"][0]["edition"]
    assert (edition["status"], edition["recipients"]["sent"]) == ("sent", 90)
    project.rapport("run", "--now")
    assert server.addresses == sorted(f"reader{n}@example.net" for n in range(1, 91))
    assert server.connections == 2
    links = set()
    for mail in [delivery.mail for delivery in server.deliveries]:
        text, html = (part.get_content() for part in mail.iter_parts())
        header = LINK.search(mail["List-Unsubscribe"])
        assert header
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert LINK.findall(html) == LINK.findall(text) == [header[0]]
        assert "%%" not in html + text
        assert mail["Subject"] == "A calm morning — 心"
        links.add(header[0])
    assert len(links) == 90


def test_a_refused_sender_pauses_the_edition_and_loses_nobody(project: Project, server: StrictSmtp) -> None:
    project.subscribe(3)
    server.faults.append(Fault("mail", "550 5.7.1 not from you"))
    failed = project.json("run", "--now", status=1)["digests"][0]
    assert (failed["outcome"], "not from you" in failed["reason"]) == ("paused", True)
    project.rapport("editions", "resume", "weekly-1")
    assert project.json("run")["digests"][0]["edition"]["recipients"]["sent"] == 3
    assert len(server.deliveries) == 3


def test_a_test_copy_goes_to_staff_alone(project: Project, server: StrictSmtp) -> None:
    project.subscribe(3)
    project.rapport("preview", "--out", "seen")
    server.faults.append(Fault("rcpt", "450 4.2.0 greylisted"))
    assert "greylisted" in project.rapport("send", "weekly-1", "--test", "editor@example.org", status=1)
    project.rapport("send", "weekly-1", "--test", "editor@example.org")
    (copy,) = server.deliveries
    assert (copy.address, copy.mail["Subject"]) == ("editor@example.org", "[Test] A calm morning — 心")


def test_somebody_who_is_to_confirm_is_asked_by_smtp_and_again_when_the_server_says_later(
    project: Project, server: StrictSmtp
) -> None:
    server.faults.append(Fault("rcpt", "450 4.2.0 greylisted"))
    project.rapport("subscribers", "add", "ada@example.net", "--confirm")
    assert server.deliveries == []
    project.rapport("subscribers", "add", "ben@example.net", "--confirm")
    assert "ben@example.net" in server.addresses
