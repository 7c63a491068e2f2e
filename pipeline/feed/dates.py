"""Dates as feeds give them."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import struct_time

EARLIEST_YEAR = 1990
"""Before the web there are no posts: 1970 and 0001 are somebody's unset field."""


def from_parsed(value: object) -> datetime | None:
    """feedparser's ``*_parsed``, which is in UTC."""
    if not isinstance(value, struct_time):
        return None
    try:
        return _plausible(datetime.fromtimestamp(calendar.timegm(value), UTC))
    except (ValueError, OverflowError, OSError):
        return None


def from_text(value: object) -> datetime | None:
    """RFC 3339, RFC 5322, or a Unix time in seconds or milliseconds; a date without a zone is UTC."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    text = str(value).strip()[:100]
    if re.fullmatch(r"\d{9,10}(\.\d*)?|\d{12,13}", text):
        seconds = float(text) if len(text.partition(".")[0]) <= 10 else float(text) / 1000
        return _plausible(datetime.fromtimestamp(seconds, UTC))
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            found = read(text)
            return _plausible(found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC))
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return None


def _plausible(date: datetime) -> datetime | None:
    return date if date.year >= EARLIEST_YEAR else None
