"""What is to be done now and then without anybody asking: mails that wait, data kept long enough, doubt."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pipeline.core.moved import refuse_moved
from pipeline.editions.ledger import doubt
from pipeline.schedule.alerts import watch
from pipeline.schedule.drafts import announce
from pipeline.subscriptions.confirm import send_questions
from pipeline.subscriptions.erase import empty_outbox
from pipeline.subscriptions.scrub import scrub
from subscribers import clock
from subscribers.erasing import blank_networks, erase_counts, erase_unconfirmed
from subscribers.signup import MONTH

if TYPE_CHECKING:
    from pipeline.core.app import Installation


def upkeep(installation: Installation) -> bool:
    """Mail what asks to be confirmed, erase what nobody confirmed, blank network addresses that are old,
    leave in doubt who is sent nothing again any more, and mail staff the drafts they can still act on and
    what else they must know; whether that reached them.

    Cheap when there is nothing to do: `run` does it every time, `serve` every minute.
    """
    refuse_moved(
        installation.database
    )  # who opened it before would tell staff again and again what it cannot note
    privacy, now = installation.config.privacy, clock.now()
    with installation.database.write() as connection:
        erased = erase_unconfirmed(connection, now - timedelta(days=privacy.pending_days))
        blank_networks(connection, now - timedelta(days=privacy.network_address_days))
        erase_counts(connection, now - MONTH)
        resends = installation.config.delivery.on_uncertain == "resend"
        doubt.give_up_for_good(connection, now, resends=resends)
    empty_outbox(installation, erased)
    if installation.database.path is not None:
        scrub(installation.database, ())  # what was erased while somebody read from SQLite's log
    send_questions(installation)
    announce(installation)
    return watch(installation)
