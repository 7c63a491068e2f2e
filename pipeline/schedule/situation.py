"""Reading off the database what the rules of editions/plan.py look at."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.delivery import breaker
from pipeline.editions import after_restore, find, renaming
from pipeline.editions.plan import Situation, Step, plan
from pipeline.editions.taken_back import is_outdated
from pipeline.editions.trial import trial_of
from pipeline.feeds.first_seen import first_seen
from subscribers import clock

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from pipeline.core.config import Config
    from pipeline.core.sections.digest import Digest


def situation_of(
    connection: Connection, config: Config, digest: Digest, now: datetime, *, at_once: bool = False
) -> Situation:
    """How a digest stands at ``now``, which may be a moment to come."""
    edition = find.open_one(connection, digest.name)
    due_times = Situation(
        digest=digest,
        zone=config.newsletter.zone,
        now=now,
        at_once=at_once,
        first_seen=first_seen(connection, digest.name, otherwise=min(now, clock.now())),
        edition=edition,
        withdrawn=False,
        taken=find.due_times(connection, digest.name),
    )
    if edition is None and plan(due_times).step is Step.WAIT:
        return due_times  # as nearly always: what matters to a letter alone is not looked up for none
    return replace(
        due_times,
        withdrawn=edition is not None and is_outdated(connection, config, edition),
        must_hold=breaker.unanswered(connection, digest.name, edition)
        or after_restore.unanswered(connection, digest.name),
        lost=renaming.lost(connection, config, digest.name),
        trial=trial_of(connection, config, digest.name, now),
    )
