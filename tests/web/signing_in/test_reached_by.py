"""How the pages are reached decides on the cookies, and whether anybody can sign in at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.core.errors import ConfigError
from pipeline.mail.sign_in import invite
from subscribers.staff.roles import Role
from tests.installations import installation
from tests.web.public.visitor import Visitor, hidden
from tests.web.signing_in.browser import StaffBrowser, newest_link
from tests.web.signing_in.conftest import ADMIN, FEED, join

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.core.app import Installation
    from pipeline.core.database import Database


def reached_by(database: Database, folder: Path, address: str) -> Installation:
    newsletter = {"name": "Hafen", "from_email": "letter@example.org", "public_url": address}
    made = installation(database, folder, FEED, newsletter=newsletter)
    join(made, (ADMIN, Role.ADMIN))
    return made


@pytest.mark.parametrize("address", ["", "http://127.0.0.1:8000", "http://localhost:8000"])
def test_on_this_machine_alone_cookies_have_plain_names_and_do_without_https(
    sqlite_database: Database, tmp_path: Path, address: str
) -> None:
    visitor = Visitor(reached_by(sqlite_database, tmp_path, address))
    host = (address or "http://127.0.0.1:8000").removeprefix("http://")
    browser = StaffBrowser(visitor, site=f"http://{host}")
    browser.get("/staff/sign-in", host=host)
    assert list(browser.cookies) == ["rapport-browser"]
    assert "secure" not in browser.set[0].lower()
    assert "HttpOnly" in browser.set[0]
    form = {
        "email": ADMIN,
        "onward": "",
        "csrf": hidden(browser.get("/staff/sign-in", host=host).text, "csrf"),
    }
    browser.post("/staff/sign-in", form, host=host)
    visitor.app.state.door.wait()
    link = newest_link(tmp_path)
    form = {"csrf": hidden(browser.get(link, host=host).text, "csrf")}
    assert browser.post(link, form, host=host).status_code == 303
    assert browser.get("/staff/account", host=host).status_code == 200
    # By a name on a network the same cookie is nobody's: there it would go over the wire.
    assert browser.get("/staff/account", host="hafen.example").status_code == 403
    visitor.close()


def test_by_plain_http_over_a_network_nobody_signs_in_and_nobody_is_invited(
    sqlite_database: Database, tmp_path: Path
) -> None:
    practice = reached_by(sqlite_database, tmp_path, "http://letter.example.org")
    with pytest.raises(ConfigError, match="not https"):
        invite(practice, "new@example.org", Role.EDITOR)
    visitor = Visitor(practice)
    browser = StaffBrowser(visitor, site="http://letter.example.org")
    for path in ("/staff/sign-in", f"/staff/link/{'A' * 43}", f"/staff/invitation/{'A' * 43}"):
        for method in ("GET", "POST"):
            answer = browser.ask(method, path, {} if method == "POST" else None)
            assert answer.status_code == 403
            assert "Nobody can sign in here" in answer.text
    assert browser.cookies == {}
    assert browser.get("/staff/").status_code == 303
    visitor.close()


def test_under_a_path_of_the_public_address_all_links_stay_there(
    sqlite_database: Database, tmp_path: Path
) -> None:
    visitor = Visitor(reached_by(sqlite_database, tmp_path, "https://letter.example.org/news"))
    browser = StaffBrowser(visitor)
    for prefix in ("/news", ""):  # a proxy may take the path away, or leave it
        browser.cookies.clear()
        to = browser.get(f"{prefix}/staff/letter.html").headers["location"]
        assert to == "/news/staff/sign-in?onward=/news/staff/letter.html"
        page = browser.get(f"{prefix}/staff/sign-in?onward=/news/staff/letter.html")
        assert 'action="/news/staff/sign-in"' in page.text
        form = {"email": ADMIN, "csrf": hidden(page.text, "csrf"), "onward": hidden(page.text, "onward")}
        browser.post(f"{prefix}/staff/sign-in", form)
        visitor.app.state.door.wait()
        link = newest_link(tmp_path)
        signed = browser.press(prefix + link)
        assert signed.headers["location"] == "/news/staff/letter.html"
    visitor.close()


def test_a_port_that_browsers_leave_out_keeps_no_form_out(sqlite_database: Database, tmp_path: Path) -> None:
    practice = reached_by(sqlite_database, tmp_path, "https://letter.example.org:443")
    visitor = Visitor(practice)
    browser = StaffBrowser(visitor)
    assert browser.sign_in(tmp_path, ADMIN).status_code == 303
    assert browser.is_signed_in
    visitor.close()
