"""The mails that ask to confirm: from a durable queue, without advertising, never lost with the provider."""

from __future__ import annotations

import email
import re
from datetime import UTC, datetime, timedelta
from email import policy
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from pipeline.schedule.maintenance import maintain
from pipeline.subscriptions.confirm import Asked, send_questions
from subscribers import directory, mail_limits, signup, suppression
from subscribers.suppression import Reason
from subscribers.tokens import Purpose
from tests.doubles.sendgrid import Answer, StrictSendGrid
from tests.installations import installation
from tests.languages import spoken

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.core.app import Installation
    from pipeline.core.database import Database

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANN = "ann@example.org"


@pytest.fixture
def installed(sqlite_database: Database, tmp_path: Path) -> Installation:
    return installation(sqlite_database, tmp_path, "http://127.0.0.1:1/feed")


def ask(installed: Installation, address: str = ANN) -> int:
    with installed.database.write() as connection:
        number = signup.ask(connection, address, digests=["weekly"], wording="I ask for it", source="form")
    assert number is not None
    return number


def outbox(folder: Path) -> list[Any]:
    files = sorted((folder / "outbox").glob("*.eml"))
    return [email.message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]


def test_the_mail_asks_one_question_and_its_link_answers_it(installed: Installation, tmp_path: Path) -> None:
    with time_machine.travel(NOON, tick=False):
        number = ask(installed)
        assert send_questions(installed) == Asked(1, 0)
        assert send_questions(installed) == Asked(0, 0)
    (mail,) = outbox(tmp_path)
    assert mail["To"] == ANN
    assert mail["Subject"] == "Confirm your subscription to The Weekly Letter"
    text, html = mail.get_body(("plain",)).get_content(), mail.get_body(("html",)).get_content()
    (link,) = re.findall(r"https://letter\.example\.org/confirm/\S+", text)
    assert f'href="{link}"' in html
    timed = installed.tokens.read_until(Purpose.CONFIRM, link.rpartition("/")[2])
    assert timed is not None
    assert timed == (number, NOON + timedelta(days=30))
    assert "March 31, 2026" in text
    assert "1 Willow Street, Springfield" in text


def test_it_holds_no_advertising_no_list_headers_and_nothing_from_elsewhere(
    installed: Installation, tmp_path: Path
) -> None:
    ask(installed)
    send_questions(installed)
    (mail,) = outbox(tmp_path)
    assert not [name for name in mail if name.lower().startswith("list-")]
    html = mail.get_body(("html",)).get_content()
    assert "therapist" not in html
    assert set(re.findall(r"https?://[^/\"'<> ]+", html)) <= {
        "https://letter.example.org",
        "http://www.w3.org",
    }
    assert "<img" not in html
    assert "%%rapport" not in html


def test_it_speaks_the_newsletters_language_and_the_operator_may_say_it_otherwise(
    sqlite_database: Database, tmp_path: Path
) -> None:
    spoken(tmp_path / "own", "de", '[mail.subscribe]\nbutton = "Her damit"\n')
    newsletter = {
        "name": "Die Woche", "from_email": "letter@example.org", "language": "de-AT",
        "public_url": "https://letter.example.org",
    }  # fmt: skip
    installed = installation(
        sqlite_database,
        tmp_path,
        "http://127.0.0.1:1/feed",
        newsletter=newsletter,
        theme={"templates": "own"},
    )
    ask(installed)
    send_questions(installed)
    (mail,) = outbox(tmp_path)
    assert mail["Subject"] == "Bestätigen Sie Ihre Anmeldung: Die Woche"
    assert "Her damit" in mail.get_body(("plain",)).get_content()
    assert 'lang="de-AT"' in mail.get_body(("html",)).get_content()


@pytest.mark.parametrize("reason", [Reason.COMPLAINED, Reason.MANUAL])
def test_who_may_not_be_mailed_is_not_asked_either(
    installed: Installation, tmp_path: Path, reason: Reason
) -> None:
    with installed.database.write() as connection:
        suppression.suppress(connection, ANN, reason, "event")
    ask(installed)
    assert send_questions(installed) == Asked(0, 0)
    assert outbox(tmp_path) == []


