"""What staff are told: each trouble once, not too often, and nothing of a reader."""

from __future__ import annotations

import email
import logging
from datetime import UTC, datetime, timedelta
from email import policy
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from sqlalchemy import insert, select, update

from pipeline.core.sections.digest import Digest
from pipeline.core.tables.editions import digests
from pipeline.core.tables.feeds import feeds, posts
from pipeline.core.tables.installation import notices
from pipeline.editions import states, store
from pipeline.feeds.parsing import sandbox
from pipeline.feeds.pull import pull
from pipeline.mail import staff
from pipeline.providers.events import Kind
from pipeline.schedule import history
from pipeline.schedule.alerts import alert_staff
from pipeline.schedule.alerts.editions import LEFT_FOR, SETTLES_WITHIN, SILENT_FOR
from pipeline.schedule.maintenance import maintain
from pipeline.schedule.result import RunResult
from subscribers import mail_limits, signup
from tests.doubles.blog import Blog
from tests.doubles.sendgrid import Answer, EventWebhook, StrictSendGrid
from tests.feeds.parsing import small_limits
from tests.installations import installation, run_one
from tests.ledgers import AT, Left, event, handed_over

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.core.app import Installation
    from pipeline.core.database import Database

pytestmark = pytest.mark.databases("sqlite")  # on both where the database has a part in it

FEED = "http://127.0.0.1:1/feed"
STAFF = {"emails": ["editor@example.org", "head@example.org"]}
KEY = EventWebhook().public_key


@pytest.fixture(autouse=True)
def travel() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(AT, tick=False) as traveller:
        yield traveller


@pytest.fixture
def sendgrid(monkeypatch: pytest.MonkeyPatch) -> Iterator[StrictSendGrid]:
    with StrictSendGrid() as server:
        monkeypatch.setenv("SENDGRID_API_KEY", server.key)
        yield server
    assert server.problems == []


def practice(database: Database, folder: Path, **sections: Any) -> Installation:
    return installation(database, folder, FEED, **({"staff": STAFF} | sections))


def by_sendgrid(
    database: Database, folder: Path, sendgrid: StrictSendGrid, key: str = KEY, **more: Any
) -> Installation:
    delivery = {"provider": "sendgrid", "sendgrid": {"api_url": sendgrid.url, "webhook_public_key": key}}
    return practice(database, folder, delivery=delivery | more)


def mails(folder: Path) -> list[Any]:
    files = sorted((folder / "outbox").glob("*.eml"))
    return [email.message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]


def subjects(sendgrid: StrictSendGrid) -> list[str]:
    """Of the notices that reached the first of staff."""
    return [mail.subject for mail in sendgrid.deliveries if mail.address == "editor@example.org"]


# Telling


def tell(installed: Installation, about: str = "weekly-1", kind: str = "breaker", **more: Any) -> bool:
    return staff.tell(installed, kind, about, f"{about} had trouble", "It did.\n\nLook at it.", **more)


def test_each_of_staff_gets_a_mail_of_its_own_in_plain_words(database: Database, tmp_path: Path) -> None:
    installed = practice(database, tmp_path)
    assert tell(installed)
    assert {mail["To"] for mail in mails(tmp_path)} == set(STAFF["emails"])
    mail = mails(tmp_path)[0]
    assert mail["Subject"] == "The Weekly Letter: weekly-1 had trouble"
    text, html = mail.get_body(("plain",)).get_content(), mail.get_body(("html",)).get_content()
    for part in (text, html):
        assert "It did." in part
        assert "Look at it." in part
        assert "staff.emails" in part
        assert "%%rapport" not in part
    assert not [name for name in mail if name.lower().startswith("list-")]


def test_a_thing_is_told_once_and_a_kind_at_most_once_an_hour(
    database: Database, tmp_path: Path, travel: time_machine.Traveller
) -> None:
    installed = practice(database, tmp_path)
    assert tell(installed)
    assert not tell(installed, "weekly-2"), "the same kind within the hour"
    assert tell(installed, kind="stopped"), "another kind"
    travel.shift(staff.REST)
    assert not tell(installed), "told already"
    assert tell(installed, "weekly-2")
    travel.shift(staff.REST)
    assert tell(installed, since=AT + timedelta(minutes=1)), "it began anew"


