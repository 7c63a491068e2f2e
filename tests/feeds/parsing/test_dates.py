"""Dates as feeds write them: forms, zones, and days without a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.feeds.parsing import dates
from pipeline.feeds.parsing.dates import Date
from pipeline.feeds.parsing.parse import parse
from tests.feeds.quirk import FEED_URL

DAY = Date(datetime(2026, 11, 30, tzinfo=UTC), is_day=True)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-30",
        "2026/11/30",
        "30 Nov 2026",
        "Mon, 30 Nov 2026",
        "Mon, 30 Nov 2026 00:00:00 GMT",
        "Mon, 30 Nov 2026 00:00:00 +0000",
        "Mon, 30 Nov 2026 00:00:00 +0100",
        "Mon, 30 Nov 2026 00:00:00 -0500",
        "Mon, 30 Nov 2026 00:00 EST",
        "2026-11-30T00:00:00Z",
        "2026-11-30T00:00:00.000+09:00",
        "2026-11-30 00:00:00",
        "November 30, 2026",
        "Nov. 30th, 2026",
        "30. November 2026",
        "30 novembre 2026",
        "30 de noviembre de 2026",
        "2026年11月30日",
        "2026 年 11 月 30 日",
        "2026년 11월 30일",
        "2026. 11. 30.",
        "30.11.2026",
        "30/11/2026",
        "11/30/2026",
        "30 ноября 2026",
        "30 листопада 2026",
        "30 listopada 2026",
        "30. marraskuuta 2026",
        "30 Kasım 2026",
        "30th of November 2026",
    ],
)
def test_a_date_without_a_time_is_that_day(text: str) -> None:
    assert dates.read(text) == DAY


@pytest.mark.parametrize(
    ("zone", "hours"),
    [
        ("GMT", 0),
        ("Z", 0),
        ("CET", 1),
        ("CEST", 2),
        ("BST", 1),
        ("IST", 5.5),
        ("AEST", 10),
        ("AEDT", 11),
        ("ACST", 9.5),
        ("NZDT", 13),
        ("JST", 9),
        ("EST", -5),
        ("PDT", -7),
        ("+0530", 5.5),
        ("-03:30", -3.5),
        ("GMT+2", 2),
        ("UTC-5", -5),
        ("+0100 (CET)", 1),
        ("IDT", 3),
        ("PT", -8),
        ("Eastern Standard Time", -5),
        ("America/New_York", -5),
        ("XYZ", 0),
    ],
)
def test_zones_are_known_by_name_and_number(zone: str, hours: float) -> None:
    expected = Date(datetime(2026, 11, 30, 15, 4, 5, tzinfo=UTC) - timedelta(hours=hours))
    assert dates.read(f"Mon, 30 Nov 2026 15:04:05 {zone}") == expected


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-30T15:04:00Z",
        "20261130T150400Z",
        "2026-11-30 15:04",
        "Mon, 30 Nov 26 15:04 GMT",
        "Monday, 30-Nov-2026 15:04:00 GMT",
        "Lun, 30 nov 2026 15:04:00 +0000",
        "Nov 30, 2026 3:04 PM",
        "November 30, 2026 at 3:04 p.m.",
        "Mon Nov 30 15:04:00 2026",
        "2026年11月30日 15:04",
        "2026年11月30日 15時04分",
        "Mon, 30 Nov 2026 15.04.00 +0000",
        "2026-11-30T16:04:00[Europe/Berlin]",
        "2026年11月30日（月）午後3:04",
        "2026년 11월 30일 오후 3:04",
        1796051040,
        1796051040000,
    ],
)
def test_a_moment_is_read_in_any_of_these_forms(text: str | int) -> None:
    assert dates.read(text) == Date(datetime(2026, 11, 30, 15, 4, tzinfo=UTC))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "0001-01-01T00:00:00Z",
        "1970-01-01",
        "2026-13-01",
        "2026-11-31",
        "05/06/2026",
        "30 Smarch 2026",
        "Mon, 30 Nov 2026 99:00:00 GMT",
        "2026-11-30" + " " * 100 + "x",
        None,
        True,
    ],
)
def test_what_names_no_date_of_a_post_is_none(text: object) -> None:
    assert dates.read(text) is None


def test_an_evening_in_new_york_is_no_day_of_london() -> None:
    found = dates.read("Mon, 30 Nov 2026 19:00:00 -0500")
    assert found == Date(datetime(2026, 12, 1, tzinfo=UTC), is_day=False)


def test_an_entry_says_whether_its_date_is_a_day() -> None:
    items = "".join(
        f"<item><title>{text}</title><pubDate>{text}</pubDate></item>"
        for text in ("Mon, 30 Nov 2026 00:00:00 GMT", "Mon, 30 Nov 2026 10:00:00 AEST", "2026年11月30日")
    )
    found = parse(f"<rss><channel>{items}</channel></rss>".encode(), url=FEED_URL).entries
    assert [(entry.published, entry.date_only) for entry in found] == [
        (DAY.at, True),
        (datetime(2026, 11, 30, tzinfo=UTC), False),
        (DAY.at, True),
    ]


def test_the_days_of_a_json_feed_are_days() -> None:
    body = b'{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1", "title": "A walk", '
    (entry,) = parse(body + b'"date_published": "2026-11-30"}]}', url=FEED_URL).entries
    assert (entry.published, entry.date_only) == (DAY.at, True)
