"""A practice with two posts, and the dashboard of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.doubles.blog import Blog, Item
from tests.web.dashboard.office import CONFIG, Office, day, opened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def office(tmp_path: Path, sqlite_url: str) -> Iterator[Office]:
    with Blog([Item("A calm morning", day(1)), Item("An old story", day(400))]) as blog:
        (tmp_path / "rapport.toml").write_text(CONFIG.format(feed=blog.url))
        (tmp_path / "own").mkdir()
        with opened(tmp_path, blog) as made:
            yield made
