"""Handing over the welcomes that wait, each once, from the queue that is written as somebody confirms.

A welcome is claimed in one transaction: the queue says `handed`, the ledger has a batch for its person alone.
Then it is handed over, and the outcome written. A process that dies in between leaves the batch without an
outcome; the next round settles it as any batch is settled: what is not known stays in doubt.
"""

from __future__ import annotations

import logging
import uuid
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from pipeline.core.errors import BusyError
from pipeline.core.example import must_be_own
from pipeline.core.unfinished import must_be_finished
from pipeline.editions import find
from pipeline.editions.edition import EditionKind
from pipeline.editions.ledger import claims, doubt, rate, readers
from pipeline.editions.ledger import welcome as ledger
from pipeline.editions.ledger.again import had_elsewhere
from pipeline.editions.message import message_of
from pipeline.letter.personal import Links
from pipeline.mail.welcome import above
from pipeline.providers import Batch, BatchResult, Result
from pipeline.providers.choice import provider
from pipeline.subscriptions.prepare_welcome import NoWelcome, PreparedWelcome, prepare
from subscribers import clock, welcomes
from subscribers.audience import lock_audience, why_not

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from sqlalchemy import Connection

    from pipeline.core.app import Installation
    from pipeline.core.config import Config
    from pipeline.editions.edition import Edition
    from pipeline.providers import Provider
    from subscribers.welcomes import Welcome

LATEST = timedelta(days=7)
"""How long after somebody confirmed they are still welcomed. By then the next letter mostly came."""

MOST_FAILURES = 3
"""Failures after which a round ends: a provider that is down is not asked a hundred times."""

START_WITHIN = 30.0
"""Seconds after its claim in which a hand-over may begin."""

HAS_HAD = "has had a letter already"
"""Nobody is new who has, and no mailbox gets one a second time."""

LOST = "whoever handed it over was gone before the answer"

log = logging.getLogger(__name__)


def send_welcomes(installation: Installation, stop: Callable[[], bool] = bool) -> int:
    """Hand over every welcome that is due, until ``stop``; how many were. Any number of processes may call
    this at once; one of them does it. Raises nothing for what the provider does: what it refuses waits."""
    with installation.database.read() as connection:
        if not (welcomes.is_due(connection, clock.now()) or doubt.any_welcome(connection)):
            return 0
    try:
        with installation.database.lock("welcomes"):
            return _send(installation, stop)
    except BusyError:
        return 0


def is_coming(connection: Connection, config: Config, subscriber: int, digests: Collection[str]) -> bool:
    """Whether somebody who has just confirmed these digests, once or twice, gets a first mail for it."""
    greeting = [one.name for one in config.digests if one.welcome != "none" and one.name in digests]
    lives, now = {subscriber, *welcomes.former_ids(connection, subscriber)}, clock.now()
    return any(
        welcomes.was_just_handed(connection, subscriber, digest, now)
        or (welcomes.waits(connection, subscriber, digest) and not readers.has_had(connection, lives, digest))
        for digest in greeting
    )


def _send(installation: Installation, stop: Callable[[], bool]) -> int:
    must_be_own(installation.config)
    done = failures = 0
    now = clock.now()  # taken once: what is put off waits for the next round, however long this one takes
    with closing(provider(installation.config, installation.folder)) as opened:
        sender = _Sender(installation, opened)
        sender.settle()
        while not stop() and failures < MOST_FAILURES:
            with installation.database.read() as connection:
                due = [] if rate.told(connection, clock.now()) else welcomes.next_ones(connection, now)
            if not due:
                break
            for one in due:
                handed = sender.send(one)
                done += handed is True
                failures += handed is False
                if stop() or failures == MOST_FAILURES:
                    break
    return done


