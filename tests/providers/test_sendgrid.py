"""SendGrid as a provider, over real HTTP against the strict double."""

from __future__ import annotations

import http.client
import ipaddress
import json
import logging
import socket
import ssl
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.errors import ConfigError, ProviderError
from pipeline.providers import Batch, BatchResult, Message, Provider, Recipient, Result, sockets
from pipeline.providers.sendgrid import SendGrid
from pipeline.providers.sendgrid.answer import judge
from pipeline.providers.sendgrid.request import ascii_name, build
from subscribers import clock
from tests.doubles.nobody import nobody
from tests.doubles.sendgrid import (
    Answer,
    CloseAfter,
    Hang,
    Normal,
    Raw,
    Reset,
    StrictSendGrid,
    Trickle,
)
from tests.waiting import LONGEST, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytest_plugins = ["tests.doubles.sendgrid.fixture"]

MESSAGE = Message(
    edition="weekly-12",
    digest="weekly",
    subject="On sleep, and other small wonders…",
    from_email="letter@example.org",
    from_name="Praxis Müller",
    reply_to="hello@example.org",
    html="<p>Hello %hn%, <a href='%u%'>leave</a></p>",
    text="Hello %n%, leave: %u%\n",
)
HASTY = 0.3
"""Seconds to wait for an answer where none will come."""

TOKEN = "eyJzIjo3fQ.Zm9yZ2V0LW1lLW5vdC1pbi1sb2dz"


def person(number: int) -> Recipient:
    return Recipient(
        subscriber=number,
        address=f"reader{number}@example.org",
        headers={
            "List-Unsubscribe": f"<https://letter.example.org/unsubscribe/{TOKEN}{number}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "List-Id": "<weekly.letter.example.org>",
        },
        fields={
            "%n%": "Zoë",
            "%hn%": "Zo&#235;",
            "%u%": f"https://letter.example.org/unsubscribe/{TOKEN}{number}",
        },
    )


def batch(count: int = 3, name: str = "b-1") -> Batch:
    return Batch(name, [person(100 + n) for n in range(count)])


@pytest.fixture
def provider(sendgrid_server: StrictSendGrid) -> Iterator[SendGrid]:
    one = made(sendgrid_server)
    yield one
    one.close()


def made(server: StrictSendGrid, **changes: Any) -> SendGrid:
    return SendGrid(**{"api_key": server.key, "api_url": server.url, "timeout": LONGEST, **changes})


# What is sent


def test_a_batch_is_one_request_that_reaches_each_person_alone(
    provider: SendGrid, sendgrid_server: StrictSendGrid
) -> None:
    assert provider.send(MESSAGE, batch(3)) == BatchResult(Result.ACCEPTED)

    assert sendgrid_server.requests == 1
    first = sendgrid_server.deliveries[0]
    assert [d.address for d in sendgrid_server.deliveries] == [
        f"reader{n}@example.org" for n in (100, 101, 102)
    ]
    assert (first.edition, first.batch, first.subscriber) == ("weekly-12", "b-1", "100")
    assert first.categories == ("weekly",)
    assert first.headers == person(100).headers
    assert first.subject == MESSAGE.subject
    assert (first.from_email, first.reply_to) == ("letter@example.org", "hello@example.org")
    assert (
        first.html
        == f"<p>Hello Zo&#235;, <a href='https://letter.example.org/unsubscribe/{TOKEN}100'>leave</a></p>"
    )
    assert first.text == f"Hello Zoë, leave: https://letter.example.org/unsubscribe/{TOKEN}100\n"
    assert first.html_charset == "us-ascii"


def test_the_request_says_no_to_every_kind_of_tracking() -> None:
    assert build(MESSAGE, batch())["tracking_settings"] == {
        "click_tracking": {"enable": False, "enable_text": False},
        "open_tracking": {"enable": False},
        "subscription_tracking": {"enable": False},
        "ganalytics": {"enable": False},
    }


