"""What no client library would send, over a raw socket to the server as it runs: no failure, no echo."""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING, NamedTuple

import pytest

from pipeline.core.sections.installation import Server
from pipeline.web.server import settings
from subscribers import directory
from tests.serving import anywhere, serving
from tests.waiting import LONGEST
from tests.web.public.visitor import Visitor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.core.app import Installation
    from tests.web.public.visitor import Addresses

MARK = b"zq\"'<q>"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


class Answer(NamedTuple):
    status: int  # 0: the connection was closed without a word
    head: bytes
    body: bytes


@pytest.fixture
def server(practice: Installation) -> Iterator[tuple[str, int]]:
    listener, visitor = anywhere(), Visitor(practice)
    with serving(visitor.app, listener, **settings(Server())):
        yield listener.getsockname()
    visitor.close()


def say(server: tuple[str, int], raw: bytes, *, hang_up: bool = False) -> Answer:
    """What is answered to these bytes; ``hang_up``: nothing more comes from us, though more was promised."""
    with socket.create_connection(server, timeout=LONGEST) as connection:
        connection.sendall(raw)
        if hang_up:
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        try:
            while more := connection.recv(65536):
                answer += more
        except ConnectionResetError:
            pass  # it had more of ours to read than it wanted
    head, _, body = answer.partition(b"\r\n\r\n")
    status = re.match(rb"HTTP/1\.1 (\d{3}) ", head)
    return Answer(int(status[1]) if status else 0, head, body)


def request(method: bytes, target: bytes, headers: bytes = b"", body: bytes = b"") -> bytes:
    length = b"" if not body or CHUNKED in headers else b"Content-Length: %d\r\n" % len(body)
    return (
        method + b" " + target + b" HTTP/1.1\r\nHost: letter.example.org\r\nConnection: close\r\n"
        + headers + length + b"\r\n" + body
    )  # fmt: skip


def chunks(*parts: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (*parts, b""))


def targets(token: bytes) -> list[bytes]:
    pages = (b"/unsubscribe/", b"/preferences/", b"/confirm/")
    odd = (
        b"%00",
        b"%2F",
        b"..%2Fsubscribe",
        b"%ff%fe",
        b"%ed%a0%80",
        b"%",
        b"%zz",
        b"%E2%80%AE",
        b"A" * 30000,
    )
    return [
        *(
            page + one
            for page in pages
            for one in (*odd, token + b"%00", token + b"%2F", token + b"?" + MARK)
        ),
        *(b"/%00", b"/%", b"//subscribe", b"/./subscribe", b"/subscribe/../confirm/x", b"/subscribe%00"),
        *(
            b"/\xff\xfe",
            b"/subscribe?q=" + MARK,
            b"/" + MARK,
            b"*",
            b"subscribe",
            b"/subscribe?" + b"a=1&" * 9000,
        ),
        b"http://evil.example/subscribe",
        b"/webhooks/" + MARK,
    ]


def posts(token: bytes) -> list[bytes]:
    leave, sign_up = b"/unsubscribe/" + token, b"/subscribe"
    fields = b"email=a%40example.org&" + b"&".join(b"name=%d" % n for n in range(5000))
    bodies = [
        request(b"POST", target, FORM + headers, body)
        for target in (leave, sign_up, b"/preferences/" + token)
        for headers, body in [
            (CHUNKED, chunks(b"List-Unsubscribe", b"=One-Click")),
            (CHUNKED, chunks(b"a=1&" * 9000, b"b=2&" * 9000)),
            (CHUNKED, b"zz\r\nnot a chunk\r\n0\r\n\r\n"),
            (CHUNKED, b"fffffffffffffffff\r\nx\r\n"),
            (b"Content-Encoding: gzip\r\n", b"\x1f\x8b not gzip"),
            (b"", b"email=\xff\xfe%ED%A0%80&email=b%40example.org&" + MARK),
            (b"", fields),
            (b"Expect: 100-continue\r\n", b"email=a%40example.org"),
        ]
    ]
    lengths = [
        b"Content-Length: 3\r\nContent-Length: 9\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: 1e3\r\n",
    ]
    lengths += [b"Content-Length: 5\r\n" + CHUNKED, CHUNKED + CHUNKED, b"Transfer-Encoding: x, chunked\r\n"]
    return bodies + [request(b"POST", sign_up, FORM + length) + b"a=1&b=2" for length in lengths]


