"""What a worker does with a call: for how long, who is called next, and which editions are looked after."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from pipeline.core.errors import ProviderError, StoppedError
from pipeline.core.signals import Stop
from pipeline.core.tables.ledger import batches
from pipeline.delivery.workers import jobs
from pipeline.delivery.workers.jobs import Turn, look_after, work_on
from pipeline.editions import course
from pipeline.editions.ledger import queue
from subscribers import clock
from tests.editions.ledger.jobs import called_for, take, waiting
from tests.installations import installation
from tests.ledgers import Left, handed_over

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pipeline.core.app import Installation
    from pipeline.core.database import Database


@pytest.fixture
def installed(database: Database, tmp_path: Path) -> Installation:
    return installation(database, tmp_path, "https://example.org/feed")


@pytest.fixture
def delivering(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], None]:
    """Has handing over do something else: here it matters only how that ends."""

    def do(instead: Callable[[], Any]) -> None:
        monkeypatch.setattr(jobs, "deliver", lambda *arguments, **named: instead())

    return do


def standing(database: Database, *lots: Left, status: str = "sending", **values: Any) -> None:
    with database.write() as connection:
        handed_over(connection, 1, lots, status=status, finished_at=None, **values)


def all_sent(database: Database) -> Any:
    with database.write() as connection:
        connection.execute(update(batches).values(state="sent"))
        return course.finish(connection, 1)


def refuse() -> None:
    raise ProviderError("The provider keeps refusing: busy", "Wait.")


def test_whoever_begins_calls_the_next_one_first(
    installed: Installation, delivering: Callable[[Callable[[], Any]], None]
) -> None:
    standing(installed.database, Left("waiting"))
    called: list[int] = []

    def deliver() -> Any:
        called.extend(called_for(installed.database))
        assert take(installed.database) == 1
        return all_sent(installed.database)

    delivering(deliver)
    work_on(installed, 1, 0, Stop())
    assert called == [1]
    assert called_for(installed.database) == [], "nothing is left to do"


def test_at_the_end_of_a_turn_the_rest_is_called_for(
    installed: Installation, delivering: Callable[[Callable[[], Any]], None]
) -> None:
    standing(installed.database, Left("waiting"))

    def turn_ends() -> None:
        take(installed.database)
        raise StoppedError("Stopped after the batch in flight.", "", 0)

    delivering(turn_ends)
    work_on(installed, 1, 0, Stop())
    (job,) = waiting(installed.database)
    assert (job.args, job.rest) == ({"edition": 1, "failures": 0}, None)


def test_after_a_failure_one_alone_tries_again_later_and_later(
    installed: Installation,
    delivering: Callable[[Callable[[], Any]], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    standing(installed.database, Left("waiting"))
    delivering(refuse)
    rests = []
    for failures in range(6):
        work_on(installed, 1, failures, Stop())
        (job,) = waiting(installed.database)
        assert job.args["failures"] == failures + 1
        rests.append(round(job.rest))
    assert rests == [5, 10, 20, 40, 60, 60]
    assert "keeps refusing" in caplog.text
    assert "Traceback" not in caplog.text


def test_an_edition_that_the_provider_stopped_is_left_to_staff(
    installed: Installation, delivering: Callable[[Callable[[], Any]], None]
) -> None:
    standing(installed.database, Left("waiting"), status="paused")
    delivering(refuse)
    work_on(installed, 1, 0, Stop())
    assert called_for(installed.database) == []


def test_a_turn_ends_with_its_time_or_with_the_worker_and_cuts_no_wait_short() -> None:
    stop = Stop()
    over, fresh = Turn(stop, 0), Turn(stop, 60)
    assert over()
    assert not fresh()
    began = clock.uptime()
    over.sleep(0.1)
    assert clock.uptime() - began >= 0.1
    teller = threading.Timer(0.05, stop.ask, (15,))
    teller.start()
    fresh.sleep(60)
    assert fresh(), "the worker was told to end while it slept"
    assert clock.uptime() - began < 30
    teller.join()


GONE = Left("sending")
LATER = timedelta(minutes=5)


@pytest.mark.parametrize(
    ("lots", "status"),
    [
        ([Left("waiting")], "sending"),
        ([Left("sent"), GONE], "sending"),
        ([Left("sent"), Left("uncertain")], "sending"),
    ],
    ids=["its job was lost", "the last batch is of one who is gone", "nobody said that it is sent"],
)
def test_who_needs_workers_and_has_none_coming_is_called_for(
    database: Database, lots: list[Left], status: str
) -> None:
    standing(database, *lots, status=status)
    look_after(database)
    assert called_for(database) == [1]


@pytest.mark.parametrize("status", ["paused", "cancelled", "approved", "draft"])
def test_who_is_not_being_sent_needs_nobody(database: Database, status: str) -> None:
    standing(database, Left("waiting"), status=status)
    look_after(database)
    assert called_for(database) == []


def test_whose_people_were_put_off_needs_workers_once_their_time_has_come(database: Database) -> None:
    standing(database, Left("sent"), Left("waiting"))
    for due, called in ((clock.now() + LATER, []), (clock.now() - LATER, [1])):
        with database.write() as connection:
            connection.execute(update(batches).where(batches.c.state == "waiting").values(next_try=due))
        look_after(database)
        assert called_for(database) == called


def test_what_is_to_be_sent_again_of_a_letter_that_is_sent_needs_workers(database: Database) -> None:
    with database.write() as connection:
        handed_over(connection, 1, [Left("sent"), Left("waiting")], finished_at=clock.now() - LATER)
        handed_over(connection, 2, [Left("sent")], finished_at=clock.now() - LATER)
    look_after(database)
    assert called_for(database) == [1]


def test_what_somebody_has_under_way_is_left_to_them(database: Database) -> None:
    standing(database, Left("sent"), Left("sending"))
    with database.write() as connection:
        connection.execute(update(batches).where(batches.c.state == "sending").values(owner="owner-alive"))
    with database.alive("owner-alive"):
        look_after(database)
        assert called_for(database) == []
    look_after(database)
    assert called_for(database) == [1]


def test_an_edition_that_rests_after_a_failure_is_left_to_rest(database: Database) -> None:
    standing(database, Left("waiting"))
    with database.write() as connection:
        queue.call(connection, 1, failures=3, rest=20)
    look_after(database)
    (job,) = waiting(database)
    assert job.rest > 10
