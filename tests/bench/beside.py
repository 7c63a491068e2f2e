"""A letter to 50,000 while ten people use the dashboard, beside the same with nobody at it.

`python -m tests.bench.beside [--postgresql]`. The processes are an operator's: `rapport serve` with
`rapport run` beside it, or `rapport serve` that sends by itself. Each of the ten looks at a page every second
or two; whoever is at "This week" sees it renewed as the letter goes out, as the page's script does it. The
rate is that of the ledger, from the snapshot to the end; the start of the program is not in it.
"""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, update

from pipeline.cli.sample.blog import SampleBlog
from pipeline.core.app import Installation
from pipeline.core.tables.editions import editions
from pipeline.core.tables.ledger import batches, recipients
from pipeline.editions import find
from pipeline.editions.approval import approve
from pipeline.editions.edition import Edition, EditionStatus
from subscribers import clock
from tests.bench import practice
from tests.bench.dashboard import serving
from tests.bench.fleet import server
from tests.bench.handing_over import ENVIRONMENT, RAPPORT, SENDGRID, counting, write_config
from tests.bench.smtp import taking_mail, tool
from tests.bench.visitor import Visitor

if TYPE_CHECKING:
    from collections.abc import Iterator

READERS = 58_200
"""Of whom 50,052 get the letter: the others have left, never confirmed, or bounced."""

PEOPLE, RUNS = 10, 2
PAUSE = 0.3
"""Seconds in which SendGrid answers."""

SMTP = """provider = "smtp"
[delivery.smtp]
port = {port}
"""
WALK = (
    "/staff/",
    "/staff/letters",
    "/staff/letters/weekly-200",
    "/staff/people",
    "/staff/people/{person}",
    "/staff/growth",
    "/staff/how",
)


def main(*arguments: str) -> None:
    with tempfile.TemporaryDirectory() as name, ExitStack() as running:
        folder, environment = Path(name), dict(ENVIRONMENT)
        if "--postgresql" in arguments:
            environment["RAPPORT_DATABASE__URL"] = running.enter_context(server(folder))
        blog = running.enter_context(SampleBlog(clock.now()))
        morning = Morning(folder, environment, blog.feed_url)
        print(
            f"\n{f'a letter on its way, {PEOPLE} people at the dashboard':<48}{'alone':>12}{'with them':>12}"
            f"{'ratio':>8}{'pages':>8}{'median':>11}{'95 %':>11}"
        )
        if sink := tool("smtp-sink"):
            with taking_mail(sink) as port:
                morning.measure("SMTP", SMTP.format(port=port))
        else:
            print("SMTP: left out; smtp-sink is missing (Debian: apt-get install postfix)")
        with counting(PAUSE) as (url, _):
            morning.measure(f"SendGrid, {PAUSE} s a request", SENDGRID.format(url=url))


