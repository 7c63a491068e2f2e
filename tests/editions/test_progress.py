"""How far an edition is that goes out: of how many, how fast, and how long the rest takes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.editions import progress
from tests.ledgers import AT, Left, handed_over

if TYPE_CHECKING:
    from pipeline.core.database import Database
    from pipeline.editions.progress import Progress

MINUTE = timedelta(minutes=1)
NOW = AT + 60 * MINUTE


def far(database: Database, lots: list[Left], **values: Any) -> Progress:
    usual = {"status": "sending", "finished_at": None, "provider": "sendgrid", "snapshot_at": NOW - MINUTE}
    with database.write() as connection:
        handed_over(connection, 1, lots, **usual | values)
        (found,) = progress.under_way(connection, NOW)
        assert found == progress.of(connection, "weekly-1", NOW)
    return found


def sent(people: int, ago: timedelta) -> Left:
    return Left(people=people, at=NOW - ago)


def test_it_is_as_far_as_batches_are_settled_and_one_under_way_is_neither_done_nor_in_doubt(
    database: Database,
) -> None:
    found = far(
        database,
        [
            Left(people=4, at=NOW - MINUTE / 2, apart={0: ("failed", "no such mailbox")}),
            Left("uncertain", people=2, at=NOW - MINUTE / 2, reason="no answer"),
            Left("sending", people=3, at=NOW - MINUTE / 10, apart={0: ("withheld", "left")}),
            Left("waiting", people=5),
        ],
    )
    assert (found.total, found.done, found.in_flight) == (14, 7, 2)
    assert found.people == {"waiting": 5, "sent": 3, "failed": 1, "uncertain": 2, "withheld": 1}
    assert found.rate == pytest.approx(6 / 60)
    assert found.seconds_left == pytest.approx(7 / found.rate)


def test_an_answer_that_does_not_come_is_doubt(sqlite_database: Database) -> None:
    found = far(sqlite_database, [Left("sending", people=3, at=NOW - 10 * MINUTE)])
    assert (found.in_flight, found.people["uncertain"]) == (0, 3)


@pytest.mark.parametrize(
    ("lots", "values", "rate"),
    [
        # Over the last five minutes, of an edition that has gone out for an hour.
        ([sent(600, 4 * MINUTE), sent(900, 30 * MINUTE)], {"snapshot_at": AT}, 2.0),
        # Since staff let it go on: the pause slowed nothing.
        (
            [sent(120, MINUTE / 2), sent(900, 3 * MINUTE)],
            {"snapshot_at": AT, "judged_from": NOW - MINUTE},
            2.0,
        ),
        # It has begun, and no batch is settled yet.
        ([], {}, None),
        ([sent(900, 30 * MINUTE)], {"snapshot_at": AT, "status": "paused"}, None),
    ],
)
def test_the_rate_is_that_of_the_last_minutes_in_which_it_went_out(
    sqlite_database: Database, lots: list[Left], values: dict[str, Any], rate: float | None
) -> None:
    found = far(sqlite_database, [*lots, Left("waiting", people=60)], **values)
    assert found.rate == rate
    assert found.seconds_left == (60 / rate if rate else None)
    assert not found.stalled


def test_one_that_nobody_was_handed_lately_stands_still(sqlite_database: Database) -> None:
    found = far(sqlite_database, [sent(9, 30 * MINUTE), Left("waiting")], snapshot_at=AT)
    assert (found.stalled, found.seconds_left) == (True, None)
