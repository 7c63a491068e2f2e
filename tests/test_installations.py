"""The readers that tests begin with are as if staff had added each."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import time_machine

from subscribers import directory, suppression
from subscribers.errors import SubscriberError
from subscribers.suppression import Reason
from tests.installations import WORDING, subscribe
from tests.web.public.visitor import everything

if TYPE_CHECKING:
    from pipeline.core.database import Database

DIGESTS = ("weekly", "groups")


@time_machine.travel(datetime(2026, 11, 26, 14, tzinfo=UTC), tick=False)
def test_they_are_the_rows_that_adding_each_writes(
    sqlite_database: Database, postgresql_database: Database
) -> None:
    with sqlite_database.write() as connection:
        for n in (1, 2, 3):
            directory.add(
                connection, f"reader{n}@example.net", digests=DIGESTS, wording=WORDING, source="test"
            )
    subscribe(postgresql_database, 3, DIGESTS)
    added, given = everything(sqlite_database), everything(postgresql_database)
    assert given.pop("keys") != added.pop("keys")  # each installation has its own
    assert given == added
    subscribe(postgresql_database, 4, DIGESTS)
    assert len(everything(postgresql_database)["subscribers"]) == 4


def test_who_may_not_be_added_is_not(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        suppression.suppress(connection, "reader2@example.net", Reason.BOUNCED, "event")
    with pytest.raises(SubscriberError):
        subscribe(sqlite_database, 3)
