"""A List-Id is made once; the addresses in letters that are out are remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from pipeline.backup.copy import copy
from pipeline.core.config import Config
from pipeline.core.database import Database
from pipeline.core.tables.editions import list_ids
from pipeline.editions import public_names
from subscribers import digest_names

if TYPE_CHECKING:
    from collections.abc import Callable

NEWSLETTER = {"name": "A Letter", "from_email": "letter@example.org"}
HOSTED = {"provider": "sendgrid", "sendgrid": {"unsubscribe": "sendgrid"}}


def at(url: str, **delivery: object) -> Config:
    feeds = [{"url": "https://example.org/feed"}]
    return Config.model_validate(
        {"newsletter": NEWSLETTER | {"public_url": url}, "feeds": feeds, "delivery": delivery}
    )


def addresses(database: Database) -> list[str]:
    with database.read() as connection:
        return [one.url for one in public_names.addresses(connection)]


def test_it_stays_when_the_address_the_name_or_the_way_to_leave_changes(database: Database) -> None:
    old, new = at("https://letter.example.org"), at("https://news.example.org/mail")
    assert public_names.remember(database, old, "weekly") == "weekly.letter.example.org"
    assert public_names.remember(database, new, "weekly") == "weekly.letter.example.org"
    assert public_names.remember(database, at("", **HOSTED), "weekly") == "weekly.letter.example.org"
    assert addresses(database) == ["https://news.example.org/mail", "https://letter.example.org"]
    with database.write() as connection:
        connection.execute(update(list_ids).values(digest="letter"))
        digest_names.rename(connection, "weekly", "letter", source="test")
    assert public_names.remember(database, new, "letter") == "weekly.letter.example.org"
    # A new digest of the old name is another list.
    assert public_names.remember(database, old, "weekly") == "weekly-2.letter.example.org"
    assert public_names.remember(database, new, "monthly") == "monthly.news.example.org"


@pytest.mark.parametrize("url", ["", "http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000"])
def test_a_trial_on_one_machine_fixes_nothing(sqlite_database: Database, url: str) -> None:
    assert public_names.remember(sqlite_database, at(url), "weekly").startswith("weekly.")
    assert addresses(sqlite_database) == []
    assert (
        public_names.remember(sqlite_database, at("https://letter.example.org"), "weekly")
        == "weekly.letter.example.org"
    )


def test_it_moves_to_another_database(
    sqlite_database: Database, new_postgresql_database: Callable[[], str]
) -> None:
    public_names.remember(sqlite_database, at("https://letter.example.org"), "weekly")
    target = Database(new_postgresql_database())
    with sqlite_database.read() as source, target.write() as connection:
        copy(source, connection)
    config = at("https://news.example.org")
    assert public_names.remember(target, config, "weekly") == "weekly.letter.example.org"
    assert addresses(target) == ["https://news.example.org", "https://letter.example.org"]
    target.close()
