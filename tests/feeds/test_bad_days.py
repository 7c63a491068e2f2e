"""What feeds do on bad days: pages with 200 in their place, no post at all, silence; and how each is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from sqlalchemy import select

from pipeline.core.tables.feeds import feeds
from pipeline.feeds.pull import pull
from tests.doubles.blog import Blog, Item
from tests.installations import installation, run_one, subscribe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.core.app import Installation
    from pipeline.core.database import Database
    from pipeline.feeds.pull import Pulled

MONDAY = datetime(2026, 11, 23, 15, tzinfo=UTC)
DUE = datetime(2026, 11, 26, 14, tzinfo=UTC)

MAINTENANCE = b"<!doctype html><title>Back soon</title><p>We are doing some maintenance."
ROBOTS = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Checking</body></html>"


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def blog(clock: time_machine.Traveller) -> Iterator[Blog]:
    with Blog(
        [Item("A calm morning", MONDAY - timedelta(days=1)), Item("Old", MONDAY - timedelta(90))]
    ) as served:
        yield served


@pytest.fixture
def practice(sqlite_database: Database, tmp_path: Path, blog: Blog) -> Installation:
    subscribe(sqlite_database, 1)
    return installation(sqlite_database, tmp_path, blog.url, staff={"emails": ["editor@example.org"]})


def pulled(practice: Installation) -> Pulled:
    (feed,) = pull(practice.database, practice.config)
    return feed


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (MAINTENANCE, "something else than the feed"),
        (ROBOTS, "checks for robots"),
        (b"<html><title>One moment, please...</title>", "checks for robots"),
        (b"<html><head><title>DDoS-Guard</title>", "checks for robots"),
        (b"<html><iframe src='/_Incapsula_Resource?x'>", "checks for robots"),
        (b"Service temporarily unavailable", "something else than the feed"),
        (b'{"error": "try again"}', "something else than the feed"),
    ],
    ids=["maintenance", "just a moment", "one moment", "a guard", "a frame", "plain text", "another JSON"],
)
def test_a_page_in_place_of_a_feed_that_was_read_is_an_outage(
    practice: Installation, blog: Blog, clock: time_machine.Traveller, body: bytes, said: str
) -> None:
    pulled(practice)
    clock.shift(timedelta(days=60))
    blog.body = body
    failed = pulled(practice)
    assert failed.outcome == "failed"
    assert said in (failed.error or "")
    assert "Mon 23 Nov" in (failed.error or ""), "since when"
    assert "web page, not a feed" not in (failed.error or "")
    assert "tried again" in (failed.remedy or "")
    blog.body = None
    assert pulled(practice).error is None


def test_at_first_it_is_a_wrong_address(practice: Installation, blog: Blog) -> None:
    blog.body = MAINTENANCE
    failed = pulled(practice)
    assert "is a web page, not a feed" in (failed.error or "")
    assert "put the address of the feed" in (failed.remedy or "").lower()


def test_an_outage_is_told_as_one_after_a_day(
    practice: Installation, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    run_one(practice)
    blog.body = ROBOTS
    clock.shift(timedelta(hours=2))
    run_one(practice)
    assert list((tmp_path / "outbox").glob("*.eml")) == []
    clock.shift(timedelta(hours=25))
    run_one(practice)
    (mail,) = (tmp_path / "outbox").glob("*.eml")
    assert "checks for robots" in " ".join(mail.read_text().replace("=\n", "").split())


def test_a_feed_that_was_full_and_comes_empty_is_told_and_nothing_is_withdrawn(
    practice: Installation, blog: Blog
) -> None:
    pulled(practice)
    kept, blog.items = blog.items, []
    failed = pulled(practice)
    assert failed.outcome == "failed"
    assert "is empty, though it had 2 posts" in (failed.error or "")
    assert failed.withdrawn == 0
    blog.items = kept
    assert (pulled(practice).unchanged, pulled(practice).error) == (2, None)


def test_an_empty_answer_is_not_remembered_as_the_last_good_one(practice: Installation, blog: Blog) -> None:
    blog.headers = {"ETag": '"full"'}
    pulled(practice)
    blog.headers, blog.items = {"ETag": '"empty"'}, []
    pulled(practice)
    with practice.database.read() as connection:
        assert connection.scalar(select(feeds.c.etag)) == '"full"'


def test_an_empty_answer_uses_up_no_due_time(
    practice: Installation, blog: Blog, clock: time_machine.Traveller
) -> None:
    run_one(practice, at_once=True)
    kept, blog.items = blog.items, []
    clock.move_to(DUE)
    ran = run_one(practice)
    assert ran.outcome == "failed"
    assert "is empty" in ran.reason
    blog.items = [Item("Written meanwhile", DUE - timedelta(hours=3)), *kept]
    clock.move_to(DUE + timedelta(hours=2))
    ran = run_one(practice)
    assert ran.outcome == "sent"
    assert ran.edition is not None
    assert ran.edition.due == "2026-11-26T09:00"


def test_a_blog_without_a_post_yet_is_no_fault(practice: Installation, blog: Blog) -> None:
    blog.items = []
    assert pulled(practice).error is None
    blog.items = [Item("The first one", MONDAY - timedelta(hours=3))]
    assert (pulled(practice).new, pulled(practice).unchanged) == (1, 1)
    assert run_one(practice, at_once=True).outcome == "sent"
