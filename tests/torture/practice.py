"""A practice with a letter to send, made anew in a moment, and the verdict on what became of its readers."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import tempfile
import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import create_engine, select, text, update
from sqlalchemy.engine import make_url

from pipeline.core.app import Installation
from pipeline.core.database import Database
from pipeline.core.schema import migrate
from pipeline.core.tables.editions import editions
from pipeline.editions.approval import approve
from pipeline.editions.compose import compose
from pipeline.editions.ledger import doubt, outcomes
from pipeline.feeds.first_seen import register
from pipeline.feeds.pull import pull
from subscribers import clock, signup, welcomes
from subscribers.importing.run import import_csv
from tests.doubles.blog import Blog, Item
from tests.waiting import LONGEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.torture.launcher import Launcher, Process
    from tests.torture.provider import MoodySendGrid

TIMEOUT = 0.8
"""`delivery.sendgrid.timeout`, seconds, where the provider may hang and not only be slow."""

SLUG = "weekly-1"

_CONFIG = """
[newsletter]
name = "The Weekly Letter"
from_email = "letter@willow.example"
postal_address = "1 Willow Street, Springfield"
public_url = "https://letter.willow.example"

[[feeds]]
url = "{feed}"

[[digests]]
name = "weekly"

[match]
url = "https://example.org/get-matched"

[delivery]
provider = "sendgrid"
batch_size = {batch}
connections = {connections}
probe_public_url = false

