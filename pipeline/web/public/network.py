"""Where a request comes from, and how much of one network is taken."""

from __future__ import annotations

import ipaddress
import math
from typing import TYPE_CHECKING

from limits import RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.exceptions import HTTPException

from subscribers import clock

if TYPE_CHECKING:
    from limits import RateLimitItem
    from starlette.types import Scope

REQUESTS = RateLimitItemPerMinute(3000, namespace="requests")
SIGN_UPS = RateLimitItemPerHour(100, namespace="sign-ups")
"""Each makes us write a mail to an address that a stranger named."""


def address_of(scope: Scope) -> str | None:
    """The client's address: the peer's, or what a proxy of server.trusted_proxies says of it (uvicorn)."""
    client = scope.get("client")
    try:
        address = ipaddress.ip_address(client[0].partition("%")[0]) if client else None
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address) if address else None


def network_of(scope: Scope) -> str:
    """What counts as one stranger: the /24 (IPv4) or /64 (IPv6) that the client's address is in."""
    address = address_of(scope)
    if address is None:
        return "unknown"
    return str(ipaddress.ip_network((address, 64 if ":" in address else 24), strict=False))


class Limits:
    """Counts the requests of a network, in this process.

    By a sliding counter rather than a list of moments: two numbers a network, whatever it sends, and both
    are dropped in time.
    """

    def __init__(self) -> None:
        self._counted = SlidingWindowCounterRateLimiter(MemoryStorage())

    def count(self, limit: RateLimitItem, scope: Scope) -> None:
        """One more. Raises HTTPException 429, which says when to come again, for what is too much."""
        if not self._counted.hit(limit, network_of(scope)):
            raise self._too_many(limit, scope)

    def look(self, limit: RateLimitItem, scope: Scope) -> None:
        """The same, without counting it."""
        if not self._counted.test(limit, network_of(scope)):
            raise self._too_many(limit, scope)

    def _too_many(self, limit: RateLimitItem, scope: Scope) -> HTTPException:
        until = self._counted.get_window_stats(limit, network_of(scope)).reset_time
        seconds = max(1, math.ceil(until - clock.now().timestamp()))
        return HTTPException(429, headers={"Retry-After": str(seconds)})
