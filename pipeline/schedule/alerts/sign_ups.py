"""Sign-ups that bring staff work: more than mails may go out, and addresses that get no mail.

A stranger hears what everybody hears, and staff the truth.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from pipeline.core.tables.installation import notices
from pipeline.schedule.alerts.alert import RECENT, Alert
from subscribers import mail_limits, questions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import Connection

    from pipeline.core.config import Config

KIND = "blocked"
APART = timedelta(days=1)
"""The least time between two notices of a kind: a flood of sign-ups makes no flood of mail."""

MOST = 20
"""People that a notice names."""


def alerts(connection: Connection, config: Config, now: datetime) -> Iterator[Alert]:
    yield from _held_back(connection, now)
    yield from _blocked(connection, now)


def _held_back(connection: Connection, now: datetime) -> Iterator[Alert]:
    """One a day at most, however long it lasts: what was told within the day counts as told."""
    due = mail_limits.due(connection, now)
    if due.held_back or due.used_up:
        facts = {"most": mail_limits.MAILS, "waiting": due.held_back}
        yield Alert("sign_ups", "sign_ups", now - APART, "sign_ups", facts)


def _blocked(connection: Connection, now: datetime) -> Iterator[Alert]:
    told = connection.scalar(select(func.max(notices.c.at)).where(notices.c.kind == KIND))
    if told is not None and told > now - APART:
        return
    found = questions.blocked(connection, told or now - RECENT)
    if not found:
        return
    reasons = {one.subscriber: one.reason for one in reversed(found)}
    named = [f"{subscriber} ({reason})" for subscriber, reason in list(reasons.items())[:MOST]]
    if len(reasons) > MOST:
        named.append(f"... ({len(reasons):,})")
    yield Alert(KIND, "sign-ups", found[0].at, "blocked", {"people": ", ".join(named)})
