"""Hands claimed batches to the provider: as many requests at once as it takes (`Provider.parallel`).

Where a provider needs a third of a second for a request, one request at a time is the limit of a delivery.
"""

from __future__ import annotations

import contextvars
import logging
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, NamedTuple

from pipeline.core import logs
from pipeline.providers import Batch, BatchResult, Result

if TYPE_CHECKING:
    from types import TracebackType

    from pipeline.editions.ledger.claims import Claim
    from pipeline.letter.personal import Links
    from pipeline.providers import Message, Provider

log = logging.getLogger(__name__)


class Answered(NamedTuple):
    """A request that has ended, and what is to be recorded of it.

    ``known`` are the people who were handed over although the batch as a whole was not, for example because
    the outbox's disk filled up.
    """

    claim: Claim
    outcome: BatchResult
    known: frozenset[int] = frozenset()


class Requests:
    """The requests for one message that are under way. One thread begins them and takes what became of them.

    A provider that takes one batch at a time is called in that thread: whatever interrupts the thread then
    interrupts the provider. At the end of the context all requests have ended, unless it was interrupted.
    """

    def __init__(self, provider: Provider, links: Links, message: Message) -> None:
        self._provider, self._links, self._message = provider, links, message
        self._under_way: set[Future[Answered]] = set()
        self._threads: ThreadPoolExecutor | None = None
        if provider.parallel > 1:
            self._threads = ThreadPoolExecutor(provider.parallel, thread_name_prefix="request")

    def __enter__(self) -> Requests:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        if self._threads is not None:
            interrupted = kind is not None and not issubclass(kind, Exception)
            self._threads.shutdown(wait=not interrupted, cancel_futures=True)

    def __len__(self) -> int:
        return len(self._under_way)

    @property
    def free(self) -> int:
        """How many more may begin now."""
        return self._provider.parallel - len(self)

    def begin(self, claim: Claim, start_by: float) -> None:
        """Hand a batch over; ``start_by`` as in `Batch`. Only while one is `free`."""
        if self._threads is None:
            done: Future[Answered] = Future()
            done.set_result(self._hand_over(claim, start_by))
            self._under_way.add(done)
        else:
            # A thread knows nothing of what the caller's log lines are about.
            about = contextvars.copy_context().run
            self._under_way.add(self._threads.submit(about, self._hand_over, claim, start_by))

    def ended(self, seconds: float | None = None) -> list[Answered]:
        """Wait for the first to end, at most ``seconds``: those that have ended, each told once."""
        done, self._under_way = wait(self._under_way, seconds, FIRST_COMPLETED)
        return [request.result() for request in done]

    def rest(self) -> list[Answered]:
        """Wait for all."""
        return [answered for _ in range(len(self)) for answered in (self.ended() if self else ())]

    def _hand_over(self, claim: Claim, start_by: float) -> Answered:
        with logs.about(batch=claim.attempt):
            answered = self._handed_over(claim, start_by)
            _log(self._message.edition, answered)
            return answered

    def _handed_over(self, claim: Claim, start_by: float) -> Answered:
        if not claim.members:
            return Answered(claim, BatchResult(Result.ACCEPTED))  # everyone in it has left since the snapshot
        people = self._links.recipients(claim.members, claim.edition)
        batch = Batch(claim.attempt, people, start_by, claim.tries)
        outcome = self._provider.send(self._message, batch)
        if outcome.result in (Result.ACCEPTED, Result.UNCERTAIN):
            return Answered(claim, outcome)
        return Answered(claim, outcome, self._provider.settle(self._message, batch) or frozenset())


def _log(slug: str, answered: Answered) -> None:
    outcome, people = answered.outcome, len(answered.claim.members)
    level = logging.WARNING if outcome.result is Result.UNCERTAIN else logging.INFO
    reason = f": {outcome.reason}" if outcome.reason else ""
    log.log(level, "%s, a batch of %d: %s%s", slug, people, outcome.result.value, reason)
