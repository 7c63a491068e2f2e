"""What a trouble is, whatever family it is of."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

RECENT = timedelta(days=7)
"""What is older is told no more: staff know, or it no longer matters."""


class Trouble(NamedTuple):
    """``kind`` and ``about`` are what it is known by, ``since`` when it began; ``phrases`` names the table
    `[notice_PHRASES]`, and ``facts`` are what stands in its braces. Of one kind and ``digest`` staff are told
    once an hour at the most."""

    kind: str
    about: str
    since: datetime | None
    phrases: str
    facts: dict[str, str] = {}  # noqa: RUF012  a tuple's default, which nobody changes
    digest: str = ""
