"""What is known of the last run of each digest: when, how it ended, since when it fails.

A row a digest, so that there is nothing to clear away. Doors, alarms and metrics read it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, func, select

from pipeline.core.tables import runs
from subscribers import clock
from subscribers.sets import insert

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import Connection, Row

    from pipeline.core.config import Digest
    from pipeline.editions.edition import Edition


@dataclass(frozen=True, slots=True)
class RunResult:
    """What became of one digest; ``outcome`` is one of the words of `run --json`."""

    digest: str
    outcome: str
    edition: Edition | None
    reason: str
    next_due: str
    went_wrong: bool = False
    """Whether something could not be done, for the exit status."""
    pulled: bool = False
    """Whether the feeds were asked, which is not to be done every minute."""

    @property
    def well(self) -> bool:
        """Whether nothing went wrong, nor stands stopped by it; staff who pause give no reason."""
        stopped = self.outcome == "paused" and self.edition is not None and self.edition.reason is not None
        return not (self.went_wrong or stopped)


def remember(connection: Connection, run: str, ran: Sequence[RunResult], digests: Collection[Digest]) -> None:
    """Write down how a run ended for each digest, and drop those that are configured no more.

    Where another process was at it, that one says.
    """
    at = clock.now()
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


def last(connection: Connection, digests: Collection[Digest]) -> dict[str, Row[Any] | None]:
    """By the name of each digest its last run, if there was one."""
    known = {row.digest: row for row in connection.execute(select(runs))}
    return {digest.name: known.get(digest.name) for digest in digests}
