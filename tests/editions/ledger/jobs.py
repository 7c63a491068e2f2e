"""The queue, as procrastinate keeps it and takes from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy import Row

    from pipeline.core.database import Database


def waiting(database: Database) -> list[Row[Any]]:
    """Jobs that wait, with the seconds that each has to rest before (None: it need not)."""
    query = "SELECT args, extract(epoch FROM scheduled_at - now()) AS rest FROM procrastinate_jobs"
    with database.read() as connection:
        return list(connection.execute(text(f"{query} WHERE status = 'todo' ORDER BY id")))


def called_for(database: Database) -> list[int]:
    """The editions that jobs wait for."""
    return [job.args["edition"] for job in waiting(database)]


def take(database: Database) -> int | None:
    """The edition of the next job, taken as a worker takes it."""
    fetch = "SELECT args FROM procrastinate_fetch_job_v2(ARRAY['delivery']::varchar[], NULL)"
    with database.write() as connection:
        args = connection.execute(text(fetch)).scalar_one()
    return args["edition"] if args else None
