"""Announcing on Mastodon: once, through every fault, within the server's own limits."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.delivery.channels import calling
from tests.delivery.channels.conftest import NOW
from tests.doubles import services
from tests.doubles.mastodon import SCOPES, StrictMastodon

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.delivery.channels.conftest import Practice


@pytest.fixture
def server() -> Iterator[StrictMastodon]:
    with StrictMastodon() as running:
        yield running


@pytest.fixture
def sent(practice: Callable[..., Practice], server: StrictMastodon) -> Practice:
    made = practice({"name": "fediverse", "kind": "mastodon", "url": server.url})
    made.send()
    return made


def test_what_was_sent_is_posted_once_with_its_link_and_its_card(
    sent: Practice, server: StrictMastodon
) -> None:
    assert sent.announce()
    assert sent.announce()
    (status,) = server.statuses
    assert "A calm morning" in status["text"]
    assert "https://letter.example.org/archive/weekly-1" in status["text"]
    assert (status["language"], status["spoiler_text"], status["sensitive"]) == ("en", "", False)
    (picture,) = status["media_attachments"]
    assert picture["description"] == "A calm morning · The Weekly Letter, November 26, 2026"
    assert (sent.one().state, sent.one().address) == ("posted", status["url"])
    assert server.problems == []


def test_what_was_sent_before_the_channel_was_known_is_not_announced(
    sent: Practice, server: StrictMastodon
) -> None:
    sent.send(2, finished_at=NOW - timedelta(hours=1))
    sent.announce()
    assert [status["text"].count("weekly-1") for status in server.statuses] == [1]


def test_a_letter_in_the_outbox_tells_the_world_nothing(
    practice: Callable[..., Practice], server: StrictMastodon, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = practice({"name": "fediverse", "kind": "mastodon", "url": server.url})
    monkeypatch.setattr("pipeline.core.sections.channel.Channel.local", False)
    made.send(provider="outbox")
    made.announce()
    assert server.statuses == []
    made.send(2)
    made.announce()
    assert len(server.statuses) == 1


def test_a_delicate_subject_is_behind_a_warning(
    practice: Callable[..., Practice], server: StrictMastodon
) -> None:
    made = practice({"name": "fediverse", "kind": "mastodon", "url": server.url})
    made.send(subject="Living with depression")
    made.announce()
    (status,) = server.statuses
    assert (status["spoiler_text"], status["sensitive"]) == ("Mental health", True)
    assert server.problems == []


@pytest.mark.parametrize("fault", services.FAULTS)
def test_no_fault_makes_a_second_post_or_loses_the_first(
    sent: Practice, server: StrictMastodon, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calling, "TIMEOUT", 0.3)
    server.late = 0.6
    server.faults.append(fault)
    assert sent.until_settled().state == "posted"
    assert len(server.statuses) == 1


def test_a_server_that_cannot_repeat_an_answer_is_asked_what_it_has(
    sent: Practice, server: StrictMastodon
) -> None:
    server.replay_fails = True
    server.faults.append(services.AFTER_KEPT)
    one = sent.until_settled()
    assert (one.state, one.address) == ("posted", server.statuses[0]["url"])
    assert len(server.statuses) == 1


@pytest.mark.parametrize("fault", [services.CUT_BEFORE, services.AFTER])
def test_a_token_that_may_not_read_leaves_what_the_hour_did_not_settle_in_doubt(
    practice: Callable[..., Practice], fault: str
) -> None:
    with StrictMastodon(SCOPES - {"read:statuses"}) as server:
        made = practice({"name": "fediverse", "kind": "mastodon", "url": server.url})
        made.send()
        server.faults.append(fault)
        made.announce()
        made.pass_time(minutes=56)
        one = made.until_settled()
        assert one.state == "uncertain"
        assert len(server.statuses) <= 1


def test_what_could_not_be_read_while_in_doubt_is_not_repeated_past_the_hour(
    sent: Practice, server: StrictMastodon
) -> None:
    server.faults.append(services.CUT_BEFORE)
    sent.announce()
    sent.pass_time(minutes=56)
    one = sent.until_settled()
    assert (one.state, server.statuses) == ("uncertain", [])


def test_the_hour_begins_with_the_first_attempt_that_is_in_doubt(
    sent: Practice, server: StrictMastodon
) -> None:
    server.faults.append(services.BUSY)
    sent.announce()
    sent.pass_time(hours=2)
    server.faults.append(services.CUT_BEFORE)
    sent.announce()
    assert sent.until_settled().state == "posted"
    assert len(server.statuses) == 1


def test_a_refusal_is_final_and_says_why(sent: Practice, server: StrictMastodon) -> None:
    server.faults.append(services.REFUSE)
    sent.announce()
    assert sent.one().state == "refused"
    assert sent.one().reason == "answered 422: Validation failed: Text can't be blank"
    sent.pass_time(hours=2)
    sent.announce()
    assert server.statuses == []


def test_a_refusal_after_doubt_is_doubt_still(practice: Callable[..., Practice]) -> None:
    with StrictMastodon(SCOPES - {"read:statuses"}) as server:
        made = practice({"name": "fediverse", "kind": "mastodon", "url": server.url})
        made.send()
        server.faults += [services.AFTER, services.REFUSE]
        assert made.until_settled().state == "uncertain"


def test_it_waits_as_long_as_the_server_asks(sent: Practice, server: StrictMastodon) -> None:
    server.faults.append(services.BUSY)
    sent.announce()
    sent.pass_time(seconds=80)
    sent.announce()
    assert server.statuses == []
    sent.pass_time(seconds=60)
    assert sent.announce()
    assert len(server.statuses) == 1


@pytest.mark.parametrize("most", [60, 80, 120, 500])
def test_the_text_is_cut_to_what_the_server_takes_and_keeps_its_link(
    practice: Callable[..., Practice], most: int
) -> None:
    with StrictMastodon(most=most) as server:
        made = practice({"name": "fediverse", "kind": "mastodon", "url": server.url})
        made.send(subject="🏳️‍🌈 " + "How to rest when nothing feels finished " * 4, preheader="And more " * 60)
        made.announce()
        (status,) = server.statuses
        assert status["text"].endswith("https://letter.example.org/archive/weekly-1")
        assert status["text"].startswith("🏳️‍🌈 How to")
        assert server.problems == []


def test_nobody_is_mentioned_by_a_title(sent: Practice, server: StrictMastodon) -> None:
    sent.send(2, subject="Ask @someone@mastodon.example")
    sent.announce()
    assert "@someone" not in server.statuses[1]["text"]


def test_a_missing_token_waits_until_it_is_set(practice: Callable[..., Practice]) -> None:
    with StrictMastodon() as server:
        made = practice({"name": "other", "kind": "mastodon", "url": server.url})
        made.send()
        assert not made.announce()
        assert made.one().state == "waiting"
        assert "RAPPORT_CHANNEL_OTHER" in made.one().reason
        assert server.statuses == []


def test_a_channel_that_is_down_keeps_no_other_from_its_turn(
    practice: Callable[..., Practice], server: StrictMastodon
) -> None:
    down: dict[str, Any] = {"name": "sky", "kind": "bluesky", "url": "http://127.0.0.1:1", "account": "a.b"}
    made = practice(down, {"name": "fediverse", "kind": "mastodon", "url": server.url})
    made.send()
    assert not made.announce()
    assert (made.one(channel="sky").state, made.one(channel="fediverse").state) == ("waiting", "posted")
    for _ in range(80):
        made.pass_time(hours=1)
        made.announce()
    assert made.one(channel="sky").state == "refused"
    assert len(server.statuses) == 1
