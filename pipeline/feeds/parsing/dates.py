"""Dates as feeds give them: a moment, or a day without a time.

A feed that gives midnight has no time either: WordPress, Jekyll and Hugo write that where the author gave
only a day.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from time import struct_time
from zoneinfo import ZoneInfo

from pipeline.feeds.parsing.zones import offset

EARLIEST_YEAR = 1990
"""Before the web there are no posts: 1970 and 0001 are somebody's unset field."""
LONGEST = 100
"""Characters."""

_TIME = (
    r"(?P<hour>\d{1,2})[:.時时](?P<minute>\d{2})分?(?:[:.]?(?P<second>\d{2})(?:[.,]\d{1,9}|秒)?)?"
    r"(?:\s?(?P<half>[AaPp])\.?[Mm](?![A-Za-z])\.?)?(?:\s{0,2}(?P<zone>[A-Za-z]{1,5}|(?:GMT|UTC|UT)?[+−-]\d{1,2}:?(?:\d{2})?|"
    r"[A-Za-z]{3,12}(?:\s[A-Za-z]{3,10}){1,3}|[A-Za-z_]{2,20}/[A-Za-z_/]{2,40}))?"
    r"(?:\s?\([^()]{0,40}\))?(?:\[(?P<place>[A-Za-z_/]{2,60})\])?"
)
_DAY_NAME = r"(?:[^\W\d]{2,12}\.?,?\s{1,3})?"
_FORMS = tuple(
    re.compile(form)
    for form in (
        # ISO 8601, RFC 3339
        rf"(?P<year>\d{{4}})[-/.](?P<month>\d{{1,2}})[-/.](?P<day>\d{{1,2}})(?:(?:[Tt]|,?\s{{1,3}}){_TIME})?",
        r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})"
        r"(?:T(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?(?P<zone>Z|[+-]\d{4})?)?",
        # RFC 5322
        rf"{_DAY_NAME}(?P<day>\d{{1,2}})(?:st|nd|rd|th|er|º|\.)?[\s-](?:de\s|of\s|d')?(?P<name>[^\W\d]{{3,12}})\.?,?[\s-]"
        rf"(?:de\s)?(?P<year>\d{{4}}|\d{{2}})(?:,?\s{{1,3}}{_TIME})?",
        # As Americans write it
        rf"{_DAY_NAME}(?P<name>[^\W\d]{{3,12}})\.?\s(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s(?P<year>\d{{4}})"
        rf"(?:,?\s{{1,3}}(?:at\s)?{_TIME})?",
        # With the day first, as all of Europe writes it with full stops
        rf"(?P<day>\d{{1,2}})\.\s?(?P<month>\d{{1,2}})\.\s?(?P<year>\d{{4}})(?:,?\s{{1,3}}{_TIME})?",
        # With slashes Americans put the month first: only where one of both can be no month
        rf"(?P<month>0?[1-9]|1[0-2])/(?P<day>1[3-9]|2\d|3[01])/(?P<year>\d{{4}})(?:,?\s{{1,3}}{_TIME})?",
        rf"(?P<day>1[3-9]|2\d|3[01])/(?P<month>0?[1-9]|1[0-2])/(?P<year>\d{{4}})(?:,?\s{{1,3}}{_TIME})?",
        # Chinese, Japanese, Korean
        rf"(?P<year>\d{{4}})\s?[年년.]\s?(?P<month>\d{{1,2}})\s?[月월.]\s?(?P<day>\d{{1,2}})\s?[日号號일.]?"
        rf"(?:\s?[（(][^()（）]{{1,4}}[)）])?(?:\s?(?P<when>上午|下午|午前|午後|오전|오후)?\s?{_TIME})?",
    )
)
_ASCTIME = re.compile(
    r"[^\W\d]{2,12}\s{1,3}(?P<name>[^\W\d]{3,12})\s{1,3}(?P<day>\d{1,2})\s(?P<hour>\d{1,2}):(?P<minute>\d{2}):(?P<second>\d{2})"
    r"(?:\s(?P<zone>[A-Za-z]{1,5}))?\s(?P<year>\d{4})"
)
_MONTH_NAMES = """
    jan jän ene gen ian sty led tammi oca янв січ ιαν | feb fev fév lut úno helmi şub фев лют φεβ
    mar mär már mrt maart maalis bře мар бер μαρ | apr ápr abr avr kwi dub huhti nis апр квіт απρ
    may mai mei mag maj máj kvě touko май мая трав μαΐ μαϊ
    jun jún giu juin iun cze červen června kesä haz июн черв ιουν
    jul júl lug juil iul lip červenec července heinä tem июл лип ιουλ
    aug ago aoû aou sie srp elo ağu авг серп αυγ
    sep sze set wrz zář syys eyl сен верес σεπ | oct okt ott out paź paz říj loka eki окт жовт οκτ
    nov noi lis marras kas ноя лист νοε | dec dez déc dic des gru pro joulu ara дек груд δεκ
"""
_MONTHS = tuple(tuple(names.split()) for names in re.split(r"[|\n]", _MONTH_NAMES.strip()))


