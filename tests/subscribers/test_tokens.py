"""Signed links: only what was signed here, for this purpose, is believed."""

from __future__ import annotations

import multiprocessing
import re
import stat
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.errors import SubscriberError
from subscribers.tokens import FINGERPRINT, Claim, Purpose, Seen, Tokens, load_secrets

if TYPE_CHECKING:
    from pathlib import Path

OLD, NEW = b"an old secret long enough", b"a new secret long enough"
TOKENS = Tokens([NEW])
IDS = st.integers(0, 2**63 - 1)
CONTENT = st.binary(min_size=FINGERPRINT, max_size=FINGERPRINT)
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


@given(st.sampled_from(Purpose), IDS, st.datetimes(datetime(1970, 1, 2), datetime(2105, 1, 1)), CONTENT)
def test_what_somebody_saw_is_read_as_it_was_signed(
    purpose: Purpose, about: int, until: datetime, content: bytes
) -> None:
    moment = until.replace(tzinfo=UTC, microsecond=0)
    token = TOKENS.sign_seen(purpose, about, moment, content)
    assert TOKENS.read_seen(purpose, token) == Seen(about, moment, content)
    assert re.fullmatch(r"[A-Za-z0-9_-]{60}", token)
    others = [other for other in Purpose if other is not purpose]
    assert not any(TOKENS.read_seen(other, token) for other in others)
    assert TOKENS.read(purpose, token) is None
    assert TOKENS.read_seen(purpose, TOKENS.sign(purpose, about, 1)) is None


@given(st.integers(0, 59), st.integers(0, 5))
def test_any_flipped_bit_of_what_somebody_saw_is_found(place: int, bit: int) -> None:
    token = TOKENS.sign_seen(Purpose.APPROVE, 1, datetime(2026, 11, 26, tzinfo=UTC), bytes(FINGERPRINT))
    flipped = ALPHABET[ALPHABET.index(token[place]) ^ (1 << bit)]
    assert TOKENS.read_seen(Purpose.APPROVE, token[:place] + flipped + token[place + 1 :]) is None


@given(st.text(max_size=60) | st.text(ALPHABET + "=+/\n é", min_size=42, max_size=46))
def test_garbage_is_no_token(garbage: str) -> None:
    assert TOKENS.read(Purpose.LETTER, garbage) is None


def test_a_token_has_one_spelling() -> None:
    token = TOKENS.sign(Purpose.LETTER, 1, 2)
    for other in (token[:-1], token + "=", token + "A", f" {token}", token[:-1] + "\n", "é" + token[1:], ""):
        assert TOKENS.read(Purpose.LETTER, other) is None


def test_links_mailed_before_a_rotation_still_work() -> None:
    before = Tokens([OLD]).sign(Purpose.LETTER, 7, 3)
    rotated = Tokens([NEW, OLD])
    assert rotated.read(Purpose.LETTER, before) == Claim(7, 3)
    assert rotated.sign(Purpose.LETTER, 7, 3) == TOKENS.sign(Purpose.LETTER, 7, 3) != before


def test_a_token_stays_the_same_over_versions_of_this_program() -> None:
    token = Tokens([b"0123456789abcdef"]).sign(Purpose.LETTER, 42, 12)
    assert token == "AQAAAAAAAAAqAAAAAAAAAAzhmY19N5KvV1MqYw_77XR2"


def test_secrets_come_from_the_environment_newest_first() -> None:
    assert load_secrets(f" {NEW.decode()} ,{OLD.decode()}\n", None) == [NEW, OLD]


def test_a_short_secret_is_refused_and_not_printed() -> None:
    with pytest.raises(SubscriberError) as refused:
        load_secrets("long enough to be taken,hunter2", None)
    assert "number 2" in refused.value.message
    assert "hunter2" not in refused.value.message + refused.value.remedy


@pytest.mark.parametrize("value", [None, "", " , "])
def test_without_a_secret_the_remedy_is_told(value: str | None) -> None:
    with pytest.raises(SubscriberError, match="not set") as refused:
        load_secrets(value, None)
    assert "token_urlsafe" in refused.value.remedy


def test_the_embedded_default_makes_one_secret_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "rapport.secret"
    made = load_secrets(None, file)
    assert load_secrets(None, file) == made
    assert len(made[0]) >= 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_a_secret_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    file = tmp_path / "rapport.secret"
    made = load_secrets(None, file)
    file.chmod(0o644)
    assert load_secrets(None, file) == made
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_links_signed_with_the_file_outlive_a_secret_in_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "rapport.secret"
    made = load_secrets(None, file)
    assert load_secrets("a secret in the environment", file) == [b"a secret in the environment", *made]
    assert load_secrets("a secret in the environment", tmp_path / "none") == [b"a secret in the environment"]
    assert not (tmp_path / "none").exists()


def test_an_emptied_secret_is_not_quietly_replaced(tmp_path: Path) -> None:
    file = tmp_path / "rapport.secret"
    file.touch(0o600)
    with pytest.raises(SubscriberError, match="is empty"):
        load_secrets(None, file)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SubscriberError, match="cannot be read or made"):
        load_secrets(None, tmp_path / "nowhere" / "rapport.secret")


def test_processes_that_start_at_once_have_the_same_secret(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    with context.Pool(4) as pool:
        found = pool.starmap(load_secrets, [(None, tmp_path / "rapport.secret")] * 16, chunksize=1)
    assert len({tuple(secrets) for secrets in found}) == 1
