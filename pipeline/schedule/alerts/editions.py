"""Editions that were stopped, that may not have reached readers, or after which no events came."""

from __future__ import annotations

import zlib
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Float, and_, bindparam, exists, func, not_, or_, select

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

    from sqlalchemy import Connection

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
    open_ones = ", ".join(connection.execute(_RESTORED).scalars())
    facts: dict[str, str | date] = {"editions": open_ones or "-", "made": restore.made}
    yield Alert("restored", "restore", restore.at, "restored", facts)


# The queries stand here made: making one costs more than its answer, and all are asked every minute.

_RESTORED = (
    select(editions.c.slug)
    .where(editions.c.status.in_((EditionStatus.PAUSED, EditionStatus.HELD)), editions.c.restored)
    .order_by(editions.c.id)
)

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


_TRIPPED = select(*_COLUMNS).where(_HAS_TRIPPED, editions.c.tripped_at > bindparam("since"))


def _tripped(connection: Connection, now: datetime) -> Iterator[Alert]:
    for row in connection.execute(_TRIPPED, {"since": now - RECENT}):
        facts = {"reason": row.reason or "", "status": row.status}
        yield Alert("breaker", row.slug, row.tripped_at, "breaker", facts, row.digest)


_LAST = select(func.max(batches.c.at)).where(batches.c.edition_id == editions.c.id).scalar_subquery()

_STOPPED = select(*_COLUMNS, _LAST.label("stopped_at")).where(
    editions.c.status == EditionStatus.PAUSED,
    editions.c.reason.is_not(None),
    not_(_HAS_TRIPPED),
    not_(editions.c.restored),  # one alert tells of all these
)


def _stopped(connection: Connection) -> Iterator[Alert]:
    """Stopped by the provider (key, sender, content): staff give no reason when they pause an edition."""
    for row in connection.execute(_STOPPED):
        phrases = next((name for begins, name in STOPPED.items() if row.reason.startswith(begins)), "stopped")
        facts = {"reason": sentence(row.reason)}
        yield Alert("stopped", row.slug, row.stopped_at, phrases, facts, row.digest)


_SENT_LATELY = select(*_COLUMNS).where(
    editions.c.status == EditionStatus.SENT,
    editions.c.finished_at.between(bindparam("since"), bindparam("until")),
)

_failed = (
    select(func.count())
    .where(recipients.c.edition_id == editions.c.id, recipients.c.state == RecipientState.FAILED)
    .scalar_subquery()
)

_EVERYONE = select(func.sum(batches.c.size)).where(batches.c.edition_id == editions.c.id).scalar_subquery()

_REFUSED = _SENT_LATELY.add_columns(_failed.label("failed"), _EVERYONE.label("everyone")).where(
    editions.c.tripped_at.is_(None),  # one alert tells of that
    _failed >= FEWEST_REFUSED,
    _failed > bindparam("share", type_=Float) * _EVERYONE,
)


def _refused(connection: Connection, delivery: Delivery, now: datetime) -> Iterator[Alert]:
    """Sent, and a large share of its readers was refused. Also where they are too few for the breaker."""
    given = {"since": now - RECENT, "until": now, "share": delivery.bounce_limit}
    for row in connection.execute(_REFUSED, given):
        why = next(iter(reasons(connection, row.id).get(RecipientState.FAILED, {})), "")
        facts = {"number": row.failed, "total": int(row.everyone), "reason": sentence(why)}
        yield Alert("refused", row.slug, None, "refused", facts, row.digest)


_WHY_LIMITED = (
    select(func.min(batches.c.reason))
    .where(
        batches.c.edition_id == editions.c.id,
        batches.c.state == BatchState.WAITING,
        batches.c.reason.startswith(LIMITED),
    )
    .scalar_subquery()
)

_LIMITED = select(*_COLUMNS, editions.c.snapshot_at, _WHY_LIMITED.label("why")).where(
    editions.c.status == EditionStatus.SENDING, _WHY_LIMITED.is_not(None)
)


def _limited(connection: Connection, now: datetime) -> Iterator[Alert]:
    """Going out in parts, because the provider limits the rate. Told once a day."""
    for row in connection.execute(_LIMITED):
        begun = row.snapshot_at or now
        since = begun + timedelta(days=max(0, (now - begun).days))
        yield Alert("limited", row.slug, since, "limited", {"reason": sentence(row.why)}, row.digest)


_TAKEN_BACK = select(*_COLUMNS).where(
    editions.c.status.in_((EditionStatus.HELD, EditionStatus.PAUSED)),
    editions.c.reason.startswith(TAKEN_BACK),
)


def _taken_back(connection: Connection) -> Iterator[Alert]:
    """Held because the blog took a post back; told again when it is held for others."""
    for row in connection.execute(_TAKEN_BACK):
        reason = row.reason.removeprefix(f"{TAKEN_BACK}: ")
        about = f"{row.slug} {zlib.crc32(reason.encode()):08x}"
        yield Alert(
            "taken_back", about, None, "taken_back", {"edition": row.slug, "reason": reason}, row.digest
        )


_ENDED = and_(
    editions.c.status.in_((EditionStatus.SENT, EditionStatus.CANCELLED)),
    editions.c.finished_at.between(bindparam("since"), bindparam("until")),
)

_LEFT = and_(
    editions.c.status == EditionStatus.PAUSED,
    not_(editions.c.restored),  # one alert tells of all these
    _LAST.between(bindparam("since"), bindparam("left")),
)

_IN_DOUBT = or_(
    exists().where(batches.c.edition_id == editions.c.id, batches.c.state == BatchState.UNCERTAIN),
    exists().where(recipients.c.edition_id == editions.c.id, recipients.c.state == RecipientState.UNCERTAIN),
)

_UNCERTAIN = select(*_COLUMNS, editions.c.finished_at).where(or_(_ENDED, _LEFT), _IN_DOUBT)


def _uncertain(connection: Connection, delivery: Delivery, now: datetime) -> Iterator[Alert]:
    hears = delivery.provider == "sendgrid" and delivery.sendgrid.webhook_public_key.strip()
    until = now - SETTLES_WITHIN if hears else now
    for row in connection.execute(
        _UNCERTAIN, {"since": now - RECENT, "until": until, "left": now - LEFT_FOR}
    ):
        again = delivery.on_uncertain == "resend" and row.status == EditionStatus.SENT
        phrases = "uncertain_resend" if again else "uncertain"
        yield Alert("uncertain", row.slug, row.finished_at, phrases, digest=row.digest)


_SENT_TO_ANYONE = _SENT_LATELY.where(
    exists().where(batches.c.edition_id == editions.c.id, batches.c.state == BatchState.SENT)
)

# The events of a test copy are about no person.
_UNHEARD = _SENT_TO_ANYONE.where(
    not_(exists().where(events.c.edition == editions.c.slug, events.c.subscriber_id.is_not(None)))
)


def _unheard(connection: Connection, config: Config, now: datetime) -> Iterator[Alert]:
    since = now - RECENT
    if not config.delivery.sendgrid.webhook_public_key.strip():
        # Without pages no event can arrive: those operators know it, and `sync` runs before every edition.
        sent = connection.execute(_SENT_TO_ANYONE.limit(1), {"since": since, "until": now}).first()
        if sent is not None and config.newsletter.public_url:
            yield Alert("no_webhook", "webhook", None, "no_webhook")
        return
    for row in connection.execute(_UNHEARD, {"since": since, "until": now - SILENT_FOR}):
        yield Alert("unheard", row.slug, None, "unheard", digest=row.digest)
