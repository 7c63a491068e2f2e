"""Due times: standard cron lines on the wall clock, through both daylight-saving Sundays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.cron import check_schedule, last_due, moment_of, next_due

NEW_YORK = ZoneInfo("America/New_York")
BERLIN = ZoneInfo("Europe/Berlin")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("schedule", "due"),
    [
        ("0 9 * * thu", "2026-11-26T09:00"),
        ("0 9 * * 4", "2026-11-26T09:00"),
        ("0 9 * * 0", "2026-11-29T09:00"),
        ("0 9 * * 7", "2026-11-29T09:00"),
        ("0 9 * * SUN", "2026-11-29T09:00"),
        ("30 18 1 * *", "2026-12-01T18:30"),
        ("0 9 13 * fri", "2026-11-27T09:00"),  # day of month or day of week, as cron joins them
        ("0 9 25 dec *", "2026-12-25T09:00"),
        ("*/15 9-10 * * mon-fri", "2026-11-24T09:00"),
    ],
)
def test_a_cron_line_means_what_cron_means(schedule: str, due: str) -> None:
    assert next_due(schedule, NEW_YORK, utc(2026, 11, 24, 4)) == due


@pytest.mark.parametrize(
    "schedule", ["", "* * *", "61 * * * *", "0 9 * * 8", "0 9 * * noday", "0 9 30 feb *"]
)
def test_what_is_no_cron_line_is_refused_with_an_example(schedule: str) -> None:
    with pytest.raises(ValueError, match="0 9 \\* \\* thu"):
        check_schedule(schedule)


def passings(schedule: str, zone: ZoneInfo, start: datetime, hours: int) -> list[tuple[str, datetime]]:
    """Each due time and the minute at which a scheduler that ticks every minute first sees it."""
    seen: list[tuple[str, datetime]] = []
    for minute in range(hours * 60):
        moment = start + timedelta(minutes=minute)
        due = last_due(schedule, zone, moment)
        if not seen or seen[-1][0] != due:
            seen.append((due, moment))
    return seen[1:]


def test_an_hour_that_comes_twice_in_autumn_is_due_once() -> None:
    came = passings("30 1 * * *", NEW_YORK, utc(2026, 10, 31, 12), 48)
    assert came == [
        ("2026-11-01T01:30", utc(2026, 11, 1, 5, 30)),
        ("2026-11-02T01:30", utc(2026, 11, 2, 6, 30)),
    ]


def test_a_time_that_spring_jumps_over_is_due_once_on_that_day() -> None:
    came = passings("30 2 * * *", NEW_YORK, utc(2026, 3, 7, 12), 48)
    assert [due for due, _ in came] == ["2026-03-08T02:30", "2026-03-09T02:30"]
    assert came[0][1] == utc(2026, 3, 8, 7, 30)


def test_nine_in_the_morning_stays_nine_in_the_morning() -> None:
    before, after = (
        next_due("0 9 * * *", BERLIN, utc(2026, 10, 24)),
        next_due("0 9 * * *", BERLIN, utc(2026, 10, 25)),
    )
    assert moment_of(before, BERLIN) == utc(2026, 10, 24, 7)
    assert moment_of(after, BERLIN) == utc(2026, 10, 25, 8)


@given(
    moment=st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1)).map(lambda m: m.replace(tzinfo=UTC)),
    schedule=st.sampled_from(["0 9 * * thu", "30 1 * * *", "30 2 * * *", "*/30 * * * *", "0 0 1 * *"]),
    zone=st.sampled_from([NEW_YORK, BERLIN, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("UTC")]),
)
def test_the_last_due_time_has_come_and_the_next_has_not(
    moment: datetime, schedule: str, zone: ZoneInfo
) -> None:
    last, following = last_due(schedule, zone, moment), next_due(schedule, zone, moment)
    assert moment_of(last, zone) <= moment < moment_of(following, zone)
    # Nothing lies between the two: asking again from the last leads to the next.
    assert moment_of(next_due(schedule, zone, moment_of(last, zone)), zone) == moment_of(following, zone)
