"""What a digest needs at a moment: the rules of due times and approval, as functions of values.

Nothing is read or done here. `run` and `run --dry-run` read the situation and follow the plan (schedule/).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING

from pipeline.core.cron import last_due, moment_of, next_due
from pipeline.editions.edition import Edition, EditionStatus
from pipeline.editions.send_time import goes_at
from subscribers import times

if TYPE_CHECKING:
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

    from pipeline.core.sections.digest import Digest
    from pipeline.editions.trial import Trial

CAUGHT_UP_WITHIN = timedelta(days=1)
"""How long after a due time its letter still goes out by itself."""

REQUIRED_WINDOW = timedelta(hours=24)
"""How long before the due time a draft that staff must approve is put up, unless hold_window says."""

MISSED = "missed by more than a day"
"""How the reason begins where a due time passed and is not caught up."""


MOST_STEPS = 10
"""Of one digest in one run. The longest way (approve, compose anew what was withdrawn, approve, send) takes
four; staff who decide meanwhile add some."""


class Step(Enum):
    WAIT = "nothing is to be done"
    COMPOSE = "pull, compose the draft for `due`, and put it up for staff"
    HOLD = "hold the draft: staff must look before it goes"
    APPROVE = "approve the draft: nobody is waited for any more"
    SEND = "hand the edition over, as that of `due` if one is named"
    SKIP = "give `due` up"


@dataclass(frozen=True, slots=True)
class Plan:
    """The next step. ``outcome`` is the word of `run --json` for a WAIT, ``due`` a due time in local text."""

    step: Step
    outcome: str = ""
    reason: str = ""
    due: str = ""


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything that the rules look at.

    ``first_seen`` is when Rapport first saw the digest. ``edition`` is the digest's open edition, and
    ``withdrawn`` says whether a post of it was taken back since, or has another address. ``taken`` are the
    due times that have an edition already. ``must_hold`` is why staff must look at the next letter before it
    goes (the breaker tripped, or the database was restored), if they must. ``lost`` says why its readers are
    perhaps under another name. ``trial``: its editions that reached nobody, once letters go to readers."""

    digest: Digest
    zone: ZoneInfo
    now: datetime
    at_once: bool
    first_seen: datetime
    edition: Edition | None
    withdrawn: bool
    taken: frozenset[str]
    must_hold: str | None = None
    lost: str = ""
    trial: Trial | None = None

    def pending(self) -> str | None:
        """The newest due time that has come and has no edition yet; None when there is none."""
        last = last_due(self.digest.schedule, self.zone, self.now)
        if moment_of(last, self.zone) <= self.first_seen:
            return None
        # A due time before one that has its edition only exists because the schedule was changed.
        over = any(due >= last and moment_of(due, self.zone) <= self.now for due in self.taken)
        return None if over else last

    def window(self) -> timedelta:
        """How long before its due time a draft is put up."""
        if self.digest.approval == "required" and not self.digest.hold_window:
            return REQUIRED_WINDOW
        return self.digest.hold_window

    def this_moment(self) -> str:
        """A due time off the schedule: the scheduled ones stay free."""
        return self.now.astimezone(self.zone).replace(tzinfo=None).isoformat(timespec="microseconds")

    def shown(self, at: datetime) -> str:
        return times.moment(at, self.zone)

    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    def long_past(self, due: datetime) -> bool:
        return self.now - due > CAUGHT_UP_WITHIN


def plan(situation: Situation) -> Plan:
    """The next step for a digest."""
    planned = _plan(situation)
    if situation.lost and planned.step is not Step.WAIT:
        # No due time is used up for nobody: its letter goes out once the readers are found.
        return Plan(Step.WAIT, "failed", situation.lost)
    return planned


def _plan(situation: Situation) -> Plan:
    edition = situation.edition
    if edition is None:
        return _without_edition(situation)
    if edition.status == EditionStatus.SENDING:
        return Plan(Step.SEND)
    if edition.is_note and edition.status in (EditionStatus.DRAFT, EditionStatus.APPROVED):
        return _note(situation, edition)
    if edition.status == EditionStatus.APPROVED:
        return _approved(situation, edition)
    if edition.status == EditionStatus.DRAFT:
        return _draft(situation, edition)
    return Plan(Step.WAIT, edition.status, edition.reason or f"staff have {edition.status} it")


