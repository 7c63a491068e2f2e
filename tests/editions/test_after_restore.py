"""What a restore makes doubtful: what stops, what is held, and what staff must do before the next letter."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert, select, update

from pipeline.core.tables.editions import digests, editions
from pipeline.core.tables.installation import marks
from pipeline.core.tables.ledger import batches
from pipeline.editions import after_restore, find, numbers
from pipeline.editions.ledger import outcomes
from subscribers import times
from tests.ledgers import AT, Left, handed_over

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from pipeline.core.database import Database

MADE, RESTORED = AT + timedelta(hours=1), AT + timedelta(hours=3)
BEFORE, AFTER = RESTORED - timedelta(minutes=1), RESTORED + timedelta(minutes=1)


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


def restored(connection: Connection) -> list[str]:
    return after_restore.doubt(connection, MADE, RESTORED)


# What is stopped


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("sending", "paused", "Resume it only if that cannot be"),
        ("paused", "paused", "Resume it only if that cannot be"),
        ("draft", "held", "Approve it only if that cannot be"),
        ("approved", "held", "Approve it only if that cannot be"),
        ("held", "held", None),
        ("sent", "sent", None),
        ("cancelled", "cancelled", None),
        ("skipped", "skipped", None),
    ],
)
def test_what_was_on_its_way_stops_and_what_waited_to_go_is_held(
    database: Database, before: str, after: str, reason: str | None
) -> None:
    with database.write() as connection:
        handed_over(connection, status=before)
        touched = restored(connection)
        edition = find.by_id(connection, 1)
    assert edition.status == after
    assert edition.restored is (reason is not None)
    assert touched == (["weekly-1"] if reason else [])
    if reason:
        assert edition.reason.startswith(f"restored from a backup of {times.utc(MADE)}: ")
        assert reason in edition.reason


def test_all_that_were_open_are_told_in_order(database: Database) -> None:
    with database.write() as connection:
        for number, (digest, status) in enumerate((("b", "paused"), ("a", "sending"), ("c", "draft")), 1):
            connection.execute(insert(digests).values(name=digest, first_seen=AT))
            handed_over(connection, number, status="sent")
            named = {"digest": digest, "slug": f"{digest}-{number}", "status": status}
            connection.execute(update(editions).where(editions.c.id == number).values(named))
        assert restored(connection) == ["a-2", "b-1", "c-3"]


@pytest.mark.parametrize(
    ("status", "batch", "after"),
    [
        ("sending", "sending", "uncertain"),
        ("sending", "waiting", "waiting"),
        ("sending", "sent", "sent"),
        ("sent", "waiting", "uncertain"),
        ("sent", "sending", "uncertain"),
        ("sent", "sent", "sent"),
        ("paused", "waiting", "waiting"),
    ],
)
def test_a_batch_that_may_have_left_since_is_in_doubt(
    database: Database, status: str, batch: str, after: str
) -> None:
    with database.write() as connection:
        handed_over(connection, 1, [Left(batch, reason="as it was")], status=status)
        handed_over(connection, 2, [Left("waiting")], status="cancelled")
        connection.execute(update(batches).values(owner="gone", next_try=AFTER))
        restored(connection)
        row, other = connection.execute(select(batches).order_by(batches.c.edition_id)).all()
    assert (row.state, row.at) == (after, AT), "what lies before the restore is not sent again by silence"
    assert other.state == "waiting"
    if after == "uncertain":
        assert (row.owner, row.next_try) == (None, None)
        assert row.reason == (
            f"restored from a backup of {times.utc(MADE)}: it is not known whether it was handed over"
        )
    else:
        assert (row.owner, row.next_try, row.reason) == ("gone", AFTER, "as it was")


def test_whoever_was_just_taking_its_people_takes_no_more(database: Database) -> None:
    with database.write() as connection:
        handed_over(connection, 1, status="approved")
        handed_over(connection, 2, status="sent")
        restored(connection)
        assert outcomes.counts(connection, 1)["total"] == 0
        assert find.by_id(connection, 1).snapshot_at is None
        assert outcomes.counts(connection, 2)["total"] == 2


# What is remembered


def test_the_restore_is_remembered_and_takes_the_place_of_earlier_marks(database: Database) -> None:
    with database.write() as connection:
        assert after_restore.last(connection) is None
        assert numbers.following(connection, "weekly") == 1
        connection.execute(insert(marks).values(name="moving", value="elsewhere", at=AT))
        restored(connection)
        found = after_restore.last(connection)
        assert found == (MADE, RESTORED)
        assert set(connection.scalars(select(marks.c.name))) == {"restored", "numbers"}


def test_no_number_is_given_again_however_often_it_is_restored(database: Database) -> None:
    with database.write() as connection:
        restored(connection)
        assert numbers.following(connection, "weekly") == 1001
        handed_over(connection, 12)
        restored(connection)
        assert numbers.following(connection, "weekly") == 2001, "the numbers given out before it count"
        handed_over(connection, 2500)
        restored(connection)
        assert numbers.following(connection, "weekly") == numbers.following(connection, "new") == 3501


# What answers it


@pytest.mark.parametrize(
    ("values", "answered"),
    [
        ({"approved_at": AFTER}, True),
        ({"approved_at": BEFORE}, False),
        ({"approved_at": RESTORED}, False),
        ({"judged_from": AFTER}, True),
        ({"judged_from": RESTORED}, False),
        ({"approved_at": AFTER, "snapshot_at": RESTORED}, True),
        ({"approved_at": AFTER, "snapshot_at": BEFORE}, False),
        ({"judged_from": AFTER, "snapshot_at": BEFORE}, False),
        ({"status": "cancelled", "composed_at": AT, "finished_at": AFTER}, True),
        ({"status": "skipped", "composed_at": AT, "finished_at": AFTER}, True),
        ({"status": "skipped", "composed_at": AT, "finished_at": BEFORE}, False),
        ({"status": "skipped", "composed_at": AT, "finished_at": RESTORED}, False),
        ({"status": "skipped", "composed_at": None, "finished_at": AFTER}, False),
        ({"status": "sent", "composed_at": AT, "finished_at": AFTER}, False),
        ({"approved_at": AFTER, "digest": "monthly"}, False),
    ],
    ids=[
        "approved since",
        "approved before it",
        "approved at that moment",
        "let go on since",
        "let go on at that moment",
        "approved and handed over since",
        "one that was on its way then, approved",
        "one that was on its way then, resumed",
        "cancelled since",
        "skipped since",
        "skipped before it",
        "skipped at that moment",
        "a due time without posts, which nobody decided about",
        "sent since, and nobody decided",
        "of another digest",
    ],
)
def test_the_first_letter_waits_until_staff_have_decided_about_one(
    database: Database, values: dict[str, Any], answered: bool
) -> None:
    with database.write() as connection:
        connection.execute(insert(digests).values(name="monthly", first_seen=AT))
        restored(connection)
        usual = {"snapshot_at": None, "finished_at": None, "status": "draft"}
        handed_over(connection, 1, [Left("waiting")], **usual)
        connection.execute(update(editions).where(editions.c.id == 1).values(values))
        reason = after_restore.unanswered(connection, "weekly")
    assert (reason is None) is answered
    if reason is not None:
        assert reason.startswith(f"restored from a backup of {times.utc(MADE)}: it may have been sent since")


def test_where_nothing_was_restored_nothing_waits(database: Database) -> None:
    with database.read() as connection:
        assert after_restore.unanswered(connection, "weekly") is None
