"""`run --dry-run`: what would happen at a moment, from the posts known now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.editions.plan import MOST_STEPS, Step, plan
from pipeline.editions.send_time import upcoming
from pipeline.schedule.result import RunResult
from pipeline.schedule.situation import situation_of
from pipeline.schedule.steps import STEPS

if TYPE_CHECKING:
    from datetime import datetime

    from pipeline.core.app import Installation
    from pipeline.core.sections.digest import Digest


def foresee(
    installation: Installation, digests: list[Digest], *, at: datetime, at_once: bool = False
) -> list[RunResult]:
    """What `run` would do at a moment, from the posts known now. Nothing is fetched, kept or sent."""
    return [_foreseen(installation, digest, at, at_once=at_once) for digest in digests]


def _foreseen(installation: Installation, digest: Digest, at: datetime, *, at_once: bool) -> RunResult:
    with installation.database.read() as connection:
        situation = situation_of(connection, installation.config, digest, at, at_once=at_once)
        planned, edition, taken = plan(situation), situation.edition, situation.taken
        for _ in range(MOST_STEPS):
            if planned.step is Step.WAIT:
                break
            if planned.step is Step.COMPOSE and planned.due:
                taken = (taken - {edition.due} if edition else taken) | {planned.due}
            planned = STEPS[planned.step].foresee(connection, situation, planned)
    if planned.outcome == "sent":
        due = upcoming(digest, situation.zone, at, taken)
    else:
        due = upcoming(digest, situation.zone, at, situation.taken, edition)
    return RunResult(digest.name, planned.outcome, edition, planned.reason, due)
