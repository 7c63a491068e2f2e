"""The pace that all who hand over share, and the wait that the provider asked for."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from pipeline.core.tables.ledger import pace
from pipeline.editions.ledger import rate
from tests.ledgers import AT

if TYPE_CHECKING:
    from pipeline.core.database import Database


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


def after(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def test_each_mail_is_counted_at_the_rate(database: Database) -> None:
    with database.write() as connection:
        assert rate.wait(connection, AT, 10) == 0
        rate.charge(connection, 20, 4.0, AT)
        assert rate.wait(connection, AT, 10) == 5
        assert rate.wait(connection, AT + after(4), 10) == 1
        assert rate.wait(connection, AT + after(5), 10) == 0


def test_what_the_provider_asked_for_is_waited_apart_from_the_rate(database: Database) -> None:
    with database.write() as connection:
        assert rate.told(connection, AT) == 0
        rate.wait(connection, AT, 10)
        rate.charge(connection, 20, 4.0, AT)
        rate.hold(connection, 300, AT)
        assert (rate.wait(connection, AT, 10), rate.told(connection, AT)) == (5, 300)
        rate.charge(connection, 8, 4.0, AT)
        assert (rate.wait(connection, AT, 10), rate.told(connection, AT)) == (2, 300)
        rate.hold(connection, 60, AT)
        assert (rate.wait(connection, AT, 10), rate.told(connection, AT)) == (2, 60)


def test_no_provider_is_waited_for_longer_than_a_quarter_of_an_hour(database: Database) -> None:
    with database.write() as connection:
        rate.hold(connection, 86_400, AT)
        assert rate.told(connection, AT) == 900
        assert rate.told(connection, AT + after(900)) == 0


@pytest.mark.parametrize(("ahead", "waited"), [(0.5, 0.5), (11, 11), (11.5, 0)])
def test_a_wait_longer_than_the_largest_batch_costs_was_written_by_a_clock_that_was_ahead(
    database: Database, ahead: float, waited: float
) -> None:
    with database.write() as connection:
        rate.wait(connection, AT + after(ahead), 10)
        assert rate.wait(connection, AT, 10) == waited


def test_the_pace_outlives_an_update_by_its_names(database: Database) -> None:
    with database.write() as connection:
        rate.wait(connection, AT, 10)
        rate.hold(connection, 1, AT)
        assert set(connection.scalars(select(pace.c.name))) == {"mail", "told"}
