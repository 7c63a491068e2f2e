"""Passkeys: a key of one site and account, a challenge of one browser, used once."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from pipeline.mail.sign_in import invite
from subscribers import clock
from subscribers.staff import accounts, attempts
from subscribers.staff.attempts import MOST, Kind
from subscribers.staff.roles import Role
from tests.web.public.visitor import everything, hidden
from tests.web.signing_in.browser import SESSION, StaffBrowser, mails, newest_link, signed_in
from tests.web.signing_in.conftest import ADMIN, EDITOR
from tests.web.signing_in.device import Device, text

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.core.app import Installation
    from tests.web.public.visitor import Visitor


def csrf(browser: StaffBrowser, path: str) -> dict[str, str]:
    return {"csrf": hidden(browser.get(path).text, "csrf")}


def options(browser: StaffBrowser, path: str = "/staff/sign-in") -> dict[str, Any]:
    where = "/staff/passkey/options" if path == "/staff/sign-in" else "/staff/account/passkey/options"
    answer = browser.post(where, csrf(browser, path))
    assert answer.status_code == 200
    return dict(answer.json())


def add(browser: StaffBrowser, device: Device) -> bool:
    made = device.adds(options(browser, "/staff/account"))
    form = csrf(browser, "/staff/account") | {"credential": made}
    return browser.post("/staff/account/passkey", form).headers["location"] == "/staff/account"


def sign_in(browser: StaffBrowser, credential: str) -> bool:
    answer = browser.post("/staff/passkey", csrf(browser, "/staff/sign-in") | {"credential": credential})
    signed_in = SESSION in browser.cookies
    assert answer.headers["location"] == ("/staff/" if signed_in else "/staff/sign-in?failed=passkey")
    return signed_in


@pytest.fixture
def device(visitor: Visitor, tmp_path: Path) -> Device:
    """The editor's."""
    made, browser = Device(), StaffBrowser(visitor)
    browser.sign_in(tmp_path, EDITOR)
    assert add(browser, made)
    return made


def test_a_passkey_signs_its_account_in(device: Device, browser: StaffBrowser) -> None:
    assert sign_in(browser, device.signs(options(browser)))
    assert EDITOR in browser.get("/staff/account").text


def test_what_it_signed_works_once(device: Device, browser: StaffBrowser) -> None:
    signed = device.signs(options(browser))
    kept = dict(browser.cookies)
    assert sign_in(browser, signed)
    browser.cookies = kept
    assert not sign_in(browser, signed)


def test_what_was_signed_for_another_browser_is_of_no_use(
    device: Device, browser: StaffBrowser, another: StaffBrowser
) -> None:
    asked = options(another)  # such as a page of a thief would pass on
    assert not sign_in(browser, device.signs(asked))
    assert sign_in(another, device.signs(asked))


def test_a_challenge_is_good_for_five_minutes(device: Device, browser: StaffBrowser) -> None:
    for minutes, good in ((4, True), (6, False)):
        browser.cookies.clear()
        with time_machine.travel(clock.now(), tick=False) as traveller:
            signed = device.signs(options(browser))
            traveller.shift(timedelta(minutes=minutes))
            assert sign_in(browser, signed) is good


@pytest.mark.parametrize(
    "wrong",
    [{"origin": "https://evil.example"}, {"origin": "http://letter.example.org"}, {"party": "evil.example"},
     {"verified": False}],
    ids=["another site", "no https", "another name", "nobody was verified"],
)  # fmt: skip
def test_what_was_signed_elsewhere_or_by_nobody_in_particular_is_refused(
    device: Device, browser: StaffBrowser, tmp_path: Path, wrong: dict[str, Any]
) -> None:
    for name, value in wrong.items():
        setattr(device, name, value)
    assert not sign_in(browser, device.signs(options(browser)))
    browser.sign_in(tmp_path, ADMIN)
    assert not add(browser, Device(**wrong))


def test_a_copied_device_is_noticed_by_its_counter(device: Device, browser: StaffBrowser) -> None:
    assert sign_in(browser, device.signs(options(browser)))
    device.count = 0
    browser.cookies.clear()
    assert not sign_in(browser, device.signs(options(browser)))


def test_a_key_that_is_not_known_or_signs_for_another_is_nobodys(
    device: Device, browser: StaffBrowser
) -> None:
    stranger = Device()
    assert not sign_in(browser, stranger.signs(options(browser)))
    stranger.id = device.id
    assert not sign_in(browser, stranger.signs(options(browser)))


