"""What must be done now and then without anybody asking: mails that wait, data whose time is over, doubt."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pipeline.core.moved import refuse_moved
from pipeline.editions import find
from pipeline.editions.ledger import doubt
from pipeline.schedule.alerts import alert_staff
from pipeline.subscriptions.scrub import scrub
from subscribers import clock, mail_limits, welcomes
from subscribers.erasing import blank_networks, erase_unconfirmed
from subscribers.staff import attempts

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from pipeline.core.app import Installation


def maintain(installation: Installation, stop: Callable[[], bool] = bool) -> bool:
    """Erase what must not be kept any longer, give up doubt that nothing will settle, send the mails that
    wait until ``stop``, and tell staff what they must know; whether that reached them.

    Cheap when there is nothing to do: `run` does it every time, `serve` every minute.
    """
    now = clock.now()
    # A process that opened the database before it was moved could not note what it told staff, and would
    # tell them again and again.
    refuse_moved(installation.database)
    _erase(installation, now)
    _send_mails(installation, now, stop)
    return alert_staff(installation)


def _erase(installation: Installation, now: datetime) -> None:
    privacy = installation.config.privacy
    with installation.database.write() as connection:
        erased = erase_unconfirmed(connection, now - timedelta(days=privacy.pending_days))
        blank_networks(connection, now - timedelta(days=privacy.network_address_days))
        mail_limits.forget_networks(connection, now)
        attempts.clear_away(connection)
        resends = installation.config.delivery.on_uncertain == "resend"
        doubt.give_up_for_good(connection, now, resends=resends)
    if erased.people or erased.questions:
        from pipeline.subscriptions.erase import empty_outbox

        empty_outbox(installation, erased)
    if installation.database.path is not None:
        scrub(installation.database, ())  # what was erased while somebody read from SQLite's log


def _send_mails(installation: Installation, now: datetime, stop: Callable[[], bool]) -> None:
    """The mails that ask to confirm, the welcomes, and the drafts that staff can decide on.

    What makes and sends mails is loaded only when one waits: nearly every time none does.
    """
    with installation.database.read() as connection:
        waiting = bool(mail_limits.due(connection, now).now)
        welcomes_wait = welcomes.is_due(connection, now) or doubt.any_welcome(connection)
        drafts = find.put_up(connection, [digest.name for digest in installation.config.digests])
    if waiting:
        from pipeline.subscriptions.confirm import send_questions

        send_questions(installation, stop)
    if welcomes_wait:
        from pipeline.subscriptions.welcome import send_welcomes

        send_welcomes(installation, stop)
    if drafts:
        from pipeline.schedule.drafts import mail_drafts

        mail_drafts(installation, drafts)
