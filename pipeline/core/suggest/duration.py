"""Which length of time was meant by one in words ("1 hour", "90 minutes", "daily")."""

from __future__ import annotations

import re

_WORDS = {
    "hourly": "1h", "daily": "1d", "weekly": "1w", "an hour": "1h", "a day": "1d", "a week": "1w",
    "half an hour": "30m",
}  # fmt: skip
_MINUTES = {"m": 1, "h": 60, "d": 24 * 60, "w": 7 * 24 * 60}
_UNITS = {
    "min": "m", "mins": "m", "minute": "m", "minutes": "m", "minuten": "m", "hr": "h", "hrs": "h",
    "hour": "h", "hours": "h", "std": "h", "stunde": "h", "stunden": "h",
    "day": "d", "days": "d", "tag": "d", "tage": "d",
    "week": "w", "weeks": "w", "woche": "w", "wochen": "w",
}  # fmt: skip
_LONGEST = 50
"""Characters. What is longer was meant for no length of time, and to look through it costs its square."""
_PART = re.compile(r"(\d+(?:[.,]\d+)?)\s*([a-z]+)")


def duration_meant(written: object) -> str:
    """A number and a unit; empty where nobody can tell."""
    plain = " ".join(str(written).casefold().split())
    if plain in _WORDS:
        return _WORDS[plain]
    parts = _PART.findall(plain) if len(plain) <= _LONGEST else []
    if not parts or _PART.sub("", plain).strip(" ,+and"):
        return ""
    minutes = 0.0
    for number, unit in parts:
        known = _UNITS.get(unit, unit)
        if known in ("s", "sec", "seconds", "second", "sek", "sekunden"):
            minutes += float(number.replace(",", ".")) / 60
        elif known in _MINUTES:
            minutes += float(number.replace(",", ".")) * _MINUTES[known]
        else:
            return ""
    whole = max(round(minutes), 1)
    unit = next(unit for unit in "wdhm" if whole % _MINUTES[unit] == 0)
    return f"{whole // _MINUTES[unit]}{unit}"