def test_the_request_names_nobody_but_by_address_and_id() -> None:
    request = build(MESSAGE, batch(2))
    assert [p["to"] for p in request["personalizations"]] == [
        [{"email": "reader100@example.org"}],
        [{"email": "reader101@example.org"}],
    ]
    assert [p["custom_args"] for p in request["personalizations"]] == [
        {"subscriber": "100"},
        {"subscriber": "101"},
    ]
    assert request["custom_args"] == {"edition": "weekly-12", "batch": "b-1"}
    assert [part["type"] for part in request["content"]] == ["text/plain", "text/html"]
    assert "headers" not in request


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("Example Practice", "Example Practice"),
        ("Praxis Müller", "Praxis Muller"),
        ("Łódź – Straße, №1", "Lodz - Strasse, No1"),
        ("O’Brien & “Friends”", 'O\'Brien & "Friends"'),
        ("Sleep 🌙 Well", "Sleep Well"),
        ("Two\r\nBcc: x", "Two Bcc: x"),
        ("心理相談室", ""),
        ("Praxis Ψ", ""),
    ],
)
def test_a_sender_name_is_sent_in_ascii_or_not_at_all(name: str, sent: str) -> None:
    assert ascii_name(name) == sent


@settings(max_examples=50)
@given(st.text(max_size=30))
def test_no_sender_name_leaves_ascii(name: str) -> None:
    assert ascii_name(name).isascii()
    assert not set(ascii_name(name)) & set("\r\n\0")


@pytest.mark.parametrize("count", [0, 1001])
def test_a_batch_of_nobody_or_too_many_is_the_callers_mistake(provider: SendGrid, count: int) -> None:
    with pytest.raises(ValueError, match="1 to 1000"):
        provider.send(MESSAGE, batch(count))


def test_a_thousand_people_fit_in_one_request(provider: SendGrid, sendgrid_server: StrictSendGrid) -> None:
    assert provider.send(MESSAGE, batch(provider.max_batch)).result is Result.ACCEPTED
    assert len(sendgrid_server.deliveries) == 1000
    assert sendgrid_server.problems == []


# What the answer means

SENDGRIDS = b'{"errors":[{"message":"try later","field":null,"help":null}]}'
PAGE = b"<html><h1>Bad gateway</h1></html>"


@pytest.mark.parametrize(
    ("status", "body", "result"),
    [
        (200, b"", Result.UNCERTAIN),
        (204, b"", Result.UNCERTAIN),
        (301, b"", Result.STOP),
        (307, b"", Result.STOP),
        (400, b"", Result.STOP),
        (400, SENDGRIDS, Result.STOP),
        (401, SENDGRIDS, Result.STOP),
        (402, SENDGRIDS, Result.STOP),
        (403, SENDGRIDS, Result.STOP),
        (404, PAGE, Result.STOP),
        (405, SENDGRIDS, Result.STOP),
        (406, SENDGRIDS, Result.STOP),
        (408, PAGE, Result.UNCERTAIN),
        (413, PAGE, Result.TOO_LARGE),
        (415, SENDGRIDS, Result.STOP),
        (429, b"", Result.REFUSED),
        (500, SENDGRIDS, Result.REFUSED),
        (500, PAGE, Result.UNCERTAIN),
        (500, b'{"errors":[]}', Result.UNCERTAIN),
        (500, b'{"errors":"none"}', Result.UNCERTAIN),
        (502, SENDGRIDS, Result.UNCERTAIN),
        (502, PAGE, Result.UNCERTAIN),
        (503, SENDGRIDS, Result.REFUSED),
        (503, PAGE, Result.UNCERTAIN),
        (504, SENDGRIDS, Result.UNCERTAIN),
    ],
)
def test_every_status_has_one_meaning(
    provider: SendGrid, sendgrid_server: StrictSendGrid, status: int, body: bytes, result: Result
) -> None:
    sendgrid_server.faults.append(Answer(status, body=body))
    outcome = provider.send(MESSAGE, batch())
    assert outcome.result is result
    assert outcome.reason
    assert sendgrid_server.attempts == 1


@pytest.mark.parametrize(
    ("statuses", "said"),
    [
        ((300, 301, 399), "never followed"),
        ((401,), "SENDGRID_API_KEY"),
        ((403,), "mail.send"),
        ((404, 405, 406, 415), "api_url"),
        ((408, 499), "timed out on the way"),
        ((402, 407, 414, 416, 428, 498), "SendGrid refused it"),
        ((413,), "too large"),
        ((429,), "asks to wait"),
        ((200, 201, 299, 501, 502, 504, 599), "does not say whether it was taken"),
    ],
)
def test_each_answer_is_told_in_words_of_its_own(statuses: tuple[int, ...], said: str) -> None:
    for status in statuses:
        outcome = judge(status, {}, SENDGRIDS, batch())
        assert said in outcome.reason, status
        assert f"({status})" in outcome.reason


