"""How a connection to a mail server ends: with a goodbye that is waited for, and with nothing left open."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.providers.smtp import protocol
from pipeline.providers.smtp.batch import Halt
from pipeline.providers.smtp.connection import Server, connect

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def connected(
    ehlo: bytes = b"250 mail.example", security: Any = "none"
) -> Iterator[tuple[Server, list[socket.socket]]]:
    """A server that greets who comes and answers EHLO and HELO so; from then on the test speaks for it."""
    accepted: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            there, _ = listener.accept()
            accepted.append(there)
            there.settimeout(10)
            there.sendall(b"220 mail.example\r\n")
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
