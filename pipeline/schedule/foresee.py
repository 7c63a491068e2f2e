"""`run --dry-run`: what would happen at a moment, from the posts known now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.editions.plan import MOST_STEPS, Step, plan, upcoming
from pipeline.schedule.result import RunResult
from pipeline.schedule.situation import situation_of
from pipeline.schedule.steps import STEPS

if TYPE_CHECKING:
    from datetime import datetime

    from pipeline.core.app import Installation
    from pipeline.core.config import Digest


def foresee(
    installation: Installation, digests: list[Digest], *, at: datetime, at_once: bool = False
) -> list[RunResult]:
    """What `run` would do at a moment, from the posts known now. Nothing is fetched, kept or sent."""
    return [_foreseen(installation, digest, at, at_once=at_once) for digest in digests]


def _foreseen(installation: Installation, digest: Digest, at: datetime, *, at_once: bool) -> RunResult:
    with installation.database.read() as connection:
        situation = situation_of(connection, installation.config, digest, at, at_once=at_once)
        planned = plan(situation)
        for _ in range(MOST_STEPS):
            if planned.step is Step.WAIT:
                break
            planned = STEPS[planned.step].foresee(connection, situation, planned)
    due = upcoming(digest, situation.zone, at, situation.taken)
    return RunResult(digest.name, planned.outcome, situation.edition, planned.reason, due)
