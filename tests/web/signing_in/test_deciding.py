"""Where the links of a draft's mail lead once anybody can sign in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from pipeline.editions import find
from pipeline.schedule.drafts import decision_links
from subscribers import staff_log
from subscribers.staff.roles import Role
from subscribers.tokens import holder_of
from tests.doubles.blog import Blog, Item
from tests.installations import installation, run_one, subscribe
from tests.web.public.visitor import Visitor, hidden
from tests.web.signing_in.browser import StaffBrowser
from tests.web.signing_in.conftest import EDITOR, VIEWER, join

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pipeline.core.app import Installation
    from pipeline.core.database import Database

MONDAY = datetime(2026, 11, 23, 15, tzinfo=UTC)
DUE = datetime(2026, 11, 26, 14, tzinfo=UTC)
MAILED_TO = "colleague@example.org"


@pytest.fixture
def put_up(sqlite_database: Database, tmp_path: Path) -> Iterator[Callable[..., StaffBrowser]]:
    """Makes a practice with a draft that waits, and a browser there."""
    visitors = []
    with (
        time_machine.travel(MONDAY, tick=False) as clock,
        Blog([Item("A calm morning", MONDAY - timedelta(days=1))]) as blog,
    ):

        def make(*who: tuple[str, Role], **staff: Any) -> StaffBrowser:
            subscribe(sqlite_database, 2)
            digests = [{"name": "weekly", "approval": "required"}]
            staff = {"emails": [MAILED_TO]} | staff
            made = installation(sqlite_database, tmp_path, blog.url, digests=digests, staff=staff)
            run_one(made)
            clock.move_to(DUE - timedelta(days=1))
            run_one(made)
            for file in (tmp_path / "outbox").glob("staff-notice-*"):
                file.unlink()
            join(made, *who)
            visitors.append(Visitor(made))
            return StaffBrowser(visitors[-1])

        yield make
        for visitor in visitors:
            visitor.close()


BOTH = ((EDITOR, Role.EDITOR), (VIEWER, Role.VIEWER))


def link(practice: Installation, verb: str = "approve") -> str:
    with practice.database.read() as connection:
        edition = find.by_slug(connection, "weekly-1")
    return f"/{decision_links(practice, edition, DUE, holder_of(MAILED_TO))[verb]}"


def decided(practice: Installation) -> tuple[str, str, str]:
    """The edition's status, and who did what last about it."""
    with practice.database.read() as connection:
        status = find.by_slug(connection, "weekly-1").status
        about = [entry for entry in staff_log.entries(connection) if entry.about == "weekly-1"]
    return status, about[0].actor if about else "", about[0].action if about else ""


def test_they_lead_to_signing_in_and_then_back_and_the_log_names_who_decided(
    put_up: Callable[..., StaffBrowser], tmp_path: Path
) -> None:
    browser = put_up(*BOTH)
    practice = browser.visitor.installation
    path = link(practice)
    led = browser.get(path)
    assert (led.status_code, led.headers["location"]) == (303, f"/staff/sign-in?onward={path}")
    assert browser.get(f"{path}/letter").status_code == 404
    assert browser.sign_in(tmp_path, EDITOR, path).headers["location"] == path
    page = browser.get(path)
    assert f"You decide as {EDITOR}." in page.text
    assert "A calm morning" in browser.get(f"{path}/letter").text
    assert "This letter is approved." in browser.press(path).text
    assert decided(practice) == ("approved", EDITOR, "approve")


def test_without_a_session_nothing_is_decided_by_them(put_up: Callable[..., StaffBrowser]) -> None:
    browser = put_up(*BOTH)
    answer = browser.post(link(browser.visitor.installation))
    assert (answer.status_code, answer.headers["location"]) == (303, "/staff/sign-in")
    assert decided(browser.visitor.installation)[0] == "draft"


def test_a_viewer_decides_nothing(put_up: Callable[..., StaffBrowser], tmp_path: Path) -> None:
    browser = put_up(*BOTH)
    path = link(browser.visitor.installation)
    browser.sign_in(tmp_path, VIEWER)
    token = hidden(browser.get("/staff/account").text, "csrf")
    assert browser.get(path).status_code == 403
    assert browser.post(path, {"csrf": token}).status_code == 403
    assert decided(browser.visitor.installation)[0] == "draft"


@pytest.mark.parametrize("chosen", [None, True])
def test_a_colleague_cannot_have_a_link_pressed_in_an_editors_name(
    put_up: Callable[..., StaffBrowser], tmp_path: Path, chosen: bool | None
) -> None:
    browser = put_up(*BOTH, links_decide=chosen)
    practice = browser.visitor.installation
    browser.sign_in(tmp_path, EDITOR)
    answer = browser.post(link(practice), origin="https://evil.example")
    if chosen:  # whoever holds it decides, and is named
        assert decided(practice) == ("approved", MAILED_TO, "approve")
    else:
        assert answer.status_code == 403
        assert decided(practice)[0] == "draft"


def test_where_the_operator_allows_it_they_decide_alone_and_name_who_is_signed_in(
    put_up: Callable[..., StaffBrowser], tmp_path: Path
) -> None:
    browser = put_up(*BOTH, links_decide=True)
    practice = browser.visitor.installation
    assert "This letter is approved." in browser.post(link(practice)).text
    assert decided(practice) == ("approved", MAILED_TO, "approve")
    browser.sign_in(tmp_path, EDITOR)
    assert "This letter is held." in browser.press(link(practice, "hold")).text
    assert decided(practice) == ("held", EDITOR, "hold")


def test_they_decide_alone_as_long_as_nobody_can_sign_in(put_up: Callable[..., StaffBrowser]) -> None:
    browser = put_up()
    assert "This letter is approved." in browser.post(link(browser.visitor.installation)).text
    assert decided(browser.visitor.installation) == ("approved", MAILED_TO, "approve")


def test_where_the_operator_wants_it_they_never_decide_alone(put_up: Callable[..., StaffBrowser]) -> None:
    browser = put_up(links_decide=False)
    assert browser.post(link(browser.visitor.installation)).status_code == 303
    assert decided(browser.visitor.installation)[0] == "draft"
