"""A practice with two posts, and the dashboard of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.web.signing_in.door import Door
from tests.doubles.blog import Blog, Item
from tests.installations import installation, subscribe
from tests.web.dashboard.office import CONFIG, Office, day, opened
from tests.web.dashboard.staff import Staff
from tests.web.public.visitor import Visitor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.core.database import Database


@pytest.fixture
def office(tmp_path: Path, sqlite_url: str) -> Iterator[Office]:
    with Blog([Item("A calm morning", day(1)), Item("An old story", day(400))]) as blog:
        (tmp_path / "rapport.toml").write_text(CONFIG.format(feed=blog.url))
        (tmp_path / "own").mkdir()
        with opened(tmp_path, blog) as made:
            yield made


@pytest.fixture
def staff(monkeypatch: pytest.MonkeyPatch) -> Staff:
    made = Staff()
    monkeypatch.setattr(Door, "who", lambda self, request: made.actor())
    return made


@pytest.fixture
def visitor(sqlite_database: Database, tmp_path: Path, staff: Staff) -> Iterator[Visitor]:
    """Staff at the pages of a practice with three readers."""
    made = Visitor(installation(sqlite_database, tmp_path, "http://127.0.0.1:1/feed"))
    subscribe(sqlite_database, 3)
    yield made
    made.close()
