"""Real workers, sharing an edition: killed, stopped, told to end, and cut off from their database."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.engine import make_url

from pipeline.cli import main
from pipeline.core.tables.ledger import batches
from tests import commands
from tests.torture.launcher import KILLED
from tests.torture.practice import SLUG
from tests.torture.provider import MoodySendGrid
from tests.waiting import LONGEST, Gate, until

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

    from tests.torture.launcher import Process
    from tests.torture.practice import Case, Place, Practice

pytest_plugins = ["tests.torture.fixture"]

READERS, BATCH = 60, 2


@pytest.fixture
def case(practice: Callable[..., Practice], postgresql_place: Place, chance: random.Random) -> Iterator[Case]:
    """Thirty requests, each of which takes a twentieth of a second or so."""
    made = practice(postgresql_place, readers=READERS, batch=BATCH, timeout=LONGEST)
    with made.case(MoodySendGrid(chance, pace=0.05)) as case:
        yield case


def begin(case: Case) -> None:
    """Leave the edition as a `send` that died right after it had begun: one batch was in flight."""
    death = {"at": "request", "after": False, "number": 1}
    assert case.start("send", SLUG, death=death).end() == KILLED
    assert case.status() == "sending"


def in_state(case: Case, state: str) -> int:
    with case.database() as database, database.read() as connection:
        query = select(func.count()).select_from(batches).where(batches.c.state == state)
        return int(connection.execute(query).scalar_one())


def owners(case: Case) -> set[str]:
    with case.database() as database, database.read() as connection:
        return set(connection.scalars(select(batches.c.owner)))


def assert_right(case: Case, *, doubtful: int) -> None:
    """Nobody twice, nobody lost, and this many at most are in doubt."""
    verdict = case.verdict()
    assert verdict.right, verdict.faults
    assert verdict.states["sent"] + verdict.states["uncertain"] == READERS
    assert verdict.states["uncertain"] <= doubtful


def end(*workers: Process) -> None:
    for worker in workers:
        worker.signal(signal.SIGTERM)
    for worker in workers:
        assert worker.end() == 0, worker.err
        assert "Traceback" not in worker.err


def test_two_workers_share_an_edition_and_finish_it_without_whoever_began_it(case: Case) -> None:
    begin(case)
    case.provider.meanwhile = gate = Gate(1)
    workers = [case.start("worker"), case.start("worker")]
    until(lambda: case.provider.attempts == 2)  # each has one under way
    gate.open()
    until(lambda: case.status() == "sent")
    assert len(owners(case)) == 3, "the one who began, and both workers"
    end(*workers)
    assert all(worker.out.startswith("Waiting for editions in ") for worker in workers)
    assert_right(case, doubtful=BATCH)
    assert case.provider.requests == READERS / BATCH - 1, "what was in flight is not sent again"


def test_when_a_worker_is_killed_with_a_batch_in_flight_another_goes_on(case: Case) -> None:
    begin(case)
    death = {"at": "request", "after": True, "number": 5}
    assert case.start("worker", death=death).end() == KILLED
    other = case.start("worker")
    until(lambda: case.status() == "sent")
    end(other)
    assert_right(case, doubtful=2 * BATCH)


def test_a_worker_that_is_stopped_past_its_lease_and_goes_on_doubles_nothing(case: Case) -> None:
    begin(case)
    constants = {
        "pipeline.delivery.batch_sender.LEASE": 1.0,
        "pipeline.core.database.IDLE_LIMIT": 0.5,
        "pipeline.delivery.workers.process.IDLE_LIMIT": 0.5,
        "pipeline.delivery.workers.process.SILENCE": 2.0,
    }
    case.provider.meanwhile = gate = Gate(5)
    sleeper = case.start("worker", constants=constants)
    gate.reached()
    sleeper.signal(signal.SIGSTOP)
    gate.open()
    other = case.start("worker", constants=constants)
    until(lambda: in_state(case, "waiting") == 0 and in_state(case, "sending") == 1)
    time.sleep(2.5)  # so long that its job, too, is taken for lost
    # Nobody can know what a living process will do next: what it holds is neither sent again nor given up.
    assert (case.status(), in_state(case, "sending")) == ("sending", 1)
    assert_nobody_twice(case)
    sleeper.signal(signal.SIGCONT)
    until(lambda: case.status() == "sent")
    end(sleeper, other)
    assert_right(case, doubtful=2 * BATCH)


def assert_nobody_twice(case: Case) -> None:
    assert max(case.provider.accepted.values()) == 1


def test_told_to_end_a_worker_ends_after_the_batch_in_flight_and_another_joins(case: Case) -> None:
    begin(case)
    case.provider.meanwhile = gate = Gate(3)
    first = case.start("worker")
    gate.reached()
    first.signal(signal.SIGTERM)
    gate.open()
    end(first)
    handed_over = case.provider.requests
    assert handed_over < READERS / BATCH - 1
    later = case.start("worker")
    until(lambda: case.status() == "sent")
    end(later)
    assert_right(case, doubtful=BATCH)


def test_a_paused_edition_is_let_go_and_a_resumed_one_is_worked_on(case: Case) -> None:
    begin(case)
    case.provider.meanwhile = gate = Gate(3)
    worker = case.start("worker")
    gate.reached()
    assert case.start("editions", "pause", SLUG).end() == 0
    gate.open()
    until(lambda: in_state(case, "sending") <= 1)
    handed_over = case.provider.requests
    assert case.start("editions", "resume", SLUG).end() == 0
    until(lambda: case.status() == "sent")
    end(worker)
    assert READERS / BATCH - 1 == case.provider.requests > handed_over
    assert_right(case, doubtful=BATCH)


def test_a_worker_that_lost_its_database_comes_back(case: Case, postgresql: str) -> None:
    begin(case)
    case.provider.meanwhile = gate = Gate(3)
    worker = case.start("worker")
    gate.reached()
    server = create_engine(postgresql, isolation_level="AUTOCOMMIT")
    every = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
    with server.connect() as connection:
        connection.execute(text(every), {"name": make_url(case.url).database})
    server.dispose()
    gate.open()
    until(lambda: case.status() == "sent")
    assert worker.running
    end(worker)
    assert_right(case, doubtful=2 * BATCH)


@pytest.mark.installed
def test_the_installed_command_waits_until_it_is_told_to_end(case: Case) -> None:
    worker = subprocess.Popen(
        [commands.command(), "worker", "--json"],
        cwd=case.folder,
        env=os.environ | case.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout
    assert worker.stdout.readline().startswith('{"database": "')
    worker.send_signal(signal.SIGINT)
    assert worker.wait(LONGEST) == 0


def test_without_postgresql_there_is_no_fleet(
    practice: Callable[..., Practice], sqlite_place: Place, chance: random.Random
) -> None:
    alone = practice(sqlite_place, readers=1, batch=1)
    with alone.case(MoodySendGrid(chance)) as case:
        refused = case.start("worker")
        assert refused.end() == 2
        assert "Workers share a PostgreSQL database" in refused.err
        assert "rapport run" in refused.err


def test_without_the_job_engine_the_remedy_is_named(
    case: Case, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in case.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(case.folder)
    monkeypatch.delitem(sys.modules, "pipeline.delivery.workers.process", raising=False)
    monkeypatch.setitem(sys.modules, "procrastinate", None)
    assert main(["worker"]) == 2
    assert "pip install 'rapport[postgresql]'" in capsys.readouterr().err
