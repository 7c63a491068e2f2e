"""A browser of one of staff, without a screen: it keeps cookies as browsers do, and sends what they send."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any

from subscribers.staff import sessions
from subscribers.staff.accounts import by_address
from tests.web.public.visitor import SITE, Visitor, hidden

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

SESSION, BROWSER = "__Host-rapport-staff", "__Host-rapport-browser"


class StaffBrowser:
    """``visitor`` carries the requests, of which each bears this browser's cookies."""

    def __init__(self, visitor: Visitor, address: str = "198.51.100.7", site: str = SITE) -> None:
        self.visitor, self.address, self.site = visitor, address, site
        self.cookies: dict[str, str] = {}
        self.set: list[str] = []
        """What the last answer set, as it was written."""

    def ask(
        self, method: str, path: str, data: dict[str, Any] | None = None, **headers: str
    ) -> httpx.Response:
        sent = {"cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if method == "POST":
            sent["origin"] = self.site
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.visitor.ask(method, path, address=self.address, data=data, headers=sent)
        self.set = answer.headers.get_list("set-cookie")
        for one in self.set:
            name, _, rest = one.partition("=")
            value = rest.partition(";")[0].strip('"')
            if "Max-Age=0" in one:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return answer

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.ask("GET", path, **headers)

    def post(self, path: str, data: dict[str, Any] | None = None, **headers: str) -> httpx.Response:
        return self.ask("POST", path, data or {}, **headers)

    def press(self, path: str, **data: str) -> httpx.Response:
        """Open a page and send its form."""
        page = self.get(path)
        return self.post(path.partition("?")[0], {"csrf": hidden(page.text, "csrf"), **data})

    def ask_for_link(self, email: str, onward: str = "") -> httpx.Response:
        page = self.get(f"/staff/sign-in{f'?onward={onward}' if onward else ''}")
        given = {name: unescape(hidden(page.text, name)) for name in ("csrf", "onward")}
        answer = self.post("/staff/sign-in", {"email": email, "password": "", **given})
        self.visitor.app.state.door.wait()
        return answer

    def sign_in(self, folder: Path, email: str, onward: str = "") -> httpx.Response:
        """By a link, with which this browser ends up at the page it wanted."""
        self.ask_for_link(email, onward)
        return self.press(newest_link(folder))

    @property
    def is_signed_in(self) -> bool:
        return self.get("/staff/account").status_code == 200


def signed_in(visitor: Visitor, address: str) -> StaffBrowser:
    """A browser in which one of staff has just signed in."""
    browser = StaffBrowser(visitor)
    with visitor.installation.database.write() as connection:
        account = by_address(connection, address)
        assert account
        browser.cookies[SESSION] = sessions.begin(connection, account.id)
    return browser


def mails(folder: Path) -> list[str]:
    """The texts of the mails to staff, the oldest first."""
    files = (folder / "outbox").glob("staff-notice-*.eml")
    # The system's clock for files stands still for some milliseconds; the names hold a finer one.
    files = sorted(files, key=lambda file: (file.stat().st_mtime_ns, file.name))
    return [file.read_text().replace("=\n", "") for file in files]


def links(folder: Path) -> list[str]:
    """The paths of the links in those mails, the oldest first."""
    found = (re.search(r"/staff/(?:link|invitation)/[\w-]{43}", text) for text in mails(folder))
    return [match[0] for match in found if match]


def newest_link(folder: Path) -> str:
    return links(folder)[-1]
