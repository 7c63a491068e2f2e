"""Serves the sample blog on loopback: the demo fetches its feed as it would fetch any other."""

from __future__ import annotations

import gzip
import hashlib
import sys
import threading
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, urlsplit

from pipeline.cli.sample.pages import contact_page, index_page, missing_page, post_page
from pipeline.cli.sample.posts import SamplePost, read_posts
from pipeline.cli.sample.rss import render_feed

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

NAME = "Harbour Lane Therapy"
SUBSCRIBERS = Path(__file__).parent / "sample_subscribers.csv"
IMAGES = Path(__file__).parent / "images"
IMAGE_TYPES = {".jpg": "image/jpeg", ".png": "image/png"}
HTML = "text/html; charset=utf-8"
RSS = "application/rss+xml; charset=utf-8"


@dataclass(frozen=True, slots=True)
class _Reply:
    content_type: str
    body: bytes
    status: HTTPStatus = HTTPStatus.OK

    @property
    def etag(self) -> str:
        """Weak: the gzipped body and the plain one share it."""
        return f'W/"{hashlib.sha256(self.body).hexdigest()[:32]}"'


class SampleBlog:
    """The blog, served while its context manager is open.

    The ages of posts are counted from ``now`` (aware). ``port`` 0 takes any free one.
    """

    def __init__(self, now: datetime, port: int = 0) -> None:
        if now.tzinfo is None:
            raise ValueError("SampleBlog needs a time with a time zone")
        self.now = now
        self.posts: tuple[SamplePost, ...] = read_posts()
        self._by_slug = {post.slug: post for post in self.posts}
        # Only names found here are ever opened, so no path in a request can lead outside.
        self._images = {path.name: path for path in IMAGES.iterdir() if path.suffix in IMAGE_TYPES}
        self._port = port
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def site_url(self) -> str:
        """The blog's origin, without a slash at the end."""
        if self._server is None:
            raise RuntimeError("the sample blog is not being served: use it in a with statement")
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def feed_url(self) -> str:
        return f"{self.site_url}/blog?format=rss"

    def __enter__(self) -> Self:
        self._server = _Server(self._port, self._reply)
        # Polled often: to end waits for one poll, and tests begin and end many.
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="sample-blog", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
        self._server = self._thread = None

    def _reply(self, target: str) -> _Reply:
        address = urlsplit(target)
        path = address.path.rstrip("/")
        if path in ("", "/blog"):
            if parse_qs(address.query).get("format") == ["rss"]:
                return _Reply(RSS, render_feed(NAME, self.posts, self.now, self.site_url).encode())
            return _Reply(HTML, index_page(NAME, self.posts, self.now).encode())
        if path == "/contact":
            return _Reply(HTML, contact_page(NAME).encode())
        folder, _, name = path.rpartition("/")
        if folder == "/blog" and name in self._by_slug:
            return _Reply(HTML, post_page(NAME, self._by_slug[name], self.now).encode())
        if folder == "/images" and name in self._images:
            image = self._images[name]
            return _Reply(IMAGE_TYPES[image.suffix], image.read_bytes())
        return _Reply(HTML, missing_page(NAME).encode(), HTTPStatus.NOT_FOUND)


class _Server(ThreadingHTTPServer):
    def __init__(self, port: int, reply: Callable[[str], _Reply]) -> None:
        self.reply = reply
        super().__init__(("127.0.0.1", port), _Handler)

    def server_bind(self) -> None:
        # HTTPServer would look up the host's full name here, which takes seconds on some machines.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.socket.getsockname()[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that has read enough closes the connection: no reason for a traceback in the demo.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = "SampleBlog"
    sys_version = ""

    def do_GET(self) -> None:
        reply = self.server.reply(self.path)
        if reply.status is HTTPStatus.OK and self._has(reply.etag):
            self.send_response(HTTPStatus.NOT_MODIFIED)
            self.send_header("ETag", reply.etag)
            self.end_headers()
            return
        body = reply.body
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        if reply.status is HTTPStatus.OK:
            self.send_header("ETag", reply.etag)
        if not reply.content_type.startswith("image/"):
            self.send_header("Vary", "Accept-Encoding")
            if "gzip" in self.headers.get("Accept-Encoding", ""):
                body = gzip.compress(body, mtime=0)
                self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    # Checkers of links and images ask with HEAD first.
    do_HEAD = do_GET

    def _has(self, etag: str) -> bool:
        """Whether the client's copy is this one (RFC 9110, section 13.1.2: weak comparison)."""
        known = (tag.strip().removeprefix("W/") for tag in self.headers.get("If-None-Match", "").split(","))
        return etag.removeprefix("W/") in known

    def log_message(self, format: str, *args: Any) -> None:
        """Prints nothing: only the demo's own lines matter."""