def odd_heads() -> list[bytes]:
    hosts = [
        b"Host: evil.example\r\n",
        b"Host: " + MARK + b"\r\n",
        b"Host:\r\n",
        b"Host: a\r\nHost: b\r\n",
        b"",
    ]
    heads = [b"GET /subscribe HTTP/1.1\r\nConnection: close\r\n" + host + b"\r\n" for host in hosts]
    said = [b"X-Forwarded-Host: evil.example", b"X-Forwarded-For: " + MARK, b"X-Forwarded-Proto: " + MARK]
    said += [b"X-Original-URL: /staff", b"Cookie: " + MARK, b"Accept-Language: " + MARK, b"Range: bytes=0-1"]
    said += [
        b"X-HTTP-Method-Override: DELETE",
        b"Content-Type: \xff\xfe",
        b"Upgrade: websocket",
        b"Bad Header: x",
    ]
    heads += [request(b"GET", b"/subscribe", one + b"\r\n") for one in said]
    methods = (b"TRACE", b"CONNECT", b"PATCH", b"DELETE", b"OPTIONS", b"PROPFIND", b"get", MARK)
    heads += [request(method, b"/subscribe") for method in methods]
    return [
        *heads,
        b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00 hello",
        b"GET /subscribe\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\n",
    ]


def test_nothing_on_the_wire_makes_it_fail_or_comes_back(
    server: tuple[str, int], addresses: Addresses, caplog: pytest.LogCaptureFixture
) -> None:
    token = addresses.unsubscribe(3).rpartition("/")[2].encode()
    asked = [request(method, t) for t in targets(token) for method in (b"GET", b"POST")]
    for raw in [*asked, *posts(token), *odd_heads()]:
        answer = say(server, raw, hang_up=True)
        assert answer.status < 500, raw[:200]
        for echo in (b"<q>", b"zq\"'", b"evil.example"):
            assert echo not in answer.head + answer.body, raw[:200]
        head = answer.head.lower()
        assert b"location:" not in head
        assert b"set-cookie" not in head
    assert say(server, request(b"GET", b"/healthz")).status == 200
    assert token.decode() not in caplog.text
    assert "page failed" not in caplog.text


def test_a_body_in_chunks_is_a_body(
    server: tuple[str, int], addresses: Addresses, practice: Installation
) -> None:
    target = addresses.unsubscribe(1).encode()
    raw = request(b"POST", target, FORM + CHUNKED, chunks(b"List-Unsub", b"scribe=One-Click"))
    assert say(server, raw).status == 200
    with practice.database.read() as connection:
        person = directory.person(connection, "reader1@example.net")
    assert person is not None
    assert [str(one.status) for one in person.subscriptions] == ["unsubscribed"]


def test_on_the_wire_too_nobody_is_told_apart(server: tuple[str, int], practice: Installation) -> None:
    with practice.database.write() as connection:
        directory.suppress(connection, "stopped@example.net", reason="they asked by phone", source="test")

    def answered(address: bytes) -> tuple[int, bytes, bytes]:
        answer = say(server, request(b"POST", b"/subscribe", FORM, b"email=" + address))
        return answer.status, re.sub(rb"\r\ndate: [^\r]+", b"", answer.head), answer.body

    known, unknown, stopped = (
        answered(local + b"%40example.net") for local in (b"reader1", b"nobody9", b"stopped")
    )
    assert known[0] == 200
    assert known == unknown == stopped
