"""The machine: its clock, the practice's local time, its disks."""

from __future__ import annotations

import os
import shutil
import time
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from pipeline.core.finding import error, ok, warning
from pipeline.core.schema import schema_state
from pipeline.core.tables.ledger import batches
from pipeline.doctor.context import SECONDS
from pipeline.feeds.fetching.address import shown
from pipeline.providers.sendgrid.signature import AHEAD
from subscribers import clock, times

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from pipeline.core.finding import Finding
    from pipeline.doctor.context import Context

OFF = timedelta(minutes=1)
MEGABYTE = 1_000_000
LEAST_SPACE, LITTLE_SPACE = 100 * MEGABYTE, 1000 * MEGABYTE

_SYNCHRONISE = "Let this machine keep its time by NTP (`timedatectl set-ntp true`)."


def time_of_day(context: Context) -> Iterator[Finding]:
    """Compare the clock with the Date (RFC 9110, 6.6.1) of a server that is not this machine."""
    url = context.config.feeds[0].url
    if context.config.delivery.provider == "sendgrid":
        url = context.config.delivery.sendgrid.api_url
    theirs = _date(url)
    if theirs is None:
        yield warning(
            "machine.clock",
            f"The clock could not be compared: {shown(url)} told no time.",
            "Compare it with another clock (`date`), or run `rapport doctor` again once that server answers.",
        )
        return
    off = abs(clock.now() - theirs)
    said = f"The clock is {off.total_seconds():,.0f} seconds off the one of {shown(url)}"
    if off > AHEAD:
        yield error(
            "machine.clock",
            f"{said}: letters go at the wrong time, and signed events are refused.",
            _SYNCHRONISE,
        )
    elif off > OFF:
        yield warning("machine.clock", f"{said}.", _SYNCHRONISE)
    else:
        yield ok("machine.clock", "The clock is right.")


def steady(context: Context) -> Iterator[Finding]:
    """Whether the clock runs forward: during this check, and since the last letter."""
    wall, uptime = clock.now(), clock.uptime()
    time.sleep(0.2)
    drift = abs((clock.now() - wall).total_seconds() - (clock.uptime() - uptime))
    if drift > 0.5:
        yield warning(
            "machine.steady", f"The clock jumped by {drift:.1f} seconds while it was watched.", _SYNCHRONISE
        )
        return
    last = _last_claim(context)
    if last is not None and last > clock.now() + OFF:
        when = times.moment(last, context.config.newsletter.zone)
        yield error(
            "machine.steady",
            f"The clock stands before the last hand-over ({when}).",
            _SYNCHRONISE,
        )
        return
    yield ok("machine.steady", "Time goes forward.")


def time_zone(context: Context) -> Iterator[Finding]:
    newsletter = context.config.newsletter
    now = times.moment(clock.now(), newsletter.zone)
    yield ok("machine.time_zone", f"It is {now} (newsletter.timezone: {newsletter.timezone}).")


def disk(context: Context) -> Iterator[Finding]:
    folders = {}
    if context.secret_file is not None:
        folders["the database"] = context.secret_file.parent
    if not context.mails:
        folders["the outbox"] = context.folder / context.config.delivery.outbox
    for whose, folder in folders.items():
        yield from _disk(whose, _existing(folder))


def _disk(whose: str, folder: Path) -> Iterator[Finding]:
    name = "machine.disk"
    if not os.access(folder, os.W_OK | os.X_OK):
        yield error(
            name,
            f"The folder of {whose} may not be written: {folder}.",
            "`chown` it to the user that Rapport runs as.",
        )
        return
    free = shutil.disk_usage(folder).free
    said = f"{free / MEGABYTE:,.0f} MB are free for {whose}"
    if free < LEAST_SPACE:
        yield error(name, f"{said}.", "Free some space: a full disk stops a letter midway.")
    elif free < LITTLE_SPACE:
        yield warning(name, f"{said}.", "Free some space before the disk is full.")
    else:
        yield ok(name, f"{said}.")


def _date(url: str) -> datetime | None:
    import httpx

    try:
        with httpx.stream("GET", url, timeout=SECONDS, follow_redirects=False) as response:
            date, age = response.headers.get("date", ""), response.headers.get("age", "0")
    except (httpx.HTTPError, httpx.InvalidURL, OSError):
        return None
    try:
        # A cached answer says how old it is (RFC 9111, 5.1).
        said = parsedate_to_datetime(date)
        return said + timedelta(seconds=int(age)) if said.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _last_claim(context: Context) -> datetime | None:
    if context.database is None or not schema_state(context.database).is_current:
        return None
    with context.database.read() as connection:
        found: datetime | None = connection.scalar(select(func.max(batches.c.at)))
        return found


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder


CHECKS = (time_of_day, steady, time_zone, disk)
