"""Whether a web process can do its work, and how the last runs ended, for monitoring from outside.

A stranger may read it, so it holds no address, no name and no reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from sqlalchemy.exc import SQLAlchemyError

from pipeline.core.errors import RapportError
from pipeline.core.moved import refuse_moved
from pipeline.core.schema import HEAD, schema_state
from pipeline.schedule import history

if TYPE_CHECKING:
    from sqlalchemy import Row

    from pipeline.core.app import Installation
    from pipeline.core.database import Database


class SchedulerState(Protocol):
    """What is asked of the scheduler in this process."""

    def problem(self) -> str | None:
        """What keeps it from running what is due, in words for the log; None when it runs."""
        ...


class Readiness(NamedTuple):
    """``ready``: the database can be used, and the scheduler, if there is one, runs. How the last runs ended
    does not count: the pages must stay reachable while a feed is broken."""

    ready: bool
    document: dict[str, Any]


def readiness(installation: Installation, scheduler: SchedulerState | None) -> Readiness:
    """Look at database, scheduler and last runs. Raises nothing for what the database does."""
    database = _database_trouble(installation.database)
    # Only whether, not why: the words may name the database or a feed. The log has them.
    stuck = scheduler is not None and scheduler.problem() is not None
    ready = database is None and not stuck
    document = {
        "ready": ready,
        "database": {"ok": database is None, "trouble": database},
        "scheduler": {"ok": not stuck} if scheduler is not None else None,
        "last_run": _last_runs(installation) if database is None else None,
    }
    return Readiness(ready, document)


def _database_trouble(database: Database) -> str | None:
    try:
        found = schema_state(database)
        if not found.is_current:
            return f"its schema is {found.revision or 'missing'}, not {HEAD}"
    except (RapportError, SQLAlchemyError):
        return "it cannot be reached"
    try:
        refuse_moved(database)
    except RapportError:
        return "everything in it was moved to another, or is on its way"
    except SQLAlchemyError:
        return "it cannot be reached"
    return None


def _last_runs(installation: Installation) -> dict[str, Any] | None:
    try:
        with installation.database.read() as connection:
            last = history.last(connection, installation.config.digests)
    except SQLAlchemyError:
        return None
    return {digest: _shown(run) if run is not None else None for digest, run in last.items()}


def _shown(run: Row[Any]) -> dict[str, Any]:
    return {
        "run": run.run,
        "at": run.at.isoformat(timespec="seconds"),
        "outcome": run.outcome,
        "last_good": run.good_at.isoformat(timespec="seconds") if run.good_at else None,
        "failing_since": run.failing_since.isoformat(timespec="seconds") if run.failing_since else None,
    }