[delivery.sendgrid]
timeout = {timeout}
"""

SHORT_WAITS: dict[str, Any] = {
    "pipeline.delivery.batch_sender.FIRST_WAIT": 0.01,
    "pipeline.delivery.batch_sender.LONGEST_WAIT": 0.05,
    "pipeline.delivery.workers.jobs.FIRST_REST": 0.05,
    "pipeline.delivery.workers.jobs.LONGEST_REST": 0.2,
    "pipeline.delivery.workers.process.CARE": "* * * * * *",
}
"""Constants of the product by which it waits for a provider that refuses, and looks who needs workers."""


@contextmanager
def scratch(otherwise: Path | None = None) -> Iterator[Path]:
    """A folder for practices, in memory where the system has such a place.

    A killed process loses nothing that it wrote, flushed or not: only a power cut would. So flushing, most
    of the time of a send, may as well be quick.
    """
    memory = Path("/dev/shm")
    chosen = memory if os.access(memory, os.W_OK) else otherwise
    with tempfile.TemporaryDirectory(prefix="rapport-torture-", dir=chosen) as folder:
        yield Path(folder)


class Place(Protocol):
    """Where databases are made."""

    name: str

    def base(self) -> str:
        """The URL of an empty database with the current schema."""
        ...

    def copy(self, base: str, folder: Path) -> str:
        """The URL of a copy of it, for an installation in ``folder``."""
        ...

    def drop(self, url: str) -> None: ...


@dataclass
class Sqlite:
    """``template``: a database with the current schema, where there is one already."""

    folder: Path
    template: Path | None = None
    name: str = "SQLite"

    def base(self) -> str:
        self.folder.mkdir(exist_ok=True)
        url = f"sqlite:///{self.folder / 'base.db'}"
        if self.template:
            shutil.copyfile(self.template, self.folder / "base.db")
        else:
            _migrated(url)
        return url

    def copy(self, base: str, folder: Path) -> str:
        return f"sqlite:///{shutil.copyfile(make_url(base).database or '', folder / 'rapport.db')}"

    def drop(self, url: str) -> None:
        """Goes with its folder."""


_names = itertools.count(1)


@dataclass
class Postgresql:
    """``server``: the URL of a database of the server whose user may create others; ``template``: the name
    of one with the current schema, where there is one already."""

    server: str
    prefix: str
    template: str = ""
    name: str = "PostgreSQL"

    def base(self) -> str:
        url = self._created(self.template or "template1")
        if not self.template:
            _migrated(url)
        return url

    def copy(self, base: str, folder: Path) -> str:
        return self._created(make_url(base).database or "")

    def _created(self, template: str) -> str:
        name = f"{self.prefix}_{next(_names)}"
        self._say(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return make_url(self.server).set(database=name).render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        self._say(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")

    def _say(self, statement: str) -> None:
        engine = create_engine(self.server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()


@dataclass(frozen=True)
class Verdict:
    """What the ledger and the provider say of one edition together.

    ``states`` counts the ledger's; ``duplicates`` are accepted copies above one an address; ``lost`` are
    readers of the snapshot who stand nowhere, still wait, or stand as sent and were never accepted, and
    accepted ones whom the ledger denies.
    """

    states: Counter[str] = field(default_factory=Counter)
    accepted: int = 0
    duplicates: int = 0
    lost: int = 0
    faults: tuple[str, ...] = ()

    @property
    def right(self) -> bool:
        return not (self.duplicates or self.lost or self.faults)


def judge(accepted: Counter[str], people: Iterable[dict[str, Any]], expected: set[str] | None) -> Verdict:
    """``accepted``: how often the provider took each address; ``people`` as `editions recipients` says them;
    ``expected``: who was to be in the snapshot, where that is known."""
    stands = {person["email"]: person["state"] for person in people}
    faults = [f"{email} accepted {n} times" for email, n in accepted.items() if n > 1]
    lost = 0
    if expected is not None and stands.keys() != expected:
        lost += len(expected - stands.keys())
        faults.append(f"the snapshot is off by {sorted(expected ^ stands.keys())}")
    for email, state in stands.items():
        if state == "waiting":
            lost += 1
            faults.append(f"{email} still waits")
        elif state == "sent" and not accepted[email]:
            lost += 1
            faults.append(f"{email} stands as sent and was never accepted")
    for email in accepted:
        if stands.get(email) not in ("sent", "uncertain"):
            lost += 1
            faults.append(f"{email} was accepted and stands as {stands.get(email)}")
    twice = sum(n - 1 for n in accepted.values())
    return Verdict(Counter(stands.values()), accepted.total(), twice, lost, tuple(faults))


@dataclass
class Case:
    """One installation with one edition to send, ``provider`` its SendGrid."""

    folder: Path
    url: str
    provider: MoodySendGrid
    launcher: Launcher
    readers: set[str]

    @property
    def environment(self) -> dict[str, str]:
        return {
            "RAPPORT_SECRET": "a secret for the tests alone",
            "SENDGRID_API_KEY": self.provider.key,
            "RAPPORT_DATABASE__URL": self.url,
            "RAPPORT_DELIVERY__SENDGRID__API_URL": self.provider.url,
        }

    def start(self, *arguments: str, constants: dict[str, Any] | None = None, **more: Any) -> Process:
        """`rapport ARGUMENTS`, as `Launcher.start` takes them."""
        return self.launcher.start(
            self.folder,
            *arguments,
            environment=self.environment,
            constants=SHORT_WAITS | (constants or {}),
            **more,
        )

    def until_sent(self, *arguments: str, most: int = 60) -> int:
        """Run the command until the edition is sent; how often that took."""
        for times in range(1, most + 1):
            process = self.start(*(arguments or ("run", "--now")))
            status = process.end()
            assert status in (0, 1), f"exit {status}\n{process.err}"
            assert "Traceback" not in process.err, process.err
            if self.status() == "sent":
                return times
        raise AssertionError(f"not sent after {most} runs: {self.status()}\n{process.out}\n{process.err}")

    @contextmanager
    def database(self) -> Iterator[Database]:
        opened = Database(self.url)
        try:
            yield opened
        finally:
            opened.close()

    def status(self) -> str | None:
        """The edition's; None when there is none yet."""
        with self.database() as database, database.read() as connection:
            return connection.scalar(select(editions.c.status).where(editions.c.slug == SLUG))

    def confirm(self, addresses: Iterable[str]) -> None:
        """These sign up and confirm, one after the other."""
        with self.database() as database:
            for address in addresses:
                with database.write() as connection:
                    asked = signup.ask(
                        connection, address, digests=["weekly"], wording="yes", source="test", by_staff=True
                    )
                with database.write() as connection:
                    assert asked is not None
                    signup.confirm(connection, asked, source="test")

    def welcomes_left(self) -> bool:
        """Whether a welcome waits, or was claimed and has no outcome."""
        with self.database() as database, database.read() as connection:
            waits = welcomes.is_due(connection, clock.now() + timedelta(days=365))
            return waits or doubt.any_welcome(connection)

    def people(self) -> list[dict[str, Any]]:
        with self.database() as database, database.read() as connection:
            edition = connection.scalars(select(editions.c.id).where(editions.c.slug == SLUG)).one()
            return list(outcomes.people(connection, edition))

    def told_people(self) -> list[dict[str, Any]]:
        """As the command line tells them."""
        process = self.start("editions", "recipients", SLUG, "--json")
        assert process.end() == 0, process.err
        return [json.loads(line) for line in process.out.splitlines()]

    def verdict(self, *, through_the_door: bool = False, expected: set[str] | None = None) -> Verdict:
        assert self.provider.troubles == []
        accepted = Counter({email: n for (_, email), n in self.provider.accepted.items()})
        people = self.told_people() if through_the_door else self.people()
        return judge(accepted, people, self.readers if expected is None else expected)


