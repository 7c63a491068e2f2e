"""A blog under a test's control, over real HTTP on loopback."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Self
from xml.sax.saxutils import escape

from tests.doubles.local_server import LocalServer

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

PARAGRAPH = "This is a sentence of a post. Here is another one that says a little more about it."


@dataclass
class Item:
    """One post of the blog; what is None is left out of the feed.

    ``published``: a moment, or a day without a time, which feeds give as its midnight. A moment is written as
    one, also in the second of midnight: else a test that writes "now" would fail once a day.
    """

    title: str
    published: datetime | date | None = None
    guid: str | None = None
    link: str | None = None
    body: str = f"<p>{PARAGRAPH}</p>"
    categories: tuple[str, ...] = ()

    def xml(self, site: str) -> str:
        link = self.link or f"{site}/blog/{'-'.join(self.title.lower().split())}"
        parts = [f"<title>{escape(self.title)}</title>", f"<link>{escape(link)}</link>"]
        if self.guid:
            parts.append(f'<guid isPermaLink="false">{escape(self.guid)}</guid>')
        if self.published:
            parts.append(f"<pubDate>{format_datetime(_dated(self.published))}</pubDate>")
        parts += [f"<category>{escape(category)}</category>" for category in self.categories]
        parts.append(f"<description>{escape(self.body)}</description>")
        return f"<item>{''.join(parts)}</item>"


def _dated(published: datetime | date) -> datetime:
    """In UTC. Of a moment in the first second of a day: the second before."""
    if not isinstance(published, datetime):
        return datetime.combine(published, time(), UTC)
    at = published.astimezone(UTC).replace(microsecond=0)
    return at - timedelta(seconds=1) if at.time() == time() else at


@dataclass
class Blog:
    """Serves its ``items`` as RSS at any path, or ``body`` as it is; ``status`` other than 200 breaks it.

    ``headers`` go with every answer. A HEAD asks for a post's page: it is there, unless ``pages`` has another
    status for its path. That goes for a GET of it too; ``refuses_head`` leaves nothing else.
    """

    items: list[Item] = field(default_factory=list)
    body: bytes | None = None
    status: int = 200
    content_type: str = "application/rss+xml"
    headers: dict[str, str] = field(default_factory=dict)
    pages: dict[str, int] = field(default_factory=dict)
    refuses_head: bool = False
    requests: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Method and path of what was asked of its pages."""

    def __enter__(self) -> Self:
        blog = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                blog.asked.append(("HEAD", self.path))
                self.send_response(405 if blog.refuses_head else blog.pages.get(self.path, 200))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_GET(self) -> None:
                if self.path in blog.pages:
                    blog.asked.append(("GET", self.path))
                    self.send_response(blog.pages[self.path])
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                blog.requests += 1
                body = blog.feed()
                self.send_response(blog.status)
                self.send_header("Content-Type", blog.content_type)
                for name, value in blog.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = LocalServer(Handler)
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()

    def begin_anew(self, items: Iterable[Item]) -> None:
        """As it was before the last test."""
        for name, value in vars(Blog(list(items))).items():
            setattr(self, name, value)

    @property
    def site(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        return f"{self.site}/blog?format=rss"

    def feed(self) -> bytes:
        if self.body is not None:
            return self.body
        items = "".join(item.xml(self.site) for item in self.items)
        return (
            '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel>'
            f"<title>A blog</title><link>{self.site}/</link><description/>{items}</channel></rss>"
        ).encode()
