"""Who decided what: on record, for good, and without a reader's address."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from subscribers import directory, staff_log

if TYPE_CHECKING:
    from pipeline.core.database import Database


def test_an_entry_is_never_changed_or_deleted(database: Database) -> None:
    with database.write() as connection:
        staff_log.record(connection, "approve", "weekly-1", actor="editor@example.org")
    for change in ("UPDATE staff_log SET actor = 'nobody'", "DELETE FROM staff_log"):
        with (
            pytest.raises(DBAPIError, match="the log of staff is never changed"),
            database.write() as connection,
        ):
            connection.execute(text(change))
    with database.read() as connection:
        (entry,) = staff_log.entries(connection)
    assert (entry.actor, entry.action, entry.about) == ("editor@example.org", "approve", "weekly-1")


def test_no_address_stands_in_it_wherever_it_comes_from(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        for named in (
            "to jane@example.net.csv",
            "jane%40example.net",
            "<jane@example.net>",
            "x" * 999 + "\n\x1b",
        ):
            staff_log.record(connection, "export", named, detail=named)
        directory.suppress(connection, "jane@example.net", reason="jane@example.net asked", source="test")
        directory.lift(connection, "jane@example.net", reason="Jane asked", source="test")
        found = staff_log.entries(connection)
    assert len(found) == 6
    assert "jane" not in repr(found).lower()
    assert all(one.actor == staff_log.user() for one in found)
    assert all(len(one.detail) <= staff_log.LONGEST and one.detail.isprintable() for one in found)
