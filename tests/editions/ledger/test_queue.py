"""Workers are called in the transaction that has work for them, and never more of them than one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import time_machine
from sqlalchemy.event import listen

from pipeline.core.sections.delivery import Delivery
from pipeline.delivery.events import take as take_events
from pipeline.editions import course, find, states
from pipeline.editions.ledger import doubt, queue, recipients
from pipeline.providers.events import Kind
from tests.doubles.sendgrid import EventWebhook
from tests.editions.ledger.jobs import called_for, take, waiting
from tests.installations import installation, run_one
from tests.ledgers import AT, Left, attempt, event, handed_over

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

    from pipeline.core.database import Database


@pytest.fixture
def database(postgresql_database: Database) -> Database:
    """PostgreSQL alone has a queue."""
    return postgresql_database


def test_a_call_is_part_of_the_transaction(database: Database) -> None:
    with database.engine.connect() as connection:
        queue.call(connection, 7)
        connection.rollback()
    assert called_for(database) == []
    with database.write() as connection:
        queue.call(connection, 7)
    assert called_for(database) == [7]


def test_one_job_waits_for_an_edition_however_often_it_is_called_for(database: Database) -> None:
    with database.write() as connection:
        for edition in (7, 7, 8, 7):
            queue.call(connection, edition)
        assert queue.is_called(connection, 8)
        assert not queue.is_called(connection, 9)
    assert called_for(database) == [7, 8]
    assert [take(database), take(database), take(database)] == [7, 8, None]
    with database.write() as connection:
        queue.call(connection, 7)
    assert called_for(database) == [7], "those under way do not count"


def test_a_job_that_waits_already_is_not_taken_before_the_caller_has_committed(database: Database) -> None:
    with database.write() as connection:
        queue.call(connection, 7)
    with database.write() as connection:
        queue.call(connection, 7)
        assert take(database) is None, "its taker would not see what the caller wrote"
    assert take(database) == 7


def test_after_a_failure_it_rests_unless_somebody_calls_for_it_anew(database: Database) -> None:
    with database.write() as connection:
        queue.call(connection, 7, failures=2, rest=30)
    (job,) = waiting(database)
    assert job.args == {"edition": 7, "failures": 2}
    assert 25 < job.rest <= 30
    assert take(database) is None
    with database.write() as connection:
        queue.call(connection, 7)
    assert take(database) == 7


def test_where_there_is_no_fleet_nothing_is_called(sqlite_database: Database) -> None:
    asked: list[object] = []
    with sqlite_database.write() as connection:
        listen(connection, "before_cursor_execute", lambda *given: asked.append(given[2]))
        queue.call(connection, 7)
        assert asked == []


def test_resuming_an_edition_calls_for_it(database: Database) -> None:
    with database.write() as connection:
        handed_over(connection, 1, [Left("waiting")], status="paused")
        states.resume(connection, "weekly-1")
    assert called_for(database) == [1]


def test_what_was_in_doubt_and_is_sent_again_is_called_for(database: Database) -> None:
    with database.write() as connection:
        person, *_ = handed_over(connection, lots=[Left("sent"), Left("uncertain")])
        told = [event(Kind.DELIVERED, person, batch=attempt(1, 0))]
        take_events(connection, told, "SendGrid", Delivery())
        assert doubt.again(connection, 1, AT + doubt.SILENCE) == 1
    assert called_for(database) == [1]


def test_an_edition_is_called_for_in_the_transaction_that_makes_it_sending(database: Database) -> None:
    with database.write() as connection:
        handed_over(connection, 1, [Left("waiting")], status="approved", snapshot_at=None)
        edition = find.by_slug(connection, "weekly-1")

    def begin(connection: Connection, edition_id: int) -> None:
        course.begin_sending(connection, edition_id)
        assert called_for(database) == []

    assert recipients.take(database, edition, AT.date(), 2, AT, begin)
    assert called_for(database) == [1]


def test_a_run_calls_workers_to_what_it_sends_again(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENDGRID_API_KEY", "SG.a-key")
    sendgrid = {"api_url": "http://127.0.0.1:1", "webhook_public_key": EventWebhook().public_key}
    delivery = {"provider": "sendgrid", "sendgrid": sendgrid, "on_uncertain": "resend"}
    installed = installation(database, tmp_path, "http://127.0.0.1:1/feed", delivery=delivery)
    with database.write() as connection:
        person, *_ = handed_over(connection, lots=[Left("sent"), Left("uncertain")])
        told = [event(Kind.DELIVERED, person, batch=attempt(1, 0))]
        take_events(connection, told, "SendGrid", Delivery())
    with time_machine.travel(AT + doubt.SILENCE, tick=False):
        run_one(installed)
    assert called_for(database) == [1]
