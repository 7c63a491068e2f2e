"""The scheduler of `rapport serve`: it only ticks, and `run` decides what is due.

When something is due, catching up after an outage, and "once" are rules of `run`, which cron calls in the
same way. So nothing about them is kept here, and two schedulers that tick at once do no harm. Of several
processes only one, the leader, ticks: that keeps order.
"""

from __future__ import annotations

import logging
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from pipeline.core.errors import BusyError, RapportError, StoppedError, as_rapport_error
from pipeline.delivery.channels.announce import announce
from pipeline.schedule.maintenance import maintain
from pipeline.schedule.run import run
from subscribers import clock

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from pipeline.core.app import Installation
    from pipeline.core.database import Database, Session
    from pipeline.core.signals import Stop
    from pipeline.schedule.result import RunResult

LOCK = "scheduler"
"""Held by the leader. It ends with the process or the connection that holds it."""

TICK = 30.0
"""Seconds between two looks at what is due and at who leads."""

MAINTENANCE = 60.0
"""Seconds. A mail that asks to confirm is sent at once; maintenance sends those that failed then."""

REST = 5 * 60.0
"""Seconds to the next look after the feeds were pulled and no edition came of it: about as often as cron."""

SILENCE = 5 * TICK
"""Seconds without a tick after which something is wrong."""

log = logging.getLogger(__name__)


class Scheduler:
    """Ticks in threads of its own while the `with` lasts; the end waits for the jobs under way.

    ``stop`` is asked by others before the end, so that a letter on its way ends after the batch in flight.
    With ``sends`` false it only does the maintenance, which every web process does.
    """

    def __init__(self, installation: Installation, stop: Stop, *, sends: bool = True) -> None:
        self._installation = installation
        self._stop = stop
        self._leadership = Leadership(installation.database)
        self._leads = False
        self._ticked = clock.uptime()
        self._ticking = False
        self._rests_until = self._ticked
        self._logged: dict[str, str] = {}
        logging.getLogger("apscheduler").setLevel(logging.CRITICAL)  # jobs log their own failures below
        # One run of a job at a time. Runs missed meanwhile, or while the machine slept, become one.
        jobs = {"max_instances": 1, "coalesce": True, "misfire_grace_time": None}
        self._jobs = BackgroundScheduler(timezone=UTC, job_defaults=jobs)
        self._offset = _clock_offset()
        now = clock.now()
        self._every(MAINTENANCE, "maintenance", lambda: maintain(installation, stop), next_run_time=now)
        if installation.config.channels:
            # Apart from the maintenance: a service that does not answer keeps no reader's mail waiting.
            self._every(MAINTENANCE, "channels", lambda: announce(installation, stop), next_run_time=now)
        if sends:
            self._every(TICK, "run", self.tick, next_run_time=now)

    def problem(self) -> str | None:
        """What is wrong with it, in words; None while it ticks, as the leader or in reserve."""
        if failed := self._logged.get("run"):
            return f"the last look at what is due failed: {failed}"
        silent = clock.uptime() - self._ticked
        if not self._ticking and silent > SILENCE:
            return f"nothing has looked at what is due for {silent:.0f} seconds"
        return None

    def __enter__(self) -> Self:
        self._jobs.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._jobs.shutdown()
        self._leadership.give_up()

    def follow_clock(self) -> None:
        """Run every job at once when the machine's clock was set. To be called every now and then.

        APScheduler goes by that clock: after it was set back, no job would run for as long.
        """
        before, self._offset = self._offset, _clock_offset()
        if abs(self._offset - before) > TICK:
            for job in self._jobs.get_jobs():
                job.modify(next_run_time=clock.now())

    def _every(self, seconds: float, name: str, job: Callable[[], object], **options: Any) -> None:
        def guarded() -> None:
            if self._stop():
                return
            try:
                job()
            except StoppedError as stopped:
                log.info("%s", stopped.message)
            except Exception as error:  # whatever it is, the pages and the next run of the job go on
                self._log_once(name, as_rapport_error(error).message)
                log.info("%s failed", name, exc_info=not isinstance(error, RapportError))
            else:
                self._logged.pop(name, None)

        self._jobs.add_job(guarded, "interval", seconds=seconds, **options)

    def tick(self) -> None:
        """Do what is due, if this process leads."""
        self._ticking = True
        try:
            self._leads = self._leadership.take()
            if self._leads and clock.uptime() >= self._rests_until:
                digests = self._installation.config.digests
                self._rest_after(run(self._installation, digests, progress=_no_progress, stop=self._stop))
        finally:
            self._ticking, self._ticked = False, clock.uptime()

    def _rest_after(self, ran: list[RunResult]) -> None:
        if any(one.pulled and (one.went_wrong or one.edition is None) for one in ran):
            due = min(datetime.fromisoformat(one.next_due) for one in ran)
            self._rests_until = clock.uptime() + min(REST, (due - clock.now()).total_seconds())

    def _log_once(self, name: str, message: str) -> None:
        """Not at every tick."""
        if self._logged.get(name) != message:
            log.warning("%s failed: %s", name, message)
        self._logged[name] = message


class Leadership:
    """Whether this process is the one that schedules, of any number that could.

    Asked for by ``take`` and kept until ``give_up`` or the end of the `with`. For one thread. Only order
    depends on it: `run` itself keeps two processes apart that both think they lead.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._held = ExitStack()
        self._session: Session | None = None

    def take(self) -> bool:
        """Whether this process leads from now on. Raises DBAPIError when the database cannot tell."""
        if self._session is not None:
            try:
                with self._session.read() as connection:
                    connection.execute(text("SELECT 1"))
                return True
            except DBAPIError:
                self.give_up()  # the lock ended with the connection; another process may hold it by now
        with ExitStack() as held:
            try:
                if self._database.sqlite:
                    held.enter_context(self._database.lock(LOCK))
                self._session = held.enter_context(self._database.alive(LOCK, wait=False))
            except BusyError:
                return False
            self._held = held.pop_all()
        return True

    def give_up(self) -> None:
        """Let another process lead."""
        self._session = None
        self._held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.give_up()


def _clock_offset() -> float:
    """Changes when the machine's clock is set, and only then."""
    return clock.now().timestamp() - clock.uptime()


def _no_progress(done: int, total: int) -> None:
    """Nobody watches the progress."""
