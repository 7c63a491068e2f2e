"""Moving to another database and back: the same rows, and nothing more from the old one."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError

from pipeline.backup.copy import counters, sums_of
from pipeline.backup.move import move
from pipeline.core.database import Database
from pipeline.core.database_errors import Fault, fault
from pipeline.core.errors import BusyError, RapportError, UsageError, as_rapport_error
from pipeline.core.schema import open_database
from pipeline.core.tables.editions import editions
from pipeline.core.tables.images import images
from pipeline.core.tables.ledger import batches, events
from pipeline.editions import clicks
from pipeline.editions.clicks import Click, Count
from pipeline.editions.lock import lock
from pipeline.schedule.maintenance import maintain
from subscribers.tables import metadata, subscribers
from tests.installations import installation, subscribe
from tests.ledgers import AT, Left, handed_over

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pipeline.core.config import Config


@pytest.fixture
def config(tmp_path: Path, sqlite_database: Database) -> Config:
    return installation(sqlite_database, tmp_path, "http://127.0.0.1:1/feed").config


def lived_in(database: Database) -> None:
    """Something of every kind of value: moments, dates, JSON and none, bytes, text beyond ASCII."""
    subscribe(database, 3)
    with database.write() as connection:
        handed_over(connection, 1, [Left(), Left("uncertain", apart={0: ("failed", "no such user")})])
        handed_over(connection, 2, [Left("waiting")], status="paused", subject="Grüße, 🌿", finished_at=None)
        about = {"id": "one", "at": AT, "kind": "new", "detail": {"b": [1, 2.5], "a": "ü"}}
        connection.execute(insert(events), [about, {**about, "id": "two", "detail": None}])
        clicks.add(connection, {Click(1, "offer", date(2026, 11, 26)): Count(40, 12)})
        picture = {"hash": "aa", "media_type": "image/png", "width": 1, "height": 1, "weight": 3}
        connection.execute(insert(images).values(picture | {"content": b"\0\xff\x01"}))
        # The highest id was given and is gone.
        gone = connection.execute(
            insert(subscribers).values(email="gone@example.net", created_at=AT).returning(subscribers.c.id)
        ).scalar_one()
        connection.execute(subscribers.delete().where(subscribers.c.id == gone))


def rows(database: Database) -> dict[str, list[Any]]:
    """All but what a move itself writes."""
    with database.read() as connection:
        found = {
            table.name: sorted(map(tuple, connection.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
            if table.name != "marks"
        }
    found["staff_log"] = [row for row in found["staff_log"] if "move" not in row]
    return found


def test_there_and_back_every_row_is_the_same(
    config: Config, sqlite_database: Database, new_postgresql_database: Callable[[], str], tmp_path: Path
) -> None:
    lived_in(sqlite_database)
    before = rows(sqlite_database)
    with sqlite_database.read() as connection:
        last = counters(connection)["subscribers"]
    away, home = Database(new_postgresql_database()), Database(f"sqlite:///{tmp_path / 'home.db'}")
    sums = move(config, sqlite_database, away)
    assert rows(away) == before
    assert sums["recipients"].rows == len(before["recipients"])
    back = move(config, away, home)
    own = {name: sums[name] for name in ("marks", "staff_log")}  # what a move itself writes
    assert back | own == sums
    assert rows(home) == before
    with home.read() as connection:
        assert sums_of(connection) | own == sums
        # No id is given twice, not even one whose person is gone; and nothing became the JSON text null.
        assert counters(connection)["subscribers"] == last
        kept = connection.execute(text("SELECT detail IS NULL FROM events WHERE id = 'two'")).scalar()
        assert kept
    with home.write() as connection:
        new = insert(subscribers).values(email="new@example.net", created_at=AT).returning(subscribers.c.id)
        assert connection.execute(new).scalar_one() == last + 1
    for database in (away, home):
        database.close()


def test_the_old_one_is_refused_and_refuses_every_write(
    config: Config, database: Database, tmp_path: Path
) -> None:
    lived_in(database)
    target = Database(f"sqlite:///{tmp_path / 'new.db'}")
    move(config, database, target)
    with pytest.raises(RapportError, match="moved to") as refused:
        open_database(database.url)
    assert "database.url" in refused.value.remedy
    # Somebody who opened it before.
    for change in (
        update(editions).values(status="sending"),
        subscribers.delete(),
        insert(subscribers).values(email="late@example.net", created_at=AT),
    ):
        with pytest.raises(DBAPIError) as error, database.write() as connection:
            connection.execute(change)
        assert fault(error.value) is Fault.MOVED
        assert "moved" in as_rapport_error(error.value).message
    with pytest.raises(RapportError, match="moved to"):  # before it could tell staff what it cannot note
        maintain(installation(database, tmp_path, "http://127.0.0.1:1/feed"))
    open_database(target.url).close()
    target.close()


def test_nothing_moves_while_anything_is_sent(config: Config, database: Database, tmp_path: Path) -> None:
    with database.write() as connection:
        handed_over(connection, 1, [Left("waiting")], status="sending", finished_at=None)
    target = Database(f"sqlite:///{tmp_path / 'new.db'}")
    with pytest.raises(RapportError, match="weekly-1 is being sent"):
        move(config, database, target)
    with lock(database, "weekly"), pytest.raises(BusyError):
        move(config, Database(database.url), target)
    open_database(database.url).close()
    target.close()


def test_what_the_dead_left_under_way_keeps_nothing_from_moving(
    config: Config, database: Database, tmp_path: Path
) -> None:
    with database.write() as connection:
        handed_over(connection, 1, [Left("sending")], status="cancelled")
        connection.execute(update(batches).values(owner="owner-of-a-batch"))
    target = Database(f"sqlite:///{tmp_path / 'new.db'}")
    if not database.sqlite:
        with database.alive("owner-of-a-batch"), pytest.raises(RapportError, match="weekly-1 is being sent"):
            move(config, database, target)
    move(config, database, target)
    with target.read() as connection:
        assert connection.scalar(select(batches.c.state)) == "sending"
    target.close()


def test_a_move_that_fails_leaves_the_old_one_working(
    config: Config, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lived_in(database)
    used = Database(f"sqlite:///{tmp_path / 'used.db'}")
    open_database(used.url).close()
    subscribe(used, 1)
    with pytest.raises(RapportError, match="not empty"):
        move(config, database, used)
    with pytest.raises(UsageError):
        move(config, database, Database(database.url))
    fresh = Database(f"sqlite:///{tmp_path / 'fresh.db'}")
    monkeypatch.setattr("pipeline.backup.copy.counters", lambda connection: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        move(config, database, fresh)
    monkeypatch.undo()
    subscribe(database, 4)
    move(config, database, fresh)
    for opened in (used, fresh):
        opened.close()


def test_a_move_that_died_is_ended_by_the_same_one_and_by_no_other(
    config: Config, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lived_in(database)
    before = rows(database)
    target = Database(f"sqlite:///{tmp_path / 'new.db'}")
    for step in ("_bring", "_finish"):  # where it dies, and dies again
        monkeypatch.setattr(f"pipeline.backup.move.{step}", lambda *_: 1 / 0)
        monkeypatch.setattr("pipeline.backup.move._settle", lambda *_: None)
        with pytest.raises(ZeroDivisionError):
            move(config, database, target)
        monkeypatch.undo()
        with pytest.raises(RapportError, match="is being moved to") as refused:
            open_database(database.url)
        assert "again" in refused.value.remedy
        with pytest.raises(DBAPIError):
            subscribe(database, 4)
        other = Database(f"sqlite:///{tmp_path / 'other.db'}")
        with pytest.raises(RapportError, match="is being moved to"):
            move(config, database, other)
    move(config, database, target)
    assert rows(target) == before
    with pytest.raises(RapportError, match="was moved to"):
        open_database(database.url)
    target.close()


def test_when_it_cannot_be_ended_all_is_as_it_was(
    config: Config, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lived_in(database)
    target = Database(f"sqlite:///{tmp_path / 'new.db'}")
    monkeypatch.setattr("pipeline.backup.move._bring", lambda *_: 1 / 0)
    monkeypatch.setattr("pipeline.backup.move._settle", lambda *_: None)
    with pytest.raises(ZeroDivisionError):
        move(config, database, target)
    monkeypatch.undo()
    subscribe(target, 1)  # somebody took the new one for their own
    with pytest.raises(RapportError, match="not empty"):
        move(config, database, target)
    open_database(database.url).close()
    subscribe(database, 4)
    target.close()
