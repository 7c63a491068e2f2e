"""The dashboard under /staff of `rapport serve`: who is let in, and by which name it answers."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from pipeline.web.dashboard.actor import Actor, Role
from pipeline.web.signing_in.door import Door
from tests.installations import installation, subscribe
from tests.web.public.visitor import Visitor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.core.database import Database

FEED = "http://127.0.0.1:1/feed"
OURS = {"origin": "https://letter.example.org"}


@pytest.fixture
def signed_in(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Actor:
    """One of staff, of the role that the test names."""
    actor = Actor("editor@example.org", getattr(request, "param", Role.ADMIN), "a-token")
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


def test_each_role_covers_those_before_it() -> None:
    covered = {role: [other for other in Role if role.covers(other)] for role in Role}
    assert covered == {
        Role.VIEWER: [Role.VIEWER],
        Role.EDITOR: [Role.VIEWER, Role.EDITOR],
        Role.ADMIN: [Role.VIEWER, Role.EDITOR, Role.ADMIN],
    }