def test_what_cannot_be_mailed_is_logged_and_told_an_hour_later(
    sqlite_database: Database,
    tmp_path: Path,
    sendgrid: StrictSendGrid,
    travel: time_machine.Traveller,
    caplog: pytest.LogCaptureFixture,
) -> None:
    installed = by_sendgrid(sqlite_database, tmp_path, sendgrid)
    sendgrid.faults.extend([Answer(401), Answer(401)])
    assert not tell(installed)
    assert not tell(installed), "not every minute"
    assert sendgrid.attempts == 2
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 2
    assert "weekly-1 had trouble" in caplog.text
    assert "@" not in caplog.text
    travel.shift(staff.REST)
    assert tell(installed)
    assert subjects(sendgrid) == ["The Weekly Letter: weekly-1 had trouble"]


def test_nothing_that_goes_wrong_reaches_who_tells(
    sqlite_database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("SENDGRID_API_KEY", "")
    assert not tell(practice(sqlite_database, tmp_path, delivery={"provider": "sendgrid"}))
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "notice.txt").write_text("{{ nonsense }}")
    assert not tell(practice(sqlite_database, tmp_path, theme={"templates": "."}), kind="stopped")
    sqlite_database.close()
    assert sqlite_database.path
    sqlite_database.path.write_bytes(b"no database")
    assert not tell(practice(sqlite_database, tmp_path), kind="unheard")
    assert len(caplog.records) == 3


