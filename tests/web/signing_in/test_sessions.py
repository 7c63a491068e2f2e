"""Being signed in: tied to nothing from before, ended by time and by hand, of no use to other sites."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from starlette.responses import Response

from pipeline.mail.sign_in import invite
from pipeline.web.dashboard import application
from pipeline.web.dashboard.dashboard import Page
from pipeline.web.dashboard.routing import get, post
from subscribers import clock
from subscribers.staff import accounts, roles, secret_values, sessions
from subscribers.staff.roles import Role
from subscribers.staff.tables import sessions as table
from tests.web.public.visitor import Visitor, everything, hidden
from tests.web.signing_in.browser import BROWSER, SESSION, StaffBrowser, newest_link
from tests.web.signing_in.conftest import ADMIN, EDITOR, VIEWER

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.routing import Route

    from pipeline.core.app import Installation
    from pipeline.web.dashboard.asked import Asked
    from pipeline.web.dashboard.dashboard import Dashboard


def csrf(browser: StaffBrowser) -> str:
    return hidden(browser.get("/staff/account").text, "csrf")


def test_a_value_that_was_put_into_the_browser_before_is_no_session_afterwards(
    browser: StaffBrowser, another: StaffBrowser, tmp_path: Path
) -> None:
    planted = {SESSION: secret_values.new(), BROWSER: secret_values.new()}
    browser.cookies |= planted
    browser.sign_in(tmp_path, EDITOR)
    assert browser.is_signed_in
    assert browser.cookies[SESSION] != planted[SESSION]
    another.cookies |= planted
    assert not another.is_signed_in


def test_who_signs_in_once_more_has_another_session_and_the_old_one_ends(
    browser: StaffBrowser, another: StaffBrowser, tmp_path: Path
) -> None:
    browser.sign_in(tmp_path, EDITOR)
    another.cookies = dict(browser.cookies)
    assert another.is_signed_in
    browser.sign_in(tmp_path, EDITOR)
    assert (browser.is_signed_in, another.is_signed_in) == (True, False)


def test_the_database_holds_nothing_that_signs_in(
    browser: StaffBrowser, practice: Installation, tmp_path: Path
) -> None:
    browser.ask_for_link(EDITOR)
    known = [newest_link(tmp_path).rpartition("/")[2], browser.cookies[BROWSER]]
    browser.sign_in(tmp_path, EDITOR)
    kept = repr(everything(practice.database))
    assert not [value for value in (*known, browser.cookies[SESSION]) if value in kept]


@pytest.mark.parametrize(
    ("steps", "still"),
    [
        ([timedelta(hours=11)], True),
        ([timedelta(hours=13)], False),
        ([timedelta(hours=11)] * 30, True),
        ([timedelta(hours=11)] * 31, False),
    ],
    ids=["used today", "left alone", "in use for two weeks", "for longer"],
)
def test_a_session_ends_when_it_is_left_alone_and_after_two_weeks(
    browser: StaffBrowser, tmp_path: Path, steps: list[timedelta], still: bool
) -> None:
    with time_machine.travel(clock.now(), tick=False) as traveller:
        browser.sign_in(tmp_path, EDITOR)
        for step in steps:
            traveller.shift(step)
            last = browser.is_signed_in
        assert last is still


def test_looking_writes_once_in_five_minutes(
    browser: StaffBrowser, practice: Installation, tmp_path: Path
) -> None:
    with time_machine.travel(clock.now(), tick=False) as traveller:
        browser.sign_in(tmp_path, EDITOR)
        before = everything(practice.database)
        traveller.shift(timedelta(minutes=4))
        browser.get("/staff/account")
        assert everything(practice.database) == before
        traveller.shift(timedelta(minutes=2))
        browser.get("/staff/account")
        after = everything(practice.database)
        assert [name for name in after if after[name] != before[name]] == [table.name]


@pytest.mark.parametrize(
    "headers",
    [{"accept": "text/event-stream"}, {"sec_fetch_dest": "empty"}, {"sec_fetch_dest": "iframe"}],
    ids=["it listens", "it shows what is new", "and the letter in it"],
)
def test_a_page_that_was_left_open_keeps_nobody_signed_in(
    browser: StaffBrowser, tmp_path: Path, headers: dict[str, str]
) -> None:
    with time_machine.travel(clock.now(), tick=False) as traveller:
        browser.sign_in(tmp_path, EDITOR)
        for _ in range(3):
            traveller.shift(timedelta(hours=4, minutes=1))
            browser.get("/staff/account", **headers)
        assert not browser.is_signed_in


def test_whoever_types_in_an_open_page_uses_it(browser: StaffBrowser, tmp_path: Path) -> None:
    with time_machine.travel(clock.now(), tick=False) as traveller:
        browser.sign_in(tmp_path, EDITOR)
        for _ in range(3):
            traveller.shift(timedelta(hours=4, minutes=1))
            browser.post("/staff/letters/weekly-1/decide", sec_fetch_dest="empty")
        assert browser.is_signed_in


def test_signing_out_here_and_everywhere(
    browser: StaffBrowser, another: StaffBrowser, tmp_path: Path
) -> None:
    for one in (browser, another):
        one.sign_in(tmp_path, EDITOR)
    kept = dict(browser.cookies)
    out = browser.post("/staff/sign-out", {"csrf": csrf(browser)})
    assert (out.status_code, out.headers["location"]) == (303, "/staff/sign-in")
    assert SESSION not in browser.cookies
    browser.cookies = kept  # as somebody has it who copied it
    assert (browser.is_signed_in, another.is_signed_in) == (False, True)
    browser.sign_in(tmp_path, EDITOR)
    browser.post("/staff/sign-out", {"csrf": csrf(browser), "where": "everywhere"})
    assert not another.is_signed_in


def test_who_is_removed_or_made_less_is_so_at_once(
    browser: StaffBrowser, another: StaffBrowser, practice: Installation, tmp_path: Path
) -> None:
    browser.sign_in(tmp_path, EDITOR)
    another.sign_in(tmp_path, VIEWER)
    pull = {"csrf": csrf(browser)}
    invite(practice, EDITOR, Role.VIEWER)
    assert browser.post("/staff/pull", pull).status_code == 403
    with practice.database.write() as connection:
        accounts.remove(connection, VIEWER)
    assert not another.is_signed_in


def test_each_role_may_do_what_the_table_says(
    browser: StaffBrowser, practice: Installation, tmp_path: Path
) -> None:
    for email, role in ((VIEWER, Role.VIEWER), (EDITOR, Role.EDITOR), (ADMIN, Role.ADMIN)):
        browser.sign_in(tmp_path, email)
        assert browser.get("/staff/").status_code == 200
        page = browser.get("/staff/account").text
        answer = browser.post("/staff/pull", {"csrf": hidden(page, "csrf")})
        assert answer.status_code == (303 if roles.may(role, roles.Right.WRITE) else 403)


@pytest.mark.parametrize("path", ["/staff/pull", "/staff/decide", "/staff/account", "/staff/sign-out"])
def test_a_form_without_the_token_of_this_session_does_nothing(
    browser: StaffBrowser, another: StaffBrowser, practice: Installation, tmp_path: Path, path: str
) -> None:
    browser.sign_in(tmp_path, ADMIN)
    another.sign_in(tmp_path, EDITOR)
    before = everything(practice.database)
    for token in ("", "x", csrf(another), secret_values.form_token(""), "é\ud800"):
        data = {"csrf": token.encode("utf-8", "surrogatepass"), "do": "remove", "where": "everywhere"}
        assert browser.post(path, data).status_code == 403
    assert everything(practice.database) == before


@pytest.mark.parametrize("path", ["/staff/pull", "/staff/account", "/staff/sign-out", "/staff/sign-in"])
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://letter.example.org", ""])
def test_a_form_of_another_site_does_nothing_though_it_has_the_token(
    browser: StaffBrowser, practice: Installation, tmp_path: Path, path: str, origin: str
) -> None:
    browser.sign_in(tmp_path, ADMIN)
    data = {"csrf": csrf(browser), "where": "everywhere", "do": "remove"}
    before = everything(practice.database)
    assert browser.post(path, data, origin=origin).status_code == 403
    assert everything(practice.database) == before


@pytest.mark.parametrize(
    ("site", "status"),
    [("same-origin", 303), ("none", 303), ("same-site", 403), ("cross-site", 403), ("", 403)],
)
def test_a_form_that_the_browser_says_another_site_sent_does_nothing(
    browser: StaffBrowser, tmp_path: Path, site: str, status: int
) -> None:
    browser.sign_in(tmp_path, EDITOR)
    answer = browser.post("/staff/sign-out", {"csrf": csrf(browser)}, sec_fetch_site=site)
    assert answer.status_code == status
    assert browser.is_signed_in is (status == 403)


@pytest.mark.parametrize("host", ["evil.example", "letter.example.org.evil.example", "10.0.0.1", ""])
@pytest.mark.parametrize("path", ["/staff/sign-in", "/staff/account", "/staff/", f"/staff/link/{'A' * 43}"])
def test_by_a_name_that_is_not_ours_nothing_answers(
    browser: StaffBrowser, tmp_path: Path, path: str, host: str
) -> None:
    browser.sign_in(tmp_path, ADMIN)
    assert browser.get(path, host=host).status_code == 403


@pytest.mark.parametrize("path", ["/staff/sign-in", "/staff/account", "/staff/", f"/staff/link/{'A' * 43}"])
def test_no_page_can_be_framed_kept_or_told_to_others(
    browser: StaffBrowser, tmp_path: Path, path: str
) -> None:
    browser.sign_in(tmp_path, EDITOR)
    headers = browser.get(path).headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["strict-transport-security"]


@pytest.mark.parametrize("value", ["", "x", "A" * 43, "A" * 5000, "../..", "é" * 43])
def test_a_made_up_cookie_is_nobodys(browser: StaffBrowser, value: str) -> None:
    headers = {"cookie": f"{SESSION}={value}".encode()}
    assert browser.visitor.ask("GET", "/staff/account", headers=headers).status_code == 303


def test_every_right_has_a_least_role_and_a_higher_one_has_all_of_a_lower_one() -> None:
    assert roles.LEAST.keys() == set(roles.Right)
    held = [{right for right in roles.Right if roles.may(role, right)} for role in Role]
    assert held[0] < held[1] < held[2] == set(roles.Right)


def test_a_session_is_recent_for_ten_minutes(practice: Installation) -> None:
    with time_machine.travel(clock.now(), tick=False) as traveller:
        with practice.database.write() as connection:
            value = sessions.begin(connection, 1)
        for minutes, recent in ((9, True), (2, False)):
            traveller.shift(timedelta(minutes=minutes))
            with practice.database.read() as connection:
                found = sessions.find(connection, value)
            assert found is not None
            assert found.is_recent is recent


def test_what_asks_anew_leads_to_signing_in_once_more_and_back(
    practice: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def work(asked: Asked) -> Response:
        done.append(asked.actor.name)
        return Response("done")

    def pages(dashboard: Dashboard) -> list[Route]:
        return [
            get(dashboard, "/list", work, right=roles.Right.EXPORT),
            post(dashboard, "/erase", work, right=roles.Right.ERASE),
        ]

    monkeypatch.setattr(application, "PAGES", (Page("List", "/list", pages, roles.Right.EXPORT),))
    visitor = Visitor(practice)
    browser = StaffBrowser(visitor)
    with time_machine.travel(clock.now(), tick=False) as traveller:
        browser.sign_in(tmp_path, EDITOR)
        assert browser.get("/staff/list").status_code == 403
        browser.sign_in(tmp_path, ADMIN)
        form = {"csrf": csrf(browser)}
        assert browser.get("/staff/list").text == browser.post("/staff/erase", form).text == "done"
        traveller.shift(timedelta(minutes=11))
        assert browser.post("/staff/erase", form).headers["location"] == "/staff/sign-in"
        for site in (browser.site, "https://staff.example.org"):
            back = browser.post("/staff/erase", form, referer=f"{site}/staff/list?page=2")
            assert back.headers["location"] == "/staff/sign-in?onward=/staff/list%3Fpage%3D2"
        for referer in ("", "x", "http://[", "https://evil.example//staff//evil.example"):
            again = browser.post("/staff/erase", form, referer=referer)
            assert again.headers["location"] == "/staff/sign-in"
        assert browser.get("/staff/list").headers["location"] == "/staff/sign-in?onward=/staff/list"
        page = browser.get("/staff/sign-in?onward=/staff/list")
        assert "Somebody may have found this browser open." in page.text
        assert f'value="{ADMIN}"' in page.text
        assert browser.sign_in(tmp_path, ADMIN, "/staff/list").headers["location"] == "/staff/list"
        assert browser.get("/staff/list").text == "done"
    assert done == [ADMIN] * 3
    visitor.close()
