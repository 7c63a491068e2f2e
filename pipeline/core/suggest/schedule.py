"""Which cron line was meant by a time in people's words ("9am thursday"), or by a line that is nearly one."""

from __future__ import annotations

import re

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_GROUPS = {"weekdays": "mon-fri", "weekday": "mon-fri", "workdays": "mon-fri", "weekends": "sat,sun"}
_NAMED = {
    "@hourly": "0 * * * *",
    "@daily": "0 9 * * *",
    "@weekly": "0 9 * * thu",
    "@monthly": "0 9 1 * *",
    "daily": "0 9 * * *",
    "weekly": "0 9 * * thu",
    "monthly": "0 9 1 * *",
}
_WHOLE = ("sun", "mon", "tues", "wednes", "thurs", "fri", "satur")
_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_HOURS = {word: hour for hour, word in enumerate(_NUMBERS, 1)}
_HOURS |= {"noon": 12, "midday": 12, "midnight": 0, "morning": 9, "evening": 18}

_WORD = re.compile(r"[a-z]+")
_CLOCK = re.compile(r"(?<![\d:.])(\d{1,2})(?:[:.h](\d{2}))?\s*(am|pm|a\.m\.|p\.m\.|uhr|h|o'clock)?(?![\d:])")


_RANGES = {
    "minute": "the minute, which comes first, is 0 to 59",
    "hour": "the hour, which comes second, is 0 to 23",
    "day-of-month": "the day of the month, which comes third, is 1 to 31",
    "month": "the month, which comes fourth, is 1 to 12 or jan to dec",
    "day-of-week": "the day of the week, which comes last, is 0 to 7 (0 and 7 are Sunday) or sun to sat",
}


def wrong(fault: str) -> str:
    """What is wrong with a cron line, from the words of the library that refused it."""
    for field, words in _RANGES.items():
        if fault.lower().endswith(field):
            return f"not a cron line: {words}"
    return "not a cron line, which has five fields: minute, hour, day of month, month, day of week"


def schedule_meant(written: str) -> str:
    """The cron line that was probably meant; empty where nobody can tell. It is not looked at whether that
    one is right."""
    plain = " ".join(written.casefold().split())
    if plain in _NAMED:
        return _NAMED[plain]
    fields = plain.split()
    if len(fields) in (5, 6, 7) and all(re.fullmatch(r"[\d*/,?-]+|[a-z,-]+", field) for field in fields[3:]):
        return _with_short_names(fields)
    days = _days(plain)
    every_day = re.search(r"\b(daily|every day|each day)\b", plain)
    moment = _time(plain) or ((9, 0) if plain.rstrip("s") in (f"{day}day" for day in _WHOLE) else None)
    if moment is None or not (days or every_day):
        return ""
    return f"{moment[1]} {moment[0]} * * {','.join(days) or '*'}"


def _with_short_names(fields: list[str]) -> str:
    """Nearly a cron line: without a field for seconds or years, and with cron's names of days and months."""
    if len(fields) > 5:
        fields = fields[1:6] if fields[0] == "0" or len(fields) == 7 else fields[:5]
    minute, hour, day, month, weekday = fields
    line = [minute, hour, day.replace("?", "*"), _shortened(month, _MONTHS), _shortened(weekday, _DAYS)]
    return " ".join(line)


def _shortened(field: str, names: tuple[str, ...]) -> str:
    shortened = _WORD.sub(lambda word: word[0][:3] if word[0][:3] in names else word[0], field)
    return shortened.replace("?", "*")


def _days(plain: str) -> list[str]:
    words = _WORD.findall(plain)
    grouped = [_GROUPS[word] for word in words if word in _GROUPS]
    # "thu", "thurs", "thursdays", and not "month" or "sunny".
    whole = [word.rstrip("s").removesuffix("day") for word in words]
    return grouped or [word[:3] for word in whole if word[:3] in _DAYS and (len(word) < 5 or word in _WHOLE)]


def _time(plain: str) -> tuple[int, int] | None:
    """Hour and minute; None where the words name none that there is."""
    match = _CLOCK.search(plain)
    if not match:
        return next(
            ((hour, 0) for word in _WORD.findall(plain) if (hour := _HOURS.get(word)) is not None), None
        )
    hour, minute = int(match[1]), int(match[2] or 0)
    half = (match[3] or "").replace(".", "")
    if half in ("am", "pm"):
        hour = hour % 12 + (12 if half == "pm" else 0)
    elif hour < 12 and "evening" in plain:
        hour += 12
    return (hour, minute) if hour < 24 and minute < 60 else None
