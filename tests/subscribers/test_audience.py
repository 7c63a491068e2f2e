"""Who may get a digest now, and why someone may not."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import (
    Column,
    Integer,
    MetaData,
    String,
    Table,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.event import listen

from subscribers import directory, suppression, times
from subscribers.audience import anyone, has_left, lock_audience, lock_audience_shared, mailable, why_not
from subscribers.suppression import Reason
from subscribers.tables import subscribers, subscriptions

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from pipeline.core.database import Database

pytestmark = pytest.mark.databases("sqlite")  # on both where the database has a part in it

TODAY = date(2026, 3, 1)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def add(connection: Connection, name: str) -> int:
    person = directory.add(
        connection, f"{name}@example.org", digests=["weekly"], wording="asked by phone", source="cli"
    )
    assert person.id is not None
    return person.id


def change(connection: Connection, subscriber_id: int, **values: object) -> None:
    connection.execute(
        update(subscriptions).where(subscriptions.c.subscriber_id == subscriber_id).values(**values)
    )


def mailed(connection: Connection) -> list[str]:
    return sorted(email.partition("@")[0] for _, email in connection.execute(mailable("weekly", TODAY)))


@pytest.mark.databases("sqlite", "postgresql")
def test_only_who_wants_it_now_and_may_be_mailed_is_in_the_audience(database: Database) -> None:
    with database.write() as connection:
        ids = {
            name: add(connection, name) for name in ("ann", "left", "bounced", "paused", "back", "pending")
        }
        directory.add(
            connection, "other@example.org", digests=["monthly"], wording="asked by phone", source="cli"
        )
        directory.unsubscribe(connection, ids["left"], digests=["weekly"], source="link")
        suppression.suppress(connection, "bounced@example.org", Reason.BOUNCED, "event")
        change(connection, ids["paused"], paused_until=TODAY + timedelta(days=1))
        change(connection, ids["back"], paused_until=TODAY)
        change(connection, ids["pending"], status="pending")
        assert mailed(connection) == ["ann", "back"]
        reasons = {name: why_not(connection, id_, "weekly", TODAY) for name, id_ in ids.items()}
    assert reasons == {
        "ann": "",
        "left": "unsubscribed",
        "bounced": "suppressed: bounced",
        "paused": f"paused until {times.day(date(2026, 3, 2))}",
        "back": "",
        "pending": "not confirmed",
    }


def test_who_is_gone_was_removed_and_who_left_everything_unsubscribed(database: Database) -> None:
    with database.write() as connection:
        ann = add(connection, "ann")
        directory.unsubscribe(connection, ann, source="link")
        assert why_not(connection, ann, "weekly", TODAY) == "unsubscribed"
        assert why_not(connection, 4711, "weekly", TODAY) == "removed"
        assert why_not(connection, ann, "monthly", TODAY) == "removed"


@pytest.mark.databases("sqlite", "postgresql")
@pytest.mark.parametrize("reason", [r for r in Reason if r is not Reason.FORGOTTEN])
def test_the_select_and_the_reason_agree(database: Database, reason: Reason) -> None:
    with database.write() as connection:
        ann = add(connection, "ann")
        suppression.suppress(connection, "ann@example.org", reason, "event")
        assert mailed(connection) == []
        assert why_not(connection, ann, "weekly", TODAY) != ""


def left(connection: Connection, subscriber: int, email: str | None) -> bool:
    """Whether somebody who was to be mailed at ``email`` may no longer be, as a claim asks it."""
    who = select(literal(subscriber).label("id"), literal(email, String).label("email")).subquery()
    held = and_(subscriptions.c.subscriber_id == who.c.id, subscriptions.c.digest == "weekly")
    of_them = who.outerjoin(subscriptions, held).outerjoin(subscribers, subscribers.c.id == who.c.id)
    query = select(has_left(who.c.email, bindparam("today"))).select_from(of_them)
    return bool(connection.scalar(query, {"today": TODAY}))


@pytest.mark.parametrize(
    ("change_to", "gone"),
    [
        ({}, False),
        ({"status": "unsubscribed"}, True),
        ({"status": "pending"}, True),
        ({"paused_until": TODAY + timedelta(days=1)}, True),
        ({"paused_until": TODAY}, False),
    ],
)
def test_who_no_longer_wants_it_has_left(
    database: Database, change_to: dict[str, object], gone: bool
) -> None:
    with database.write() as connection:
        ann = add(connection, "ann")
        if change_to:
            change(connection, ann, **change_to)
        assert left(connection, ann, "ann@example.org") is gone


@pytest.mark.parametrize(
    ("present", "suppressed", "gone"),
    [
        ("ann@example.org", "ann@example.org", True),
        ("new@example.org", "nobody@example.org", False),
        ("new@example.org", "new@example.org", True),
        ("new@example.org", "ann@example.org", True),
        ("ann@example.org", "nobody@example.org", False),
    ],
    ids=[
        "where they are",
        "moved",
        "moved to where nothing may go",
        "moved from where nothing may go",
        "still there",
    ],
)
def test_who_may_be_mailed_neither_where_they_were_nor_where_they_are_has_left(
    database: Database, present: str, suppressed: str, gone: bool
) -> None:
    with database.write() as connection:
        ann = add(connection, "ann")
        connection.execute(update(subscribers).where(subscribers.c.id == ann).values(email=present))
        suppression.suppress(connection, suppressed, Reason.BOUNCED, "event")
        assert left(connection, ann, "ann@example.org") is gone


def test_who_was_erased_or_removed_has_left(database: Database) -> None:
    with database.write() as connection:
        ann = add(connection, "ann")
        assert left(connection, ann, None)
        assert left(connection, 4711, "ann@example.org")
        connection.execute(delete(subscriptions))
        assert left(connection, ann, "ann@example.org")


def test_who_is_gone_from_the_list_has_left_though_a_subscription_stayed(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        ann = add(connection, "ann")
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        row = {"subscriber_id": 4711, "digest": "weekly", "status": "active", "since": NOW}
        connection.execute(insert(subscriptions), [row])
        assert left(connection, 4711, "ann@example.org")
        assert not left(connection, ann, "ann@example.org")
        connection.execute(delete(subscriptions).where(subscriptions.c.subscriber_id == 4711))


def test_there_is_anyone_while_one_may_be_mailed(database: Database) -> None:
    with database.write() as connection:
        assert anyone(connection, "weekly", TODAY) is False
        ann = add(connection, "ann")
        assert anyone(connection, "weekly", TODAY) is True
        assert anyone(connection, "monthly", TODAY) is False
        directory.unsubscribe(connection, ann, source="link")
        assert anyone(connection, "weekly", TODAY) is False


def test_on_sqlite_its_one_writer_is_lock_enough(sqlite_database: Database) -> None:
    asked: list[object] = []
    with sqlite_database.write() as connection:
        listen(connection, "before_cursor_execute", lambda *given: asked.append(given[2]))
        lock_audience(connection)
        lock_audience_shared(connection)
        assert asked == []


@pytest.mark.databases("sqlite", "postgresql")
def test_it_can_be_inserted_from_and_joined(database: Database) -> None:
    snapshot = Table("snapshot", MetaData(), Column("id", Integer), Column("email", String))
    with database.write() as connection:
        ann, _ = add(connection, "ann"), add(connection, "ben")
        snapshot.create(connection)
        connection.execute(snapshot.insert().from_select(["id", "email"], mailable("weekly", TODAY)))
        directory.unsubscribe(connection, ann, digests=["weekly"], source="link")
        now = mailable("weekly", TODAY).subquery()
        left = select(snapshot.c.email).outerjoin(now, now.c.id == snapshot.c.id).where(now.c.id.is_(None))
        assert connection.scalar(select(func.count()).select_from(snapshot)) == 2
        assert list(connection.scalars(left)) == ["ann@example.org"]


def test_sqlite_walks_indexes_and_neither_scans_nor_sorts(sqlite_database: Database) -> None:
    query = mailable("weekly", TODAY).compile(sqlite_database.engine, compile_kwargs={"literal_binds": True})
    with sqlite_database.read() as connection:
        plan = [row.detail for row in connection.execute(text(f"EXPLAIN QUERY PLAN {query}"))]
    steps = [step for step in plan if not step.startswith("CORRELATED")]
    assert "ix_subscriptions_audience" in steps[0]
    assert all(step.startswith("SEARCH") for step in steps)
