"""A run with nothing due that looks at little, and when it leaves the matter to a whole run."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from sqlalchemy import insert, update

from pipeline.core.sections.installation import DatabaseSection
from pipeline.core.tables.editions import editions
from pipeline.core.tables.installation import marks, runs
from pipeline.editions import find
from pipeline.schedule import heartbeat, history
from pipeline.schedule.idle import RESTS_FOR, nothing_due
from tests.installations import installation, run_one

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pipeline.core.app import Installation
    from pipeline.core.database import Database
    from pipeline.schedule.result import RunResult

# Thursday the 26th at nine in New York is 14:00 UTC.
DUE = datetime(2026, 11, 26, 14, tzinfo=UTC)
BEFORE = DUE - timedelta(hours=2)
MOMENT = timedelta(microseconds=1)
THURSDAY = "2026-11-26T09:00"


@pytest.fixture(autouse=True)
def travel() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(BEFORE, tick=False) as traveller:
        yield traveller


@pytest.fixture
def practice(sqlite_database: Database, tmp_path: Path) -> Callable[..., Installation]:
    """Its database is where the configuration says by default: beside it."""

    def made(url: str = "sqlite:///rapport.db", **sections: Any) -> Installation:
        made = installation(sqlite_database, tmp_path, "http://127.0.0.1:1/feed", **sections)
        made.config = made.config.model_copy(update={"database": DatabaseSection(url=url)})
        return made

    return made


@pytest.fixture
def rested(practice: Callable[..., Installation]) -> Installation:
    """A whole run has just found nothing to do."""
    made = practice()
    assert run_one(made).outcome == "not_due"
    return made


def idle(installed: Installation) -> RunResult | None:
    results = nothing_due(installed.config, installed.folder, installed.config.digests)
    return results[0] if results is not None else None


def change(installed: Installation, *statements: Any) -> None:
    with installed.database.write() as connection:
        for statement in statements:
            connection.execute(statement)


def edition(status: str, due: str = "2026-11-19T09:00") -> Any:
    fixed = {"digest": "weekly", "number": 1, "slug": "weekly-1", "posts": [], "left_out": []}
    return insert(editions).values(fixed | {"status": status, "due": due, "due_at": DUE})


def test_it_says_what_a_whole_run_says(rested: Installation, travel: time_machine.Traveller) -> None:
    for statement in ((), (edition("skipped", THURSDAY),)):
        change(rested, *statement)
        for minutes in (0, 5):
            travel.shift(timedelta(minutes=minutes))
            found = idle(rested)
            assert found is not None
            assert found == run_one(rested)


def test_it_names_the_reason_and_the_next_due_time(
    practice: Callable[..., Installation], travel: time_machine.Traveller
) -> None:
    installed = practice(digests=[{"name": "weekly", "hold_window": "6h"}])
    travel.move_to(DUE - timedelta(hours=7))
    run_one(installed)
    change(installed, edition("skipped", THURSDAY))
    travel.move_to(DUE - timedelta(hours=6))
    run_one(installed)
    found = idle(installed)
    assert found is not None
    assert (found.outcome, found.edition) == ("not_due", None)
    assert found.reason == "its edition was skipped or cancelled"
    assert found.next_due == "2026-12-03T09:00:00-05:00"


def test_it_is_remembered_as_a_run(rested: Installation, travel: time_machine.Traveller) -> None:
    def last() -> Any:
        with rested.database.read() as connection:
            return history.last(connection, rested.config.digests)["weekly"]

    before = last()
    travel.shift(timedelta(minutes=5))
    assert idle(rested) is not None
    after = last()
    assert (after.at, after.good_at) == (BEFORE + timedelta(minutes=5),) * 2
    assert after.run != before.run
    assert (after.outcome, after.reason, after.failing_since) == ("not_due", "", None)


def test_the_heartbeat_is_called_as_after_a_whole_run(
    rested: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[Any] = []
    monkeypatch.setattr(heartbeat, "beat", called.append)
    idle(rested)
    assert called == [rested.config.staff]


def test_a_whole_run_is_left_out_for_a_few_minutes_only(
    rested: Installation, travel: time_machine.Traveller
) -> None:
    assert timedelta(minutes=15) == RESTS_FOR
    travel.move_to(BEFORE + RESTS_FOR - MOMENT)
    assert idle(rested) is not None
    travel.move_to(BEFORE + RESTS_FOR)
    assert idle(rested) is None


def test_after_the_clock_was_set_back_a_whole_run_looks(
    rested: Installation, travel: time_machine.Traveller
) -> None:
    travel.move_to(BEFORE - MOMENT)
    assert idle(rested) is None


def test_when_the_digest_is_due_a_whole_run_does_it(
    rested: Installation, travel: time_machine.Traveller
) -> None:
    travel.move_to(DUE - timedelta(minutes=1))
    run_one(rested)
    assert idle(rested) is not None
    travel.move_to(DUE)
    assert idle(rested) is None


@pytest.mark.parametrize(
    "statements",
    [
        [marks.delete()],
        [insert(marks).values(name="moving", value="elsewhere", at=BEFORE)],
        [insert(marks).values(name="moved", value="elsewhere", at=BEFORE)],
        *([edition(status)] for status in ("draft", "approved", "held", "sending", "paused")),
        [edition("of a newer version")],
        [update(runs).values(outcome="sent")],
        [update(runs).values(outcome="failed")],
        [runs.delete()],
    ],
    ids=[
        "no whole run found nothing to do",
        "the database is being moved",
        "the database was moved",
        *("draft", "approved", "held", "sending", "paused"),
        "a status that nobody knows",
        "the last run sent",
        "the last run failed",
        "there was no run",
    ],
)
def test_a_whole_run_looks_where_anything_may_be_to_do(rested: Installation, statements: list[Any]) -> None:
    change(rested, *statements)
    assert idle(rested) is None


@pytest.mark.parametrize("status", ["sent", "skipped", "cancelled"])
def test_an_edition_that_is_finished_needs_no_whole_run(rested: Installation, status: str) -> None:
    change(rested, edition(status))
    assert idle(rested) is not None


@pytest.mark.parametrize(
    "sections",
    [
        {"digests": [{"name": "weekly"}, {"name": "monthly"}]},
        {"feeds": [{"url": "http://127.0.0.1:1/feed"}, {"url": "http://127.0.0.1:1/another"}]},
        {"digests": [{"name": "weekly", "hold_window": "6h"}]},
        {"delivery": {"on_uncertain": "resend"}},
        {"url": "postgresql://localhost/rapport"},
        {"url": "sqlite:///none.db"},
    ],
    ids=[
        "a new digest",
        "a new feed",
        "a schedule by which it is due",
        "batches that are sent again",
        "PostgreSQL",
        "no such file",
    ],
)
def test_a_configuration_that_was_changed_needs_a_whole_run(
    rested: Installation, practice: Callable[..., Installation], tmp_path: Path, sections: dict[str, Any]
) -> None:
    changed = practice(**sections)
    assert nothing_due(changed.config, tmp_path, changed.config.digests) is None
    assert not (tmp_path / "none.db").exists()


def test_a_database_that_another_process_writes_needs_a_whole_run(
    rested: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.schedule.idle.BUSY_TIMEOUT", 0.01)
    assert rested.database.path is not None
    with closing(sqlite3.connect(rested.database.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert idle(rested) is None


def test_two_runs_may_come_to_rest_at_the_same_moment(rested: Installation) -> None:
    with rested.database.write() as connection:
        history.rest(connection)
        history.rest(connection)
    assert idle(rested) is not None


def test_a_run_that_found_something_to_do_leaves_no_rest(
    rested: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.schedule.run.maintain", lambda installation: False)
    assert run_one(rested).outcome == "not_due"
    assert idle(rested) is None, "staff could not be told of something"
    monkeypatch.undo()
    change(rested, edition("held"))
    assert run_one(rested).outcome == "held"
    with rested.database.write() as connection:
        assert find.open_one(connection, "weekly") is not None
        connection.execute(editions.delete())
        connection.execute(update(runs).values(outcome="not_due"))
    assert idle(rested) is None, "the run before was none with nothing to do"
