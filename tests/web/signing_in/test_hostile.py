"""What a stranger may write into, or have around, the pages of signing in."""

from __future__ import annotations

import base64
import json
import threading
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from pipeline.mail import sign_in
from subscribers.errors import SubscriberError
from subscribers.staff import accounts
from subscribers.staff.roles import Role
from subscribers.staff.tables import challenges
from tests.installations import installation
from tests.web.public.visitor import Shape, Visitor, everything, hidden
from tests.web.signing_in.browser import StaffBrowser, mails
from tests.web.signing_in.conftest import EDITOR, FEED, STRANGER, join

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.core.app import Installation
    from pipeline.core.database import Database

HOSTILE = (
    "<script>alert(1)</script>@example.org",
    '"><img src=x onerror=alert(1)>@example.org',
    "a\r\nBcc: victim@example.org@example.org",
    "{{ 7 * 7 }}@example.org",
    "'; DROP TABLE staff_accounts; --@example.org",
    "edi\u202etor@example.org",
    "a\x00b@example.org",
    "x" * 5000 + "@example.org",
)


@pytest.mark.parametrize("email", HOSTILE, ids=range(len(HOSTILE)))
def test_an_address_that_is_typed_stays_an_address(browser: StaffBrowser, tmp_path: Path, email: str) -> None:
    def shown(typed: str) -> Shape:
        page = browser.get("/staff/sign-in")
        form = {"csrf": hidden(page.text, "csrf"), "email": typed, "password": "something wrong"}
        return Shape(browser.post("/staff/sign-in", form).text)

    def without_values(shape: Shape) -> list[tuple[str, list[str]]]:
        return [(tag, [name for name, _ in attributes]) for tag, attributes in shape.tags]

    assert without_values(shown(email)) == without_values(shown(STRANGER))
    browser.ask_for_link(email)
    assert mails(tmp_path) == []


@pytest.mark.parametrize("email", HOSTILE, ids=range(len(HOSTILE)))
def test_nobody_is_invited_by_it(practice: Installation, email: str) -> None:
    before = everything(practice.database)
    with pytest.raises(SubscriberError), practice.database.write() as connection:
        accounts.invite(connection, email, Role.ADMIN)
    assert everything(practice.database) == before


def test_an_address_with_every_sign_that_one_may_have_and_a_newsletter_with_such_a_name(
    sqlite_database: Database, tmp_path: Path
) -> None:
    odd = "o'hara+{x}&y=%1|`$*!#?^_~/@example.org"
    newsletter = {
        "name": "<b>{{ 7*7 }} & Söhne</b>",
        "from_email": "letter@example.org",
        "from_name": '"><script>alert(1)</script>',
        "public_url": "https://letter.example.org",
    }
    practice = installation(sqlite_database, tmp_path, FEED, newsletter=newsletter)
    join(practice, (odd, Role.ADMIN))
    visitor = Visitor(practice)
    browser = StaffBrowser(visitor)
    browser.sign_in(tmp_path, odd)
    for path in ("/staff/account", "/staff/sign-in", "/staff/"):
        page = browser.get(path)
        assert page.status_code == 200
        scripts = [dict(attributes) for tag, attributes in Shape(page.text).tags if tag == "script"]
        assert all(str(one["src"]).startswith("/staff/static/") for one in scripts)
        assert "<script>alert" not in page.text
        assert not [one for one in ("<b>{{", "<b>49") if one in page.text]
    assert "o&#39;hara+{x}&amp;y" in browser.get("/staff/account").text
    (mail,) = mails(tmp_path)
    html = mail.partition("text/html")[2]
    assert "<script" not in html
    assert not [one for one in ("<b>{{", "<b>49") if one in html]
    visitor.close()


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{}"),
        ("text/plain", b"csrf=x"),
        ("multipart/form-data; boundary=x", b"--x\r\n"),
        ("application/x-www-form-urlencoded", b"a=" + b"x" * 70_000),
        ("application/x-www-form-urlencoded", b"&" * 5000),
        ("application/x-www-form-urlencoded", b"csrf=%ff%00&email=%ed%a0%80"),
    ],
)
def test_a_body_that_is_no_form_of_ours_is_refused(
    browser: StaffBrowser, practice: Installation, kind: str, body: bytes
) -> None:
    browser.get("/staff/sign-in")
    before = everything(practice.database)
    for path in (
        "/staff/sign-in",
        "/staff/link/x",
        "/staff/passkey",
        "/staff/passkey/options",
        "/staff/sign-out",
    ):
        cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        headers = {"origin": browser.site, "content-type": kind, "cookie": cookies}
        answer = browser.visitor.ask("POST", path, content=body, headers=headers)
        assert answer.status_code in (400, 403, 413), path
    assert everything(practice.database) == before


def test_while_a_link_is_mailed_as_much_is_done_as_for_who_gets_none(
    browser: StaffBrowser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    original = sign_in._message
    monkeypatch.setattr(
        sign_in, "_message", lambda *given: made.append(threading.current_thread().name) or original(*given)
    )
    for email in (EDITOR, STRANGER):
        browser.ask_for_link(email)
    assert made == ["sign-in", "sign-in"]
    assert len(mails(tmp_path)) == 1


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_no_other_method_does_anything(browser: StaffBrowser, practice: Installation, method: str) -> None:
    before = everything(practice.database)
    for path in ("/staff/sign-in", "/staff/account", "/staff/sign-out", "/staff/passkey"):
        assert browser.ask(method, path, origin=browser.site).status_code == 405
    assert browser.get("/staff/sign-out").status_code == 405
    assert everything(practice.database) == before


@pytest.mark.parametrize("name", ["\ud800", "\x00", "x" * 20_000, ["x"], {"x": 1}, None, 1e400], ids=range(7))
def test_a_key_of_any_name_is_no_key(browser: StaffBrowser, practice: Installation, name: object) -> None:
    token = {"csrf": hidden(browser.get("/staff/sign-in").text, "csrf")}
    options = json.loads(browser.post("/staff/passkey/options", token).text)
    client = json.dumps({"type": "webauthn.get", "challenge": options["challenge"], "origin": browser.site})
    response = {"clientDataJSON": base64.urlsafe_b64encode(client.encode()).decode().rstrip("=")}
    credential = json.dumps({"id": name, "rawId": name, "response": response})
    answer = browser.post("/staff/passkey", {"credential": credential, **token})
    assert answer.headers["location"] == "/staff/sign-in?failed=passkey"
    # Its challenge is used up.
    with practice.database.read() as connection:
        assert connection.execute(select(challenges)).first() is None
