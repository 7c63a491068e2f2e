"""A password: set by who signed in lately; compared as slowly for everybody; tried few times."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

from subscribers import clock
from subscribers.errors import SubscriberError
from subscribers.staff import accounts, attempts, passwords
from subscribers.staff.attempts import MOST, Kind
from tests.web.public.visitor import everything, hidden
from tests.web.signing_in.browser import SESSION, StaffBrowser, mails
from tests.web.signing_in.conftest import ADMIN, EDITOR, STRANGER, VIEWER

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.core.app import Installation
    from tests.web.public.visitor import Visitor

GOOD, OTHER = "four calm words here", "another set of words"


@pytest.fixture
def practice(practice: Installation) -> Installation:
    """The admin has a password."""
    with practice.database.write() as connection:
        account = accounts.named(connection, ADMIN)
        accounts.set_password(connection, account.id, passwords.hashed(GOOD))
    return practice


def sign_in(browser: StaffBrowser, email: str, password: str) -> int:
    page = browser.get("/staff/sign-in")
    form = {"csrf": hidden(page.text, "csrf"), "email": email, "password": password, "onward": ""}
    return browser.post("/staff/sign-in", form).status_code


def test_a_password_signs_in(browser: StaffBrowser, tmp_path: Path) -> None:
    assert sign_in(browser, "Admin@Example.org ", GOOD) == 303
    assert browser.is_signed_in
    assert mails(tmp_path) == []


@pytest.mark.parametrize(
    ("email", "password"),
    [(ADMIN, OTHER), (ADMIN, f"{GOOD} "), (ADMIN, GOOD.upper()), (EDITOR, GOOD), (STRANGER, GOOD),
     ("no address", "xyz"), (ADMIN, "y" * 60_000)],
)  # fmt: skip
def test_any_other_does_not_and_all_that_fail_look_alike(
    browser: StaffBrowser, email: str, password: str
) -> None:
    page = browser.get("/staff/sign-in")
    form = {"csrf": hidden(page.text, "csrf"), "email": email, "password": password, "onward": ""}
    answer = browser.post("/staff/sign-in", form)
    assert (answer.status_code, SESSION in browser.cookies) == (422, False)
    again = browser.post("/staff/sign-in", form | {"email": STRANGER, "password": "xyz"})
    assert answer.text.replace(email, STRANGER) == again.text
    assert password not in answer.text


def test_who_has_none_is_compared_with_nobodys(
    browser: StaffBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[str] = []
    hasher = passwords._hasher()
    monkeypatch.setattr(
        passwords, "_hasher", lambda: type("Counting", (), {
            "hash": staticmethod(hasher.hash),
            "verify": staticmethod(lambda kept, given: compared.append(kept) or hasher.verify(kept, given)),
        })
    )  # fmt: skip
    for email in (ADMIN, EDITOR, STRANGER):
        sign_in(browser, email, OTHER)
    assert len(compared) == 3
    assert all(kept.startswith("$argon2id$") for kept in compared)
    assert len(set(compared)) == 2


def test_one_account_is_tried_ten_times_an_hour_whoever_tries(
    visitor: Visitor, browser: StaffBrowser, practice: Installation, tmp_path: Path
) -> None:
    with time_machine.travel(clock.now(), tick=False) as traveller:
        for number in range(MOST[Kind.PASSWORD].account):
            assert sign_in(StaffBrowser(visitor, f"203.0.{number}.1"), ADMIN, OTHER) == 422
        assert sign_in(browser, ADMIN, GOOD) == 422
        # Somebody else can, and they themselves by a link.
        browser.sign_in(tmp_path, ADMIN)
        assert browser.is_signed_in
        traveller.shift(timedelta(minutes=61))
        assert sign_in(StaffBrowser(visitor), ADMIN, GOOD) == 303


def test_who_has_signed_in_has_all_tries_again(visitor: Visitor, browser: StaffBrowser) -> None:
    for _ in range(2):
        for _ in range(MOST[Kind.PASSWORD].account - 1):
            assert sign_in(browser, ADMIN, OTHER) == 422
        assert sign_in(browser, ADMIN, GOOD) == 303


@pytest.mark.parametrize("kind", [Kind.PASSWORD, Kind.LINK])
def test_one_network_may_try_so_often_and_is_then_told(
    visitor: Visitor, browser: StaffBrowser, another: StaffBrowser, kind: Kind
) -> None:
    password = OTHER if kind is Kind.PASSWORD else ""
    for number in range(MOST[kind].network):
        assert sign_in(browser, f"nobody{number}@example.org", password) != 429
    assert sign_in(browser, VIEWER, password) == 429
    assert sign_in(another, VIEWER, password) != 429


@pytest.mark.parametrize("kind", [Kind.PASSWORD, Kind.LINK])
def test_when_all_try_too_often_nothing_is_done_and_nobody_is_told(
    browser: StaffBrowser, practice: Installation, tmp_path: Path, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(attempts.MOST, kind, attempts.Most(10, 40, 3))
    with practice.database.write() as connection:
        for number in range(3):
            attempts.count(connection, kind, f"nobody{number}@example.org", f"203.0.{number}.1")
    if kind is Kind.LINK:
        browser.ask_for_link(EDITOR)
        assert mails(tmp_path) == []
    else:
        assert sign_in(browser, ADMIN, GOOD) == 422


def test_one_mailbox_gets_few_links_an_hour(browser: StaffBrowser, tmp_path: Path) -> None:
    pages = {browser.ask_for_link(EDITOR).content for _ in range(MOST[Kind.LINK].account + 3)}
    assert len(pages) == 1
    assert len(mails(tmp_path)) == MOST[Kind.LINK].account


def test_what_was_tried_is_forgotten_after_an_hour_and_held_no_address(
    browser: StaffBrowser, practice: Installation
) -> None:
    with time_machine.travel(clock.now(), tick=False) as traveller:
        sign_in(browser, STRANGER, OTHER)
        assert STRANGER not in repr(everything(practice.database))
        traveller.shift(timedelta(hours=1))
        with practice.database.write() as connection:
            attempts.clear_away(connection)
        assert everything(practice.database)["staff_attempts"] == []


def test_a_password_is_set_by_who_signed_in_lately_and_ends_other_sessions(
    browser: StaffBrowser, another: StaffBrowser, practice: Installation, tmp_path: Path
) -> None:
    with time_machine.travel(clock.now(), tick=False) as traveller:
        another.sign_in(tmp_path, EDITOR)
        browser.sign_in(tmp_path, EDITOR)
        form = {"csrf": hidden(browser.get("/staff/account").text, "csrf"), "password": OTHER}
        traveller.shift(timedelta(minutes=11))
        late = browser.post("/staff/account", form)
        assert (late.status_code, late.headers["location"]) == (303, "/staff/sign-in")
        assert 'name="password"' not in browser.get("/staff/account").text
        browser.sign_in(tmp_path, EDITOR)
        form["csrf"] = hidden(browser.get("/staff/account").text, "csrf")
        assert "Your password is saved." in browser.post("/staff/account", form).text
        assert (browser.is_signed_in, another.is_signed_in) == (True, False)
        assert sign_in(another, EDITOR, OTHER) == 303
        gone = browser.post("/staff/account", form | {"do": "remove"})
        assert "You have no password any more." in gone.text
        assert sign_in(another, EDITOR, OTHER) == 422


@pytest.mark.parametrize(
    "password", ["short", "", "aaaaaaaaaaaaaaaa", "my editor's word", EDITOR, "a1b2" * 60]
)
def test_a_weak_one_is_refused_with_what_would_do(
    browser: StaffBrowser, practice: Installation, tmp_path: Path, password: str
) -> None:
    browser.sign_in(tmp_path, EDITOR)
    form = {"csrf": hidden(browser.get("/staff/account").text, "csrf"), "password": password}
    answer = browser.post("/staff/account", form)
    assert answer.status_code == 422
    assert "Take at least 12 characters" in answer.text
    with pytest.raises(SubscriberError):
        passwords.must_be_good(password, EDITOR)


def test_a_password_is_the_same_however_a_keyboard_composes_it() -> None:
    assert passwords.is_right(passwords.hashed("caf\u00e9 by the sea"), "cafe\u0301 by the sea")


def test_few_hashes_are_made_at_once_and_who_waits_too_long_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(passwords, "PATIENCE", 0.01)
    monkeypatch.setattr(passwords, "_turns", threading.BoundedSemaphore(passwords.AT_ONCE))
    for _ in range(passwords.AT_ONCE):
        passwords._turns.acquire()
    with pytest.raises(passwords.BusyError):
        passwords.is_right(None, OTHER)


def test_the_real_cost_is_what_rfc_9106_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    kept = passwords.hashed(GOOD)
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert passwords.is_right(kept, GOOD)