@pytest.mark.parametrize("status", [401, 402, 403])
@pytest.mark.parametrize(
    "body",
    [
        b'{"errors":[{"message":"Maximum credits exceeded","field":null,"help":null}]}',
        b'{"errors":[{"message":"You have no more credits.","field":null}]}',
        b'{"errors":[{"message":"Your free trial has ended","field":null}]}',
        b'{"errors":[{"message":"You have reached your daily limit","field":null}]}',
        b"Maximum credits exceeded",
    ],
)
def test_an_account_without_credits_has_no_bad_key(status: int, body: bytes) -> None:
    outcome = judge(status, {}, body, batch())
    assert outcome.result is Result.STOP
    assert outcome.reason.startswith(f"SendGrid has no credits left ({status})")
    assert ". Buy credits" in outcome.reason
    assert "key" not in outcome.reason.lower()


def test_a_remedy_is_a_sentence_of_its_own_behind_what_sendgrid_says() -> None:
    said = b'{"errors":[{"message":"The provided authorization grant is invalid.","field":null}]}'
    outcome = judge(401, {}, said, batch())
    quoted = "[The provided authorization grant is invalid.]"
    assert outcome.reason == f"SendGrid refused the API key (401) {quoted}. Check SENDGRID_API_KEY."


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (402, SENDGRIDS, "SendGrid refused it (402) [try later]"),
        (402, PAGE, "SendGrid refused it (402)"),
        (429, b'{"errors":[{"message":"slow down","field":"mail"}]}',
         "SendGrid asks to wait (429) [mail: slow down]"),
        (400, SENDGRIDS, "SendGrid rejects sender or content (400) [try later]"),
    ],
)  # fmt: skip
def test_what_sendgrid_says_itself_stands_behind_ours(status: int, body: bytes, reason: str) -> None:
    assert judge(status, {}, body, batch()).reason == reason


@pytest.mark.parametrize("zone", ["GMT", "-0000"])
def test_without_a_clock_of_the_servers_own_ours_tells_how_long_a_date_is_away(zone: str) -> None:
    with time_machine.travel(datetime(2026, 11, 23, 10, tzinfo=UTC), tick=False):
        for headers in (
            {"Retry-After": f"Mon, 23 Nov 2026 10:01:30 {zone}"},
            {"Retry-After": f"Mon, 23 Nov 2026 10:01:30 {zone}", "Date": "soon"},
            {"X-RateLimit-Reset": "1795428090"},
        ):
            assert judge(429, headers, b"", batch()).retry_after == 90.0, headers


def test_a_wrong_key_stops_everything_with_its_remedy(sendgrid_server: StrictSendGrid) -> None:
    outcome = made(sendgrid_server, api_key="SG.wrong").send(MESSAGE, batch())
    assert outcome.result is Result.STOP
    assert "SENDGRID_API_KEY" in outcome.reason


def test_a_key_without_the_scope_stops_everything_with_its_remedy() -> None:
    with StrictSendGrid(scopes=["stats.read"]) as server:
        outcome = made(server).send(MESSAGE, batch())
    assert outcome.result is Result.STOP
    assert "mail.send" in outcome.reason


def test_an_address_that_sendgrid_will_not_have_is_named_and_the_others_are_not(
    provider: SendGrid, sendgrid_server: StrictSendGrid
) -> None:
    sendgrid_server.refused_addresses = {"reader101@example.org"}
    outcome = provider.send(MESSAGE, batch(3))
    assert outcome.result is Result.REJECTED
    assert outcome.rejected == {101: "personalizations.1.to.0.email: Does not contain a valid address."}
    assert sendgrid_server.deliveries == []


def errors(*listed: tuple[str | None, str]) -> bytes:
    return json.dumps({"errors": [{"field": f, "message": m, "help": None} for f, m in listed]}).encode()


@pytest.mark.parametrize(
    ("body", "people"),
    [
        (errors(("personalizations.2.to.0.email", "bad")), {102}),
        (errors(("personalizations[2].to[0].email", "bad")), {102}),
        (errors((None, "The address in personalizations[0] is bad")), {100}),
        (errors(("personalizations", "see personalizations.1.to")), {101}),
        (errors(("personalizations.0.to", "bad"), ("personalizations.2", "bad")), {100, 102}),
        (errors(("personalizations", "You have included [READER101@example.org] more than once.")), {101}),
    ],
)
def test_a_400_that_names_people_rejects_these(body: bytes, people: set[int]) -> None:
    outcome = judge(400, {}, body, batch(3))
    assert outcome.result is Result.REJECTED
    assert set(outcome.rejected) == people


