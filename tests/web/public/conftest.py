"""A practice with a letter and three readers, and somebody at its pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.installations import installation, subscribe
from tests.web.public.visitor import Addresses, Visitor, edition

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.core.app import Installation
    from pipeline.core.database import Database

FEED = "http://127.0.0.1:1/feed"


@pytest.fixture
def practice(sqlite_database: Database, tmp_path: Path) -> Installation:
    made = installation(sqlite_database, tmp_path, FEED)
    subscribe(sqlite_database, 3)
    return made


@pytest.fixture
def two_letters(sqlite_database: Database, tmp_path: Path) -> Installation:
    """A practice with two digests; its readers get both."""
    digests = [{"name": "weekly"}, {"name": "groups", "schedule": "0 9 1 * *"}]
    made = installation(sqlite_database, tmp_path, FEED, digests=digests)
    subscribe(sqlite_database, 3, ("weekly", "groups"))
    return made


@pytest.fixture
def visitor(practice: Installation) -> Iterator[Visitor]:
    made = Visitor(practice)
    yield made
    made.close()


@pytest.fixture
def chooser(two_letters: Installation) -> Iterator[Visitor]:
    """A visitor where there are two letters."""
    made = Visitor(two_letters)
    yield made
    made.close()


@pytest.fixture
def addresses(practice: Installation) -> Addresses:
    return Addresses(practice, edition(practice))


@pytest.fixture
def both(two_letters: Installation) -> Addresses:
    """The pages of readers who opened an edition of `weekly` and get `groups` too."""
    return Addresses(two_letters, edition(two_letters))
