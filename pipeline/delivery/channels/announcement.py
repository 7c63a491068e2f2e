"""One announcement: where it stands, and what is known of its attempts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Row

PATIENCE = timedelta(days=3)
"""How long an announcement is tried; a webhook's receiver may be down over a weekend."""


class AnnouncementState(StrEnum):
    """Where an announcement stands, in the words of the database and of ``--json``."""

    WAITING = "waiting"
    POSTING = "posting"
    POSTED = "posted"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"


UNFINISHED = (AnnouncementState.WAITING, AnnouncementState.POSTING)


@dataclass(frozen=True, slots=True)
class Announcement:
    """One row of `announcements`. ``doubt``: an attempt ended without saying what became of it."""

    edition_id: int
    channel: str
    state: AnnouncementState
    made_at: datetime
    repeat_key: str
    content: Mapping[str, Any] | None
    attempts: int
    first_try: datetime | None
    next_try: datetime | None
    doubt: bool
    at: datetime
    address: str
    reason: str

    @classmethod
    def of(cls, row: Row[Any]) -> Announcement:
        values = {name: getattr(row, name) for name in cls.__slots__}
        return cls(**values | {"state": AnnouncementState(row.state)})

    @property
    def waits(self) -> bool:
        """Whether it is tried again by itself."""
        return self.state is AnnouncementState.WAITING

    def is_over(self, now: datetime) -> bool:
        """Whether it was tried for long enough."""
        return now - self.made_at > PATIENCE
