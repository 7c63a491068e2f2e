"""The whole job, for every digest that is due: pull, compose, check, approval, send.

Safe to call as often as one likes and from several places: a lock a digest lets one in, and a due time
has one edition by a constraint of the database. What is to be done stands in plan.py; here it is done.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from pipeline.core import logs
from pipeline.core.cron import moment_of
from pipeline.core.errors import BusyError, RapportError, StoppedError, as_rapport_error
from pipeline.core.signals import Stop, on_signals
from pipeline.delivery import breaker, probe
from pipeline.delivery.send import deliver, must_fit, send, sync_leavers
from pipeline.editions import after_restore, find, states
from pipeline.editions.approval import errors, must_pass
from pipeline.editions.edition import Edition, EditionStatus
from pipeline.editions.ledger import doubt, outcomes
from pipeline.editions.plan import Plan, Situation, Step, goes_at, plan, verdict
from pipeline.editions.situation import next_due, situation_of
from pipeline.editions.taken_back import is_outdated
from pipeline.feeds.due import pull_due
from pipeline.feeds.first_seen import register
from pipeline.providers.choice import provider
from pipeline.schedule import heartbeat, history
from pipeline.schedule.history import RunResult
from pipeline.schedule.maintenance import upkeep
from subscribers import clock
from subscribers.audience import anyone

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from pipeline.core.app import Installation
    from pipeline.core.config import Digest
    from pipeline.delivery.send import Progress
    from pipeline.feeds.pull import Pulled


JUST_NOW = timedelta(minutes=5)

log = logging.getLogger(__name__)


def run(
    installation: Installation,
    digests: list[Digest],
    *,
    at_once: bool = False,
    progress: Progress,
    stop: Stop | None = None,
) -> list[RunResult]:
    """Do what is due for each digest; one that fails does not keep the others from going out.

    ``at_once`` treats them as due now (`--now`). Ends after the batch in flight, with StoppedError, when
    ``stop`` is asked; by default signals ask.
    """
    run_id = logs.new_run()
    with logs.about(run=run_id):
        began, pulled = clock.now(), _read_feeds(installation)
        ran = []
        for digest in digests:
            # What was read a moment ago is not asked again. The letter before may have taken an hour.
            fresh = pulled if clock.now() - began < JUST_NOW else None
            ran.append(_Run(installation, digest, at_once, progress, stop, fresh).outcome())
        try:
            with installation.database.write() as connection:
                history.remember(connection, run_id, ran, installation.config.digests)
            staff_know = upkeep(installation)
        except Exception as error:  # whatever it is, the letter went out
            log.warning("upkeep failed: %s", as_rapport_error(error).message)
            staff_know = False
        if staff_know and all(one.well for one in ran):
            heartbeat.beat(installation.config.staff)
    return ran


def _read_feeds(installation: Installation) -> list[Pulled] | None:
    """Also when no letter is due: a feed shows its newest posts only. What all of them said; None where some
    were read before."""
    try:
        pulled = pull_due(installation.database, installation.config)
    except Exception as error:  # whatever it is, each digest finds out for itself
        log.warning("the feeds could not be read: %s", as_rapport_error(error).message)
        return None
    for feed in pulled:
        log.info("%s: %s", feed.outcome, feed.error or f"{feed.new} new, {feed.withdrawn} withdrawn")
    return pulled if {feed.url for feed in pulled} >= {feed.url for feed in installation.config.feeds} else None


class _Run:
    """One digest's turn."""

    def __init__(
        self,
        installation: Installation,
        digest: Digest,
        at_once: bool,
        progress: Progress,
        stop: Stop | None,
        pulled: list[Pulled] | None,
    ) -> None:
        self.installation = installation
        self.database = installation.database
        self.digest = digest
        self.at_once = at_once
        self.progress = progress
        self.stop = stop
        self.now = clock.now()
        self._just_pulled = pulled
        self._pulled: list[Pulled] | None = None

    def outcome(self) -> RunResult:
        with logs.about(digest=self.digest.name):
            ran = self._outcome()
            with logs.about(edition=ran.edition.slug if ran.edition is not None else None):
                level = logging.ERROR if ran.went_wrong else logging.INFO
                log.log(level, "%s: %s%s", ran.digest, ran.outcome, f": {ran.reason}" if ran.reason else "")
        return ran

    def _outcome(self) -> RunResult:
        try:
            with self.database.lock(f"digest-{self.digest.name}"):
                return self._alone()
        except BusyError as error:
            return self._ran("busy", None, error.message)
        except StoppedError:
            raise
        except Exception as error:  # whatever it is, the other digests go on
            told = as_rapport_error(error)
            log.info("%s failed", self.digest.name, exc_info=not isinstance(error, RapportError))
            with self.database.read() as connection:
                edition = find.open_one(connection, self.digest.name)
            paused = edition is not None and edition.status == EditionStatus.PAUSED
            reason = f"{told.message} {told.remedy}".strip()
            return self._ran("paused" if paused else "failed", edition, reason, went_wrong=True)

    def _alone(self) -> RunResult:
        self._resend()
        with self.database.write() as connection:
            register(connection, self.installation.config, self.now)
            situation = situation_of(
                connection, self.installation.config, self.digest, self.now, at_once=self.at_once
            )
        planned = plan(situation)
        edition = situation.edition
        if planned.step is Step.COMPOSE:
            return self._compose(situation, planned.due)
        if planned.step is Step.SKIP:
            return self._skip(planned.due, planned.reason)
        if edition is not None and planned.step is Step.DECIDE:
            return self._decide(situation, edition)
        if edition is not None and planned.step is Step.SEND:
            return self._send(edition, planned.due)
        return self._ran(planned.outcome, edition, planned.reason)

    def _resend(self) -> None:
        """Under `on_uncertain = "resend"`: send again what surely never arrived, of the last editions.

        One that fails keeps the letter that is due from nothing; the next run tries again.
        """
        if self.installation.config.delivery.on_uncertain != "resend":
            return
        provider(
            self.installation.config, self.installation.folder
        ).close()  # it refuses what cannot be known
        with self.database.write() as connection:
            since = self.now - outcomes.RESENT_WITHIN
            recent = [
                edition
                for edition in find.handed_over_since(connection, self.digest.name, since)
                if edition.tripped_at is None
            ]
            for edition in recent:
                doubt.again(connection, edition.id, self.now)
            # One in `sending` is gone on with in its turn. Batches of a `sent` one wait for nothing else.
            waiting = [
                edition.id
                for edition in recent
                if edition.status == EditionStatus.SENT and states.unfinished(connection, edition.id)
            ]
        with on_signals(self.stop) as stop:
            for edition_id in waiting:
                self._send_again(edition_id, stop)
        if stop():
            raise StoppedError("Stopped after the batch in flight.", "`rapport run` goes on.", stop.signal)

    def _send_again(self, edition_id: int, stop: Stop) -> None:
        if stop():
            return
        try:
            deliver(self.installation, edition_id, self.progress, stop=stop)
        except RapportError as error:
            log.error("What was in doubt could not be sent again: %s %s", error.message, error.remedy)

    def _compose(self, situation: Situation, due: str) -> RunResult:
        """Compose from the feeds as they are now, and let the approval rule decide."""
        from pipeline.editions.compose import (
            compose,  # cron asks every few minutes; most answers are "not due"
        )

        failed = [feed for feed in self._pull() if feed.error]
        composed = compose(self.installation, self.digest, due)
        if composed.edition is None:
            if failed:
                # Perhaps the posts are behind the broken feed: the due time is not given up for that.
                broken = "; ".join(f"{feed.error}" for feed in failed)
                return self._ran("failed", None, f"{composed.reason}, and {broken}")
            if self.at_once:
                return self._ran("skipped", None, composed.reason)
            if moment_of(due, situation.zone) > self.now:
                return self._ran("not_due", None, composed.reason)
            return self._skip(due, composed.reason)
        if composed.edition.status != EditionStatus.DRAFT:
            return self._alone()  # staff decided while we pulled: what they decided stands
        if wrong := errors(self.installation, composed.edition):
            # Not put up: the next run composes anew, when the cause is mended perhaps.
            with self.database.write() as connection:
                states.change(connection, composed.edition.id, announced_at=None)
            return self._ran("failed", composed.edition, wrong, went_wrong=True)
        with self.database.write() as connection:
            edition = states.change(connection, composed.edition.id, announced_at=self.now)
        return self._decide(situation, edition)

    def _pull(self) -> list[Pulled]:
        """What the feeds said in this turn."""
        from pipeline.feeds.pull import pull

        if self._pulled is None:
            self._pulled = self._just_pulled or pull(self.database, self.installation.config)
        return self._pulled

    def _decide(self, situation: Situation, edition: Edition) -> RunResult:
        if held := self._held(edition):
            return self._ran("held", held, held.reason or "")
        decided: Plan = verdict(situation, goes_at(self.digest, edition))
        if decided.step is Step.WAIT:
            return self._ran(decided.outcome, edition, decided.reason)
        self._pull()  # the blog may have withdrawn something while the draft lay there
        if self._outdated(edition):
            return self._alone()
        # What would stop the sending stops it before the letter is frozen.
        provider(self.installation.config, self.installation.folder).close()
        must_fit(self.installation, edition)
        must_pass(self.installation, edition)  # staff may have edited it since it was put up
        probe.must_answer(self.installation, edition)
        sync_leavers(self.installation)
        with self.database.write() as connection:
            if not anyone(connection, self.digest.name, situation.today()):
                edition = states.move(connection, edition.slug, "skip", reason="nobody is subscribed yet")
                return self._ran("skipped", edition, "nobody is subscribed yet; the posts wait")
            approved = states.approve_draft(connection, edition.id)
        return self._send(approved, synced=True) if approved is not None else self._alone()

    def _outdated(self, edition: Edition) -> bool:
        with self.database.read() as connection:
            return is_outdated(connection, edition, self.digest)

    def _held(self, edition: Edition) -> Edition | None:
        """The draft, held because an earlier edition tripped the breaker, or it may have been sent already
        from the database that this one is a backup of; else None."""
        if self.digest.approval == "required":
            return None  # it waits for staff anyhow, and they were told
        with self.database.write() as connection:
            if reason := breaker.unanswered(connection, self.digest.name, edition):
                return states.move(connection, edition.slug, "hold", reason=reason)
            if reason := after_restore.unanswered(connection, self.digest.name):
                return states.move(connection, edition.slug, "hold", reason=reason, after_restore=True)
        return None

    def _send(self, edition: Edition, due: str = "", *, synced: bool = False) -> RunResult:
        if due:
            with self.database.write() as connection:
                states.change(connection, edition.id, due=due, due_at=moment_of(due, self._zone()))
        edition = send(self.installation, edition.slug, self.progress, synced=synced, stop=self.stop)
        # Cancelled midway by staff is no word of its own here: the rest of it was skipped.
        if edition.status == EditionStatus.SENDING:
            return self._ran("busy", edition, "a part of it is under way elsewhere, or was put off")
        outcome = "skipped" if edition.status == EditionStatus.CANCELLED else str(edition.status)
        stopped = outcome == "paused" and edition.tripped_at is not None
        return self._ran(outcome, edition, edition.reason or "", went_wrong=stopped)

    def _skip(self, due: str, reason: str) -> RunResult:
        aside = {"status": EditionStatus.SKIPPED, "reason": reason, "finished_at": self.now}
        with self.database.write() as connection:
            edition = states.create(connection, self.digest, due, self._zone(), **aside)
        return self._ran("skipped", edition, reason)

    def _zone(self) -> ZoneInfo:
        return self.installation.config.newsletter.zone

    def _ran(
        self, outcome: str, edition: Edition | None, reason: str, *, went_wrong: bool = False
    ) -> RunResult:
        upcoming = next_due(self.installation, self.digest, self.now)
        wrong = went_wrong or outcome == "failed"
        return RunResult(
            self.digest.name, outcome, edition, reason, upcoming, wrong, self._pulled is not None
        )
