"""What an alert is, whatever it is about."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

RECENT = timedelta(days=7)
"""Older problems are not told: staff know them, or they no longer matter."""


class Alert(NamedTuple):
    """Something that staff must know.

    ``kind`` and ``about`` identify it, ``since`` is when it began. ``phrases`` names the table
    `[mail.notice_PHRASES]` of its words, ``facts`` fill their braces; a
    number, a day or a moment among them is said in the newsletter's language. Staff are told about one kind
    and ``digest`` once an hour at most. What is not ``urgent`` goes by mail alone, not to staff.alarms.
    """

    kind: str
    about: str
    since: datetime | None
    phrases: str
    facts: Mapping[str, str | int | date] = {}
    digest: str = ""
    urgent: bool = True
