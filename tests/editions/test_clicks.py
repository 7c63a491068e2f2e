"""What is counted of an edition: added up by link and day, for those alone that readers were handed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import update

from pipeline.core.tables.ledger import batches
from pipeline.editions import clicks
from pipeline.editions.clicks import Click, Count, OfDay
from tests.ledgers import AT, Left, handed_over

if TYPE_CHECKING:
    from pipeline.core.database import Database

LINKS = [
    {
        "name": name,
        "address": f"https://letter.example.org/go/weekly-1/{name}",
        "target": "https://x.example/",
    }
    for name in ("offer", "end")
]
THURSDAY, FRIDAY = date(2026, 11, 26), date(2026, 11, 27)


def test_counts_of_several_processes_add_up(database: Database) -> None:
    with database.write() as connection:
        handed_over(connection, 1, links=LINKS)
    first = {Click(1, "offer", FRIDAY): Count(2, 1), Click(1, "end", THURSDAY): Count(1, 1)}
    second = {Click(1, "offer", THURSDAY): Count(5, 0), Click(1, "offer", FRIDAY): Count(3, 0)}
    for counted in (first, second):
        with database.write() as connection:
            clicks.add(connection, counted)
    with database.read() as connection:
        found = clicks.by_day(connection, 1)
    assert found == [
        OfDay(THURSDAY, "offer", Count(5, 0)),
        OfDay(THURSDAY, "end", Count(1, 1)),
        OfDay(FRIDAY, "offer", Count(5, 1)),
    ]
    told = clicks.document(found)
    assert (told["counted"], told["scanners"], told["estimate"]) == (11, 2, 9)
    assert told["links"]["offer"] == {"counted": 10, "scanners": 1, "estimate": 9}
    assert told["days"][1] == {
        "day": "2026-11-26", "link": "end", "counted": 1, "scanners": 1, "estimate": 0
    }  # fmt: skip


def test_links_lead_on_from_the_first_hand_over_on(database: Database) -> None:
    with database.write() as connection:
        handed_over(connection, 1, links=LINKS)
        # Its readers were taken; nobody was handed anything, and it can still be thrown away.
        handed_over(connection, 2, status="approved", links=LINKS)
        handed_over(connection, 3)
        found = [clicks.redirects(connection, f"weekly-{number}") for number in range(1, 5)]
    assert found[0] is not None
    assert found[0].targets == {"offer": "https://x.example/", "end": "https://x.example/"}
    assert found[1:] == [None, None, None]


def test_scanners_are_about_ten_minutes_after_the_last_part_and_no_welcome_counts(database: Database) -> None:
    parts = [
        Left(),
        Left(at=AT + timedelta(hours=1)),
        Left(state="waiting", at=AT + timedelta(hours=2)),
        Left(),
    ]
    with database.write() as connection:
        handed_over(connection, 1, parts, links=LINKS)
        welcome = update(batches).where(batches.c.number == 3)
        connection.execute(welcome.values(welcome=True, at=AT + timedelta(days=3)))
        found = clicks.redirects(connection, "weekly-1")
    assert found is not None
    assert found.handed_over == AT + timedelta(hours=1)
    minutes = {n: found.is_scanned(AT + timedelta(minutes=n)) for n in (61, 69, 70, 125)}
    assert minutes == {61: True, 69: True, 70: False, 125: False}