def _without_edition(s: Situation) -> Plan:
    pending = s.pending()
    if s.at_once:
        return Plan(Step.COMPOSE, due=pending or s.this_moment())
    if pending is None:
        due = next_due(s.digest.schedule, s.zone, s.now)
        if s.now < moment_of(due, s.zone) - s.window():
            return Plan(Step.WAIT, "not_due")
        if due in s.taken:
            return Plan(Step.WAIT, "not_due", "its edition was skipped or cancelled")
        return Plan(Step.COMPOSE, due=due)
    if s.long_past(moment_of(pending, s.zone)):
        reason = f"{MISSED}; to send it all the same: `rapport run --now`"
        return Plan(Step.SKIP, reason=reason, due=pending)
    return Plan(Step.COMPOSE, due=pending)


def _draft(s: Situation, edition: Edition) -> Plan:
    put_up = edition.announced_at is not None
    pending = s.pending()
    if s.at_once:
        if put_up and not s.withdrawn:
            return approval(s, goes_at(s.digest, edition))
        return Plan(Step.COMPOSE, due=pending or s.this_moment())
    if pending is not None and pending != edition.due:
        # The next due time came while the draft waited, or the schedule was changed: the draft is for it now.
        return Plan(Step.COMPOSE, due=pending)
    waits = s.digest.approval == "required" and put_up  # however long staff take
    if s.long_past(goes_at(s.digest, edition)) and not waits:
        reason = f"{MISSED}: it goes out with the next due time, or with `rapport run --now`"
        return Plan(Step.WAIT, "not_due", reason)
    if not put_up and s.now < edition.due_at - s.window():
        return Plan(Step.WAIT, "not_due", _ready(s, edition))
    if put_up and not s.withdrawn:
        return approval(s, goes_at(s.digest, edition))
    # One with a withdrawn post never goes out by itself: it is put up again without the post.
    return Plan(Step.COMPOSE, due=edition.due)


def _note(s: Situation, edition: Edition) -> Plan:
    """A note is for no due time: it goes as soon as it may, and the letter that comes due waits for it."""
    if edition.status == EditionStatus.APPROVED:
        return Plan(Step.SEND)
    if edition.announced_at is None:
        return Plan(Step.COMPOSE)
    planned = approval(s, goes_at(s.digest, edition))
    pending = s.pending()
    if planned.step is not Step.WAIT or pending is None:
        return planned
    waits = f"the letter due {s.shown(moment_of(pending, s.zone))} waits for this note"
    return replace(planned, reason="; ".join(filter(None, (planned.reason, waits))))


def _approved(s: Situation, edition: Edition) -> Plan:
    if s.at_once:
        return Plan(Step.SEND)
    if s.now < edition.due_at:
        return Plan(Step.WAIT, "not_due", f"approved: it goes out {s.shown(edition.due_at)}")
    pending = s.pending()
    if pending is not None and pending != edition.due:
        return Plan(Step.SEND, due=pending)  # it missed its own due time and is the letter of the next
    decided_late = edition.approved_at is not None and edition.approved_at > edition.due_at
    if s.long_past(edition.due_at) and not decided_late:
        reason = f"{MISSED}; send it with `rapport send {edition.slug}`"
        return Plan(Step.WAIT, "not_due", reason)
    return Plan(Step.SEND)


def _ready(s: Situation, draft: Edition) -> str:
    when = s.shown(draft.due_at)
    if s.digest.approval == "required":
        return f"a draft is ready; once staff approve it, it goes out {when}"
    return f"a draft is ready: it goes out {when}"


def approval(s: Situation, goes: datetime) -> Plan:
    """The approval rule: what becomes of a draft that was put up and goes out by itself at ``goes``."""
    if s.digest.approval == "required":
        then = f"; then it goes out {s.shown(goes)}" if s.now < goes and not s.at_once else ""
        return Plan(Step.WAIT, "awaiting_approval", f"staff must approve it{then}")
    if s.must_hold:
        return Plan(Step.HOLD, reason=s.must_hold)
    if s.now < goes and not s.at_once:
        return Plan(Step.WAIT, "not_due", f"goes out {s.shown(goes)} unless staff hold it")
    return Plan(Step.APPROVE)
