"""Taking over SendGrid's suppression lists."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.core.errors import ConfigError, ProviderError
from pipeline.delivery.suppression_sync import Synced, sync
from pipeline.providers.sendgrid.suppressions import SuppressionLists
from subscribers import consent, directory, suppression
from subscribers.consent import Action
from subscribers.people import Status
from subscribers.suppression import Reason
from tests.doubles.sendgrid import Answer, StrictSendGrid
from tests.installations import installation, subscribe

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pipeline.core.app import Installation
    from pipeline.core.database import Database

pytest_plugins = ["tests.doubles.sendgrid.fixture"]

LONG_AGO = datetime(2026, 1, 5, tzinfo=UTC).timestamp()

Make = "Callable[[Database], Installation]"


@pytest.fixture
def make(
    sendgrid_server: StrictSendGrid, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Database], Installation]:
    monkeypatch.setenv("SENDGRID_API_KEY", sendgrid_server.key)
    delivery: dict[str, Any] = {"provider": "sendgrid", "sendgrid": {"api_url": sendgrid_server.url}}

    def made(database: Database) -> Installation:
        return installation(database, tmp_path, "https://example.org/feed", delivery=delivery)

    return made


def reason(database: Database, number: int) -> Reason | None:
    with database.read() as connection:
        return suppression.reason_for(connection, f"reader{number}@example.net")


def test_every_list_but_blocks_suppresses_for_its_reason(
    database: Database, sendgrid_server: StrictSendGrid, make: Make
) -> None:
    subscribe(database, 6)
    lists = sendgrid_server.lists
    lists.add(
        "bounces", "Reader1@Example.net", reason="550 5.1.1 <reader1@example.net>: unknown", status="5.1.1"
    )
    lists.add("invalid_emails", "reader2@example.net", reason="Mail domain is unknown")
    lists.add("spam_reports", "reader3@example.net", ip="192.0.2.1")
    lists.add("unsubscribes", "reader4@example.net")
    lists.add("unsubscribes", "stranger@example.net")
    lists.add("blocks", "reader5@example.net", reason="550 content")
    lists.add("bounces", "not an address")
    installed = make(database)
    seen: list[tuple[int, int]] = []
    synced = sync(installed, lambda done, total: seen.append((done, total)))
    assert synced == Synced(bounced=2, complained=1, unsubscribed=2, new=5, unreadable=1)
    assert [reason(database, n) for n in range(1, 7)] == [
        Reason.BOUNCED, Reason.BOUNCED, Reason.COMPLAINED, Reason.UNSUBSCRIBED, None, None,
    ]  # fmt: skip
    assert "blocks" not in lists.asked
    assert seen[-1] == (4, 4)
    with database.read() as connection:
        bounced = directory.person(connection, "reader1@example.net")
        left = directory.person(connection, "reader4@example.net")
        assert suppression.reason_for(connection, "stranger@example.net") == Reason.UNSUBSCRIBED
    assert bounced is not None
    assert left is not None
    (told,) = [one.wording for one in bounced.consent if one.action is Action.SUPPRESSED]
    assert told == "bounced: 550 5.1.1 [address] unknown"
    assert [one.status for one in left.subscriptions] == [Status.UNSUBSCRIBED]
    assert sync(installed).new == 0, "and again it changes nothing"


@pytest.mark.parametrize("most", [500, 100])
def test_all_pages_are_taken_also_of_a_server_that_gives_shorter_ones(
    sqlite_database: Database, sendgrid_server: StrictSendGrid, make: Make, most: int
) -> None:
    sendgrid_server.lists.most = most
    for n in range(501):
        sendgrid_server.lists.add("bounces", f"gone{n}@example.net")
    assert sync(make(sqlite_database)).new == 501
    with sqlite_database.read() as connection:
        assert suppression.counts(connection)[Reason.BOUNCED] == 501
    assert sendgrid_server.connections == 1


def test_what_was_taken_back_since_is_not_done_again(
    sqlite_database: Database, sendgrid_server: StrictSendGrid, make: Make
) -> None:
    subscribe(sqlite_database, 3)
    with sqlite_database.write() as connection:
        for number, action in ((1, Action.CONFIRMED), (2, Action.LIFTED)):
            person = directory.person(connection, f"reader{number}@example.net")
            assert person is not None
            assert person.id is not None
            consent.record(connection, person.id, action, source="test")
    for number, name in ((1, "unsubscribes"), (2, "bounces"), (3, "unsubscribes")):
        sendgrid_server.lists.add(name, f"reader{number}@example.net", created=LONG_AGO)
    assert sync(make(sqlite_database)).new == 1
    assert [reason(sqlite_database, n) for n in (1, 2, 3)] == [None, None, Reason.UNSUBSCRIBED]


def test_a_page_that_cannot_be_had_is_an_error_and_those_before_it_stay(
    sqlite_database: Database, sendgrid_server: StrictSendGrid, make: Make
) -> None:
    subscribe(sqlite_database, 1)
    sendgrid_server.lists.add("bounces", "reader1@example.net")
    good = b'[{"created": 1, "email": "reader1@example.net"}]'
    sendgrid_server.list_faults += [Answer(200, body=good), Answer(500)]
    with pytest.raises(ProviderError, match="bounces could not be read: it answers 500"):
        sync(make(sqlite_database))
    assert reason(sqlite_database, 1) == Reason.BOUNCED


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(401), r"does not show its list of bounces to this API key \(401\)"),
        (Answer(403), r"does not show its list of bounces to this API key \(403\)"),
        (Answer(302, headers={"Location": "https://example.org"}), "it answers 302"),
        (Answer(200, body=b"<html>"), "its answer cannot be read"),
        (Answer(200, body=b'{"errors": []}'), "its answer cannot be read"),
    ],
)
def test_a_refusal_is_told_with_its_remedy(
    sqlite_database: Database, sendgrid_server: StrictSendGrid, make: Make, answer: Answer, said: str
) -> None:
    sendgrid_server.list_faults.append(answer)
    with pytest.raises(ProviderError, match=said) as refused:
        sync(make(sqlite_database))
    assert ("suppression.read" in refused.value.remedy) is (answer.status in (401, 403))
    assert sendgrid_server.key not in f"{refused.value.message}{refused.value.remedy}"


def test_it_waits_when_sendgrid_asks_to(sendgrid_server: StrictSendGrid) -> None:
    waited: list[float] = []
    sendgrid_server.lists.add("bounces", "gone@example.net", created=LONG_AGO)
    sendgrid_server.list_faults += [Answer(429, headers={"Retry-After": "7"}), Answer(429)]
    with SuppressionLists(
        api_key=sendgrid_server.key, api_url=sendgrid_server.url, timeout=5, sleep=waited.append
    ) as lists:
        ((one,),) = lists.pages("bounces")
        assert one is not None
        assert (one.address, one.at.timestamp()) == ("gone@example.net", LONG_AGO)
        assert waited == [7.0, 1.0]
        sendgrid_server.list_faults += [Answer(429)] * 9
        with pytest.raises(ProviderError, match="429"):
            list(lists.pages("bounces"))


def test_a_server_that_gives_one_page_for_ever_does_not_hold_it(sendgrid_server: StrictSendGrid) -> None:
    page = b'[{"created": 1, "email": "gone@example.net"}]'
    sendgrid_server.list_faults += [Answer(200, body=page)] * 50
    with (
        SuppressionLists(api_key=sendgrid_server.key, api_url=sendgrid_server.url, timeout=5) as lists,
        pytest.raises(ProviderError, match="the same page again"),
    ):
        list(lists.pages("bounces"))


def test_a_server_that_does_not_answer_is_told() -> None:
    with (
        SuppressionLists(api_key="SG.a", api_url="http://127.0.0.1:9", timeout=1) as lists,
        pytest.raises(ProviderError, match="could not connect"),
    ):
        list(lists.pages("bounces"))


def test_another_provider_keeps_no_lists(sqlite_database: Database, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="keeps no suppression lists"):
        sync(installation(sqlite_database, tmp_path, "https://example.org/feed"))


def test_an_entry_without_a_date_counts_as_of_now_and_one_that_names_nobody_is_left_out(
    sendgrid_server: StrictSendGrid,
) -> None:
    raw: list[Any] = [
        {"email": "Gone@Example.net"},
        None,
        "gone@example.net",
        {},
        {"email": 7},
        {"email": "a"},
    ]
    raw.append({"email": "ann@example.net", "created": 10**30})
    for entry in raw:
        sendgrid_server.lists.add_raw("bounces", entry)
    with SuppressionLists(api_key=sendgrid_server.key, api_url=sendgrid_server.url, timeout=5) as lists:
        (page,) = lists.pages("bounces")
    first, *others = page
    assert first is not None
    assert first.address == "gone@example.net"
    assert datetime.now(UTC) - first.at < timedelta(minutes=10)
    assert others == [None] * 6
