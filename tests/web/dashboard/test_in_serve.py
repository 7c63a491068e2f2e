"""The dashboard under /staff of `rapport serve`: who is let in, and by which name it answers."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from starlette.responses import Response

from pipeline.editions import find
from pipeline.editions.compose import compose
from pipeline.feeds.first_seen import register
from pipeline.feeds.pull import pull
from pipeline.web.dashboard.actor import Actor, Role
from pipeline.web.dashboard.dashboard import Dashboard
from pipeline.web.dashboard.events import Streams
from pipeline.web.dashboard.letters import Letters
from pipeline.web.signing_in.door import Door
from subscribers import clock, staff_log
from tests.doubles.blog import Blog, Item
from tests.installations import installation, subscribe
from tests.web.dashboard.office import day
from tests.web.public.visitor import Visitor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

    from pipeline.core.database import Database
    from pipeline.editions.edition import Edition

FEED = "http://127.0.0.1:1/feed"
OURS = {"origin": "https://letter.example.org"}


@pytest.fixture
def signed_in(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Actor:
    """One of staff, of the role that the test names."""
    role = getattr(request, "param", Role.ADMIN)
    actor = Actor("editor@example.org", role, "a-token", "editor@example.org")
    monkeypatch.setattr(Door, "who", lambda self, request: actor)
    return actor


@pytest.fixture
def visitor(sqlite_database: Database, tmp_path: Path) -> Iterator[Visitor]:
    made = Visitor(installation(sqlite_database, tmp_path, FEED))
    subscribe(sqlite_database, 3)
    yield made
    made.close()


@pytest.mark.parametrize("path", ["/staff/", "/staff/letter.html", "/staff/frame?size=1", "/staff/events"])
def test_who_is_not_signed_in_signs_in_first_and_then_goes_on(visitor: Visitor, path: str) -> None:
    answer = visitor.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/staff/sign-in?onward={quote(path)}"


def test_what_nobody_sent_who_is_signed_in_is_not_done(visitor: Visitor) -> None:
    answer = visitor.post("/staff/pull", {"csrf": "a-token"}, headers=OURS)
    assert (answer.status_code, answer.headers["location"]) == (303, "/staff/sign-in")


def test_who_is_signed_in_sees_the_same_pages_with_links_that_stay_there(
    signed_in: Actor, visitor: Visitor
) -> None:
    page = visitor.get("/staff/")
    assert page.status_code == 200
    assert 'href="/staff/static/dashboard.css"' in page.text
    assert 'action="/staff/pull"' in page.text
    assert visitor.get("/staff/static/dashboard.css").status_code == 200
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "same-origin"
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert visitor.get("/staff").headers["location"] == "/staff/"


@pytest.mark.parametrize("host", ["evil.example", "letter.example.org.evil.example", "10.0.0.1", ""])
def test_by_another_name_it_answers_nobody(signed_in: Actor, visitor: Visitor, host: str) -> None:
    assert visitor.get("/staff/", headers={"host": host}).status_code == 403


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://letter.example.org", None])
def test_it_takes_no_form_of_another_site(signed_in: Actor, visitor: Visitor, origin: str | None) -> None:
    headers = {"origin": origin} if origin else {}
    assert visitor.post("/staff/pull", {"csrf": "a-token"}, headers=headers).status_code == 403


def test_it_takes_its_own_forms_also_behind_a_proxy_that_names_loopback(
    signed_in: Actor, visitor: Visitor
) -> None:
    for host in ("letter.example.org", "127.0.0.1:8000"):
        answer = visitor.post("/staff/pull", {"csrf": "a-token"}, headers=OURS | {"host": host})
        assert (answer.status_code, answer.headers["location"]) == (303, "/staff/")
    assert visitor.post("/staff/pull", {"csrf": "another"}, headers=OURS).status_code == 403


@pytest.mark.parametrize("signed_in", [Role.VIEWER], indirect=True)
def test_who_only_looks_changes_nothing(signed_in: Actor, visitor: Visitor) -> None:
    assert visitor.get("/staff/").status_code == 200
    assert visitor.post("/staff/pull", {"csrf": "a-token"}, headers=OURS).status_code == 403


@pytest.fixture
def week(sqlite_database: Database, tmp_path: Path) -> Iterator[Visitor]:
    """A practice whose blog has a post, and no letter yet."""
    with Blog([Item("A calm morning", day(1))]) as blog:
        made = Visitor(installation(sqlite_database, tmp_path, blog.url))
        subscribe(sqlite_database, 3)
        yield made
        made.close()


def send(visitor: Visitor, path: str, **fields: str) -> httpx.Response:
    return visitor.post(path, {"csrf": "a-token", **fields}, headers=OURS)


def test_looking_makes_no_letter_and_a_button_does(signed_in: Actor, week: Visitor) -> None:
    send(week, "/staff/pull")
    page = week.get("/staff/").text
    assert "The next letter is due" in page
    assert "1 post waits for it" in page
    assert edition(week) is None
    assert send(week, "/staff/draft").headers["location"] == "/staff/"
    assert "Change it" in week.get("/staff/").text
    made = edition(week)
    assert made is not None
    assert made.subject == "A calm morning"


@pytest.mark.parametrize("signed_in", [Role.EDITOR], indirect=True)
def test_an_editor_changes_and_approves_the_letter_under_their_own_name(
    signed_in: Actor, week: Visitor
) -> None:
    send(week, "/staff/draft")
    changed = send(week, "/staff/edit", edition="weekly-1", subject="Small things")
    assert changed.headers["location"] == "/staff/"
    made = edition(week)
    assert made is not None
    seen = {"seen": made.fingerprint().hex(), "mark": made.mark.hex()}
    decided = send(week, "/staff/decide", edition="weekly-1", verb="approve", **seen)
    assert decided.headers["location"] == "/staff/?edition=weekly-1"
    assert "Approved by editor@example.org" in week.get("/staff/").text
    with week.installation.database.read() as connection:
        entries = staff_log.latest(connection, "weekly-1", 9)
    assert [(one.actor, one.action) for one in entries] == [
        ("editor@example.org", "approve"), ("editor@example.org", "edit"),
    ]  # fmt: skip


@pytest.mark.parametrize("signed_in", [Role.VIEWER], indirect=True)
def test_a_viewer_sees_all_of_the_letter_and_no_form(signed_in: Actor, week: Visitor) -> None:
    with week.installation.database.write() as connection:
        register(connection, week.installation.config, clock.now())
    pull(week.installation.database, week.installation.config)
    compose(week.installation, week.installation.config.digests[0])
    page = week.get("/staff/").text
    assert "What is in it" in page
    assert "3 readers" in re.sub("<[^>]+>", "", page)
    assert "<form" not in page
    for path in ("/staff/edit", "/staff/undo", "/staff/decide", "/staff/test", "/staff/draft", "/staff/note"):
        assert send(week, path, edition="weekly-1", subject="Mine", verb="hold").status_code == 403
    assert week.get("/staff/note").status_code == 403
    made = edition(week)
    assert made is not None
    assert (made.subject, made.status) == ("A calm morning", "draft")


def test_a_letter_goes_out_from_serve_by_the_scheduler_and_from_no_button(
    signed_in: Actor, week: Visitor
) -> None:
    send(week, "/staff/draft")
    made = edition(week)
    assert made is not None
    seen = {"seen": made.fingerprint().hex(), "mark": made.mark.hex()}
    send(week, "/staff/decide", edition="weekly-1", verb="approve", **seen)
    assert 'value="write"' not in week.get("/staff/").text
    refused = send(week, "/staff/decide", edition="weekly-1", verb="write", seen="", mark="")
    assert refused.status_code == 409


def test_a_test_goes_to_nobody_but_who_asks_for_it(signed_in: Actor, week: Visitor, tmp_path: Path) -> None:
    send(week, "/staff/draft")
    answer = send(week, "/staff/test", edition="weekly-1", address="stranger@example.net")
    assert answer.headers["location"] == "/staff/?done=test"
    (copy,) = (tmp_path / "outbox").glob("*.eml")
    assert b"To: editor@example.org" in copy.read_bytes()


def test_an_open_page_hears_of_what_others_did_and_is_let_go_when_serve_ends(week: Visitor) -> None:
    ending = False
    letters = Letters(week.installation, lambda: ending)
    dashboard = Dashboard(letters, (), lambda request: None, lambda request: Response())

    async def heard() -> list[str]:
        nonlocal ending
        told = Streams(dashboard).told("me", letters.reload.version, lambda: True)
        lines = [await anext(told)]
        compose(week.installation, week.installation.config.digests[0])
        lines.append(await anext(told))
        ending = True
        return lines + [line async for line in told]

    with week.installation.database.write() as connection:
        register(connection, week.installation.config, clock.now())
    pull(week.installation.database, week.installation.config)
    first, change, *rest = asyncio.run(heard())
    assert first.startswith("retry:")
    assert change == f"event: change\ndata: {letters.reload.version}\n\n"
    assert rest == []


def edition(visitor: Visitor) -> Edition | None:
    with visitor.installation.database.read() as connection:
        return find.open_one(connection, "weekly")


def test_each_role_covers_those_before_it() -> None:
    covered = {role: [other for other in Role if role.covers(other)] for role in Role}
    assert covered == {
        Role.VIEWER: [Role.VIEWER],
        Role.EDITOR: [Role.VIEWER, Role.EDITOR],
        Role.ADMIN: [Role.VIEWER, Role.EDITOR, Role.ADMIN],
    }
