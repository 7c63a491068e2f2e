"""Reading Authentication-Results: what the receiver found of SPF, DKIM and DMARC (RFC 8601, 2.2).

Whoever receives a mail puts this header on top of it. Those below may be anybody's, the sender's included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pipeline.doctor.arrived.headers import without_comments
from pipeline.doctor.arrived.signature import host

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST = 50
"""Headers, and results of each, that are looked at."""


class AuthResult(NamedTuple):
    """``method`` is spf, dkim, dmarc or another; ``domain`` is whose signature it was, where that is said."""

    method: str
    result: str
    domain: str


def read(values: list[str]) -> list[AuthResult]:
    """What the last receiver found: of the headers from the top those that bear the name of the first one."""
    found: list[AuthResult] = []
    first = None
    for value in values[:_MOST]:
        parts = without_comments(value).split(";")[:_MOST]
        # Microsoft leaves the receiver's name out.
        server = "" if "=" in parts[0] else parts.pop(0).strip().lower().partition(" ")[0]
        first = server if first is None else first
        if server == first:
            found += _results(parts)
    return found


def _results(parts: list[str]) -> Iterator[AuthResult]:
    for part in parts:
        words = part.replace(" =", "=").replace("= ", "=").split()
        method, equals, result = (words or [""])[0].partition("=")
        if equals:
            properties = {name: said for name, _, said in (word.partition("=") for word in words[1:])}
            signer = properties.get("header.d") or properties.get("header.i", "").rpartition("@")[2]
            yield AuthResult(method.partition("/")[0].lower(), result.lower(), host(signer))
