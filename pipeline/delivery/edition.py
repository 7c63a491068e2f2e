"""Delivers one edition: fixes its audience, sends what waits, settles what dead processes left.

Whatever kills the process, the next `send`, `run` or worker continues from the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline.core.errors import StoppedError
from pipeline.core.signals import Stop
from pipeline.delivery import refusals
from pipeline.delivery.batch_sender import LEASE, BatchSender
from pipeline.editions import course
from pipeline.editions.edition import Edition, EditionStatus
from pipeline.editions.ledger import claims, outcomes, recipients
from pipeline.editions.ledger.batch_states import RecipientState
from pipeline.editions.message import message_of
from pipeline.providers import Batch, Message
from subscribers import clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.core.config import Config
    from pipeline.core.database import Database
    from pipeline.core.sections.delivery import Delivery as DeliverySettings
    from pipeline.letter.personal import Links
    from pipeline.providers import Provider

PATIENCE = 2 * LEASE
"""Seconds to wait for batches that other processes have in flight."""

POLL = 0.5
"""Seconds between two looks at them."""

LOST = "whoever handed it over was gone before the answer"


@dataclass(slots=True)
class Delivery:
    """The delivery of one edition by one process; others may share it. The caller checked the approval."""

    database: Database
    config: Config
    provider: Provider
    links: Links
    progress: Callable[[int, int], None]
    stop: Stop = field(default_factory=Stop)
    patience: float = PATIENCE

    def run(self, edition: Edition) -> Edition:
        """Hand over whoever waits, and return the edition as it then is. It is still `sending` when other
        processes have batches in flight, or people were put off.

        Raises ProviderError when the provider takes nothing (the edition is then paused) or keeps refusing
        (the edition stays `sending`, and the next run continues), and StoppedError when told to stop.
        """
        if edition.status == EditionStatus.APPROVED:
            self._fix_audience(edition)
        message = message_of(self.config, edition)
        self._hand_over(edition, message)
        while self._more(edition, message):
            self._hand_over(edition, message)
        with self.database.write() as connection:
            ended = course.finish(connection, edition.id)
        refusals.raise_if_nobody_has_it(ended)
        if self.stop() and ended.status == EditionStatus.SENDING:
            raise self._stopped(edition)
        return ended

    def _fix_audience(self, edition: Edition) -> None:
        recipients.take(
            self.database,
            edition,
            clock.today(self.config.newsletter.zone),
            batch_size(self.config.delivery, self.provider),
            clock.now(),
            course.begin_sending,
        )

    def _hand_over(self, edition: Edition, message: Message) -> None:
        # Counted once: a count after every batch would read the whole ledger each time.
        done, total = self._standing(edition)

        def taken(people: int) -> None:
            nonlocal done
            done += people
            self.progress(done, total)

        BatchSender(self.database, self.config, self.provider, self.links, self.stop, taken).run(
            edition, message
        )

    def _more(self, edition: Edition, message: Message) -> bool:
        """Settle the batches of dead processes, and wait for those that living ones have in flight. True when
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
        # On SQLite this process holds the digest's lock, so no other process delivers this edition.
        return not self.database.sqlite and self.database.is_held(owner)

    def _settle(self, claim: claims.Claim, message: Message) -> None:
        """Record what became of a batch whose process is gone."""
        people = self.links.recipients(claim.members, claim.edition)
        known = self.provider.settle(message, Batch(claim.attempt, people, start_by=0))
        with self.database.write() as connection:
            if known is None:
                claims.uncertain(connection, claim, clock.now(), LOST)
            elif claims.refused(connection, claim, clock.now(), None):
                claims.found_sent(connection, claim, known, clock.now())

    def _standing(self, edition: Edition) -> tuple[int, int]:
        """The number of recipients who no longer wait, and the number of all."""
        with self.database.read() as connection:
            counts = outcomes.counts(connection, edition.id)
        return counts["total"] - counts[RecipientState.WAITING], counts["total"]

    def _stopped(self, edition: Edition) -> StoppedError:
        done, total = self._standing(edition)
        return StoppedError(
            f"Stopped after the batch in flight: {done:,} of {total:,} of {edition.slug} are handed over.",
            "`rapport run` goes on from there; nobody gets it twice.",
            self.stop.signal,
        )


def batch_size(delivery: DeliverySettings, provider: Provider) -> int:
    """The most people of a batch: what the provider takes, and one second of `delivery.rate`."""
    size = min(delivery.batch_size, provider.max_batch)
    return max(1, min(size, int(delivery.rate))) if delivery.rate else size
