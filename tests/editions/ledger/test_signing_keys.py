"""Which secret signed the links of which editions."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from sqlalchemy import func, select

from pipeline.core.tables.ledger import signers
from pipeline.editions.ledger import signing_keys
from pipeline.editions.ledger.signing_keys import Signed
from tests.ledgers import AT, handed_over

if TYPE_CHECKING:
    from pipeline.core.database import Database


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


def signed(database: Database, *pairs: tuple[int, str]) -> list[Signed]:
    """The history once each edition was signed with its secret, an hour one after another."""
    with database.write() as connection:
        for number in sorted({edition for edition, _ in pairs}):
            handed_over(connection, number)
    for hour, (edition, fingerprint) in enumerate(pairs):
        with time_machine.travel(AT + timedelta(hours=hour), tick=False):
            signing_keys.remember(database, edition, fingerprint)
    with database.read() as connection:
        return signing_keys.history(connection)


def test_of_each_secret_the_editions_it_signed_are_told_the_newest_secret_first(database: Database) -> None:
    found = signed(database, (1, "an old one"), (2, "an old one"), (3, "the new one"), (2, "the new one"))
    assert found == [
        Signed("the new one", 2, "weekly-2", "weekly-3", AT + timedelta(hours=3)),
        Signed("an old one", 2, "weekly-1", "weekly-2", AT + timedelta(hours=1)),
    ]


def test_it_is_noted_once_when_the_first_letter_leaves(database: Database) -> None:
    assert signed(database, (1, "one"), (1, "one")) == [Signed("one", 1, "weekly-1", "weekly-1", AT)]
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(signers)) == 1


def test_where_nothing_was_signed_there_is_no_history(database: Database) -> None:
    assert signed(database) == []
