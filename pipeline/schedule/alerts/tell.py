"""Telling staff the alerts that they were not told yet."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from pipeline.core.phrases import Phrases
from pipeline.editions import find
from pipeline.editions.ledger import outcomes
from pipeline.editions.ledger.batch_states import RecipientState
from pipeline.letter.shown import day, day_in_words, time_of_day
from pipeline.mail import staff

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from pipeline.core.app import Installation
    from pipeline.core.config import Config
    from pipeline.schedule.alerts.alert import Alert


def tell(installation: Installation, alerts: Sequence[Alert]) -> bool:
    """Mail each alert unless staff know it; False where one reached nobody."""
    with installation.database.read() as connection:
        new = [(alert, _people(connection, alert)) for alert in alerts if not _told(connection, alert)]
    for alert, people in new:
        _tell(installation, alert, people)
    with installation.database.read() as connection:
        return not any(
            staff.failed(connection, alert.kind, alert.digest)
            for alert, _ in new
            if not _told(connection, alert)
        )


def _told(connection: Connection, alert: Alert) -> bool:
    return staff.told(connection, alert.kind, alert.about, alert.since)


def _people(connection: Connection, alert: Alert) -> int:
    """How many readers an edition may not have reached. Counting them takes time, so only now."""
    if alert.kind != "uncertain":
        return 0
    edition = find.by_slug(connection, alert.about)
    return outcomes.counts(connection, edition.id)[RecipientState.UNCERTAIN]


def _tell(installation: Installation, alert: Alert, people: int) -> None:
    config = installation.config
    facts: dict[str, str | int] = {
        "edition": alert.about,
        "url": config.newsletter.public_url,
        "people": people,
    }
    facts |= {name: _said(fact, config) for name, fact in alert.facts.items()}
    words = Phrases(installation.templates, "mail", config.newsletter, mails=config.mails)
    phrases = words.table(f"notice_{alert.phrases}", **facts)
    staff.tell(
        installation,
        alert.kind,
        alert.about,
        phrases["subject"],
        phrases["text"],
        since=alert.since,
        digest=alert.digest,
        urgent=alert.urgent,
    )


def _said(fact: str | int | date, config: Config) -> str | int:
    if isinstance(fact, datetime):
        return f"{day(fact, config)}, {time_of_day(fact, config)}"
    return day_in_words(fact, config) if isinstance(fact, date) else fact