@pytest.mark.parametrize(
    "body",
    [
        errors(("from.email", "The from address does not match a verified Sender Identity.")),
        errors(("personalizations.1.to", "bad"), ("subject", "The subject is required.")),
        errors(("personalizations.7.to", "nobody of that number")),
        errors(("personalizations.99999.to", "nobody of that number")),
        errors(("personalizations", "too many")),
        errors((None, "Bad Request")),
        b'{"errors": [{"message": "fine"}, 1]}',
        b'{"errors": [{"message": null}]}',
        b'{"errors": {"message": "no list"}}',
        b'["no document"]',
    ],
)
def test_a_400_about_sender_content_or_everyone_stops(body: bytes) -> None:
    outcome = judge(400, {}, body, batch(3))
    assert outcome.result is Result.STOP
    assert outcome.rejected == {}


@pytest.mark.parametrize(
    ("number", "result"), [(1, "rejected"), (10, "rejected"), (11, "stop"), (1000, "stop")]
)
def test_all_of_many_named_at_once_stop_and_all_of_a_few_are_set_aside(number: int, result: str) -> None:
    body = errors(*((f"personalizations.{n}.to.0.email", "bad") for n in range(number)))
    outcome = judge(400, {}, body, batch(number))
    assert outcome.result == result
    assert len(outcome.rejected) == (number if result == "rejected" else 0)


def test_of_one_address_under_two_spellings_the_first_stays() -> None:
    twice = Batch("b", [person(1), person(2), Recipient(3, "Reader1@Example.org", {}, {})])
    body = errors(("personalizations", "You have included [reader1@example.org] more than once."))
    assert set(judge(400, {}, body, twice).rejected) == {3}


DATE = "Mon, 23 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "17"}, 17.0),
        ({"Retry-After": "Mon, 23 Nov 2026 10:01:30 GMT", "Date": DATE}, 90.0),
        ({"X-RateLimit-Reset": "1795428042", "Date": DATE}, 42.0),
        ({"X-RateLimit-Reset": " 1795428042 ", "Date": DATE}, 42.0),
        ({"Retry-After": " 17 "}, 17.0),
        ({"X-RateLimit-Reset": "1", "Date": DATE}, 0.0),
        ({"Retry-After": "soon", "X-RateLimit-Reset": "1795428042", "Date": DATE}, 42.0),
        ({"Retry-After": "-5"}, None),
        ({"X-RateLimit-Reset": "nan"}, None),
        ({}, None),
    ],
)
def test_a_refusal_says_how_long_to_wait_if_sendgrid_did(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert judge(429, headers, b"", batch()).retry_after == seconds


def test_of_a_fault_at_sendgrid_a_limits_end_tells_nothing() -> None:
    headers = {"Retry-After": "17", "X-RateLimit-Reset": "1795428042", "Date": DATE}
    assert judge(503, headers, SENDGRIDS, batch()).retry_after is None


def test_the_wait_comes_through_from_the_wire(provider: SendGrid, sendgrid_server: StrictSendGrid) -> None:
    sendgrid_server.faults.append(Answer(429, headers={"Retry-After": "3"}))
    assert provider.send(MESSAGE, batch()).retry_after == 3.0


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)
places = st.sampled_from(
    ["personalizations", "personalizations.1.to", "personalizations[2]", "from", "", None, 7]
)
error_bodies = st.lists(
    st.fixed_dictionaries({"message": st.text() | places | json_values, "field": places | json_values}),
    max_size=4,
).map(lambda listed: json.dumps({"errors": listed}).encode())
headers = st.dictionaries(
    st.sampled_from(["Retry-After", "X-RateLimit-Reset", "Date"]), st.text() | st.just(DATE)
)


@settings(max_examples=120)
@given(
    st.integers(0, 999),
    headers,
    st.binary() | json_values.map(lambda v: json.dumps(v).encode()) | error_bodies,
)
def test_any_answer_at_all_is_an_outcome(status: int, headers: dict[str, str], body: bytes) -> None:
    outcome = judge(status, headers, body, batch(3), "SG.key")
    assert isinstance(outcome, BatchResult)
    assert (outcome.result is Result.ACCEPTED) == (status == 202)
    assert set(outcome.rejected) < {100, 101, 102}


