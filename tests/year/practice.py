"""The practice: real feeds, pages and provider on loopback, and those who call the job, side by side."""

from __future__ import annotations

import itertools
import os
import re
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import httpx
from sqlalchemy import select

from pipeline.core.database import Database
from pipeline.core.signals import Stop
from pipeline.core.tables.editions import editions
from pipeline.editions.ledger import outcomes
from pipeline.feeds.pull import pull
from pipeline.providers import NOTICE
from pipeline.schedule.run import run
from pipeline.schedule.scheduler import Scheduler
from pipeline.web.app import make_app
from pipeline.web.server import listen, settings
from subscribers import clock
from tests.doubles.blog import Blog, Item
from tests.doubles.sendgrid import EventWebhook, StrictSendGrid, body_of
from tests.installations import installation
from tests.serving import serving
from tests.waiting import LONGEST
from tests.year.oracle import Letter, Passed, shown
from tests.year.script import CATEGORIES, SCHEDULES

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path
    from types import TracebackType

    from pipeline.core.app import Installation
    from tests.doubles.sendgrid import Delivery
    from tests.year.script import Entry

IN_THE_FEED = 10
"""Posts that a blog's feed shows: the newest."""

STAFF = "editor@example.org"
TITLE = re.compile(r"^(?:Practice|Partners) \w+ \d+$", re.MULTILINE)


@dataclass(frozen=True)
class Mailed:
    """What SendGrid took of us, and when."""

    at: datetime
    mail: Delivery

    @property
    def digest(self) -> str:
        return self.mail.categories[0]


