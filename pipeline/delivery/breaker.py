"""The breaker: bounces or complaints past the limits stop an edition, or hold the next (promise 11).

What counts is people, each once. A *bounce* is one for good: a soft one passes, `blocked` is about the
message, and who is dropped because they bounced before was not mailed now. A *complaint* is a report as spam.
*Outcomes* are the people of whom the provider said how it ended: delivered, bounced in any way, dropped, or
complained. By SMTP no events come: there the ledger's refusals (5xx) are the bounces, and complaints are not
known.
"""

from __future__ import annotations

import logging
import math
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, case, func, or_, select, update

from pipeline.core.tables import editions, events
from pipeline.editions.edition import EditionStatus
from pipeline.editions.ledger import outcomes as ledger
from pipeline.editions.ledger import recipients
from pipeline.providers.events import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from pipeline.core.config import Delivery
    from pipeline.editions.edition import Edition
    from pipeline.providers.events import Event

log = logging.getLogger(__name__)

FEWEST_OUTCOMES = 200
FEWEST_COMPLAINTS = 3

LIVELY = timedelta(days=30)
"""How long after its hand-over an edition is judged: a late complaint tells nothing of the next letter."""

_BAD = (Kind.BOUNCE, Kind.SPAMREPORT)
_ENDS = (*_BAD, Kind.DELIVERED, Kind.SOFT_BOUNCE, Kind.BLOCKED, Kind.DROPPED)

FINISHED = timedelta(days=1)
"""How long after its end the ledger of an edition is still judged: it changes no more."""

_EACH, _TENTH_MORE = 1000, 1.1
"""Bounces up to which every new one is judged; from there on each tenth part more. Of an edition to a million
readers, posts of a thousand events would otherwise count the same hundred thousands again and again."""


@dataclass(frozen=True, slots=True)
class Tally:
    """People of one edition. ``outcomes`` may have been counted no further than the verdict needs."""

    outcomes: int
    bounces: int
    complaints: int

    def verdict(self, limits: Delivery) -> str:
        """What is past its limit, in words for staff; empty when nothing is. A limit of 0 lets none pass."""
        if self.outcomes < FEWEST_OUTCOMES:
            return ""
        if self.bounces > limits.bounce_limit * self.outcomes:
            return self._said(self.bounces, "bounced", limits.bounce_limit)
        if self.complaints >= FEWEST_COMPLAINTS and self.complaints > limits.complaint_limit * self.outcomes:
            said = self._said(self.complaints, "reported it as spam", limits.complaint_limit)
            return f"{said} (Gmail tells of no such reports: there may be more)"
        return ""

    def _said(self, number: int, what: str, limit: float) -> str:
        return (
            f"{number:,} of the {self.outcomes:,} readers of whom it is known how it ended {what}: "
            f"{number / self.outcomes:.2%}, the limit is {limit:.2%}"
        )


@dataclass(frozen=True, slots=True)
class Tripped:
    """An edition that was stopped, or sent already. ``held``: the digest's next one, if that was stopped."""

    slug: str
    reason: str
    held: str | None


def judge(connection: Connection, limits: Delivery, new: Sequence[Event], at: datetime) -> list[Tripped]:
    """Judge the editions that new events, written down already, tell the end of."""
    fresh: dict[str, Counter[Kind]] = {}
    for event in new:
        if event.edition and event.kind in _ENDS:
            fresh.setdefault(event.edition, Counter())[event.kind] += 1
    tripped = []
    for edition in _lively(connection, editions.c.slug.in_(sorted(fresh)), at) if fresh else ():
        tally = _by_events(connection, edition, fresh[edition.slug], limits)
        if tally is not None and (reason := tally.verdict(limits)):
            tripped.append(_trip(connection, edition, reason, at))
    return tripped


def judge_ledger(connection: Connection, limits: Delivery, at: datetime) -> list[Tripped]:
    """Judge, where the provider tells of no events, what the ledger says of every edition that may matter."""
    tripped = []
    # Once staff let one go on it is not stopped again: the ledger does not say which of it was known then.
    which = and_(
        editions.c.tripped_at.is_(None),
        or_(editions.c.finished_at.is_(None), editions.c.finished_at > at - FINISHED),
    )
    for edition in _lively(connection, which, at):
        counts = ledger.counts(connection, edition.id)
        bounces = ledger.bounced(connection, edition.id)
        tally = Tally(counts["sent"] + bounces, bounces, 0)
        if reason := tally.verdict(limits):
            tripped.append(_trip(connection, edition, reason, at))
    return tripped


class Growing:
    """The ledger, judged while an edition is handed over, where the provider tells of no events."""

    def __init__(self, limits: Delivery) -> None:
        self._limits = limits
        self._outcomes = self._bounces = 0

    def add(self, connection: Connection, outcomes: int, bounces: int, at: datetime) -> None:
        """Take note of what became of a batch, and judge once there is enough of it to change anything."""
        if self._limits.provider != "smtp":
            return
        self._outcomes += outcomes
        self._bounces += bounces
        if self._outcomes < FEWEST_OUTCOMES:
            return
        if self._bounces:
            judge_ledger(connection, self._limits, at)
        self._outcomes = self._bounces = 0


