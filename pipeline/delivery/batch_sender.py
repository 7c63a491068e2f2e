"""Sends an edition batch by batch: claims batches, hands them to the provider, records the outcomes.

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
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from pipeline.core.errors import ProviderError
from pipeline.core.words import sentence
from pipeline.delivery import breaker
from pipeline.delivery.refusals import judge, raise_if_ended
from pipeline.delivery.requests import Answered, Requests
from pipeline.editions import course
from pipeline.editions.ledger import batches, claims, doubt, rate
from pipeline.editions.ledger.batch_states import RecipientState
from pipeline.providers import BatchResult, Message, Result
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
        with (
            self.database.alive(self.owner) as session,
            Requests(self.provider, self.links, message) as requests,
        ):
            self._run(session, edition, requests)

    def _run(self, session: Session, edition: Edition, requests: Requests) -> None:
        refusals = 0
        halt: BatchResult | None = None  # a refusal that is to be waited for, or the provider's last word
        answered: list[Answered] = []
        while True:
            stopping = self.stop()
            # The deadline is set before the claim: a process that sleeps in between wakes up after it.
            start_by = clock.uptime() + LEASE / 2
            # Before a wait nothing is claimed: who has left is looked up at the claim, and that must come
            # right before the request. After a stop nothing is claimed either, nor in a `sent` edition.
            recorded, claimed, wait = self._next(
                session, edition, answered, requests, 0 if stopping or halt else requests.free
            )
            for result in (outcome.result for outcome in recorded):
                refusals = refusals if result is Result.REFUSED else 0
            halt = _halting(halt, recorded)
            for claim in claimed:
                requests.begin(claim, start_by)
            if requests:
                answered = requests.ended(wait)
                continue
            # From here on nothing is under way, and every outcome is recorded.
            answered = []
            if halt is not None:
                raise_if_ended(edition, halt)
            if stopping:
                return
            if halt is not None:
                refusals += 1  # of requests that were under way together, one counts
                self._back_off(refusals, halt)
                halt = None
            elif wait is None:
                return
            else:
                self.stop.sleep(wait)

    def _next(
        self, session: Session, edition: Edition, answered: list[Answered], requests: Requests, most: int
    ) -> tuple[list[BatchResult], list[claims.Claim], float | None]:
        """Record the last outcomes and, unless they say to wait, claim up to ``most`` batches, in one
        transaction: the disk is waited for once a batch. Gives the outcomes as they are recorded, the claims,
        and the seconds until the next one is possible; None: none is."""
        try:
            with session.write() as connection:
                lock_audience(connection)  # before any batch row, everywhere: no deadlock
                recorded = [self._record(connection, edition, one) for one in answered]
                if _halting(None, recorded):
                    most = 0
                claimed, wait = self._claims(connection, edition, most)
        except DBAPIError:
            if not self.database.sqlite:
                for one in (*answered, *requests.rest()):
                    self._save(edition, one)
            raise
        self._tell(answered, recorded)
        return recorded, claimed, wait

    def _claims(
        self, connection: Connection, edition: Edition, most: int
    ) -> tuple[list[claims.Claim], float | None]:
        claimed: list[claims.Claim] = []
        wait: float | None = None
        while len(claimed) < most:
            claim, wait = self._claim(connection, edition)
            if claim is None:
                break
            claimed.append(claim)
        return claimed, wait

    def _tell(self, answered: list[Answered], recorded: list[BatchResult]) -> None:
        for one, outcome in zip(answered, recorded, strict=True):
            if outcome.result in (Result.ACCEPTED, Result.UNCERTAIN):
                self.taken(len(one.claim.members))

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

    def _record(self, connection: Connection, edition: Edition, answered: Answered) -> BatchResult:
        """Write down what became of a batch; gives what it means."""
        outcome = judge(connection, answered.claim, answered.outcome)
        self._write_down(connection, edition, answered._replace(outcome=outcome))
        return outcome

    def _write_down(self, connection: Connection, edition: Edition, answered: Answered) -> None:
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
                    course.pause_sending(connection, edition.id, outcome.stopped)
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
            course.pause_sending(connection, edition.id, reason)
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


def _halting(before: BatchResult | None, outcomes: list[BatchResult]) -> BatchResult | None:
    """The outcome for which no further batch is claimed: the first that ends everything, else a refusal."""
    if before is not None and before.ends:
        return before
    ends = [outcome for outcome in outcomes if outcome.ends]
    refusals = [outcome for outcome in outcomes if outcome.result is Result.REFUSED]
    return next(iter([*ends, *refusals]), before)
