"""How a time is shown: to people in words, to programs as ISO 8601. No other module writes a time out.

The words are English, for the command line, logs and reasons in the database. What readers see, and mail to
staff, speaks the newsletter's language (pipeline/letter/shown.py).
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from subscribers import clock

if TYPE_CHECKING:
    from datetime import tzinfo

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def moment(at: datetime, zone: tzinfo) -> str:
    """A moment by the clock of a zone, which is named by its city: `Thu 3 Dec, 9:00 New York`."""
    local = at.astimezone(zone)
    return f"{_day(local, zone)}, {local.hour}:{local.minute:02} {city(zone)}"


def utc(at: datetime) -> str:
    """A moment where no newsletter's zone is known: `Thu 3 Dec, 14:00 UTC`."""
    return moment(at, UTC)


def day(of: date, zone: tzinfo = UTC) -> str:
    """A day: `Thu 3 Dec`. Of a moment that on which it lies in the zone; a date is that day everywhere."""
    return _day(day_of(of, zone) if isinstance(of, datetime) else of, zone)


def day_of(at: datetime, zone: tzinfo) -> date:
    """The day on which a moment lies in a zone."""
    return at.astimezone(zone).date()


def local(written: str, zone: tzinfo) -> str:
    """The same for a moment in ISO 8601; one without an offset is a wall clock's in that zone."""
    at = datetime.fromisoformat(written)
    return moment(at if at.tzinfo else at.replace(tzinfo=zone), zone)


def city(zone: tzinfo) -> str:
    """A time zone as people call it: New York for America/New_York."""
    return str(zone).rpartition("/")[2].replace("_", " ")


def iso(at: datetime, zone: tzinfo | None = None) -> str:
    """A moment for programs, to the second, with the offset of a zone or else its own."""
    return (at.astimezone(zone) if zone else at).isoformat(timespec="seconds")


def iso_or_none(at: datetime | None) -> str | None:
    return None if at is None else iso(at)


def _day(of: date, zone: tzinfo) -> str:
    year = "" if of.year == clock.now().astimezone(zone).year else f" {of.year}"
    return f"{_DAYS[of.weekday()]} {of.day} {_MONTHS[of.month - 1]}{year}"
