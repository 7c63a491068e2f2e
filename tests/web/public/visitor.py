"""Somebody at the public pages: the application in this process, asked as over HTTP."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import httpx
from sqlalchemy import select

import pipeline.core.tables  # noqa: F401  both floors' tables
from pipeline.editions.store import create
from pipeline.feeds.first_seen import register
from pipeline.web.app import make_app
from subscribers import clock
from subscribers.tables import metadata
from subscribers.tokens import Purpose

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.core.app import Installation
    from pipeline.core.database import Database

SITE = "https://letter.example.org"
EMPTY: dict[str, str] = {}


class Visitor:
    """A client of one installation's application, from one network address."""

    def __init__(self, installation: Installation, address: str = "203.0.113.7") -> None:
        self.installation = installation
        self.app = make_app(installation)
        self._runner = asyncio.Runner()
        self._client = self._from(address)

    def ask(self, method: str, path: str, *, address: str = "", **more: Any) -> httpx.Response:
        client = self._from(address) if address else self._client
        return self._runner.run(client.request(method, path, **more))

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.ask("GET", path, **more)

    def post(self, path: str, data: dict[str, Any] = EMPTY, **more: Any) -> httpx.Response:
        return self.ask("POST", path, data=data, **more)

    def close(self) -> None:
        self._runner.run(self._client.aclose())
        self._runner.close()
        self.app.state.writer.close()
        self.app.state.clicks.close()

    def _from(self, address: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, client=(address, 50000))
        return httpx.AsyncClient(transport=transport, base_url=SITE)


@dataclass(frozen=True)
class Addresses:
    """The pages of one reader of one edition."""

    installation: Installation
    edition: int

    def unsubscribe(self, subscriber: int = 1) -> str:
        return f"/unsubscribe/{self._token(subscriber)}"

    def preferences(self, subscriber: int = 1) -> str:
        return f"/preferences/{self._token(subscriber)}"

    def _token(self, subscriber: int) -> str:
        return self.installation.tokens.sign(Purpose.LETTER, subscriber, self.edition)


def edition(installation: Installation, number: int = 0) -> int:
    """The id of a sent edition of the digest with that number."""
    config = installation.config
    with installation.database.write() as connection:
        register(connection, config, clock.now())
        digest = config.digests[number]
        made = create(connection, digest, "2026-11-26T09:00", config.newsletter.zone, status="sent")
        return int(made.id)


def everything(database: Database) -> dict[str, list[Any]]:
    """Every row of every table."""
    with database.read() as connection:
        return {
            name: sorted(map(repr, connection.execute(select(table))))
            for name, table in metadata.tables.items()
        }


def hidden(page: str, name: str) -> str:
    """The value of a form's hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found
    return found[1]


def stamps(page: str) -> list[str]:
    """What an answer to unsubscribing hands out to undo it: one of each press."""
    before, _, _ = page.partition('value="undo"')
    return re.findall(r'name="undo" value="([^"]*)"', before.rpartition("<form")[2])


def confirm_links(folder: Path) -> list[str]:
    """The paths that the mails in the outbox ask to confirm at, in no order."""
    texts = (file.read_text() for file in (folder / "outbox").glob("confirmation-*.eml"))
    whole = (text.replace("=\n", "") for text in texts)
    return [match[0] for text in whole if (match := re.search(r"/confirm/[\w-]{44}", text))]


class Shape(HTMLParser):
    """The tags of a page with their attributes, without what is said between them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(attrs)))
