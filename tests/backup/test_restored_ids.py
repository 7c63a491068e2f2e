"""Ids and numbers after a restore: none that may have been given since the backup."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, select

from pipeline.backup.copy import skip_unknown_ids
from pipeline.core.errors import RapportError
from pipeline.core.moved import refuse_moved
from pipeline.core.sections.delivery import Delivery
from pipeline.core.sections.digest import Digest
from pipeline.core.tables.editions import digests
from pipeline.core.tables.installation import marks
from pipeline.delivery.events import take
from pipeline.editions import after_restore, find, store
from pipeline.providers.events import Kind
from subscribers import directory
from tests.ledgers import AT, Left, event, handed_over

if TYPE_CHECKING:
    from pipeline.core.database import Database


def test_no_id_is_given_again_that_may_stand_in_a_link(database: Database) -> None:
    def add(email: str) -> int:
        with database.write() as connection:
            return directory.add(connection, email, digests=["weekly"], wording="W", source="test").id

    before = add("one@example.net")
    with database.write() as connection:
        skip_unknown_ids(connection)
    # More people than any practice signs up between a backup and its restore.
    assert add("two@example.net") - before > 1_000_000


def test_events_of_a_letter_the_backup_does_not_know_are_taken_for_no_other_s(
    database: Database,
) -> None:
    with database.write() as connection:
        people = handed_over(connection, 12, [Left(people=300)])
        after_restore.doubt(connection, AT, AT + timedelta(hours=1))
        new = store.create(connection, Digest(name="weekly"), "2026-12-03T09:00", ZoneInfo("UTC"))
        # Those of the letter that was sent after the backup: its number was the next one.
        about = {"edition": "weekly-13", "batch": "lost"}
        late = [event(Kind.BOUNCE, person, **about) for person in people]
        take(connection, late, "SendGrid", Delivery())
        assert new.number > 12 + 1000, "more editions than any digest gets between a backup and its restore"
        assert find.by_id(connection, new.id).tripped_at is None
        connection.execute(insert(digests).values(name="monthly", first_seen=AT))
        after = store.create(
            connection, Digest(name="monthly"), "2026-12-01T09:00", ZoneInfo("UTC"), status="skipped"
        )
        assert after.number == new.number  # a digest that began after the backup had numbers, too


def test_a_backup_made_as_a_move_began_is_no_database_on_the_move(database: Database) -> None:
    with database.write() as connection:
        connection.execute(insert(marks).values(name="moving", value="elsewhere", at=AT))
    with pytest.raises(RapportError, match="moved"):
        refuse_moved(database)
    with database.write() as connection:
        after_restore.doubt(connection, AT, AT + timedelta(hours=1))
        assert set(connection.scalars(select(marks.c.name))) == {"restored", "numbers"}
    refuse_moved(database)


def test_numbers_go_on_by_one_after_that(database: Database) -> None:
    with database.write() as connection:
        handed_over(connection, 12)
        after_restore.doubt(connection, AT, AT + timedelta(hours=1))
        skipped = {"digest": Digest(name="weekly"), "zone": ZoneInfo("UTC"), "status": "skipped"}
        numbers = [
            store.create(connection, due=f"2026-12-{day:02}T09:00", **skipped).number for day in (3, 10)
        ]
        assert numbers == [1013, 1014]
