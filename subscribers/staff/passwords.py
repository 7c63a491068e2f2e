"""Passwords: argon2id (RFC 9106): a try costs 64 MB and some 50 ms, here and for whoever stole the database.

Whoever has no password at all is checked against one that nobody knows: so the time tells nothing.
"""

from __future__ import annotations

import threading
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from subscribers.errors import RapportError, SubscriberError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST, LONGEST = 12, 200

AT_ONCE = 2
"""Hashes made at once, in one process: more would take its memory."""

PATIENCE = 5.0
"""Seconds that a try waits for its turn."""

_turns = threading.BoundedSemaphore(AT_ONCE)


class BusyError(RapportError):
    """Too many at once."""

    code = "busy"


def must_be_good(password: str, address: str) -> None:
    """Raise SubscriberError for a password that is too short, too long, or made of the address."""
    text = _plain(password)
    if not SHORTEST <= len(text) <= LONGEST:
        reason = f"A password has {SHORTEST} to {LONGEST} characters."
    elif len(set(text)) < 5 or address.partition("@")[0] in text.lower() or text.lower() in address:
        reason = "This password is easily guessed."
    else:
        return
    raise SubscriberError(reason, "Take four words that have nothing to do with each other.", code="password")


def hashed(password: str) -> str:
    """As it is kept. Raises BusyError."""
    with _Turn():
        return _hasher().hash(_plain(password))


def is_right(kept: str | None, password: str) -> bool:
    """Whether it is the password that was kept so; never, where none is kept. Raises BusyError."""
    from argon2.exceptions import InvalidHashError, VerificationError

    with _Turn():
        try:
            right = _hasher().verify(kept or _nobodys(), _plain(password)[: LONGEST + 1])
        except (VerificationError, InvalidHashError):
            return False
    return right and kept is not None


class _Turn:
    def __enter__(self) -> None:
        if not _turns.acquire(timeout=PATIENCE):
            raise BusyError("Too many sign in at this moment.", "Try again in a minute.")

    def __exit__(self, *_: object) -> None:
        _turns.release()


def _plain(password: str) -> str:
    # Keyboards compose letters differently (RFC 8265, 4.2).
    return unicodedata.normalize("NFC", password)


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher
    from argon2.profiles import RFC_9106_LOW_MEMORY

    return PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)


@cache
def _nobodys() -> str:
    from subscribers.staff import secret_values

    return _hasher().hash(secret_values.new())
