"""The breaker: bounces or complaints past the limits stop an edition, or hold the next (promise 11).

People are counted, each once. A *bounce* is a hard one: a soft bounce may pass, `blocked` is about the
message, and a reader who is dropped for an earlier bounce was not mailed now. A *complaint* is a report as
spam. *Outcomes* are the people with a final event: delivered, bounced in any way, dropped, or complained.
SMTP has no events: there the ledger's refusals (5xx) are the bounces, and complaints are not known.
"""

from __future__ import annotations

import logging
import math
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, bindparam, func, or_, select

from pipeline.core.tables.editions import editions
from pipeline.core.tables.ledger import events
from pipeline.editions import states
from pipeline.editions.ledger import outcomes
from pipeline.editions.ledger.batch_states import RecipientState
from pipeline.providers.events import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from pipeline.core.sections.delivery import Delivery
    from pipeline.editions.edition import Edition
    from pipeline.providers.events import Event

log = logging.getLogger(__name__)

FEWEST_OUTCOMES = 200
FEWEST_COMPLAINTS = 3

JUDGED_FOR = timedelta(days=30)
"""How long after its snapshot an edition is judged. A later complaint says nothing about the next letter."""

_BAD = (Kind.BOUNCE, Kind.SPAMREPORT)
_ENDS = (*_BAD, Kind.DELIVERED, Kind.SOFT_BOUNCE, Kind.BLOCKED, Kind.DROPPED)

FINISHED = timedelta(days=1)
"""How long after its end the ledger of an edition is still judged. After that it changes no more."""

_EACH, _TENTH_MORE = 1000, 1.1
"""Up to this many bounces every new one is judged; above it, only each ten percent more. Otherwise, in an
edition to a million readers, each post of a thousand events would count the same hundred thousands again."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Numbers of people of one edition. ``outcomes`` may be counted only as far as the verdict needs."""

    outcomes: int
    bounces: int
    complaints: int

    def verdict(self, limits: Delivery) -> str:
        """What is above its limit, in words for staff; empty when nothing is. A limit of 0 allows none."""
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
    """An edition that tripped the breaker. ``held``: the slug of the digest's next one, if that was held."""

    slug: str
    reason: str
    held: str | None


def judge(connection: Connection, limits: Delivery, new: Sequence[Event], at: datetime) -> list[Tripped]:
    """Judge the editions that have final events among ``new``. The events are in the database already."""
    fresh: dict[str, Counter[Kind]] = {}
    for event in new:
        if event.edition and event.kind in _ENDS:
            fresh.setdefault(event.edition, Counter())[event.kind] += 1
    tripped = []
    for edition in _recent(connection, editions.c.slug.in_(sorted(fresh)), at) if fresh else ():
        tally = _by_events(connection, edition, fresh[edition.slug], limits)
        if tally is not None and (reason := tally.verdict(limits)):
            tripped.append(_trip(connection, edition, reason, at))
    return tripped


def judge_ledger(connection: Connection, limits: Delivery, at: datetime) -> list[Tripped]:
    """Judge the recent editions by the ledger, for a provider without events."""
    tripped = []
    # An edition that staff resumed is not stopped again: the ledger does not say what was known by then.
    which = and_(
        editions.c.tripped_at.is_(None),
        or_(editions.c.finished_at.is_(None), editions.c.finished_at > at - FINISHED),
    )
    for edition in _recent(connection, which, at):
        counts = outcomes.counts(connection, edition.id)
        bounces = outcomes.bounced(connection, edition.id)
        tally = Tally(counts[RecipientState.SENT] + bounces, bounces, 0)
        if reason := tally.verdict(limits):
            tripped.append(_trip(connection, edition, reason, at))
    return tripped


class RunningTally:
    """Judges the ledger during a delivery, for a provider without events."""

    def __init__(self, limits: Delivery) -> None:
        self._limits = limits
        self._outcomes = self._bounces = 0

    def add(self, connection: Connection, outcomes: int, bounces: int, at: datetime) -> None:
        """Add the outcome of a batch, and judge when enough outcomes have come together."""
        if self._limits.provider != "smtp":
            return
        self._outcomes += outcomes
        self._bounces += bounces
        if self._outcomes < FEWEST_OUTCOMES:
            return
        if self._bounces:
            judge_ledger(connection, self._limits, at)
        self._outcomes = self._bounces = 0


