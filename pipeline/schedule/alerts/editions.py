"""Editions that were stopped, that may not have reached readers, or after which no events came."""

from __future__ import annotations

import zlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, exists, func, not_, or_, select

from pipeline.core.tables.editions import editions
from pipeline.core.tables.ledger import batches, events, recipients
from pipeline.core.words import sentence
from pipeline.delivery.refusals import LIMITED
from pipeline.editions import after_restore
from pipeline.editions.edition import EditionStatus
from pipeline.editions.ledger.batch_states import BatchState, RecipientState
from pipeline.editions.ledger.reasons import NOBODY, reasons
from pipeline.editions.taken_back import TAKEN_BACK
from pipeline.providers import NO_CREDITS
from pipeline.schedule.alerts.alert import RECENT, Alert

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from sqlalchemy import Connection, Select

    from pipeline.core.config import Config
    from pipeline.core.sections.delivery import Delivery

SILENT_FOR = timedelta(hours=2)
"""After a send, without any event. SendGrid posts its events every 30 seconds."""

SETTLES_WITHIN = timedelta(minutes=10)
"""Doubt that events have not settled by then will stay for longer."""

LEFT_FOR = timedelta(days=1)
"""After the last answer. An edition that is paused for longer stays so, and staff must know of its doubt."""


FEWEST_REFUSED = 2
"""One reader who was refused is no share."""

STOPPED = {NO_CREDITS: "no_credits", NOBODY: "nobody"}
"""How the reason of a stopped edition begins, and which phrases tell of it; all others: `stopped`."""


def alerts(connection: Connection, config: Config, now: datetime) -> Iterator[Alert]:
    yield from _restored(connection)
    yield from _tripped(connection, now)
    yield from _stopped(connection)
    yield from _refused(connection, config.delivery, now)
    yield from _limited(connection, now)
    yield from _taken_back(connection)
    yield from _uncertain(connection, config.delivery, now)
    if config.delivery.provider == "sendgrid":
        yield from _unheard(connection, config, now)


def _restored(connection: Connection) -> Iterator[Alert]:
    if (restore := after_restore.last(connection)) is None:
        return
    query = select(editions.c.slug).where(
        editions.c.status.in_((EditionStatus.PAUSED, EditionStatus.HELD)), editions.c.restored
    )
    open_ones = ", ".join(connection.execute(query.order_by(editions.c.id)).scalars())
    facts: dict[str, str | date] = {"editions": open_ones or "-", "made": restore.made}
    yield Alert("restored", "restore", restore.at, "restored", facts)


_COLUMNS = (
    editions.c.id,
    editions.c.slug,
    editions.c.digest,
    editions.c.status,
    editions.c.reason,
    editions.c.tripped_at,
)

_HAS_TRIPPED = and_(
    editions.c.tripped_at.is_not(None),
    or_(editions.c.judged_from.is_(None), editions.c.judged_from <= editions.c.tripped_at),
)
"""And staff have not let it go on since then."""


def _tripped(connection: Connection, now: datetime) -> Iterator[Alert]:
    query = select(*_COLUMNS).where(_HAS_TRIPPED, editions.c.tripped_at > now - RECENT)
    for row in connection.execute(query):
        facts = {"reason": row.reason or "", "status": row.status}
        yield Alert("breaker", row.slug, row.tripped_at, "breaker", facts, row.digest)


def _stopped(connection: Connection) -> Iterator[Alert]:
    """Stopped by the provider (key, sender, content): staff give no reason when they pause an edition."""
    last = select(func.max(batches.c.at)).where(batches.c.edition_id == editions.c.id).scalar_subquery()
    query = select(*_COLUMNS, last.label("stopped_at")).where(
        editions.c.status == EditionStatus.PAUSED,
        editions.c.reason.is_not(None),
        not_(_HAS_TRIPPED),
        not_(editions.c.restored),  # one alert tells of all these
    )
    for row in connection.execute(query):
        phrases = next((name for begins, name in STOPPED.items() if row.reason.startswith(begins)), "stopped")
        facts = {"reason": sentence(row.reason)}
        yield Alert("stopped", row.slug, row.stopped_at, phrases, facts, row.digest)


