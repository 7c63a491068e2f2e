"""Ids after a restore: none that may have been given since the backup."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.copying import UNKNOWN, skip_unknown_ids
from subscribers import directory

if TYPE_CHECKING:
    from pipeline.database import Database


def test_no_id_is_given_again_that_may_stand_in_a_link(database: Database) -> None:
    def add(email: str) -> int:
        with database.write() as connection:
            return directory.add(connection, email, digests=["weekly"], wording="W", source="test").id

    before = add("one@example.net")
    with database.write() as connection:
        skip_unknown_ids(connection)
    assert add("two@example.net") > before + UNKNOWN
