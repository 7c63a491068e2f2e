"""Handing an edition over, batch by batch: state written before the request, outcome after it.

No transaction is open while the provider is spoken to. Whatever kills the process, the ledger knows
which batch was in flight, and the next `send`, `run` or worker goes on from there.
"""

from __future__ import annotations

import math
import random
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy.exc import DBAPIError

from pipeline import editions
from pipeline.delivery import claims, ledger, pace, queue, snapshot
from pipeline.errors import ProviderError, StoppedError
from pipeline.letter.personal import HOSTED_TAGS
from pipeline.providers import Batch, Message, Outcome, Result
from pipeline.stopping import Stop
from subscribers import clock

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from sqlalchemy import Connection, Row

    from pipeline.config import Config
    from pipeline.database import Database, Writing
    from pipeline.letter.personal import Links
    from pipeline.providers import Provider

LEASE = 60.0
"""Seconds; no request starts later than half of it after its claim."""

TRIES = 5
"""Attempts at a batch that is refused, before the edition is left for the next run."""

FIRST_WAIT = 1.0
LONGEST_WAIT = 60.0

PATIENCE = 2 * LEASE
POLL = 0.5
"""How long, and how often, it is looked whether others have ended what they have under way."""

LOST = "whoever handed it over was gone before the answer"


class Answered(NamedTuple):
    """A hand-over that was answered, to be written down. ``known``: who of a batch that was not taken whole
    was handed over all the same (a folder that filled up)."""

    claim: claims.Claim
    outcome: Outcome
    known: frozenset[int] = frozenset()


