"""SendGrid's events in our words, and its signature."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.errors import ConfigError
from pipeline.providers.events import Kind
from pipeline.providers.sendgrid.signature import SIGNATURE, TIMESTAMP, Verifier
from pipeline.providers.sendgrid.webhook import Unreadable, read
from subscribers.suppression import Reason
from tests.doubles.sendgrid import EventWebhook

AT = 1_795_000_000


def event(word: str, **more: Any) -> dict[str, Any]:
    return {"event": word, "email": "ann@example.net", "timestamp": AT, "sg_event_id": "id-1"} | more


def one(item: Any) -> Any:
    (found,) = read(json.dumps([item]).encode())
    return found


@pytest.mark.parametrize(
    ("item", "kind", "means"),
    [
        (event("processed"), Kind.PROCESSED, None),
        (event("Processed"), Kind.PROCESSED, None),
        (event("delivered", response="250 OK"), Kind.DELIVERED, None),
        (event("deferred", response="451 try later"), Kind.DEFERRED, None),
        (event("bounce", type="bounce", status="5.1.1"), Kind.BOUNCE, Reason.BOUNCED),
        (event("bounce", status="5.0.0"), Kind.BOUNCE, Reason.BOUNCED),
        (event("bounce", type="bounce"), Kind.BOUNCE, Reason.BOUNCED),
        (event("bounce", type="bounce", status="4.2.2"), Kind.SOFT_BOUNCE, None),
        (
            event("bounce", type="bounce", status="4.1.1", bounce_classification="Invalid Address"),
            Kind.BOUNCE,
            Reason.BOUNCED,
        ),
        (event("bounce", type="blocked", status="5.7.1"), Kind.BLOCKED, None),
        (event("bounce", type="blocked", bounce_classification="Unclassified"), Kind.BLOCKED, None),
        (event("dropped", reason="Bounced Address"), Kind.DROPPED, Reason.BOUNCED),
        (event("dropped", reason="Invalid"), Kind.DROPPED, Reason.BOUNCED),
        (event("dropped", reason="Invalid", email="invalid@example.net"), Kind.DROPPED, Reason.BOUNCED),
        (event("dropped", reason="Invalid SMTPAPI header"), Kind.DROPPED, None),
        (event("dropped", reason="Spam Reporting Address"), Kind.DROPPED, Reason.COMPLAINED),
        (event("dropped", reason="Unsubscribed Address"), Kind.DROPPED, Reason.UNSUBSCRIBED),
        (event("dropped", reason="Recipient List over Package Quota"), Kind.DROPPED, None),
        (event("spamreport"), Kind.SPAMREPORT, Reason.COMPLAINED),
        (event("unsubscribe"), Kind.UNSUBSCRIBE, Reason.UNSUBSCRIBED),
        (event("group_unsubscribe"), Kind.GROUP_UNSUBSCRIBE, Reason.UNSUBSCRIBED),
        (event("group_resubscribe"), Kind.GROUP_RESUBSCRIBE, None),
        (event("account_status_change"), Kind.UNKNOWN, None),
        (event("soft_bounce"), Kind.UNKNOWN, None),
    ],
)
def test_each_event_has_one_word_of_ours_and_its_consequence(
    item: Any, kind: Kind, means: Reason | None
) -> None:
    found = one(item)
    assert (found.kind, found.means) == (kind, means)
    assert found.at == datetime.fromtimestamp(AT, UTC)
    assert found.id == "id-1"


def test_what_the_request_said_of_itself_comes_back_with_its_events() -> None:
    found = one(event("delivered", subscriber="17", edition="weekly-12", batch="a" * 32, category="weekly"))
    assert (found.subscriber, found.edition, found.batch) == (17, "weekly-12", "a" * 32)
    foreign = one(event("delivered", subscriber="user-17", edition="<b>", batch=["a"]))
    assert (foreign.subscriber, foreign.edition, foreign.batch) == (None, None, None)


@pytest.mark.parametrize("timestamp", [AT, str(AT), float(AT), AT * 1000])
def test_a_time_is_read_however_it_is_written(timestamp: Any) -> None:
    assert one(event("delivered", timestamp=timestamp)).at == datetime.fromtimestamp(AT, UTC)


@pytest.mark.parametrize(
    "item",
    [
        "delivered",
        None,
        7,
        {},
        {"event": "delivered"},
        {"event": ["delivered"], "timestamp": AT},
        event("delivered", timestamp="yesterday"),
        event("delivered", timestamp=True),
        event("delivered", timestamp=10**30),
    ],
)
def test_what_is_no_event_is_set_aside_with_the_reason_and_nothing_of_it(item: Any) -> None:
    bad, good = read(json.dumps([item, event("delivered")]).encode())
    assert bad.kind is Kind.MALFORMED
    assert bad.reason
    assert (bad.detail, bad.address, good.kind) == (None, "", Kind.DELIVERED)


@pytest.mark.parametrize("body", [b"", b"{}", b"[", b"\xff\xfe\x00", b"[" * 100_000, b'"delivered"'])
def test_a_body_that_is_no_array_cannot_be_read(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read(body)


def test_an_event_without_an_id_is_known_by_what_it_says() -> None:
    item = event("delivered")
    del item["sg_event_id"]
    shuffled = dict(reversed(item.items()))
    assert one(item).id == one(shuffled).id
    assert one(item).id != one(item | {"timestamp": AT + 1}).id
    assert one(item | {"sg_event_id": "with a space"}).id.startswith("content:")


def test_reasons_hold_no_address() -> None:
    said = "550 5.1.1 <Ann@Example.net>: user ann unknown, see https://example.net/?q=ann%40example.net"
    assert one(event("bounce", reason=said)).reason == "550 5.1.1 [address] user [...] unknown, see [address]"


def test_of_an_unknown_kind_everything_is_kept_but_what_tells_of_a_person() -> None:
    item = event(
        "teleported",
        **{"ip": "192.0.2.7", "useragent": "Mozilla", "url": "https://example.org", "smtp-id": "<a@b>"},
        machine="192.0.2.9",
        six="2001:db8::7:1",
        to="Ann <ann@example.net>",
        nested={"email": "ann@example.net"},
        note="beamed, ann",
        attempt=3,
        nul="a\x00b\ud800",
    )
    assert one(item).detail == {
        "event": "teleported",
        "machine": "[...]",
        "six": "[...]",
        "to": "[...] [address]",
        "note": "beamed, [...]",
        "attempt": 3,
        "nul": "ab",
    }


@pytest.mark.parametrize("word", ["open", "click"])
def test_of_opens_and_clicks_only_the_kind_is_read_and_the_batch_that_they_prove(word: str) -> None:
    found = one(
        event(word, subscriber="17", edition="weekly-1", batch="b", ip="192.0.2.7", url="https://e.org")
    )
    assert (found.subscriber, found.address, found.edition, found.batch, found.detail) == (
        None, "", None, "b", None,
    )  # fmt: skip


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=4,
)
NAMES = ("event", "email", "timestamp", "sg_event_id", "subscriber", "edition", "batch", "reason", "status")
LIKELY = {"event": st.sampled_from(["bounce", "dropped", "new"]), "timestamp": st.just(AT)}


@given(st.fixed_dictionaries({}, optional={name: LIKELY.get(name, JSON) | JSON for name in NAMES}))
@settings(max_examples=60)
def test_no_event_makes_reading_fall_and_what_is_kept_can_be_stored(item: dict[str, Any]) -> None:
    found = one(item)
    kept = [found.id, found.edition, found.batch, found.reason, json.dumps(found.detail, allow_nan=False)]
    for text in kept:
        assert "\x00" not in (text or "")
        (text or "").encode()
    assert len(found.id) <= 128


# The signature


def test_only_the_very_bytes_that_were_signed_pass() -> None:
    sender = EventWebhook()
    verifier = Verifier(f" {sender.public_key}\n")
    body = b'[{"a" :\r\n1}, "\xff"]'
    signed = sender.signed(body)
    given = (signed[TIMESTAMP], signed[SIGNATURE])
    assert verifier.is_signed(body, *given)
    assert not verifier.is_signed(body + b"\n", *given)
    assert not verifier.is_signed(body, str(int(given[0]) + 1), given[1])
    assert not verifier.is_signed(body, given[0], "not base64")
    assert not verifier.is_signed(body, given[0], "bm90IGEgc2lnbmF0dXJl")
    assert not Verifier(EventWebhook().public_key).is_signed(body, *given)


@pytest.mark.parametrize(
    ("age", "fresh"),
    [
        (timedelta(0), True),
        (timedelta(hours=24), True),
        (timedelta(hours=26), False),
        (-timedelta(minutes=5), True),
        (-timedelta(hours=1), False),
    ],
)
def test_a_post_may_be_a_day_old_and_hardly_of_the_future(age: timedelta, fresh: bool) -> None:
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    with time_machine.travel(now, tick=False):
        written = str(int((now - age).timestamp()))
        assert Verifier(EventWebhook().public_key).is_fresh(written) is fresh


@pytest.mark.parametrize("timestamp", ["", "now", "-1", "1e9", "9" * 11, "٣"])
def test_what_is_no_time_is_not_fresh(timestamp: str) -> None:
    assert not Verifier(EventWebhook().public_key).is_fresh(timestamp)


@pytest.mark.parametrize("key", ["not a key", "MFkw", "é", EventWebhook(ec.SECP384R1()).public_key])
def test_a_key_that_can_verify_nothing_is_a_mistake_in_the_configuration(key: str) -> None:
    with pytest.raises(ConfigError, match="webhook_public_key"):
        Verifier(key)
