"""Where staff sign in, and their mails, in marked words: whatever they say is a phrase."""

from __future__ import annotations

import email
import email.policy
from typing import TYPE_CHECKING

from pipeline.mail.sign_in import invite
from subscribers.staff.roles import Role
from tests.installations import installation
from tests.languages import MARKED, marked, shown, unmarked
from tests.web.public.visitor import SITE, Visitor
from tests.web.signing_in.browser import StaffBrowser, newest_link
from tests.web.signing_in.conftest import FEED, STRANGER

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from pipeline.core.database import Database

PRACTICE = {"name": "海港", "from_email": "letter@example.org", "language": MARKED, "public_url": SITE}
PASSWORD = "four words of no kin"


def test_whatever_staff_read_where_they_sign_in_is_a_phrase(
    sqlite_database: Database, tmp_path: Path
) -> None:
    theme = {"templates": str(marked(tmp_path / "own"))}
    practice = installation(sqlite_database, tmp_path, FEED, newsletter=PRACTICE, theme=theme)
    visitor = Visitor(practice)
    browser, another = StaffBrowser(visitor), StaffBrowser(visitor, "203.0.113.99")
    pages: dict[str, httpx.Response] = {}
    for role in Role:
        invite(practice, f"{role}@example.org", role)
        pages[f"invitation {role}"] = browser.get(newest_link(tmp_path))
        browser.press(newest_link(tmp_path))
        pages[f"account {role}"] = browser.get("/staff/account")
    pages["password, weak"] = browser.press("/staff/account", do="set", password="short")
    pages["password"] = browser.press("/staff/account", do="set", password=PASSWORD)
    pages["no password"] = browser.press("/staff/account", do="remove")
    pages["invitation, used"] = another.get(newest_link(tmp_path))
    pages["sign in"] = another.get("/staff/sign-in")
    pages["wrong"] = another.press("/staff/sign-in", email=STRANGER, password=PASSWORD)
    pages["asked"] = another.ask_for_link("viewer@example.org")
    pages["link"] = another.get(newest_link(tmp_path))
    pages["link, elsewhere"] = StaffBrowser(visitor, "192.0.2.7").get(newest_link(tmp_path))
    pages["forbidden"] = browser.post("/staff/sign-out", {"csrf": "made up"})
    visitor.app.state.door.wait()
    visitor.close()
    for name, page in pages.items():
        assert page.text.startswith("<!doctype html>"), name
        assert unmarked(shown(page.text)) == [], name
    for file in (tmp_path / "outbox").glob("staff-notice-*.eml"):
        mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        assert unmarked(str(mail["subject"])) == []
        for kind in ("plain", "html"):
            part = mail.get_body((kind,))
            assert part is not None
            assert unmarked(shown(part.get_content()) if kind == "html" else part.get_content()) == []
