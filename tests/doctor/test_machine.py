"""Database, clock, disk, feeds and configuration."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from sqlalchemy import text

from pipeline.core.database import Database
from pipeline.doctor import configuration, database, feeds, machine
from pipeline.doctor.runner import run_checks
from subscribers import clock
from tests.doctor.conftest import found, levels, only
from tests.doctor.test_dns import silent
from tests.doubles.blog import Blog, Item
from tests.ledgers import Left, handed_over

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.doctor.conftest import Make

DAY = timedelta(days=1)


def at(url: str) -> dict[str, Any]:
    return {"database": {"url": url}}


@pytest.fixture
def blog() -> Iterator[Blog]:
    with Blog([Item("A calm morning", datetime.now(UTC) - DAY)]) as served:
        yield served


# The database


def test_a_current_database_is_well(make: Make, database_url: str) -> None:
    findings = run_checks(database.CHECKS, make(**at(database_url)), silent)
    told = {finding.name: finding for finding in findings}
    # The tests' PostgreSQL gives up durability for speed, which is what the check is for.
    here = told["database.durable" if database_url.startswith("postgresql") else "database.sound"]
    expected = ("error", True) if database_url.startswith("postgresql") else ("ok", False)
    assert (here.level, "fsync off" in here.message) == expected
    assert {finding.level for finding in told.values() if finding is not here} == {"ok"}


def test_no_database_is_made_by_looking(make: Make, tmp_path: Path) -> None:
    findings = run_checks(database.CHECKS, make(), silent)
    assert levels(findings) == ["ok"]
    assert list(tmp_path.iterdir()) == []


def test_an_older_schema_is_named_and_left(make: Make, database_url: str) -> None:
    with Database(database_url).write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    finding = only(database.schema, make(**at(database_url)))
    assert finding.level == ("error" if database_url.startswith("postgresql") else "ok")
    assert "0001" in finding.message
    with Database(database_url).write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert "newer Rapport" in only(database.schema, make(**at(database_url))).message


@pytest.mark.parametrize("url", ["postgresql://127.0.0.1:1/none?password=hidden-word", "mysql://x/y"])
def test_a_database_that_is_not_there_is_an_error_without_its_password(make: Make, url: str) -> None:
    findings = run_checks(database.CHECKS, make(**at(url)), silent)
    assert findings[0].level == "error"
    assert "hidden-word" not in str(findings)


def test_a_damaged_file_is_an_error(make: Make, sqlite_url: str, tmp_path: Path) -> None:
    file = tmp_path / "rapport.db"
    whole = bytearray(file.read_bytes())
    whole[8192:] = os.urandom(len(whole) - 8192)
    file.write_bytes(whole)
    assert "damaged" in only(database.sound, make(**at(sqlite_url))).message
    file.write_bytes(b"no database at all" * 100)
    findings = run_checks(database.CHECKS, make(**at(sqlite_url)), silent)
    assert {finding.level for finding in findings if finding.name != "database.version"} == {"error"}


def test_a_writer_at_work_is_waited_for_a_moment_only(
    make: Make, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_BUSY_MS", 50)
    context = make(**at(sqlite_url))
    with Database(sqlite_url).write():
        assert only(database.writable, context).level == "warning"
    assert only(database.writable, context).level == "ok"


def test_a_reader_only_user_of_postgresql_is_an_error(make: Make, new_postgresql_database: Any) -> None:
    url = new_postgresql_database()
    with Database(url).write() as connection:
        name = connection.engine.url.database
        connection.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
    finding = only(database.writable, make(**at(url)))
    assert (finding.level, "read-only" in finding.message) == ("error", True)


# The machine


@pytest.mark.parametrize(
    ("off", "level"), [(0, "ok"), (90, "warning"), (-90, "warning"), (3600, "error"), (-3600, "error")]
)
def test_the_clock_is_compared_with_somebody_elses(make: Make, blog: Blog, off: int, level: str) -> None:
    context = make(feeds=[{"url": blog.url}], delivery={"provider": "outbox"})
    theirs = datetime.now(UTC)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: theirs + timedelta(seconds=off))
        assert only(machine.time_of_day, context).level == level


def test_a_clock_that_nobody_can_compare_is_a_warning(make: Make) -> None:
    assert only(machine.time_of_day, make(delivery={"provider": "outbox"})).level == "warning"


def test_a_clock_before_the_last_hand_over_is_an_error(make: Make, database: Database) -> None:
    url = database.url.render_as_string(hide_password=False)
    context = make(**at(url))
    assert only(machine.steady, context).level == "ok"
    with database.write() as connection:
        handed_over(connection, lots=[Left(at=clock.now() + DAY)])
    assert "before the last hand-over" in only(machine.steady, context).message


def test_the_practices_time_is_told(make: Make) -> None:
    context = make(newsletter={"timezone": "America/New_York"})
    with time_machine.travel("2026-01-08T14:30Z", tick=False):
        assert only(machine.time_zone, context).message == (
            "It is Thu 8 Jan, 9:30 New York (newsletter.timezone: America/New_York)."
        )


@pytest.mark.parametrize(("free", "level"), [(50, "error"), (500, "warning"), (5000, "ok")])
def test_space_is_looked_for_where_it_is_needed(
    make: Make, monkeypatch: pytest.MonkeyPatch, free: int, level: str
) -> None:
    asked = []

    def usage(folder: Path) -> Any:
        asked.append(folder)
        return shutil._ntuple_diskusage(10**12, 10**12, free * machine.MEGABYTE)  # type: ignore[attr-defined]

    monkeypatch.setattr(shutil, "disk_usage", usage)
    assert levels(found(machine.disk, make(delivery={"provider": "outbox"}))) == [level] * 2
    assert len(asked) == 2
    assert levels(found(machine.disk, make())) == [level]


# Feeds


def test_a_feed_is_fetched_and_read(make: Make, blog: Blog) -> None:
    assert "1 posts, the newest 1 days old" in only(feeds.feeds, make(feeds=[{"url": blog.url}])).message
    assert found(feeds.robots, make(feeds=[{"url": blog.url}])) == []


@pytest.mark.parametrize(
    ("change", "level", "said"),
    [
        ({"items": []}, "warning", "no post"),
        ({"items": [Item("Old", datetime(2020, 1, 1, tzinfo=UTC))]}, "warning", "days old"),
        ({"status": 404}, "error", "404"),
        ({"body": b"<html><body>A page</body></html>", "content_type": "text/html"}, "error", "feed"),
    ],
)
def test_a_feed_in_trouble(make: Make, blog: Blog, change: dict[str, Any], level: str, said: str) -> None:
    for name, value in change.items():
        setattr(blog, name, value)
    finding = only(feeds.feeds, make(feeds=[{"url": blog.url}]))
    assert finding.level == level
    assert said in finding.message


def test_a_broken_feed_hides_no_other(make: Make, blog: Blog) -> None:
    context = make(feeds=[{"url": "http://127.0.0.1:1/x"}, {"url": blog.url}])
    assert levels(found(feeds.feeds, context)) == ["error", "ok"]


def test_a_site_that_wants_no_machines_is_a_warning(make: Make, blog: Blog) -> None:
    blog.body, blog.content_type = b"User-agent: *\nDisallow: /blog\n", "text/plain"
    assert only(feeds.robots, make(feeds=[{"url": blog.url}])).level == "warning"
    blog.body = b"User-agent: *\nDisallow: /blog\n\nUser-agent: Rapport\nAllow: /\n"
    assert found(feeds.robots, make(feeds=[{"url": blog.url}])) == []


# The configuration


def test_what_every_letter_needs(make: Make) -> None:
    assert only(configuration.required, make()).level == "ok"
    lacking = make(newsletter={"postal_address": " "}, match={})
    assert levels(found(configuration.required, lacking)) == ["error", "error"]
    assert only(configuration.staff, make()).level == "warning"
    assert only(configuration.staff, make(staff={"emails": ["editor@example.org"]})).level == "ok"


def test_the_numbers_for_help_are_confirmed_once_a_year(make: Make) -> None:
    today, long_ago = clock.now().date(), clock.now().date() - timedelta(400)
    for newsletter, level, says in (
        ({}, "ok", "No country is named"),
        ({"country": "SE"}, "warning", "No numbers for SE"),
        ({"country": "US"}, "warning", "have not been confirmed"),
        ({"country": "US", "crisis_checked": today.isoformat()}, "ok", "are confirmed"),
        ({"country": "US", "crisis_checked": long_ago.isoformat()}, "error", "400 days ago"),
    ):
        finding = only(configuration.crisis, make(newsletter=newsletter))
        assert (finding.level, says in finding.message) == (level, True), finding


def test_sending_again_needs_events(make: Make) -> None:
    blind = make(delivery={"provider": "sendgrid", "on_uncertain": "resend"})
    (finding,) = run_checks([configuration.doubt], blind, silent)
    assert (finding.level, "webhook_public_key is empty" in finding.message) == ("error", True)
    assert found(configuration.doubt, make()) == []


def test_broken_templates_name_file_and_line(make: Make, tmp_path: Path) -> None:
    assert only(configuration.templates, make()).level == "ok"
    own = tmp_path / "own"
    (own / "pages").mkdir(parents=True)
    (own / "letter").mkdir()
    theme = {"templates": "own"}
    (own / "pages" / "confirm.html").write_text("a\n{% if %}")
    assert "confirm.html:2" in only(configuration.templates, make(theme=theme)).message
    (own / "letter" / "digest.txt").write_text("{{ nothing }}")
    assert "digest.txt:1" in only(configuration.templates, make(theme=theme)).message
    assert "there is no folder" in only(configuration.templates, make(theme={"templates": "gone"})).message
