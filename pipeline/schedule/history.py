"""What is known of the last run of each digest: when it was, how it ended, since when runs fail.

It is one row a digest, so nothing must be cleared away. Alerts, readiness and metrics read it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import case, func, select

from pipeline.core.tables.installation import marks, runs
from pipeline.schedule.idle import RESTING
from subscribers import clock
from subscribers.sets import insert

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import Connection, Row

    from pipeline.core.sections.digest import Digest
    from pipeline.schedule.result import RunResult


def remember(connection: Connection, run: str, ran: Sequence[RunResult], digests: Collection[Digest]) -> None:
    """Write down how a run ended for each digest, and drop digests that are no longer configured.

    Where another process was busy with a digest, that process writes it down.
    """
    at = clock.now()
    connection.execute(marks.delete().where(marks.c.name == RESTING))
    for one in ran:
        if one.outcome == "busy":
            continue
        adding = insert(connection, runs).values(
            digest=one.digest,
            run=run,
            at=at,
            outcome=one.outcome,
            reason=one.reason,
            good_at=at if one.well else None,
            failing_since=None if one.well else at,
        )
        new = adding.excluded
        since = case((new.failing_since.is_(None), None), else_=func.coalesce(runs.c.failing_since, at))
        values = {
            **{name: new[name] for name in ("run", "at", "outcome", "reason")},
            "good_at": func.coalesce(new.good_at, runs.c.good_at),
            "failing_since": since,
        }
        connection.execute(adding.on_conflict_do_update(index_elements=["digest"], set_=values))
    connection.execute(runs.delete().where(runs.c.digest.not_in([digest.name for digest in digests])))


def rest(connection: Connection) -> None:
    """Write down that the run that was just remembered found nothing to do, for idle.py."""
    adding = insert(connection, marks).values(name=RESTING, value="", at=clock.now())
    # Another run may have come to the same end a moment ago.
    connection.execute(adding.on_conflict_do_update(index_elements=["name"], set_={"at": adding.excluded.at}))


def last(connection: Connection, digests: Collection[Digest]) -> dict[str, Row[Any] | None]:
    """The last run of each digest, by the digest's name; None where there was none."""
    known = {row.digest: row for row in connection.execute(select(runs))}
    return {digest.name: known.get(digest.name) for digest in digests}
