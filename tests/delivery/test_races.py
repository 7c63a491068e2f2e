"""Transactions that meet on PostgreSQL: none acts on what another has just changed, none waits in a circle."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from pipeline import editions
from pipeline.database import Database
from pipeline.delivery import snapshot
from tests.delivery.moves import AT, TODAY, counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Row


@pytest.fixture
def database(new_postgresql_database: Callable[[], str]) -> Iterator[Database]:
    opened = Database(new_postgresql_database())
    yield opened
    opened.close()


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

    def wait_until_it_waits(self) -> None:
        """Until it stands before a lock that others hold, or has ended."""
        query = text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        while self.is_alive():
            with self._database.read() as connection:
                if connection.scalar(query):
                    return
            time.sleep(0.01)

    def end(self) -> None:
        """Wait for its end; raises what it raised."""
        self.join(30)
        assert not self.is_alive()
        if self._failed is not None:
            raise self._failed


def test_a_cancel_that_meets_the_beginning_of_a_hand_over_leaves_the_ledger(
    database: Database, edition: Row[Any]
) -> None:
    cancel = Other(database, lambda connection: editions.move(connection, edition.slug, "cancel"))

    def meanwhile(connection: Connection) -> None:
        cancel.start()
        cancel.wait_until_it_waits()

    assert snapshot.take(database, edition, TODAY, 2, AT, with_the_last=meanwhile)
    cancel.end()
    assert counted(database, edition) == {"total": 5, "waiting": 5}
    with database.read() as connection:
        assert editions.by_id(connection, edition.id).status == "cancelled"
