"""A run with nothing due, in a fraction of the time: for cron, whose runs nearly all find nothing to do.

Most of what such a run costs is loading modules: SQLAlchemy alone takes longer than all the rest. So when a
whole run has found nothing to do, the runs of the next minutes (`RESTS_FOR`) look at the clock, the
configuration and the editions only, through the driver that comes with Python, and ask the same rules
(editions/plan.py). If those have anything to do, a whole run follows.

What is not looked at here waits for the next whole run: a mail that must be tried again, a feed that broke.
So `RESTS_FOR` is short. On PostgreSQL every run is a whole one: its driver does not come with Python.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pipeline.core import logs
from pipeline.core.settings import sqlite_file
from pipeline.editions.edition import FINISHED, EditionKind
from pipeline.editions.plan import Situation, Step, plan
from pipeline.editions.send_time import upcoming
from pipeline.feeds.due import is_due
from pipeline.schedule import heartbeat
from pipeline.schedule.result import RunResult
from subscribers import clock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pipeline.core.config import Config
    from pipeline.core.sections.digest import Digest

RESTS_FOR = timedelta(minutes=15)
"""How long after a whole run that found nothing to do the next ones look no further."""

RESTING = "resting"
"""The mark that such a run leaves, with its time."""

BUSY_TIMEOUT = 1.0
"""Seconds. Longer than that a whole run waits."""


def nothing_due(config: Config, folder: Path, digests: Sequence[Digest]) -> list[RunResult] | None:
    """What `run` says of these digests, if nothing is to be done now; None: only a whole run can tell."""
    file = sqlite_file(config.database.url, folder)
    if file is None or config.delivery.on_uncertain == "resend":  # which must look at what to send again
        return None
    try:
        address = f"{file.absolute().as_uri()}?mode=rw"
        connected = sqlite3.connect(address, BUSY_TIMEOUT, isolation_level=None, uri=True)
        with closing(connected) as connection:
            results = _looked(connection, config, digests)
    except sqlite3.Error:
        return None  # whatever it is, the whole run says it better
    if results is not None:
        for result in results:
            result.log(config.delivery)
        heartbeat.beat(config.staff)
    return results


def _looked(
    connection: sqlite3.Connection, config: Config, digests: Sequence[Digest]
) -> list[RunResult] | None:
    now = clock.now()
    connection.execute("BEGIN IMMEDIATE")  # what is read stays true until it is written down
    if not _rests(connection, config, now):
        return None
    results = []
    for digest in digests:
        situation = _situation(connection, config, digest, now)
        if situation is None or (planned := plan(situation)).step is not Step.WAIT:
            return None
        due = upcoming(digest, situation.zone, now, situation.taken)
        results.append(RunResult(digest.name, planned.outcome, None, planned.reason, due))
    at, run = _stored(now), logs.new_run()
    for result in results:
        # As history.remember does; that the last run went well is seen to above.
        connection.execute(
            "UPDATE runs SET run = ?, at = ?, good_at = ?, reason = ? WHERE digest = ?",
            (run, at, at, result.reason, result.digest),
        )
    connection.execute("COMMIT")
    return results


def _rests(connection: sqlite3.Connection, config: Config, now: datetime) -> bool:
    """Whether a whole run found nothing to do a short time ago, and no feed is due to be read since."""
    marks = dict(connection.execute("SELECT name, at FROM marks"))
    if RESTING not in marks or "moving" in marks or "moved" in marks:
        return False
    if not timedelta(0) <= now - _moment(marks[RESTING]) < RESTS_FOR:
        return False
    tried = dict(connection.execute("SELECT url, tried_at FROM feeds"))
    return not any(is_due(feed, _moment_or_none(tried.get(feed.url)), now) for feed in config.feeds)


def _situation(
    connection: sqlite3.Connection, config: Config, digest: Digest, now: datetime
) -> Situation | None:
    """How the digest stands, if the last run had nothing to do and no edition is open."""
    seen = connection.execute("SELECT first_seen FROM digests WHERE name = ?", (digest.name,)).fetchone()
    last = connection.execute("SELECT outcome FROM runs WHERE digest = ?", (digest.name,)).fetchone()
    query = "SELECT due, status, kind FROM editions WHERE digest = ?"
    editions = connection.execute(query, (digest.name,)).fetchall()
    statuses = {status for _, status, _ in editions}
    if seen is None or last != ("not_due",) or not statuses.issubset(FINISHED):
        return None
    return Situation(
        digest=digest,
        zone=config.newsletter.zone,
        now=now,
        at_once=False,
        first_seen=_moment(seen[0]),
        edition=None,
        withdrawn=False,
        taken=frozenset(due for due, _, kind in editions if kind == EditionKind.POSTS),
    )


def _moment_or_none(stored: str | None) -> datetime | None:
    return None if stored is None else _moment(stored)


def _moment(stored: str) -> datetime:
    """A point in time as SQLAlchemy keeps it in SQLite: in UTC, without a zone."""
    return datetime.fromisoformat(stored).replace(tzinfo=UTC)


def _stored(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
