"""Several requests under way at once: as many as the provider takes, and each promise as with one."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from pipeline.core.errors import ProviderError, StoppedError
from pipeline.core.signals import Stop
from pipeline.delivery import batch_sender
from pipeline.delivery.requests import Requests
from pipeline.editions.ledger import claims
from pipeline.letter.personal import Links
from pipeline.providers import BatchResult, Result
from subscribers import directory
from subscribers.tables import subscribers
from subscribers.tokens import Tokens
from tests.delivery.test_batch_sender import CONFIG, Sleepless, delivery, reread
from tests.editions.ledger.moves import AT, counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipeline.core.database import Database
    from pipeline.editions.edition import Edition
    from pipeline.providers import Batch, Message

pytestmark = pytest.mark.databases("sqlite")  # on both where the database has a part in it

ACCEPTED = BatchResult(Result.ACCEPTED)
TOGETHER = 10.0
"""Seconds in which requests that are under way together must have met."""


class Crowd:
    """Takes ``parallel`` batches at once. ``answer`` is given the place of a batch, from 0, and says what
    becomes of it. With ``meets`` the first so many requests are answered only when all of them have come."""

    max_batch = 1000

    def __init__(
        self, parallel: int, answer: Callable[[int], BatchResult] = lambda place: ACCEPTED, meets: int = 0
    ) -> None:
        self.parallel = parallel
        self.batches: list[Batch] = []
        self.most = 0
        self._answer, self._meets = answer, meets
        self._met = threading.Barrier(max(meets, 1))
        self._under_way = 0
        self._lock = threading.Lock()

    def send(self, message: Message, batch: Batch) -> BatchResult:
        with self._lock:
            place = len(self.batches)
            self.batches.append(batch)
            self._under_way += 1
            self.most = max(self.most, self._under_way)
        if place < self._meets:
            self._met.wait(TOGETHER)
        try:
            return self._answer(place)
        finally:
            with self._lock:
                self._under_way -= 1

    def settle(self, message: Message, batch: Batch) -> None:
        pass

    def close(self) -> None:
        pass

    @property
    def people(self) -> list[int]:
        return sorted(person.subscriber for batch in self.batches for person in batch.recipients)


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(batch_sender, "FIRST_WAIT", 0.0)
    return


@pytest.mark.databases("sqlite", "postgresql")
def test_as_many_batches_are_under_way_at_once_as_the_provider_takes(
    database: Database, edition: Edition
) -> None:
    crowd = Crowd(2, meets=2)
    assert delivery(database, crowd).run(edition).status == "sent"
    assert (len(crowd.batches), crowd.most) == (3, 2)
    assert len(crowd.people) == len(set(crowd.people)) == 5
    assert len({batch.id for batch in crowd.batches}) == 3
    assert counted(database, edition) == {"total": 5, "sent": 5}


def test_no_more_requests_are_made_than_there_are_batches(database: Database, edition: Edition) -> None:
    crowd = Crowd(50, meets=3)
    assert delivery(database, crowd).run(edition).status == "sent"
    assert len(crowd.batches) == 3


@pytest.mark.databases("sqlite", "postgresql")
def test_told_to_stop_it_ends_after_all_that_are_in_flight(database: Database, edition: Edition) -> None:
    stop = Stop()

    def answer(place: int) -> BatchResult:
        stop.ask(15)
        return ACCEPTED

    with pytest.raises(StoppedError, match="4 of 5"):
        delivery(database, Crowd(2, answer, meets=2), stop=stop).run(edition)
    assert counted(database, edition) == {"total": 5, "sent": 4, "waiting": 1}


def test_what_one_answer_says_of_all_stops_the_rest_and_loses_no_answer_of_those_under_way(
    database: Database, edition: Edition
) -> None:
    bad_key = BatchResult(Result.STOP, "the key was refused")
    crowd = Crowd(3, lambda place: bad_key if place == 0 else ACCEPTED, meets=3)
    with pytest.raises(ProviderError, match="is paused: the key was refused"):
        delivery(database, crowd).run(edition)
    assert reread(database, edition).status == "paused"
    waiting = len(crowd.batches[0].recipients)
    assert counted(database, edition) == {"total": 5, "sent": 5 - waiting, "waiting": waiting}


def test_requests_that_are_refused_together_count_as_one_refusal(
    database: Database, edition: Edition
) -> None:
    crowd = Crowd(3, lambda place: BatchResult(Result.REFUSED, "not now"))
    with pytest.raises(ProviderError, match="keeps refusing: not now"):
        delivery(database, crowd).run(edition)
    assert len(crowd.batches) == 3 * batch_sender.TRIES
    assert counted(database, edition) == {"total": 5, "waiting": 5}


@pytest.mark.databases("sqlite", "postgresql")
def test_one_refusal_among_them_is_waited_for_and_all_are_taken(database: Database, edition: Edition) -> None:
    crowd = Crowd(3, lambda place: BatchResult(Result.REFUSED, "not now") if place == 1 else ACCEPTED)
    assert delivery(database, crowd).run(edition).status == "sent"
    assert len(crowd.batches) == 4
    assert counted(database, edition) == {"total": 5, "sent": 5}


def test_a_wait_that_the_provider_asks_of_one_is_kept_by_all(database: Database, edition: Edition) -> None:
    with time_machine.travel(AT, tick=False) as traveller:
        stop = Sleepless(traveller)
        crowd = Crowd(
            2,
            lambda place: (
                BatchResult(Result.REFUSED, "asks to wait (429)", 300.0) if place == 0 else ACCEPTED
            ),
            meets=2,
        )
        assert delivery(database, crowd, stop=stop).run(edition).status == "sent"
        assert stop.slept == [300.0]
        assert len(crowd.batches) == 4


def test_no_answer_to_one_leaves_its_people_alone_in_doubt(database: Database, edition: Edition) -> None:
    crowd = Crowd(3, lambda place: BatchResult(Result.UNCERTAIN, "no answer") if place == 0 else ACCEPTED)
    assert delivery(database, crowd).run(edition).status == "sent"
    assert counted(database, edition)["uncertain"] == len(crowd.batches[0].recipients)


@pytest.mark.databases("sqlite", "postgresql")
def test_who_leaves_while_requests_are_under_way_is_in_none_that_begins_later(
    database: Database, edition: Edition
) -> None:
    left = threading.Event()

    def answer(place: int) -> BatchResult:
        if place == 0:
            with database.write() as connection:
                last = connection.scalars(
                    select(subscribers.c.email).order_by(subscribers.c.id.desc())
                ).first()
                directory.unsubscribe(connection, last, source="test")
            left.set()
        assert left.wait(TOGETHER)
        return ACCEPTED

    crowd = Crowd(2, answer, meets=2)
    delivery(database, crowd).run(edition)
    assert counted(database, edition) == {"total": 5, "sent": 4, "withheld": 1}
    assert len(crowd.people) == 4


@pytest.mark.databases("sqlite", "postgresql")
def test_answers_that_a_failing_database_could_not_keep_are_written_down_whenever_they_come(
    database: Database, edition: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = claims.claim, [0]

    def fails_at_the_third(*given: Any) -> claims.Claim | None:
        calls[0] += 1
        if calls[0] == 3:
            raise OperationalError("a claim", {}, Exception("the server is gone"))
        return real(*given)

    monkeypatch.setattr(claims, "claim", fails_at_the_third)
    with pytest.raises(OperationalError):
        delivery(database, Crowd(2, meets=2)).run(edition)
    # On SQLite the one process is gone with it; who goes on settles what it left.
    answered = {"uncertain": 4} if database.sqlite else {"sent": 4}
    assert counted(database, edition) == {"total": 5, "waiting": 1} | answered


# The requests by themselves


class Door:
    """A provider behind a door: a request ends when it is opened."""

    max_batch = 1000

    def __init__(self, parallel: int) -> None:
        self.parallel = parallel
        self.open, self.inside = threading.Event(), threading.Semaphore(0)
        self.threads: list[str] = []

    def send(self, message: Message, batch: Batch) -> BatchResult:
        self.threads.append(threading.current_thread().name)
        self.inside.release()
        assert self.open.wait(TOGETHER)
        return ACCEPTED

    def settle(self, message: Message, batch: Batch) -> None:
        pass

    def close(self) -> None:
        pass


def requests(door: Door) -> Requests:
    message: Any = SimpleNamespace(edition="weekly-1")
    return Requests(door, Links(CONFIG, Tokens([b"a secret of a test"]), "weekly"), message)


def batch(number: int) -> claims.Claim:
    return claims.Claim(1, number, f"attempt-{number}", [(number, f"reader{number}@example.net")])


def test_one_at_a_time_is_made_in_the_callers_own_thread() -> None:
    door = Door(1)
    door.open.set()
    with requests(door) as under_way:
        assert under_way.free == 1
        under_way.begin(batch(1), start_by=float("inf"))
        assert (door.threads, under_way.free) == ([threading.current_thread().name], 0)
        assert [one.claim.number for one in under_way.ended()] == [1]


def test_all_that_are_left_are_waited_for_and_told_once() -> None:
    door = Door(3)
    with requests(door) as under_way:
        for number in (1, 2, 3):
            under_way.begin(batch(number), start_by=float("inf"))
            assert under_way.free == 3 - number
        assert under_way.ended(0) == []
        threading.Timer(0.05, door.open.set).start()
        assert sorted(one.claim.number for one in under_way.rest()) == [1, 2, 3]
        assert (under_way.rest(), len(under_way)) == ([], 0)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_waits_for_what_is_under_way_and_an_interrupt_does_not(error: type[BaseException]) -> None:
    door = Door(2)

    def broken_off() -> None:
        with requests(door) as under_way:
            under_way.begin(batch(1), start_by=float("inf"))
            assert door.inside.acquire(timeout=TOGETHER)
            if error is ValueError:
                threading.Timer(0.05, door.open.set).start()
            raise error

    with pytest.raises(error):
        broken_off()
    assert door.open.is_set() is (error is ValueError)
    door.open.set()
