"""The due times of a month, of all digests, each with its edition."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pipeline.editions import calendar, store
from pipeline.feeds.first_seen import register
from tests.installations import installation

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.core.database import Database

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


def test_due_times_of_all_digests_come_in_order_with_the_edition_of_each(
    sqlite_database: Database, tmp_path: Path
) -> None:
    digests = [{"name": "weekly", "schedule": "0 9 * * thu"}, {"name": "monthly", "schedule": "0 9 15 * *"}]
    config = installation(sqlite_database, tmp_path, "http://127.0.0.1:1/", digests=digests).config
    with sqlite_database.write() as connection:
        register(connection, config, NOW)
        store.create(connection, config.digests[0], "2026-12-10T09:00", config.newsletter.zone, status="held")
        coming = calendar.coming(connection, config, NOW)
    assert [(f"{one.at:%d %H}", one.digest, one.edition, one.status) for one in coming] == [
        ("03 14", "weekly", "", ""),
        ("10 14", "weekly", "weekly-1", "held"),
        ("15 14", "monthly", "", ""),
        ("17 14", "weekly", "", ""),
        ("24 14", "weekly", "", ""),
        ("31 14", "weekly", "", ""),
    ]


def test_a_letter_that_is_due_each_minute_fills_no_page(sqlite_database: Database, tmp_path: Path) -> None:
    digests = [{"name": "often", "schedule": "* * * * *"}]
    config = installation(sqlite_database, tmp_path, "http://127.0.0.1:1/", digests=digests).config
    with sqlite_database.read() as connection:
        assert len(calendar.coming(connection, config, NOW)) == calendar.MOST
