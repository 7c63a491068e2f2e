"""What the strict doubles of Mastodon and Bluesky share: faults that a test queues, requests one by one."""

from __future__ import annotations

import json
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

from tests.doubles.local_server import LocalServer

if TYPE_CHECKING:
    from email.message import Message

BEFORE, AFTER, AFTER_KEPT, CUT_BEFORE, CUT_AFTER, LATE, BUSY, REFUSE = (
    "500 before", "500 after", "500 after, key kept", "cut before", "cut after", "late", "429", "refuse",
)  # fmt: skip
"""What becomes of a request that posts: answered or cut off, before or after the post was made."""

FAULTS = (BEFORE, AFTER, AFTER_KEPT, CUT_BEFORE, CUT_AFTER, LATE, BUSY)


class Refusal(Exception):
    """An answer that is not one of success."""

    def __init__(self, status: int, document: dict[str, Any], **headers: str) -> None:
        super().__init__(status)
        self.status, self.document, self.headers = status, document, headers


class Cut(Exception):
    """The connection ends without an answer."""


class ServiceDouble:
    """A server with faults to give, the requests that it had, and the time until a late answer comes."""

    def __init__(self) -> None:
        self.faults: deque[str] = deque()
        self.requests: list[tuple[str, str]] = []
        self.problems: list[str] = []
        """Every request that the real service would not have taken."""
        self.late = 0.0
        self._busy = threading.Lock()
        double = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._answer("GET")

            def do_POST(self) -> None:
                self._answer("POST")

            def log_message(self, *arguments: object) -> None:
                pass

            def _answer(self, method: str) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                path = self.path.partition("?")[0]
                try:
                    # A connection that its client left in the middle may end while the next one asks.
                    with double._busy:
                        double.requests.append((method, path))
                        document: Any = double.answer(method, self.path, self.headers, body)
                    status, more = 200, {}
                except Refusal as refusal:
                    if refusal.status < 429 and refusal.status not in (401, 403):
                        double.problems.append(f"{method} {path}: {refusal.document}")
                    document, status, more = refusal.document, refusal.status, refusal.headers
                except Cut:
                    self.close_connection = True
                    return
                content = json.dumps(document).encode()
                self.send_response(status)
                for name, value in more.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        self._server = LocalServer(Handler)

    def answer(self, method: str, path: str, headers: Message, body: bytes) -> Any:
        """What is answered with 200. Raises Refusal or Cut."""
        raise NotImplementedError

    def fault(self) -> str:
        """The fault that this post meets; empty where none is queued."""
        return self.faults.popleft() if self.faults else ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Any:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()


def token_of(headers: Message) -> str:
    kind, _, token = (headers.get("Authorization") or "").partition(" ")
    return token if kind == "Bearer" else ""
