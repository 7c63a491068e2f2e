"""How a time is shown: people's words, and ISO 8601 to the second for programs."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
import time_machine

from subscribers import times

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture(autouse=True)
def late_in_2026() -> Iterator[None]:
    with time_machine.travel(datetime(2026, 12, 31, 23, 30, tzinfo=UTC), tick=False):
        yield


@pytest.mark.parametrize(
    ("at", "zone", "shown"),
    [
        (datetime(2026, 12, 3, 14, tzinfo=UTC), NEW_YORK, "Thu 3 Dec, 9:00 New York"),
        (datetime(2026, 7, 1, 4, 5, 6, 789, tzinfo=UTC), NEW_YORK, "Wed 1 Jul, 0:05 New York"),
        (datetime(2027, 1, 7, 14, tzinfo=UTC), NEW_YORK, "Thu 7 Jan 2027, 9:00 New York"),
        (
            datetime(2025, 12, 25, 17, 45, tzinfo=UTC),
            ZoneInfo("Europe/Berlin"),
            "Thu 25 Dec 2025, 18:45 Berlin",
        ),
        (
            datetime(2026, 12, 3, 14, tzinfo=UTC),
            ZoneInfo("America/Argentina/Buenos_Aires"),
            "Thu 3 Dec, 11:00 Buenos Aires",
        ),
        # In Auckland it is 2027 already, at the other end of the world not yet.
        (datetime(2026, 12, 31, 20, tzinfo=UTC), ZoneInfo("Pacific/Auckland"), "Fri 1 Jan, 9:00 Auckland"),
        (datetime(2026, 12, 31, 20, tzinfo=UTC), UTC, "Thu 31 Dec, 20:00 UTC"),
    ],
)
def test_a_moment_is_weekday_day_month_and_hour_by_the_clock_of_a_city(
    at: datetime, zone: tzinfo, shown: str
) -> None:
    assert times.moment(at, zone) == shown


def test_a_day_is_that_of_the_zone_and_a_date_is_itself_everywhere() -> None:
    late = datetime(2026, 12, 4, 1, tzinfo=UTC)
    assert (times.day(late, NEW_YORK), times.day(late, UTC)) == ("Thu 3 Dec", "Fri 4 Dec")
    assert times.day(date(2025, 12, 4), NEW_YORK) == "Thu 4 Dec 2025"


def test_iso_text_is_shown_in_the_zone_and_a_wall_clocks_as_it_stands() -> None:
    assert times.local("2026-12-03T14:00:00+00:00", NEW_YORK) == "Thu 3 Dec, 9:00 New York"
    assert times.local("2026-12-03T09:00", NEW_YORK) == "Thu 3 Dec, 9:00 New York"


def test_programs_get_the_offset_and_no_microseconds() -> None:
    at = datetime(2026, 12, 3, 14, 0, 1, 234567, tzinfo=UTC)
    assert times.iso(at) == "2026-12-03T14:00:01+00:00"
    assert times.iso(at, NEW_YORK) == "2026-12-03T09:00:01-05:00"
    assert times.iso(at.astimezone(timezone(timedelta(hours=2)))) == "2026-12-03T16:00:01+02:00"
    assert times.iso_or_none(None) is None
