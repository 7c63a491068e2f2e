"""An installation made in a test's folder, without the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.core.app import Installation
from pipeline.core.config import Config
from pipeline.schedule.run import run
from subscribers import directory

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.core.database import Database
    from pipeline.schedule.result import RunResult


def installation(database: Database, folder: Path, feed: str, **sections: Any) -> Installation:
    """A practice in New York that sends on Thursdays at nine; ``sections`` override the configuration's."""
    settings: dict[str, Any] = {
        "newsletter": {
            "name": "The Weekly Letter",
            "from_email": "letter@example.org",
            "from_name": "Willow Practice",
            "postal_address": "1 Willow Street, Springfield",
            "public_url": "https://letter.example.org",
            "timezone": "America/New_York",
        },
        "feeds": [{"url": feed}],
        "digests": [{"name": "weekly"}],
        "match": {"url": "https://example.org/get-matched"},
    }
    return Installation(Config.model_validate(settings | sections), folder, database)


def subscribe(database: Database, number: int, digests: tuple[str, ...] = ("weekly",)) -> None:
    """Add reader1@example.net to readerN@example.net."""
    with database.write() as connection:
        for n in range(1, number + 1):
            directory.add(
                connection, f"reader{n}@example.net", digests=digests, wording="Signed up", source="test"
            )


def run_all(installed: Installation, *, at_once: bool = False) -> list[RunResult]:
    return run(installed, installed.config.digests, at_once=at_once, progress=lambda done, total: None)


def run_one(installed: Installation, *, at_once: bool = False) -> RunResult:
    (ran,) = run_all(installed, at_once=at_once)
    return ran
