"""A host of images under a test's control, over real HTTP on loopback."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, Self

from tests.doubles.local_server import LocalServer


@dataclass
class Answer:
    body: bytes = b""
    content_type: str = "image/jpeg"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    wait: float = 0.0
    """Seconds before the first byte."""
    drip: float = 0.0
    """Seconds between bytes."""


@dataclass
class Gallery:
    """Serves ``answers`` by path with an ETag; every other path is 404. Remembers what it was asked."""

    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def show(self, path: str, body: bytes, content_type: str = "image/jpeg", **more: Any) -> str:
        """Put an image up, and say its address."""
        self.answers[path] = Answer(body, content_type, **more)
        return f"{self.site}{path}"

    def __enter__(self) -> Self:
        gallery = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                gallery.asked.append(self.path)
                gallery.headers.append({name.lower(): value for name, value in self.headers.items()})
                # Behind a proxy's back: the whole address stands where a path would.
                path = self.path.removeprefix(gallery.site)
                answer = gallery.answers.get(path, Answer(b"not here", "text/html", 404))
                gallery.send(self, answer)

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = LocalServer(Handler)
        self._server.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.stop()

    def send(self, handler: BaseHTTPRequestHandler, answer: Answer) -> None:
        time.sleep(answer.wait)
        etag = f'"{hashlib.sha256(answer.body).hexdigest()[:16]}"'
        try:
            if answer.status == 200 and handler.headers.get("If-None-Match") == etag:
                handler.send_response(304)
                handler.end_headers()
                return
            handler.send_response(answer.status)
            for name, value in (answer.headers | {"Content-Type": answer.content_type, "ETag": etag}).items():
                handler.send_header(name, value)
            handler.send_header("Content-Length", str(len(answer.body)))
            handler.end_headers()
            for start in range(0, len(answer.body), 1 if answer.drip else 1 << 20):
                handler.wfile.write(answer.body[start : start + (1 if answer.drip else 1 << 20)])
                time.sleep(answer.drip)
        except OSError:
            return  # who asked had enough

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def site(self) -> str:
        return f"http://127.0.0.1:{self.port}"
