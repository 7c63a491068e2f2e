"""How many connections there may be, and which make room for others."""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import resource
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline.web import accepting, connection, server
from pipeline.web.server import listen
from tests.waiting import until
from tests.web.strangers import SOON, get, rest_of, serving

if TYPE_CHECKING:
    from tests.web.strangers import Serving

ELSEWHERE = "127.0.9.9"
"""An address in another network than 127.0.0.1."""


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accepting, "_GRACE", 0.02)
    monkeypatch.setattr(connection, "HEAD_TIME", SOON)  # nobody goes for being slow


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight connections in all, and of one network two."""
    monkeypatch.setattr(server, "most_connections", lambda: 8)


def lives(connection: socket.socket) -> bool:
    """Whether the server does not close it just now."""
    connection.settimeout(0.05)
    try:
        return connection.recv(1) != b""
    except TimeoutError:
        return True
    except ConnectionError:
        return False


def accepted(made: Serving, connection: socket.socket) -> socket.socket:
    """The connection, once the server has it and need keep it no longer."""
    until(lambda: made.has(connection))
    time.sleep(2 * accepting._GRACE)
    return connection


def answers(made: Serving, source: str = "127.0.0.1") -> bool:
    return made.ask(get(b"/"), source).startswith(b"HTTP/1.1 200 ")


def test_whoever_has_the_most_half_open_ones_makes_room(few: None, caplog: pytest.LogCaptureFixture) -> None:
    with serving(trusted=("127.0.0.1",)) as made, contextlib.ExitStack() as held:
        early = held.enter_context(made.connect(b"GET /", ELSEWHERE))
        flood = [held.enter_context(made.connect(b"GET /")) for _ in range(60)]
        assert answers(made)
        assert answers(made, ELSEWHERE)
        assert lives(early)
        assert sum(map(lives, flood[-8:])) > 0
        assert [rest_of(one) for one in flood[:4]] == [b""] * 4, "they were closed"
        early.sendall(b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert rest_of(early).startswith(b"HTTP/1.1 200 ")
    assert [line.getMessage() for line in caplog.records] == [
        "8 connections are open, the most there may be: those that keep us waiting must make room."
    ]


def test_one_network_has_a_quarter_of_them_and_a_trusted_proxy_any_number(few: None) -> None:
    for trusted, left in (((), 2), (("127.0.0.0/24",), 6)):
        with serving(trusted=trusted) as made, contextlib.ExitStack() as held:
            some = []
            for _ in range(6):
                some.append(accepted(made, held.enter_context(made.connect(b"GET /"))))
            assert [rest_of(one) for one in some[:-left]] == [b""] * (6 - left), "they were closed"
            assert all(map(lives, some[-left:]))


def test_when_all_are_at_work_new_ones_wait_and_are_answered(few: None) -> None:
    with serving() as made, contextlib.ExitStack() as held:
        working = [held.enter_context(made.connect(get(b"/work"))) for _ in range(8)]
        until(lambda: made.app.at_work == 8)
        late = held.enter_context(made.connect(get(b"/")))
        assert all(map(lives, [*working, late]))
        made.app.done.set()
        late.settimeout(SOON)
        assert rest_of(late).startswith(b"HTTP/1.1 200 ")
        for one in working:
            one.settimeout(SOON)
            assert rest_of(one).startswith(b"HTTP/1.1 200 ")


class Failing(socket.socket):
    """A listening socket for whose connections there is no file left, so many times."""

    failures = 3

    def accept(self) -> tuple[socket.socket, tuple[str, int]]:
        if self.failures:
            self.failures -= 1
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return super().accept()


def test_when_no_more_files_can_be_opened_it_goes_on_and_says_so_once_a_minute(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(accepting, "_REST", 0.1)
    with serving(Failing(fileno=listen("127.0.0.1", 0).detach())) as made:
        assert answers(made)
    told = [line.getMessage() for line in caplog.records if line.levelno >= logging.WARNING]
    assert told == ["No connection can be accepted: Too many open files."]


def test_half_of_the_files_are_for_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for files in (64, 1024, 10**6, resource.RLIM_INFINITY):
        monkeypatch.setattr(resource, "getrlimit", lambda _, files=files: (files, files))
        found.append(accepting.most_connections())
    assert found == [32, 512, 512, 512]


def test_clients_that_keep_waiting_do_not_keep_it_from_ending(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "PATIENCE", 2.0)
    with serving() as made, contextlib.ExitStack() as held:
        for begun in (
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n",
            get(b"/large"),
            b"GET",
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\na",
        ):
            late = accepted(made, held.enter_context(made.connect(begun)))
        made.stop.ask()
        late.sendall(b"b")  # who is about to end its request is answered
        assert rest_of(late).endswith(b"\r\n2")
        made.thread.join(SOON)
        assert not made.thread.is_alive()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rapport.toml").write_text(
        '[newsletter]\nname = "A Letter"\nfrom_email = "letter@example.org"\n'
        '[[feeds]]\nurl = "http://127.0.0.1:1/feed"\n'
    )
    return tmp_path


def test_serve_with_few_files_answers_in_a_flood_and_ends_soon_after_it_is_told_to(folder: Path) -> None:
    serve = [
        str(Path(sys.executable).with_name("rapport")),
        "serve",
        "--no-scheduler",
        "--port",
        "0",
        "--json",
    ]
    command = ["sh", "-c", 'ulimit -n 512 && exec "$@"', "sh", *serve]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=log) as process,
        contextlib.ExitStack() as held,
    ):
        assert process.stdout is not None
        port = int(json.loads(process.stdout.readline())["address"].rpartition(":")[2])

        def connect(sent: bytes) -> socket.socket:
            made = held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=SOON))
            made.sendall(sent)
            return made

        for _ in range(600):
            connect(b"GET /subscribe HTTP/1.1\r\nHost: x\r\nX-")
        dripping = connect(b"POST /subscribe HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
        assert rest_of(connect(get(b"/subscribe"))).startswith(b"HTTP/1.1 200 ")
        assert len(os.listdir(f"/proc/{process.pid}/fd")) < 400
        dripping.sendall(b"a")
        process.terminate()
        assert process.wait(timeout=SOON) == 0
    assert len((folder / "log").read_bytes().splitlines()) <= 1