@pytest.mark.parametrize(
    "credential",
    ["", "x", "[" * 20_000, "null", "[]", '{"response": 1}', '{"response": {"clientDataJSON": 1}}',
     json.dumps({"response": {"clientDataJSON": text(b"\xff")}}),
     json.dumps({"response": {"clientDataJSON": text(b"[" * 40_000)}}),
     json.dumps({"response": {"clientDataJSON": text(b'{"challenge": 1}')}})],
)  # fmt: skip
def test_bytes_that_are_no_answer_are_refused(
    device: Device, browser: StaffBrowser, practice: Installation, credential: str
) -> None:
    before = everything(practice.database)
    assert not sign_in(browser, credential)
    assert everything(practice.database) == before


def test_a_broken_answer_to_a_good_challenge_is_refused(device: Device, browser: StaffBrowser) -> None:
    for name, value in (("signature", "AA"), ("authenticatorData", ""), ("authenticatorData", "A" * 5000)):
        answer = json.loads(device.signs(options(browser)))
        answer["response"][name] = value
        assert not sign_in(browser, json.dumps(answer))
    answer = json.loads(device.signs(options(browser)))
    assert not sign_in(browser, json.dumps(answer | {"id": [answer["id"]]}))


def test_only_who_signed_in_lately_adds_or_removes_one_and_only_their_own(
    device: Device, browser: StaffBrowser, practice: Installation, tmp_path: Path
) -> None:
    with time_machine.travel(clock.now(), tick=False) as traveller:
        browser.sign_in(tmp_path, ADMIN)
        form = csrf(browser, "/staff/account") | {"remove": device.id}
        assert browser.post("/staff/account/passkey", form).headers["location"].endswith("?failed=passkey")
        traveller.shift(timedelta(minutes=11))
        for path in ("/staff/account/passkey", "/staff/account/passkey/options"):
            assert browser.post(path, form).status_code == 403
        browser.cookies.clear()
        for path in ("/staff/account/passkey", "/staff/account/passkey/options"):
            assert browser.post(path, form).status_code == 403
    assert len(everything(practice.database)["staff_passkeys"]) == 1


def test_a_key_that_is_removed_signs_its_owner_out_of_every_other_browser(
    device: Device, visitor: Visitor, browser: StaffBrowser, another: StaffBrowser, tmp_path: Path
) -> None:
    lost, third = signed_in(visitor, EDITOR), StaffBrowser(visitor)
    assert sign_in(another, device.signs(options(another)))
    third.ask_for_link(EDITOR)
    former = newest_link(tmp_path)
    browser.sign_in(tmp_path, EDITOR)
    form = csrf(browser, "/staff/account") | {"remove": device.id}
    gone = browser.post("/staff/account/passkey", form).headers["location"]
    assert "The passkey is removed. Other browsers are signed out." in browser.get(gone).text
    assert [one.is_signed_in for one in (browser, another, lost)] == [True, False, False]
    assert third.get(former).status_code == 410
    another.cookies.clear()
    assert not sign_in(another, device.signs(options(another)))


def test_who_used_up_an_accounts_tries_stops_neither_its_passkey_nor_an_invitation(
    device: Device, browser: StaffBrowser, another: StaffBrowser, practice: Installation, tmp_path: Path
) -> None:
    with practice.database.write() as connection:
        for kind in (Kind.LINK, Kind.PASSWORD):
            for number in range(MOST[kind].account):
                attempts.count(connection, kind, EDITOR, f"203.0.{number}.1")
    before = mails(tmp_path)
    another.ask_for_link(EDITOR)
    assert mails(tmp_path) == before
    assert sign_in(browser, device.signs(options(browser)))
    with practice.database.write() as connection:
        accounts.remove(connection, EDITOR)
    invite(practice, EDITOR, Role.EDITOR)
    another.press(newest_link(tmp_path))
    assert another.is_signed_in
    assert add(another, Device())


def test_a_key_is_of_one_account(device: Device, browser: StaffBrowser, tmp_path: Path) -> None:
    browser.sign_in(tmp_path, ADMIN)
    assert not add(browser, device)


def test_who_is_removed_signs_in_by_none(
    device: Device, browser: StaffBrowser, practice: Installation
) -> None:
    with practice.database.write() as connection:
        accounts.remove(connection, EDITOR)
    assert not sign_in(browser, device.signs(options(browser)))


def test_one_network_asks_so_often(visitor: Visitor, another: StaffBrowser) -> None:
    browser = StaffBrowser(visitor)
    form = csrf(browser, "/staff/sign-in")
    answers = [
        browser.post("/staff/passkey/options", form).status_code
        for _ in range(MOST[Kind.PASSKEY].network + 1)
    ]
    assert (set(answers[:-1]), answers[-1]) == ({200}, 429)
    assert options(another)
