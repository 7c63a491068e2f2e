"""Signing in by a link that is mailed: once, for a while, in the browser that asked."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

from pipeline.mail.sign_in import invite
from subscribers import clock, staff_log
from subscribers.staff import sign_out
from subscribers.staff.roles import Role
from tests.web.public.visitor import everything, hidden
from tests.web.signing_in.browser import BROWSER, SESSION, links, mails, newest_link
from tests.web.signing_in.conftest import ADMIN, EDITOR, STRANGER, VIEWER

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.core.app import Installation
    from tests.web.signing_in.browser import StaffBrowser


def log_of(practice: Installation) -> list[tuple[str, str, str, str]]:
    with practice.database.read() as connection:
        return [(e.actor, e.action, e.about, e.detail) for e in staff_log.entries(connection)]


def test_a_link_signs_in_and_goes_on_to_the_page_that_was_wanted(
    browser: StaffBrowser, practice: Installation, tmp_path: Path
) -> None:
    wanted = browser.get("/staff/letter.html?edition=weekly-1").headers["location"]
    onward = wanted.partition("?onward=")[2]
    asked = browser.ask_for_link(EDITOR, onward)
    assert asked.status_code == 200
    assert "Open the link in this browser" in asked.text
    page = browser.get(newest_link(tmp_path))
    assert f"Sign in as {EDITOR}?" in page.text
    signed = browser.press(newest_link(tmp_path))
    assert (signed.status_code, signed.headers["location"]) == (303, "/staff/letter.html?edition=weekly-1")
    assert EDITOR in browser.get("/staff/account").text
    assert log_of(practice)[0] == (EDITOR, "sign-in", "", "by a link")


def test_the_cookie_is_for_this_host_alone_and_no_script_reads_it(
    browser: StaffBrowser, tmp_path: Path
) -> None:
    browser.get("/staff/sign-in")
    (first,) = browser.set
    assert first.startswith(f"{BROWSER}=")
    browser.sign_in(tmp_path, EDITOR)
    kept, forgotten = browser.set
    for one, name in ((first, BROWSER), (kept, SESSION)):
        assert one.startswith(f"{name}=")
        parts = {part.strip().lower() for part in one.split(";")[1:]}
        assert {"secure", "httponly", "path=/", "samesite=lax"} <= parts
        assert not any(part.startswith("domain") for part in parts)
    assert forgotten.startswith(f"{BROWSER}=")
    assert "Max-Age=0" in forgotten


def test_what_scans_mail_and_opens_links_changes_nothing(
    browser: StaffBrowser, another: StaffBrowser, practice: Installation, tmp_path: Path
) -> None:
    browser.ask_for_link(EDITOR)
    before = everything(practice.database)
    for one in (another, browser):
        for method in ("GET", "HEAD"):
            one.ask(method, newest_link(tmp_path))
    assert everything(practice.database) == before
    browser.press(newest_link(tmp_path))
    assert browser.is_signed_in


def test_a_link_works_once(browser: StaffBrowser, tmp_path: Path) -> None:
    browser.ask_for_link(EDITOR)
    page = browser.get(newest_link(tmp_path))
    form, cookies = {"csrf": hidden(page.text, "csrf")}, dict(browser.cookies)
    assert browser.post(newest_link(tmp_path), form).status_code == 303
    browser.cookies = cookies
    again = browser.post(newest_link(tmp_path), form)
    assert again.status_code == 410
    assert SESSION not in browser.cookies


def test_a_link_is_good_for_fifteen_minutes(browser: StaffBrowser, tmp_path: Path) -> None:
    for minutes, signed_in in ((14, True), (16, False)):
        browser.cookies.clear()
        with time_machine.travel(clock.now(), tick=False) as traveller:
            browser.ask_for_link(EDITOR)
            page = browser.get(newest_link(tmp_path))
            traveller.shift(timedelta(minutes=minutes))
            form = {"csrf": hidden(page.text, "csrf")}
            assert browser.post(newest_link(tmp_path), form).status_code == (303 if signed_in else 410)


def test_a_stolen_link_is_of_no_use_in_another_browser(
    browser: StaffBrowser, another: StaffBrowser, tmp_path: Path
) -> None:
    browser.ask_for_link(EDITOR)
    stolen = newest_link(tmp_path)
    page = another.get(stolen)
    assert page.status_code == 410
    assert EDITOR not in page.text
    another.get("/staff/sign-in")  # it has a cookie and a token of its own
    form = {"csrf": hidden(another.get("/staff/sign-in").text, "csrf")}
    assert another.post(stolen, form).status_code == 410
    assert SESSION not in another.cookies
    # And it is not used up by the attempt.
    browser.press(stolen)
    assert browser.is_signed_in


def test_every_link_that_is_not_good_has_the_same_answer(
    browser: StaffBrowser, another: StaffBrowser, tmp_path: Path
) -> None:
    browser.ask_for_link(EDITOR)
    made_up = "/staff/link/" + "A" * 43
    answers = [another.get(path) for path in (newest_link(tmp_path), made_up, "/staff/link/x")]
    assert {answer.status_code for answer in answers} == {410}
    assert len({answer.content for answer in answers}) == 1


@pytest.mark.parametrize(
    "onward",
    [
        "https://evil.example/", "//evil.example", "/staff//evil.example", "/\\evil.example", "/archive",
        "/staff/../..//evil", "javascript:alert(1)", "/staff/\r\nSet-Cookie: a=b", "", "/staff/" + "a" * 2000,
    ],
)  # fmt: skip
def test_it_goes_on_to_pages_of_staff_only(browser: StaffBrowser, tmp_path: Path, onward: str) -> None:
    page = browser.get("/staff/sign-in")
    form = {"csrf": hidden(page.text, "csrf"), "email": EDITOR, "password": "", "onward": onward}
    browser.post("/staff/sign-in", form)
    browser.visitor.app.state.door.wait()
    signed = browser.press(newest_link(tmp_path))
    assert signed.headers["location"] == "/staff/"


def test_the_answer_does_not_tell_who_is_staff(
    browser: StaffBrowser, another: StaffBrowser, practice: Installation, tmp_path: Path
) -> None:
    invite(practice, "invited@example.org", Role.ADMIN)
    before = len(mails(tmp_path))
    pages = [one.ask_for_link(email).content for one, email in (
        (browser, EDITOR), (another, STRANGER), (another, "invited@example.org"), (another, "no address"),
        (another, "<script>alert(1)</script>@example.org"), (another, ""),
    )]  # fmt: skip
    assert len(set(pages)) == 1
    assert len(mails(tmp_path)) == before + 1
    assert f"To: {EDITOR}\n" in mails(tmp_path)[-1]


def test_an_invitation_is_accepted_once_and_signs_in(
    browser: StaffBrowser, another: StaffBrowser, practice: Installation, tmp_path: Path
) -> None:
    invited = invite(practice, "New@Example.org", Role.VIEWER, actor=ADMIN)
    assert (invited.account.email, invited.mailed) == ("new@example.org", True)
    path = newest_link(tmp_path)
    page = browser.get(path)
    assert "You see the letters and what became of them." in page.text
    form, cookies = {"csrf": hidden(page.text, "csrf")}, dict(browser.cookies)
    assert browser.post(path, form).headers["location"] == "/staff/"
    assert browser.is_signed_in
    assert log_of(practice)[:2] == [
        ("new@example.org", "join", "new@example.org", "as viewer"),
        (ADMIN, "invite", "new@example.org", "as viewer"),
    ]
    browser.cookies = cookies
    assert browser.post(path, form).status_code == 410
    assert another.get(path).status_code == 410


def test_a_new_invitation_ends_the_one_before_and_each_is_good_for_a_week(
    browser: StaffBrowser, practice: Installation, tmp_path: Path
) -> None:
    with time_machine.travel(clock.now(), tick=False) as traveller:
        for _ in range(2):
            invite(practice, "new@example.org", Role.EDITOR)
        first, second = links(tmp_path)
        assert (browser.get(first).status_code, browser.get(second).status_code) == (410, 200)
        traveller.shift(timedelta(days=6, hours=23))
        assert browser.get(second).status_code == 200
        traveller.shift(timedelta(hours=2))
        assert browser.get(second).status_code == 410


def test_who_is_signed_out_everywhere_cannot_come_back_by_an_older_link(
    browser: StaffBrowser, practice: Installation, tmp_path: Path
) -> None:
    browser.ask_for_link(VIEWER)
    with practice.database.write() as connection:
        sign_out.of_address(connection, VIEWER)
    assert browser.get(newest_link(tmp_path)).status_code == 410
