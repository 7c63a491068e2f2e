"""One connection: what is no request is refused, and what takes too long is ended."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import pytest

from pipeline.web import connection
from pipeline.web.connection import Phase
from subscribers import clock
from tests.waiting import until
from tests.web.strangers import LARGE, SOON, Serving, drip, get, rest_of, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

POST = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving() as made:
        yield made


class Clock:
    """The server's: it goes on when the test says so, however quick or slow either is."""

    def __init__(self) -> None:
        self._now, self._asked = 0.0, 0

    def __call__(self) -> float:
        self._asked += 1
        return self._now

    def goes_on(self, seconds: float) -> None:
        """The server looks at what it waits for before and after."""
        self._is_asked()
        self._now += seconds
        self._is_asked()

    def _is_asked(self) -> None:
        before = self._asked
        until(lambda: self._asked > before + 1)


@pytest.fixture
def ours(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(clock, "uptime", made)
    return made


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"GET /",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        POST + b"Content-Length: 100000\r\n\r\n",
        POST + b"Expect: 100-continue\r\nContent-Length: 100000\r\n\r\n",
        POST + CHUNKED + b"fffff\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nX-Next: ",
        b"POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n",
    ],
)
def test_whoever_sends_a_byte_now_and_then_has_no_longer_than_others(
    server: Serving, begun: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with server.connect(begun) as made:
        for wait in ("HEAD_TIME", "BODY_TIME", "ANSWER_TIME"):
            monkeypatch.setattr(connection, wait, 0.3)
        assert drip(made) < SOON / 2


def test_a_body_that_gets_on_may_take_longer(
    server: Serving, ours: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "BODY_RATE", 100)
    piece = b"x" * 1000  # ten seconds' worth
    with server.connect(POST + b"Content-Length: %d\r\n\r\n" % (4 * len(piece))) as made:
        for _ in range(3):
            made.sendall(piece)
            ours.goes_on(9.9)
        assert connection.BODY_TIME < 3 * 9.9
        made.sendall(piece)
        assert rest_of(made).endswith(b"\r\n%d" % (4 * len(piece)))
    with server.connect(POST + b"Content-Length: 100000000\r\n\r\n") as made:
        until(lambda: server.phase(made) is Phase.BODY)
        ours.goes_on(1)
        made.sendall(piece * 31)
        ours.goes_on(connection.LONGEST_BODY - 2)
        assert server.has(made)
        ours.goes_on(2)
        assert rest_of(made) == b""


@pytest.mark.parametrize("headers", [b"", b"Connection: close\r\n"])
def test_an_answer_that_nobody_reads_is_broken_off(server: Serving, ours: Clock, headers: bytes) -> None:
    with server.connect(get(b"/large", headers)) as made:
        until(lambda: server.phase(made) is Phase.ANSWER)
        ours.goes_on(connection.ANSWER_TIME - 1)
        assert server.has(made)
        ours.goes_on(2)
        until(lambda: not server.has(made))
        assert len(rest_of(made)) < len(LARGE)


def test_work_of_ours_may_take_its_time(server: Serving, ours: Clock) -> None:
    with server.connect(get(b"/work")) as made:
        until(lambda: server.phase(made) is Phase.WORK)
        ours.goes_on(10_000)
        server.app.done.set()
        assert b" 200 OK" in rest_of(made)
    server.app.done.clear()


@pytest.mark.parametrize(
    "sent",
    [
        POST + b"Content-Length: 3\r\n" + CHUNKED + b"0\r\n\r\n",
        b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"a:b\r\n" * 50_000 + b"\r\n",
        b"GET /" + b"a" * 300_000,
        b"\r\n\r\n" * 50_000,
        POST + CHUNKED + b"1\r\nx\r\n" * 20_000 + b"0\r\n\r\n",
        POST + CHUNKED + b"1;" + b"e" * 100_000,
        POST + CHUNKED + b"nonsense\r\n",
        b"POST /unread HTTP/1.1\r\nHost: x\r\n" + CHUNKED + b"1\r\nx\r\nnonsense\r\n",
        b"\x16\x03\x01",
    ],
)
def test_what_is_no_request_is_refused_at_once_and_without_a_word_in_the_log(
    server: Serving, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "asyncio"):
        began = time.monotonic()
        answer = server.ask(sent)
    # Where more comes than is read the answer may get lost on its way.
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ") or sent.startswith(b"POST /unread")
    assert time.monotonic() - began < connection.HEAD_TIME / 2
    assert [line for line in caplog.records if line.levelno >= logging.WARNING] == []


def test_an_honest_request_may_be_cut_anyhow(server: Serving) -> None:
    pieces = b"".join(b"%x\r\n%b\r\n" % (300, b"x" * 300) for _ in range(3000))
    assert server.ask(POST + CHUNKED + pieces + b"0\r\n\r\n").endswith(b"\r\n900000")
    assert server.ask(POST + CHUNKED + b"1\r\nx\r\n" * 400 + b"0\r\n\r\n").endswith(b"\r\n400")
    assert server.ask(get(b"/", b"Cookie: " + b"y" * 12_000 + b"\r\nConnection: close\r\n")).endswith(b"0")
    with server.connect() as made:
        for byte in POST + b"Content-Length: 3\r\n\r\nabc":
            made.sendall(bytes([byte]))
        assert rest_of(made).endswith(b"\r\n3")


def test_a_body_that_was_refused_is_not_waited_for(server: Serving) -> None:
    with server.connect(b"POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 40000000\r\n\r\n") as made:
        assert made.recv(65536).startswith(b"HTTP/1.1 200 ")
        with pytest.raises(ConnectionError):
            made.sendall(LARGE)


def test_requests_one_behind_the_other_are_answered_in_turn(server: Serving) -> None:
    answers = server.ask(get(b"/", b"") * 50 + get(b"/"))
    assert answers.count(b"HTTP/1.1 200 OK") == 51


def test_of_http_1_0_and_of_who_waits_to_be_told_to_go_on(server: Serving) -> None:
    assert server.ask(b"GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200 ")
    with server.connect(POST + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n") as made:
        assert made.recv(65536).startswith(b"HTTP/1.1 100 ")
        made.sendall(b"ab")
        assert rest_of(made).endswith(b"\r\n2")