def _refused(connection: Connection, delivery: Delivery, now: datetime) -> Iterator[Alert]:
    """Sent, and a large share of its readers was refused. Also where they are too few for the breaker."""
    failed = (
        select(func.count())
        .where(recipients.c.edition_id == editions.c.id, recipients.c.state == RecipientState.FAILED)
        .scalar_subquery()
    )
    everyone = select(func.sum(batches.c.size)).where(batches.c.edition_id == editions.c.id).scalar_subquery()
    query = _sent_lately(now, now).add_columns(failed.label("failed"), everyone.label("everyone"))
    query = query.where(
        editions.c.tripped_at.is_(None),  # one alert tells of that
        failed >= FEWEST_REFUSED,
        failed > delivery.bounce_limit * everyone,
    )
    for row in connection.execute(query):
        why = next(iter(reasons(connection, row.id).get(RecipientState.FAILED, {})), "")
        facts = {"number": row.failed, "total": int(row.everyone), "reason": sentence(why)}
        yield Alert("refused", row.slug, None, "refused", facts, row.digest)


def _limited(connection: Connection, now: datetime) -> Iterator[Alert]:
    """Going out in parts, because the provider limits the rate. Told once a day."""
    waits = (batches.c.edition_id == editions.c.id, batches.c.state == BatchState.WAITING)
    limited = batches.c.reason.startswith(LIMITED)
    why = select(func.min(batches.c.reason)).where(*waits, limited).scalar_subquery()
    query = select(*_COLUMNS, editions.c.snapshot_at, why.label("why")).where(
        editions.c.status == EditionStatus.SENDING, why.is_not(None)
    )
    for row in connection.execute(query):
        begun = row.snapshot_at or now
        since = begun + timedelta(days=max(0, (now - begun).days))
        yield Alert("limited", row.slug, since, "limited", {"reason": sentence(row.why)}, row.digest)


def _taken_back(connection: Connection) -> Iterator[Alert]:
    """Held because the blog took a post back; told again when it is held for others."""
    stopped = editions.c.status.in_((EditionStatus.HELD, EditionStatus.PAUSED))
    held = (stopped, editions.c.reason.startswith(TAKEN_BACK))
    for row in connection.execute(select(*_COLUMNS).where(*held)):
        reason = row.reason.removeprefix(f"{TAKEN_BACK}: ")
        about = f"{row.slug} {zlib.crc32(reason.encode()):08x}"
        yield Alert(
            "taken_back", about, None, "taken_back", {"edition": row.slug, "reason": reason}, row.digest
        )


def _uncertain(connection: Connection, delivery: Delivery, now: datetime) -> Iterator[Alert]:
    hears = delivery.provider == "sendgrid" and delivery.sendgrid.webhook_public_key.strip()
    until = now - SETTLES_WITHIN if hears else now
    whole = exists().where(batches.c.edition_id == editions.c.id, batches.c.state == BatchState.UNCERTAIN)
    one_by_one = exists().where(
        recipients.c.edition_id == editions.c.id,
        recipients.c.state == RecipientState.UNCERTAIN,
    )
    last = select(func.max(batches.c.at)).where(batches.c.edition_id == editions.c.id).scalar_subquery()
    ended = and_(
        editions.c.status.in_((EditionStatus.SENT, EditionStatus.CANCELLED)),
        editions.c.finished_at.between(now - RECENT, until),
    )
    left = and_(
        editions.c.status == EditionStatus.PAUSED,
        not_(editions.c.restored),  # one alert tells of all these
        last.between(now - RECENT, now - LEFT_FOR),
    )
    query = select(*_COLUMNS, editions.c.finished_at).where(or_(ended, left), or_(whole, one_by_one))
    for row in connection.execute(query):
        again = delivery.on_uncertain == "resend" and row.status == EditionStatus.SENT
        phrases = "uncertain_resend" if again else "uncertain"
        yield Alert("uncertain", row.slug, row.finished_at, phrases, digest=row.digest)


def _unheard(connection: Connection, config: Config, now: datetime) -> Iterator[Alert]:
    anyone = exists().where(batches.c.edition_id == editions.c.id, batches.c.state == BatchState.SENT)
    if not config.delivery.sendgrid.webhook_public_key.strip():
        # Without pages no event can arrive: those operators know it, and `sync` runs before every edition.
        sent = connection.execute(_sent_lately(now, now).where(anyone).limit(1)).first()
        if sent is not None and config.newsletter.public_url:
            yield Alert("no_webhook", "webhook", None, "no_webhook")
        return
    # The events of a test copy are about no person.
    heard_of = exists().where(events.c.edition == editions.c.slug, events.c.subscriber_id.is_not(None))
    for row in connection.execute(_sent_lately(now, now - SILENT_FOR).where(anyone, not_(heard_of))):
        yield Alert("unheard", row.slug, None, "unheard", digest=row.digest)


def _sent_lately(now: datetime, until: datetime) -> Select[Any]:
    return select(*_COLUMNS).where(
        editions.c.status == EditionStatus.SENT, editions.c.finished_at.between(now - RECENT, until)
    )
