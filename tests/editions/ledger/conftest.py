"""The edition that tests of the ledger and of delivery share, and beside it one that nothing may touch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert, select

from pipeline.core.tables.editions import digests, editions
from pipeline.core.tables.ledger import batches, recipients
from tests.delivery.conftest import edition as edition
from tests.editions.ledger.moves import AT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.core.database import Database

NEIGHBOUR, WAITING = 4711, 4712


@pytest.fixture(autouse=True)
def neighbour(request: pytest.FixtureRequest) -> Iterator[None]:
    """Another edition for the same five, half on its way, and one whose people are just being taken. At the
    end of each test both must be as they were."""
    if "edition" not in request.fixturenames:
        yield
        return
    request.getfixturevalue("edition")
    database: Database = request.getfixturevalue("database")
    _begin(database)
    before = _rows(database)
    yield
    assert _rows(database) == before, "what was meant for one edition was done to another"


def _begin(database: Database) -> None:
    lots = [  # of each its number, its state, its people, whose it is, and when it may be tried again
        (0, "waiting", (3,), None, AT),
        (11, "sending", (1, 2), "another owner", None),
        (12, "uncertain", (4, 5), None, None),
    ]
    with database.write() as connection:
        for id_, digest, status in ((NEIGHBOUR, "monthly", "sending"), (WAITING, "yearly", "approved")):
            connection.execute(insert(digests).values(name=digest, first_seen=AT))
            connection.execute(
                insert(editions).values(
                    id=id_, digest=digest, number=1, slug=f"{digest}-1", status=status,
                    due="2026-11-26T08:00", due_at=AT, snapshot_at=AT, posts=[], left_out=[], subject="Hello",
                )
            )  # fmt: skip
        for number, state, people, owner, next_try in lots:
            connection.execute(
                insert(batches).values(
                    edition_id=NEIGHBOUR, number=number, state=state, first=people[0], last=people[-1],
                    size=len(people), attempt=f"of the neighbour {number}", owner=owner, at=AT,
                    next_try=next_try,
                )
            )  # fmt: skip
            connection.execute(
                insert(recipients),
                [
                    {
                        "edition_id": NEIGHBOUR, "subscriber_id": n, "email": f"reader{n}@example.net",
                        "batch": number,
                    }
                    for n in people
                ],
            )  # fmt: skip


def _rows(database: Database) -> list[object]:
    with database.read() as connection:
        return [
            sorted(map(repr, connection.execute(select(table).where(column.in_((NEIGHBOUR, WAITING))))))
            for table, column in (
                (editions, editions.c.id),
                (batches, batches.c.edition_id),
                (recipients, recipients.c.edition_id),
            )
        ]
