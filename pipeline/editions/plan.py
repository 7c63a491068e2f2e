"""What a digest needs at a moment: the rules of due times and approval, without doing anything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING

from pipeline.core.cron import last_due, moment_of, next_due
from pipeline.editions.edition import Edition, EditionStatus

if TYPE_CHECKING:
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

    from pipeline.core.config import Digest

CAUGHT_UP_WITHIN = timedelta(days=1)
"""How long after a due time its letter still goes out by itself."""

REQUIRED_WINDOW = timedelta(hours=24)
"""How long before the due time a draft that staff must approve is put up, unless hold_window says."""


MISSED = "missed by more than a day"
"""How the reasons begin where a due time went by that is not caught up."""


class Step(Enum):
    WAIT = "nothing is to be done"
    COMPOSE = "pull, and compose the draft for `due`"
    DECIDE = "let the approval rule say whether the draft goes out"
    SEND = "hand the edition over"
    SKIP = "give `due` up"


@dataclass(frozen=True, slots=True)
class Plan:
    """``outcome`` is the word of `run --json` for a WAIT; ``due`` the local due time to act for."""

    step: Step
    outcome: str = ""
    reason: str = ""
    due: str = ""


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the rules look at.

    ``first_seen`` is when Rapport first saw the digest, ``edition`` its open one, ``withdrawn`` whether a
    post of that was taken back since, or has another address, ``taken`` the due times that have their edition already.
    """

    digest: Digest
    zone: ZoneInfo
    now: datetime
    at_once: bool
    first_seen: datetime
    edition: Edition | None
    withdrawn: bool
    taken: frozenset[str]

    def pending(self) -> str | None:
        """The newest due time that has come, if it still wants its edition."""
        last = last_due(self.digest.schedule, self.zone, self.now)
        # One that lies before a due time which had its edition was made by a change of schedule.
        passed = [due for due in self.taken if moment_of(due, self.zone) <= self.now]
        if moment_of(last, self.zone) <= self.first_seen or last <= max(passed, default=""):
            return None
        return last

    def window(self) -> timedelta:
        """How long before its due time a draft is put up."""
        if self.digest.approval == "required" and not self.digest.hold_window:
            return REQUIRED_WINDOW
        return self.digest.hold_window

    def this_moment(self) -> str:
        """A due time off the schedule, whose next one stands all the same."""
        return self.now.astimezone(self.zone).replace(tzinfo=None).isoformat(timespec="microseconds")

    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    def long_past(self, due: datetime) -> bool:
        return self.now - due > CAUGHT_UP_WITHIN


def plan(situation: Situation) -> Plan:
    """What is to be done about a digest now."""
    edition = situation.edition
    if edition is None:
        return _without_edition(situation)
    if edition.status == EditionStatus.SENDING:
        return Plan(Step.SEND)
    if edition.status == EditionStatus.APPROVED:
        return _approved(situation, edition)
    if edition.status == EditionStatus.DRAFT:
        return _draft(situation, edition)
    return Plan(Step.WAIT, edition.status, edition.reason or f"staff have {edition.status} it")


def _without_edition(s: Situation) -> Plan:
    if s.at_once:
        return Plan(Step.COMPOSE, due=s.pending() or s.this_moment())
    pending = s.pending()
    if pending is None:
        upcoming = next_due(s.digest.schedule, s.zone, s.now)
        if s.now < moment_of(upcoming, s.zone) - s.window():
            return Plan(Step.WAIT, "not_due")
        if upcoming in s.taken:
            return Plan(Step.WAIT, "not_due", "its edition was skipped or cancelled")
        return Plan(Step.COMPOSE, due=upcoming)
    if s.long_past(moment_of(pending, s.zone)):
        reason = f"{MISSED}; to send it all the same: `rapport run --now`"
        return Plan(Step.SKIP, reason=reason, due=pending)
    return Plan(Step.COMPOSE, due=pending)


def _draft(s: Situation, edition: Edition) -> Plan:
    put_up = edition.announced_at is not None
    if s.at_once:
        due = s.pending() or s.this_moment()
        return Plan(Step.DECIDE) if put_up and not s.withdrawn else Plan(Step.COMPOSE, due=due)
    pending = s.pending()
    if pending is not None and pending != edition.due:
        # Another due time came while it lay there (or the schedule was changed): it is that one's now.
        return Plan(Step.COMPOSE, due=pending)
    waits = s.digest.approval == "required" and put_up  # however long staff take
    if s.long_past(goes_at(s.digest, edition)) and not waits:
        reason = f"{MISSED}: it goes out with the next due time, or with `rapport run --now`"
        return Plan(Step.WAIT, "not_due", reason)
    if put_up:
        # With a post that was taken back it is put up anew, without it; it never goes out by itself.
        return Plan(Step.COMPOSE, due=edition.due) if s.withdrawn else Plan(Step.DECIDE)
    if s.now < edition.due_at - s.window():
        return Plan(Step.WAIT, "not_due", "a draft is ready")
    return Plan(Step.COMPOSE, due=edition.due)


def goes_at(digest: Digest, edition: Edition) -> datetime:
    """When a draft that was put up goes out by itself: the hold window is staff's in full."""
    put_up = edition.announced_at
    return max(edition.due_at, put_up + digest.hold_window) if put_up else edition.due_at


def by_itself(digest: Digest, edition: Edition) -> datetime | None:
    """When an edition goes out if nobody does anything more; None while it waits for staff, or is over."""
    if edition.status == EditionStatus.APPROVED:
        return edition.due_at
    if edition.status == EditionStatus.DRAFT and digest.approval == "auto":
        return goes_at(digest, edition)
    return None


def _approved(s: Situation, edition: Edition) -> Plan:
    if s.at_once:
        return Plan(Step.SEND)
    if s.now < edition.due_at:
        return Plan(Step.WAIT, "not_due", "approved; it goes out when it is due")
    pending = s.pending()
    if pending is not None and pending != edition.due:
        return Plan(Step.SEND, due=pending)  # missed at its own time, it is the next one's letter
    decided_late = edition.approved_at is not None and edition.approved_at > edition.due_at
    if s.long_past(edition.due_at) and not decided_late:
        reason = f"{MISSED}; send it with `rapport send {edition.slug}`"
        return Plan(Step.WAIT, "not_due", reason)
    return Plan(Step.SEND)


def verdict(s: Situation, goes: datetime) -> Plan:
    """The approval rule: whether a draft that was put up, and that goes out at ``goes``, goes out now."""
    if s.digest.approval == "required":
        return Plan(Step.WAIT, "awaiting_approval", "staff must approve it")
    if s.now < goes and not s.at_once:
        local = goes.astimezone(s.zone)
        return Plan(Step.WAIT, "not_due", f"goes out on {local:%Y-%m-%d at %H:%M} unless staff hold it")
    return Plan(Step.SEND)
