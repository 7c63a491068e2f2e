"""Transactions that meet on PostgreSQL: none acts on what is no longer so, none waits in a circle."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event, text

from pipeline.editions import course, find, states
from pipeline.editions.ledger import batches, claims, doubt, outcomes, recipients
from subscribers.leaving import leave
from tests.delivery.test_batch_sender import Taker, delivery
from tests.editions.ledger.moves import AT, TODAY, claimed, counted, taken
from tests.editions.ledger.test_claims import ours
from tests.waiting import LONGEST

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from pipeline.core.database import Database
    from pipeline.editions.edition import Edition


@pytest.fixture
def database(postgresql_database: Database) -> Database:
    return postgresql_database


class Other(threading.Thread):
    """Does something in a transaction of its own, beside the test's."""

    def __init__(self, database: Database, do: Callable[[Connection], object]) -> None:
        super().__init__(daemon=True)
        self._database, self._do = database, do
        self._failed: Exception | None = None

    def run(self) -> None:
        try:
            with self._database.write() as connection:
                self._do(connection)
        except Exception as error:
            self._failed = error

    def end(self) -> None:
        """Wait for its end; raises what it raised."""
        self.join(LONGEST)
        assert not self.is_alive()
        if self._failed is not None:
            raise self._failed


def wait_for_a_waiter(database: Database, thread: threading.Thread) -> None:
    """Until somebody stands before a lock, or the thread has ended."""
    waits = "datname = current_database() AND wait_event_type = 'Lock'"
    query = text(f"SELECT count(*) FROM pg_stat_activity WHERE {waits}")
    while thread.is_alive():
        with database.read() as connection:
            if connection.scalar(query):
                return
        time.sleep(0.01)


def test_a_cancel_that_meets_the_beginning_of_a_hand_over_leaves_the_ledger(
    database: Database, edition: Edition
) -> None:
    cancel = Other(database, lambda connection: states.cancel(connection, edition.slug))

    def meanwhile(connection: Connection, edition_id: int) -> None:
        course.begin_sending(connection, edition_id)
        cancel.start()
        wait_for_a_waiter(database, cancel)

    assert recipients.take(database, edition, TODAY, 2, AT, begin=meanwhile)
    cancel.end()
    assert counted(database, edition) == {"total": 5, "waiting": 5}
    with database.read() as connection:
        assert find.by_id(connection, edition.id).status == "cancelled"


def test_events_that_tell_of_a_batch_and_of_who_left_meet_its_answer_without_a_deadlock(
    database: Database, edition: Edition
) -> None:
    under_way, answer = threading.Event(), threading.Event()

    def slowly() -> None:
        under_way.set()
        assert answer.wait(LONGEST)

    provider = Taker(then=slowly)
    sending = threading.Thread(target=lambda: delivery(database, provider).run(edition), daemon=True)
    sending.start()
    assert under_way.wait(LONGEST)
    with database.write() as connection:
        leave(connection, 5, digest=None, source="event")
        answer.set()
        wait_for_a_waiter(database, sending)
        doubt.proven(connection, {provider.taken[0].id}, AT)
    sending.join(LONGEST)
    assert counted(database, edition) == {"total": 5, "sent": 4, "withheld": 1}


def test_those_who_put_people_off_at_once_number_their_batches_one_after_another(
    database: Database, edition: Edition
) -> None:
    taken(database, edition)
    one, two = (ours(claimed(database, edition)) for _ in range(2))

    def put_off(connection: Connection, claim: claims.Claim) -> None:
        claims.sent(connection, claim, AT)
        batches.put_off(connection, claim, {claim.members[0][0]: "greylisted"}, AT)

    other = Other(database, lambda connection: put_off(connection, two))
    with database.write() as connection:
        put_off(connection, one)
        other.start()
        wait_for_a_waiter(database, other)
    other.end()
    assert counted(database, edition) == {"total": 5, "sent": 2, "waiting": 3}


def test_counts_are_of_one_moment(database: Database, edition: Edition) -> None:
    taken(database, edition, size=5)
    claim = ours(claimed(database, edition))

    def fare(connection: Connection) -> None:
        claims.sent(connection, claim, AT)
        claims.set_aside(connection, claim, {1: "no", 2: "no"}, AT)

    def meanwhile(*_: object) -> None:
        other = Other(database, fare)
        other.start()
        other.end()

    with database.read() as connection:
        event.listen(connection, "after_cursor_execute", meanwhile, once=True)
        counts = outcomes.counts(connection, edition.id)
    assert (counts["uncertain"], counts["sent"], counts["failed"]) == (5, 0, 0)
    assert counted(database, edition) == {"total": 5, "sent": 3, "failed": 2}
