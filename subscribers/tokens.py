"""Signed links: who, for which edition, to do what. Nothing is looked up to tell a forged one.

A token is a keyed BLAKE2b (RFC 7693, its personalisation parameter keeps purposes apart) over a fixed
binary payload. What stands in letters does not expire: an unsubscribe link must work for years; what asks
somebody to confirm does. It holds no address; the two numbers in it can be read by its holder, but not
changed. hashlib rather than itsdangerous because a letter to a million people signs a million times: 1 µs a
token against 4 to 14.
"""

from __future__ import annotations

import binascii
import hashlib
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from enum import StrEnum
from hmac import compare_digest
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

# A format number and two ids: with the 16 bytes of the code 33, which base64 writes in 44 characters with no
# bit to spare, so that a token has one spelling.
_PAYLOAD = struct.Struct(">BQQ")
_FORMAT = 1
_CODE_SIZE = 16
_LENGTH = (_PAYLOAD.size + _CODE_SIZE) * 4 // 3

# The same for what somebody saw: an id, seconds, a fingerprint; 60 characters.
_SEEN = struct.Struct(">BQI16s")
_SEEN_FORMAT = 2
FINGERPRINT = 16
"""Bytes of a fingerprint that a token can hold."""


class Purpose(StrEnum):
    """What a link lets its holder do; at most 16 letters (BLAKE2b's personalisation)."""

    # What stands in a letter, to leave by and to choose: one for both, for whoever may do the one is led to
    # the other. (Its word is older than that, and letters mailed then must go on working.)
    LETTER = "unsubscribe"
    # These are good for a while only.
    CONFIRM = "confirm"
    UNDO = "undo"
    FORM = "form"
    # And these for staff, about an edition as it stood.
    APPROVE = "approve"
    HOLD = "hold"
    SKIP = "skip"


class Claim(NamedTuple):
    subscriber: int
    edition: int


class Timed(NamedTuple):
    """What a token that is good for a while is about, and how long it is."""

    about: int
    until: datetime


class Seen(NamedTuple):
    """What a token is about that speaks of something as it stood: ``content`` is the fingerprint of that."""

    about: int
    until: datetime
    content: bytes


class Tokens:
    """Signs with the first secret and accepts any of them, so that secrets can be rotated."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        if not secrets:
            raise ValueError("signing needs a secret")
        # Hashed with their keys once, copied for every token.
        self._keyed = {purpose: [_keyed(secret, purpose) for secret in secrets] for purpose in Purpose}
        self.fingerprints = [_fingerprint(secret) for secret in secrets]
        """By which a secret is known again: in the order given, the one that signs first."""

    def sign(self, purpose: Purpose, subscriber: int, edition: int) -> str:
        """The token that lets its holder do ``purpose`` for ``subscriber``, sent with ``edition``."""
        return self.sign_all(purpose, [subscriber], edition)[0]

    def sign_all(self, purpose: Purpose, subscribers: Sequence[int], edition: int) -> list[str]:
        """`sign` for many, in half the time: what can be is done for all of them at once."""
        copy, pack = self._keyed[purpose][0].copy, _PAYLOAD.pack
        raw: list[bytes] = []
        for subscriber in subscribers:
            payload = pack(_FORMAT, subscriber, edition)
            code = copy()
            code.update(payload)
            raw += payload, code.digest()
        # Base64 writes three bytes in four characters, and a token has a multiple of three: one behind the
        # other they are written as each is alone.
        written = urlsafe_b64encode(b"".join(raw)).decode("ascii")
        return [written[start : start + _LENGTH] for start in range(0, len(written), _LENGTH)]

    def read(self, purpose: Purpose, token: str) -> Claim | None:
        """What a token says, or None for anything that was not signed here for this purpose."""
        payload = self._opened(purpose, token, _PAYLOAD)
        if payload is None:
            return None
        form, subscriber, edition = _PAYLOAD.unpack(payload)
        return Claim(subscriber, edition) if form == _FORMAT else None

    def _opened(self, purpose: Purpose, token: str, shape: struct.Struct) -> bytes | None:
        """The payload of a token of that shape, if it was signed here for this purpose."""
        if len(token) != (shape.size + _CODE_SIZE) * 4 // 3 or not token.isascii():
            return None
        try:
            raw = urlsafe_b64decode(token)
        except binascii.Error:
            return None
        # Python's decoder skips signs that are not base64; a token spelled with them is no token of ours.
        if urlsafe_b64encode(raw).decode("ascii") != token:
            return None
        payload, code = raw[: shape.size], raw[shape.size :]
        return payload if any(_signed(keyed, payload, code) for keyed in self._keyed[purpose]) else None

    def sign_until(self, purpose: Purpose, about: int, until: datetime) -> str:
        """A token about ``about`` that says until when it is good, to the second."""
        return self.sign(purpose, about, int(until.timestamp()))

    def read_until(self, purpose: Purpose, token: str) -> Timed | None:
        """What such a token says, whether still good or not; None for what was not signed here for this."""
        claim = self.read(purpose, token)
        return claim and Timed(claim.subscriber, datetime.fromtimestamp(claim.edition, UTC))

    def sign_seen(self, purpose: Purpose, about: int, until: datetime, content: bytes) -> str:
        """A token about ``about`` with this ``content`` (FINGERPRINT bytes of it), good until then."""
        payload = _SEEN.pack(_SEEN_FORMAT, about, int(until.timestamp()), content)
        code = self._keyed[purpose][0].copy()
        code.update(payload)
        return urlsafe_b64encode(payload + code.digest()).decode("ascii")

    def read_seen(self, purpose: Purpose, token: str) -> Seen | None:
        """What such a token says, whether still good or not; None for what was not signed here for this."""
        payload = self._opened(purpose, token, _SEEN)
        if payload is None:
            return None
        form, about, until, content = _SEEN.unpack(payload)
        return Seen(about, datetime.fromtimestamp(until, UTC), content) if form == _SEEN_FORMAT else None


def _keyed(secret: bytes, purpose: Purpose) -> hashlib.blake2b:
    # BLAKE2b's key is at most 64 bytes; a secret may be longer.
    key = hashlib.blake2b(secret).digest()
    return hashlib.blake2b(key=key, digest_size=_CODE_SIZE, person=purpose.encode())


def _fingerprint(secret: bytes) -> str:
    # Keyed with the secret like any token, so that it tells no more of it than the links in every letter do.
    key = hashlib.blake2b(secret).digest()
    return hashlib.blake2b(key=key, digest_size=8, person=b"fingerprint").hexdigest()


def _signed(keyed: hashlib.blake2b, payload: bytes, code: bytes) -> bool:
    expected = keyed.copy()
    expected.update(payload)
    return compare_digest(expected.digest(), code)