@dataclass
class Practice:
    """``case`` gives a fresh installation; all of them are copies of one that was made once.

    ``approved``: the letter is composed and approved already; else `run --now` does all of it.
    ``connections``: requests under way at once; with one, requests come in the order of the batches.
    ``listed``: the readers are on the list. ``sent``: the letter went out to whoever was on it before.
    """

    folder: Path
    place: Place
    launcher: Launcher
    readers: int
    batch: int
    approved: bool = True
    timeout: float = LONGEST
    connections: int = 1
    listed: bool = True
    sent: bool = False
    _cases: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._blog = Blog([Item("A calm morning", datetime.now(UTC) - timedelta(days=1))]).__enter__()
        self._base = self.place.base()
        config = _CONFIG.format(
            feed=self._blog.url, batch=self.batch, timeout=self.timeout, connections=self.connections
        )
        (self.folder / "rapport.toml").write_text(config)
        environment = {"RAPPORT_SECRET": "a secret for the tests alone", "RAPPORT_DATABASE__URL": self._base}
        with Installation.open(self.folder / "rapport.toml", environment) as installation:
            if self.listed:
                self._import(installation)
            if self.approved:
                self._compose(installation)
            if self.sent:
                with installation.database.write() as connection:
                    at = clock.now()
                    over = {"status": "sent", "snapshot_at": at, "finished_at": at, "provider": "sendgrid"}
                    connection.execute(update(editions).values(over))

    def close(self) -> None:
        self._blog.__exit__(None, None, None)

    @property
    def addresses(self) -> set[str]:
        return {f"reader{n}@example.net" for n in range(1, self.readers + 1)}

    @contextmanager
    def case(self, provider: MoodySendGrid) -> Iterator[Case]:
        """An installation of its own, its provider serving meanwhile."""
        folder = self.folder / f"case-{next(self._cases)}"
        folder.mkdir()
        shutil.copyfile(self.folder / "rapport.toml", folder / "rapport.toml")
        url = self.place.copy(self._base, folder)
        with provider:
            yield Case(folder, url, provider, self.launcher, self.addresses)
        self.place.drop(url)
        shutil.rmtree(folder)

    def _import(self, installation: Installation) -> None:
        file = self.folder / "readers.csv"
        file.write_text("email,name\n" + "".join(f"{address},\n" for address in sorted(self.addresses)))
        import_csv(
            installation.database.write, file, digests=["weekly"], wording="Signed up on paper", source="test"
        )

    def _compose(self, installation: Installation) -> None:
        with installation.database.write() as connection:
            register(connection, installation.config, clock.now())
        pull(installation.database, installation.config)
        composed = compose(installation, installation.config.digests[0])
        assert composed.edition is not None, composed.reason
        approve(installation, composed.edition.slug)


_alembic = threading.Lock()


def _migrated(url: str) -> None:
    database = Database(url)
    with _alembic:  # which keeps what it is at in a global place
        migrate(database)
    database.close()
