"""Keyed hashes of addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from subscribers import hashes

if TYPE_CHECKING:
    from pipeline.core.database import Database


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("ann@example.org", "Ann+news@example.org", True),
        ("ann.b@gmail.com", "an.nb+1@googlemail.com", True),
        ("ann.b@example.org", "annb@example.org", False),
        ("ann@example.org", "ben@example.org", False),
        ("+ann@example.org", "+ben@example.org", False),
    ],
)
def test_spellings_that_reach_one_mailbox_are_counted_as_one(
    sqlite_database: Database, one: str, other: str, same: bool
) -> None:
    with sqlite_database.read() as connection:
        found = hashes.mailbox(connection, one) == hashes.mailbox(connection, other)
    assert found is same
