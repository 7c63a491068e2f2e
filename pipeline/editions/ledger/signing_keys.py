"""Which secret signed the links of which editions, so that `doctor` can say what dies with one.

Only fingerprints are kept. Links are good for years (CAN-SPAM wants 30 days, CASL 60), secrets are retired in
a minute, and nothing else would tell that the two do not fit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select

from pipeline.core.tables.editions import editions
from pipeline.core.tables.ledger import signers
from subscribers import clock
from subscribers.sets import insert

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from pipeline.core.database import Database


class Signed(NamedTuple):
    """What one secret signed: how many editions, which first and last, and when last."""

    fingerprint: str
    editions: int
    first: str
    last: str
    at: datetime


def remember(database: Database, edition: int, fingerprint: str) -> None:
    """Note, before its first letter leaves, what signs an edition. Writes once."""
    known = select(signers.c.at).where(signers.c.edition_id == edition, signers.c.fingerprint == fingerprint)
    with database.read() as connection:
        if connection.scalar(known) is not None:
            return
    with database.write() as connection:
        values = {"edition_id": edition, "fingerprint": fingerprint, "at": clock.now()}
        connection.execute(insert(connection, signers).values(values).on_conflict_do_nothing())


def history(connection: Connection) -> list[Signed]:
    """Every secret that ever signed, the newest first."""
    last = func.max(signers.c.at)
    query = (
        select(
            signers.c.fingerprint,
            func.count(),
            func.min(signers.c.edition_id),
            func.max(signers.c.edition_id),
            last,
        )
        .group_by(signers.c.fingerprint)
        .order_by(last.desc())
    )
    found = connection.execute(query).all()
    named = select(editions.c.id, editions.c.slug).where(
        editions.c.id.in_({row[2] for row in found} | {row[3] for row in found})
    )
    slugs = {row.id: row.slug for row in connection.execute(named)}
    return [Signed(row[0], row[1], slugs[row[2]], slugs[row[3]], row[4]) for row in found]
