"""Looking for what staff must know, and telling it once: whatever went wrong, and whoever noticed.

It looks at the database alone, so that it does not matter which process saw the trouble, or died of it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, exists, func, not_, or_, select

from pipeline import breaker, restored, staff
from pipeline.delivery import ledger
from pipeline.tables import batches, editions, events, recipients
from pipeline.words import words
from subscribers import clock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import Connection, Select

    from pipeline.config import Config, Delivery
    from pipeline.installation import Installation

RECENT = timedelta(days=7)
"""What is older is told no more: staff know, or it no longer matters."""

SILENT_FOR = timedelta(hours=2)
"""After a send without any event. SendGrid posts what it has every 30 seconds."""

SETTLES_WITHIN = timedelta(minutes=10)
"""What events leave in doubt after that will stay in doubt for longer."""


class Trouble(NamedTuple):
    """``kind`` and ``about`` are what it is known by, ``since`` when it began; ``phrases`` names the table
    `[notice_PHRASES]`, and ``facts`` are what stands in its braces."""

    kind: str
    about: str
    since: datetime | None
    phrases: str
    facts: dict[str, str] = {}  # noqa: RUF012  a tuple's default, which nobody changes


def watch(installation: Installation) -> None:
    """Tell staff what they do not know yet. Cheap when there is nothing: a few looks into indexes."""
    config, now = installation.config, clock.now()
    if config.delivery.provider == "smtp":
        with installation.database.write() as connection:
            breaker.judge_ledger(connection, config.delivery, now)
    with installation.database.read() as connection:
        troubles = [
            trouble
            for trouble in _troubles(connection, config, now)
            if not staff.told(connection, trouble.kind, trouble.about, trouble.since)
        ]
        uncertain = {
            trouble.about: _doubtful(connection, trouble.about)
            for trouble in troubles
            if trouble.kind == "uncertain"
        }
    for trouble in troubles:
        _tell(installation, trouble, uncertain.get(trouble.about, 0))


def _tell(installation: Installation, trouble: Trouble, people: int) -> None:
    newsletter = installation.config.newsletter
    said = words("mail", newsletter.language, installation.templates)[f"notice_{trouble.phrases}"]
    facts = {"edition": trouble.about, "url": newsletter.public_url, "people": f"{people:,}", **trouble.facts}
    subject, text = said["subject"].format(**facts), said["text"].format(**facts)
    staff.tell(installation, trouble.kind, trouble.about, subject, text, trouble.since)


def _troubles(connection: Connection, config: Config, now: datetime) -> Iterator[Trouble]:
    yield from _restored(connection)
    yield from _tripped(connection, now)
    yield from _stopped(connection)
    yield from _uncertain(connection, config.delivery, now)
    if config.delivery.provider == "sendgrid":
        yield from _unheard(connection, config, now)


def _restored(connection: Connection) -> Iterator[Trouble]:
    if (restore := restored.last(connection)) is None:
        return
    query = select(editions.c.slug).where(editions.c.status.in_(("paused", "held")), editions.c.restored)
    open_ones = ", ".join(connection.execute(query.order_by(editions.c.id)).scalars())
    facts = {"editions": open_ones or "-", "made": restore.made[:16].replace("T", " ")}
    yield Trouble("restored", "restore", restore.at, "restored", facts)


_COLUMNS = (editions.c.id, editions.c.slug, editions.c.status, editions.c.reason, editions.c.tripped_at)

_HAS_TRIPPED = and_(
    editions.c.tripped_at.is_not(None),
    or_(editions.c.judged_from.is_(None), editions.c.judged_from <= editions.c.tripped_at),
)
"""And staff have not let it go on since."""


def _tripped(connection: Connection, now: datetime) -> Iterator[Trouble]:
    query = select(*_COLUMNS).where(_HAS_TRIPPED, editions.c.tripped_at > now - RECENT)
    for row in connection.execute(query):
        facts = {"reason": row.reason or "", "status": row.status}
        yield Trouble("breaker", row.slug, row.tripped_at, "breaker", facts)


def _stopped(connection: Connection) -> Iterator[Trouble]:
    """What the provider stopped (key, sender, content); staff give no reason when they pause."""
    last = select(func.max(batches.c.at)).where(batches.c.edition_id == editions.c.id).scalar_subquery()
    query = select(*_COLUMNS, last.label("stopped_at")).where(
        editions.c.status == "paused",
        editions.c.reason.is_not(None),
        not_(_HAS_TRIPPED),
        not_(editions.c.restored),  # that is told of all of them at once
    )
    for row in connection.execute(query):
        yield Trouble("stopped", row.slug, row.stopped_at, "stopped", {"reason": row.reason})


def _uncertain(connection: Connection, delivery: Delivery, now: datetime) -> Iterator[Trouble]:
    hears = delivery.provider == "sendgrid" and delivery.sendgrid.webhook_public_key.strip()
    until = now - SETTLES_WITHIN if hears else now
    whole = exists().where(batches.c.edition_id == editions.c.id, batches.c.state == "uncertain")
    one_by_one = exists().where(
        recipients.c.edition_id == editions.c.id,
        recipients.c.state.is_not(None),  # in so many words: it is the condition of the index
        recipients.c.state == "uncertain",
    )
    for row in connection.execute(_sent_lately(now, until).where(or_(whole, one_by_one))):
        phrases = "uncertain_resend" if delivery.on_uncertain == "resend" else "uncertain"
        yield Trouble("uncertain", row.slug, None, phrases)


def _doubtful(connection: Connection, slug: str) -> int:
    edition = connection.execute(select(editions.c.id).where(editions.c.slug == slug)).scalar_one()
    return ledger.counts(connection, edition)["uncertain"]


def _unheard(connection: Connection, config: Config, now: datetime) -> Iterator[Trouble]:
    anyone = exists().where(batches.c.edition_id == editions.c.id, batches.c.state == "sent")
    if not config.delivery.sendgrid.webhook_public_key.strip():
        # Who serves no pages could not hear of anything; they know, and `sync` comes before every edition.
        sent = connection.execute(_sent_lately(now, now).where(anyone).limit(1)).first()
        if sent is not None and config.newsletter.public_url:
            yield Trouble("no_webhook", "webhook", None, "no_webhook")
        return
    # With a person: the events of a test copy have none.
    told_of = exists().where(events.c.edition == editions.c.slug, events.c.subscriber_id.is_not(None))
    for row in connection.execute(_sent_lately(now, now - SILENT_FOR).where(anyone, not_(told_of))):
        yield Trouble("unheard", row.slug, None, "unheard")


def _sent_lately(now: datetime, until: datetime) -> Select[Any]:
    return select(*_COLUMNS).where(
        editions.c.status == "sent", editions.c.finished_at.between(now - RECENT, until)
    )
