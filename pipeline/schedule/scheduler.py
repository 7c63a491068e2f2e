"""The scheduler of `rapport serve`: it only ticks, and `run` decides what is due.

Times, catching up and "once" are rules of `run`, which cron calls just the same; so nothing is kept here, and
it does no harm when several tick. Of several processes one ticks all the same (lead.py).
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from apscheduler.schedulers.background import BackgroundScheduler

from pipeline.core.errors import RapportError, StoppedError, as_rapport_error
from pipeline.feeds.pull import pull
from pipeline.schedule.lead import Lead
from pipeline.schedule.maintenance import upkeep
from pipeline.schedule.run import run
from subscribers import clock

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from pipeline.core.app import Installation
    from pipeline.core.signals import Stop
    from pipeline.schedule.history import RunResult

TICK = 30.0
"""Seconds from one look at what is due, and at who leads, to the next."""

PULL = 15 * 60.0
PULL_JITTER = 2 * 60.0
"""Seconds. Not every blog of a host is to be asked at the same moment as ours."""

UPKEEP = 60.0
"""Seconds. A mail that asks to confirm goes at once; this is for those that did not get through."""

REST = 5 * 60.0
"""Seconds to the next look when the feeds were asked and nothing could be made of it: as cron leaves."""

SILENCE = 5 * TICK
"""Seconds without a tick after which something is wrong."""

log = logging.getLogger(__name__)


class Scheduler:
    """Ticks in threads of its own for as long as the `with` lasts; the end waits for what is under way.

    ``stop`` is asked from outside before that, so that a letter on its way ends after the batch in flight.
    ``sends`` false: only the upkeep, which every web process sees to.
    """

    def __init__(self, installation: Installation, stop: Stop, *, sends: bool = True) -> None:
        self._installation = installation
        self._stop = stop
        self._lead = Lead(installation.database)
        self._leads = False
        self._ticked = clock.uptime()
        self._looking = False
        self._rests_until = self._ticked
        self._said: dict[str, str] = {}
        logging.getLogger("apscheduler").setLevel(logging.CRITICAL)  # what matters of it is said here
        # One of a kind at a time, and what was missed meanwhile or while the machine slept, once.
        jobs = {"max_instances": 1, "coalesce": True, "misfire_grace_time": None}
        self._clock = BackgroundScheduler(timezone=UTC, job_defaults=jobs)
        self._ahead = _ahead()
        now = clock.now()
        self._every(UPKEEP, "upkeep", lambda: upkeep(installation), next_run_time=now)
        if sends:
            self._every(TICK, "run", self.tick, next_run_time=now)
            self._every(PULL, "pull", self.pull, jitter=PULL_JITTER)

    def trouble(self) -> str | None:
        """What is wrong with it, in words; None while it leads and ticks, or stands by for another."""
        if failed := self._said.get("run"):
            return f"the last look at what is due failed: {failed}"
        silent = clock.uptime() - self._ticked
        if not self._looking and silent > SILENCE:
            return f"nothing has looked at what is due for {silent:.0f} seconds"
        return None

    def __enter__(self) -> Self:
        self._clock.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._clock.shutdown()
        self._lead.give_up()

    def heed_clock(self) -> None:
        """Do everything at once when the machine's clock was set, for APScheduler goes by it and would do
        nothing for as long as it was set back. To be called every now and then while the `with` lasts."""
        before, self._ahead = self._ahead, _ahead()
        if abs(self._ahead - before) > TICK:
            for job in self._clock.get_jobs():
                job.modify(next_run_time=clock.now())

    def _every(self, seconds: float, name: str, job: Callable[[], object], **how: Any) -> None:
        def guarded() -> None:
            if self._stop():
                return
            try:
                job()
            except StoppedError as stopped:
                log.info("%s", stopped.message)
            except Exception as error:  # whatever it is, the pages go on, and so does the next time
                self._say(name, as_rapport_error(error).message)
                log.info("%s failed", name, exc_info=not isinstance(error, RapportError))
            else:
                self._said.pop(name, None)

        self._clock.add_job(guarded, "interval", seconds=seconds, **how)

    def tick(self) -> None:
        """Do what is due, if this process leads."""
        self._looking = True
        try:
            self._leads = self._lead.take()
            if self._leads and clock.uptime() >= self._rests_until:
                digests = self._installation.config.digests
                self._rest_after(run(self._installation, digests, progress=_unseen, stop=self._stop))
        finally:
            self._looking, self._ticked = False, clock.uptime()

    def pull(self) -> None:
        """Read the feeds, if this process leads, so that what the blog takes back before a letter is seen."""
        if self._leads:
            for feed in pull(self._installation.database, self._installation.config):
                log.info("%s: %s", feed.outcome, feed.error or f"{feed.new} new, {feed.withdrawn} withdrawn")

    def _rest_after(self, ran: list[RunResult]) -> None:
        if any(one.pulled and (one.went_wrong or one.edition is None) for one in ran):
            due = min(datetime.fromisoformat(one.next_due) for one in ran)
            self._rests_until = clock.uptime() + min(REST, (due - clock.now()).total_seconds())

    def _say(self, about: str, what: str) -> None:
        """Once, not at every tick."""
        if self._said.get(about) != what:
            log.warning("%s failed: %s", about, what)
        self._said[about] = what


def _ahead() -> float:
    """Changes when the machine's clock is set, and only then."""
    return clock.now().timestamp() - clock.uptime()


def _unseen(done: int, total: int) -> Any:
    """Nobody watches the progress."""
