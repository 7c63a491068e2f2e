"""An installation made in a test's folder, without the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select, text

from pipeline.core.app import Installation
from pipeline.core.config import Config
from pipeline.schedule.run import run
from subscribers import clock, directory
from subscribers.consent import Action
from subscribers.people import Status
from subscribers.staff_log import subscriber, user
from subscribers.tables import (
    consents,
    forgotten,
    former_digests,
    staff_log,
    subscribers,
    subscriptions,
    suppressions,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy import Connection

    from pipeline.core.database import Database
    from pipeline.schedule.result import RunResult

WORDING = "Signed up"


def installation(database: Database, folder: Path, feed: str, **sections: Any) -> Installation:
    """A practice in New York that sends on Thursdays at nine; ``sections`` override the configuration's."""
    settings: dict[str, Any] = {
        "newsletter": {
            "name": "The Weekly Letter",
            "from_email": "letter@example.org",
            "from_name": "Willow Practice",
            "postal_address": "1 Willow Street, Springfield",
            "public_url": "https://letter.example.org",
            "timezone": "America/New_York",
        },
        "feeds": [{"url": feed}],
        "digests": [{"name": "weekly"}],
        "match": {"url": "https://example.org/get-matched"},
    }
    return Installation(Config.model_validate(settings | sections), folder, database)


def subscribe(database: Database, number: int, digests: tuple[str, ...] = ("weekly",)) -> None:
    """Add reader1@example.net to readerN@example.net."""
    emails = [f"reader{n}@example.net" for n in range(1, number + 1)]
    with database.write() as connection:
        if connection.scalar(_KNOWN) == 0:
            _first(connection, emails, digests)
            return
        for email in emails:
            directory.add(connection, email, digests=digests, wording=WORDING, source="test")


_KNOWN = text("SELECT " + " + ".join(
    f"(SELECT count(*) FROM {table})" for table in (subscribers, suppressions, forgotten, former_digests)
))  # fmt: skip
"""How much there is that adding somebody has to look at."""


def _first(connection: Connection, emails: Sequence[str], digests: Sequence[str]) -> None:
    """The rows that staff's adding writes for each, where nobody is known: sixteen statements a person are a
    thirtieth of the processor's time of all tests. tests/test_installations.py holds both to be the same."""
    now = clock.now()
    connection.execute(_SUBSCRIBERS, [{"email": email, "name": "", "created_at": now} for email in emails])
    ids = connection.scalars(_IDS).all()
    pairs = [{"subscriber_id": one, "digest": digest} for one in ids for digest in digests]
    connection.execute(
        _SUBSCRIPTIONS, [pair | {"status": Status.ACTIVE.value, "since": now} for pair in pairs]
    )
    said = {
        "at": now,
        "action": Action.ADDED.value,
        "wording": WORDING,
        "source": "test",
        "network_address": None,
    }
    connection.execute(_CONSENTS, [pair | said for pair in pairs])
    entry = {"at": now, "actor": user(), "action": "add", "detail": ""}
    connection.execute(_STAFF_LOG, [entry | {"about": subscriber(one)} for one in ids])


_SUBSCRIBERS, _SUBSCRIPTIONS, _CONSENTS, _STAFF_LOG = (
    table.insert() for table in (subscribers, subscriptions, consents, staff_log)
)
_IDS = select(subscribers.c.id).order_by(subscribers.c.id)


def run_all(installed: Installation, *, at_once: bool = False) -> list[RunResult]:
    return run(installed, installed.config.digests, at_once=at_once, progress=lambda done, total: None)


def run_one(installed: Installation, *, at_once: bool = False) -> RunResult:
    (ran,) = run_all(installed, at_once=at_once)
    return ran
