"""Under `on_uncertain = "resend"`: sending again what surely never arrived, before a digest's turn."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from pipeline.core.errors import RapportError, StoppedError
from pipeline.core.signals import on_signals
from pipeline.delivery.send import deliver
from pipeline.editions import find
from pipeline.editions.edition import EditionStatus
from pipeline.editions.ledger import doubt, outcomes
from pipeline.providers.choice import provider

if TYPE_CHECKING:
    from pipeline.core.signals import Stop
    from pipeline.schedule.turn import Turn

log = logging.getLogger(__name__)


def resend(turn: Turn) -> None:
    """Send again what was in doubt of the digest's last editions. One that fails is tried by the next run,
    and does not keep the letter that is due. Raises StoppedError."""
    with on_signals(turn.stop) as stop:
        for edition in _waiting(turn):
            if not stop():
                _deliver(turn, edition, stop)
    if stop():
        raise StoppedError("Stopped after the batch in flight.", "`rapport run` goes on.", stop.signal)


def _waiting(turn: Turn) -> list[int]:
    """The editions, sent before, of which a batch waits again."""
    config = turn.installation.config
    # Opening the provider refuses a configuration under which nobody can know what arrived.
    provider(config, turn.installation.folder).close()
    with turn.installation.database.write() as connection:
        since = turn.now - outcomes.RESENT_WITHIN
        recent = [
            edition
            for edition in find.handed_over_since(connection, turn.digest.name, since)
            if edition.tripped_at is None
        ]
        for edition in recent:
            doubt.again(connection, edition.id, turn.now)
        # An edition in `sending` goes on when its step comes. Batches of a `sent` one wait for nothing else.
        return [
            edition.id
            for edition in recent
            if edition.status == EditionStatus.SENT and outcomes.unfinished(connection, edition.id)
        ]


def _deliver(turn: Turn, edition: int, stop: Stop) -> None:
    try:
        deliver(turn.installation, edition, turn.progress, stop=stop)
    except RapportError as error:
        log.error("What was in doubt could not be sent again: %s %s", error.message, error.remedy)
