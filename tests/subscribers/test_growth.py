"""How the list grows, counted by month and between letters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from sqlalchemy import text

from subscribers import consent, directory, growth
from subscribers.consent import Action

if TYPE_CHECKING:
    from pipeline.core.database import Database

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
DID = (
    (1, "2025-11-30T23:59", Action.CONFIRMED, "weekly"),
    (1, "2025-12-01T00:00", Action.UNSUBSCRIBED, "weekly"),
    (2, "2025-12-31T23:59", Action.IMPORTED, "weekly"),
    (2, "2025-12-31T23:59", Action.IMPORTED, "monthly"),
    (3, "2026-02-01T00:00", Action.CONFIRMED, "weekly"),
    (3, "2026-02-02T00:00", Action.PAUSED, "weekly"),
    (2, "2026-03-01T00:00", Action.UNSUBSCRIBED, None),
    (3, "2026-03-09T00:00", Action.UNSUBSCRIBED, "monthly"),
)


@pytest.fixture
def years(database: Database) -> Database:
    with database.write() as connection:
        with time_machine.travel(datetime(2025, 11, 1, tzinfo=UTC), tick=False):
            for name in ("ada", "bo", "cy"):
                directory.add(
                    connection, f"{name}@example.net", digests=["weekly"], wording="x", source="paper"
                )
        for person, at, action, digest in DID:
            with time_machine.travel(datetime.fromisoformat(at).replace(tzinfo=UTC), tick=False):
                consent.record(connection, person, action, digest=digest, source="form")
    return database


def test_each_month_counts_people_once_by_their_records_in_utc(years: Database) -> None:
    with time_machine.travel(NOW, tick=False), years.read() as connection:
        assert growth.months(connection, datetime(2025, 11, 15, tzinfo=UTC)) == [
            ("2025-11", 1, 0),
            ("2025-12", 1, 1),
            ("2026-02", 1, 0),
            ("2026-03", 0, 2),
        ]
        assert growth.joined_since(connection, datetime(2025, 12, 1, tzinfo=UTC)) == 2
        sources = growth.sources(connection, datetime(2025, 11, 1, tzinfo=UTC))
    assert sources == [("form", 3), ("paper", 3)]


def test_who_left_is_counted_between_one_letter_and_the_next(years: Database) -> None:
    december, march = datetime(2025, 12, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)
    with time_machine.travel(NOW, tick=False), years.read() as connection:
        assert growth.left_between(connection, "weekly", december, march) == 1
        assert growth.left_between(connection, "weekly", december + timedelta(minutes=1), march) == 0
        assert growth.left_between(connection, "weekly", march, None) == 1
        assert growth.left_between(connection, "monthly", march, None) == 2


def test_the_count_reads_an_index_and_no_record(years: Database) -> None:
    explain = "EXPLAIN QUERY PLAN" if years.sqlite else "EXPLAIN"
    only = "COVERING INDEX" if years.sqlite else "Index Only Scan"
    for query in (growth._JOINED, growth._LEFT, growth._LEFT_DIGEST):
        with years.read() as connection:
            if not years.sqlite:
                connection.execute(text("SET LOCAL enable_seqscan = off"))
                connection.execute(text("SET LOCAL enable_bitmapscan = off"))
            given = {"since": NOW, "until": NOW, "digest": "weekly"}
            asked = {name: given[name] for name in query.compile().params if name in given}
            spelt = query.params(asked).compile(connection, compile_kwargs={"literal_binds": True})
            plan = str(connection.execute(text(f"{explain} {spelt}")).all())
        assert f"{only} " in plan, plan
        assert "ix_consents_action" in plan
