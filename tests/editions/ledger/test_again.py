"""Who waits for an edition again or too: each condition alone, by the rows that are left of it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert, select, update

from pipeline.core.tables.installation import marks
from pipeline.core.tables.ledger import batches, events, recipients
from pipeline.editions import find
from pipeline.editions.ledger.again import JOINED, REFUSED, had_elsewhere, wait_again, wait_too
from subscribers import directory, suppression
from subscribers.suppression import Reason
from subscribers.tables import merged, subscribers, subscriptions
from tests.editions.ledger.moves import TODAY
from tests.ledgers import AT, Left, handed_over

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import Connection

    from pipeline.core.database import Database

MOMENT, HOUR = timedelta(microseconds=1), timedelta(hours=1)
NO = ("failed", "relaying")


@pytest.fixture
def connection(sqlite_database: Database) -> Iterator[Connection]:
    with sqlite_database.engine.connect() as connection:
        yield connection
        connection.rollback()


def refused(connection: Connection, number: int = 1, **apart: Any) -> None:
    """An edition for five readers: 1, 2 and 4 were refused, 3 has it, 5 was withheld."""
    states = {0: NO, 1: NO, 3: NO, 4: ("withheld", "left")}
    handed_over(connection, number, [Left(people=5, apart=states | apart)])


def again(connection: Connection, number: int = 1) -> int:
    return wait_again(connection, find.by_id(connection, number), 2)


def too(connection: Connection, number: int = 1) -> int:
    return wait_too(connection, find.by_id(connection, number), TODAY, 2)


def rows(connection: Connection, edition: int = 1) -> dict[int, tuple[int, str | None]]:
    """By person the batch they are in and their own state."""
    query = select(recipients).where(recipients.c.edition_id == edition)
    return {row.subscriber_id: (row.batch, row.state) for row in connection.execute(query)}


def waiting(connection: Connection, edition: int = 1) -> list[tuple[int, int, str | None]]:
    """Number, size and reason of the batches that wait."""
    query = select(batches).where(batches.c.edition_id == edition, batches.c.state == "waiting")
    return [
        (row.number, row.size, row.reason) for row in connection.execute(query.order_by(batches.c.number))
    ]


def heard(connection: Connection, person: int, edition: str = "weekly-1") -> None:
    row = {
        "id": f"{edition}-{person}",
        "at": AT,
        "kind": "delivered",
        "edition": edition,
        "subscriber_id": person,
    }
    connection.execute(insert(events).values(row))


def mark(connection: Connection, name: str, at: datetime) -> None:
    connection.execute(insert(marks).values(name=name, value="", at=at))


def test_who_was_refused_waits_in_new_batches_and_nobody_else(connection: Connection) -> None:
    refused(connection)
    refused(connection, 2)
    other = rows(connection, 2)
    assert again(connection) == 3
    assert rows(connection) == {1: (1, None), 2: (1, None), 3: (0, None), 4: (2, None), 5: (0, "withheld")}
    assert waiting(connection) == [(1, 2, REFUSED), (2, 1, REFUSED)]
    assert rows(connection, 2) == other
    assert again(connection) == 0


def test_who_was_heard_of_in_this_edition_stays(connection: Connection) -> None:
    refused(connection)
    heard(connection, 1)
    heard(connection, 2, "weekly-2")
    assert again(connection) == 2
    assert rows(connection)[1] == (0, "failed")


@pytest.mark.parametrize(
    ("name", "refused_at", "stays"),
    [
        ("restored", AT, True),
        ("restored", AT - MOMENT, True),
        ("restored", None, True),
        ("restored", AT + MOMENT, False),
        ("moving", AT, False),
    ],
)
def test_who_was_refused_before_a_restore_may_have_it_since(
    connection: Connection, name: str, refused_at: datetime | None, stays: bool
) -> None:
    refused(connection)
    mark(connection, name, AT)
    connection.execute(update(recipients).values(at=refused_at))
    assert again(connection) == (0 if stays else 3)


def join(connection: Connection, *numbers: int, at: datetime = AT + HOUR, digest: str = "weekly") -> None:
    """reader-no-N@example.net is on the list since then; number N + 1."""
    for number in numbers:
        email = f"reader-no-{number}@example.net"
        added = directory.add(connection, email, digests=[digest], wording="x", source="test")
        which = (subscriptions.c.subscriber_id == added.id, subscriptions.c.digest == digest)
        connection.execute(update(subscriptions).where(*which).values(since=at))


def test_who_joined_since_its_readers_were_fixed_waits_for_it_too(connection: Connection) -> None:
    handed_over(connection, 1, [Left(people=2)])
    join(connection, 2, 3, 6)
    join(connection, 4, at=AT)
    join(connection, 5, digest="monthly")
    suppression.suppress(connection, "reader-no-6@example.net", Reason.MANUAL, "test")
    assert too(connection) == 2
    assert rows(connection) == {1: (0, None), 2: (0, None), 3: (1, None), 4: (1, None)}
    assert waiting(connection) == [(1, 2, JOINED)]
    assert too(connection) == 0


def test_without_that_moment_its_due_time_counts(connection: Connection) -> None:
    handed_over(connection, 1, [Left(people=1)], snapshot_at=None, due_at=AT + HOUR)
    join(connection, 1, at=AT + HOUR)
    join(connection, 2, at=AT + HOUR + MOMENT)
    assert too(connection) == 1
    assert rows(connection) == {1: (0, None), 3: (1, None)}


def test_a_correction_is_for_who_has_what_it_corrects_however_long_they_are_on_the_list(
    connection: Connection,
) -> None:
    handed_over(connection, 1, [Left(people=2)])
    handed_over(connection, 2, [Left(people=1)], readers_of=1)
    join(connection, 0, 1, at=AT - HOUR)
    join(connection, 2)
    assert too(connection, 2) == 1
    assert rows(connection, 2) == {1: (0, None), 2: (1, None)}


def test_who_was_heard_of_or_joined_before_a_restore_may_have_it(connection: Connection) -> None:
    handed_over(connection, 1, [Left(people=1)])
    join(connection, 1, at=AT + HOUR)
    join(connection, 2, 3, 4, at=AT + HOUR + MOMENT)
    mark(connection, "moving", AT + 9 * HOUR)
    mark(connection, "restored", AT + HOUR)
    heard(connection, 3)
    heard(connection, 4, "weekly-2")
    assert too(connection) == 2
    assert rows(connection) == {1: (0, None), 4: (1, None), 5: (1, None)}


def test_who_was_withheld_and_came_back_gets_it_at_the_present_address(connection: Connection) -> None:
    refused(connection)
    refused(connection, 2)
    join(connection, *range(5))
    assert too(connection) == 1
    assert rows(connection)[5] == (1, None)
    assert waiting(connection) == [(1, 1, JOINED)]
    query = select(recipients.c.edition_id, recipients.c.email).where(recipients.c.subscriber_id == 5)
    assert dict(connection.execute(query).all()) == {1: "reader-no-4@example.net", 2: "reader5@example.net"}
    others = select(recipients.c.email).where(recipients.c.edition_id == 1, recipients.c.subscriber_id != 5)
    assert {*connection.scalars(others)} == {f"reader{n}@example.net" for n in range(1, 5)}


def test_who_was_withheld_and_did_not_come_back_stays_so(connection: Connection) -> None:
    refused(connection)
    join(connection, 5)
    assert too(connection) == 1
    assert rows(connection)[5] == (0, "withheld")


def test_who_has_it_under_another_id_is_not_among_those_who_joined(connection: Connection) -> None:
    handed_over(connection, 1, [Left(people=1)])
    join(connection, 1, 2)
    connection.execute(insert(merged).values(old_id=1, new_id=2))
    assert too(connection) == 1
    assert rows(connection) == {1: (0, None), 3: (1, None)}


@pytest.mark.parametrize(
    ("state", "had"),
    [
        (None, True),
        ("uncertain", True),
        ("sent", True),
        ("failed", False),
        ("withheld", False),
    ],
)
@pytest.mark.parametrize("by", ["former id", "address"])
def test_who_had_it_elsewhere(connection: Connection, by: str, state: str | None, had: bool) -> None:
    handed_over(connection, 1, [Left(people=2, apart={0: (state, None)} if state else {})])
    handed_over(connection, 2, [Left(people=3)])
    connection.execute(insert(subscribers).values(id=9, email="nine@example.net", name="", created_at=AT))
    people = {9: "nine@example.net", 3: "reader3@example.net", 8: "eight@example.net"}
    if by == "former id":
        connection.execute(insert(merged).values(old_id=1, new_id=9))
    else:
        people |= {9: "reader1@example.net", 8: "reader1@example.net"}
    wanted = {9} if by == "former id" else {8, 9}
    assert had_elsewhere(connection, 1, people) == (wanted if had else set())
    assert had_elsewhere(connection, 1, {3: "reader3@example.net"}) == set(), "which has the other edition"
