"""What is to be done now and then without anybody asking: mails that wait, data kept long enough."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pipeline.confirming import send_questions
from subscribers import clock
from subscribers.erasing import blank_networks, erase_unconfirmed

if TYPE_CHECKING:
    from pipeline.installation import Installation


def upkeep(installation: Installation) -> None:
    """Mail what asks to be confirmed, erase what nobody confirmed, blank network addresses that are old.

    Cheap when there is nothing to do: `run` does it every time, `serve` every minute.
    """
    privacy, now = installation.config.privacy, clock.now()
    with installation.database.write() as connection:
        erase_unconfirmed(connection, now - timedelta(days=privacy.pending_days))
        blank_networks(connection, now - timedelta(days=privacy.network_address_days))
    send_questions(installation)
