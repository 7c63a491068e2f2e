"""A web site under a test's control, over real HTTP on loopback: a body for each path, 404 for all others."""

from __future__ import annotations

from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Self

from tests.doubles.local_server import LocalServer

if TYPE_CHECKING:
    from types import TracebackType

HTML, RSS, ATOM, JSON, PNG = (
    "text/html; charset=utf-8",
    "application/rss+xml",
    "application/atom+xml",
    "application/json",
    "image/png",
)


@dataclass
class Site:
    """``pages``: by path and query the content type and the body, in which SITE stands for its own address.

    A body that begins with "http" and has the type "redirect" is where a 302 leads.
    """

    pages: dict[str, tuple[str, str | bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(self.path)
                kind, body = site.pages.get(self.path, ("", b""))
                content = body.replace("SITE", site.url).encode() if isinstance(body, str) else body
                self.send_response(302 if kind == "redirect" else 200 if kind else 404)
                if kind == "redirect":
                    self.send_header("Location", content.decode())
                    content = b""
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = LocalServer(Handler)
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"
