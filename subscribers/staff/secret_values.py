"""Values that are as good as a signature by being known: in links and cookies, never in the database."""

from __future__ import annotations

import hashlib
import secrets
from hmac import compare_digest

_BYTES = 32


def new() -> str:
    """A random value of 256 bits, in 43 characters that any URL and cookie may hold."""
    return secrets.token_urlsafe(_BYTES)


def hashed(value: str) -> str:
    """As it is kept and looked for. It needs no salt and no slow hash: nobody can try 2^256 values."""
    return hashlib.sha256(value.encode("utf-8", "surrogateescape")).hexdigest()


def form_token(value: str) -> str:
    """What each form holds that is shown to the bearer of this cookie: another site can neither read nor make
    it."""
    key = hashlib.sha256(value.encode("utf-8", "surrogateescape")).digest()
    return hashlib.blake2b(b"form", digest_size=24, key=key).hexdigest()


def is_form_token(value: str, token: str) -> bool:
    return compare_digest(form_token(value).encode(), token.encode("utf-8", "surrogateescape"))
