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
    if unix := from_unix(text):
        return unix
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            found = read(text)
            return _plausible(found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC))
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return None


def from_unix(text: str) -> datetime | None:
    """Seconds since 1970, or milliseconds when there are 12 or 13 digits."""
    if not re.fullmatch(r"\d{9,10}(\.\d{1,9})?|\d{12,13}", text.strip()):
        return None
    number = float(text)
    return _plausible(datetime.fromtimestamp(number / 1000 if number >= 1e11 else number, UTC))


def is_unset(text: str) -> bool:
    """Whether the year is one of the first ten: .NET writes that for no date, feedparser reads 2001."""
    return re.search(r"(?<![\d+-])000\d(?!\d)", text) is not None


def _plausible(date: datetime) -> datetime | None:
    return date if date.year >= EARLIEST_YEAR else None
