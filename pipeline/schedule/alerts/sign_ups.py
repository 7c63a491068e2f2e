"""Strangers who sign up, or others, more often than mails may go out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.schedule.alerts.alert import Alert
from subscribers import mail_limits

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import Connection

    from pipeline.core.config import Config


def alerts(connection: Connection, config: Config, now: datetime) -> Iterator[Alert]:
    """One a day at most, however long it lasts: what was told within the day counts as told."""
    waiting = mail_limits.due(connection, now).held_back
    if waiting or mail_limits.is_used_up(connection, now):
        facts = {"most": f"{mail_limits.MAILS:,}", "waiting": f"{waiting:,}"}
        yield Alert("sign_ups", "sign_ups", now - mail_limits.DAY, "sign_ups", facts)