def test_a_provider_that_is_down_loses_no_sign_up(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with StrictSendGrid() as sendgrid, time_machine.travel(NOON, tick=False) as now:
        monkeypatch.setenv("SENDGRID_API_KEY", sendgrid.key)
        delivery = {"provider": "sendgrid", "sendgrid": {"api_url": sendgrid.url}}
        installed = installation(sqlite_database, tmp_path, "http://127.0.0.1:1/feed", delivery=delivery)
        ask(installed)
        sendgrid.faults.append(Answer(503))
        assert send_questions(installed) == Asked(0, 1)
        assert send_questions(installed) == Asked(0, 0)
        now.shift(timedelta(seconds=31))
        sendgrid.faults.append(Answer(502, body=b"perhaps taken, perhaps not"))
        assert send_questions(installed) == Asked(0, 1)
        now.shift(timedelta(seconds=61))
        assert send_questions(installed) == Asked(1, 0)
        (accepted,) = sendgrid.payloads
        assert sendgrid.problems == []
    (personalization,) = accepted["personalizations"]
    assert personalization["to"] == [{"email": ANN}]
    assert accepted["tracking_settings"]["click_tracking"]["enable"] is False


def test_maintenance_erases_mails_and_blanks_in_one_go(installed: Installation, tmp_path: Path) -> None:
    with time_machine.travel(NOON, tick=False) as now:
        ask(installed)
        now.shift(timedelta(days=31))
        ask(installed, "ben@example.org")
        maintain(installed)
    assert [mail["To"] for mail in outbox(tmp_path)] == ["ben@example.org"]
    with installed.database.read() as connection:
        assert directory.person(connection, ANN) is None


def test_a_process_that_is_to_end_sends_no_further_mail(installed: Installation, tmp_path: Path) -> None:
    for number in range(5):
        ask(installed, f"reader{number}@example.org")
    assert send_questions(installed, lambda: len(outbox(tmp_path)) == 2) == Asked(2, 0)
    assert send_questions(installed) == Asked(3, 0)


def test_mails_that_a_provider_refuses_to_take_count_for_nothing_and_those_in_doubt_do(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_limits, "MAILS", 3)
    monkeypatch.setattr(mail_limits, "MAILS_OF_ONE", 3)
    with StrictSendGrid() as sendgrid:
        monkeypatch.setenv("SENDGRID_API_KEY", sendgrid.key)
        delivery = {"provider": "sendgrid", "sendgrid": {"api_url": sendgrid.url}}
        installed = installation(sqlite_database, tmp_path, "http://127.0.0.1:1/feed", delivery=delivery)
        for number in range(6):
            ask(installed, f"reader{number}@example.org")
        sendgrid.faults.extend([Answer(503), Answer(502, body=b"perhaps taken"), Answer(202)])
        assert send_questions(installed) == Asked(2, 2)
        assert send_questions(installed) == Asked(0, 0)


def test_a_mail_whose_fate_is_unknown_goes_again_twice_and_no_more(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with StrictSendGrid() as sendgrid, time_machine.travel(NOON, tick=False) as now:
        monkeypatch.setenv("SENDGRID_API_KEY", sendgrid.key)
        delivery = {"provider": "sendgrid", "sendgrid": {"api_url": sendgrid.url}}
        installed = installation(sqlite_database, tmp_path, "http://127.0.0.1:1/feed", delivery=delivery)
        ask(installed)
        sendgrid.faults.extend(Answer(502, body=b"lost", accept=True) for _ in range(10))
        for _ in range(10):
            send_questions(installed)
            now.shift(timedelta(hours=1))
        assert len(sendgrid.payloads) == 3


def test_a_provider_that_is_down_is_not_asked_for_every_question(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with StrictSendGrid() as sendgrid:
        monkeypatch.setenv("SENDGRID_API_KEY", sendgrid.key)
        delivery = {"provider": "sendgrid", "sendgrid": {"api_url": sendgrid.url}}
        installed = installation(sqlite_database, tmp_path, "http://127.0.0.1:1/feed", delivery=delivery)
        for number in range(5):
            ask(installed, f"reader{number}@example.org")
        sendgrid.faults.extend([Answer(503)] * 3)
        assert send_questions(installed) == Asked(0, 3)
        assert send_questions(installed) == Asked(2, 0)  # those that were not asked for yet
