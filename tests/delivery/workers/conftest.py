"""A fresh PostgreSQL database, where workers are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pipeline.core.database import Database


@pytest.fixture
def database(postgresql_database: Database) -> Database:
    return postgresql_database
