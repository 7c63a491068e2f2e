"""Sends an edition batch by batch: claims a batch, hands it to the provider, records the outcome.

The state is written before the request, and the outcome after it. No transaction is open during a request.
So the ledger knows which batch was in flight, whatever kills the process.
"""

from __future__ import annotations

import logging
import math
import random
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy.exc import DBAPIError

from pipeline.core import logs
from pipeline.core.errors import ProviderError
from pipeline.core.words import sentence
from pipeline.delivery import breaker
from pipeline.delivery.refusals import judge, raise_if_ended
from pipeline.editions import states
from pipeline.editions.ledger import batches, claims, doubt, rate
from pipeline.editions.ledger.batch_states import RecipientState
from pipeline.providers import Batch, BatchResult, Message, Result
from subscribers import clock
from subscribers.audience import lock_audience

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from pipeline.core.config import Config
    from pipeline.core.database import Database, Session
    from pipeline.core.signals import Stop
    from pipeline.editions.edition import Edition
    from pipeline.letter.personal import Links
    from pipeline.providers import Provider

LEASE = 60.0
"""Seconds. No request starts later than half of this after its claim."""

TRIES = 5
"""How many refusals in a row end the attempt. The next run goes on with the edition."""

FIRST_WAIT = 1.0
LONGEST_WAIT = 60.0

log = logging.getLogger(__name__)


class Answered(NamedTuple):
    """A request that has ended, and what is to be recorded of it.

    ``known`` are the people who were handed over although the batch as a whole was not, for example because
    the outbox's disk filled up.
    """

    claim: claims.Claim
    outcome: BatchResult
    known: frozenset[int] = frozenset()


