"""An edition for five readers, and the moves of the ledger as tests make them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert

from pipeline.core.tables.editions import digests, editions
from pipeline.editions.edition import Edition
from tests.editions.ledger.moves import AT
from tests.installations import subscribe

if TYPE_CHECKING:
    from pipeline.core.database import Database


@pytest.fixture
def edition(database: Database) -> Edition:
    """An approved edition for five readers."""
    subscribe(database, 5)
    values = {
        "digest": "weekly",
        "number": 1,
        "slug": "weekly-1",
        "status": "approved",
        "due": "2026-11-26T09:00",
        "due_at": AT,
        "posts": [],
        "left_out": [],
        "subject": "A calm morning",
        "html": "<p>Hello</p>",
        "text": "Hello",
    }
    with database.write() as connection:
        connection.execute(insert(digests).values(name="weekly", first_seen=AT))
        return Edition.of(connection.execute(insert(editions).values(values).returning(editions)).one())
