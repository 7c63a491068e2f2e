"""A fresh PostgreSQL database, where there is a fleet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.database import Database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def database(new_postgresql_database: Callable[[], str]) -> Iterator[Database]:
    opened = Database(new_postgresql_database())
    yield opened
    opened.close()
