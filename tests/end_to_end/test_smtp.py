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
    assert failed["outcome"] == "paused"
    assert "(550): 5.7.1 not from you. Have the mail server pass on" in failed["reason"]
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
    # So that what becomes of them on the way can be looked at.
    assert copy.mail["List-Unsubscribe"] == "<https://letter.example.org/unsubscribe/preview>"
    assert copy.mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_somebody_who_is_to_confirm_is_asked_by_smtp_and_again_when_the_server_says_later(
    project: Project, server: StrictSmtp
) -> None:
    server.faults.append(Fault("rcpt", "450 4.2.0 greylisted"))
    project.rapport("subscribers", "add", "ada@example.net", "--confirm")
    assert server.deliveries == []
    project.rapport("subscribers", "add", "ben@example.net", "--confirm")
    assert "ben@example.net" in server.addresses
    assert {delivery.mail["Auto-Submitted"] for delivery in server.deliveries} == {"auto-generated"}


@pytest.mark.parametrize(
    ("people", "local", "reply"),
    [
        (6, 7, "550 relay not permitted"),
        (6, 7, "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)"),
        (60, 8, "550 Authentication is required for relay"),
    ],
)
def test_a_relay_that_forwards_nothing_pauses_the_letter_and_each_gets_it_once_when_it_does(
    project: Project, server: StrictSmtp, people: int, local: int, reply: str
) -> None:
    project.subscribe(people)
    near = list(range(local, people + 1, local))
    server.faults += [Fault("rcpt", "250 2.1.5 Ok", to=f"reader{n}@") for n in near]
    server.faults.append(Fault("rcpt", reply, times=999))
    ran = project.json("run", "--now", status=1)["digests"][0]
    assert ran["outcome"] == ran["edition"]["status"] == "paused"
    counts = ran["edition"]["recipients"]
    first = [n for n in near if n <= 40]  # of the batch that was tried
    assert (counts["sent"], counts["waiting"]) == (len(first), people - len(first))
    assert reply.rpartition("(")[0][4:] in ran["reason"]
    server.faults.clear()
    project.rapport("editions", "resume", "weekly-1")
    assert project.json("run")["digests"][0]["edition"]["recipients"]["sent"] == people
    assert server.addresses == sorted(f"reader{n}@example.net" for n in range(1, people + 1))


def test_who_was_refused_gets_a_sent_letter_again_once_and_when_the_reason_is_mended(
    project: Project, server: StrictSmtp
) -> None:
    project.subscribe(9)
    server.faults += [Fault("rcpt", "550 5.1.1 no such user", to=f"reader{n}@") for n in (1, 2)]
    server.faults += [Fault("rcpt", "552 5.2.2 mailbox full", to="reader3@")]
    ran = project.json("run", "--now")["digests"][0]
    assert (ran["outcome"], ran["edition"]["recipients"]["failed"]) == ("sent", 3)
    assert "Say to whom" in project.rapport("editions", "again", "weekly-1", status=2)
    edition = project.json("editions", "again", "weekly-1", "--failed")["edition"]
    assert (edition["status"], edition["recipients"]["waiting"]) == ("sending", 3)
    project.rapport("subscribers", "unsubscribe", "reader2@example.net")
    edition = project.json("run")["digests"][0]["edition"]
    assert edition["status"] == "sent"
    assert {state: n for state, n in edition["recipients"].items() if n} == {
        "total": 9, "sent": 8, "withheld": 1,
    }  # fmt: skip
    assert "Nobody was refused" in project.rapport("editions", "again", "weekly-1", "--failed")
    project.rapport("run")
    assert server.addresses == sorted(f"reader{n}@example.net" for n in range(1, 10) if n != 2)


