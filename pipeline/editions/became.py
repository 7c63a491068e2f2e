"""What became of the editions that went out, in numbers: for staff. No figure is about one person."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import distinct, func, select

from pipeline.core.tables.editions import editions
from pipeline.core.tables.ledger import events
from pipeline.editions.edition import EditionKind, EditionStatus
from pipeline.editions.ledger import outcomes, reasons
from pipeline.providers.events import Kind
from subscribers import growth

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row, Select

    from pipeline.editions.ledger.reasons import Reasons

TOLD = (
    Kind.DELIVERED,
    Kind.DEFERRED,
    Kind.BOUNCE,
    Kind.SOFT_BOUNCE,
    Kind.BLOCKED,
    Kind.DROPPED,
    Kind.SPAMREPORT,
)
"""What providers report of deliveries. Opens and clicks of persons are not asked for."""

LISTED = (Kind.BOUNCE, Kind.SPAMREPORT)
"""Of it what a list of editions has. Deliveries, of which there is one a reader, are not counted for it: of a
page of editions to a hundred thousand readers there are millions."""


@dataclass(frozen=True, slots=True)
class Became:
    """``people`` by state (outcomes.counts); ``reported``: people by kind of event; ``left``: how many left
    the digest between this edition and the next, also by a link in an older letter."""

    slug: str
    digest: str
    subject: str
    status: EditionStatus
    at: datetime | None
    provider: str | None
    people: Mapping[str, int]
    left: int
    reported: Mapping[str, int] = field(default_factory=dict)
    why: Reasons = field(default_factory=dict)

    @property
    def bounced(self) -> int:
        return self.reported.get(Kind.BOUNCE, 0) + self.people["failed"]


def listed(connection: Connection, before: int | None, most: int) -> tuple[list[Became], int | None]:
    """Those that went out, or are on their way, newest first, ``most`` of them before the id ``before``; and
    the id that the next ones are before, None where there are no more."""
    query = _query().order_by(editions.c.id.desc()).limit(most + 1)
    if before is not None:
        query = query.where(editions.c.id < before)
    rows = connection.execute(query).all()
    shown = rows[:most]
    reported = _reported(connection, [row.slug for row in shown], LISTED)
    left = _left(connection, shown)
    made = [
        Became(
            row.slug, row.digest, row.subject, EditionStatus(row.status), row.snapshot_at, row.provider,
            outcomes.counts(connection, row.id), left[row.slug], reported.get(row.slug, {}),
        )
        for row in shown
    ]  # fmt: skip
    return made, shown[-1].id if len(rows) > most else None


def of(connection: Connection, slug: str) -> Became | None:
    """One of them, with the reasons; None where there is no such edition, or nobody was handed it."""
    row = connection.execute(_query().where(editions.c.slug == slug)).one_or_none()
    if row is None:
        return None
    return Became(
        row.slug, row.digest, row.subject, EditionStatus(row.status), row.snapshot_at, row.provider,
        outcomes.counts(connection, row.id), _left(connection, [row])[row.slug],
        _reported(connection, [row.slug], TOLD).get(row.slug, {}), reasons.reasons(connection, row.id),
    )  # fmt: skip


def _query() -> Select[Any]:
    columns = ("id", "slug", "digest", "subject", "status", "snapshot_at", "provider")
    return select(*(editions.c[name] for name in columns)).where(
        editions.c.snapshot_at.is_not(None), editions.c.kind != EditionKind.WELCOME
    )


def _reported(
    connection: Connection, slugs: Sequence[str], kinds: Sequence[Kind]
) -> dict[str, dict[str, int]]:
    query = (
        select(events.c.edition, events.c.kind, func.count(distinct(events.c.subscriber_id)))
        .where(events.c.edition.in_(slugs), events.c.kind.in_(kinds))
        .group_by(events.c.edition, events.c.kind)
    )
    found: dict[str, dict[str, int]] = {}
    for slug, kind, people in connection.execute(query):
        found.setdefault(slug, {})[kind] = people
    return found


def _left(connection: Connection, rows: Sequence[Row[Any]]) -> dict[str, int]:
    """By slug. Each edition is counted until the next of its digest, whether that is among them."""
    found: dict[str, int] = {}
    asked = {row.slug for row in rows}
    for digest in {row.digest for row in rows}:
        first = min(row.snapshot_at for row in rows if row.digest == digest)
        query = (
            select(editions.c.slug, editions.c.snapshot_at)
            .where(editions.c.digest == digest, editions.c.snapshot_at >= first)
            .where(editions.c.kind != EditionKind.WELCOME)
            .order_by(editions.c.snapshot_at)
        )
        since = connection.execute(query).all()
        for one, following in itertools.zip_longest(since, since[1:]):
            if one.slug in asked:
                until = following.snapshot_at if following else None
                found[one.slug] = growth.left_between(connection, digest, one.snapshot_at, until)
    return found
