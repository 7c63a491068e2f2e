"""The scheduler of `rapport serve`: real processes whose clock is moved; several, killed, told to end."""

from __future__ import annotations

import json
import shutil
import signal
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from sqlalchemy import create_engine, select, text
from sqlalchemy.engine import make_url

from pipeline.core.database import Database
from pipeline.core.signals import Stop
from pipeline.core.tables.feeds import posts
from pipeline.schedule.scheduler import SILENCE, Leadership, Scheduler
from subscribers import clock, signup
from tests.doubles.blog import Blog, Item
from tests.installations import installation, subscribe
from tests.torture.practice import SLUG
from tests.torture.provider import MoodySendGrid
from tests.waiting import LONGEST, Gate, until

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pipeline.core.app import Installation
    from tests.torture.launcher import Process
    from tests.torture.practice import Case, Place, Practice

pytest_plugins = ["tests.torture.fixture"]

READERS, BATCH = 30, 2
ALL = READERS // BATCH

MONDAY = datetime(2026, 11, 23, 15, tzinfo=UTC)
DUE = datetime(2026, 11, 26, 14, tzinfo=UTC)


# Processes


@pytest.fixture
def case(practice: Callable[..., Practice], place: Place, chance: random.Random) -> Iterator[Case]:
    """A practice whose letter is still to be composed; a request takes a twentieth of a second or so."""
    made = practice(place, readers=READERS, batch=BATCH, approved=False, timeout=LONGEST)
    with made.case(MoodySendGrid(chance, pace=0.05)) as case:
        yield case


def comes_due(case: Case) -> datetime:
    """Rapport sees the digest; when its first letter is due."""
    first = case.start("run", "--json")
    assert first.end() == 0, first.err
    (ran,) = json.loads(first.out)["digests"]
    assert ran["outcome"] == "not_due"
    return datetime.fromisoformat(ran["next_due"])


def serve(case: Case, at: datetime) -> Process:
    """`rapport serve`, once it answers. By its clock it is ``at`` when it starts, and it ticks fast."""
    constants = {"pipeline.schedule.scheduler.TICK": 0.1}
    served = case.start("serve", "--port", "0", clock=at, constants=constants)
    until(lambda: served.out or not served.running)
    assert served.running, served.err
    return served


def leads(case: Case) -> bool:
    with case.database() as database, Leadership(database) as lead:
        return not lead.take()


def end(*processes: Process) -> None:
    for process in processes:
        process.signal(signal.SIGTERM)
    for process in processes:
        assert process.end() == 0, process.err
        assert "Traceback" not in process.err
        assert "failed" not in process.err


def assert_each_once(case: Case) -> None:
    verdict = case.verdict()
    assert verdict.right, verdict.faults
    assert verdict.states == {"sent": READERS}
    assert case.provider.attempts == case.provider.requests == ALL


def test_a_letter_goes_out_by_itself_once_it_is_due(case: Case) -> None:
    due = comes_due(case)
    served = serve(case, due - timedelta(seconds=2))
    until(lambda: case.status() == "sent")
    end(served)
    assert_each_once(case)


def test_told_to_end_it_ends_after_the_batch_in_flight_and_the_next_run_goes_on(case: Case) -> None:
    due = comes_due(case)
    case.provider.meanwhile = gate = Gate(3)
    served = serve(case, due)
    gate.reached()
    served.signal(signal.SIGTERM)
    gate.open()
    end(served)
    assert case.provider.requests < ALL
    assert case.status() == "sending"
    assert case.start("run", clock=due + timedelta(minutes=5)).end() == 0
    assert case.status() == "sent"
    assert_each_once(case)


def test_killed_midway_it_is_followed_by_one_that_goes_on(case: Case) -> None:
    due = comes_due(case)
    case.provider.meanwhile = gate = Gate(3)
    served = serve(case, due)
    gate.reached()
    assert served.kill()
    gate.open()
    served = serve(case, due + timedelta(minutes=1))
    until(lambda: case.status() == "sent")
    end(served)
    verdict = case.verdict()
    assert verdict.right, verdict.faults
    assert verdict.states["sent"] >= READERS - BATCH


