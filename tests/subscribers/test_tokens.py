"""Signed links: only what was signed here, for this purpose, is believed."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.tokens import FINGERPRINT, MARK, Claim, Purpose, Seen, Tokens, holder_of

OLD, NEW = b"an old secret long enough", b"a new secret long enough"
TOKENS = Tokens([NEW])
IDS = st.integers(0, 2**63 - 1)
MOMENTS = st.datetimes(datetime(1970, 1, 2), datetime(2105, 1, 1)).map(
    lambda moment: moment.replace(tzinfo=UTC, microsecond=0)
)
CONTENT, MARKS = (st.binary(min_size=size, max_size=size) for size in (FINGERPRINT, MARK))
SEEN = st.builds(Seen, IDS, MOMENTS, CONTENT, MARKS, st.text().map(holder_of))
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@given(st.sampled_from(Purpose), IDS, IDS)
def test_what_was_signed_is_read(purpose: Purpose, subscriber: int, edition: int) -> None:
    token = TOKENS.sign(purpose, subscriber, edition)
    assert TOKENS.read(purpose, token) == Claim(subscriber, edition)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,60}", token)


@given(IDS, IDS, st.integers(0, 43), st.integers(0, 5))
def test_any_flipped_bit_is_found(subscriber: int, edition: int, place: int, bit: int) -> None:
    token = TOKENS.sign(Purpose.LETTER, subscriber, edition)
    flipped = ALPHABET[ALPHABET.index(token[place]) ^ (1 << bit)]
    assert TOKENS.read(Purpose.LETTER, token[:place] + flipped + token[place + 1 :]) is None


@given(IDS, IDS)
def test_a_token_is_good_for_one_purpose_only(subscriber: int, edition: int) -> None:
    token = TOKENS.sign(Purpose.CONFIRM, subscriber, edition)
    assert TOKENS.read(Purpose.LETTER, token) is None


@given(IDS, st.binary(min_size=16).filter(lambda secret: secret != NEW))
def test_another_secret_does_not_verify(subscriber: int, secret: bytes) -> None:
    token = Tokens([secret]).sign(Purpose.LETTER, subscriber, 1)
    assert TOKENS.read(Purpose.LETTER, token) is None


@given(st.sampled_from(Purpose), SEEN)
def test_what_somebody_saw_is_read_as_it_was_signed(purpose: Purpose, seen: Seen) -> None:
    token = TOKENS.sign_deciding(purpose, seen)
    assert TOKENS.read_deciding(purpose, token) == seen
    assert re.fullmatch(r"[A-Za-z0-9_-]{84}", token)
    others = [other for other in Purpose if other is not purpose]
    assert not any(TOKENS.read_deciding(other, token) for other in others)
    assert TOKENS.read(purpose, token) is None
    assert TOKENS.read_deciding(purpose, TOKENS.sign(purpose, seen.about, 1)) is None


@given(SEEN, st.integers(0, 83), st.integers(0, 5))
def test_any_flipped_bit_of_what_somebody_saw_is_found(seen: Seen, place: int, bit: int) -> None:
    token = TOKENS.sign_deciding(Purpose.APPROVE, seen)
    flipped = ALPHABET[ALPHABET.index(token[place]) ^ (1 << bit)]
    assert TOKENS.read_deciding(Purpose.APPROVE, token[:place] + flipped + token[place + 1 :]) is None


def test_whom_a_link_was_mailed_to_is_known_by_name_in_any_spelling_and_not_to_be_read() -> None:
    holder = holder_of("head@example.org")
    assert holder == holder_of(" Head@Example.org\n") != holder_of("heads@example.org")
    assert b"head" not in holder


@given(st.text(max_size=60) | st.text(ALPHABET + "=+/\n é", min_size=42, max_size=46))
def test_garbage_is_no_token(garbage: str) -> None:
    assert TOKENS.read(Purpose.LETTER, garbage) is None


def test_a_token_has_one_spelling() -> None:
    token = TOKENS.sign(Purpose.LETTER, 1, 2)
    for other in (token[:-1], token + "=", token + "A", f" {token}", token[:-1] + "\n", "é" + token[1:], ""):
        assert TOKENS.read(Purpose.LETTER, other) is None


@given(IDS, st.datetimes(datetime(1970, 1, 2), datetime(2105, 1, 1)))
def test_until_when_a_link_is_good_is_read_as_it_was_signed(about: int, until: datetime) -> None:
    moment = until.replace(tzinfo=UTC, microsecond=0)
    token = TOKENS.sign_until(Purpose.CONFIRM, about, moment)
    assert TOKENS.read_until(Purpose.CONFIRM, token) == (about, moment)
    assert TOKENS.read_until(Purpose.UNDO, token) is None
    assert TOKENS.read_until(Purpose.CONFIRM, "x" * len(token)) is None


def test_links_mailed_before_a_rotation_still_work() -> None:
    before = Tokens([OLD]).sign(Purpose.LETTER, 7, 3)
    rotated = Tokens([NEW, OLD])
    assert rotated.read(Purpose.LETTER, before) == Claim(7, 3)
    assert rotated.sign(Purpose.LETTER, 7, 3) == TOKENS.sign(Purpose.LETTER, 7, 3) != before


def test_a_token_stays_the_same_over_versions_of_this_program() -> None:
    tokens = Tokens([b"0123456789abcdef"])
    assert tokens.sign(Purpose.LETTER, 42, 12) == "AQAAAAAAAAAqAAAAAAAAAAzhmY19N5KvV1MqYw_77XR2"
    until, holder = datetime(2026, 11, 26, tzinfo=UTC), holder_of("a@example.org")
    seen = Seen(42, until, b"f" * FINGERPRINT, b"m" * MARK, holder)
    assert tokens.sign_deciding(Purpose.APPROVE, seen) == (
        "AwAAAAAAAAAqawd2gGZmZmZmZmZmZmZmZmZmZmZtbW1tbW1tbWmfxxpG7AFVRwuPgJ0tOMURnRSoue_9cd-3"
    )
    assert tokens.key(Purpose.ARCHIVE, "weekly-12") == "SLAEb_tLSaGvWJSRL4n6xQ"
    assert tokens.fingerprints == ["45c25d9a84d23ca0"]


def test_tokens_that_are_made_together_are_those_that_are_made_alone() -> None:
    people = [1, 2, 2**40]
    assert TOKENS.sign_all(Purpose.LETTER, people, 3) == [TOKENS.sign(Purpose.LETTER, p, 3) for p in people]


def test_without_a_secret_nothing_is_signed() -> None:
    with pytest.raises(ValueError, match="needs a secret"):
        Tokens([])


def test_a_key_opens_one_thing_names_nobody_and_outlives_a_new_secret() -> None:
    old, both = Tokens([b"old"]), Tokens([b"new", b"old"])
    key = old.key(Purpose.ARCHIVE, "weekly-12")
    assert key == old.key(Purpose.ARCHIVE, "weekly-12")
    assert re.fullmatch(r"[\w-]{22}", key)
    assert both.opens(Purpose.ARCHIVE, "weekly-12", key)
    for name, other in (("weekly-1", key), ("weekly-12", key[:-1]), ("weekly-12", ""), ("weekly-12", "é")):
        assert not both.opens(Purpose.ARCHIVE, name, other)
    assert not Tokens([b"new"]).opens(Purpose.ARCHIVE, "weekly-12", key)
    assert not old.opens(Purpose.FORM, "weekly-12", key)
