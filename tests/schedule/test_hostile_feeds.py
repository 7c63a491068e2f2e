"""While a hostile document is fetched and read, pages are answered and the other feeds are read."""

from __future__ import annotations

import json
import signal
import socket
import threading
import time
import urllib.request
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Self

import pytest
from sqlalchemy import select

from pipeline.core.database import Database
from pipeline.core.tables.feeds import feeds, posts
from pipeline.feeds.parsing.sandbox import MEMORY
from tests.doubles.blog import Blog, Item
from tests.feeds.parsing.small_limits import HOSTILE
from tests.processes import children, most_memory
from tests.waiting import LONGEST, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.torture.launcher import Launcher, Process

pytest_plugins = ["tests.torture.fixture"]

CONSTANTS = {
    "pipeline.feeds.parsing.sandbox.CHILD": "tests.feeds.parsing.small_limits",
    "pipeline.feeds.parsing.sandbox.CLOCK_SECONDS": LONGEST,
    "pipeline.feeds.parsing.sandbox.PATIENCE": 0.1,
    "pipeline.feeds.fetching.fetch.STEP_SECONDS": LONGEST,
    "pipeline.feeds.fetching.fetch.TOTAL_SECONDS": LONGEST,
}


class Dripping:
    """A server that gives a byte now and then, and no end until it is let go."""

    def __enter__(self) -> Self:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._ended = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.let_go()

    def let_go(self) -> None:
        self._ended.set()
        self._socket.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}/feed"

    def _serve(self) -> None:
        with suppress(OSError):
            connection, _ = self._socket.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n\r\n<rss>")
                while not self._ended.wait(0.05):
                    connection.sendall(b" ")


class Late(Blog):
    """A blog that answers once the hostile document is being read."""

    def __init__(self, items: list[Item]) -> None:
        super().__init__(items)
        self.may_answer = threading.Event()

    def feed(self) -> bytes:
        self.may_answer.wait(LONGEST)
        return super().feed()


BEING_READ = 60_000_000
"""Bytes that a child has only with a large document: it starts with half of that."""


def answers(address: str) -> bool:
    with urllib.request.urlopen(f"{address}/healthz", timeout=LONGEST) as answer:
        return bool(answer.status == 200)


def served(launcher: Launcher, folder: Path, *more: str) -> tuple[Process, str]:
    process = launcher.start(folder, "serve", "--port", "0", "--json", *more, constants=CONSTANTS)
    until(lambda: process.out or not process.running)
    assert process.out, process.err
    return process, json.loads(process.out.splitlines()[0])["address"]


@pytest.mark.parametrize("reads", ["the scheduler", "a run"])
def test_pages_answer_and_another_feeds_post_goes_in_meanwhile(
    launcher: Launcher, tmp_path: Path, reads: str
) -> None:
    good = Late([Item("A calm morning")])
    with Dripping() as dripping, Blog(body=HOSTILE) as hostile, good:
        urls = (dripping.url, hostile.url, good.url)
        (tmp_path / "rapport.toml").write_text(
            '[newsletter]\nname = "A Letter"\nfrom_email = "letter@example.org"\n'
            + "".join(f'[[feeds]]\nurl = "{url}"\n' for url in urls)
        )
        assert launcher.start(tmp_path, "posts", constants=CONSTANTS).end() == 0  # the database is made
        server, address = served(launcher, tmp_path, *(["--no-scheduler"] if reads == "a run" else []))
        reader = launcher.start(tmp_path, "run", constants=CONSTANTS) if reads == "a run" else server
        answered_meanwhile, there_meanwhile, most = 0, False, 0
        end = time.monotonic() + LONGEST
        with closing(Database(f"sqlite:///{tmp_path / 'rapport.db'}")) as database:
            while True:
                assert time.monotonic() < end, "the hostile feeds are still being read"
                with database.read() as connection:
                    titles = set(connection.scalars(select(posts.c.title)))
                    faults = dict(connection.execute(select(feeds.c.url, feeds.c.error)).all())
                if all(faults.get(url) for url in urls[:2]):
                    break
                assert answers(address)
                answered_meanwhile += 1
                if titles == {"A calm morning"}:
                    there_meanwhile = True
                    dripping.let_go()
                most = max([most, *map(most_memory, children(reader.pid))])
                if most > BEING_READ:
                    good.may_answer.set()
                time.sleep(0.04)
        assert there_meanwhile
        assert answered_meanwhile > 3
        assert BEING_READ < most < MEMORY
        assert "could not be read within" in faults[hostile.url]
        for process in (server, reader):
            process.signal(signal.SIGTERM)
            process.end()
            assert "Traceback" not in process.err
