"""Which cron line was meant by a time in people's words ("9am thursday"), or by a line that is nearly one."""

from __future__ import annotations

import re

from pipeline.core.suggest import folded, nearest

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
_ALSO = {
    "sonntag": "sun", "montag": "mon", "dienstag": "tue", "mittwoch": "wed", "donnerstag": "thu",
    "freitag": "fri", "samstag": "sat", "sonnabend": "sat",
    "dimanche": "sun", "lundi": "mon", "mardi": "tue", "mercredi": "wed", "jeudi": "thu", "vendredi": "fri",
    "samedi": "sat",
    "domingo": "sun", "lunes": "mon", "martes": "tue", "miercoles": "wed", "jueves": "thu", "viernes": "fri",
    "sabado": "sat",
    "so": "sun", "mo": "mon", "di": "tue", "mi": "wed", "do": "thu", "fr": "fri", "sa": "sat",
}  # fmt: skip
"""Days in the other languages that letters are written in."""
_EVERY_DAY = re.compile(r"\b(daily|every day|each day|taglich|jeden tag|tous les jours|todos los dias)\b")
_FORTNIGHT = re.compile(
    r"every other|fortnight|bi-?weekly|(?:every )?(?:2|two) weeks|alle 2|alle zwei|zweiwochentlich"
)
_NTH = re.compile(r"\b(first|1st|second|2nd|third|3rd|fourth|4th|last)\b")
_NTHS = {
    "first": "1",
    "1st": "1",
    "second": "2",
    "2nd": "2",
    "third": "3",
    "3rd": "3",
    "fourth": "4",
    "4th": "4",
}
_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_HOURS = {word: hour for hour, word in enumerate(_NUMBERS, 1)}
_HOURS |= {"noon": 12, "midday": 12, "midnight": 0, "morning": 9, "afternoon": 15, "evening": 18}
_HOURS |= {"mittag": 12, "mittags": 12, "morgens": 9, "abends": 18, "midi": 12, "minuit": 0, "mediodia": 12}

_WORD = re.compile(r"[a-z]+")
_CLOCK = re.compile(r"(?<![\d:.])(\d{1,2})(?:[:.h](\d{2}))?\s*(am|pm|a\.m\.|p\.m\.|uhr|h|o'clock)?(?![\d:])")


_RANGES = {
    "minute": "the minute, which comes first, is 0 to 59",
    "hour": "the hour, which comes second, is 0 to 23",
    "day-of-month": "the day of the month, which comes third, is 1 to 31",
    "month": "the month, which comes fourth, is 1 to 12 or jan to dec",
    "day-of-week": "the day of the week, which comes last, is 0 to 7 (0 and 7 are Sunday) or sun to sat",
}


def wrong(schedule: str, fault: str) -> str:
    """What is wrong with a cron line, from the words of the library that refused it."""
    if _FORTNIGHT.search(folded(schedule)):
        return "not a cron line, and cron has no word for every second week"
    fields = schedule.split()
    if len(fields) == 5 and _FIELD.fullmatch(fields[0]):
        for field, words in _RANGES.items():
            if fault.lower().endswith(field):
                if field == "day-of-month" and fields[2].isdigit() and 0 < int(fields[2]) < 32:
                    words = "no such month has that day"
                elif field == "day-of-week" and re.fullmatch(r"\w+-\w+", fields[4]):
                    words += ", and a span of days begins with the lesser"
                return f"not a cron line: {words}"
    return "not a cron line, which has five fields: minute, hour, day of month, month, day of week"


def schedule_meant(written: str) -> str:
    """The cron line that was probably meant; empty where nobody can tell. It is not looked at whether that
    one is right."""
    plain = folded(written.partition("#")[0] if " #" in written else written, keep="-")
    if plain in _NAMED:
        return _NAMED[plain]
    line = re.sub(r"^(?:cron[_ ]?tz=\S+|cron\() ?|[)\"'\u201c\u201d\u2018\u2019`]", "", plain)
    fields = line.split()
    if len(fields) >= 5 and all(_FIELD.fullmatch(field) for field in fields[:2]):
        return _with_short_names(fields)
    if _FORTNIGHT.search(plain):
        return ""
    days = _days(plain)
    moment = _time(plain)
    if moment is None and not re.search(r"\d[:.h ]?\d|\d ?[ap]m", plain):
        moment = (9, 0)
    if moment is None or not (days or _EVERY_DAY.search(plain) or _NTH.search(plain)):
        return ""
    clock = f"{moment[1]} {moment[0]}"
    if nth := _NTH.search(plain):
        number = _NTHS.get(nth[1], "L")
        return f"{clock} * * {days[0]}#{number}" if len(days) == 1 else f"{clock} {number} * *"
    return f"{clock} * * {','.join(days) or '*'}"


_FIELD = re.compile(r"[\d*/,-]+")


def _with_short_names(fields: list[str]) -> str:
    """Nearly a cron line: without a field for seconds or years, or more words, and with cron's names of days
    and months."""
    year = len(fields) > 5 and re.fullmatch(r"\d{4}", fields[5])
    if len(fields) > 5 and not year and fields[0] == "0" and _FIELD.fullmatch(fields[2]) and fields[2] != "*":
        fields = fields[1:]
    minute, hour, day, month, weekday = fields[:5]
    line = [
        minute,
        hour,
        day.replace("?", "*"),
        _shortened(month, _MONTHS),
        _upwards(_shortened(weekday, _DAYS)),
    ]
    return " ".join(line)


def _upwards(weekday: str) -> str:
    """A span of days that goes over the end of the week, day by day."""
    begin, _, end = weekday.partition("-")
    if begin not in _DAYS or end not in _DAYS or _DAYS.index(begin) <= _DAYS.index(end):
        return weekday
    return ",".join((_DAYS * 2)[_DAYS.index(begin) : _DAYS.index(end) + 8])


def _shortened(field: str, names: tuple[str, ...]) -> str:
    def short(word: re.Match[str]) -> str:
        known = _ALSO.get(word[0], word[0]) if names is _DAYS else word[0]
        return known[:3] if known[:3] in names else known

    shortened = _WORD.sub(short, field)
    return shortened.replace("?", "*")


def _days(plain: str) -> list[str]:
    words = _WORD.findall(plain)
    if grouped := [_GROUPS[word] for word in words if word in _GROUPS]:
        return grouped
    if span := re.search(r"\b([a-z]{3,9})-([a-z]{3,9})\b", plain):
        ends = [_day(span[1]), _day(span[2])]
        if all(ends):
            return [_upwards("-".join(ends))]
    return [day for word in words if (day := _day(word))]


def _day(word: str) -> str:
    """The day that a word names; empty for one that is none: "thu", "thurs", "thursdays", and not "month"."""
    stem = word.rstrip("s").removesuffix("day")
    if word[:3] in _DAYS and (len(word) < 5 or stem in _WHOLE or word in _WHOLE):
        return word[:3]
    if len(word) > 2 and (also := _ALSO.get(word) or _ALSO.get(word.rstrip("s"))):
        return also
    # A slip of the finger, in a whole name.
    whole = {f"{name}day": name[:3] for name in _WHOLE}
    return whole.get(nearest(word.rstrip("s"), whole, 0.75) if len(word) > 5 else "", "")


def _time(plain: str) -> tuple[int, int] | None:
    """Hour and minute; None where the words name none that there is."""
    match = _CLOCK.search(_NTH.sub("", plain))
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
