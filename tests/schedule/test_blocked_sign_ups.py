"""Somebody signs up whose address gets no mail: the stranger hears what all hear, and staff are told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

from pipeline.schedule.maintenance import maintain
from subscribers import directory, signup, suppression
from subscribers.suppression import Reason
from tests.installations import installation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.core.app import Installation
    from pipeline.core.database import Database

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
STAFF = {"emails": ["editor@example.org"]}


@pytest.fixture
def practice(sqlite_database: Database, tmp_path: Path) -> Installation:
    return installation(sqlite_database, tmp_path, "http://127.0.0.1:1/feed", staff=STAFF)


@pytest.fixture
def time() -> Iterator[time_machine.Coordinates]:
    with time_machine.travel(NOON, tick=False) as travelled:
        yield travelled


def asks(practice: Installation, email: str) -> None:
    with practice.database.write() as connection:
        signup.ask(connection, email, digests=["weekly"], wording="I ask", source="sign-up form")


def blocks(practice: Installation, email: str, reason: Reason) -> None:
    with practice.database.write() as connection:
        suppression.suppress(connection, email, reason, "event")


def notices(practice: Installation) -> list[str]:
    files = sorted((practice.folder / "outbox").glob("staff-notice-*.eml"))
    return [file.read_text().replace("=\n", "") for file in files]


@pytest.mark.parametrize("reason", [Reason.BOUNCED, Reason.COMPLAINED, Reason.MANUAL])
def test_staff_are_told_by_number_with_the_remedy(
    practice: Installation, time: time_machine.Coordinates, reason: Reason
) -> None:
    blocks(practice, "ann@example.net", reason)
    time.shift(timedelta(hours=1))
    asks(practice, "ann@example.net")
    maintain(practice)
    asked = list((practice.folder / "outbox").glob("confirmation-*.eml"))
    assert len(asked) == (reason is Reason.BOUNCED)
    (notice,) = notices(practice)
    assert f"subscriber 1 ({reason})" in notice
    assert "rapport subscribers lift NUMBER" in notice
    assert "ann@example.net" not in notice
    with practice.database.write() as connection:
        directory.lift(connection, "1", reason="They wrote", source="test")
        assert suppression.reasons(connection, "ann@example.net") == set()


def test_a_flood_makes_one_notice_a_day(practice: Installation, time: time_machine.Coordinates) -> None:
    for number in range(60):
        blocks(practice, f"ann{number}@example.net", Reason.COMPLAINED)
    time.shift(timedelta(minutes=1))
    for hour in range(48):
        for number in (0, 1) if hour else range(60):
            asks(practice, f"ann{number}@example.net")
        maintain(practice)
        time.shift(timedelta(hours=1))
    told = notices(practice)
    assert len(told) == 2
    assert "... (60)" in told[0]
    assert "subscriber 2 (complained), 1 (complained)." in told[1] or "1 (complained), 2" in told[1]


def test_who_comes_back_by_the_mail_that_arrived_is_no_news(
    practice: Installation, time: time_machine.Coordinates
) -> None:
    blocks(practice, "ann@example.net", Reason.BOUNCED)
    time.shift(timedelta(hours=1))
    asks(practice, "ann@example.net")
    with practice.database.write() as connection:
        assert signup.confirm(connection, 1, source="page")
    maintain(practice)
    assert notices(practice) == []


def test_an_unknown_number_is_an_error_with_the_remedy(sqlite_database: Database) -> None:

    with (
        sqlite_database.write() as connection,
        pytest.raises(Exception, match="There is no subscriber 7") as found,
    ):
        directory.lift(connection, "7", reason="They wrote", source="test")
    assert found.value.message == "There is no subscriber 7."
    assert "number" in found.value.remedy
