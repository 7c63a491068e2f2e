"""A practice with one sent edition and a channel, at a time that a test moves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from pipeline.delivery.channels import ledger
from pipeline.delivery.channels.announce import announce
from subscribers import clock
from tests.doubles import bluesky, mastodon
from tests.installations import installation
from tests.ledgers import Left, handed_over

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pipeline.core.app import Installation
    from pipeline.core.database import Database
    from pipeline.delivery.channels.announcement import Announcement

NOW = datetime(2026, 11, 26, 15, tzinfo=UTC)
SECRETS = {
    "RAPPORT_SECRET": "a secret of the tests " * 3,
    "RAPPORT_CHANNEL_FEDIVERSE": mastodon.TOKEN,
    "RAPPORT_CHANNEL_SKY": bluesky.PASSWORD,
    "RAPPORT_CHANNEL_HOOK": "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=",
}
POSTS = [{"title": "A calm morning", "url": "https://willow.example/blog/a-calm-morning", "published": None}]


@pytest.fixture
def moment() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@dataclass
class Practice:
    """``installed`` knows its channels since before weekly-1 was sent."""

    installed: Installation
    moment: time_machine.Traveller

    def send(self, number: int = 1, **values: Any) -> None:
        usual = {
            "finished_at": clock.now(),
            "provider": "sendgrid",
            "posts": POSTS,
            "preheader": "Three posts",
        }
        with self.installed.database.write() as connection:
            handed_over(connection, number, [Left(people=1)], **usual | values)

    def announce(self) -> bool:
        return announce(self.installed)

    def pass_time(self, **time: float) -> None:
        self.moment.shift(timedelta(**time))

    def until_settled(self, most: int = 200) -> Announcement:
        """Run as cron would, every quarter of an hour, until nothing waits."""
        for _ in range(most):
            if self.announce():
                break
            self.pass_time(minutes=15)
        return self.one()

    def one(self, number: int = 1, channel: str = "") -> Announcement:
        name = channel or self.installed.config.channels[0].name
        with self.installed.database.read() as connection:
            found = ledger.find(connection, number, name)
        assert found is not None
        return found


@pytest.fixture
def practice(
    sqlite_database: Database, tmp_path: Path, moment: time_machine.Traveller
) -> Callable[..., Practice]:
    def made(*channels: dict[str, Any], database: Database = sqlite_database, **sections: Any) -> Practice:
        made_of = installation(
            database, tmp_path, "https://willow.example/feed",
            channels=list(channels), delivery={"provider": "sendgrid"}, **sections,
        )  # fmt: skip
        found = Practice(replace(made_of, environment=SECRETS), moment)
        found.announce()  # from now on the channels are known
        found.pass_time(minutes=1)
        return found

    return made