def test_a_letter_whose_readers_have_all_left_is_skipped_and_its_posts_wait(
    project: Project, server: StrictSmtp
) -> None:
    project.subscribe(2)
    server.faults.append(Fault("rcpt", "550 relay not permitted", times=99))
    assert project.json("run", "--now", status=1)["digests"][0]["outcome"] == "paused"
    for reader in ("reader1@example.net", "reader2@example.net"):
        project.rapport("subscribers", "unsubscribe", reader)
    project.rapport("editions", "resume", "weekly-1")
    ran = project.json("run")["digests"][0]
    assert (ran["outcome"], ran["reason"]) == ("skipped", "everyone whom it was for has left")
    assert ran["edition"]["recipients"]["withheld"] == 2
    assert [post["state"] for post in project.json("posts")["posts"]] == ["new"]
    assert server.deliveries == []


def test_a_rate_that_is_limited_names_its_key_and_the_next_run_goes_on(
    project: Project, server: StrictSmtp
) -> None:
    project.subscribe(120)
    server.faults += [
        Fault("mail", "250 2.1.0 Ok", times=50),
        Fault("mail", "450 4.7.1 Error: too much mail from 127.0.0.1", times=999),
    ]
    ran = project.json("run", "--now")["digests"][0]
    assert (ran["outcome"], ran["edition"]["status"]) == ("busy", "sending")
    assert (ran["edition"]["recipients"]["sent"], ran["edition"]["recipients"]["waiting"]) == (50, 70)
    assert "delivery.rate" in ran["reason"]
    assert "keeps refusing" not in ran["reason"]
    assert "delivery.rate" in project.rapport("send", "weekly-1"), "no error: nothing went wrong"
    server.faults.clear()
    assert project.json("run")["digests"][0]["edition"]["recipients"]["sent"] == 120
    assert server.addresses == sorted(f"reader{n}@example.net" for n in range(1, 121))


EXAMPLES = {
    "from_name": ("Willow Practice", "Example Practice"),
    "reply_to": ("answers@example.org", "hello@example.org"),
    "postal_address": ("1 Willow Street, Springfield", "1 Main Street, Springfield"),
    "url": ("https://example.org/get-matched", "https://example.org/contact"),
}


def test_nothing_goes_out_while_a_value_is_the_examples(project: Project, server: StrictSmtp) -> None:
    project.subscribe(1)
    file = project.folder / "rapport.toml"
    whole = file.read_text()
    for key, (own, example) in EXAMPLES.items():
        file.write_text(whole.replace(own, example))
        line = next(n for n, text in enumerate(file.read_text().splitlines(), 1) if example in text)
        ran = project.json("run", "--now", status=1)["digests"][0]
        assert ran["outcome"] == "failed"
        assert f"rapport.toml:{line}: " in ran["reason"]
        (finding,) = [f for f in project.json("check", status=1)["findings"] if f["rule"] == "example"]
        assert (finding["level"], finding["where"].rpartition(".")[2]) == ("error", key)
        assert finding["remedy"]
        checks = project.json("doctor", status=1)["checks"]
        (told,) = [check for check in checks if check["name"] == "configuration.example"]
        assert (told["level"], f"rapport.toml:{line}: " in told["message"]) == ("error", True)
        assert "is still the example's" in project.rapport(
            "send", "weekly-1", "--test", "editor@example.net", status=2
        )
        assert "is still the example's" in project.rapport(
            "subscribers", "add", "ada@example.net", "--confirm", status=2
        )
    assert server.deliveries == []
    file.write_text(whole)
    assert project.json("run", "--now")["digests"][0]["outcome"] == "sent"


def test_an_edition_on_its_way_stops_at_a_value_of_the_example(project: Project, server: StrictSmtp) -> None:
    project.subscribe(2)
    server.faults.append(Fault("mail", "550 5.7.1 not from you"))
    project.json("run", "--now", status=1)
    project.rapport("editions", "resume", "weekly-1")
    project.environment["RAPPORT_NEWSLETTER__POSTAL_ADDRESS"] = "1 Main Street, Springfield"
    said = project.rapport("send", "weekly-1", status=2)
    assert "environment variable RAPPORT_NEWSLETTER__POSTAL_ADDRESS" in said
    assert server.deliveries == []
