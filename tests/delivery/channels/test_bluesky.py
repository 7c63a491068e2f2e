"""Announcing on Bluesky: one record under one key, whatever happens on the way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from pipeline.delivery.channels import bluesky, calling
from pipeline.delivery.channels.keys import record_key
from tests.doubles import services
from tests.doubles.bluesky import HANDLE, StrictBluesky

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.delivery.channels.conftest import Practice


@pytest.fixture
def server() -> Iterator[StrictBluesky]:
    bluesky._sessions.clear()
    with StrictBluesky() as running:
        yield running


@pytest.fixture
def sent(practice: Callable[..., Practice], server: StrictBluesky) -> Practice:
    made = practice({"name": "sky", "kind": "bluesky", "url": server.url, "account": HANDLE})
    made.send()
    return made


def test_what_was_sent_is_one_record_with_a_link_and_a_card(sent: Practice, server: StrictBluesky) -> None:
    assert sent.announce()
    assert sent.announce()
    ((key, record),) = server.records.items()
    assert record["embed"]["external"]["uri"] == "https://letter.example.org/archive/weekly-1"
    assert "thumb" in record["embed"]["external"]
    assert record["langs"] == ["en"]
    assert len(record["facets"]) == 1
    assert sent.one().address == f"https://bsky.app/profile/{HANDLE}/post/{key}"
    assert server.sessions == 1


@pytest.mark.parametrize("fault", services.FAULTS)
def test_no_fault_makes_a_second_record_or_loses_the_first(
    sent: Practice, server: StrictBluesky, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calling, "TIMEOUT", 0.3)
    server.late = 0.6
    server.faults.append(fault)
    assert sent.until_settled().state == "posted"
    assert len(server.records) == 1


def test_what_is_there_already_is_never_written_over(sent: Practice, server: StrictBluesky) -> None:
    server.faults.append(services.CUT_AFTER)
    sent.announce()
    (before,) = (dict(record) for record in server.records.values())
    sent.pass_time(hours=1)
    sent.announce()
    assert list(server.records.values()) == [before]
    assert sent.one().state == "posted"


def test_a_token_that_ran_out_is_renewed_without_a_new_sign_in(sent: Practice, server: StrictBluesky) -> None:
    sent.announce()
    server.expired.add("access-1")
    sent.send(2, due_at=datetime(2026, 12, 3, 14, tzinfo=UTC))
    sent.announce()
    assert len(server.records) == 2
    asked = [path.rpartition(".")[2] for _, path in server.requests]
    assert (asked.count("createSession"), asked.count("refreshSession")) == (1, 1)


def test_a_wrong_password_is_refused_and_said(
    practice: Callable[..., Practice], server: StrictBluesky
) -> None:
    made = practice({"name": "sky", "kind": "bluesky", "url": server.url, "account": "other.bsky.social"})
    made.send()
    made.announce()
    assert made.one().state == "refused"
    assert "401" in made.one().reason


def test_text_and_bytes_stay_within_the_limits(sent: Practice, server: StrictBluesky) -> None:
    sent.send(2, subject="👩‍👩‍👧‍👦" * 250, due_at=datetime(2026, 12, 3, 14, tzinfo=UTC))
    sent.send(3, subject="Ruhe und Zuversicht " * 40, due_at=datetime(2026, 12, 10, 14, tzinfo=UTC))
    assert sent.announce()
    assert len(server.records) == 3
    assert all("archive/weekly" in record["text"] for record in server.records.values())


def test_a_record_key_is_a_tid_and_tells_editions_apart() -> None:
    at = datetime(2026, 11, 26, 14, tzinfo=UTC)
    keys = {record_key(at + timedelta(weeks=n), f"{name}-{n}") for n in range(50) for name in ("weekly", "b")}
    assert len(keys) == 100
    assert all(len(key) == 13 and key[0] in "234567abcdefghij" for key in keys)
    assert record_key(at, "weekly-1") == record_key(at, "weekly-1")