@dataclass(frozen=True, slots=True)
class Date:
    """``at`` is in UTC. Where ``is_day``, it is the midnight in UTC of the day that was written, and that day
    it is wherever the letter is read."""

    at: datetime
    is_day: bool = False


def read(text: object) -> Date | None:
    """The date that a feed's text names; None where it names none that a post can have.

    Without a zone it is UTC. A number is a Unix time, in seconds or milliseconds.
    """
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        return None
    written = str(text).strip()
    if len(written) > LONGEST or is_unset(written):
        return None
    if unix := _unix(written):
        return unix
    written = " ".join(written.split())
    for form in (*_FORMS, _ASCTIME):
        if match := form.fullmatch(written):
            try:
                return _written(match.groupdict())
            except (ValueError, OverflowError):
                return None
    return None


def parsed(value: object) -> Date | None:
    """feedparser's ``*_parsed``, which is in UTC: for the forms that only it knows."""
    if not isinstance(value, struct_time):
        return None
    try:
        at = datetime.fromtimestamp(calendar.timegm(value), UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return _plausible(at, _is_midnight(at))


def is_unset(text: str) -> bool:
    """Whether the year is one of the first ten: .NET writes that for no date, feedparser reads 2001."""
    return re.search(r"(?<![\d+-])000\d(?!\d)", text[:LONGEST]) is not None


def _unix(text: str) -> Date | None:
    if not re.fullmatch(r"\d{9,10}(\.\d{1,9})?|\d{12,13}", text):
        return None
    number = float(text)
    return _plausible(datetime.fromtimestamp(number / 1000 if number >= 1e11 else number, UTC))


def _written(found: dict[str, str | None]) -> Date | None:
    """The date of a form's parts. Raises ValueError."""
    month = int(found.get("month") or 0) or _month(found.get("name") or "")
    year = int(found["year"] or 0)
    if year < 100:  # RFC 5322, 4.3
        year += 2000 if year < 50 else 1900
    hour, minute, second = (int(found[part] or 0) for part in ("hour", "minute", "second"))
    half = (found.get("half") or found.get("when") or "").lower()
    if half:
        hour = hour % 12 + (12 if half in ("p", "下午", "午後", "오후") else 0)
    at = datetime(year, month, int(found["day"] or 0), hour, minute, min(second, 59), tzinfo=UTC)
    if _is_midnight(at):
        return _plausible(at, is_day=True)
    zone = _zone(found["zone"] or found.get("place") or "")
    return _plausible(at.replace(tzinfo=zone).astimezone(UTC))


def _zone(name: str) -> tzinfo:
    """By its name, its number, or the name of a place: Europe/Berlin."""
    if "/" in name:
        try:
            return ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            return UTC
    return timezone(timedelta(minutes=offset(name)))


def _month(name: str) -> int:
    """By its first letters. "Marraskuu" is no March: the longest that fits counts."""
    start = name.lower()
    fitting = [
        (len(one), number)
        for number, names in enumerate(_MONTHS, 1)
        for one in names
        if start.startswith(one)
    ]
    if not fitting:
        raise ValueError(name)
    return max(fitting)[1]


def _is_midnight(at: datetime) -> bool:
    return (at.hour, at.minute, at.second) == (0, 0, 0)


def _plausible(at: datetime, is_day: bool = False) -> Date | None:
    return Date(at, is_day) if at.year >= EARLIEST_YEAR else None
