"""Handing an edition over, batch by batch: state written before the request, outcome after it.

No transaction is open while the provider is spoken to. Whatever kills the process, the ledger knows
which batch was in flight, and the next `send` or `run` goes on from there.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline import editions
from pipeline.delivery import ledger
from pipeline.errors import ProviderError
from pipeline.letter.personal import HOSTED_TAGS
from pipeline.providers import Batch, Message, Outcome, Result
from subscribers import clock

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from sqlalchemy import Row

    from pipeline.config import Config
    from pipeline.database import Database
    from pipeline.letter.personal import Links
    from pipeline.providers import Provider

TRIES = 5
"""Attempts at a batch that is refused, before the edition is left for the next run."""

FIRST_WAIT = 1.0
LONGEST_WAIT = 60.0


@dataclass(slots=True)
class Delivery:
    """One edition on its way. The caller holds the digest's lock and has seen to approval."""

    database: Database
    config: Config
    provider: Provider
    links: Links
    progress: Callable[[int, int], None]
    sleep: Callable[[float], None] = time.sleep

    def run(self, edition: Row[Any]) -> Row[Any]:
        """Hand over what is not yet handed over, and give the edition back as it then stands.

        Raises ProviderError when the provider takes nothing (the edition is then paused) or keeps
        refusing (it stays `sending`, for the next run to go on).
        """
        message = message_of(self.config, edition)
        self._begin(edition)
        self._adopt_orphans(edition, message)
        # Counted once: asking the ledger after every batch would read all of it for each.
        done, total = self._standing(edition)
        refusals = 0
        while claim := self._claim(edition):
            outcome = self._hand_over(claim, message)
            self._record(edition, claim, outcome, self._known_sent(claim, message, outcome))
            refusals = refusals + 1 if outcome.result is Result.REFUSED else 0
            if refusals:
                self._wait(refusals, outcome)
            if outcome.result in (Result.ACCEPTED, Result.UNCERTAIN):
                done += len(claim.members)
                self.progress(done, total)
            self._keep_rate(len(claim.members))
        return self._finish(edition)

    def _begin(self, edition: Row[Any]) -> None:
        size = min(self.config.delivery.batch_size, self.provider.max_batch)
        with self.database.write() as connection:
            ledger.snapshot(connection, edition, self._today(), size, clock.now())

    def _adopt_orphans(self, edition: Row[Any], message: Message) -> None:
        """Settle the batches of a process that died: its lock is ours, so it is gone."""
        with self.database.read() as connection:
            left = ledger.orphans(connection, edition.id)
        for claim in left:
            known = self.provider.settle(message, self._batch(claim))
            with self.database.write() as connection:
                if known is None:
                    reason = "the process that handed it over died before the answer"
                    ledger.record(connection, claim, "uncertain", clock.now(), reason)
                else:
                    ledger.found_sent(connection, claim, known, clock.now())
                    ledger.record(connection, claim, "waiting", clock.now())

    def _claim(self, edition: Row[Any]) -> ledger.Claim | None:
        with self.database.write() as connection:
            return ledger.claim(connection, edition, self._today(), clock.now())

    def _hand_over(self, claim: ledger.Claim, message: Message) -> Outcome:
        if not claim.members:
            return Outcome(Result.ACCEPTED)  # everyone in it has left meanwhile
        return self.provider.send(message, self._batch(claim))

    def _batch(self, claim: ledger.Claim) -> Batch:
        people = [
            self.links.recipient(subscriber, email, claim.edition) for subscriber, email in claim.members
        ]
        return Batch(claim.attempt, people)

    def _known_sent(self, claim: ledger.Claim, message: Message, outcome: Outcome) -> frozenset[int]:
        """Who of a batch that was not taken whole was handed over all the same (a folder that filled up)."""
        if outcome.result in (Result.ACCEPTED, Result.UNCERTAIN):
            return frozenset()
        return self.provider.settle(message, self._batch(claim)) or frozenset()

    def _record(
        self, edition: Row[Any], claim: ledger.Claim, outcome: Outcome, known: frozenset[int]
    ) -> None:
        at, reason = clock.now(), outcome.reason or None
        with self.database.write() as connection:
            ledger.found_sent(connection, claim, known, at)
            match outcome.result:
                case Result.ACCEPTED:
                    ledger.record(connection, claim, "sent", at)
                case Result.UNCERTAIN:
                    ledger.record(connection, claim, "uncertain", at, reason)
                case Result.REFUSED:
                    ledger.record(connection, claim, "waiting", at, reason)
                case Result.REJECTED:
                    ledger.set_aside(connection, claim, outcome.rejected, at)
                    ledger.record(connection, claim, "waiting", at)
                case Result.TOO_LARGE:
                    if not ledger.halve(connection, claim, at):
                        ledger.set_aside(connection, claim, {claim.members[0][0]: outcome.reason}, at)
                        ledger.record(connection, claim, "waiting", at)
                case Result.STOP:
                    ledger.record(connection, claim, "waiting", at, reason)
                    editions.pause_sending(connection, edition.id, reason)
        if outcome.result is Result.STOP:
            raise ProviderError(
                f"{edition.slug} is paused: {outcome.reason}",
                f"See to that, then `rapport editions resume {edition.slug}`; nobody is lost.",
            )

    def _wait(self, refusals: int, outcome: Outcome) -> None:
        if refusals >= TRIES:
            raise ProviderError(
                f"The provider keeps refusing: {outcome.reason}",
                "Nothing is lost; the next `rapport run` goes on where this one stopped.",
            )
        # Full jitter, unless the provider says when: several senders must not come back in step.
        most = min(LONGEST_WAIT, FIRST_WAIT * 2**refusals)
        wait = outcome.retry_after if outcome.retry_after is not None else random.uniform(0, most)  # noqa: S311
        self.sleep(min(wait, LONGEST_WAIT))

    def _keep_rate(self, handed_over: int) -> None:
        if self.config.delivery.rate:
            self.sleep(handed_over / self.config.delivery.rate)

    def _standing(self, edition: Row[Any]) -> tuple[int, int]:
        """How many recipients no longer wait, and how many there are."""
        with self.database.read() as connection:
            counts = ledger.counts(connection, edition.id)
        return counts["total"] - counts["waiting"], counts["total"]

    def _finish(self, edition: Row[Any]) -> Row[Any]:
        with self.database.write() as connection:
            now = editions.by_id(connection, edition.id)
            if now.status == "sending" and not ledger.unfinished(connection, edition.id):
                return editions.change(
                    connection, edition.id, status="sent", finished_at=clock.now(), reason=None
                )
            return now

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