class Morning:
    """The practice whose letter goes out, again and again."""

    def __init__(self, folder: Path, environment: dict[str, str], feed: str) -> None:
        self._folder, self._environment, self._feed = folder, environment, feed
        self._configure(SENDGRID.format(url="http://127.0.0.1:9"))
        with self._opened() as opened:
            practice.fill(opened, READERS)
            slug = practice.draft(opened)
            ago = clock.now() - timedelta(minutes=1)
            with opened.database.write() as connection:
                connection.execute(update(editions).where(editions.c.slug == slug).values(due_at=ago))
            approve(opened, slug)
            with opened.database.read() as connection:
                self._edition = find.by_slug(connection, slug)
            self._cookies = [practice.signed_in(opened, f"staff{n}@example.org") for n in range(PEOPLE)]

    def measure(self, what: str, delivery: str) -> None:
        self._configure(delivery)
        for sends in (False, True):
            alone, beside, pages = [], [], []
            for _ in range(RUNS):
                alone.append(self._sent(0, sends=sends)[0])
                rate, taken = self._sent(PEOPLE, sends=sends)
                beside.append(rate)
                pages += taken
            lone, busy = statistics.median(alone), statistics.median(beside)
            of = statistics.quantiles([one * 1000 for one in pages], n=20)
            print(
                f"{f'{what}, ' + ('serve alone' if sends else 'serve and run'):<48}{lone:>10,.0f}/s"
                f"{busy:>10,.0f}/s{busy / lone:>8.2f}{len(pages):>8,}{of[9]:>8.1f} ms{of[18]:>8.1f} ms",
                flush=True,
            )

    def _sent(self, people: int, *, sends: bool) -> tuple[float, list[float]]:
        """Letters a second, and what each page took."""
        with self._opened() as opened, ExitStack() as running:
            self._as_before(opened)
            host, _ = running.enter_context(serving(self._folder, self._environment, sends=sends))
            pages = running.enter_context(_staff(host, self._cookies[:people]))
            if not sends:
                subprocess.run(
                    [RAPPORT, "run"],
                    cwd=self._folder,
                    env=os.environ | self._environment,
                    stdout=subprocess.DEVNULL,
                    check=True,
                )
            sent = self._ended(opened)
            with opened.database.read() as connection:
                handed = connection.scalar(
                    select(func.sum(batches.c.size)).where(batches.c.edition_id == sent.id)
                )
        assert sent.snapshot_at is not None
        assert sent.finished_at is not None
        return handed / (sent.finished_at - sent.snapshot_at).total_seconds(), pages

    def _ended(self, opened: Installation) -> Edition:
        while True:
            with opened.database.read() as connection:
                found = find.by_id(connection, self._edition.id)
            if found.status not in (EditionStatus.APPROVED, EditionStatus.SENDING):
                assert found.status == EditionStatus.SENT, found.reason
                return found
            time.sleep(0.2)

    def _as_before(self, opened: Installation) -> None:
        """The letter approved, and handed to nobody."""
        one = self._edition
        with opened.database.write() as connection:
            for table in (recipients, batches):
                connection.execute(delete(table).where(table.c.edition_id == one.id))
            connection.execute(
                update(editions)
                .where(editions.c.id == one.id)
                .values(status=EditionStatus.APPROVED, snapshot_at=None, finished_at=None, provider=None)
            )

    def _configure(self, delivery: str) -> None:
        write_config(self._folder, delivery, self._feed)

    def _opened(self) -> Installation:
        return Installation.open(self._folder / "rapport.toml", self._environment)


@contextmanager
def _staff(host: str, cookies: list[str]) -> Iterator[list[float]]:
    """They go through the pages meanwhile; the seconds that each page took."""
    taken: list[float] = []
    gone = threading.Event()
    failed: list[BaseException] = []

    def use(number: int, cookie: str) -> None:
        try:
            _Person(number, host, cookie, taken, gone).walk()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=use, args=pair, daemon=True) for pair in enumerate(cookies)]
    for thread in threads:
        thread.start()
    try:
        yield taken
    finally:
        gone.set()
        for thread in threads:
            thread.join()
    if failed:
        raise failed[0]


class _Person:
    """One of the ten; each goes another way, the same every time."""

    def __init__(
        self, number: int, host: str, cookie: str, taken: list[float], gone: threading.Event
    ) -> None:
        self._chance = random.Random(number)
        self._host, self._cookie = host, cookie
        self._browser = Visitor(host, cookie)
        self._taken, self._gone = taken, gone

    def walk(self) -> None:
        self._gone.wait(self._chance.uniform(0, 2))
        while not self._gone.is_set():
            path = self._chance.choice(WALK).format(person=self._chance.randrange(1, READERS))
            shown = self._look(path)
            stays = time.monotonic() + self._chance.uniform(1, 2)
            if path == WALK[0]:
                self._watch(shown, stays)
            self._gone.wait(max(0.0, stays - time.monotonic()))
        self._browser.close()

    def _look(self, path: str) -> str:
        before = time.perf_counter()
        shown = self._browser.get(path)
        self._taken.append(time.perf_counter() - before)
        return shown

    def _watch(self, shown: str, until: float) -> None:
        """Get the page again whenever it is told that it is another now."""
        listening = Visitor(self._host, self._cookie)
        for _ in listening.events(shown, until):
            self._look(WALK[0])
        listening.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
