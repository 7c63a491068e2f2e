"""What staff are told: each trouble once, not too often, and nothing of a reader."""

from __future__ import annotations

import email
import logging
import re
import tomllib
from datetime import timedelta
from email import policy
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from sqlalchemy import select

from pipeline import editions, staff
from pipeline.letter.templates import PACKAGED
from pipeline.providers.events import Kind
from pipeline.tables import notices
from pipeline.watch import watch
from pipeline.watch.letters import SETTLES_WITHIN, SILENT_FOR
from tests.doubles.sendgrid import Answer, EventWebhook, StrictSendGrid
from tests.installations import installation
from tests.ledgers import AT, Left, event, handed_over

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.database import Database
    from pipeline.installation import Installation

BRACES = re.compile(r"\{\w+\}")
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
        "weekly-1 had trouble (nobody is mailed: staff.emails is empty)"
    ]


# Watching


def test_the_breaker_is_told_with_the_figures_and_what_now(database: Database, tmp_path: Path) -> None:
    installed = practice(database, tmp_path)
    with database.write() as connection:
        handed_over(connection, status="paused", reason="11 of 200 bounced", tripped_at=AT)
    watch(installed)
    watch(installed)
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
    watch(installed)
    travel.shift(timedelta(hours=2))
    with sqlite_database.write() as connection:
        editions.move(connection, "weekly-1", "resume")
    watch(installed)
    assert len(mails(tmp_path)) == 2
    travel.shift(timedelta(hours=2))
    with sqlite_database.write() as connection:
        editions.change(connection, 1, status="paused", reason="again", tripped_at=AT + timedelta(hours=4))
    watch(installed)
    assert len(mails(tmp_path)) == 4


def test_what_the_provider_stopped_is_told_each_time_and_what_staff_paused_never(
    database: Database, tmp_path: Path, travel: time_machine.Traveller
) -> None:
    installed = practice(database, tmp_path)
    with database.write() as connection:
        handed_over(connection, 1, [Left("waiting", at=AT)], status="paused", reason="the key was refused")
        handed_over(connection, 2, [Left("waiting")], status="cancelled", reason="over")
    watch(installed)
    watch(installed)
    assert [mail["Subject"] for mail in mails(tmp_path)] == ["The Weekly Letter: weekly-1 is paused"] * 2
    assert "the key was refused" in mails(tmp_path)[0].get_body(("plain",)).get_content()
    travel.shift(timedelta(hours=2))
    with database.write() as connection:
        editions.move(connection, "weekly-1", "resume")
        editions.move(connection, "weekly-1", "pause")
    watch(installed)
    assert len(mails(tmp_path)) == 2


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
    watch(installed)
    watch(installed)
    mail, _ = mails(tmp_path)
    assert mail["Subject"] == "The Weekly Letter: weekly-1 may not have reached 2 of its readers"
    assert "does not send it to them again" in " ".join(mail.get_body(("plain",)).get_content().split())


def test_events_are_given_time_to_settle_it(
    sqlite_database: Database, tmp_path: Path, sendgrid: StrictSendGrid, travel: time_machine.Traveller
) -> None:
    installed = by_sendgrid(sqlite_database, tmp_path, sendgrid, on_uncertain="resend")
    with sqlite_database.write() as connection:
        handed_over(connection, lots=[Left("uncertain", 2, "timed out"), Left("sent", 5)])
    watch(installed)
    assert subjects(sendgrid) == []
    travel.shift(SETTLES_WITHIN)
    watch(installed)
    assert subjects(sendgrid) == ["The Weekly Letter: weekly-1 may not have reached 2 of its readers"]
    assert "after 26 hours" in sendgrid.deliveries[0].text


@pytest.mark.parametrize("heard", [True, False])
def test_a_send_that_nobody_heard_of_again_is_told_once(
    database: Database, tmp_path: Path, sendgrid: StrictSendGrid, travel: time_machine.Traveller, heard: bool
) -> None:
    from pipeline.config import Delivery
    from pipeline.events import take

    installed = by_sendgrid(database, tmp_path, sendgrid)
    with database.write() as connection:
        person, *_ = handed_over(connection)
        told = [event(Kind.DELIVERED, 0, batch="a test copy")]  # of nobody's
        take(connection, [*told, *([event(Kind.DELIVERED, person)] if heard else [])], "SendGrid", Delivery())
    travel.shift(SILENT_FOR - timedelta(seconds=1))
    watch(installed)
    assert subjects(sendgrid) == []
    travel.shift(timedelta(seconds=1))
    watch(installed)
    travel.shift(timedelta(hours=5))
    watch(installed)
    assert subjects(sendgrid) == ([] if heard else ["The Weekly Letter: No events came after weekly-1"])


def test_without_the_webhook_that_is_said_a_single_time(
    sqlite_database: Database, tmp_path: Path, sendgrid: StrictSendGrid, travel: time_machine.Traveller
) -> None:
    installed = by_sendgrid(sqlite_database, tmp_path, sendgrid, key="")
    watch(installed)
    assert subjects(sendgrid) == [], "nothing was sent yet"
    for number in (1, 2):
        with sqlite_database.write() as connection:
            handed_over(connection, number, finished_at=AT + timedelta(days=number))
        travel.move_to(AT + timedelta(days=number, hours=3))
        watch(installed)
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
    watch(installed)
    assert subjects(sendgrid) == [
        "Die Woche: weekly-1: zu viele Rückläufer oder Beschwerden",
        "Die Woche: weekly-2: Ankunft ungewiss bei 2",
        "Die Woche: Nach weekly-2 kamen keine Ereignisse",
    ]
    assert all("Sie bekommen dies" in mail.text for mail in sendgrid.deliveries)


def test_every_notice_has_its_words_in_every_language() -> None:
    folder = PACKAGED / "mail" / "words"
    english, *others = [tomllib.loads((folder / f"{name}.toml").read_text()) for name in ("en", "de")]
    for other in others:
        for table, phrases in english.items():
            assert other[table].keys() == phrases.keys()
            for key, text in phrases.items():
                assert set(BRACES.findall(other[table][key])) == set(BRACES.findall(text)), f"{table}.{key}"


def test_old_troubles_are_not_dug_up(sqlite_database: Database, tmp_path: Path) -> None:
    long_ago = AT - timedelta(days=8)
    with sqlite_database.write() as connection:
        handed_over(connection, 1, [Left("uncertain")], finished_at=long_ago, tripped_at=long_ago)
    watch(practice(sqlite_database, tmp_path))
    with sqlite_database.read() as connection:
        assert connection.execute(select(notices)).all() == []
