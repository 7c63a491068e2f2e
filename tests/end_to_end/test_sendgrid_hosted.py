"""`unsubscribe = "sendgrid"`: a practice with cron and no web server, against a strict SendGrid."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from typing import TYPE_CHECKING

import pytest

from tests.doubles.blog import Item
from tests.doubles.sendgrid import Answer, StrictSendGrid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.doubles.blog import Blog
    from tests.end_to_end.conftest import Project

YESTERDAY = datetime.now(UTC) - timedelta(days=1)
LINK = re.compile(r"https://u1\.sendgrid\.example/unsubscribe/\?upn=\w+")
TAG = "%%rapport-"


@pytest.fixture
def sendgrid() -> Iterator[StrictSendGrid]:
    with StrictSendGrid() as server:
        yield server


@pytest.fixture
def project(project: Project, blog: Blog, sendgrid: StrictSendGrid) -> Project:
    configure(project, blog, sendgrid)
    project.environment["SENDGRID_API_KEY"] = sendgrid.key
    blog.items = [Item("A calm morning", YESTERDAY)]
    return project


def configure(
    project: Project, blog: Blog, sendgrid: StrictSendGrid, *, ours: bool = False, digest: str = ""
) -> None:
    """As for a practice without a web server; ``ours``: the same once it has one."""
    more = (
        '[delivery]\nprovider = "sendgrid"\nprobe_public_url = false\n'
        f'[delivery.sendgrid]\napi_url = "{sendgrid.url}"\n'
    )
    project.configure(blog.url, digest=digest, more=more + ("" if ours else 'unsubscribe = "sendgrid"\n'))
    if not ours:
        file = project.folder / "rapport.toml"
        file.write_text(re.sub(r"(?m)^public_url = .*\n", "", file.read_text()))


@pytest.mark.parametrize("layout", ["digest", "plain"])
def test_every_letter_holds_sendgrids_link_and_nothing_of_a_server_of_ours(
    project: Project, blog: Blog, sendgrid: StrictSendGrid, layout: str
) -> None:
    configure(project, blog, sendgrid, digest=f'layout = "{layout}"')
    project.subscribe(3)
    ran = project.json("run", "--now")["digests"][0]
    assert (ran["outcome"], ran["edition"]["recipients"]["sent"]) == ("sent", 3)
    (payload,) = sendgrid.payloads
    assert payload["tracking_settings"] == {
        "click_tracking": {"enable": False, "enable_text": False},
        "open_tracking": {"enable": False},
        "subscription_tracking": {
            "enable": True, "substitution_tag": "%%rapport-unsubscribe-hosted%%",
        },
        "ganalytics": {"enable": False},
    }  # fmt: skip
    for envelope in payload["personalizations"]:
        assert envelope["headers"] == {"List-Id": "The Weekly Letter <weekly.example.org>"}
    links = set()
    for delivery in sendgrid.deliveries:
        (link,) = set(LINK.findall(delivery.html))
        assert LINK.findall(delivery.text) == [link]
        assert f'href="{link}"' in delivery.html
        for body in (delivery.html, delivery.text):
            assert TAG not in body
            assert "127.0.0.1:8000" not in body
            assert "Change what you get" not in body
            assert "Read it in your browser" not in body
        links.add(link)
    assert len(links) == 3


def test_who_left_at_sendgrid_is_not_in_the_next_edition(project: Project, sendgrid: StrictSendGrid) -> None:
    project.subscribe(4)
    for name, number in (("unsubscribes", 1), ("bounces", 2), ("spam_reports", 3)):
        sendgrid.lists.add(name, f"reader{number}@example.net")
    project.rapport("run", "--now")
    assert [delivery.address for delivery in sendgrid.deliveries] == ["reader4@example.net"]
    shown = project.json("subscribers", "show", "reader1@example.net")["subscriber"]
    assert shown["suppression"] == "unsubscribed"
    assert [one["status"] for one in shown["subscriptions"]] == ["unsubscribed"]


def test_an_edition_waits_until_the_lists_could_be_read(project: Project, sendgrid: StrictSendGrid) -> None:
    project.subscribe(2)
    sendgrid.lists.add("unsubscribes", "reader1@example.net")
    sendgrid.scopes.remove("suppression.read")
    for _ in range(2):
        failed = project.json("run", "--now", status=1)["digests"][0]
        assert (failed["outcome"], failed["edition"]["status"]) == ("failed", "draft")
        assert "suppression.read" in failed["reason"]
        assert failed["edition"]["recipients"]["total"] == 0
    assert sendgrid.attempts == 0
    sendgrid.scopes.append("suppression.read")
    assert project.json("run", "--now")["digests"][0]["outcome"] == "sent"
    assert [delivery.address for delivery in sendgrid.deliveries] == ["reader2@example.net"]


def test_an_approved_edition_waits_too(project: Project, sendgrid: StrictSendGrid) -> None:
    project.subscribe(2)
    project.rapport("pull")
    project.rapport("compose", "weekly")
    project.rapport("editions", "approve", "weekly-1")
    sendgrid.list_faults.append(Answer(503))
    assert "could not be read" in project.rapport("send", "weekly-1", status=1)
    assert project.json("editions", "show", "weekly-1")["edition"]["status"] == "approved"
    sendgrid.list_faults.append(Answer(503))
    assert project.json("run", "--now", status=1)["digests"][0]["outcome"] == "failed"
    assert sendgrid.attempts == 0
    sendgrid.lists.add("unsubscribes", "reader1@example.net")
    project.rapport("send", "weekly-1")
    assert [delivery.address for delivery in sendgrid.deliveries] == ["reader2@example.net"]


def test_check_finds_the_way_out_and_the_preview_shows_a_link(project: Project) -> None:
    project.rapport("preview", "--out", "seen")
    findings = project.json("check", "weekly")["findings"]
    assert [finding for finding in findings if finding["level"] == "error"] == []
    assert [finding for finding in findings if finding["rule"] in ("link", "text")] == []
    seen = {
        kind: (project.folder / "seen" / f"edition.{kind}").read_bytes() for kind in ("html", "txt", "eml")
    }
    assert all(TAG.encode() not in content for content in seen.values())
    assert b'href="https://unsubscribe.example/preview"' in seen["html"]
    headers = message_from_bytes(seen["eml"])
    assert headers["List-Id"] == "The Weekly Letter <weekly.example.org>"
    assert headers["List-Unsubscribe"] is None


def test_a_template_without_the_way_out_is_stopped(
    project: Project, blog: Blog, sendgrid: StrictSendGrid
) -> None:
    own = project.folder / "templates" / "letter"
    own.mkdir(parents=True)
    (own / "digest.txt").write_text("{{ posts[0].title }}\n{{ newsletter.postal_address }}\n{{ cta.url }}\n")
    file = project.folder / "rapport.toml"
    file.write_text(file.read_text() + '[theme]\ntemplates = "templates"\n')
    project.subscribe(1)
    failed = project.json("run", "--now", status=1)["digests"][0]
    assert "The text part has no unsubscribe link." in failed["reason"]
    assert sendgrid.attempts == 0


def test_a_test_copy_holds_a_link_that_works(project: Project, sendgrid: StrictSendGrid) -> None:
    project.rapport("preview", "--out", "seen")
    project.rapport("send", "weekly-1", "--test", "editor@example.org")
    (copy,) = sendgrid.deliveries
    assert LINK.search(copy.html)
    assert TAG not in copy.html + copy.text
    assert copy.subscriber == "0"


@pytest.mark.parametrize("ours_first", [True, False])
def test_an_edition_composed_for_the_other_way_out_is_not_sent_as_it_stands(
    project: Project, blog: Blog, sendgrid: StrictSendGrid, ours_first: bool
) -> None:
    project.subscribe(1)
    configure(project, blog, sendgrid, ours=ours_first)
    project.rapport("pull")
    project.rapport("compose", "weekly")
    project.rapport("editions", "approve", "weekly-1")
    configure(project, blog, sendgrid, ours=not ours_first)
    assert "before delivery.sendgrid.unsubscribe was changed" in project.rapport("send", "weekly-1", status=1)
    assert sendgrid.attempts == 0


def test_sync_says_what_it_took(project: Project, sendgrid: StrictSendGrid) -> None:
    project.subscribe(2)
    sendgrid.lists.add("unsubscribes", "reader1@example.net")
    sendgrid.lists.add("bounces", "stranger@example.net")
    assert project.json("subscribers", "sync") == {
        "bounced": 1, "complained": 0, "unsubscribed": 1, "new": 2, "unreadable": 0,
    }  # fmt: skip
    assert "1 bounced, 0 complained, 1 unsubscribed; 0 of them new here" in project.rapport(
        "subscribers", "sync"
    )


def test_sync_is_for_sendgrid(project: Project, blog: Blog) -> None:
    project.configure(blog.url)
    failed = project.json("subscribers", "sync", status=2)
    assert failed["error"]["code"] == "configuration"
