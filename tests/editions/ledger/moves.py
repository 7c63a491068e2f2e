"""The moves of the ledger, a transaction each."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from pipeline.editions import course
from pipeline.editions.ledger import claims, outcomes, recipients

if TYPE_CHECKING:
    from pipeline.core.database import Database
    from pipeline.editions.edition import Edition

AT = datetime(2026, 11, 26, 14, tzinfo=UTC)
TODAY = date(2026, 11, 26)


def taken(database: Database, edition: Edition, size: int = 2) -> bool:
    return recipients.take(database, edition, TODAY, size, AT, course.begin_sending)


def claimed(database: Database, edition: Edition, at: datetime = AT) -> claims.Claim | None:
    with database.write() as connection:
        return claims.claim(connection, edition, TODAY, at, "a lock")


def counted(database: Database, edition: Edition) -> dict[str, int]:
    with database.read() as connection:
        return {state: n for state, n in outcomes.counts(connection, edition.id).items() if n}