@pytest.fixture
def fleet(
    practice: Callable[..., Practice], postgresql_place: Place, chance: random.Random
) -> Iterator[Case]:
    made = practice(postgresql_place, readers=READERS, batch=BATCH, approved=False, timeout=LONGEST)
    with made.case(MoodySendGrid(chance, pace=0.05)) as case:
        yield case


def test_of_two_one_schedules_and_the_other_takes_over_when_it_is_killed(fleet: Case) -> None:
    due = comes_due(fleet)
    leader = serve(fleet, due - timedelta(days=1))
    until(lambda: leads(fleet))
    # By its clock the letter is due: it would send if it did not stand by.
    other = serve(fleet, due)
    time.sleep(1)
    assert fleet.provider.attempts == 0
    assert leader.kill()
    until(lambda: fleet.status() == "sent")
    end(other)
    assert_each_once(fleet)


def test_beside_cron_staff_workers_and_another_it_hands_everyone_over_once(fleet: Case) -> None:
    due = comes_due(fleet)
    servers = [serve(fleet, due), serve(fleet, due)]
    worker = fleet.start("worker", clock=due)
    crowd = [fleet.start("run", clock=due) for _ in range(3)]
    until(lambda: fleet.status() in ("approved", "sending", "sent"))
    crowd.append(fleet.start("send", SLUG, clock=due))
    until(lambda: fleet.status() == "sent")
    for one in crowd:
        assert one.end() in (0, 1), one.err
        assert "Traceback" not in one.err
    end(*servers, worker)
    assert_each_once(fleet)


# Who leads


def test_one_leads_until_it_gives_up(database: Database, database_url: str) -> None:
    with (
        closing(Database(database_url)) as elsewhere,
        Leadership(database) as one,
        Leadership(elsewhere) as other,
    ):
        assert one.take()
        assert not other.take()
        assert one.take(), "it goes on leading"
        one.give_up()
        until(other.take)  # a server takes a moment to notice that a connection is gone
        assert not one.take()


def test_who_lost_the_connection_leads_no_more(new_postgresql_database: Callable[[], str]) -> None:
    url = new_postgresql_database()
    cut = text(
        "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database ON oid = database "
        "WHERE datname = current_database() AND locktype = 'advisory' AND granted"
    )
    server = create_engine(make_url(url), isolation_level="AUTOCOMMIT")
    with (
        closing(Database(url)) as here,
        closing(Database(url)) as elsewhere,
        Leadership(here) as one,
        Leadership(elsewhere) as other,
    ):
        assert one.take()
        with server.connect() as connection:
            connection.execute(cut)
        until(other.take)
        assert not one.take()
        other.give_up()
        until(one.take)
    server.dispose()


# Ticks


@pytest.fixture
def blog() -> Iterator[Blog]:
    long_ago = Item("Long ago", MONDAY - timedelta(days=200))
    with Blog([Item("A calm morning", MONDAY - timedelta(days=1)), long_ago]) as served:
        yield served


@pytest.fixture
def travel() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def scheduler(
    sqlite_database: Database, tmp_path: Path, blog: Blog, travel: time_machine.Traveller
) -> Scheduler:
    """Of a practice with two readers; it ticks when the test says so."""
    subscribe(sqlite_database, 2)
    made = Scheduler(installation(sqlite_database, tmp_path, blog.url), Stop())
    made.tick()
    return made


def outbox(folder: Path) -> int:
    return len(list((folder / "outbox").glob("*.eml")))


def test_downtime_is_caught_up_once_within_a_day(
    scheduler: Scheduler, tmp_path: Path, travel: time_machine.Traveller
) -> None:
    travel.move_to(DUE + timedelta(hours=23))
    scheduler.tick()
    scheduler.tick()
    assert outbox(tmp_path) == 2


