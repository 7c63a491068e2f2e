"""What a post's date means: a moment, or a day without a time, which is that day in the newsletter's time
zone.

A day is kept as its midnight in UTC (Entry.published). Taken for a moment, that would be yesterday evening in
America, and in New Zealand not before one in the afternoon.
"""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, tzinfo


def day(published: datetime, zone: tzinfo, *, date_only: bool) -> date:
    """The day that a reader of the newsletter calls a post's."""
    return published.astimezone(UTC if date_only else zone).date()


def begins(published: datetime, zone: tzinfo, *, date_only: bool) -> datetime:
    """From when on a post is published: its moment, or the beginning of its day."""
    return beginning(day(published, zone, date_only=True), zone) if date_only else published


def beginning(of: date, zone: tzinfo) -> datetime:
    """The first moment of a day, in UTC: where clocks change at midnight it is not 00:00."""
    return datetime.combine(of, time.min, zone).astimezone(UTC)
