"""What became of one digest in a run."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.core import logs
from pipeline.core.destination import Destination

if TYPE_CHECKING:
    from pipeline.core.sections.delivery import Delivery
    from pipeline.editions.edition import Edition

log = logging.getLogger(__name__)


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
    """Whether the feeds were pulled, which must not happen every minute."""

    @property
    def well(self) -> bool:
        """Whether nothing went wrong, and the edition was not stopped by what went wrong before.

        An edition that staff paused has no reason.
        """
        stopped = self.outcome == "paused" and self.edition is not None and self.edition.reason is not None
        return not (self.went_wrong or stopped)

    def log(self, delivery: Delivery) -> None:
        with logs.about(digest=self.digest, edition=self.edition.slug if self.edition is not None else None):
            level = logging.ERROR if self.went_wrong else logging.INFO
            reason = f": {self.reason}" if self.reason else ""
            log.log(level, "%s: %s%s", self.digest, self._said(delivery), reason)

    def _said(self, delivery: Delivery) -> str:
        provider = self.edition.provider if self.edition is not None else None
        return Destination.of(delivery, provider).became(self.outcome)