class _Sender:
    """One round. What a digest's readers get is made ready once, when the first of them is welcomed."""

    def __init__(self, installation: Installation, opened: Provider) -> None:
        self._installation = installation
        self._provider = opened
        self._prepared: dict[str, PreparedWelcome | NoWelcome] = {}
        self._owner = f"welcomes-{uuid.uuid4().hex}"

    def settle(self) -> None:
        """Record what became of those whose process is gone."""
        with self._installation.database.read() as connection:
            left = ledger.orphans(connection)
        for orphan in left:
            self._settle(orphan)

    def _settle(self, orphan: ledger.Orphan) -> None:
        database, config = self._installation.database, self._installation.config
        with database.read() as connection:
            edition = find.by_id(connection, orphan.claim.edition)
        message = message_of(config, edition)
        message = message if edition.kind is EditionKind.WELCOME else above(message)
        links = Links(config, self._installation.tokens, edition.digest)
        people = links.recipients(orphan.claim.members, edition.id)
        known = self._provider.settle(message, Batch(orphan.claim.attempt, people, start_by=0))
        with database.write() as connection:
            lock_audience(connection)
            if known is None:
                claims.uncertain(connection, orphan.claim, clock.now(), LOST)
            elif orphan.subscriber in known:
                claims.sent(connection, orphan.claim, clock.now())
            elif ledger.returned(connection, orphan.claim):
                waits = welcomes.Welcome(orphan.subscriber, orphan.email, edition.digest, clock.now(), 0)
                welcomes.put_off(connection, waits, clock.now(), LOST)

    @must_be_finished()
    def send(self, one: Welcome) -> bool | None:
        """True: handed over, surely or perhaps. False: put off. None: it need not go."""
        database = self._installation.database
        ready = self._prepared_for(one.digest)
        if isinstance(ready, NoWelcome):
            return self._left(one, ready)
        with database.read() as connection:
            # Apart: it reads the whole edition. Nobody else gets the address while this person has it.
            had = had_elsewhere(connection, ready.edition.id, {one.subscriber: one.email})
        with database.write() as connection:
            lock_audience(connection)  # before any batch row, everywhere: no deadlock
            if not welcomes.waits(connection, one.subscriber, one.digest):
                return None
            if not welcomes.is_at(connection, one.subscriber, one.email):
                return None  # moved at this moment: the next round finds the present address
            if reason := HAS_HAD if had else self._why_not(connection, one, ready.edition):
                welcomes.dropped(connection, one.subscriber, one.digest, reason)
                return None
            at = clock.now()
            claim = ledger.claim(connection, ready.edition.id, one.subscriber, one.email, at, self._owner)
            welcomes.handed(connection, one.subscriber, one.digest, ready.edition.id)
        outcome = self._hand_over(ready, claim)
        with database.write() as connection:
            lock_audience(connection)
            return self._record(connection, one, claim, outcome)

    def _prepared_for(self, digest: str) -> PreparedWelcome | NoWelcome:
        if digest not in self._prepared:
            self._prepared[digest] = prepare(self._installation, digest)
        return self._prepared[digest]

    def _left(self, one: Welcome, nothing: NoWelcome) -> bool | None:
        with self._installation.database.write() as connection:
            if not nothing.later:
                welcomes.dropped(connection, one.subscriber, one.digest, nothing.reason)
                return None
            log.warning("a welcome waits: %s", nothing.reason)
            welcomes.put_off(connection, one, clock.now(), nothing.reason)
            return False

    def _why_not(self, connection: Connection, one: Welcome, edition: Edition) -> str:
        today = clock.today(self._installation.config.newsletter.zone)
        if reason := why_not(connection, one.subscriber, one.digest, today):
            return reason
        if clock.now() - one.at > LATEST:
            return f"it waited for more than {LATEST.days} days"
        lives = {one.subscriber, *welcomes.former_ids(connection, one.subscriber)}
        if welcomes.was_welcomed(connection, lives, one.digest):
            return "welcomed at a former address"
        if readers.has_had(connection, lives, one.digest):
            return HAS_HAD
        if readers.is_in(connection, one.subscriber, edition.id):
            return f"stands in {edition.slug} already"
        return ""

    def _hand_over(self, ready: PreparedWelcome, claim: claims.Claim) -> BatchResult:
        (reader,) = ready.links.recipients(claim.members, claim.edition)
        reader = replace(reader, fields={**reader.fields, **ready.words})
        start_by = clock.uptime() + START_WITHIN
        return self._provider.send(ready.message, Batch(claim.attempt, [reader], start_by=start_by))

    def _record(
        self, connection: Connection, one: Welcome, claim: claims.Claim, outcome: BatchResult
    ) -> bool | None:
        at = clock.now()
        match outcome.of(one.subscriber):
            case Result.ACCEPTED:
                claims.sent(connection, claim, at)
                return True
            case Result.UNCERTAIN:
                reason = outcome.doubtful.get(one.subscriber, outcome.reason)
                claims.uncertain(connection, claim, at, reason)
                return True
            case Result.REJECTED:
                if claims.sent(connection, claim, at):
                    claims.set_aside(connection, claim, {one.subscriber: _why(outcome, one)}, at)
                return None
        if outcome.retry_after:
            rate.hold(connection, outcome.retry_after, at)
        if not ledger.returned(connection, claim):
            return True  # an event says otherwise
        log.warning("a welcome waits: %s", _why(outcome, one))
        welcomes.put_off(connection, one, at, _why(outcome, one))
        return False


def _why(outcome: BatchResult, one: Welcome) -> str:
    said = (outcome.rejected, outcome.denied, outcome.later, outcome.untried)
    return next((why[one.subscriber] for why in said if one.subscriber in why), outcome.reason)