_OF_DIGEST = editions.c.digest == bindparam("name")
_TRIPPED = (
    select(editions.c.slug, editions.c.tripped_at)
    .where(
        _OF_DIGEST,
        editions.c.tripped_at > select(func.max(editions.c.snapshot_at)).where(_OF_DIGEST).scalar_subquery(),
        or_(editions.c.judged_from.is_(None), editions.c.judged_from <= editions.c.tripped_at),
    )
    .order_by(editions.c.tripped_at.desc())
    .limit(1)
)


def unanswered(connection: Connection, digest: str, edition: Edition | None) -> str | None:
    """Why a digest's draft (or its next one) must wait for staff; None when it need not.

    An edition tripped the breaker, and staff have decided nothing since: they neither approved nor resumed
    ``edition`` after it, and no other edition was handed over.
    """
    tripped = connection.execute(_TRIPPED, {"name": digest}).one_or_none()
    if tripped is None:
        return None
    if edition is not None:
        decided = [moment for moment in (edition.approved_at, edition.judged_from) if moment is not None]
        if decided and max(decided) > tripped.tripped_at:
            return None
    return f"{tripped.slug} had too many bounces or complaints: staff must look before the next letter goes"


class _Judged(NamedTuple):
    """The columns of an edition that are judged. The letter itself is not read for each post of events."""

    id: int
    slug: str
    digest: str
    judged_from: datetime | None


def _recent(connection: Connection, which: Any, at: datetime) -> list[_Judged]:
    """Recent editions that have not tripped the breaker, or that staff resumed after it."""
    query = (
        select(editions.c.id, editions.c.slug, editions.c.digest, editions.c.judged_from)
        .where(
            which,
            editions.c.snapshot_at > at - JUDGED_FOR,
            or_(editions.c.tripped_at.is_(None), editions.c.judged_from > editions.c.tripped_at),
        )
        .order_by(editions.c.id)
    )
    return [_Judged(*row) for row in connection.execute(query)]


def _by_events(
    connection: Connection, edition: _Judged, fresh: Counter[Kind], limits: Delivery
) -> Tally | None:
    """The numbers, counted as far as they matter; None when these events cannot trip the breaker."""
    if not any(fresh[kind] for kind in _BAD):
        # Deliveries alone trip the breaker only when they complete the number of outcomes to judge by.
        before = _people(connection, edition, _ENDS, FEWEST_OUTCOMES + fresh.total()) - fresh.total()
        if before >= FEWEST_OUTCOMES:
            return None
    elif not any(_worth_it(connection, edition, kind, fresh[kind]) for kind in _BAD):
        return None
    bounces = _people(connection, edition, (Kind.BOUNCE,))
    complaints = _people(connection, edition, (Kind.SPAMREPORT,))
    # With more outcomes than this neither share can be above its limit.
    needed = max(
        _enough(bounces, limits.bounce_limit), _enough(complaints, limits.complaint_limit), FEWEST_OUTCOMES
    )
    return Tally(_people(connection, edition, _ENDS, needed), bounces, complaints)


def _worth_it(connection: Connection, edition: _Judged, kind: Kind, fresh: int) -> bool:
    """Whether this many new events are enough to judge again. Reads the index alone."""
    if not fresh:
        return False
    told = select(func.count()).where(events.c.edition == edition.slug, events.c.kind == kind.value)
    now = connection.execute(told).scalar_one()
    return now <= _EACH or int(math.log(now, _TENTH_MORE)) > int(math.log(max(1, now - fresh), _TENTH_MORE))


def _enough(number: int, limit: float) -> int:
    return int(number / limit) + 1 if limit else _EACH


def _people(connection: Connection, edition: _Judged, kinds: Sequence[Kind], most: int | None = None) -> int:
    """The number of different people with an event of these kinds, counted up to ``most``."""
    query = (
        select(events.c.subscriber_id)
        .where(
            events.c.edition == edition.slug,
            events.c.kind.in_([kind.value for kind in kinds]),
            events.c.subscriber_id.is_not(None),  # without a subscriber, for example a test copy
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
    held = states.trip(connection, edition.id, reason, at)
    return Tripped(edition.slug, reason, held)
