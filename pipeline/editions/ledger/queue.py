"""Calling workers to an edition (PostgreSQL): one job in procrastinate's queue that says "work on edition N".

At most one such job waits for an edition, whatever calls for it; whoever takes it calls the next worker
before beginning (`pipeline/delivery/workers/jobs.py`). So as many work on an edition as have nothing else to
do, and nobody needs to know how many there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

if TYPE_CHECKING:
    from sqlalchemy import Connection

QUEUE = "delivery"
TASK = "work_on"

# The insert of procrastinate's own function for SQL (procrastinate_defer_jobs_v1), which would break the
# caller's transaction when a job waits already. To touch that one keeps it from being taken until the caller
# commits: whoever then takes it sees what the caller wrote. Jobs are due by the server's clock.
_CALL = text(
    """
    INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock, args, scheduled_at)
    VALUES (
        :queue, :task, :lock, :args,
        CASE WHEN :rest > 0 THEN now() + make_interval(secs => CAST(:rest AS double precision)) END
    )
    ON CONFLICT (queueing_lock) WHERE status = 'todo'
    DO UPDATE SET args = excluded.args, scheduled_at = excluded.scheduled_at
    """
).bindparams(bindparam("args", type_=JSONB))

_CALLED = text("SELECT 1 FROM procrastinate_jobs WHERE queueing_lock = :lock AND status = 'todo'")


def call(connection: Connection, edition: int, *, failures: int = 0, rest: float = 0.0) -> None:
    """Ask the fleet to work on an edition, in this transaction; on SQLite there is no fleet to ask.

    ``failures`` is how often in a row working on it failed, ``rest`` the seconds to leave it alone for that.
    """
    if connection.dialect.name == "sqlite":
        return
    args = {"edition": edition, "failures": failures}
    asked = {"queue": QUEUE, "task": TASK, "lock": _lock(edition), "args": args, "rest": rest}
    connection.execute(_CALL, asked)


def is_called(connection: Connection, edition: int) -> bool:
    """Whether a job for the edition waits, though it may have to rest first (PostgreSQL)."""
    return connection.execute(_CALLED, {"lock": _lock(edition)}).first() is not None


def _lock(edition: int) -> str:
    return f"edition-{edition}"
