"""Finding what staff must know, and telling them once.

Everything is found in the database, so it does not matter which process met the problem, or died of it. Each
family of alerts is a file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.delivery import breaker
from pipeline.schedule.alerts import channels, day_after, editions, feeds, runs, sign_ups
from subscribers import clock

if TYPE_CHECKING:
    from pipeline.core.app import Installation


FAMILIES = (editions, runs, feeds, sign_ups, channels, day_after)


def alert_staff(installation: Installation) -> bool:
    """Tell staff what they do not know yet; False where an alert reached nobody.

    Cheap without any alert: a few queries that indexes answer.
    """
    config, now = installation.config, clock.now()
    if config.delivery.provider == "smtp":
        with installation.database.write() as connection:
            breaker.judge_ledger(connection, config.delivery, now)
    with installation.database.read() as connection:
        alerts = [alert for family in FAMILIES for alert in family.alerts(connection, config, now)]
    if not alerts:
        return True
    # What makes and sends mails is loaded only here: nearly every time there is no alert.
    from pipeline.schedule.alerts.tell import tell

    return tell(installation, alerts)
