"""What a worker does for a job: delivers an edition for one turn, and calls further workers.

The queue only says which edition needs workers. The ledger decides who hands over which batch. So a job that
is lost, late or done twice loses nobody and doubles nobody.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sqlalchemy import and_, or_, select

from pipeline.core import logs
from pipeline.core.errors import RapportError, StoppedError, as_rapport_error
from pipeline.core.signals import Stop
from pipeline.core.tables.editions import editions as table
from pipeline.delivery.send import deliver
from pipeline.editions.edition import EditionStatus
from pipeline.editions.ledger import claims, outcomes, queue
from pipeline.editions.ledger.outcomes import RESENT_WITHIN
from subscribers import clock

if TYPE_CHECKING:
    from pipeline.core.app import Installation
    from pipeline.core.database import Database

TURN = 30.0
"""Seconds after which a worker leaves an edition and takes the next job."""

FIRST_REST = 5.0
LONGEST_REST = 60.0
"""Seconds for which an edition rests after a failure: the first time, and at most."""

log = logging.getLogger(__name__)


class Turn(Stop):
    """A Stop that also stops when the turn is over. It does not shorten a wait that a provider asked for."""

    def __init__(self, stop: Stop, seconds: float) -> None:
        super().__init__()
        self._stop = stop
        self._end = clock.uptime() + seconds

    def __call__(self) -> bool:
        return self._stop() or clock.uptime() >= self._end

    def sleep(self, seconds: float) -> None:
        self._stop.sleep(seconds)


def work_on(installation: Installation, edition: int, failures: int, stop: Stop) -> None:
    """Deliver an edition for one turn, beside other workers, and call workers for the rest of it.

    After a failure one worker tries alone, after a rest that grows. Once that succeeds it calls the others.
    """
    with logs.about(run=logs.new_run()):
        _work_on(installation, edition, failures, stop)


def _work_on(installation: Installation, edition: int, failures: int, stop: Stop) -> None:
    if not failures:
        _call_if_waiting(installation.database, edition)
    try:
        left = deliver(installation, edition, lambda done, total: None, stop=Turn(stop, TURN))
        log.info("%s is %s", left.slug, left.status)
    except StoppedError as turned:
        log.info("%s", turned.message)
    except Exception as error:
        told = as_rapport_error(error)
        log.warning("Edition %d: %s %s", edition, told.message, told.remedy)
        log.info("edition %d failed", edition, exc_info=not isinstance(error, RapportError))
        _call_if_waiting(installation.database, edition, failures + 1)
        return
    _call_if_waiting(installation.database, edition)


def _call_if_waiting(database: Database, edition: int, failures: int = 0) -> None:
    rest = min(LONGEST_REST, FIRST_REST * 2 ** (failures - 1)) if failures else 0.0
    with database.write() as connection:
        if claims.waits(connection, edition, clock.now()):
            queue.call(connection, edition, failures=failures, rest=rest)


def look_after(database: Database) -> None:
    """Call workers to the editions that need some and have no job: the job was lost with its worker, people
    were put off until now, or the last batch belongs to a process that is gone."""
    now = clock.now()
    with database.read() as connection:
        lately = and_(table.c.status == EditionStatus.SENT, table.c.finished_at > now - RESENT_WITHIN)
        query = select(table.c.id, table.c.status).where(or_(table.c.status == EditionStatus.SENDING, lately))
        under_way = [
            edition for edition in connection.execute(query) if not queue.is_called(connection, edition.id)
        ]
    for edition in under_way:
        if _needs_workers(database, edition.id, edition.status):
            with database.write() as connection:
                if not queue.is_called(connection, edition.id):
                    queue.call(connection, edition.id)


def _needs_workers(database: Database, edition: int, status: str) -> bool:
    with database.read() as connection:
        if claims.waits(connection, edition, clock.now()):
            return True
        if status == EditionStatus.SENDING and not outcomes.unfinished(connection, edition):
            return True  # the process that recorded the last batch died before it could end the edition
        owners = claims.owners(connection, edition)
    return not all(database.is_held(owner) for owner in owners)
