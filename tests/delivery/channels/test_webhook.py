"""A webhook's receiver: it verifies the signature, and knows a repeat by its id."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from subscribers import clock
from tests.delivery.channels.conftest import SECRETS
from tests.doubles.local_server import LocalServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.delivery.channels.conftest import Practice


class Delivery(NamedTuple):
    key: str
    path: str
    document: dict[str, Any]


class Receiver:
    """Refuses what is not signed in the form of Standard Webhooks; ``answers`` come first, then 204."""

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self.answers: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                key, at = self.headers["webhook-id"], self.headers["webhook-timestamp"]
                secret = base64.b64decode(SECRETS["RAPPORT_CHANNEL_HOOK"].removeprefix("whsec_"))
                wanted = hmac.digest(secret, f"{key}.{at}.".encode() + body, hashlib.sha256)
                signed = self.headers["webhook-signature"] == f"v1,{base64.b64encode(wanted).decode()}"
                if signed and abs(int(at) - clock.now().timestamp()) < 300:
                    receiver.deliveries.append(Delivery(key, self.path, json.loads(body)))
                    status = receiver.answers.pop(0) if receiver.answers else 204
                else:
                    status = 401
                if status == 0:
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = LocalServer(Handler)

    def __enter__(self) -> Receiver:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/hooks/letter?token=of-the-receiver"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
def sent(practice: Callable[..., Practice], receiver: Receiver) -> Practice:
    made = practice({"name": "hook", "kind": "webhook", "url": receiver.url})
    made.send()
    return made


def test_it_gets_the_edition_signed(sent: Practice, receiver: Receiver) -> None:
    assert sent.announce()
    (delivery,) = receiver.deliveries
    assert delivery.path == "/hooks/letter?token=of-the-receiver"
    assert delivery.document["type"] == "edition.sent"
    assert delivery.document["data"] == {
        "edition": "weekly-1",
        "digest": "weekly",
        "subject": "A calm morning",
        "preheader": "Three posts",
        "url": "https://letter.example.org/archive/weekly-1",
        "language": "en",
        "sent_at": "2026-11-26T14:00:00+00:00",
        "posts": [{"title": "A calm morning", "url": "https://willow.example/blog/a-calm-morning"}],
    }
    assert sent.one().state == "posted"


def test_a_repeat_bears_the_same_id_and_the_same_words(sent: Practice, receiver: Receiver) -> None:
    receiver.answers = [0, 500, 404]
    assert sent.until_settled().state == "posted"
    assert len(receiver.deliveries) == 4
    assert len(set(map(str, receiver.deliveries))) == 1


@pytest.mark.parametrize(("answers", "state"), [([503] * 500, "refused"), ([0] * 500, "uncertain")])
def test_after_three_days_it_is_given_up(
    sent: Practice, receiver: Receiver, answers: list[int], state: str
) -> None:
    receiver.answers = answers
    for _ in range(75):
        sent.announce()
        sent.pass_time(hours=1)
    assert sent.one().state == state
    tried = len(receiver.deliveries)
    assert 20 < tried < 80
    sent.pass_time(hours=5)
    sent.announce()
    assert len(receiver.deliveries) == tried


def test_one_that_is_gone_for_good_is_not_asked_again(sent: Practice, receiver: Receiver) -> None:
    receiver.answers = [410]
    sent.announce()
    assert sent.one().state == "refused"


def test_a_receiver_that_is_not_there_repeats_its_path_and_nobody_is_told_it(
    practice: Callable[..., Practice], caplog: pytest.LogCaptureFixture
) -> None:
    class Elsewhere(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.dumps({"message": f"Route POST:{self.path} not found"}).encode()
            self.send_response(404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    server = LocalServer(Elsewhere)
    server.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/hooks/T0PSECRET?key=ANOTHERSECRET"
        made = practice({"name": "hook", "kind": "webhook", "url": url})
        made.send()
        made.announce()
    finally:
        server.stop()
    assert made.one().reason == "answered 404: Route POST:*** not found"
    assert "SECRET" not in caplog.text
