"""One person, one spelling."""

from __future__ import annotations

import unicodedata

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given
from hypothesis import strategies as st

from subscribers.addresses import NAME_LENGTH, _validated, clean_name, normalise
from subscribers.errors import SubscriberError

ATEXT = "abcXYZ019!#$%&'*+/=?^_`{|}~-."
LOCALS = st.text(ATEXT, max_size=66) | st.text(max_size=10)
LABELS = st.text("abcxyz019-", max_size=65) | st.text("aüßéж本İK-。.", max_size=8)
DOMAINS = st.lists(LABELS, max_size=4).flatmap(
    lambda labels: st.sampled_from(["org", "test", "local", "invalid", "x", "1", "xn--p1ai", "рф"]).map(
        lambda last: ".".join([*labels, last])
    )
)
ADDRESSES = st.builds("{}@{}".format, LOCALS, DOMAINS) | st.text(max_size=40)


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("Ann@Example.ORG", "ann@example.org"),
        ("  ann@example.org\n", "ann@example.org"),
        ("\ufeffann@example.org\u200b", "ann@example.org"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("ann@BU\u0308CHER.example", "ann@xn--bcher-kva.example"),
        ("ann@xn--bcher-kva.example", "ann@xn--bcher-kva.example"),
        ("ann+news@letter.test", "ann+news@letter.test"),
        ("o'neil=x@example.com", "o'neil=x@example.com"),
    ],
)
def test_an_address_has_one_spelling(raw: str, kept: str) -> None:
    assert normalise(raw) == kept


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("", "missing"),
        ("ann.example.org", "no @-sign"),
        ("@example.org", "nothing before"),
        ("ann@", "nothing after"),
        ("änn@example.org", "most mail servers"),
        ("ann smith@example.org", "space within"),
        ("a" * 65 + "@example.org", "too long"),
        ("ann@localhost", "not one that mail can be delivered to"),
        ("ann@practice.local", "not one that mail can be delivered to"),
        ("ann@example.org\r\nBcc: eve@example.org", "space within"),
        ("ann@ex_ample.org", "not one that mail can be delivered to"),
        ("ann@\ud800.org", "not one that mail can be delivered to"),
        ("=?utf-8?q?eve=40example.com=3e?=@example.org", "not one that mail can be delivered to"),
    ],
)
def test_a_wrong_address_is_refused_kindly_and_not_repeated(raw: str, reason: str) -> None:
    with pytest.raises(SubscriberError) as refused:
        normalise(raw)
    assert reason in refused.value.message
    assert refused.value.remedy
    assert "example" not in refused.value.message
    assert "ann" not in refused.value.message.split()


@given(ADDRESSES)
@example("ann@BU\u0308CHER.example")
def test_normalising_twice_changes_nothing(raw: str) -> None:
    try:
        kept = normalise(raw)
    except SubscriberError:
        assert not raw.startswith("ann@"), "what is an address is refused"
        return
    assert normalise(kept) == kept
    assert kept.isascii()
    assert kept == kept.lower().strip()


@given(ADDRESSES)
@example("a@r3---sn.org")
@example("a@b.c--d.org")
@example("a@b.xn--p1ai")
@example("a@b.cc--d")
def test_the_quick_pattern_takes_nothing_that_email_validator_would_refuse_or_change(raw: str) -> None:
    lowered = unicodedata.normalize("NFC", raw).strip().strip("\u200b\ufeff").strip().lower()
    try:
        slowly: str | None = _validated(lowered)
    except SubscriberError:
        slowly = None
    try:
        quickly: str | None = normalise(raw)
    except SubscriberError:
        quickly = None
    assert quickly == slowly


@given(st.text("abc019+._-", min_size=1, max_size=20), st.text("abcxyz019-", min_size=1, max_size=20))
def test_what_email_validator_takes_is_taken(local: str, label: str) -> None:
    address = f"{local}@{label}.example"
    try:
        validate_email(address, check_deliverability=False)
    except EmailNotValidError:
        with pytest.raises(SubscriberError):
            normalise(address)
    else:
        assert normalise(address) == address


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("  Ann   Smith ", "Ann Smith"),
        ("Ann\r\nBcc: eve@example.org", "Ann Bcc: eve@example.org"),
        ("Ann\u2028Smith", "Ann Smith"),
        ("Ann\u202egnp.exe", "Anngnp.exe"),
        ("\x00Ann\x1b[31m", "Ann [31m"),
        ("Ann\ud800", "Ann"),
        ("Rene\u0301", "René"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("x" * 500, "x" * NAME_LENGTH),
    ],
)
def test_a_name_is_one_plain_line(raw: str, kept: str) -> None:
    assert clean_name(raw) == kept


@given(st.text(max_size=300))
def test_cleaning_a_name_twice_changes_nothing(raw: str) -> None:
    kept = clean_name(raw)
    assert clean_name(kept) == kept
    assert len(kept) <= NAME_LENGTH
    assert len(kept.splitlines()) <= 1
    kept.encode()
