"""What each page of the dashboard takes with 100,000 readers and 200 letters, beside a bare page.

`python -m tests.bench.dashboard [--postgresql]`. The server is `rapport serve`, in which somebody is signed
in. Beside the median time stands the server's own processor time, which says more on a busy machine; that of
PostgreSQL is not in it.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pipeline.cli.sample.blog import SampleBlog
from pipeline.core.app import Installation
from subscribers import clock
from tests.bench import practice
from tests.bench.fleet import server
from tests.bench.handing_over import ENVIRONMENT, RAPPORT, SENDGRID, write_config
from tests.bench.practice import LETTERS, READERS
from tests.bench.visitor import Visitor
from tests.processes import processor_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BARE = "/healthz"
RUNS = 15
PAGES = {
    "this week": "/staff/",
    "the letter in its frame": "/staff/frame",
    "an earlier letter": "/staff/?edition=weekly-100",
    "letters": "/staff/letters",
    "letters, further on": "/staff/letters?before=100",
    "what became of the newest letter": f"/staff/letters/weekly-{LETTERS}",
    "what became of an old one": "/staff/letters/weekly-20",
    "how the list grows": "/staff/growth",
    "people": "/staff/people",
    "people, in the middle": f"/staff/people?after={READERS // 2}",
    f"somebody who had all {LETTERS} letters": "/staff/people/1",
    "who may sign in": "/staff/accounts",
    "what staff did": "/staff/accounts/log",
    "how it is": "/staff/how",
    "writing a note": "/staff/note",
    "adding somebody": "/staff/people/add",
    "export": "/staff/people/export",
    "one's own account": "/staff/account",
}
SEARCHES = {
    "the beginning of a name": "mar",
    "one letter": "a",
    "what follows a first name": "fischer",
    "the beginning of an address": "ada.fischermann1",
    "the middle of an address": "fischermann1",
    "a domain": "example.net",
    "a whole address": "ada.abel@nowhere.example",
    "nobody": "zzz",
}


def main(*arguments: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        if "--postgresql" not in arguments:
            _measure(Path(folder), "SQLite", ENVIRONMENT)
            return
        with server(Path(folder)) as url:
            _measure(Path(folder), "PostgreSQL", ENVIRONMENT | {"RAPPORT_DATABASE__URL": url})


def _measure(folder: Path, database: str, environment: dict[str, str]) -> None:
    with SampleBlog(clock.now()) as blog:
        write_config(folder, SENDGRID.format(url="http://127.0.0.1:9"), blog.feed_url)
        before = time.perf_counter()
        with Installation.open(folder / "rapport.toml", environment) as opened:
            practice.fill(opened)
            practice.draft(opened)
            cookie = practice.signed_in(opened)
        took = time.perf_counter() - before
    print(f"\nThe dashboard, {database}, {READERS:,} readers and {LETTERS} letters (made in {took:.0f} s)")
    with serving(folder, environment) as (host, process):
        staff = Visitor(host, cookie)
        _Rows(process, lambda: staff.get(BARE)).show(staff, host)
        staff.close()


@contextmanager
def serving(folder: Path, environment: dict[str, str], *, sends: bool = False) -> Iterator[tuple[str, int]]:
    """`rapport serve` in a process of its own: where it listens, and its number."""
    command = [RAPPORT, "serve", "--port", "0", "--json", *([] if sends else ["--no-scheduler"])]
    with subprocess.Popen(
        command, cwd=folder, env=os.environ | environment, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout
        try:
            yield urlsplit(json.loads(running.stdout.readline())["address"]).netloc, running.pid
        finally:
            running.terminate()


class _Rows:
    """Measures and prints. ``floor``: a bare page of the same server, which is the process of that number."""

    def __init__(self, process: int, floor: Callable[[], object]) -> None:
        self._process, self._floor = process, floor
        print(f"{'':<44}{'ours':>10}{'processor':>12}{'floor':>10}{'ratio':>8}")

    def show(self, staff: Visitor, host: str) -> None:
        for what, path in PAGES.items():
            self._row(what, lambda path=path: staff.get(path))  # type: ignore[misc]
        stranger = Visitor(host)
        self._row("signing in", lambda: stranger.get("/staff/sign-in"))
        stranger.close()
        token = staff.hidden("/staff/people", "csrf")
        for what, typed in SEARCHES.items():
            self._row(f"search: {what}", lambda q=typed: staff.post("/staff/people", token | {"q": q}))  # type: ignore[misc]
        edits = staff.hidden("/staff/", "csrf", "edition")
        fresh = iter(range(10_000))
        self._row(
            "a change of the letter, until it is kept",
            lambda: staff.post("/staff/edit", edits | {"intro": f"Number {next(fresh)}"}, status=303),
        )
        self._row("an export begins", lambda: staff.begin("/staff/people/export", token))

    def _row(self, what: str, work: Callable[[], object]) -> None:
        """Of RUNS runs, after one that does not count; the floor in turns with them, at the same load."""
        work()
        runs = [(self._timed(self._floor), self._timed(work)) for _ in range(RUNS)]
        bare, full = zip(*runs, strict=True)
        floor = statistics.median(took for took, _ in bare)
        ours, processor = (statistics.median(each) for each in zip(*full, strict=True))
        print(
            f"  {what:<42}{ours * 1000:>7.1f} ms{processor * 1000:>9.1f} ms{floor * 1000:>7.1f} ms"
            f"{ours / floor:>7.1f}×",
            flush=True,
        )

    def _timed(self, work: Callable[[], object]) -> tuple[float, float]:
        """Seconds, and those of the server's processor time."""
        used, before = processor_time(self._process), time.perf_counter()
        work()
        took = time.perf_counter() - before
        return took, processor_time(self._process) - used


if __name__ == "__main__":
    main(*sys.argv[1:])
