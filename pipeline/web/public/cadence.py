"""How often a digest comes, in words."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.core.config import Digest
    from pipeline.web.public.phrases import Said

_FROM = datetime(2026, 1, 1)  # noqa: DTZ001  the wall clock, on purpose; any year would do
_LOOKED_AT = 14
"""Due times: enough that a weekday or a day of the month that only sometimes fits shows."""


def every(digest: Digest, said: Said) -> str:
    """`every Thursday`, `every day`, `once a month`; empty for what cannot be said so shortly."""
    from cronsim import CronSim

    due = list(islice(CronSim(digest.schedule, _FROM), _LOOKED_AT))
    gaps = {later.date() - earlier.date() for earlier, later in pairwise(due)}
    if gaps == {timedelta(days=1)}:
        return said.say("every.day")
    if gaps == {timedelta(days=7)}:
        return said.say("every.week", weekday=_weekday(due[0], said.language))
    if gaps and min(gaps) >= timedelta(days=28) and max(gaps) <= timedelta(days=31):
        return said.say("every.month")
    return ""


def _weekday(day: datetime, language: str) -> str:
    from babel.core import UnknownLocaleError
    from babel.dates import format_date

    try:
        return format_date(day, "EEEE", locale=language.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return format_date(day, "EEEE", locale="en")
