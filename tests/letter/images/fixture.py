"""`pytest_plugins = ["tests.letter.images.fixture"]` gives a test module a gallery and its publisher."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.core.app import Installation
from pipeline.letter.images import fetch
from tests.letter.images import inprocess
from tests.letter.images.gallery import Gallery
from tests.letter.images.publisher import Publisher, config

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.core.database import Database


@pytest.fixture
def gallery() -> Iterator[Gallery]:
    with Gallery() as served:
        yield served


@pytest.fixture
def publisher(
    sqlite_database: Database, gallery: Gallery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Publisher:
    monkeypatch.setattr(fetch, "look", inprocess.look)
    feed = f"{gallery.site}/feed"
    return Publisher(Installation(config(feed), tmp_path, sqlite_database), feed)