@dataclass(slots=True)
class Delivery:
    """One edition on its way, by one of those who may share it. The caller has seen to approval."""

    database: Database
    config: Config
    provider: Provider
    links: Links
    progress: Callable[[int, int], None]
    stop: Stop = field(default_factory=Stop)
    patience: float = PATIENCE
    owner: str = field(default_factory=lambda: f"owner-{uuid.uuid4().hex}")

    def run(self, edition: Row[Any]) -> Row[Any]:
        """Hand over what is not yet handed over, and give the edition back as it then stands: still
        `sending` when others have a part of it under way, or people were put off.

        Raises ProviderError when the provider takes nothing (the edition is then paused) or keeps
        refusing (it stays `sending`, for the next run to go on), StoppedError when told to stop.
        """
        if edition.status == "approved":
            self._fix_audience(edition)
        message = message_of(self.config, edition)
        with self.database.alive(self.owner) as writing:
            self._hand_over_what_waits(writing, edition, message)
            while self._more(edition, message):
                self._hand_over_what_waits(writing, edition, message)
        with self.database.write() as connection:
            ended = editions.finish(connection, edition.id)
        if self.stop() and ended.status == "sending":
            raise self._stopped(edition)
        return ended

    def _fix_audience(self, edition: Row[Any]) -> None:
        size = min(self.config.delivery.batch_size, self.provider.max_batch)
        if self.config.delivery.rate:
            size = max(1, min(size, int(self.config.delivery.rate)))  # no burst of more than a second's worth
        snapshot.take(
            self.database.write,
            edition,
            self._today(),
            size,
            clock.now(),
            with_the_last=lambda connection: queue.call(connection, edition.id),
        )

    def _hand_over_what_waits(self, writing: Writing, edition: Row[Any], message: Message) -> None:
        # Counted once: asking the ledger after every batch would read all of it for each.
        done, total = self._standing(edition)
        refusals = 0
        answered: Answered | None = None
        while True:
            refused = answered is not None and answered.outcome.result is Result.REFUSED
            stopping = self.stop()
            # Who has to wait claims nothing yet: the look at who has left comes right before the request.
            claim, wait = self._next(writing, edition, answered, claims_one=not (refused or stopping))
            if answered is not None:
                self._heed(edition, answered.outcome)
            if claim is not None:
                answered = self._hand_over(claim, message)
                refusals = refusals + 1 if answered.outcome.result is Result.REFUSED else 0
                if answered.outcome.result in (Result.ACCEPTED, Result.UNCERTAIN):
                    done += len(claim.members)
                    self.progress(done, total)
                continue
            if stopping:
                return
            if refused and answered is not None:
                self._back_off(refusals, answered.outcome)
            elif wait is None:
                return
            else:
                self.stop.sleep(wait)
            answered = None

    def _next(
        self, writing: Writing, edition: Row[Any], answered: Answered | None, *, claims_one: bool
    ) -> tuple[claims.Claim | None, float | None]:
        """Write down what was answered and claim what is next, in one transaction: the disk is waited for
        once a batch. Gives the claim, or how long to wait for one; neither when there is none."""
        try:
            with writing() as connection:
                if answered is not None:
                    self._record(connection, edition, answered)
                return self._claim(connection, edition) if claims_one else (None, None)
        except DBAPIError:
            if answered is not None and not self.database.sqlite:
                self._save(edition, answered)
            raise

    def _save(self, edition: Row[Any], answered: Answered) -> None:
        """The server is gone and our lock with it; what was answered is still to be known when it is back."""
        import stamina

        for attempt in stamina.retry_context(on=DBAPIError, attempts=None, timeout=LEASE / 2, wait_max=2):
            with attempt, self.database.write() as connection:
                self._record(connection, edition, answered)

    def _claim(self, connection: Connection, edition: Row[Any]) -> tuple[claims.Claim | None, float | None]:
        now, rate = clock.now(), self.config.delivery.rate
        if rate and (wait := pace.wait(connection, now)):
            return None, wait
        claim = claims.claim(connection, edition, self._today(), now, self.owner)
        if claim is not None:
            if rate:
                pace.charge(connection, len(claim.members), rate, now)
            return claim, None
        due = claims.next_try(connection, edition.id)
        wait = max(0.0, (due - now).total_seconds()) if due is not None else math.inf
        return None, wait if wait <= LONGEST_WAIT else None

    def _hand_over(self, claim: claims.Claim, message: Message) -> Answered:
        start_by = clock.uptime() + LEASE / 2
        if not claim.members:
            return Answered(claim, Outcome(Result.ACCEPTED))  # everyone in it has left meanwhile
        batch = self._batch(claim, start_by)
        outcome = self.provider.send(message, batch)
        if outcome.result in (Result.ACCEPTED, Result.UNCERTAIN):
            return Answered(claim, outcome)
        return Answered(claim, outcome, self.provider.settle(message, batch) or frozenset())

    def _batch(self, claim: claims.Claim, start_by: float) -> Batch:
        return Batch(claim.attempt, self.links.recipients(claim.members, claim.edition), start_by)

    def _record(self, connection: Connection, edition: Row[Any], answered: Answered) -> None:
        claim, outcome, known = answered
        at, reason = clock.now(), outcome.reason or None
        if outcome.result is Result.ACCEPTED:
            if claims.sent(connection, claim, at):
                claims.set_aside(connection, claim, outcome.rejected, at)
                claims.set_aside(connection, claim, outcome.doubtful, at, "uncertain")
                claims.put_off(connection, claim, outcome.later, at)
            return
        if outcome.result is Result.UNCERTAIN:
            claims.uncertain(connection, claim, at, outcome.reason)
            return
        if not claims.refused(connection, claim, at, reason):
            return
        claims.found_sent(connection, claim, known, at)
        if outcome.result is Result.REJECTED:
            claims.set_aside(connection, claim, outcome.rejected, at)
        elif outcome.result is Result.TOO_LARGE and not claims.halve(connection, claim):
            claims.set_aside(connection, claim, {claim.members[0][0]: outcome.reason}, at)
        elif outcome.result is Result.STOP:
            editions.pause_sending(connection, edition.id, reason)

    def _heed(self, edition: Row[Any], outcome: Outcome) -> None:
        if outcome.result is Result.STOP:
            raise ProviderError(
                f"{edition.slug} is paused: {outcome.reason}",
                f"See to that, then `rapport editions resume {edition.slug}`; nobody is lost.",
            )

    def _back_off(self, refusals: int, outcome: Outcome) -> None:
        if refusals >= TRIES:
            raise ProviderError(
                f"The provider keeps refusing: {outcome.reason}",
                "Nothing is lost; the next `rapport run` goes on where this one stopped.",
            )
        # Full jitter, unless the provider says when: several senders must not come back in step.
        most = min(LONGEST_WAIT, FIRST_WAIT * 2**refusals)
        wait = outcome.retry_after if outcome.retry_after is not None else random.uniform(0, most)  # noqa: S311
        self.stop.sleep(min(wait, LONGEST_WAIT))

    def _more(self, edition: Row[Any], message: Message) -> bool:
        """Settle the batches whose owner is gone and wait for those that others have under way; whether
        there is something to hand over again."""
        end = clock.uptime() + self.patience
        while not self.stop():
            with self.database.read() as connection:
                if claims.waits(connection, edition.id, clock.now()):
                    return True
                left = claims.under_way(connection, edition.id)
            lost = [batch for batch in left if not self._lives(batch.owner)]
            for batch in lost:
                self._settle(batch, message)
            if not left or (not lost and clock.uptime() >= end):
                return False
            if not lost:
                self.stop.sleep(POLL)
        return False

    def _lives(self, owner: str) -> bool:
        # On SQLite the digest's lock is ours: nobody else hands this edition over.
        return not self.database.sqlite and self.database.is_held(owner)

    def _settle(self, claim: claims.Claim, message: Message) -> None:
        """Find out what became of a batch that nobody answers for any more."""
        known = self.provider.settle(message, self._batch(claim, start_by=0))
        with self.database.write() as connection:
            if known is None:
                claims.uncertain(connection, claim, clock.now(), LOST)
            elif claims.refused(connection, claim, clock.now(), None):
                claims.found_sent(connection, claim, known, clock.now())

    def _standing(self, edition: Row[Any]) -> tuple[int, int]:
        """How many recipients no longer wait, and how many there are."""
        with self.database.read() as connection:
            counts = ledger.counts(connection, edition.id)
        return counts["total"] - counts["waiting"], counts["total"]

    def _stopped(self, edition: Row[Any]) -> StoppedError:
        done, total = self._standing(edition)
        return StoppedError(
            f"Stopped after the batch in flight: {done:,} of {total:,} of {edition.slug} are handed over.",
            "`rapport run` goes on from there; nobody gets it twice.",
            self.stop.signal,
        )

    def _today(self) -> date:
        return clock.now().astimezone(self.config.newsletter.zone).date()


def message_of(config: Config, edition: Row[Any]) -> Message:
    """An edition as the provider is handed it: the bytes that were approved."""
    newsletter = config.newsletter
    return Message(
        edition=edition.slug,
        digest=edition.digest,
        subject=edition.subject,
        from_email=newsletter.from_email,
        from_name=newsletter.sender,
        reply_to=newsletter.reply_to or newsletter.from_email,
        html=edition.html,
        text=edition.text,
        hosted_tag=HOSTED_TAGS.unsubscribe if config.delivery.hosted_unsubscribe else "",
    )
