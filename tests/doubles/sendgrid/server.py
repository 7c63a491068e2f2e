"""The strict SendGrid's HTTP side: HTTP/1.1 on loopback, connections kept, all of it counted."""

from __future__ import annotations

import contextlib
import json
import socket
import socketserver
import struct
import threading
import uuid
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from tests.doubles.sendgrid import faults as fault
from tests.doubles.sendgrid.account import PATHS, Account
from tests.doubles.sendgrid.deliveries import Delivery, rendered
from tests.doubles.sendgrid.faults import errors_body
from tests.doubles.sendgrid.lists import NAMES, Lists
from tests.doubles.sendgrid.rules import BAD_REQUEST, problems

if TYPE_CHECKING:
    import ssl
    from collections.abc import Collection, Iterator, Mapping

MOST_BODY = 30 * 1024 * 1024
KEY = "SG.strict-double-key-id.strict-double-key-secret-0123456789abcdef"


class StrictSendGrid:
    """A server on a port of its own, from `with` to its end.

    It counts: ``connections`` it was opened, those it ``closed``, ``attempts`` (every POST to mail/send that
    reached it, faults among them), ``requests`` (those it accepted). All of it, and the faults, also over
    HTTP, for a test in another process: `GET /__accepted` (JSON lines; `?bodies=1` with the bodies),
    `GET /__counts`, `POST /__faults` (a list of `{"kind": "Hang", "accept": true}`).
    """

    def __init__(
        self,
        *,
        key: str = KEY,
        scopes: Collection[str] = ("mail.send", "suppression.read"),
        port: int = 0,
        most_body: int = MOST_BODY,
        receive_buffer: int | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.key = key
        self.scopes = list(scopes)
        self.has_credits = True
        self.most_body = most_body
        self.faults: deque[fault.Fault] = deque()
        self.refused_addresses: set[str] = set()
        """Addresses that SendGrid's own validator would not have, though they look well."""
        self.lists = Lists()
        """Who gets no mail by SendGrid's own word: `lists.add("bounces", address)`."""
        self.account = Account()
        """What it says of the account, to a key with the scopes for it."""
        self.list_faults: deque[fault.Answer] = deque()
        """Answers to the next questions for a list, one each."""
        self.connections = self.closed = 0
        self.attempts = 0
        self.problems: list[tuple[str, str | None]] = []
        """Every error it ever found in a request, so that a test may say: none."""
        self.ended = threading.Event()
        self._accepted: list[tuple[str, dict[str, Any]]] = []
        self._lock = threading.Lock()
        self._scheme = "https" if tls else "http"
        self._server = _Server(("127.0.0.1", port), self, receive_buffer)
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.server_port}"

    @property
    def requests(self) -> int:
        return len(self._accepted)

    @property
    def payloads(self) -> list[dict[str, Any]]:
        """The accepted requests as they came."""
        return [payload for _, payload in self._accepted]

    @property
    def deliveries(self) -> list[Delivery]:
        """What each person would receive, in the order of acceptance."""
        return self.deliveries_of(0)

    def deliveries_of(self, first: int) -> list[Delivery]:
        """The same, of the requests accepted after the first so many."""
        return list(self._deliveries(first))

    def __enter__(self) -> StrictSendGrid:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.ended.set()
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()

    def _deliveries(self, first: int = 0) -> Iterator[Delivery]:
        for message_id, payload in self._accepted[first:]:
            yield from rendered(payload, message_id)

    def next_fault(self) -> fault.Fault | None:
        with self._lock:
            self.attempts += 1
            return self.faults.popleft() if self.faults else None

    def connected(self) -> None:
        with self._lock:
            self.connections += 1

    def disconnected(self) -> None:
        with self._lock:
            self.closed += 1

    def take(self, body: bytes) -> list[tuple[str, str | None]] | str:
        """The errors of a request, or the id under which it is accepted."""
        try:
            payload = json.loads(body)
        except (ValueError, RecursionError):
            return [BAD_REQUEST]
        try:
            found = problems(payload) or self._refused(payload)
        except (TypeError, AttributeError, ValueError):
            # Of a shape that no rule foresaw: the real one has one answer to that.
            found = [BAD_REQUEST]
        with self._lock:
            if found:
                self.problems += found
                return found
            message_id = uuid.uuid4().hex[:22]
            self._accepted.append((message_id, payload))
            return message_id

    def _refused(self, payload: Mapping[str, Any]) -> list[tuple[str, str | None]]:
        if not self.refused_addresses:
            return []
        return [
            ("Does not contain a valid address.", f"personalizations.{n}.to.{m}.email")
            for n, envelope in enumerate(payload["personalizations"])
            for m, person in enumerate(envelope["to"])
            if person["email"] in self.refused_addresses
        ]

    def lines(self, bodies: bool) -> Iterator[bytes]:
        for delivery in self._deliveries():
            yield json.dumps(delivery.as_json(bodies)).encode() + b"\n"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], owner: StrictSendGrid, receive_buffer: int | None) -> None:
        self.owner = owner
        super().__init__(address, _Handler, bind_and_activate=False)
        if receive_buffer is not None:
            # On the listener, for accepted sockets inherit it: a body that is not read soon fills it.
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        try:
            self.server_bind()
            self.server_activate()
        except BaseException:
            self.server_close()
            raise

    def server_bind(self) -> None:
        # Not HTTPServer's, which asks DNS for this machine's name.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[0], self.server_address[1]

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        self.owner.disconnected()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is what the tests are about: nothing to print."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.owner.connected()

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""

    def do_POST(self) -> None:
        if self.path == "/__faults":
            queued = json.loads(self._body() or b"[]")
            self.server.owner.faults.extend(fault.from_json(one) for one in queued)
            return self._answer(200, b"")
        if self.path != "/v3/mail/send":
            self._body()
            return self._errors(404, "not found")
        owner = self.server.owner
        planned = owner.next_fault()
        if isinstance(planned, fault.Reset) and not planned.read:
            return self._reset()
        body = self._body()
        if body is None:
            return self._errors(413, "The request body is too large.")
        if isinstance(planned, fault.Slow):
            while not owner.ended.is_set() and not planned.go_on.wait(0.05):
                pass
        if planned is None or isinstance(planned, fault.Normal | fault.CloseAfter | fault.Slow):
            self._mail_send(body)
            if isinstance(planned, fault.CloseAfter):
                self.close_connection = True
            return None
        if planned.accept and self._refusal() is None:
            owner.take(body)
        return self._misbehave(planned)

    def do_GET(self) -> None:
        owner = self.server.owner
        path, _, query = self.path.partition("?")
        if path == "/__accepted":
            return self._answer(
                200, b"".join(owner.lines("bodies=1" in query)), {"Content-Type": "application/jsonl"}
            )
        if path == "/__counts":
            counts = {
                "connections": owner.connections,
                "attempts": owner.attempts,
                "requests": owner.requests,
            }
            return self._answer(200, json.dumps(counts).encode())
        if path == "/v3/scopes":
            refusal = self._refusal(scope=None)
            if refusal is not None:
                return self._errors(401, refusal[1])
            return self._answer(200, json.dumps({"scopes": owner.scopes}).encode())
        if path in PATHS:
            refusal = self._refusal(PATHS[path], body=False)
            if refusal is not None:
                return self._errors(*refusal)
            return self._answer(200, json.dumps(owner.account.said(path)).encode())
        if path.startswith("/v3/suppression/"):
            return self._list(path.rpartition("/")[2], query)
        return self._errors(405 if path == "/v3/mail/send" else 404, "method not allowed")

    do_PUT = do_PATCH = do_DELETE = do_GET

    def _mail_send(self, body: bytes) -> None:
        refusal = self._refusal()
        if refusal is not None:
            return self._errors(*refusal)
        taken = self.server.owner.take(body)
        if isinstance(taken, str):
            return self._answer(202, b"", {"X-Message-Id": taken})
        return self._answer(400, errors_body(taken), {"Content-Type": "application/json"})

    def _list(self, name: str, query: str) -> None:
        owner = self.server.owner
        if owner.list_faults:
            planned = owner.list_faults.popleft()
            return self._answer(planned.status, planned.content(), planned.headers)
        refusal = self._refusal("suppression.read", body=False)
        if refusal is not None:
            return self._errors(*refusal)
        if name not in NAMES:
            return self._errors(404, "not found")
        page = owner.lists.page(name, query)
        if isinstance(page, str):
            return self._errors(400, page)
        return self._answer(200, json.dumps(page).encode(), {"Content-Type": "application/json"})

    def _refusal(self, scope: str | None = "mail.send", *, body: bool = True) -> tuple[int, str] | None:
        """What is wrong before the body is looked at."""
        owner, headers = self.server.owner, self.headers
        if headers.get("Authorization") != f"Bearer {owner.key}":
            return 401, "The provided authorization grant is invalid, expired, or revoked"
        if not owner.has_credits:
            return 401, "Maximum credits exceeded"
        if scope and scope not in owner.scopes:
            return 403, "access forbidden"
        if scope and body and headers.get_content_type() != "application/json":
            return 415, "Content-Type should be application/json."
        if not headers.get("Accept"):
            return 406, "Accept header is missing."
        if headers.get("Content-Encoding"):
            return 415, "Mail body compression is not enabled for this account."
        return None

    def _misbehave(self, planned: fault.Fault) -> None:
        match planned:
            case fault.Answer():
                self._answer(planned.status, planned.content(), planned.headers)
            case fault.Hang():
                self.server.owner.ended.wait(planned.seconds)
                self.close_connection = True
            case fault.Reset():
                self._reset()
            case fault.Raw():
                self.wfile.write(planned.data)
                self.close_connection = True
            case fault.Trickle():
                self.close_connection = True
                self.wfile.write(b"HTTP/1.1 202 Accepted\r\nX-Trickle: ")
                with contextlib.suppress(OSError):
                    while not self.server.owner.ended.wait(planned.pause):
                        self.wfile.write(b"x")

    def _body(self) -> bytes | None:
        length = int(self.headers.get("Content-Length") or 0)
        if length < self.server.owner.most_body:
            return self.rfile.read(length)
        # Read and dropped, so that the answer is not lost in a reset.
        while length > 0 and (dropped := len(self.rfile.read(min(length, 1 << 20)))):
            length -= dropped
        return None

    def _errors(self, status: int, message: str) -> None:
        self._answer(status, errors_body([(message, None)]), {"Content-Type": "application/json"})

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        # One write: headers and body in two would wait for each other's acknowledgement.
        self._headers_buffer.append(b"\r\n" + body)  # type: ignore[attr-defined]
        self.flush_headers()

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        # Detached and closed at once: the handler's own shutdown would send a polite end first.
        self.rfile.close()
        socket.close(self.connection.detach())
