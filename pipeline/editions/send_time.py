"""When an edition goes out if nobody does anything more, as functions of values.

The plan (plan.py) acts by it; pages, mails and commands tell staff.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.core.cron import moment_of, next_due
from pipeline.editions.edition import BEFORE_SENDING, EditionStatus
from subscribers import times

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from pipeline.core.sections.digest import Digest
    from pipeline.editions.edition import Edition


def goes_at(digest: Digest, edition: Edition) -> datetime:
    """When a draft that was put up goes out by itself.

    At its due time, also where it was put up late and less than the hold window is left: readers get their
    letter at the hour that the schedule says, and the mail to staff names it. Where the due time had passed
    already, staff have the whole window from then on.
    """
    put_up = edition.announced_at
    return goes_if_put_up(digest, edition.due_at, put_up) if put_up else edition.due_at


def goes_if_put_up(digest: Digest, due: datetime, put_up: datetime) -> datetime:
    """The same of a draft for ``due`` that is put up at that moment."""
    return due if put_up < due else put_up + digest.hold_window


def by_itself(digest: Digest, edition: Edition) -> datetime | None:
    """When an edition goes out if nobody does anything more; None while it waits for staff, or is over."""
    if edition.status == EditionStatus.APPROVED:
        return edition.due_at
    if edition.status == EditionStatus.DRAFT and digest.approval == "auto":
        return goes_at(digest, edition)
    return None


def upcoming(
    digest: Digest, zone: ZoneInfo, now: datetime, taken: frozenset[str], edition: Edition | None = None
) -> str:
    """When the digest's next letter goes out, as `run --json` prints it: its open ``edition``, if that is
    still to go and its time lies ahead; else the next due time without an edition."""
    if edition is not None and edition.status in BEFORE_SENDING:
        goes = by_itself(digest, edition) or edition.due_at
        if goes > now:
            return times.iso(goes, zone)
    return times.iso(moment_of(next_due(digest.schedule, zone, now, taken), zone), zone)
