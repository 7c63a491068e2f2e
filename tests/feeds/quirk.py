"""What the tests of the feed share: the small feeds in ``quirks``, each made for one trouble."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.feeds.parsing.parse import parse

if TYPE_CHECKING:
    from pipeline.feeds import Entry

QUIRKS = Path(__file__).parent / "quirks"
FEED_URL = "https://practice.example/blog/feed.xml"


def entries(name: str, *, url: str = FEED_URL, content_type: str = "") -> tuple[Entry, ...]:
    return parse((QUIRKS / name).read_bytes(), url=url, content_type=content_type).entries
