"""Announcements that were refused, or of which nobody knows whether they were posted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.core.words import sentence
from pipeline.schedule.alerts.alert import RECENT, Alert

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import Connection

    from pipeline.core.config import Config

_KINDS = {"refused": "channel_refused", "uncertain": "channel_uncertain"}
"""By an announcement's state: the notice's kind, and the table of its words."""


def alerts(connection: Connection, config: Config, now: datetime) -> Iterator[Alert]:
    if not config.channels:
        return
    from pipeline.delivery.channels import ledger

    for slug, one in ledger.troubles(connection, now - RECENT):
        kind = _KINDS[str(one.state)]
        facts = {"edition": slug, "channel": one.channel, "reason": sentence(one.reason)}
        yield Alert(kind, f"{one.edition_id} {one.channel}", one.at, kind, facts, one.channel)
