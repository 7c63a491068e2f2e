"""How a connection to a mail server ends: with a goodbye that is waited for, and with nothing left open."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.providers import Result
from pipeline.providers.smtp import protocol
from pipeline.providers.smtp.batch import Halt
from pipeline.providers.smtp.connection import Server, connect
from pipeline.providers.smtp.refusals import RATE_REMEDY, US_REMEDY

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def connected(
    ehlo: bytes = b"250 mail.example", security: Any = "none", greeting: bytes = b"220 mail.example"
) -> Iterator[tuple[Server, list[socket.socket]]]:
    """A server that greets who comes and answers EHLO and HELO so; from then on the test speaks for it."""
    accepted: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            there, _ = listener.accept()
            accepted.append(there)
            there.settimeout(10)
            there.sendall(greeting + b"\r\n")
            while said := there.recv(1000):
                there.sendall(ehlo + b"\r\n")
                if ehlo.startswith(b"250") or said.startswith(b"HELO"):
                    return

        thread = threading.Thread(target=greet)
        thread.start()
        yield Server("127.0.0.1", listener.getsockname()[1], security, timeout=60), accepted
        thread.join()
    for there in accepted:
        there.close()


def test_it_says_goodbye_waits_for_the_answer_and_closes() -> None:
    with connected() as (server, accepted):
        connection = connect(server)
        leaving = threading.Thread(target=connection.leave)
        leaving.start()
        (there,) = accepted
        assert there.recv(1000) == b"QUIT\r\n"
        there.settimeout(0.1)
        with pytest.raises(TimeoutError):  # RFC 5321, 4.1.1.10: it is not closed before the answer
            there.recv(1000)
        there.sendall(b"221 Bye\r\n")
        there.settimeout(10)
        assert there.recv(1000) == b""
        leaving.join()


def test_a_goodbye_that_nobody_answers_is_not_waited_for_as_a_letter_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(protocol, "_MOMENT", 0.05)
    with connected() as (server, accepted):
        connect(server).leave()  # or it would take the minute that a step may take
        (there,) = accepted
        assert there.recv(1000) == b"QUIT\r\n"
        assert there.recv(1000) == b""


@pytest.mark.parametrize(("ehlo", "security"), [(b"250 mail.example", "starttls"), (b"502 what?", "none")])
def test_where_no_letter_can_go_nothing_is_left_open(ehlo: bytes, security: str) -> None:
    with connected(ehlo, security) as (server, accepted):
        with pytest.raises(Halt) as halted:
            connect(server)
        (there,) = accepted
        assert there.recv(1000) == b"", "closed, though the error holds all that was there"
        assert halted.value


@pytest.mark.parametrize(
    ("greeting", "result", "remedy", "limited"),
    [
        (b"421 4.7.0 too many connections from 192.0.2.1", Result.REFUSED, RATE_REMEDY, True),
        (b"421 4.7.1 Relay access denied", Result.REFUSED, "", False),
        (b"421 4.3.2 shutting down", Result.REFUSED, "", False),
        (b"500 5.4.5 Daily user sending limit exceeded", Result.REFUSED, "", False),
        (b"500 blocked by policy", Result.STOP, US_REMEDY, False),
        (b"554 5.7.1 Client host blocked using zen.spamhaus.org", Result.STOP, US_REMEDY, False),
        (b"554 5.3.2 not now", Result.REFUSED, "", False),
        (b"554 5.3.2 nicht f\xfcr Sie", Result.REFUSED, "", False),  # no UTF-8
    ],
)
def test_a_server_that_takes_no_connection_says_for_how_long(
    greeting: bytes, result: Result, remedy: str, limited: bool
) -> None:
    with connected(greeting=greeting) as (server, _), pytest.raises(Halt) as halted:
        connect(server)
    told = halted.value
    assert (told.result, told.remedy, told.limited) == (result, remedy, limited)
    assert f"takes no connection ({greeting[:3].decode()}): " in told.reason