def test_with_nobody_to_mail_the_log_has_it_once(
    sqlite_database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    installed = practice(sqlite_database, tmp_path, staff={})
    tell(installed)
    tell(installed)
    assert [record.getMessage() for record in caplog.records] == [
        "staff.emails is empty, so nobody is mailed “weekly-1 had trouble”"
    ]


# Watching


def test_the_breaker_is_told_with_the_figures_and_what_now(database: Database, tmp_path: Path) -> None:
    installed = practice(database, tmp_path)
    with database.write() as connection:
        handed_over(connection, status="paused", reason="11 of 200 bounced", tripped_at=AT)
    alert_staff(installed)
    alert_staff(installed)
    mail, _ = mails(tmp_path)
    assert mail["Subject"] == "The Weekly Letter: weekly-1 had too many bounces or complaints"
    text = mail.get_body(("plain",)).get_content()
    assert "weekly-1: 11 of 200 bounced." in text
    assert "rapport editions resume weekly-1" in text


def test_let_go_on_it_is_no_trouble_until_it_trips_again(
    sqlite_database: Database, tmp_path: Path, travel: time_machine.Traveller
) -> None:
    installed = practice(sqlite_database, tmp_path)
    with sqlite_database.write() as connection:
        handed_over(connection, status="paused", reason="11 of 200 bounced", tripped_at=AT)
    alert_staff(installed)
    travel.shift(timedelta(hours=2))
    with sqlite_database.write() as connection:
        states.resume(connection, "weekly-1")
    alert_staff(installed)
    assert len(mails(tmp_path)) == 2
    travel.shift(timedelta(hours=2))
    with sqlite_database.write() as connection:
        store.change(connection, 1, status="paused", reason="again", tripped_at=AT + timedelta(hours=4))
    alert_staff(installed)
    assert len(mails(tmp_path)) == 4


def test_what_the_provider_stopped_is_told_each_time_and_what_staff_paused_never(
    database: Database, tmp_path: Path, travel: time_machine.Traveller
) -> None:
    installed = practice(database, tmp_path)
    with database.write() as connection:
        handed_over(connection, 1, [Left("waiting", at=AT)], status="paused", reason="the key was refused")
        handed_over(connection, 2, [Left("waiting")], status="cancelled", reason="over")
    alert_staff(installed)
    alert_staff(installed)
    assert [mail["Subject"] for mail in mails(tmp_path)] == ["The Weekly Letter: weekly-1 is paused"] * 2
    assert "the key was refused" in mails(tmp_path)[0].get_body(("plain",)).get_content()
    travel.shift(timedelta(hours=2))
    with database.write() as connection:
        states.resume(connection, "weekly-1")
        states.pause(connection, "weekly-1")
    alert_staff(installed)
    assert len(mails(tmp_path)) == 2


@pytest.mark.parametrize(
    ("reason", "subject", "remedy"),
    [
        ("relay not permitted", "weekly-1 is paused", "relay not permitted. Nobody is lost"),
        ("nobody was handed it: 2 of 2 were refused", "weekly-1 reached nobody", "again weekly-1 --failed`"),
        ("SendGrid has no credits left (401).", "SendGrid has no credits left", "(401). Nothing is wrong"),
    ],
)
def test_what_stopped_a_letter_is_told_with_its_own_remedy(
    sqlite_database: Database, tmp_path: Path, reason: str, subject: str, remedy: str
) -> None:
    installed = practice(sqlite_database, tmp_path)
    with sqlite_database.write() as connection:
        handed_over(connection, 1, [Left("waiting", at=AT)], status="paused", reason=reason)
    alert_staff(installed)
    mail = mails(tmp_path)[0]
    assert mail["Subject"].endswith(subject)
    assert remedy in " ".join(mail.get_body(("plain",)).get_content().split())


NO = ("failed", "the server refused the address (550): no such user")


@pytest.mark.databases("sqlite", "postgresql")
@pytest.mark.parametrize(
    ("lot", "told"),
    [
        (Left(people=6, apart={0: NO, 1: NO}), "2 of 6"),
        (Left(people=30, apart=dict.fromkeys(range(2), NO)), "2 of 30"),
        (Left(people=41, apart=dict.fromkeys(range(2), NO)), ""),
        (Left(people=6, apart={0: NO}), ""),
        (Left(people=6, apart={0: ("withheld", "left"), 1: ("uncertain", "x")}), ""),
    ],
)
def test_a_large_share_of_refusals_is_told_of_a_small_list_too(
    database: Database, tmp_path: Path, lot: Left, told: str
) -> None:
    installed = practice(database, tmp_path)
    with database.write() as connection:
        handed_over(connection, 1, [lot, Left(people=1)])
    alert_staff(installed)
    alert_staff(installed)
    found = [mail for mail in mails(tmp_path) if "refused" in mail["Subject"]]
    total = lot.people + 1
    subject = f"The Weekly Letter: weekly-1: {told.partition(' ')[0]} of {total} readers were refused"
    assert [mail["Subject"] for mail in found] == ([subject] * 2 if told else [])
    if told:
        assert "(550): no such user." in found[0].get_body(("plain",)).get_content()


def test_a_rate_that_is_limited_is_told_once_a_day_while_the_letter_goes_out(
    database: Database, tmp_path: Path, travel: time_machine.Traveller
) -> None:
    installed = practice(database, tmp_path)
    reason = "the provider limits the rate: too much mail. Set delivery.rate."
    with database.write() as connection:
        handed_over(connection, 1, [Left(), Left("waiting", reason=reason)], status="sending")
        handed_over(connection, 2, [Left(), Left("waiting", reason="busy")], status="cancelled")
    for number in (1, 1, 2, 3):  # told on each day, and not twice on one
        alert_staff(installed)
        subject = "The Weekly Letter: weekly-1 goes out in parts"
        assert [mail["Subject"] for mail in mails(tmp_path)] == [subject] * len(STAFF["emails"]) * number
        travel.shift(timedelta(hours=16))
    assert "delivery.rate" in mails(tmp_path)[0].get_body(("plain",)).get_content()


@pytest.mark.parametrize(
    "lot",
    [
        Left("uncertain", 2, "timed out"),
        Left("sent", 3, apart={0: ("uncertain", "x"), 1: ("uncertain", "x")}),
    ],
    ids=["a batch", "one by one"],
)
def test_doubt_that_is_left_after_a_send_is_told_with_the_number(
    database: Database, tmp_path: Path, lot: Left
) -> None:
    installed = practice(database, tmp_path)
    with database.write() as connection:
        handed_over(connection, lots=[lot, Left("sent", 5)])
    alert_staff(installed)
    alert_staff(installed)
    mail, _ = mails(tmp_path)
    assert mail["Subject"] == "The Weekly Letter: weekly-1 may not have reached 2 of its readers"
    assert "does not send it to them again" in " ".join(mail.get_body(("plain",)).get_content().split())


def test_so_is_that_of_a_letter_that_was_cancelled_midway_and_of_one_left_paused(
    database: Database, tmp_path: Path, travel: time_machine.Traveller
) -> None:
    installed = practice(database, tmp_path, delivery={"on_uncertain": "hold"})
    with database.write() as connection:
        handed_over(connection, 1, [Left("uncertain"), Left("waiting")], status="cancelled")
        handed_over(connection, 2, [Left("uncertain"), Left("waiting")], status="paused", finished_at=None)
    alert_staff(installed)
    assert told(tmp_path) == ["weekly-1 may not have reached 2 of its readers"]
    travel.shift(LEFT_FOR)
    alert_staff(installed)
    alert_staff(installed)
    assert told(tmp_path)[1:] == ["weekly-2 may not have reached 2 of its readers"]


def test_events_are_given_time_to_settle_it(
    sqlite_database: Database, tmp_path: Path, sendgrid: StrictSendGrid, travel: time_machine.Traveller
) -> None:
    installed = by_sendgrid(sqlite_database, tmp_path, sendgrid, on_uncertain="resend")
    with sqlite_database.write() as connection:
        handed_over(connection, lots=[Left("uncertain", 2, "timed out"), Left("sent", 5)])
    alert_staff(installed)
    assert subjects(sendgrid) == []
    travel.shift(SETTLES_WITHIN)
    alert_staff(installed)
    assert subjects(sendgrid) == ["The Weekly Letter: weekly-1 may not have reached 2 of its readers"]
    assert "after 26 hours" in sendgrid.deliveries[0].text


@pytest.mark.parametrize("heard", [True, False])
def test_a_send_that_nobody_heard_of_again_is_told_once(
    database: Database, tmp_path: Path, sendgrid: StrictSendGrid, travel: time_machine.Traveller, heard: bool
) -> None:
    from pipeline.core.sections.delivery import Delivery
    from pipeline.delivery.events import take

    installed = by_sendgrid(database, tmp_path, sendgrid)
    with database.write() as connection:
        person, *_ = handed_over(connection)
        told = [event(Kind.DELIVERED, 0, batch="a test copy")]  # of nobody's
        take(connection, [*told, *([event(Kind.DELIVERED, person)] if heard else [])], "SendGrid", Delivery())
    travel.shift(SILENT_FOR - timedelta(seconds=1))
    alert_staff(installed)
    assert subjects(sendgrid) == []
    travel.shift(timedelta(seconds=1))
    alert_staff(installed)
    travel.shift(timedelta(hours=5))
    alert_staff(installed)
    assert subjects(sendgrid) == ([] if heard else ["The Weekly Letter: No events came after weekly-1"])


def test_without_the_webhook_that_is_said_a_single_time(
    sqlite_database: Database, tmp_path: Path, sendgrid: StrictSendGrid, travel: time_machine.Traveller
) -> None:
    installed = by_sendgrid(sqlite_database, tmp_path, sendgrid, key="")
    alert_staff(installed)
    assert subjects(sendgrid) == [], "nothing was sent yet"
    for number in (1, 2):
        with sqlite_database.write() as connection:
            handed_over(connection, number, finished_at=AT + timedelta(days=number))
        travel.move_to(AT + timedelta(days=number, hours=3))
        alert_staff(installed)
    assert subjects(sendgrid) == ["The Weekly Letter: Bounces and complaints are not seen"]
    assert "https://letter.example.org/webhooks/sendgrid" in sendgrid.deliveries[0].text


def test_it_speaks_the_newsletters_language(
    sqlite_database: Database, tmp_path: Path, sendgrid: StrictSendGrid, travel: time_machine.Traveller
) -> None:
    newsletter = {
        "name": "Die Woche", "from_email": "letter@example.org", "language": "de",
        "public_url": "https://letter.example.org",
    }  # fmt: skip
    delivery = {"provider": "sendgrid", "sendgrid": {"api_url": sendgrid.url, "webhook_public_key": KEY}}
    installed = practice(sqlite_database, tmp_path, newsletter=newsletter, delivery=delivery)
    with sqlite_database.write() as connection:
        handed_over(connection, 1, status="paused", reason="zu viele", tripped_at=AT)
        handed_over(connection, 2, [Left("uncertain"), Left("sent")])
    travel.shift(timedelta(hours=3))
    alert_staff(installed)
    assert subjects(sendgrid) == [
        "Die Woche: weekly-1: zu viele Rückläufer oder Beschwerden",
        "Die Woche: weekly-2: Ankunft ungewiss bei 2 Personen",
        "Die Woche: Nach weekly-2 kamen keine Ereignisse",
    ]
    assert all("Sie bekommen dies" in mail.text for mail in sendgrid.deliveries)


def test_old_troubles_are_not_dug_up(sqlite_database: Database, tmp_path: Path) -> None:
    long_ago = AT - timedelta(days=8)
    with sqlite_database.write() as connection:
        handed_over(connection, 1, [Left("uncertain")], finished_at=long_ago, tripped_at=long_ago)
    alert_staff(practice(sqlite_database, tmp_path))
    with sqlite_database.read() as connection:
        assert connection.execute(select(notices)).all() == []


# What should happen by itself and does not


THURSDAY = AT
"""When the digest is due, in New York at nine."""

MONDAY = AT - timedelta(days=3)


def seen_on_monday(database: Database, travel: time_machine.Traveller) -> None:
    travel.move_to(MONDAY)
    with database.write() as connection:
        connection.execute(insert(digests).values(name="weekly", first_seen=MONDAY))


def noted(database: Database, outcome: str, reason: str, *names: str) -> None:
    ran = [RunResult(name, outcome, None, reason, "", outcome == "failed") for name in names]
    with database.write() as connection:
        history.remember(connection, "a run", ran, [Digest(name=name) for name in names])


def told(folder: Path) -> list[str]:
    """The subjects of what reached the first of staff, oldest first."""
    return [
        mail["Subject"].removeprefix("The Weekly Letter: ")
        for mail in mails(folder)
        if mail["To"] == "editor@example.org"
    ]


@pytest.mark.databases("sqlite", "postgresql")
def test_a_run_that_fails_is_told_once_until_they_went_well_again(
    database: Database, tmp_path: Path, travel: time_machine.Traveller
) -> None:
    installed = practice(database, tmp_path)
    for hour in range(4):
        travel.move_to(MONDAY + timedelta(hours=hour))
        noted(database, "failed", "the template has an error on line 7", "weekly")
        alert_staff(installed)
    assert told(tmp_path) == ["weekly could not be sent"]
    assert "error on line 7" in mails(tmp_path)[0].get_body(("plain",)).get_content()
    noted(database, "sent", "", "weekly")
    alert_staff(installed)
    travel.shift(timedelta(hours=2))
    noted(database, "failed", "it is broken again", "weekly")
    alert_staff(installed)
    assert told(tmp_path) == ["weekly could not be sent"] * 2


def test_what_fails_for_two_digests_is_told_of_each_at_once(
    sqlite_database: Database, tmp_path: Path
) -> None:
    installed = practice(sqlite_database, tmp_path, digests=[{"name": "weekly"}, {"name": "groups"}])
    noted(sqlite_database, "failed", "the disk is full", "weekly", "groups")
    alert_staff(installed)
    assert sorted(told(tmp_path)) == ["groups could not be sent", "weekly could not be sent"]


def test_a_due_time_that_nobody_kept_is_told_after_a_day(
    database: Database, tmp_path: Path, travel: time_machine.Traveller
) -> None:
    installed = practice(database, tmp_path)
    seen_on_monday(database, travel)
    for hours in (-1, 1, 23):
        travel.move_to(THURSDAY + timedelta(hours=hours))
        alert_staff(installed)
    assert told(tmp_path) == []
    travel.move_to(THURSDAY + timedelta(hours=25))
    alert_staff(installed)
    travel.shift(timedelta(hours=2))
    alert_staff(installed)
    assert told(tmp_path) == ["weekly: no letter on November 26, 2026, 9:00 AM"]


def test_a_due_time_that_a_late_run_gave_up_is_told_once(
    sqlite_database: Database, tmp_path: Path, travel: time_machine.Traveller
) -> None:
    installed = practice(sqlite_database, tmp_path)
    seen_on_monday(sqlite_database, travel)
    travel.move_to(THURSDAY + timedelta(hours=25))
    assert run_one(installed).outcome == "skipped"
    travel.shift(timedelta(hours=2))
    run_one(installed)
    assert told(tmp_path) == ["weekly: no letter on November 26, 2026, 9:00 AM"]


# Feeds


def read_feed(database: Database, posted: list[datetime], at: datetime, **values: Any) -> None:
    """The feed as a pull left it: when its posts are from, and when it was read."""
    with database.write() as connection:
        made = insert(feeds).values(url=FEED, first_seen=MONDAY, fetched_at=at, **values)
        feed = connection.execute(made.returning(feeds.c.id)).scalar_one()
        for number, published in enumerate(posted):
            connection.execute(
                insert(posts).values(
                    feed_id=feed, title=f"Post {number}", published=published, first_seen=published,
                    initial=True, position=number, categories=[], excerpt="", words=0,
                )
            )  # fmt: skip


def every(days: int, number: int = 10) -> list[datetime]:
    """The dates of a blog that published regularly, the last time on Monday."""
    return [MONDAY - timedelta(days=days * n) for n in range(number)]


@pytest.mark.parametrize(
    ("posted", "told_after"),
    [
        (every(7), 21),
        (every(1), 14),
        (every(30), 90),
        ([*every(7), datetime(2103, 1, 1, tzinfo=UTC)], 21),
        # Three in three days, every four weeks.
        ([MONDAY - timedelta(days=28 * n + m) for n in range(4) for m in range(3)], 23),
        (every(7, number=3), None),
        ([], None),
    ],
    ids=["weekly", "daily", "monthly", "one from the future", "in bursts", "too few to know", "empty"],
)
def test_a_feed_that_is_silent_for_far_longer_than_usual_is_told(
    sqlite_database: Database,
    tmp_path: Path,
    travel: time_machine.Traveller,
    posted: list[datetime],
    told_after: int | None,
) -> None:
    installed = practice(sqlite_database, tmp_path)
    read_feed(sqlite_database, posted, MONDAY)

    def watched(days: int) -> list[str]:
        """What staff were told until that many days after Monday, when the feed was read last."""
        travel.move_to(MONDAY + timedelta(days=days))
        with sqlite_database.write() as connection:
            connection.execute(update(feeds).values(fetched_at=MONDAY + timedelta(days=days)))
        alert_staff(installed)
        return told(tmp_path)

    assert watched(told_after or 365) == []
    once = [] if told_after is None else ["Nothing new in a feed since November 23, 2026"]
    assert watched((told_after or 365) + 1) == once
    assert watched((told_after or 365) + 2) == once


def test_of_what_came_since_a_feed_was_last_read_nothing_is_known(
    database: Database, tmp_path: Path, travel: time_machine.Traveller
) -> None:
    read_feed(database, every(7), MONDAY)
    travel.move_to(MONDAY + timedelta(days=40))
    alert_staff(practice(database, tmp_path))
    assert told(tmp_path) == []


def test_a_feed_that_is_broken_for_a_day_is_told_each_time_it_breaks(
    database: Database, tmp_path: Path, travel: time_machine.Traveller
) -> None:
    installed = practice(database, tmp_path)
    travel.move_to(MONDAY)
    read_feed(database, every(7), MONDAY, failing_since=MONDAY, error=f"{FEED} answered 500")
    travel.move_to(MONDAY + timedelta(hours=23))
    alert_staff(installed)
    assert told(tmp_path) == []
    travel.move_to(MONDAY + timedelta(days=30))
    for _ in range(2):
        alert_staff(installed)
    assert told(tmp_path) == ["A feed cannot be read since November 23, 2026"]
    assert "answered 500" in mails(tmp_path)[0].get_body(("plain",)).get_content()
    with database.write() as connection:
        connection.execute(update(feeds).values(failing_since=MONDAY + timedelta(days=31)))
    travel.move_to(MONDAY + timedelta(days=33))
    alert_staff(installed)
    assert len(told(tmp_path)) == 2


def test_a_feed_that_was_taken_out_of_the_configuration_is_nobodys_trouble(
    sqlite_database: Database, tmp_path: Path
) -> None:
    read_feed(sqlite_database, every(7), MONDAY, failing_since=MONDAY - timedelta(days=9), error="gone")
    alert_staff(practice(sqlite_database, tmp_path, feeds=[{"url": "https://example.org/another"}]))
    assert told(tmp_path) == []


LONG = b"""<rss version="2.0"><channel><title>x</title>%b<item><title>A walk</title></item></channel></rss>"""


def test_posts_that_pass_the_limits_are_told_once_until_they_were_mended(
    database: Database, tmp_path: Path, travel: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "CHILD", small_limits.__name__)
    monkeypatch.setattr(sandbox, "_children", sandbox.Children())
    with Blog() as blog:
        installed = installation(database, tmp_path, blog.url, staff=STAFF)
        for long in (1, 2, 1, 0, 1):
            blog.body = LONG % (small_limits.LONG.encode() * long)
            (feed,) = pull(database, installed.config)
            assert feed.unread == long
            alert_staff(installed)
            travel.shift(timedelta(hours=2))
    sandbox.close()
    assert told(tmp_path) == ["Posts in a feed cannot be read: 1"] * 2
    assert blog.url in mails(tmp_path)[0].get_body(("plain",)).get_content().replace("=\n", "")


# Sign-ups


def test_a_flood_of_sign_ups_is_told_once_a_day_and_holds_back_no_notice(
    database: Database, tmp_path: Path, travel: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_limits, "MAILS", 10)
    installed = practice(database, tmp_path)

    def ask(first: int, number: int) -> None:
        with database.write() as connection:
            for n in range(first, first + number):
                signup.ask(
                    connection, f"victim{n}@example.org", digests=["weekly"], wording="Yes", source="form",
                    network_address=f"10.0.{n}.1",
                )  # fmt: skip

    def told() -> list[str]:
        return [mail["Subject"] for mail in mails(tmp_path) if mail["To"] == "editor@example.org"]

    ask(0, 9)
    maintain(installed)
    assert told() == []
    ask(9, 26)
    for _ in range(3):
        maintain(installed)
        travel.shift(timedelta(minutes=20))
    assert told() == ["The Weekly Letter: Unusually many sign-ups"]
    text = mails(tmp_path)[-1].get_body(("plain",)).get_content()
    text = " ".join(text.split())
    assert "10 in an hour at most" in text
    assert "So many wait: 25." in text
    travel.shift(timedelta(hours=12))
    maintain(installed)
    assert len(told()) == 1
    travel.shift(timedelta(hours=12))
    ask(100, 40)
    maintain(installed)
    assert len(told()) == 2
