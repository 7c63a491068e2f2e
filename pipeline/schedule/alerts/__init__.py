"""Looking for what staff must know, and telling it once: whatever went wrong, and whoever noticed.

It looks at the database alone, so that it does not matter which process saw the trouble, or died of it. Each
family of troubles is a file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from pipeline.core import tables
from pipeline.delivery import breaker
from pipeline.editions.ledger import outcomes
from pipeline.editions.ledger.state import RecipientState
from pipeline.mail import staff
from pipeline.mail.phrases import Phrases
from pipeline.schedule.alerts import editions, feeds, runs
from subscribers import clock

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from pipeline.core.app import Installation
    from pipeline.schedule.alerts.alert import Trouble


def watch(installation: Installation) -> bool:
    """Tell staff what they do not know yet; False where something could not be told. Cheap when there is
    nothing: a few looks into indexes."""
    config, now = installation.config, clock.now()
    if config.delivery.provider == "smtp":
        with installation.database.write() as connection:
            breaker.judge_ledger(connection, config.delivery, now)
    with installation.database.read() as connection:
        troubles = [
            trouble
            for family in (editions, runs, feeds)
            for trouble in family.troubles(connection, config, now)
            if not _told(connection, trouble)
        ]
        uncertain = {
            trouble.about: _doubtful(connection, trouble.about)
            for trouble in troubles
            if trouble.kind == "uncertain"
        }
    for trouble in troubles:
        _tell(installation, trouble, uncertain.get(trouble.about, 0))
    with installation.database.read() as connection:
        return not any(
            staff.failed(connection, trouble.kind, trouble.digest)
            for trouble in troubles
            if not _told(connection, trouble)
        )


def _told(connection: Connection, trouble: Trouble) -> bool:
    return staff.told(connection, trouble.kind, trouble.about, trouble.since)


def _tell(installation: Installation, trouble: Trouble, people: int) -> None:
    newsletter = installation.config.newsletter
    facts = {"edition": trouble.about, "url": newsletter.public_url, "people": f"{people:,}", **trouble.facts}
    said = Phrases(installation.templates, "mail", newsletter).table(f"notice_{trouble.phrases}", **facts)
    subject, text = said["subject"], said["text"]
    staff.tell(
        installation, trouble.kind, trouble.about, subject, text, since=trouble.since, digest=trouble.digest
    )


def _doubtful(connection: Connection, slug: str) -> int:
    query = select(tables.editions.c.id).where(tables.editions.c.slug == slug)
    edition = connection.execute(query).scalar_one()
    return outcomes.counts(connection, edition)[RecipientState.UNCERTAIN]