def test_downtime_of_more_than_a_day_is_reported_and_left_to_staff(
    scheduler: Scheduler, sqlite_database: Database, tmp_path: Path, travel: time_machine.Traveller
) -> None:
    travel.move_to(DUE + timedelta(hours=25))
    scheduler.tick()
    with sqlite_database.read() as connection:
        reason = connection.execute(text("SELECT reason FROM editions WHERE status = 'skipped'")).scalar_one()
    assert "missed by more than a day" in reason
    assert outbox(tmp_path) == 0


def test_the_feeds_are_read_in_between(
    scheduler: Scheduler, sqlite_database: Database, blog: Blog, travel: time_machine.Traveller
) -> None:
    scheduler.tick()
    withdrawn = select(posts.c.title).where(posts.c.withdrawn_at.is_not(None))
    del blog.items[0]
    travel.shift(timedelta(hours=1))
    scheduler.tick()
    with sqlite_database.read() as connection:
        assert list(connection.scalars(withdrawn)) == ["A calm morning"]


def test_a_feed_that_fails_when_the_letter_is_due_is_not_asked_at_every_tick(
    scheduler: Scheduler, blog: Blog, travel: time_machine.Traveller
) -> None:
    travel.move_to(DUE)
    scheduler.tick()
    blog.status = 404
    travel.move_to(DUE + timedelta(days=7))
    before = blog.requests
    for _ in range(5):
        scheduler.tick()
    assert blog.requests == before + 1


def test_it_has_no_trouble_while_it_ticks_or_stands_by(
    scheduler: Scheduler, sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert scheduler.problem() is None
    other = Scheduler(installation(sqlite_database, tmp_path, "http://127.0.0.1:1/feed"), Stop())
    other.tick()
    assert other.problem() is None
    later = clock.uptime() + SILENCE + 1
    monkeypatch.setattr(clock, "uptime", lambda: later)
    assert str(other.problem()).startswith("nothing has looked at what is due for ")


def test_a_database_that_is_away_is_a_trouble_until_it_is_back(
    sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.schedule.scheduler.TICK", 0.05)
    folder = tmp_path / "disk"
    with (
        closing(Database(f"sqlite:///{folder}/rapport.db")) as away,
        Scheduler(installation(away, folder, "http://127.0.0.1:1/feed"), Stop()) as started,
    ):
        until(started.problem)
        assert str(started.problem()).startswith("the last look at what is due failed: No such file")
        folder.mkdir()
        shutil.copyfile(sqlite_template, folder / "rapport.db")
        until(lambda: started.problem() is None)


def test_of_further_web_processes_each_keeps_up_and_none_sends(
    scheduler: Scheduler, sqlite_database: Database, tmp_path: Path, travel: time_machine.Traveller
) -> None:
    travel.move_to(DUE)
    installed = installation(sqlite_database, tmp_path, "http://127.0.0.1:1/feed")
    with sqlite_database.write() as connection:
        signup.ask(connection, "new@example.net", digests=["weekly"], wording="Yes", source="test")
    with Scheduler(installed, Stop(), sends=False):
        until(lambda: outbox(tmp_path))
    (mail,) = (tmp_path / "outbox").glob("*.eml")
    assert "new@example.net" in mail.read_text()


@pytest.mark.parametrize("by", [timedelta(hours=-3), timedelta(days=20)], ids=["back", "ahead"])
def test_a_clock_that_is_set_makes_it_look_at_once(
    sqlite_database: Database,
    tmp_path: Path,
    travel: time_machine.Traveller,
    monkeypatch: pytest.MonkeyPatch,
    by: timedelta,
) -> None:
    looked: list[Installation] = []
    monkeypatch.setattr("pipeline.schedule.scheduler.maintain", lambda made, stop: looked.append(made))
    installed = installation(sqlite_database, tmp_path, "http://127.0.0.1:1/feed")
    with Scheduler(installed, Stop(), sends=False) as scheduler:
        until(lambda: looked)
        before = len(looked)

        def looks() -> bool:
            travel.shift(by)  # more than once, should the first look not be quite over
            scheduler.follow_clock()
            return len(looked) > before

        until(looks)
