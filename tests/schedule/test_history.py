"""What is kept of runs, and the call after each that went well."""

from __future__ import annotations

import logging
import socket
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from pipeline.core.sections.digest import Digest
from pipeline.core.sections.installation import Staff
from pipeline.editions import states
from pipeline.editions.lock import lock
from pipeline.schedule import heartbeat, history
from pipeline.schedule.result import RunResult
from subscribers.tables import asked
from tests.doubles.blog import Blog, Item
from tests.doubles.local_server import LocalServer
from tests.doubles.sendgrid import Answer, StrictSendGrid
from tests.installations import installation, run_all, run_one, subscribe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Row

    from pipeline.core.app import Installation
    from pipeline.core.database import Database

MONDAY = datetime(2026, 11, 23, 15, tzinfo=UTC)
SECRET_PATH = "/ping/a-secret-of-the-practice"


@dataclass
class Monitor:
    """A service that takes heartbeats."""

    status: int = 200
    calls: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""

    @contextmanager
    def serving(self) -> Iterator[Monitor]:
        monitor = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                monitor.calls.append((self.command, self.path))
                self.send_response(monitor.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                pass

        server = LocalServer(Handler)
        server.start()
        self.url = f"http://127.0.0.1:{server.server_address[1]}{SECRET_PATH}"
        try:
            yield self
        finally:
            server.stop()


@pytest.fixture
def monitor() -> Iterator[Monitor]:
    with Monitor().serving() as served:
        yield served


@pytest.fixture
def blog() -> Iterator[Blog]:
    with Blog([Item("A calm morning", MONDAY - timedelta(days=1))]) as served:
        yield served


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


def practice(database: Database, folder: Path, blog: Blog, **sections: Any) -> Installation:
    subscribe(database, 2)
    return installation(database, folder, blog.url, **sections)


def last(database: Database, digest: str = "weekly") -> Row[Any]:
    with database.read() as connection:
        found = history.last(connection, [Digest(name=digest)])[digest]
    assert found is not None
    return found


# What is kept


def test_the_last_run_is_kept_with_since_when_they_fail(
    database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    installed = practice(database, tmp_path, blog)
    written, blog.items = blog.items, []
    run_one(installed)
    good = last(database)
    assert (good.outcome, good.at, good.good_at, good.failing_since) == ("not_due", MONDAY, MONDAY, None)
    blog.status = 500
    for hours in (1, 2):
        clock.move_to(MONDAY + timedelta(hours=hours))
        assert run_one(installed, at_once=True).outcome == "failed"
    bad = last(database)
    assert (bad.outcome, bad.at, bad.good_at) == ("failed", MONDAY + timedelta(hours=2), MONDAY)
    assert bad.failing_since == MONDAY + timedelta(hours=1)
    assert "500" in bad.reason
    assert bad.run != good.run
    blog.status, blog.items = 200, written
    clock.move_to(MONDAY + timedelta(hours=3))
    assert run_one(installed, at_once=True).outcome == "sent"
    assert last(database).failing_since is None


def test_who_found_another_process_at_it_leaves_the_word_to_that_one(
    database: Database, tmp_path: Path, blog: Blog
) -> None:
    installed = practice(database, tmp_path, blog)
    run_one(installed)
    with lock(database, "weekly"):
        assert run_one(installed).outcome == "busy"
    assert last(database).outcome == "not_due"


def test_a_digest_that_is_configured_no_more_is_not_remembered(database: Database) -> None:
    both, one = [Digest(name="weekly"), Digest(name="groups")], [Digest(name="groups")]
    for digests in (both, one):
        ran = [RunResult(digest.name, "not_due", None, "", "") for digest in digests]
        with database.write() as connection:
            history.remember(connection, "a1", ran, digests)
    with database.read() as connection:
        kept = history.last(connection, both)
    assert {name: row is not None for name, row in kept.items()} == {"weekly": False, "groups": True}


# The heartbeat


def test_it_is_called_once_after_each_good_run(
    sqlite_database: Database, tmp_path: Path, blog: Blog, monitor: Monitor
) -> None:
    digests = [{"name": "weekly"}, {"name": "groups"}]
    installed = practice(
        sqlite_database, tmp_path, blog, staff={"heartbeat_url": monitor.url}, digests=digests
    )
    run_all(installed)
    assert monitor.calls == [("GET", SECRET_PATH)]
    assert run_all(installed, at_once=True)[0].outcome == "sent"
    assert monitor.calls == [("GET", SECRET_PATH)] * 2


def test_it_is_not_called_when_a_digest_failed_though_others_went_well(
    sqlite_database: Database, tmp_path: Path, blog: Blog, monitor: Monitor
) -> None:
    digests = [{"name": "weekly"}, {"name": "groups", "subject": "{{ nonsense }}"}]
    installed = practice(
        sqlite_database, tmp_path, blog, staff={"heartbeat_url": monitor.url}, digests=digests
    )
    assert [ran.outcome for ran in run_all(installed, at_once=True)] == ["sent", "failed"]
    assert monitor.calls == []


def test_it_is_not_called_while_a_letter_stands_stopped_by_trouble(
    sqlite_database: Database,
    tmp_path: Path,
    blog: Blog,
    monitor: Monitor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with StrictSendGrid() as sendgrid:
        monkeypatch.setenv("SENDGRID_API_KEY", sendgrid.key)
        delivery = {
            "provider": "sendgrid", "probe_public_url": False, "sendgrid": {"api_url": sendgrid.url},
        }  # fmt: skip
        staff = {"heartbeat_url": monitor.url}
        installed = practice(sqlite_database, tmp_path, blog, delivery=delivery, staff=staff)
        sendgrid.faults.append(Answer(401))
        assert run_one(installed, at_once=True).outcome == "paused"
        assert run_one(installed).outcome == "paused"
        assert monitor.calls == []
        with sqlite_database.write() as connection:
            states.resume(connection, "weekly-1")
            states.pause(connection, "weekly-1")
        assert run_one(installed).outcome == "paused"
        assert len(monitor.calls) == 1, "staff paused it themselves: all is well"


def test_it_is_not_called_while_staff_could_not_be_told_of_something(
    sqlite_database: Database,
    tmp_path: Path,
    blog: Blog,
    monitor: Monitor,
    monkeypatch: pytest.MonkeyPatch,
    clock: time_machine.Traveller,
) -> None:
    with StrictSendGrid() as sendgrid:
        monkeypatch.setenv("SENDGRID_API_KEY", sendgrid.key)
        installed = practice(
            sqlite_database, tmp_path, blog,
            delivery={"provider": "sendgrid", "sendgrid": {"api_url": sendgrid.url}},
            staff={"heartbeat_url": monitor.url, "emails": ["editor@example.org"]},
        )  # fmt: skip
        run_one(installed)
        clock.move_to(MONDAY + timedelta(days=5))  # over the due time, and a day more
        sendgrid.faults.append(Answer(401))
        assert run_one(installed).outcome == "skipped"
        assert len(monitor.calls) == 1
        run_one(installed)
        assert len(monitor.calls) == 1, "the notice is tried again after an hour only"
        clock.shift(timedelta(hours=1))
        run_one(installed)
        assert len(monitor.calls) == 2
        assert [mail.subject for mail in sendgrid.deliveries] == [
            "The Weekly Letter: weekly: no letter on November 26, 2026, 9:00 AM"
        ]


def test_it_is_not_called_when_maintenance_failed(
    sqlite_database: Database, tmp_path: Path, blog: Blog, monitor: Monitor
) -> None:
    installed = practice(sqlite_database, tmp_path, blog, staff={"heartbeat_url": monitor.url})
    with sqlite_database.write() as connection:
        asked.drop(connection)
    assert run_one(installed).outcome == "not_due"
    assert monitor.calls == []


@pytest.mark.parametrize("status", [404, 500])
def test_an_answer_that_is_no_success_is_logged_without_the_address(
    monitor: Monitor, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    monitor.status = status
    heartbeat.beat(Staff(heartbeat_url=monitor.url))
    assert f"127.0.0.1 answered {status}" in caplog.text
    assert "secret" not in caplog.text


def test_a_call_that_nobody_answers_ends_in_time_and_fails_no_run(
    sqlite_database: Database,
    tmp_path: Path,
    blog: Blog,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(heartbeat, "TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        staff = {"heartbeat_url": f"http://127.0.0.1:{port}{SECRET_PATH}"}
        ran = run_one(practice(sqlite_database, tmp_path, blog, staff=staff))
    assert (ran.outcome, ran.went_wrong) == ("not_due", False)
    (record,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert record.getMessage() == "The heartbeat address at 127.0.0.1 could not be called: ReadTimeout."