@pytest.fixture(scope="module")
def shared_server() -> Iterator[StrictSendGrid]:
    with StrictSendGrid() as server:
        yield server


@settings(max_examples=40)
@given(
    st.binary(max_size=60),
    st.sampled_from([b"", b"HTTP/1.1 ", b"HTTP/1.1 500 \r\n", b"HTTP/1.1 400 \r\n\r\n"]),
)
def test_any_bytes_on_the_wire_are_an_outcome(
    shared_server: StrictSendGrid, raw: bytes, start: bytes
) -> None:
    shared_server.faults.append(Raw(start + raw))
    provider = made(shared_server)
    assert provider.send(MESSAGE, batch()).result in (Result.UNCERTAIN, Result.STOP)
    provider.close()


def test_a_body_nested_without_end_is_an_outcome() -> None:
    assert judge(500, {}, b'{"errors":' + b"[" * 60_000, batch()).result is Result.UNCERTAIN


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n\r\n",
        b"SMTP ready\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\n\r\n",
        b"HTTP/1.1 202",
        b"HTTP/1.1 202 Accepted\r\nX-Message-Id: ab",
        b"HTTP/1.1 202 Accepted\r\nX: " + b"y" * 70_000,
        b"HTTP/1.1 202 Accepted\r\n" + b"A: b\r\n" * 200 + b"\r\n",
        bytes(range(256)),
    ],
)
def test_a_malformed_answer_is_doubt(provider: SendGrid, sendgrid_server: StrictSendGrid, raw: bytes) -> None:
    sendgrid_server.faults.append(Raw(raw, accept=True))
    assert provider.send(MESSAGE, batch()).result is Result.UNCERTAIN


def test_a_body_that_breaks_off_takes_nothing_from_the_status(
    provider: SendGrid, sendgrid_server: StrictSendGrid
) -> None:
    sendgrid_server.faults.append(Raw(b"HTTP/1.1 202 Accepted\r\nContent-Length: 10\r\n\r\nabc", accept=True))
    sendgrid_server.faults.append(Raw(b"HTTP/1.1 500 Oops\r\nContent-Length: 90\r\n\r\n" + SENDGRIDS[:20]))
    assert provider.send(MESSAGE, batch()).result is Result.ACCEPTED
    assert provider.send(MESSAGE, batch()).result is Result.UNCERTAIN


def test_half_an_answer_left_behind_is_not_the_answer_to_the_next(
    provider: SendGrid, sendgrid_server: StrictSendGrid
) -> None:
    two = b"HTTP/1.1 429 Wait\r\nContent-Length: 0\r\n\r\nHTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
    sendgrid_server.faults += [Raw(two), Answer(503)]
    assert provider.send(MESSAGE, batch()).result is Result.REFUSED
    until(lambda: sendgrid_server.closed)
    assert provider.send(MESSAGE, batch()).result is Result.REFUSED


# Whether it was sent


def test_nobody_at_the_address_means_not_sent() -> None:
    with nobody() as address:
        outcome = SendGrid(api_key="SG.k", api_url=f"http://{address}", timeout=LONGEST).send(
            MESSAGE, batch()
        )
    assert outcome == BatchResult(Result.REFUSED, "could not connect to SendGrid (Connection refused)")


