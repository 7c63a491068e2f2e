"""The steps of a run. Each is done by `run`, and foreseen by `run --dry-run`, from the same table.

A step that is done ends the turn with a result, or gives None: the situation is read again, and planned
anew. A step that is foreseen changes nothing and gives the plan that would follow it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pipeline.core.cron import moment_of
from pipeline.core.words import sentence
from pipeline.delivery import breaker, probe
from pipeline.delivery.send import must_fit, send, sync_leavers
from pipeline.editions import after_restore, course, states, store
from pipeline.editions.approval import errors, must_pass
from pipeline.editions.compose import compose
from pipeline.editions.edition import Edition, EditionStatus
from pipeline.editions.ledger import reasons
from pipeline.editions.ledger.batch_states import RecipientState
from pipeline.editions.plan import Plan, Step, approval
from pipeline.editions.selection import choose
from pipeline.editions.send_time import goes_if_put_up
from pipeline.editions.taken_back import is_outdated
from pipeline.feeds import pull
from pipeline.letter.edits import Edits
from pipeline.providers.choice import provider
from subscribers.audience import anyone

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from pipeline.editions.plan import Situation
    from pipeline.feeds.pull import Pulled
    from pipeline.schedule.result import RunResult
    from pipeline.schedule.turn import Turn


class Action(NamedTuple):
    """What a step does, and what is foreseen to follow it."""

    do: Callable[[Turn, Situation, Plan], RunResult | None]
    foresee: Callable[[Connection, Situation, Plan], Plan]


def _compose(turn: Turn, s: Situation, planned: Plan) -> RunResult | None:
    """Compose from the feeds as they are now (but for a note), and put the draft up for staff."""
    failed = [feed for feed in _pulled(turn) if feed.error]
    composed = compose(turn.installation, turn.digest, planned.due)
    edition = composed.edition
    if edition is None:
        if failed:
            # The posts may be behind the broken feed: the due time is not given up for that.
            broken = "; ".join(f"{feed.error}" for feed in failed)
            return turn.result("failed", None, f"{sentence(composed.reason)} {broken}")
        if turn.at_once:
            return turn.result("skipped", None, composed.reason)
        if moment_of(planned.due, s.zone) > turn.now:
            return turn.result("not_due", None, composed.reason)
        return _skip(turn, s, Plan(Step.SKIP, reason=composed.reason, due=planned.due))
    if edition.status != EditionStatus.DRAFT:
        return None  # staff decided while the feeds were pulled: what they decided stands
    wrong = errors(turn.installation, edition)
    with turn.installation.database.write() as connection:
        # With an error it is not put up: the next run composes it again, when the cause may be mended.
        edition = store.change(connection, edition.id, announced_at=None if wrong else turn.now)
    return turn.result("failed", edition, wrong) if wrong else None


def _foresee_compose(connection: Connection, s: Situation, planned: Plan) -> Plan:
    draft, picked = (s.edition.id, Edits.of(s.edition.edits).posts) if s.edition is not None else (None, ())
    if s.edition is not None and s.edition.is_note:
        return approval(s, goes_if_put_up(s.digest, s.edition.due_at, s.now))
    choice = choose(connection, s.digest, s.zone, s.first_seen, s.now, draft, picked, s.trial)
    due_at = moment_of(planned.due, s.zone)
    if not choice.posts:
        return Plan(Step.WAIT, "skipped" if due_at <= s.now else "not_due", f"{choice.reason} so far")
    return approval(s, goes_if_put_up(s.digest, due_at, s.now))


def _hold(turn: Turn, s: Situation, planned: Plan) -> None:
    """Hold the draft: an earlier edition tripped the breaker, or this one may have been sent already, from
    the database that this one is a restored backup of."""
    edition = _open(s)
    with turn.installation.database.write() as connection:
        if reason := breaker.unanswered(connection, turn.digest.name, edition):
            states.hold(connection, edition.slug, reason=reason)
        elif reason := after_restore.unanswered(connection, turn.digest.name):
            states.hold(connection, edition.slug, reason=reason, after_restore=True)


def _approve(turn: Turn, s: Situation, planned: Plan) -> RunResult | None:
    """Approve the draft. What would stop the sending stops it before the letter is frozen."""
    installation, edition = turn.installation, _open(s)
    _pulled(turn)  # the blog may have withdrawn a post while the draft waited
    with installation.database.read() as connection:
        if is_outdated(connection, installation.config, edition):
            return None
    provider(installation.config, installation.folder).close()
    must_fit(installation, edition)
    must_pass(installation, edition)  # staff may have edited it since it was put up
    probe.must_answer(installation, edition)
    sync_leavers(installation)
    with installation.database.write() as connection:
        if not anyone(connection, turn.digest.name, s.today()):
            edition = states.skip(connection, edition.slug, reason="nobody is subscribed yet")
            return turn.result("skipped", edition, "nobody is subscribed yet; the posts wait")
        if course.approve_draft(connection, edition.id) is not None:
            turn.ready = edition.id
    return None


def _send(turn: Turn, s: Situation, planned: Plan) -> RunResult:
    """Hand the edition over, or go on with it."""
    edition = _open(s)
    if planned.due:
        with turn.installation.database.write() as connection:
            store.change(connection, edition.id, due=planned.due, due_at=moment_of(planned.due, s.zone))
    ready = turn.ready == edition.id
    edition = send(turn.installation, edition.slug, turn.progress, synced=ready, stop=turn.stop)
    if edition.status == EditionStatus.SENDING:
        return turn.result("busy", edition, _why_not_done(turn, edition))
    # `run` has no word of its own for an edition that staff cancelled midway: the rest of it was skipped.
    outcome = "skipped" if edition.status == EditionStatus.CANCELLED else str(edition.status)
    tripped = outcome == "paused" and edition.tripped_at is not None
    return turn.result(outcome, edition, edition.reason or "", went_wrong=tripped)


def _why_not_done(turn: Turn, edition: Edition) -> str:
    """Why people of an edition still wait. Where nothing is said of it, others are at it."""
    with turn.installation.database.read() as connection:
        waiting = reasons.reasons(connection, edition.id).get(RecipientState.WAITING, {})
    for why in waiting:
        return f"a part of it waits: {why}"
    return "a part of it is under way elsewhere, or was put off"


def _skip(turn: Turn, s: Situation, planned: Plan) -> RunResult:
    """Give the due time up: an edition that was skipped takes its place."""
    with turn.installation.database.write() as connection:
        edition = states.skip_due(connection, turn.digest, planned.due, s.zone, planned.reason, turn.now)
    return turn.result("skipped", edition, planned.reason)


def _then(step: Step, outcome: str = "") -> Callable[[Connection, Situation, Plan], Plan]:
    """Foresees that this comes next, for the reason that was planned."""
    return lambda connection, s, planned: Plan(step, outcome, planned.reason)


STEPS = {
    Step.COMPOSE: Action(_compose, _foresee_compose),
    Step.HOLD: Action(_hold, _then(Step.WAIT, "held")),
    Step.APPROVE: Action(_approve, _then(Step.SEND)),
    Step.SEND: Action(_send, _then(Step.WAIT, "sent")),
    Step.SKIP: Action(_skip, _then(Step.WAIT, "skipped")),
}
"""Every step but WAIT, which ends the turn."""


def _open(s: Situation) -> Edition:
    assert s.edition is not None, "planned for an open edition"
    return s.edition


def _pulled(turn: Turn) -> list[Pulled]:
    """What the feeds say; they are asked once a turn."""
    if turn.pulled is None:
        turn.pulled = turn.just_pulled or pull.pull(turn.installation.database, turn.installation.config)
    return turn.pulled
