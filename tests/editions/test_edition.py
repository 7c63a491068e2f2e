"""An edition as a value: read as it was written, and its digest locked by one name."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.core.errors import BusyError
from pipeline.core.tables.editions import editions
from pipeline.editions import find
from pipeline.editions.edition import OPEN, Edition, EditionStatus
from pipeline.editions.lock import lock
from tests.ledgers import AT, Left, handed_over

if TYPE_CHECKING:
    from pipeline.core.database import Database


def test_the_index_over_open_editions_lists_their_statuses() -> None:
    (index,) = (index for index in editions.indexes if index.name == "uq_editions_open")
    condition = str(index.dialect_options["sqlite"]["where"])
    assert condition == f"status IN ({', '.join(f'{status.value!r}' for status in OPEN)})"
    assert condition == str(index.dialect_options["postgresql"]["where"])


def test_an_edition_has_every_column_of_its_table() -> None:
    assert [field.name for field in fields(Edition)] == [column.name for column in editions.columns]


def test_an_edition_is_read_as_it_was_written(database: Database) -> None:
    with database.write() as connection:
        handed_over(connection, 1, [Left()], status="held", html="<p>Hello</p>", posts=[{"title": "A post"}])
        edition = find.by_slug(connection, "weekly-1")
    assert edition.status is EditionStatus.HELD
    told: dict[str, Any] = asdict(edition)
    assert (told["html"], told["posts"], told["due_at"], told["restored"]) == (
        "<p>Hello</p>", [{"title": "A post"}], AT, False,
    )  # fmt: skip
    assert "Hello" not in repr(edition), "a letter has no place in a log"


def test_whoever_finds_a_digest_s_lock_taken_is_told_which(database: Database) -> None:
    taken = pytest.raises(BusyError, match=r"^Another process is at weekly\.")
    with lock(database, "weekly"), taken, lock(database, "weekly"):
        raise AssertionError("two hold it")
    with lock(database, "weekly"), lock(database, "monthly"):
        pass
