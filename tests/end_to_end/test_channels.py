"""Channels as an operator meets them: tried out, announced by the run that sends, listed, posted by hand."""

from __future__ import annotations

import json
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING

import pytest

from subscribers import clock
from tests.doubles import services
from tests.doubles.blog import Item
from tests.doubles.local_server import LocalServer
from tests.doubles.mastodon import SCOPES, TOKEN, StrictMastodon

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.doubles.blog import Blog
    from tests.end_to_end.conftest import Project

CHANNEL = """
[[channels]]
name = "fediverse"
kind = "mastodon"
url = "{url}"
"""


@pytest.fixture
def server() -> Iterator[StrictMastodon]:
    with StrictMastodon() as running:
        yield running


@pytest.fixture(autouse=True)
def _with_a_post(blog: Blog) -> None:
    blog.items = [Item("A calm morning", clock.now() - timedelta(hours=1))]


@pytest.fixture
def announced(project: Project, blog: Blog, server: StrictMastodon) -> Project:
    """A letter was sent while the channel was known."""
    project.environment["RAPPORT_CHANNEL_FEDIVERSE"] = TOKEN
    project.configure(blog.url, more=CHANNEL.format(url=server.url))
    project.subscribe(1)
    project.rapport("run")
    project.rapport("run", "--now")
    return project


def test_the_run_that_sends_announces_once(announced: Project, server: StrictMastodon) -> None:
    announced.rapport("run")
    (status,) = server.statuses
    assert "/archive/weekly-1" in status["text"]
    (channel,) = announced.json("channels")["channels"]
    assert (channel["name"], channel["kind"], channel["secret"]) == ("fediverse", "mastodon", True)
    (announcement,) = channel["announcements"]
    assert (announcement["edition"], announcement["state"]) == ("weekly-1", "posted")
    assert announcement["address"] == status["url"]
    assert "weekly-1 on fediverse: posted" in announced.rapport("channels")
    again = announced.json("channels", "post", "weekly-1")["announcements"]
    assert [one["address"] for one in again] == [status["url"]]
    assert len(server.statuses) == 1


def test_trying_a_channel_out_posts_nothing(announced: Project, server: StrictMastodon) -> None:
    before = len(server.statuses)
    said = announced.rapport("channels", "test", "fediverse")
    assert "@practice" in said
    assert "Nothing was posted" in said
    assert len(server.statuses) == before
    announced.environment["RAPPORT_CHANNEL_FEDIVERSE"] = "another-token"
    said = announced.rapport("channels", "test", "fediverse", status=1)
    assert "401" in said
    assert "another-token" not in said
    assert "fediverze" in announced.rapport("channels", "test", "fediverze", status=2)
    assert "fediverse" in announced.rapport("channels", "test", "fediverze", status=2)


def test_what_is_in_doubt_is_told_and_decided_by_staff(project: Project, blog: Blog) -> None:
    with StrictMastodon(SCOPES - {"read:statuses"}) as server:
        project.environment["RAPPORT_CHANNEL_FEDIVERSE"] = TOKEN
        project.configure(
            blog.url, more=CHANNEL.format(url=server.url) + '[staff]\nemails = ["a@willow.example"]'
        )
        project.subscribe(1)
        project.rapport("run")
        server.faults += [services.CUT_BEFORE, services.REFUSE]
        project.rapport("run", "--now")
        # The second attempt is refused; what became of the first, this token cannot tell.
        said = project.rapport("channels", "post", "weekly-1", status=0)
        assert "uncertain" in said
        refused = project.json("channels", "post", "weekly-1", status=1)["error"]
        assert refused["code"] == "uncertain"
        assert "--anyway" in refused["remedy"]
        project.rapport("run")
        assert [
            mail for mail in project.outbox() if b"Was weekly-1 announced on fediverse?" in mail.read_bytes()
        ]
        project.rapport("channels", "post", "weekly-1", "--anyway")
        assert len(server.statuses) == 1
        assert "announce" in project.rapport("staff", "log")


def test_only_what_was_sent_is_announced(announced: Project, blog: Blog, server: StrictMastodon) -> None:
    assert "There is no edition weekly-7" in announced.rapport("channels", "post", "weekly-7", status=1)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('name = "a b"\nkind = "mastodon"\nurl = "https://social.example"', "name"),
        ('name = "x"\nkind = "myspace"\nurl = "https://social.example"', "mastodon"),
        ('name = "x"\nkind = "bluesky"\nurl = "https://bsky.social"', "account"),
        ('name = "x"\nkind = "mastodon"\nurl = "http://social.example"', "https"),
        ('name = "x"\nkind = "webhook"\nurl = "https://hook.example"\ntext = "{{ title }}"', "text"),
    ],
)
def test_a_channel_that_cannot_be_is_refused_with_its_remedy(
    project: Project, blog: Blog, lines: str, said: str
) -> None:
    project.configure(blog.url, more=f"[[channels]]\n{lines}")
    told = project.rapport("channels", status=2)
    assert said in told
    assert "rapport.toml" in told


def test_an_alarm_reaches_staff_where_mail_does_not(
    project: Project, blog: Blog, server: StrictMastodon
) -> None:
    heard: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    alarm = LocalServer(Handler)
    alarm.start()
    try:
        where = f"json://127.0.0.1:{alarm.server_port}/secret-topic"
        project.environment["RAPPORT_CHANNEL_FEDIVERSE"] = TOKEN
        project.configure(blog.url, more=CHANNEL.format(url=server.url) + f'[staff]\nalarms = ["{where}"]')
        project.subscribe(1)
        project.rapport("run")
        server.faults.append(services.REFUSE)
        project.rapport("run", "--now")
        project.rapport("run")
    finally:
        alarm.stop()
    told = [one for one in heard if "weekly-1 was not announced on fediverse" in one["title"]]
    assert len(told) == 1
    assert "422" in told[0]["message"]
    assert "reader" not in json.dumps(heard)
