"""What an error of the database means: real errors of both, whatever language they are told in."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from pipeline.core.database_errors import Fault, cause, fault
from pipeline.core.errors import RapportError, as_rapport_error
from pipeline.core.tables.editions import digests
from subscribers import clock, directory
from subscribers.errors import SubscriberError
from tests.faults import full_disk

if TYPE_CHECKING:
    from pipeline.core.database import Database


def of_writing(database: Database, *statements: str) -> DBAPIError:
    with pytest.raises(DBAPIError) as raised, database.write() as connection:  # noqa: PT012
        for statement in statements:
            connection.execute(text(statement))
    return raised.value


def test_a_key_that_is_there_already_was_written_by_another(database: Database) -> None:
    with database.write() as connection:
        connection.execute(insert(digests).values(name="weekly", first_seen=clock.now()))
    error = of_writing(database, "INSERT INTO digests SELECT * FROM digests")
    assert fault(error) is Fault.TAKEN
    assert "another process wrote the same thing first" in as_rapport_error(error).message


def test_a_file_that_may_not_grow_is_a_full_disk(sqlite_database: Database) -> None:
    with full_disk(sqlite_database):
        error = of_writing(sqlite_database, f"INSERT INTO digests VALUES ('{'x' * 100_000}', '')")
    assert fault(error) is Fault.FULL
    assert as_rapport_error(error).message == "The disk is full: the database took nothing more."


def test_a_writer_that_does_not_end_is_a_lock(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.core.database.BUSY_TIMEOUT", 0)
    other = type(sqlite_database)(sqlite_database.url)
    with sqlite_database.write():
        error = of_writing(other, "DELETE FROM digests")
    other.close()
    assert fault(error) is Fault.LOCKED


def test_a_lock_of_postgresql_that_is_not_had_in_time_is_one(postgresql_database: Database) -> None:
    with postgresql_database.write() as first:
        first.execute(text("LOCK TABLE digests"))
        impatient = "SET LOCAL lock_timeout = '10ms'"
        error = of_writing(postgresql_database, impatient, "LOCK TABLE digests")
    assert fault(error) is Fault.LOCKED


def test_what_may_only_be_read_is_not_written(database: Database) -> None:
    only_read = "PRAGMA query_only = ON" if database.sqlite else "SET TRANSACTION READ ONLY"
    assert fault(of_writing(database, only_read, "DELETE FROM digests")) is Fault.READ_ONLY


def test_words_of_a_fault_in_a_text_are_no_fault(database: Database) -> None:
    told = "this database was moved: the disk is full, locked, readonly, unique"
    assert fault(of_writing(database, f'DELETE FROM "{told}"')) is Fault.OTHER
    assert fault(OperationalError(told, None, Exception(told))) is Fault.OTHER
    # The refusal of a trigger of ours that has nothing to do with a move.
    with database.write() as connection:
        directory.add(connection, "a@example.org", digests=["weekly"], wording="Agreed.", source="test")
    assert fault(of_writing(database, "UPDATE consents SET source = 'x'")) is Fault.OTHER


def test_a_statement_and_its_values_stay_out_of_what_is_told(database: Database) -> None:
    error = of_writing(database, "INSERT INTO nowhere VALUES ('anna@example.org')")
    assert "anna" not in as_rapport_error(error).message
    assert cause(SQLAlchemyError("anna@example.org")) == "SQLAlchemyError"
    assert cause(OperationalError("anna@example.org", None, Exception())) == "OperationalError"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SubscriberError("There is no such address.", "Check it.", code="address"), "address"),
        (RapportError("It did not work.", "Try again."), "failed"),
        (FileNotFoundError(2, "No such file", "list.csv"), "system"),
        (sqlite3.OperationalError("no such table"), "database"),
        (KeyError("x"), "unexpected"),
    ],
)
def test_errors_of_both_floors_are_one_family(error: Exception, code: str) -> None:
    told = as_rapport_error(error)
    assert told.code == code
    assert told.remedy
    assert (told is error) is isinstance(error, RapportError)