def unanswered(connection: Connection, digest: str, edition: Edition | None) -> str | None:
    """Why a digest's draft (or the next one) must wait for staff: an edition tripped, unanswered by them.

    Answered it is by letting this one go on (approve, resume) after it, or by an edition handed over since.
    """
    of_digest = editions.c.digest == digest
    since = select(func.max(editions.c.snapshot_at)).where(of_digest).scalar_subquery()
    query = (
        select(editions.c.slug, editions.c.tripped_at)
        .where(
            of_digest,
            editions.c.tripped_at > since,
            or_(editions.c.judged_from.is_(None), editions.c.judged_from <= editions.c.tripped_at),
        )
        .order_by(editions.c.tripped_at.desc())
        .limit(1)
    )
    tripped = connection.execute(query).one_or_none()
    if tripped is None:
        return None
    if edition is not None:
        decided = [moment for moment in (edition.approved_at, edition.judged_from) if moment is not None]
        if decided and max(decided) > tripped.tripped_at:
            return None
    return f"{tripped.slug} had too many bounces or complaints: staff must look before the next letter goes"


class _Judged(NamedTuple):
    """As much of an edition as is judged: its letter is not read for each post of events."""

    id: int
    slug: str
    digest: str
    judged_from: datetime | None


def _lively(connection: Connection, which: Any, at: datetime) -> list[_Judged]:
    """Editions that were handed over lately and have not tripped, or were let go on after it."""
    query = (
        select(editions.c.id, editions.c.slug, editions.c.digest, editions.c.judged_from)
        .where(
            which,
            editions.c.snapshot_at > at - LIVELY,
            or_(editions.c.tripped_at.is_(None), editions.c.judged_from > editions.c.tripped_at),
        )
        .order_by(editions.c.id)
    )
    return [_Judged(*row) for row in connection.execute(query)]


def _by_events(
    connection: Connection, edition: _Judged, fresh: Counter[Kind], limits: Delivery
) -> Tally | None:
    """Who fared how, counted as far as it can matter; None when these events can have tripped nothing."""
    if not any(fresh[kind] for kind in _BAD):
        # Good news trips nothing, but for that with which there are enough outcomes to judge by.
        before = _people(connection, edition, _ENDS, FEWEST_OUTCOMES + fresh.total()) - fresh.total()
        if before >= FEWEST_OUTCOMES:
            return None
    elif not any(_worth_it(connection, edition, kind, fresh[kind]) for kind in _BAD):
        return None
    bounces = _people(connection, edition, (Kind.BOUNCE,))
    complaints = _people(connection, edition, (Kind.SPAMREPORT,))
    # Beyond this many outcomes neither share can be past its limit.
    needed = max(
        _enough(bounces, limits.bounce_limit), _enough(complaints, limits.complaint_limit), FEWEST_OUTCOMES
    )
    return Tally(_people(connection, edition, _ENDS, needed), bounces, complaints)


def _worth_it(connection: Connection, edition: _Judged, kind: Kind, fresh: int) -> bool:
    """Whether so many new ones change enough to look again. It reads the index alone."""
    if not fresh:
        return False
    told = select(func.count()).where(events.c.edition == edition.slug, events.c.kind == kind.value)
    now = connection.execute(told).scalar_one()
    return now <= _EACH or int(math.log(now, _TENTH_MORE)) > int(math.log(max(1, now - fresh), _TENTH_MORE))


def _enough(number: int, limit: float) -> int:
    return int(number / limit) + 1 if limit else _EACH


def _people(connection: Connection, edition: _Judged, kinds: Sequence[Kind], most: int | None = None) -> int:
    """Different people with an event of these kinds; counted up to ``most``, if told."""
    query = (
        select(events.c.subscriber_id)
        .where(
            events.c.edition == edition.slug,
            events.c.kind.in_([kind.value for kind in kinds]),
            events.c.subscriber_id.is_not(None),  # nobody's, such as the reader of a test copy
        )
        .distinct()
    )
    if edition.judged_from is not None:
        query = query.where(events.c.at > edition.judged_from)
    if most is not None:
        query = query.limit(most)
    return connection.execute(select(func.count()).select_from(query.subquery())).scalar_one()


def _trip(connection: Connection, edition: _Judged, reason: str, at: datetime) -> Tripped:
    log.warning("%s tripped the breaker: %s", edition.slug, reason)
    stopped = case((editions.c.status == EditionStatus.SENDING, "paused"), else_=editions.c.status)
    connection.execute(
        update(editions)
        .where(editions.c.id == edition.id)
        .values(tripped_at=at, status=stopped, reason=reason)
    )
    held = connection.execute(
        update(editions)
        .where(
            editions.c.digest == edition.digest,
            editions.c.status.in_((EditionStatus.DRAFT, EditionStatus.APPROVED)),
        )
        .values(status=EditionStatus.HELD, reason=f"{edition.slug}: {reason}")
        .returning(editions.c.id, editions.c.slug)
    ).one_or_none()
    if held is None:
        return Tripped(edition.slug, reason, None)
    recipients.discard(connection, held.id)  # somebody may have been at it
    return Tripped(edition.slug, reason, held.slug)
