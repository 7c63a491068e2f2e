"""One digest's turn in a run: what it works with, and what it has learned so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline.editions import find
from pipeline.editions.after_trial import end_trial
from pipeline.editions.send_time import upcoming
from pipeline.feeds.first_seen import register
from pipeline.schedule.result import RunResult
from pipeline.schedule.situation import situation_of
from subscribers import clock

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from pipeline.core.app import Installation
    from pipeline.core.sections.digest import Digest
    from pipeline.core.signals import Stop
    from pipeline.editions.edition import Edition
    from pipeline.editions.plan import Plan, Situation
    from pipeline.feeds.pull import Pulled


@dataclass(slots=True)
class Turn:
    """``now`` stays the same for the whole turn, however long a step takes."""

    installation: Installation
    digest: Digest
    at_once: bool
    progress: Callable[[int, int], None]
    stop: Stop | None
    now: datetime = field(default_factory=clock.now)

    just_pulled: list[Pulled] | None = None
    """What the feeds said right before this turn, if all of them were asked then."""

    pulled: list[Pulled] | None = None
    """What the feeds said, once this turn wanted to know."""

    ready: int | None = None
    """The edition that was found ready to be sent in this turn: whoever left is known, readers can leave."""

    def situation(self) -> Situation:
        """How the digest stands now."""
        config = self.installation.config
        with self.installation.database.write() as connection:
            register(connection, config, self.now)
            end_trial(connection, config, self.now)
            return situation_of(connection, config, self.digest, self.now, at_once=self.at_once)

    def waits(self, s: Situation, planned: Plan) -> RunResult:
        """How the turn ends where nothing is to be done."""
        return self._result(planned.outcome, s.edition, planned.reason, s.taken, s.edition)

    def result(
        self, outcome: str, edition: Edition | None, reason: str, *, went_wrong: bool = False
    ) -> RunResult:
        """How the turn ends after a step."""
        with self.installation.database.read() as connection:
            taken = find.due_times(connection, self.digest.name)
            open_one = find.open_one(connection, self.digest.name)
        return self._result(outcome, edition, reason, taken, open_one, went_wrong=went_wrong)

    def _result(
        self,
        outcome: str,
        edition: Edition | None,
        reason: str,
        taken: frozenset[str],
        open_one: Edition | None,
        *,
        went_wrong: bool = False,
    ) -> RunResult:
        zone = self.installation.config.newsletter.zone
        return RunResult(
            digest=self.digest.name,
            outcome=outcome,
            edition=edition,
            reason=reason,
            next_due=upcoming(self.digest, zone, self.now, taken, open_one),
            went_wrong=went_wrong or outcome == "failed",
            pulled=self.pulled is not None,
        )
