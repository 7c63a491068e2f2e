"""A practice's folder with the dashboard of it open on loopback."""

from __future__ import annotations

import asyncio
import re
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import TYPE_CHECKING, Any

import httpx
from selectolax.lexbor import LexborHTMLParser

from pipeline.editions import find, store
from pipeline.web.dashboard.application import on_loopback
from pipeline.web.dashboard.preview import PreviewSession

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from httpx import Response
    from starlette.types import ASGIApp

    from pipeline.editions.edition import Edition
    from tests.doubles.blog import Blog

CONFIG = """
[newsletter]
name = "The Weekly Letter"
from_email = "letter@example.org"
from_name = "Willow Practice"
postal_address = "1 Willow Street, Springfield"
public_url = "https://letter.example.org"

[theme]
templates = "own"

[[feeds]]
url = "{feed}"

[[digests]]
name = "weekly"

[match]
url = "https://example.org/get-matched"
heading = "Looking for a therapist?"
"""


class Browser:
    """A client of the dashboard in this process, over no connection: the kernel is asked for nobody's owner,
    which costs more than most pages, unless ``client`` names a port. One event loop serves all it asks."""

    def __init__(self, app: ASGIApp, client: tuple[str, int] | None = None) -> None:
        self.app = app
        self._runner = asyncio.Runner()
        transport = httpx.ASGITransport(app, client=client)  # type: ignore[arg-type]  # as of a Unix socket
        self._client = httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1:8001", follow_redirects=True
        )

    def get(self, path: str, **more: Any) -> Response:
        return self._runner.run(self._client.get(path, **more))

    def post(self, path: str, **more: Any) -> Response:
        return self._runner.run(self._client.post(path, **more))

    def close(self) -> None:
        self._runner.run(self._client.aclose())
        self._runner.close()


@dataclass
class Office:
    """A practice's folder with the preview of it open."""

    folder: Path
    blog: Blog
    session: PreviewSession
    browser: Browser

    def page(self, query: str = "") -> str:
        answer: Response = self.browser.get(f"/{query}")
        assert answer.status_code == 200
        return answer.text

    def post(self, path: str, **fields: str) -> Response:
        """As a form of the page sends it."""
        token = re.search(r'name="csrf" value="([^"]+)"', self.page())
        assert token
        return self.browser.post(
            path,
            data={"csrf": token[1], **fields},
            headers={"origin": "http://127.0.0.1:8001"},
            follow_redirects=False,
        )

    def submit(self, which: str, press: str = "", query: str = "", **typed: str) -> Response:
        """The form that a CSS selector finds, sent as a browser without script sends it: with what was typed
        into its fields, by the button of the value ``press``."""
        page = LexborHTMLParser(self.page(query))
        form = page.css_first(which)
        assert form is not None, which
        fields = {}
        for field in form.css("input, textarea, select"):
            name = field.attributes.get("name") or ""
            if field.tag == "textarea":
                fields[name] = field.text().removeprefix("\n")
            elif field.tag == "select":
                chosen = field.css_first("option[selected]") or field.css_first("option")
                fields[name] = (chosen.attributes.get("value") or "") if chosen else ""
            else:
                fields[name] = field.attributes.get("value") or ""
        assert typed.keys() <= fields.keys()
        button = form.css_first(f'button[value="{press}"]') if press else None
        pressed = {button.attributes["name"]: press} if button is not None else {}
        assert len(pressed) == bool(press), f"there is no button {press}"
        return self.browser.post(
            form.attributes["action"] or "",
            data=fields | typed | pressed,
            headers={"origin": "http://127.0.0.1:8001"},
            follow_redirects=True,
        )

    def words(self, query: str = "") -> str:
        """What a person reads on the page."""
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", self.page(query))).split())

    def template(self, name: str, content: str) -> Path:
        file = self.folder / "own" / "letter" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        self.session.templates_changed()
        return file

    def configure(self, more: str = "", *, old: str = "", new: str = "") -> None:
        text = CONFIG.format(feed=self.blog.url)
        (self.folder / "rapport.toml").write_text((text.replace(old, new) if old else text) + more)
        self.session.configuration_changed()

    def edition(self) -> Edition:
        assert self.session.installation
        with self.session.installation.database.read() as connection:
            found = find.open_one(connection, "weekly")
        assert found is not None
        return found

    def sent(self) -> Edition:
        """The open edition, as if it had gone out."""
        assert self.session.installation
        edition = self.edition()
        with self.session.installation.database.write() as connection:
            return store.change(connection, edition.id, status="sent", finished_at=datetime.now(UTC))


@contextmanager
def opened(folder: Path, blog: Blog) -> Iterator[Office]:
    session = PreviewSession(folder / "rapport.toml")
    session.open()
    session.pull()
    browser = Browser(on_loopback(session))
    yield Office(folder, blog, session, browser)
    browser.close()
    session.close()


def day(ago: float) -> datetime:
    return datetime.now(UTC) - timedelta(days=ago)