def test_whether_it_is_too_late_is_judged_once_the_connection_stands(
    provider: SendGrid, sendgrid_server: StrictSendGrid, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment, real = [0.0], http.client.HTTPConnection.connect

    def slowly(connection: http.client.HTTPConnection) -> None:
        real(connection)
        moment[0] += 31

    monkeypatch.setattr(clock, "uptime", lambda: moment[0])
    monkeypatch.setattr(http.client.HTTPConnection, "connect", slowly)
    outcome = provider.send(MESSAGE, replace(batch(2), start_by=30))
    assert (outcome.result, "too long ago" in outcome.reason) == (Result.REFUSED, True)
    assert sendgrid_server.requests == 0
    assert provider.send(MESSAGE, replace(batch(2), start_by=90)).result is Result.ACCEPTED


def test_a_failed_tls_handshake_means_not_sent(sendgrid_server: StrictSendGrid) -> None:
    tls = sendgrid_server.url.replace("http:", "https:")
    outcome = made(sendgrid_server, api_url=tls, timeout=HASTY).send(MESSAGE, batch())
    assert outcome.result is Result.REFUSED
    assert sendgrid_server.attempts == 0


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate and its key for 127.0.0.1, that nobody else trusts, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(key.private_bytes(*plain) + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def tls_server(certificate: Path) -> Iterator[StrictSendGrid]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    with StrictSendGrid(tls=context) as server:
        yield server


def test_a_certificate_that_nobody_vouches_for_means_not_sent(tls_server: StrictSendGrid) -> None:
    outcome = made(tls_server).send(MESSAGE, batch())
    assert outcome.result is Result.REFUSED
    assert "certificate" in outcome.reason
    assert tls_server.attempts == 0


def test_over_tls_the_same_holds(
    tls_server: StrictSendGrid, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    tls_server.faults += [Normal(), Normal(), CloseAfter(), Normal(), Reset(accept=True)]
    provider = made(tls_server)
    for number in range(4):
        assert provider.send(MESSAGE, batch(name=f"b-{number}")).result is Result.ACCEPTED
        if number == 2:
            until(lambda: tls_server.closed)
    assert tls_server.connections == 2
    assert provider.send(MESSAGE, batch()).result is Result.UNCERTAIN
    tls_server.faults.append(Hang(accept=True))
    assert made(tls_server, timeout=2).send(MESSAGE, batch()).result is Result.UNCERTAIN
    tls_server.faults.append(Reset(read=False))
    assert provider.send(big(), batch(1)).result is Result.REFUSED
    assert tls_server.attempts == 7
    assert tls_server.requests == 6


def test_a_server_that_never_shakes_hands_means_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"https://127.0.0.1:{deaf.getsockname()[1]}"
        outcome = SendGrid(api_key="SG.k", api_url=url, timeout=HASTY).send(MESSAGE, batch())
    assert outcome == BatchResult(Result.REFUSED, "could not connect to SendGrid (timed out)")


def big(size: int = 12_000_000) -> Message:
    """More than the two kernels between us hold, so that a server that does not read stops the writing."""
    return Message("e-1", "e", "s", "a@example.org", "", "a@example.org", "x" * size, "t")


def test_a_reset_in_the_middle_of_writing_means_not_sent() -> None:
    with StrictSendGrid(receive_buffer=8192) as server:
        server.faults.append(Reset(read=False))
        outcome = made(server).send(big(), batch(1))
        assert outcome.result is Result.REFUSED
        assert "before the request was written" in outcome.reason
        assert made(server).send(MESSAGE, batch(1)).result is Result.ACCEPTED


def test_a_server_that_stops_reading_means_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        outcome = SendGrid(api_key="SG.k", api_url=url, timeout=HASTY).send(big(), batch(1))
    assert outcome.result is Result.REFUSED
    assert "timed out" in outcome.reason


@pytest.mark.parametrize(
    ("status", "result"),
    [(413, Result.TOO_LARGE), (401, Result.STOP), (502, Result.REFUSED), (202, Result.UNCERTAIN)],
)
def test_an_answer_that_comes_while_we_write_is_heard(
    status: int, result: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered, done = threading.Event(), threading.Event()

    def write(sock: socket.socket, data: bytes, timeout: float) -> None:
        try:
            sockets.write_all(sock, data, timeout)
        finally:  # it stops for nobody reads on; by then the answer is there
            assert answered.wait(LONGEST)

    monkeypatch.setattr("pipeline.providers.http.write_all", write)
    with socket.create_server(("127.0.0.1", 0)) as early:
        early.settimeout(LONGEST)

        def refuse() -> None:
            sock, _ = early.accept()
            with sock:
                sock.recv(1000)
                sock.sendall(f"HTTP/1.1 {status} Early\r\nContent-Length: 0\r\n\r\n".encode())
                answered.set()
                done.wait(LONGEST)

        thread = threading.Thread(target=refuse)
        thread.start()
        url = f"http://127.0.0.1:{early.getsockname()[1]}"
        outcome = SendGrid(api_key="SG.k", api_url=url, timeout=HASTY).send(big(), batch(1))
        done.set()
        thread.join()
    assert outcome.result is result


def test_a_request_past_sendgrids_size_is_too_large() -> None:
    with StrictSendGrid(most_body=100_000) as server:
        assert made(server).send(big(200_000), batch(1)).result is Result.TOO_LARGE


@pytest.mark.parametrize("accept", [True, False])
def test_a_reset_after_the_last_byte_is_doubt(
    provider: SendGrid, sendgrid_server: StrictSendGrid, accept: bool
) -> None:
    sendgrid_server.faults.append(Reset(accept=accept))
    outcome = provider.send(MESSAGE, batch())
    assert outcome.result is Result.UNCERTAIN
    assert sendgrid_server.requests == accept


def test_a_bare_502_after_it_was_taken_is_doubt(provider: SendGrid, sendgrid_server: StrictSendGrid) -> None:
    sendgrid_server.faults.append(Answer(502, body=PAGE, accept=True))
    assert provider.send(MESSAGE, batch()).result is Result.UNCERTAIN
    assert sendgrid_server.requests == 1


@pytest.mark.parametrize(
    "fault", [Hang(accept=True), Trickle(accept=True, pause=0.02)], ids=["silent", "trickling"]
)
def test_the_time_out_is_honoured_and_is_doubt(sendgrid_server: StrictSendGrid, fault: Any) -> None:
    sendgrid_server.faults.append(fault)
    start = time.monotonic()
    outcome = made(sendgrid_server, timeout=HASTY).send(MESSAGE, batch())
    assert outcome == BatchResult(Result.UNCERTAIN, "SendGrid did not answer within 0.3 seconds")
    assert time.monotonic() - start >= HASTY


def test_after_doubt_the_next_batch_goes_over_a_new_connection(sendgrid_server: StrictSendGrid) -> None:
    sendgrid_server.faults.append(Hang(accept=True))
    provider = made(sendgrid_server, timeout=2)
    assert provider.send(MESSAGE, batch()).result is Result.UNCERTAIN
    assert provider.send(MESSAGE, batch(name="b-2")).result is Result.ACCEPTED
    assert sendgrid_server.connections == 2


# The connection


def test_one_connection_serves_every_batch(provider: SendGrid, sendgrid_server: StrictSendGrid) -> None:
    sendgrid_server.faults += [Normal(), Answer(503), Answer(400), Answer(429, headers={"Retry-After": "1"})]
    for number in range(6):
        provider.send(MESSAGE, batch(name=f"b-{number}"))
    assert (sendgrid_server.attempts, sendgrid_server.connections) == (6, 1)


def test_an_idle_connection_that_the_server_closed_is_no_doubt(
    provider: SendGrid, sendgrid_server: StrictSendGrid
) -> None:
    sendgrid_server.faults.append(CloseAfter())
    assert provider.send(MESSAGE, batch(name="b-1")).result is Result.ACCEPTED
    until(lambda: sendgrid_server.closed)
    assert provider.send(MESSAGE, batch(name="b-2")).result is Result.ACCEPTED
    assert [d.batch for d in sendgrid_server.deliveries[::3]] == ["b-1", "b-2"]
    assert sendgrid_server.connections == 2


def test_a_connection_idle_for_long_is_not_trusted(
    provider: SendGrid, sendgrid_server: StrictSendGrid, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.providers.http.IDLE_SECONDS", 0.0)
    provider.send(MESSAGE, batch())
    provider.send(MESSAGE, batch())
    assert sendgrid_server.connections == 2


def test_a_closed_provider_opens_again(provider: SendGrid, sendgrid_server: StrictSendGrid) -> None:
    provider.close()
    provider.send(MESSAGE, batch())
    provider.close()
    provider.close()
    assert provider.send(MESSAGE, batch()).result is Result.ACCEPTED
    assert sendgrid_server.connections == 2


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(provider: SendGrid, sendgrid_server: StrictSendGrid, status: int) -> None:
    with StrictSendGrid() as elsewhere:
        sendgrid_server.faults.append(Answer(status, headers={"Location": f"{elsewhere.url}/v3/mail/send"}))
        outcome = provider.send(MESSAGE, batch())
        assert outcome.result is Result.STOP
        assert "api_url" in outcome.reason
        assert elsewhere.connections == 0


def test_a_proxy_that_the_environment_names_is_used_but_never_for_this_machine(
    sendgrid_server: StrictSendGrid, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        proxy.settimeout(LONGEST)
        seen: list[bytes] = []

        def answer() -> None:
            sock, _ = proxy.accept()
            with sock:
                seen.append(sock.recv(4096))
                sock.sendall(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        for name in ("http_proxy", "https_proxy"):
            monkeypatch.setenv(name, f"http://me:secret@127.0.0.1:{proxy.getsockname()[1]}")
        assert made(sendgrid_server).send(MESSAGE, batch()).result is Result.ACCEPTED
        assert not seen
        outcome = made(sendgrid_server, api_url="https://api.sendgrid.invalid").send(MESSAGE, batch())
        thread.join()
    assert outcome == BatchResult(Result.REFUSED, "could not connect to SendGrid (the proxy refused)")
    assert seen[0].startswith(b"CONNECT api.sendgrid.invalid:443")
    assert b"Proxy-Authorization: Basic " in seen[0]


@pytest.mark.parametrize(
    "url", ["", "api.sendgrid.com", "ftp://x", "http://", "http://x:y", "http://x/?a=b", "http://x y"]
)
def test_an_api_url_that_is_none_is_said_at_once(url: str) -> None:
    with pytest.raises(ConfigError, match="api_url"):
        SendGrid(api_key="SG.k", api_url=url, timeout=1)


@pytest.mark.parametrize("key", ["", " \n", "SG.a\r\nX-Evil: 1", "SG.ключ"])
def test_a_key_that_is_none_is_said_at_once(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENDGRID_API_KEY", "SG.another-one")
    with pytest.raises(ProviderError, match="key"):
        SendGrid(api_key=key, api_url="https://api.sendgrid.com", timeout=1)


def test_a_key_read_from_a_file_may_end_in_a_newline(sendgrid_server: StrictSendGrid) -> None:
    provider = made(sendgrid_server, api_key=f"{sendgrid_server.key}\n")
    assert provider.send(MESSAGE, batch()).result is Result.ACCEPTED


# What stays secret


@pytest.mark.parametrize("level", [logging.DEBUG, 1])
def test_neither_key_nor_people_reach_a_log_at_any_level(
    sendgrid_server: StrictSendGrid,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    level: int,
) -> None:
    provider = made(sendgrid_server, timeout=HASTY)
    caplog.set_level(level)
    for name in ("python_http_client", "python_http_client.client", "sendgrid", "http.client"):
        caplog.set_level(level, logger=name)
    sendgrid_server.faults += [Answer(400, body=errors(("to", "reader100@example.org"))), Hang()]
    for _ in range(3):
        provider.send(MESSAGE, batch())

    assert caplog.get_records("call") == []
    printed = capsys.readouterr()
    assert printed.out + printed.err == ""


@pytest.mark.parametrize("status", [400, 401, 403, 413, 429, 500])
@pytest.mark.parametrize(
    "secret",
    [
        "reader101@example.org",
        "READER101@EXAMPLE.ORG",
        "someone.else@example.net",
        "kim%40ex.org",
        f"{TOKEN}101",
        f"https://letter.example.org/unsubscribe/{TOKEN}101",
        "WyJhIiwiYiJd_unknown_token_WyJhIiwiYiJd",
        "Zoë",
        "SG.strict-double-key-id.strict-double-key-secret-0123456789abcdef",
    ],
)
def test_no_reason_holds_an_address_a_name_a_token_or_the_key(status: int, secret: str) -> None:
    key = "SG.strict-double-key-id.strict-double-key-secret-0123456789abcdef"
    for field in (
        "personalizations.1.to.0.email",
        "from",
        secret,
        f"personalizations.1.substitutions.{secret}",
    ):
        for text in (f"Bad value {secret}.", f"[{secret}]", f'"{secret}"', f"{'filler ' * 20}{secret}"):
            outcome = judge(status, {}, errors((field, text)), batch(3), key)
            said = outcome.reason + "".join(outcome.rejected.values())
            assert secret not in said
            assert "@" not in said
            assert TOKEN not in said


def test_a_reason_is_one_printable_line_of_bounded_length() -> None:
    reason = judge(
        400, {}, errors(("subject\x1b[31m", "no\r\nForged: line " + "word " * 9999)), batch()
    ).reason
    assert reason.isprintable()
    assert len(reason) < 500


def test_sendgrids_own_words_stay_readable() -> None:
    body = errors(("personalizations.0.substitutions", "The substitutions must not exceed 10000 bytes."))
    assert judge(400, {}, body, batch(3)).rejected == {
        100: "personalizations.0.substitutions: The substitutions must not exceed 10000 bytes."
    }


# The interface


def test_an_orphaned_batch_cannot_be_settled_from_here(provider: SendGrid) -> None:
    as_protocol: Provider = provider
    assert as_protocol.settle(MESSAGE, batch()) is None


def test_importing_the_provider_does_not_import_the_package() -> None:
    code = (
        "import sys, pipeline.providers.sendgrid;"
        "heavy = {'sendgrid', 'python_http_client', 'cryptography', 'werkzeug'};"
        "sys.exit(len(heavy & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
