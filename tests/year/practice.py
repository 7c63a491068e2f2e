"""The practice that lives through the script: real feeds, pages and provider on loopback, two who call the job."""

from __future__ import annotations

import os
import re
import socket
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

import httpx
import uvicorn

from pipeline.database import Database
from pipeline.providers import NOTICE
from pipeline.run import Ran, run
from pipeline.web.app import make_app
from pipeline.web.server import listen, settings
from subscribers import directory
from tests.doubles.blog import Blog, Item
from tests.doubles.sendgrid import Answer, Delivery, EventWebhook, StrictSendGrid, body_of
from tests.installations import installation
from tests.year.oracle import Letter, due_times, shown
from tests.year.script import CATEGORY, SCHEDULES, local

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path
    from types import TracebackType

    import time_machine

    from pipeline.installation import Installation
    from tests.year.script import Reader, Script

IN_THE_FEED = 10
"""Posts that a blog's feed shows: the newest."""

STAFF = "editor@example.org"
TITLE = re.compile(r"^(?:Practice|Partners) (?:post|extra|early|drawer post)(?: \d+)?$", re.MULTILINE)


@dataclass(frozen=True)
class Call:
    """One digest's turn, by one of those who call the job."""

    at: datetime
    by: str
    ran: Ran


@dataclass
class Practice:
    script: Script
    folder: Path
    database: str
    clock: time_machine.Traveller
    calls: list[Call] = field(default_factory=list)
    went: list[tuple[datetime, Delivery]] = field(default_factory=list)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.blogs = {name: stack.enter_context(Blog()) for name in ("practice", "partners")}
            self.sendgrid = stack.enter_context(StrictSendGrid())
            os.environ["SENDGRID_API_KEY"] = self.sendgrid.key
            stack.callback(os.environ.pop, "SENDGRID_API_KEY")
            self.webhook = EventWebhook()
            listener = stack.enter_context(listen("127.0.0.1", 0))
            self.site = f"http://127.0.0.1:{listener.getsockname()[1]}"
            self.pages = stack.enter_context(httpx.Client(base_url=self.site, timeout=60))
            stack.enter_context(_serving(self._installed(stack), listener))
            self.doors: dict[str, Callable[[], list[Ran]]] = {
                "scheduler": self._runs(self._installed(stack)),
                "cron": self._runs(self._installed(stack)),
            }
            self.staff = self._installed(stack)
            self.pool = stack.enter_context(ThreadPoolExecutor(len(self.doors)))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _installed(self, stack: ExitStack) -> Installation:
        """As each process opens it for itself."""
        database = Database(self.database)
        stack.callback(database.close)
        newsletter = {
            "name": "The Weekly Letter",
            "from_email": "letter@example.org",
            "postal_address": "1 Main Street, Springfield",
            "public_url": self.site,
            "timezone": "America/New_York",
        }
        digests = [
            {"name": name, "schedule": schedule, "include_categories": [CATEGORY[name]] if name in CATEGORY else [],
             "max_posts": 25}
            for name, schedule in SCHEDULES.items()
        ]  # fmt: skip
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

    def _runs(self, installed: Installation) -> Callable[[], list[Ran]]:
        return lambda: run(installed, installed.config.digests, progress=lambda done, total: None)

    # What happens

    def live(self) -> None:
        """From the script's beginning to its end."""
        self._goes_to(self.script.begins)
        for reader in self.script.readers:
            if reader.joins is None:
                self._typed_in(reader)
        for moment, happens in self._moments():
            self._goes_to(moment)
            for action in happens:
                action()
            if not any(moment in span for span in self.script.off):
                self._report()
                self._all_call()

    def _moments(self) -> list[tuple[datetime, list[Callable[[], None]]]]:
        """When somebody calls the job: twice a week, and closely around whatever is due or happens."""
        script = self.script
        found: dict[datetime, list[Callable[[], None]]] = {}
        for digest in SCHEDULES:
            for due in due_times(script, digest):
                for minutes in (-10, 0, 10, 60):
                    found.setdefault(due + timedelta(minutes=minutes), [])
        day = script.begins.date()
        while day <= script.ends.date():
            found.setdefault(local(day, "10:30"), [])
            day += timedelta(days=3)
        for span in script.off:
            found.setdefault(span.end, [])
        for moment, action in self._happenings():
            found.setdefault(moment, []).append(action)
        return [item for item in sorted(found.items()) if script.begins <= item[0] <= script.ends]

    def _happenings(self) -> Iterator[tuple[datetime, Callable[[], None]]]:
        script = self.script
        yield script.by_hand, self._sends_by_hand
        yield script.refusing.start, lambda: self._refuses(True)
        yield script.refusing.end, lambda: self._refuses(False)
        for reader in script.readers:
            for moment, action in ((reader.joins, self._joins), (reader.leaves, self._leaves), (reader.complains, self._complains)):
                if moment is not None:
                    yield moment, lambda action=action, reader=reader: action(reader)

    def _goes_to(self, moment: datetime) -> None:
        self.clock.move_to(moment)
        for name, blog in self.blogs.items():
            written = [e for e in self.script.entries if e.blog == name and e.shown <= moment]
            blog.items = [
                Item(e.title, e.dated, guid=f"guid of {e.title}", categories=(e.category,) if e.category else ())
                for e in written[-IN_THE_FEED:]
            ]
        partners, broken = self.blogs["partners"], moment in self.script.broken
        partners.status = 500 if broken and moment < self.script.garbage else 200
        partners.body = b"<!doctype html><title>Be right back</title>" if broken and partners.status == 200 else None
        partners.headers = {"Retry-After": "0"}

    def _all_call(self) -> None:
        """Everybody at once."""
        together = threading.Barrier(len(self.doors))

        def call(door: Callable[[], list[Ran]]) -> list[Ran]:
            together.wait()
            return door()

        ended = dict(zip(self.doors, self.pool.map(call, self.doors.values()), strict=True))
        for by, all_ran in ended.items():
            self.calls += [Call(self._now, by, ran) for ran in all_ran]
        self._collect()

    def _sends_by_hand(self) -> None:
        weekly = [digest for digest in self.staff.config.digests if digest.name == "weekly"]
        (ran,) = run(self.staff, weekly, at_once=True, progress=lambda done, total: None)
        self.calls.append(Call(self._now, "staff", ran))
        self._collect()

    @property
    def _now(self) -> datetime:
        from subscribers import clock

        return clock.now()

    def _collect(self) -> None:
        accepted = self.sendgrid.requests
        self.went += [(self._now, mail) for mail in self.sendgrid.deliveries_of(self._collected)]
        self._collected = accepted

    def _refuses(self, whether: bool) -> None:
        self.sendgrid.faults.clear()
        if whether:
            self.sendgrid.faults.extend([Answer(503, headers={"Retry-After": "0"})] * 1000)

    # What readers do

    def _typed_in(self, reader: Reader) -> None:
        with self.staff.database.write() as connection:
            directory.add(connection, reader.address, digests=list(SCHEDULES), wording="Asked", source="paper")

    def _joins(self, reader: Reader) -> None:
        if reader.on_paper:
            self._typed_in(reader)
            return
        form = {"email": reader.address, "name": reader.name, "digest": list(SCHEDULES)}
        assert self.pages.post("/subscribe", data=form).status_code == 200
        while "confirmation" not in self.sendgrid.payloads[-1]["categories"]:
            time.sleep(0.01)  # it is mailed once the answer is out
        self._collect()
        asked = self._newest(reader, "confirmation")
        (path,) = set(re.findall(r"/confirm/[\w-]+", asked.text))
        assert self.pages.post(path).status_code == 200

    def _leaves(self, reader: Reader) -> None:
        link = self._newest(reader, "weekly").headers["List-Unsubscribe"].strip("<>")
        answer = self.pages.post(link, data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200

    def _complains(self, reader: Reader) -> None:
        self._tell([_event("spamreport", self._newest(reader, "weekly"), self._now)])

    def _newest(self, reader: Reader, category: str) -> Delivery:
        got = [mail for _, mail in self.went if mail.address == reader.address and category in mail.categories]
        return got[-1]

    def _report(self) -> None:
        """SendGrid says what became of the mails."""
        dead = {reader.address: reader.dies for reader in self.script.readers if reader.dies}
        events = []
        for at, mail in self.went[self._reported :]:
            died = dead.get(mail.address)
            events.append(_event("bounce" if died and died <= at else "delivered", mail, at))
        self._reported = len(self.went)
        if events:
            self._tell(events)

    _reported = 0
    _collected = 0

    def _tell(self, events: list[dict[str, Any]]) -> None:
        body = body_of(events)
        answer = self.pages.post("/webhooks/sendgrid", content=body, headers=self.webhook.signed(body))
        assert answer.status_code == 204

    # What is to be seen afterwards

    def letters(self) -> list[Letter]:
        """What readers got, a letter an edition, in the order they went."""
        editions: dict[str, list[tuple[datetime, Delivery]]] = {}
        for at, mail in self.went:
            if set(mail.categories) & set(SCHEDULES):
                editions.setdefault(str(mail.edition), []).append((at, mail))
        return [_letter(mails, self.script.readers) for mails in editions.values()]

    def notices(self) -> list[tuple[str, str]]:
        """What staff were told, and when."""
        return [(shown(at), mail.subject) for at, mail in self.went if NOTICE in mail.categories]

    def twice(self) -> list[tuple[str, str]]:
        """Who got an edition more than once."""
        got = Counter((str(mail.edition), mail.address) for _, mail in self.went if mail.categories[0] in SCHEDULES)
        return [who for who, times in got.items() if times > 1]


def _letter(mails: list[tuple[datetime, Delivery]], readers: Iterable[Reader]) -> Letter:
    (digest,) = {mail.categories[0] for _, mail in mails}
    (went,) = {shown(at) for at, _ in mails}
    (posts,) = {tuple(TITLE.findall(mail.text)) for _, mail in mails}
    names = {reader.address: reader.name for reader in readers}
    return Letter(digest, went, posts, tuple(sorted(names[mail.address] for _, mail in mails)))


def _event(word: str, mail: Delivery, at: datetime) -> dict[str, Any]:
    """As SendGrid posts it."""
    return {
        "event": word,
        "email": mail.address,
        "timestamp": int(at.timestamp()) + 5,
        "sg_event_id": f"{word}-{mail.message_id}-{mail.subscriber}",
        "sg_message_id": f"{mail.message_id}.recvd-0",
        **mail.custom_args,
    }


@contextmanager
def _serving(installed: Installation, listener: socket.socket) -> Iterator[None]:
    """The pages and the webhook, in a thread of their own."""
    app = make_app(installed)
    server = uvicorn.Server(uvicorn.Config(app, **settings(installed.config.server)))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(timeout=20)
        app.state.writer.close()