@dataclass(slots=True)
class BatchSender:
    """Sends batches of one edition. ``owner`` names a lock that is held while this process lives.

    ``taken`` is called for each batch that left, with its number of people.
    """

    database: Database
    config: Config
    provider: Provider
    links: Links
    stop: Stop
    taken: Callable[[int], None]
    owner: str = field(default_factory=lambda: f"owner-{uuid.uuid4().hex}")
    judged: breaker.RunningTally = field(init=False)

    def __post_init__(self) -> None:
        self.judged = breaker.RunningTally(self.config.delivery)

    def run(self, edition: Edition, message: Message) -> None:
        """Hand over batches until none can be claimed, or until told to stop.

        Raises ProviderError when the provider takes nothing (the edition is then paused) or keeps refusing.
        """
        with self.database.alive(self.owner) as session:
            self._run(session, edition, message)

    def _run(self, session: Session, edition: Edition, message: Message) -> None:
        refusals = 0
        answered: Answered | None = None
        while True:
            result = answered.outcome.result if answered is not None else None
            stopping = self.stop()
            # The deadline is set before the claim: a process that sleeps in between wakes up after it.
            start_by = clock.uptime() + LEASE / 2
            # Before a wait nothing is claimed: who has left is looked up at the claim, and that must come
            # right before the request. After a stop nothing is claimed either, nor in a `sent` edition.
            halted = stopping or result is Result.REFUSED or (answered is not None and answered.outcome.ends)
            claim, wait = self._next(session, edition, answered, claims_one=not halted)
            if answered is not None:
                raise_if_ended(edition, answered.outcome)
            if claim is not None:
                with logs.about(batch=claim.attempt):
                    answered = self._hand_over(claim, message, start_by)
                    _log_outcome(edition, answered)
                refusals = refusals + 1 if answered.outcome.result is Result.REFUSED else 0
                if answered.outcome.result in (Result.ACCEPTED, Result.UNCERTAIN):
                    self.taken(len(claim.members))
                continue
            if stopping:
                return
            if answered is not None and result is Result.REFUSED:
                self._back_off(refusals, answered.outcome)
            elif wait is None:
                return
            else:
                self.stop.sleep(wait)
            answered = None

    def _next(
        self, session: Session, edition: Edition, answered: Answered | None, *, claims_one: bool
    ) -> tuple[claims.Claim | None, float | None]:
        """Record the last outcome and claim the next batch, in one transaction: the disk is waited for once
        a batch. Gives the claim, or the seconds until one is possible, or neither when none is left."""
        try:
            with session.write() as connection:
                lock_audience(connection)  # before any batch row, everywhere: no deadlock
                if answered is not None:
                    self._record(connection, edition, answered)
                return self._claim(connection, edition) if claims_one else (None, None)
        except DBAPIError:
            if answered is not None and not self.database.sqlite:
                self._save(edition, answered)
            raise

    def _save(self, edition: Edition, answered: Answered) -> None:
        """Record the outcome once the database server is back. Its restart has freed this process's lock."""
        import stamina

        for attempt in stamina.retry_context(on=DBAPIError, attempts=None, timeout=LEASE / 2, wait_max=2):
            with attempt, self.database.write() as connection:
                lock_audience(connection)
                self._record(connection, edition, answered)

    def _claim(self, connection: Connection, edition: Edition) -> tuple[claims.Claim | None, float | None]:
        now, per_second = clock.now(), self.config.delivery.rate
        if wait := rate.told(connection, now):
            log.info("%s: waiting for %.0f s, as the provider asked", edition.slug, wait)
            return None, wait
        if per_second and (wait := rate.wait(connection, now, self.config.delivery.batch_size / per_second)):
            return None, wait
        claim = claims.claim(connection, edition, clock.today(self.config.newsletter.zone), now, self.owner)
        if claim is not None:
            if per_second:
                rate.charge(connection, len(claim.members), per_second, now)
            return claim, None
        due = claims.next_try(connection, edition.id)
        wait = max(0.0, (due - now).total_seconds()) if due is not None else math.inf
        return None, wait if wait <= LONGEST_WAIT else None

    def _hand_over(self, claim: claims.Claim, message: Message, start_by: float) -> Answered:
        if not claim.members:
            return Answered(claim, BatchResult(Result.ACCEPTED))  # everyone in it has left since the snapshot
        people = self.links.recipients(claim.members, claim.edition)
        batch = Batch(claim.attempt, people, start_by, claim.tries)
        outcome = self.provider.send(message, batch)
        if outcome.result in (Result.ACCEPTED, Result.UNCERTAIN):
            return Answered(claim, judge(self.database, claim, outcome))
        outcome = judge(self.database, claim, outcome)
        return Answered(claim, outcome, self.provider.settle(message, batch) or frozenset())

    def _record(self, connection: Connection, edition: Edition, answered: Answered) -> None:
        claim, outcome, known = answered
        at, reason = clock.now(), outcome.reason or None
        if outcome.result is Result.ACCEPTED:
            if claims.sent(connection, claim, at):
                claims.set_aside(connection, claim, outcome.rejected, at)
                claims.set_aside(connection, claim, outcome.doubtful, at, RecipientState.UNCERTAIN)
                batches.put_off(connection, claim, outcome.later, at)
                batches.put_back(
                    connection, claim, outcome.untried, at, timedelta(0) if outcome.ends else claims.LATER[0]
                )
                batches.put_aside(connection, claim, outcome.denied, at)
                if outcome.stopped:
                    states.pause_sending(connection, edition.id, outcome.stopped)
                self.judged.add(connection, len(claim.members), len(outcome.rejected), at)
            return
        if outcome.result is Result.UNCERTAIN:
            claims.uncertain(connection, claim, at, outcome.reason)
            return
        if not claims.refused(connection, claim, at, reason):
            return
        claims.found_sent(connection, claim, known, at)
        if outcome.result is Result.REFUSED and outcome.retry_after:
            rate.hold(connection, outcome.retry_after, at)
        elif outcome.result is Result.REJECTED:
            claims.set_aside(connection, claim, outcome.rejected, at)
        elif outcome.result is Result.TOO_LARGE and not batches.halve(connection, claim):
            claims.set_aside(connection, claim, {claim.members[0][0]: outcome.reason}, at)
        elif outcome.result is Result.STOP:
            batches.put_aside(connection, claim, outcome.denied, at)
            states.pause_sending(connection, edition.id, reason)
            doubt.give_up(connection, edition.id, outcome.reason)

    def _back_off(self, refusals: int, outcome: BatchResult) -> None:
        if refusals >= TRIES:
            raise ProviderError(
                f"The provider keeps refusing: {sentence(outcome.reason)}",
                "Nothing is lost; the next `rapport run` goes on where this one stopped.",
            )
        if outcome.retry_after:
            return  # the next claim waits as the provider asked (rate.hold)
        # Full jitter: several senders must not try again at the same moment.
        self.stop.sleep(random.uniform(0, min(LONGEST_WAIT, FIRST_WAIT * 2**refusals)))  # noqa: S311


def _log_outcome(edition: Edition, answered: Answered) -> None:
    outcome, people = answered.outcome, len(answered.claim.members)
    level = logging.WARNING if outcome.result is Result.UNCERTAIN else logging.INFO
    reason = f": {outcome.reason}" if outcome.reason else ""
    log.log(level, "%s, a batch of %d: %s%s", edition.slug, people, outcome.result.value, reason)
