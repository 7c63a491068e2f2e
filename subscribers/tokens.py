"""Signed links: who, for which edition, to do what. A forged one is recognised without asking the database.

A token is a fixed binary payload with a keyed BLAKE2b of it (RFC 7693; its personalisation parameter keeps
purposes apart). Tokens in letters do not expire, for an unsubscribe link must work for years; those that ask
somebody to confirm do. A token holds no address. Its holder can read the two numbers in it, but not change
them. It is made by hashlib and not by itsdangerous, because a letter to a million people takes a million of
them: 1 µs each against 4 to 14.
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

# A format number and two ids. With the 16 bytes of the code they are 33, which base64 writes in 44 characters
# without a spare bit; so a token has one spelling.
_PAYLOAD = struct.Struct(">BQQ")
_FORMAT = 1
_CODE_SIZE = 16
_LENGTH = (_PAYLOAD.size + _CODE_SIZE) * 4 // 3

FINGERPRINT = 16
"""Bytes of a fingerprint of what somebody saw."""
MARK = 8
"""Bytes of the mark of the last decision about it."""
_HOLDER = 10

# The same for what somebody saw: an id, seconds, these two, and whom the link was mailed to, in 84 letters.
# (Format 2 had neither mark nor holder.)
_SEEN = struct.Struct(f">BQI{FINGERPRINT}s{MARK}s{_HOLDER}s")
_SEEN_FORMAT = 3


class Purpose(StrEnum):
    """What a link lets its holder do. At most 16 letters, for BLAKE2b's personalisation."""

    # The links in a letter, to unsubscribe and to change preferences: one purpose for both, for each page
    # leads to the other. (Its value is older than that, and must stay: links in old letters go on working.)
    LETTER = "unsubscribe"
    # These expire.
    CONFIRM = "confirm"
    UNDO = "undo"
    FORM = "form"
    # And these are for staff, about an edition as they saw it.
    APPROVE = "approve"
    HOLD = "hold"
    SKIP = "skip"
    # And this one is of no person: the key to an edition's page, the same in every copy (`key`).
    ARCHIVE = "archive"


class Claim(NamedTuple):
    subscriber: int
    edition: int


class Timed(NamedTuple):
    """What an expiring token is about, and when it expires."""

    about: int
    until: datetime


class Seen(NamedTuple):
    """What a token is about that refers to something as it was seen; ``content`` is the fingerprint of
    that, ``mark`` that of the last decision about it, ``holder`` says whom it was made for (`holder_of`)."""

    about: int
    until: datetime
    content: bytes
    mark: bytes
    holder: bytes


class Tokens:
    """Signs with the first secret and accepts any of them, so that secrets can be rotated."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        if not secrets:
            raise ValueError("signing needs a secret")
        # Keyed once, and copied for every token.
        self._keyed = {purpose: [_keyed(secret, purpose) for secret in secrets] for purpose in Purpose}
        self.fingerprints = [_fingerprint(secret) for secret in secrets]
        """Fingerprints of the secrets, in the order given: the first one signs."""

    def sign(self, purpose: Purpose, subscriber: int, edition: int) -> str:
        """The token that lets its holder do ``purpose`` for ``subscriber``, sent with ``edition``."""
        return self.sign_all(purpose, [subscriber], edition)[0]

    def sign_all(self, purpose: Purpose, subscribers: Sequence[int], edition: int) -> list[str]:
        """`sign` for many, in half the time: what is possible is done for all at once."""
        copy, pack = self._keyed[purpose][0].copy, _PAYLOAD.pack
        raw: list[bytes] = []
        for subscriber in subscribers:
            payload = pack(_FORMAT, subscriber, edition)
            code = copy()
            code.update(payload)
            raw += payload, code.digest()
        # Base64 writes three bytes in four characters, and a token has a multiple of three bytes: so tokens
        # in a row are written as each is alone.
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
        # Python's decoder skips signs that are not base64; a token with such signs is not ours.
        if urlsafe_b64encode(raw).decode("ascii") != token:
            return None
        payload, code = raw[: shape.size], raw[shape.size :]
        return payload if any(_signed(keyed, payload, code) for keyed in self._keyed[purpose]) else None

    def sign_until(self, purpose: Purpose, about: int, until: datetime) -> str:
        """A token about ``about`` that expires at ``until``, to the second."""
        return self.sign(purpose, about, int(until.timestamp()))

    def read_until(self, purpose: Purpose, token: str) -> Timed | None:
        """What such a token says, expired or not; None for what was not signed here for this purpose."""
        claim = self.read(purpose, token)
        return claim and Timed(claim.subscriber, datetime.fromtimestamp(claim.edition, UTC))

    def sign_deciding(self, purpose: Purpose, seen: Seen) -> str:
        """A token that lets its holder decide about what they saw, once; it expires at ``seen.until``."""
        about, until, *rest = seen
        payload = _SEEN.pack(_SEEN_FORMAT, about, int(until.timestamp()), *rest)
        code = self._keyed[purpose][0].copy()
        code.update(payload)
        return urlsafe_b64encode(payload + code.digest()).decode("ascii")

    def read_deciding(self, purpose: Purpose, token: str) -> Seen | None:
        """What such a token says, expired or not; None for what was not signed here for this purpose."""
        payload = self._opened(purpose, token, _SEEN)
        if payload is None:
            return None
        form, about, until, *rest = _SEEN.unpack(payload)
        return Seen(about, datetime.fromtimestamp(until, UTC), *rest) if form == _SEEN_FORMAT else None

    def key(self, purpose: Purpose, name: str) -> str:
        """What opens the thing of that name, for whoever has it. It names nobody, and never changes while
        the secret stays."""
        return _code(self._keyed[purpose][0], name)

    def opens(self, purpose: Purpose, name: str, key: str) -> bool:
        """Whether a key for that name was made here, with any of the secrets."""
        return any(
            compare_digest(_code(keyed, name).encode(), key.encode()) for keyed in self._keyed[purpose]
        )


def holder_of(name: str) -> bytes:
    """Whom a token was made for, without naming them: who knows the names finds which it is."""
    return hashlib.blake2b(name.strip().lower().encode(), digest_size=_HOLDER).digest()


def _keyed(secret: bytes, purpose: Purpose) -> hashlib.blake2b:
    # BLAKE2b's key is at most 64 bytes; a secret may be longer.
    key = hashlib.blake2b(secret).digest()
    return hashlib.blake2b(key=key, digest_size=_CODE_SIZE, person=purpose.encode())


def _fingerprint(secret: bytes) -> str:
    # Keyed with the secret like any token: it tells no more about the secret than the links in a letter do.
    key = hashlib.blake2b(secret).digest()
    return hashlib.blake2b(key=key, digest_size=8, person=b"fingerprint").hexdigest()


def _code(keyed: hashlib.blake2b, name: str) -> str:
    code = keyed.copy()
    code.update(name.encode())
    return urlsafe_b64encode(code.digest()).decode("ascii").rstrip("=")


def _signed(keyed: hashlib.blake2b, payload: bytes, code: bytes) -> bool:
    expected = keyed.copy()
    expected.update(payload)
    return compare_digest(expected.digest(), code)
