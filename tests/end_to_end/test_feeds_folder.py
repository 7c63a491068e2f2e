"""Any folder of feeds goes through the whole job: RAPPORT_FEEDS=DIR names one, else our own quirks."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline.core.app import Installation
from pipeline.core.config import Config
from pipeline.core.templates import Templates
from pipeline.editions.compose import compose
from pipeline.editions.lock import lock
from pipeline.feeds.pull import pull
from pipeline.letter.check import check_letter
from tests.doubles.blog import Blog

if TYPE_CHECKING:
    from pipeline.core.database import Database
    from pipeline.feeds.pull import Pulled

QUIRKS = Path(__file__).parents[1] / "feeds" / "quirks"
FOLDER = Path(os.environ.get("RAPPORT_FEEDS") or QUIRKS)
FEEDS = sorted(file for file in FOLDER.iterdir() if file.suffix in (".xml", ".json", ".rss", ".atom"))
TYPES = {".json": "application/feed+json"}


@dataclass
class Outcome:
    pulled: Pulled
    findings: list[str]
    posts: int
    reason: str


@pytest.mark.parametrize("file", FEEDS, ids=lambda file: file.name)
def test_a_feed_makes_a_letter_without_an_error_or_says_why_not(
    file: Path, tmp_path: Path, sqlite_database: Database
) -> None:
    with Blog(body=file.read_bytes(), content_type=TYPES.get(file.suffix, "application/xml")) as blog:
        config = Config.model_validate(
            {
                "newsletter": {
                    "name": "The Weekly Letter",
                    "from_email": "letter@example.org",
                    "postal_address": "1 Willow Street, Springfield",
                },
                "feeds": [{"url": blog.url}],
                "digests": [{"name": "weekly", "backlog": "5200w"}],
            }
        )
        installation = Installation(config, tmp_path, sqlite_database)
        (pulled,) = pull(sqlite_database, config)
        (again,) = pull(sqlite_database, config)
        with lock(sqlite_database, "weekly"):
            composed = compose(installation, config.digests[0])
    if pulled.error:
        assert pulled.outcome == "failed"
        assert pulled.remedy
        assert composed.edition is None
        return
    assert (again.new, again.changed) == (0, 0), "the same feed again holds nothing new"
    assert again.unchanged == pulled.new
    if composed.edition is None:
        assert composed.reason
        return
    shown, left_out = composed.edition.posts, composed.edition.left_out
    assert len(shown) + len(left_out) == min(pulled.new, len(shown) + 50), "no post is lost"
    assert [f for f in check_letter(config, Templates(), composed.edition) if f.level == "error"] == []


def test_there_are_feeds_to_try() -> None:
    assert FEEDS
