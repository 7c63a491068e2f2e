"""When people agreed, as other tools and spreadsheets write dates."""

from __future__ import annotations

import re

from subscribers.importing.words import NOTHING, fold

_ISO = re.compile(r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d))?")
_DOTTED = re.compile(r"(\d\d?)\.(\d\d?)\.(\d{4})(?: +(\d\d?):(\d\d))?")
_SLASHED = re.compile(r"(\d\d?)/(\d\d?)/(\d{4})(?: +(\d\d?):(\d\d))?(?::\d\d)?(?: *([AaPp][Mm]))?")
_DATE_LIKE = re.compile(r"[\w .,:/+-]{1,40}")

UNREADABLE = "at a time that cannot be read"


def read_moment(cell: str) -> tuple[str, bool]:
    """When something happened, for the proof, and whether the day is certain; empty if nothing happened.

    A date that a spreadsheet has written anew is kept as it stands if its day and month could be either.
    What is no date is a stranger's text and not repeated.
    """
    text = cell.strip()
    if fold(text) in NOTHING:
        return "", True
    if found := _ISO.match(text):
        return " ".join(part for part in found.groups() if part), True
    if found := _DOTTED.match(text):
        day, month, year, hour, minute = found.groups()
        if int(month) <= 12 and int(day) <= 31:
            return _written(year, month, day, hour, minute), True
    if (found := _SLASHED.fullmatch(text)) and not found[6]:
        one, two, year, hour, minute, _ = found.groups()
        if 12 < int(one) <= 31 and int(two) <= 12:
            return _written(year, two, one, hour, minute), True
        if 12 < int(two) <= 31 and int(one) <= 12:
            return _written(year, one, two, hour, minute), True
    if _DATE_LIKE.fullmatch(text) and any(sign.isdigit() for sign in text):
        return f'"{text}" (as the list has it)', False
    return UNREADABLE, False


def _written(year: str, month: str, day: str, hour: str | None, minute: str | None) -> str:
    date = f"{year}-{int(month):02}-{int(day):02}"
    return f"{date} {int(hour):02}:{minute}" if hour else date
