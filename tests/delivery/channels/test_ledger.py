"""What is written down of each announcement, and read of them again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.core.tables.channels import announcements
from pipeline.core.tables.editions import editions
from pipeline.delivery.channels import ledger
from pipeline.delivery.channels.announcement import AnnouncementState
from tests.delivery.channels.conftest import NOW
from tests.delivery.channels.test_keys import channel, config
from tests.ledgers import handed_over

if TYPE_CHECKING:
    from collections.abc import Iterator

    import time_machine
    from sqlalchemy import Connection

    from pipeline.core.database import Database
    from pipeline.delivery.channels.announcement import Announcement

HOUR, MINUTE, MOMENT = timedelta(hours=1), timedelta(minutes=1), timedelta(microseconds=1)


@pytest.fixture
def connection(sqlite_database: Database, moment: time_machine.Traveller) -> Iterator[Connection]:
    """weekly-1 to weekly-4 were sent."""
    with sqlite_database.engine.connect() as connection:
        for number in range(1, 5):
            handed_over(connection, number)
        yield connection
        connection.rollback()


def written(connection: Connection, number: int = 1, name: str = "one", **values: Any) -> Announcement:
    usual = {
        "edition_id": number, "channel": name, "state": "waiting", "made_at": NOW, "at": NOW,
        "repeat_key": "key",
    }  # fmt: skip
    connection.execute(announcements.insert().values(usual | values))
    return reread(connection, number, name)


def reread(connection: Connection, number: int = 1, name: str = "one") -> Announcement:
    found = ledger.find(connection, number, name)
    assert found is not None
    return found


def test_due_is_what_is_not_ended_and_need_not_rest_the_oldest_first(connection: Connection) -> None:
    written(connection, 3)
    written(connection, 2, state="posting", next_try=NOW)
    written(connection, 1, next_try=NOW + MOMENT)
    written(connection, 4, state="posted")
    written(connection, 4, name="two")
    assert [one.edition_id for one in ledger.due(connection, "one", NOW)] == [2, 3]
    assert [one.edition_id for one in ledger.due(connection, "one", NOW + MOMENT)] == [1, 2, 3]


@pytest.mark.parametrize("state", AnnouncementState)
def test_what_waits_or_is_under_way_is_unfinished(connection: Connection, state: AnnouncementState) -> None:
    written(connection, state=state.value)
    assert ledger.unfinished(connection, ["two", "one"]) == (state in ("waiting", "posting"))
    assert not ledger.unfinished(connection, ["two"])


def test_an_edition_has_its_own_by_channel_and_a_channel_its_latest(connection: Connection) -> None:
    for number, name in ((1, "two"), (1, "one"), (2, "one"), (3, "one"), (4, "two")):
        written(connection, number, name)
    assert [one.channel for one in ledger.of_edition(connection, 1)] == ["one", "two"]
    latest = ledger.latest(connection, "one", 2)
    assert [(slug, one.edition_id) for slug, one in latest] == [("weekly-3", 3), ("weekly-2", 2)]
    assert ledger.find(connection, 4, "one") is ledger.find(connection, 2, "two") is None


def test_troubles_are_what_was_refused_or_is_in_doubt_since_then(connection: Connection) -> None:
    written(connection, 1, state="refused")
    written(connection, 2, state="uncertain", at=NOW + HOUR)
    written(connection, 3, state="posted")
    written(connection, 4, state="refused", at=NOW - MOMENT)
    found = {slug: one.state for slug, one in ledger.troubles(connection, NOW)}
    assert found == {"weekly-1": "refused", "weekly-2": "uncertain"}


@pytest.mark.parametrize(
    ("doubt", "first", "then"),
    [(False, None, NOW), (False, NOW - HOUR, NOW), (True, NOW - HOUR, NOW - HOUR), (True, None, NOW)],
)
def test_before_the_request_it_is_written_down_that_it_may_be_public(
    connection: Connection, doubt: bool, first: Any, then: Any
) -> None:
    before = written(connection, attempts=2, first_try=first, at=NOW - HOUR)
    other = written(connection, 2)
    ledger.begin(connection, before, {"text": "A calm morning"}, NOW, doubt=doubt)
    wanted = replace(
        before,
        state=AnnouncementState.POSTING,
        content={"text": "A calm morning"},
        attempts=3,
        first_try=then,
        doubt=doubt,
        at=NOW,
    )
    assert ledger.again(connection, before) == reread(connection) == wanted
    assert reread(connection, 2) == other


def test_what_is_posted_has_its_address_and_no_reason_any_more(connection: Connection) -> None:
    before = written(connection, reason="busy", doubt=True, at=NOW - HOUR)
    ledger.posted(connection, before, "https://social.example/1")
    posted, address = AnnouncementState.POSTED, "https://social.example/1"
    assert reread(connection) == replace(
        before, state=posted, address=address, reason="", doubt=False, at=NOW
    )


@pytest.mark.parametrize(
    ("doubt", "state"), [(True, AnnouncementState.UNCERTAIN), (False, AnnouncementState.REFUSED)]
)
def test_what_has_ended_was_surely_not_posted_or_is_in_doubt(
    connection: Connection, doubt: bool, state: AnnouncementState
) -> None:
    before = written(connection, at=NOW - HOUR)
    ledger.ended(connection, before, "no", doubt=doubt)
    assert reread(connection) == replace(before, state=state, reason="no", doubt=doubt, at=NOW)


@pytest.mark.parametrize(
    ("attempts", "asked", "rest"),
    [
        (0, 0.0, MINUTE),
        (1, 0.0, 2 * MINUTE),
        (5, 0.0, 32 * MINUTE),
        (6, 0.0, HOUR),
        (5000, 0.0, HOUR),
        (1, 119.0, 2 * MINUTE),
        (1, 7200.0, 2 * HOUR),
    ],
)
def test_each_wait_is_twice_the_one_before_an_hour_at_most_unless_the_service_asks_for_more(
    connection: Connection, attempts: int, asked: float, rest: timedelta
) -> None:
    before = written(connection, state="posting", attempts=attempts, at=NOW - HOUR)
    ledger.put_off(connection, before, "busy", asked, doubt=True)
    waiting = AnnouncementState.WAITING
    assert reread(connection) == replace(
        before, state=waiting, reason="busy", doubt=True, next_try=NOW + rest, at=NOW
    )


def test_another_attempt_that_staff_want_is_a_new_one_under_a_new_key(connection: Connection) -> None:
    before = written(
        connection, state="uncertain", reason="no answer", doubt=True, attempts=2, content={"text": "x"},
        first_try=NOW - HOUR, next_try=NOW + HOUR, at=NOW - HOUR, made_at=NOW - HOUR,
    )  # fmt: skip
    ledger.wait_again(connection, config(), channel(), before, "weekly-1")
    after = reread(connection)
    assert after == replace(
        before, state=AnnouncementState.WAITING, repeat_key=after.repeat_key, content=None, made_at=NOW,
        first_try=None, next_try=None, doubt=False, at=NOW,
    )  # fmt: skip
    assert after.repeat_key == ledger.repeat_key(config(), channel(), "weekly-1", NOW, 2)


def test_a_new_attempt_on_bluesky_keeps_its_key_for_there_is_one_record_at_most(
    connection: Connection,
) -> None:
    sky = channel(kind="bluesky", account="practice.bsky.social")
    before = written(connection, 2, state="refused", attempts=1)
    connection.execute(editions.update().where(editions.c.id != 2).values(due_at=NOW))
    ledger.wait_again(connection, config(), sky, before, "weekly-1")
    assert reread(connection, 2).repeat_key == "3n37ti2palj5q"