@dataclass
class Practice:
    """From `with` to its end; ``mailed`` is all that went out meanwhile, in order."""

    folder: Path
    database: str
    mailed: list[Mailed] = field(default_factory=list)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.blogs = {name: stack.enter_context(Blog()) for name in ("practice", "partners")}
            self.sendgrid = stack.enter_context(StrictSendGrid())
            os.environ["SENDGRID_API_KEY"] = self.sendgrid.key
            stack.callback(os.environ.pop, "SENDGRID_API_KEY")
            self.webhook = EventWebhook()
            listener = stack.enter_context(listen("127.0.0.1", 0))
            self.site = f"http://127.0.0.1:{listener.getsockname()[1]}"
            self.pages = stack.enter_context(httpx.Client(base_url=self.site, timeout=LONGEST))
            stack.enter_context(_serving(self._opened(stack), listener))
            self.staff = self._opened(stack)
            self.scheduler = Scheduler(self._opened(stack), Stop())
            self.doors = [_Door(self.scheduler.tick), _Door(_cron(self._opened(stack)))]
            self._turns = itertools.cycle(self.doors)
            for door in self.doors:
                stack.callback(door.close)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _opened(self, stack: ExitStack) -> Installation:
        """As each process opens it for itself."""
        database = Database(self.database)
        stack.callback(database.close)
        newsletter = {
            "name": "The Weekly Letter",
            "from_email": "letter@example.org",
            "postal_address": "1 Willow Street, Springfield",
            "public_url": self.site,
            "timezone": "America/New_York",
        }
        wanted = {name: [name] for name in CATEGORIES}
        digests = [
            {
                "name": name,
                "schedule": schedule,
                "max_posts": 25,
                "include_categories": wanted.get(name, []),
                "welcome": "none",  # the calendar alone says when a letter goes
            }
            for name, schedule in SCHEDULES.items()
        ]
        sendgrid = {"api_url": self.sendgrid.url, "webhook_public_key": self.webhook.public_key}
        return installation(
            database,
            self.folder,
            "",
            newsletter=newsletter,
            feeds=[{"url": blog.url} for blog in self.blogs.values()],
            digests=digests,
            delivery={"provider": "sendgrid", "sendgrid": sendgrid},
            staff={"emails": [STAFF]},
        )

    # What is done

    def everybody_calls(self) -> None:
        """The job is called from all sides at the same moment."""
        calls = [door.call() for door in self.doors]
        for call in calls:
            call.result()
        self._collect()

    def somebody_calls(self) -> None:
        """The job is called from one side, and the next time from another."""
        next(self._turns).call().result()
        self._collect()

    def reads_feeds(self) -> None:
        """Somebody reads the feeds in between."""
        pull(self.staff.database, self.staff.config)

    def sends_by_hand(self, digest: str) -> None:
        """Staff do."""
        chosen = [d for d in self.staff.config.digests if d.name == digest]
        run(self.staff, chosen, at_once=True, progress=lambda done, total: None)
        self._collect()

    def writes(self, blog: str, entries: list[Entry]) -> None:
        """What a blog has written by now, its oldest first."""
        self.blogs[blog].items = [
            Item(entry.title, entry.dated, f"guid of {entry.title}", categories=entry.categories)
            for entry in reversed(entries[-IN_THE_FEED:])
        ]

    def hears(self, *events: dict[str, Any]) -> None:
        """SendGrid posts events."""
        body = body_of(events)
        answer = self.pages.post("/webhooks/sendgrid", content=body, headers=self.webhook.signed(body))
        assert answer.status_code == 204

    def _collect(self) -> None:
        known = self._requests
        self._requests = self.sendgrid.requests
        self.mailed += [Mailed(clock.now(), mail) for mail in self.sendgrid.deliveries_of(known)]

    _requests = 0

    # What is to be seen

    def newest(self, address: str, digest: str) -> Delivery:
        """The newest letter of a digest that somebody got."""
        self._collect()
        return [m.mail for m in self.mailed if m.mail.address == address and m.digest == digest][-1]

    def letters(self) -> list[Letter]:
        """What readers got, in the order it went."""
        found: dict[str, list[Mailed]] = {}
        for mailed in self.mailed:
            if mailed.digest in SCHEDULES:
                found.setdefault(str(mailed.mail.edition), []).append(mailed)
        return [_letter(copies) for copies in found.values()]

    def twice(self) -> list[tuple[str | None, str]]:
        """Who got an edition more than once."""
        got = Counter((m.mail.edition, m.mail.address) for m in self.mailed if m.digest in SCHEDULES)
        return [who for who, times in got.items() if times > 1]

    def notices(self) -> list[str]:
        """What staff were told."""
        return [mailed.mail.subject for mailed in self.mailed if mailed.digest == NOTICE]

    def passed(self) -> list[Passed]:
        """The due times that were given up."""
        query = select(editions).where(editions.c.status == "skipped").order_by(editions.c.due_at)
        with self.staff.database.read() as connection:
            rows = connection.execute(query).all()
        return [Passed(row.digest, shown(row.due_at), "missed by more" in row.reason) for row in rows]

    def states(self) -> Counter[str]:
        """How many readers of all editions are in which state, as the ledger has it."""
        counted: Counter[str] = Counter()
        with self.staff.database.read() as connection:
            for edition in connection.execute(select(editions.c.id)).scalars().all():
                counted.update(outcomes.counts(connection, edition))
        return counted


class _Door:
    """One who calls the job, in a thread of its own."""

    def __init__(self, job: Callable[[], object]) -> None:
        self._job = job
        self._thread = ThreadPoolExecutor(1)

    def call(self) -> Future[object]:
        return self._thread.submit(self._job)

    def close(self) -> None:
        self._thread.shutdown()


def _cron(installed: Installation) -> Callable[[], object]:
    return lambda: run(installed, installed.config.digests, progress=lambda done, total: None)


def _letter(copies: list[Mailed]) -> Letter:
    (digest,) = {copy.digest for copy in copies}
    (went,) = {shown(copy.at) for copy in copies}
    (posts,) = {tuple(TITLE.findall(copy.mail.text)) for copy in copies}
    return Letter(digest, went, posts, tuple(sorted(copy.mail.address for copy in copies)))


@contextmanager
def _serving(installed: Installation, listener: socket.socket) -> Iterator[None]:
    """The pages and the webhook, in a thread of their own."""
    app = make_app(installed)
    try:
        with serving(app, listener, **settings(installed.config.server)):
            yield
    finally:
        app.state.writer.close()
