"""`run --dry-run`: what would happen at a moment, from the posts known now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.core.cron import moment_of
from pipeline.delivery import breaker
from pipeline.editions import after_restore
from pipeline.editions.plan import Step, goes_at, plan, verdict
from pipeline.editions.selection import choose
from pipeline.editions.situation import next_due, situation_of
from pipeline.letter.edits import Edits
from pipeline.schedule.history import RunResult

if TYPE_CHECKING:
    from datetime import datetime

    from pipeline.core.app import Installation
    from pipeline.core.config import Digest


def rehearse(
    installation: Installation, digests: list[Digest], *, at: datetime, at_once: bool = False
) -> list[RunResult]:
    """What `run` would do at a moment, from the posts known now. Nothing is fetched, kept or sent."""
    return [_rehearsed(installation, digest, at, at_once) for digest in digests]


def _rehearsed(installation: Installation, digest: Digest, at: datetime, at_once: bool) -> RunResult:
    with installation.database.read() as connection:
        situation = situation_of(connection, installation.config, digest, at, at_once=at_once)
        edition, planned = situation.edition, plan(situation)
        outcome, reason = planned.outcome, planned.reason
        holding = breaker.unanswered(connection, digest.name, edition) or after_restore.unanswered(
            connection, digest.name
        )
        if planned.step is Step.SKIP:
            outcome = "skipped"
        elif planned.step is Step.SEND:
            outcome = "sent"
        elif planned.step is Step.DECIDE and edition is not None:
            decided = verdict(situation, goes_at(digest, edition))
            outcome, reason = decided.outcome or "sent", decided.reason
        elif planned.step is Step.COMPOSE:
            draft, picked = (edition.id, Edits.of(edition.edits).posts) if edition is not None else (None, ())
            choice = choose(connection, digest, situation.first_seen, at, draft, picked)
            due_at = moment_of(planned.due, situation.zone)
            decided = verdict(situation, max(due_at, at + digest.hold_window))
            outcome, reason = decided.outcome or "sent", decided.reason
            if not choice.posts:
                outcome, reason = "skipped" if due_at <= at else "not_due", f"{choice.reason} so far"
        if holding and digest.approval == "auto" and planned.step in (Step.DECIDE, Step.COMPOSE):
            outcome, reason = ("held", holding) if outcome in ("sent", "not_due") else (outcome, reason)
    return RunResult(digest.name, outcome, edition, reason, next_due(installation, digest, at))
