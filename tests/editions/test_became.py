"""What became of the letters, in numbers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from sqlalchemy import insert, update

from pipeline.core.tables.editions import editions
from pipeline.core.tables.ledger import events
from pipeline.editions import became
from pipeline.providers.events import Kind
from subscribers import consent
from subscribers.consent import Action
from tests.ledgers import AT, Left, handed_over

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from pipeline.core.database import Database

WEEK = timedelta(weeks=1)


@pytest.fixture
def connection(sqlite_database: Database) -> Iterator[Connection]:
    """weekly-1 to weekly-4, a week from each to the next."""
    with sqlite_database.engine.connect() as connection:
        for number in range(1, 5):
            sent(connection, number)
        yield connection
        connection.rollback()


def sent(connection: Connection, number: int, lot: Left | None = None, **values: Any) -> list[int]:
    at = AT + (number - 1) * WEEK
    return handed_over(connection, number, [lot or Left(people=3)], **{"snapshot_at": at} | values)


def told(connection: Connection, kind: str, person: int | None, slug: str = "weekly-1") -> None:
    number = connection.exec_driver_sql("SELECT count(*) FROM events").scalar()
    row = {"id": f"e{number}", "at": AT, "kind": kind, "edition": slug, "subscriber_id": person}
    connection.execute(insert(events).values(row))


def left(connection: Connection, person: int, after: timedelta, digest: str = "weekly") -> None:
    with time_machine.travel(AT + after, tick=False):
        consent.record(connection, person, Action.UNSUBSCRIBED, digest=digest, source="link")


def slugs(connection: Connection, before: int | None, most: int) -> tuple[list[str], int | None]:
    found, further = became.listed(connection, before, most)
    return [one.slug for one in found], further


def test_the_newest_come_first_a_page_at_a_time(connection: Connection) -> None:
    assert slugs(connection, None, 3) == (["weekly-4", "weekly-3", "weekly-2"], 2)
    assert slugs(connection, 2, 3) == (["weekly-1"], None)
    assert slugs(connection, None, 4)[1] is None
    assert became.listed(connection, 1, 3) == ([], None)


def test_what_nobody_was_handed_is_not_among_them_nor_is_a_welcome(connection: Connection) -> None:
    connection.execute(update(editions).where(editions.c.id == 1).values(kind="welcome"))
    connection.execute(update(editions).where(editions.c.id == 2).values(snapshot_at=None))
    assert slugs(connection, None, 9) == (["weekly-4", "weekly-3"], None)
    assert became.of(connection, "weekly-1") is became.of(connection, "weekly-2") is None
    assert became.of(connection, "weekly-9") is None


def test_one_has_its_own_figures_and_reasons(connection: Connection) -> None:
    apart = {0: ("failed", "550 no"), 1: ("uncertain", "cut off")}
    people = sent(connection, 5, Left(people=3, apart=apart), subject="Rest", provider="sendgrid")
    for kind, person in ((Kind.BOUNCE, people[2]), (Kind.DELIVERED, people[1]), (Kind.DELIVERED, people[2])):
        told(connection, kind, person, "weekly-5")
    left(connection, people[0], 4 * WEEK)
    one = became.of(connection, "weekly-5")
    assert one is not None
    assert (one.slug, one.digest, one.subject, one.status) == ("weekly-5", "weekly", "Rest", "sent")
    assert (one.at, one.provider, one.left) == (AT + 4 * WEEK, "sendgrid", 1)
    assert dict(one.people) == {"total": 3, "sent": 1, "failed": 1, "uncertain": 1} | {
        state: 0 for state in one.people if state not in ("total", "sent", "failed", "uncertain")
    }
    assert one.reported == {"bounce": 1, "delivered": 2}
    assert one.why == {"failed": {"550 no": 1}, "uncertain": {"cut off": 1}}
    assert one.bounced == 2
    (listed, *_), _ = became.listed(connection, None, 1)
    assert (listed.slug, listed.left, listed.reported, listed.why) == ("weekly-5", 1, {"bounce": 1}, {})
    assert listed.people == one.people


def test_of_an_event_people_count_once_and_opens_and_clicks_never(connection: Connection) -> None:
    for kind, person in (("deferred", 1), ("deferred", 1), ("deferred", 2), ("processed", 1), ("open", 1)):
        told(connection, kind, person)
    for kind, person in (("spamreport", 1), ("spamreport", 1), ("spamreport", 2)):
        told(connection, kind, person)
    told(connection, "bounce", 3, "weekly-2")
    found, _ = became.listed(connection, None, 9)
    assert {one.slug: one.reported for one in found if one.reported} == {
        "weekly-1": {"spamreport": 2}, "weekly-2": {"bounce": 1},
    }  # fmt: skip
    one = became.of(connection, "weekly-1")
    assert one is not None
    assert (one.reported, one.bounced) == ({"deferred": 2, "spamreport": 2}, 0)


@pytest.mark.parametrize("kind", became.TOLD)
def test_every_kind_of_report_about_a_delivery_is_told(connection: Connection, kind: Kind) -> None:
    told(connection, kind, 1)
    one = became.of(connection, "weekly-1")
    assert one is not None
    assert one.reported == {kind: 1}


def test_who_left_is_counted_until_the_next_edition_of_the_digest_listed_or_not(
    connection: Connection,
) -> None:
    for person, after in ((1, timedelta(days=1)), (2, 2 * WEEK + timedelta(days=1)), (3, 3 * WEEK)):
        left(connection, person, after)
    left(connection, 1, WEEK + timedelta(days=2), digest="monthly")
    connection.execute(update(editions).where(editions.c.id == 3).values(kind="welcome"))
    found, _ = became.listed(connection, None, 9)
    assert {one.slug: one.left for one in found} == {"weekly-4": 1, "weekly-2": 1, "weekly-1": 1}
    one = became.of(connection, "weekly-1")
    assert one is not None
    assert one.left == 1


def test_digests_beside_each_other_are_counted_apart(connection: Connection) -> None:
    connection.exec_driver_sql("INSERT INTO digests (name, first_seen) VALUES ('monthly', '2026-11-26')")
    connection.execute(update(editions).where(editions.c.id == 2).values(digest="monthly"))
    left(connection, 1, WEEK + timedelta(days=1))
    left(connection, 2, 2 * WEEK + timedelta(days=1), digest="monthly")
    found, _ = became.listed(connection, None, 9)
    assert {one.slug: one.left for one in found} == {
        "weekly-4": 0, "weekly-3": 0, "weekly-2": 1, "weekly-1": 1,
    }  # fmt: skip


def test_the_next_edition_is_the_one_that_went_out_next_not_the_one_made_next(connection: Connection) -> None:
    for number, weeks in ((2, 2), (3, 1)):
        at = AT + weeks * WEEK
        connection.execute(update(editions).where(editions.c.id == number).values(snapshot_at=at))
    left(connection, 1, WEEK + timedelta(days=1))
    found, _ = became.listed(connection, None, 9)
    assert [one.slug for one in found if one.left] == ["weekly-3"]
