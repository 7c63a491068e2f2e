"""The whole job, for every digest that is due: pull, compose, check, approval, send.

It may be called as often as one likes and from several places at once: a lock for each digest lets one
process in, and a constraint of the database gives a due time one edition. editions/plan.py says what is to be
done, steps.py does it.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from pipeline.core import logs
from pipeline.core.errors import BusyError, RapportError, StoppedError, as_rapport_error
from pipeline.editions import find
from pipeline.editions.edition import EditionStatus
from pipeline.editions.lock import lock
from pipeline.editions.plan import MOST_STEPS, Step, plan
from pipeline.feeds.pull_due import pull_due
from pipeline.schedule import heartbeat, history
from pipeline.schedule.maintenance import maintain
from pipeline.schedule.turn import Turn
from subscribers import clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.core.app import Installation
    from pipeline.core.sections.digest import Digest
    from pipeline.core.signals import Stop
    from pipeline.feeds.pull import Pulled
    from pipeline.schedule.result import RunResult

JUST_READ = timedelta(minutes=5)
"""Within this time after they were read the feeds are not read again for the next digest."""

log = logging.getLogger(__name__)


def run(
    installation: Installation,
    digests: list[Digest],
    *,
    at_once: bool = False,
    progress: Callable[[int, int], None],
    stop: Stop | None = None,
) -> list[RunResult]:
    """Do what is due for each digest; one that fails does not keep the others from going out.

    ``at_once`` treats them as due now (`--now`). Ends after the batch in flight, with StoppedError, when
    ``stop`` is asked; by default signals ask.
    """
    run_id = logs.new_run()
    with logs.about(run=run_id):
        began, pulled = clock.now(), _read_feeds(installation)
        ran = []
        for digest in digests:
            # What was read a moment ago is not read again. But the letter before may have taken an hour.
            fresh = pulled if clock.now() - began < JUST_READ else None
            ran.append(_logged(Turn(installation, digest, at_once, progress, stop, just_pulled=fresh)))
        try:
            with installation.database.write() as connection:
                history.remember(connection, run_id, ran, installation.config.digests)
            staff_know = maintain(installation)
            rests = _announce(installation, stop) and all(_found_nothing(one) for one in ran)
            if staff_know and rests and installation.database.sqlite:
                with installation.database.write() as connection:
                    history.rest(connection)
        except Exception as error:  # whatever it is, the letter went out
            log.warning("maintenance failed: %s", as_rapport_error(error).message)
            staff_know = False
        if staff_know and all(one.well for one in ran):
            heartbeat.beat(installation.config.staff)
    return ran


def _announce(installation: Installation, stop: Stop | None) -> bool:
    """Whether nothing waits to be announced elsewhere."""
    if not installation.config.channels:
        return True
    # Here and not above: most have no channel.
    from pipeline.delivery.channels.announce import announce

    return announce(installation, stop or bool)


def _found_nothing(result: RunResult) -> bool:
    return result.outcome == "not_due" and result.edition is None


def _read_feeds(installation: Installation) -> list[Pulled] | None:
    """Read the feeds that are due, also when no letter is: a feed shows its newest posts only. Gives what all
    feeds said, or None when some of them were read before."""
    try:
        pulled = pull_due(installation.database, installation.config)
    except Exception as error:  # whatever it is, each digest meets it in its turn
        log.warning("the feeds could not be read: %s", as_rapport_error(error).message)
        return None
    for feed in pulled:
        log.info("%s: %s", feed.outcome, feed.error or f"{feed.new} new, {feed.withdrawn} withdrawn")
    return (
        pulled if {feed.url for feed in pulled} >= {feed.url for feed in installation.config.feeds} else None
    )


def _logged(turn: Turn) -> RunResult:
    with logs.about(digest=turn.digest.name):
        result = _alone(turn)
    result.log(turn.installation.config.delivery)
    return result


def _alone(turn: Turn) -> RunResult:
    """The digest's turn, while no other process is at the digest; what goes wrong becomes a result."""
    database, name = turn.installation.database, turn.digest.name
    try:
        with lock(database, name):
            return _follow(turn)
    except BusyError as error:
        return turn.result("busy", None, error.message)
    except StoppedError:
        raise
    except Exception as error:  # whatever it is, the other digests go on
        told = as_rapport_error(error)
        log.info("%s failed", name, exc_info=not isinstance(error, RapportError))
        with database.read() as connection:
            edition = find.open_one(connection, name)
        paused = edition is not None and edition.status == EditionStatus.PAUSED
        reason = f"{told.message} {told.remedy}".strip()
        return turn.result("paused" if paused else "failed", edition, reason, went_wrong=True)


def _follow(turn: Turn) -> RunResult:
    """Plan, take the step, plan again, until a step ends the turn or nothing is left to be done."""
    if turn.installation.config.delivery.on_uncertain == "resend":
        from pipeline.schedule.resend import resend

        resend(turn)
    for _ in range(MOST_STEPS):
        situation = turn.situation()
        planned = plan(situation)
        if planned.step is Step.WAIT:
            return turn.waits(situation, planned)
        # Not above: it loads what composes and sends, and in most runs nothing is due.
        from pipeline.schedule.steps import STEPS

        if (ended := STEPS[planned.step].do(turn, situation, planned)) is not None:
            return ended
    reason = f"it came to no end within {MOST_STEPS} steps; the next run goes on"
    return turn.result("failed", situation.edition, reason)
