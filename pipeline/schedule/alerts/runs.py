"""Runs that fail, and due times that were missed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, func, select

from pipeline.core.cron import moment_of
from pipeline.core.tables.editions import editions as table
from pipeline.editions.edition import EditionStatus
from pipeline.editions.plan import MISSED, plan
from pipeline.schedule import history
from pipeline.schedule.alerts.alert import RECENT, Alert
from pipeline.schedule.situation import situation_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from sqlalchemy import Connection

    from pipeline.core.config import Config
    from pipeline.core.sections.digest import Digest


def alerts(connection: Connection, config: Config, now: datetime) -> Iterator[Alert]:
    yield from _failing(connection, config)
    for digest in config.digests:
        yield from _missed(connection, config, digest, now)


def _failing(connection: Connection, config: Config) -> Iterator[Alert]:
    """A run that only paused an edition is told as an alert of the edition."""
    for name, run in history.last(connection, config.digests).items():
        if run is not None and run.outcome == "failed" and run.failing_since is not None:
            facts = {"digest": name, "reason": run.reason}
            yield Alert("failed", name, run.failing_since, "failed", facts, name)


def _missed(connection: Connection, config: Config, digest: Digest, now: datetime) -> Iterator[Alert]:
    """Due times missed by more than a day, whether a run gave them up or no run came."""
    for due in {*_given_up(connection, digest, now), *_passed(connection, config, digest, now)}:
        facts: dict[str, str | date] = {"digest": digest.name, "due": moment_of(due, config.newsletter.zone)}
        yield Alert("missed", f"{digest.name} {due[:19]}", None, "missed", facts, digest.name)


_GIVEN_UP = select(table.c.due).where(
    table.c.digest == bindparam("digest"),
    table.c.status == EditionStatus.SKIPPED,
    func.coalesce(table.c.reason, "").startswith(MISSED),
    table.c.finished_at > bindparam("since"),
)


def _given_up(connection: Connection, digest: Digest, now: datetime) -> Iterator[str]:
    yield from connection.scalars(_GIVEN_UP, {"digest": digest.name, "since": now - RECENT})


def _passed(connection: Connection, config: Config, digest: Digest, now: datetime) -> Iterator[str]:
    situation = situation_of(connection, config, digest, now)
    planned = plan(situation)
    if planned.reason.startswith(MISSED):
        yield planned.due or (situation.edition.due if situation.edition is not None else "")
